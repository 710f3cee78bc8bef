"""The table of interactions: its columns read, typed and checked on their own. Knows nothing of items and users."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from llm4rec.core import NEGATIVE_KINDS, EventContexts, Floats, Numbers, Times, suggest
from llm4rec.data.about import About
from llm4rec.data.occasions import CONTEXT, read_contexts
from llm4rec.data.report import Findings
from llm4rec.data.sheet import Sheet
from llm4rec.data.times import read_times
from llm4rec.data.values import numbers_of, words_of

COLUMNS = ("user_id", "item_id", "timestamp", "kind", "rating", "value", "text", "impression")
POSITIVE_KINDS = (
    *("click", "view", "play", "listen", "watch", "read", "like", "favourite", "save", "share", "follow"),
    *("cart", "purchase", "rating", "review", "comment", "download", "install", "search"),
)
MARKS = ("train", "valid", "test")
YES_NO = {"true": True, "false": False, "1": True, "0": False}


@dataclass(frozen=True, eq=False)
class Events:
    """Interactions in the order of the file, without users and items; `clock` says what kind of time it is."""

    kinds: Numbers
    kind_names: tuple[str, ...]
    values: Floats
    timestamps: Times
    clock: str
    texts: NDArray[Any] | None
    impressions: NDArray[Any] | None
    marks: Mapping[str, NDArray[Any]]
    contexts: EventContexts | None = None


def read_events(sheet: Sheet, about: About, findings: Findings) -> Events:
    """Everything but the ids. Where a column has problems its values are stand-ins."""
    kinds, names = _kinds(sheet, about, findings)
    values = _values(sheet, findings)
    _check_range(sheet, about, findings)
    times, clock = _times(sheet, findings)
    marks = _marks(sheet, about, findings)
    texts, impressions = (_texts(sheet, column, findings) for column in ("text", "impression"))
    contexts = read_contexts(sheet, [*COLUMNS, *marks], about, findings)
    _note_the_rest(sheet, marks, findings)
    return Events(kinds, names, values, times, clock, texts, impressions, marks, contexts)


def _kinds(sheet: Sheet, about: About, findings: Findings) -> tuple[Numbers, tuple[str, ...]]:
    if "kind" not in sheet:
        default = "rating" if "rating" in sheet else "click"
        kind = about.columns.get("kind", default)
        findings.note(sheet.file, f"has no column 'kind': every row is a {kind!r}")
        return np.zeros(len(sheet), dtype=np.int64), (kind,)
    words = words_of(sheet, "kind", findings)
    if words is None:
        return np.zeros(len(sheet), dtype=np.int64), ("",)
    words = words.str.strip_chars()
    missing = words.is_null()
    remedy = "Give every row a kind (click, purchase, rating …), or remove the column."
    findings.bad(sheet, "kind", missing, "a kind is missing", remedy)
    lower = words.str.to_lowercase().fill_null("")
    changed = int((lower != words).sum())
    if changed:
        findings.note(sheet.file, "kinds were written in lower case", sheet.told("kind"), changed)
    names = tuple(lower.unique(maintain_order=True).to_list())
    _note_unknown_kinds(sheet, names, findings)
    codes = lower.replace_strict(list(names), range(len(names)), return_dtype=pl.Int64)
    return codes.to_numpy().copy(), names


def _note_unknown_kinds(sheet: Sheet, names: Iterable[str], findings: Findings) -> None:
    known = (*POSITIVE_KINDS, *sorted(NEGATIVE_KINDS))
    for name in [n for n in names if n and n not in known][:10]:
        message = f"kind {name!r} is not one we know and speaks for its item{suggest(name, known)}"
        findings.note(sheet.file, message, sheet.told("kind"))


def _values(sheet: Sheet, findings: Findings) -> Floats:
    there = [name for name in ("rating", "value") if name in sheet]
    if not there:
        return np.full(len(sheet), np.nan, dtype=np.float32)
    numbers = numbers_of(sheet, there[0], findings)
    if len(there) == 2:
        numbers = numbers.fill_null(numbers_of(sheet, "value", findings))
        message = "has both 'rating' and 'value': the value counts where there is no rating"
        findings.note(sheet.file, message)
    elif numbers.null_count():
        message = "rows without a value were kept"
        findings.note(sheet.file, message, sheet.told(there[0]), numbers.null_count())
    return numbers.cast(pl.Float32).fill_null(float("nan")).to_numpy().copy()


def _check_range(sheet: Sheet, about: About, findings: Findings) -> None:
    if about.rating is None or "rating" not in sheet:
        return
    lowest, highest = about.rating
    numbers = numbers_of(sheet, "rating", Findings())
    outside = (numbers < lowest) | (numbers > highest)
    message = f"a rating lies outside {lowest:g} to {highest:g}"
    findings.bad(sheet, "rating", outside, message, "Correct the ratings, or rating in dataset.toml.")


def _times(sheet: Sheet, findings: Findings) -> tuple[Times, str]:
    order = np.arange(len(sheet), dtype=np.float64)
    if "timestamp" not in sheet:
        findings.note(sheet.file, "has no column 'timestamp': the order of the rows is the order in time")
        return order, "order of the rows"
    found = read_times(sheet, "timestamp", findings)
    if found is None:
        return order, "unknown"
    seconds, is_clock = found
    return seconds.to_numpy().copy(), "clock" if is_clock else "counter"


def _texts(sheet: Sheet, column: str, findings: Findings) -> NDArray[Any] | None:
    words = words_of(sheet, column, findings) if column in sheet else None
    return None if words is None else np.fromiter(words.to_list(), dtype=object, count=len(words))


def _marks(sheet: Sheet, about: About, findings: Findings) -> dict[str, NDArray[Any]]:
    """The columns named in [splits]: booleans, or text that is train, valid or test."""
    marks = {}
    for name, columns in about.split_columns().items():
        for column in columns:
            if column not in sheet:
                message = f"split {name!r} names a column that is not there"
                near = suggest(column, sheet.frame.columns).removeprefix("; ")
                remedy = f"Correct splits.{name} in dataset.toml. {near}".strip()
                findings.problem(sheet.file, message, remedy, column)
            elif (mark := _mark(sheet, column, findings)) is not None:
                marks[column] = mark
    return marks


def _mark(sheet: Sheet, column: str, findings: Findings) -> NDArray[Any] | None:
    values = sheet.frame[column]
    found = words_of(sheet, column, findings)
    if found is None:
        return None
    words = found.str.strip_chars()
    lower = words.str.to_lowercase()
    if values.dtype == pl.Boolean or bool(lower.is_in(list(YES_NO)).all()):
        strange = ~lower.is_in(list(YES_NO)).fill_null(False)
        told = "true or false", "Write true where the row is part of the test, else false."
    else:
        strange = ~words.is_in(MARKS).fill_null(False)
        told = "train, valid or test", "Write one of them in every row (or true and false)."
    if findings.bad(sheet, column, strange, f"a split says {told[0]}", told[1]):
        return None
    if told[0] == "true or false":
        return lower.is_in(["true", "1"]).to_numpy().copy()
    return np.fromiter(words.to_list(), dtype=object, count=len(words))


def _note_the_rest(sheet: Sheet, marks: Mapping[str, NDArray[Any]], findings: Findings) -> None:
    missing = [name for name in COLUMNS if name not in sheet]
    for column in sheet.frame.columns:
        if column in COLUMNS or column in marks or column.startswith(CONTEXT):
            continue
        near = suggest(column, missing)
        findings.note(sheet.file, f"was not used{near or ': it is no column of interactions'}", column)
