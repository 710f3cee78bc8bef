"""From tables to a checked data set: everything that is wrong is listed, and nothing is repaired in silence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from llm4rec.core import Catalog, Dataset, Interactions, Numbers, Users
from llm4rec.data.attributes import check_types
from llm4rec.data.described import Described, Numbered, all_columns, has_column, number, read_described
from llm4rec.data.events import Events, read_events
from llm4rec.data.folder import Source
from llm4rec.data.ids import read_ids
from llm4rec.data.occasions import described
from llm4rec.data.report import CheckReport, Findings
from llm4rec.data.sheet import Sheet


@dataclass(frozen=True, eq=False)
class Checked:
    """What a check leaves behind: a report, and the data set where there are no problems.

    `marks` are the official split columns, row by row with `dataset.interactions`.
    """

    report: CheckReport
    dataset: Dataset | None = None
    marks: Mapping[str, NDArray[Any]] = field(default_factory=dict)


def examine(source: Source, findings: Findings) -> Checked:
    """Check all tables of a source and join them."""
    check_types(source.about.types, list(source.tables.values()), findings)
    items = _described(source, "items", "item_id", findings)
    users = _described(source, "users", "user_id", findings)
    sheet = source.tables.get("interactions")
    if sheet is None:
        if source.absent:
            findings.problem(source.name, source.absent, "Write a file of interactions into the folder.")
        return Checked(findings.report(source.name, _table_counts(items, users)))
    events = read_events(sheet, source.about, findings)
    people = _numbered(sheet, "user_id", users, findings)
    things = _numbered(sheet, "item_id", items, findings)
    if findings.problems or people is None or things is None:
        counts = {"interactions": len(sheet)} | _table_counts(items, users)
        return Checked(findings.report(source.name, counts))
    return _joined(source, events, (people, users), (things, items), findings)


def _described(source: Source, table: str, id_column: str, findings: Findings) -> Described | None:
    sheet = source.tables.get(table)
    if sheet is None:
        return None
    root = source.root if sheet.is_file else None
    return read_described(sheet, id_column, source.about.types, root, findings)


def _numbered(sheet: Sheet, column: str, table: Described | None, findings: Findings) -> Numbered | None:
    if not has_column(sheet, column, findings):
        return None
    ids = read_ids(sheet, column, findings)
    return None if ids is None else number(ids, sheet, column, table, findings)


def _table_counts(items: Described | None, users: Described | None) -> dict[str, Any]:
    tables = {"items": items, "users": users}
    return {name: len(table.ids) for name, table in tables.items() if table is not None}


def _joined(
    source: Source,
    events: Events,
    people: tuple[Numbered, Described | None],
    things: tuple[Numbered, Described | None],
    findings: Findings,
) -> Checked:
    interactions = Interactions(
        people[0].numbers.to_numpy().copy(),
        things[0].numbers.to_numpy().copy(),
        events.kinds,
        events.values,
        events.timestamps,
        events.kind_names,
        events.texts,
        events.impressions,
        events.contexts,
    )
    order = np.lexsort((interactions.timestamps, interactions.users))
    catalog = Catalog(things[0].vocabulary(), all_columns(things[1], len(things[0].ids)))
    users = Users(people[0].vocabulary(), all_columns(people[1], len(people[0].ids)))
    sheet = source.tables["interactions"]
    _note_duplicates(sheet, interactions, findings)
    interactions = interactions.take(order)
    _note_gaps(sheet, interactions, events, findings)
    _note_strangers(sheet, people, things, findings)
    _note_silence(interactions, catalog, users, findings)
    counts = _counts(interactions, catalog, users, events.clock)
    report = findings.report(source.name, counts)
    notes = tuple(str(note) for note in report.notes)
    dataset = Dataset(interactions, catalog, users, source.name, source.about.synthetic, notes)
    return Checked(report, dataset, {name: marks[order] for name, marks in events.marks.items()})


def _note_duplicates(sheet: Sheet, interactions: Interactions, findings: Findings) -> None:
    columns = {
        "user": interactions.users,
        "item": interactions.items,
        "kind": interactions.kinds,
        "value": interactions.values,
    }
    if "timestamp" in sheet:
        columns["time"] = interactions.timestamps
    how = "exact" if "timestamp" in sheet else "pair"
    frame = pl.DataFrame(columns)
    if interactions.texts is not None:
        frame = frame.with_columns(pl.Series("text", interactions.texts.tolist(), dtype=pl.String))
    if interactions.contexts is not None:
        codes = interactions.contexts.codes
        frame = frame.with_columns(pl.Series(f"context {n}", codes[:, n]) for n in range(codes.shape[1]))
    again = len(frame) - frame.n_unique()
    if again:
        message = f"rows repeat an earlier row; Cleaning(drop_duplicates={how!r}) removes them"
        findings.note(sheet.file, message, count=again)


def _note_gaps(sheet: Sheet, interactions: Interactions, events: Events, findings: Findings) -> None:
    """Ties in time, and too little to compare."""
    same = (np.diff(interactions.users) == 0) & (np.diff(interactions.timestamps) == 0)
    if same.any():
        message = "rows have the same user and time as another: the order of the file decides"
        findings.note(sheet.file, message, sheet.told("timestamp"), int(same.sum()))
    for what, numbers in (("user", interactions.users), ("item", interactions.items)):
        if _distinct(numbers) == 1:
            findings.note(sheet.file, f"has one {what} only: there is nothing to compare")
    if len(interactions) and not interactions.positive.any():
        findings.note(sheet.file, "no interaction speaks for its item: nothing to recommend from")


def _distinct(numbers: Numbers) -> int:
    return int(np.count_nonzero(np.bincount(numbers)))


def _note_strangers(
    sheet: Sheet,
    people: tuple[Numbered, Described | None],
    things: tuple[Numbered, Described | None],
    findings: Findings,
) -> None:
    for what, (numbered, table) in (("items", things), ("users", people)):
        if table is None or table.sheet is None:
            continue
        strange = len(numbered.ids) - numbered.described
        if strange:
            message = f"{strange} {what} are not in {table.sheet.file}: kept, with nothing known about them"
            findings.note(sheet.file, message)


def _note_silence(interactions: Interactions, catalog: Catalog, users: Users, findings: Findings) -> None:
    """Items without text or without interactions, users without history."""
    mute = sum(not text for text in catalog.texts)
    if mute:
        findings.note(
            "items", f"{mute} of {len(catalog)} items have no text: only what people did tells them"
        )
    for what, numbers, total in (
        ("items have never been touched", interactions.items, len(catalog)),
        ("users have no history", interactions.users, len(users)),
    ):
        idle = total - _distinct(numbers)
        if idle:
            findings.note(what.split()[0], f"{idle} of {total} {what}")


def _counts(interactions: Interactions, catalog: Catalog, users: Users, clock: str) -> dict[str, Any]:
    kinds = np.bincount(interactions.kinds, minlength=len(interactions.kind_names))
    cells = max(len(users) * len(catalog), 1)
    pairs = pl.Series(interactions.users * len(catalog) + interactions.items).n_unique()
    return {
        "users": len(users),
        "items": len(catalog),
        "interactions": len(interactions),
        "density": round(pairs / cells, 8),
        "kinds": {name: int(n) for name, n in zip(interactions.kind_names, kinds, strict=True)},
        "time": clock,
        "first_time": _moment(interactions.timestamps, clock, least=True),
        "last_time": _moment(interactions.timestamps, clock, least=False),
        **({} if interactions.contexts is None else {"contexts": described(interactions.contexts)}),
        "attributes": {name: column.type.value for name, column in catalog.columns.items()},
        "user_attributes": {name: column.type.value for name, column in users.columns.items()},
    }


def _moment(times: NDArray[np.float64], clock: str, least: bool) -> str | None:
    if len(times) == 0:
        return None
    value = float(times.min() if least else times.max())
    if clock != "clock":
        return f"{value:g}"
    return datetime.fromtimestamp(value, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
