"""The tables of a store, as steps from one version to the next. A step that was released is never changed again.

{int}, {real}, {bytes} and {vector} stand for the words of each database. Knows nothing of records.
"""

from __future__ import annotations

ROW = '"seq" {int} PRIMARY KEY, "tenant" TEXT NOT NULL'

STEPS: tuple[tuple[str, ...], ...] = (
    (
        'CREATE TABLE "clock" ("one" {int} PRIMARY KEY CHECK ("one" = 1), "last" {int} NOT NULL)',
        'INSERT INTO "clock" VALUES (1, 0)',
        'CREATE TABLE "receipts" ("tenant" TEXT NOT NULL, "key" TEXT NOT NULL, "digest" TEXT NOT NULL, '
        '"time" {real} NOT NULL, "first" {int} NOT NULL, "last" {int} NOT NULL, "count" {int} NOT NULL, '
        'PRIMARY KEY ("tenant", "key"))',
        f'CREATE TABLE "interactions" ({ROW}, "user" TEXT NOT NULL, "item" TEXT NOT NULL, "kind" TEXT NOT NULL, '
        '"time" {real} NOT NULL, "value" {real}, "text" TEXT, "impression" TEXT, "context" TEXT NOT NULL)',
        'CREATE INDEX "interactions_by_place" ON "interactions" ("tenant", "seq")',
        'CREATE INDEX "interactions_by_user" ON "interactions" ("tenant", "user", "time", "seq")',
        f'CREATE TABLE "impressions" ({ROW}, "id" TEXT NOT NULL, "user" TEXT, "time" {{real}} NOT NULL, '
        '"slots" TEXT NOT NULL, "policy" TEXT NOT NULL, "version" TEXT NOT NULL, "experiment" TEXT NOT NULL, '
        '"variant" TEXT NOT NULL, "context" TEXT NOT NULL, "degraded" TEXT NOT NULL)',
        'CREATE UNIQUE INDEX "impressions_by_id" ON "impressions" ("tenant", "id")',
        'CREATE INDEX "impressions_by_place" ON "impressions" ("tenant", "seq")',
        'CREATE INDEX "impressions_by_user" ON "impressions" ("tenant", "user", "time", "seq")',
        'CREATE INDEX "impressions_by_time" ON "impressions" ("tenant", "time")',
        f'CREATE TABLE "items" ({ROW}, "item" TEXT NOT NULL, "time" {{real}} NOT NULL, '
        '"attributes" TEXT NOT NULL, "deleted" {int} NOT NULL)',
        'CREATE INDEX "items_by_place" ON "items" ("tenant", "seq")',
        'CREATE INDEX "items_by_id" ON "items" ("tenant", "item", "seq")',
        f'CREATE TABLE "users" ({ROW}, "user" TEXT NOT NULL, "time" {{real}} NOT NULL, '
        '"attributes" TEXT NOT NULL, "deleted" {int} NOT NULL)',
        'CREATE INDEX "users_by_place" ON "users" ("tenant", "seq")',
        'CREATE INDEX "users_by_id" ON "users" ("tenant", "user", "seq")',
        'CREATE TABLE "vectors" ("tenant" TEXT NOT NULL, "space" TEXT NOT NULL, "owner" TEXT NOT NULL, '
        '"id" TEXT NOT NULL, "width" {int} NOT NULL, "vector" {vector} NOT NULL, '
        'PRIMARY KEY ("tenant", "space", "owner", "id"))',
        f'CREATE TABLE "reports" ({ROW}, "action" TEXT NOT NULL, "item" TEXT NOT NULL, "user" TEXT NOT NULL, '
        '"category" TEXT NOT NULL, "text" TEXT, "time" {real} NOT NULL)',
        'CREATE INDEX "reports_by_user" ON "reports" ("tenant", "user")',
        f'CREATE TABLE "audit" ({ROW}, "actor" TEXT NOT NULL, "action" TEXT NOT NULL, "time" {{real}} NOT NULL, '
        '"subject" TEXT NOT NULL, "detail" TEXT NOT NULL)',
        'CREATE INDEX "audit_by_subject" ON "audit" ("tenant", "subject")',
        f'CREATE TABLE "keys" ({ROW}, "id" TEXT NOT NULL, "digest" TEXT NOT NULL, "role" TEXT NOT NULL, '
        '"time" {real} NOT NULL, "label" TEXT NOT NULL, "revoked" {int} NOT NULL)',
        f'CREATE TABLE "engines" ({ROW}, "version" TEXT NOT NULL, "action" TEXT NOT NULL, '
        '"time" {real} NOT NULL, "folder" TEXT, "parent" TEXT NOT NULL, "fingerprint" TEXT NOT NULL, '
        '"settings" TEXT NOT NULL, "metrics" TEXT NOT NULL, "reason" TEXT)',
        'CREATE TABLE "notes" ("tenant" TEXT NOT NULL, "name" TEXT NOT NULL, "value" TEXT NOT NULL, '
        'PRIMARY KEY ("tenant", "name"))',
    ),
    (
        f'CREATE TABLE "erasures" ({ROW}, "subject" TEXT NOT NULL, "time" {{real}} NOT NULL, '
        '"before" TEXT NOT NULL, "after" TEXT NOT NULL, "previous" TEXT NOT NULL, "hash" TEXT NOT NULL)',
        f'CREATE TABLE "exposures" ({ROW}, "day" {{int}} NOT NULL, "item" TEXT NOT NULL, '
        '"policy" TEXT NOT NULL, "experiment" TEXT NOT NULL, "variant" TEXT NOT NULL, "shown" {int} NOT NULL)',
        'CREATE UNIQUE INDEX "exposures_by_what" ON "exposures" '
        '("tenant", "day", "item", "policy", "experiment", "variant")',
    ),
    (
        f'CREATE TABLE "edits" ({ROW}, "user" TEXT NOT NULL, "time" {{real}} NOT NULL, "edits" TEXT NOT NULL)',
        'CREATE INDEX "edits_by_place" ON "edits" ("tenant", "seq")',
        'CREATE INDEX "edits_by_id" ON "edits" ("tenant", "user", "seq")',
    ),
)
NEWEST = len(STEPS)

TABLES: dict[str, tuple[str, ...]] = {
    "clock": ("one", "last"),
    "receipts": ("tenant", "key", "digest", "time", "first", "last", "count"),
    "vectors": ("tenant", "space", "owner", "id", "width", "vector"),
    "notes": ("tenant", "name", "value"),
}
"""Columns of the tables that hold no records; those of records are told by their specs."""
