"""Routes that take: feedback, items, users, edits, reports; and a person's data, handed out or erased."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request, Response

from llm4rec.apps.rest import answers, forms
from llm4rec.apps.rest.doors import (
    decided,
    door,
    handed,
    house_of,
    idempotency_key,
    noted,
    told,
    who_of,
)
from llm4rec.core import Erases, as_plain
from llm4rec.engine.live import Acknowledged, Live

router = APIRouter(prefix="/v1", tags=["data"])


@door(router, "POST /feedback", "write", answers.Kept)
async def feedback(request: Request, form: forms.Feedback) -> Response:
    """What people did; durable when it is answered, and counted in the very next answer."""
    rows = [event.model_dump(exclude_unset=True) for event in form.events]
    return await _kept(request, form, "feedback", lambda live, key: live.feedback(rows, key=key))


@door(router, "POST /items", "write", answers.Kept)
async def upsert_items(request: Request, form: forms.Items) -> Response:
    """New items, or new words and attributes of known ones; shown in the very next answer."""
    rows = [item.model_dump() for item in form.items]
    return await _kept(request, form, "items", lambda live, key: live.upsert_items(rows, key=key))


@door(router, "POST /items/delete", "write", answers.Kept)
async def delete_items(request: Request, form: forms.Gone) -> Response:
    """Never show these again, until they are upserted."""
    return await _kept(request, form, "items", lambda live, key: live.delete_items(form.ids, key=key))


@door(router, "POST /users", "write", answers.Kept)
async def upsert_users(request: Request, form: forms.Users) -> Response:
    """What is known about users, as a whole."""
    rows = [user.model_dump() for user in form.users]
    return await _kept(request, form, "users", lambda live, key: live.upsert_users(rows, key=key))


@door(router, "POST /users/delete", "write", answers.Kept)
async def delete_users(request: Request, form: forms.Gone) -> Response:
    """Serve these as unknown until they are upserted; to remove what they did, erase them."""
    return await _kept(request, form, "users", lambda live, key: live.delete_users(form.ids, key=key))


@door(router, "POST /users/edits", "write", answers.Kept)
async def upsert_edits(request: Request, form: forms.EditsOfUsers) -> Response:
    """What users say of their own profiles, as a whole; it steers all their answers until it is taken back."""
    rows = [row.model_dump(exclude_unset=True) for row in form.edits]
    return await _kept(request, form, "edits", lambda live, key: live.upsert_edits(rows, key=key))


@door(router, "POST /users/edits/read", "read", answers.KeptEdits)
async def read_edits(request: Request, form: forms.Person) -> Response:
    """The edits that are kept of a user's profile."""

    def work(live: Live) -> Any:
        return answers.signed(live.version, edits=live.edits(form.user).as_json())

    return told(await handed(request, work))


@door(router, "POST /users/edits/delete", "write", answers.Kept)
async def delete_edits(request: Request, form: forms.Gone) -> Response:
    """Take back all that these users said of their profiles."""
    return await _kept(request, form, "edits", lambda live, key: live.delete_edits(form.ids, key=key))


@door(router, "POST /users/export", "admin", answers.Exported)
async def export(request: Request, form: forms.Person) -> Response:
    """All that is kept of a person."""

    def work(live: Live) -> Any:
        found = live.export(form.user)
        noted(request, live, "user exported", subject_of(live, form.user))
        return answers.signed(live.version, person=found)

    return told(await handed(request, work))


@door(router, "POST /users/erase", "admin", answers.Erased)
async def erase(request: Request, form: forms.Person) -> Response:
    """Remove a person from store, memory and engine, and prove it."""

    def work(live: Live) -> Any:
        proof = live.erase(form.user)
        noted(request, live, "user erased", proof.store.subject)
        return answers.signed(
            live.version,
            complete=proof.complete,
            method=proof.method,
            store=as_plain(proof.store),
            memory=proof.memory,
            before=proof.before,
            after=proof.after,
            copies=len(proof.copies),
            refit_due=live.refit_due,
        )

    return told(await handed(request, work))


@door(router, "POST /reports", "write", answers.Reported)
async def report(request: Request, form: forms.Report) -> Response:
    """A user says that an item should not be here."""

    def work(live: Live) -> Any:
        made = live.report(form.item, form.user, form.category, form.text)
        return answers.signed(live.version, item=made.item, category=made.category)

    return told(await handed(request, work))


@door(router, "POST /reports/decide", "admin", answers.Decided)
async def decide(request: Request, form: forms.Decision) -> Response:
    """Decide on what was reported of an item: hide it from everybody, or clear it."""
    who = who_of(request)

    def work(live: Live) -> Any:
        made = decided(live, who, form.item, form.decision)
        house_of(request).watching.changed(live)
        return answers.signed(live.version, item=made.item, decision=made.action)

    return told(await handed(request, work))


async def _kept(
    request: Request, form: forms.Keyed, kind: str, work: Callable[[Live, str | None], Acknowledged]
) -> Response:
    """Keep a batch under its idempotency key."""
    key = idempotency_key(request, form.key)
    answer = await handed(request, lambda live: answers.kept(work(live, key), live.version))
    if not answer["repeated"]:
        house_of(request).metrics.rows(kind, answer["rows"])
    return told(answer)


def subject_of(live: Live, user: Any) -> str:
    """The salted hash by which proofs name a person."""
    return live.store.subject(user, tenant=live.name) if isinstance(live.store, Erases) else ""
