"""Columns of interactions that say in which context an event happened, on their way in. Knows nothing of models."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from llm4rec.core import EventContexts, Numbers, context_word
from llm4rec.data.about import IGNORE, About
from llm4rec.data.report import Findings
from llm4rec.data.sheet import Sheet
from llm4rec.data.values import can_be_text

CONTEXT = "context_"  # before the name of a context in a table
MOST = 1_000  # different words of one column


def read_contexts(
    sheet: Sheet, others: Iterable[str], about: About, findings: Findings
) -> EventContexts | None:
    """The columns `context_NAME` by NAME, `others` and those of type "ignore" left out; None where there are none."""
    names, values, codes = [], [], []
    taken = set(others)
    for column in sheet.frame.columns:
        name = column.removeprefix(CONTEXT)
        if column == name or column in taken or about.types.get(column) == IGNORE:
            continue
        if not name:
            findings.note(sheet.file, f"was not used: a context has a name, such as {CONTEXT}device", column)
            continue
        found = _words(sheet, column, findings)
        if found is not None:
            names.append(name)
            values.append(found[0])
            codes.append(found[1])
    return EventContexts(tuple(names), tuple(values), np.column_stack(codes)) if names else None


def _words(sheet: Sheet, column: str, findings: Findings) -> tuple[tuple[str, ...], Numbers] | None:
    """The words of a column and its codes; None, with a problem or a note, where it holds no categories."""
    told, given = sheet.told(column), sheet.frame[column]
    if not can_be_text(given.dtype):
        message = f"a context is a word, not {given.dtype}"
        findings.problem(sheet.file, message, "Write one word a row, or rename the column.", told)
        return None
    if given.dtype.is_float():
        given = given.fill_nan(None)
        message, remedy = "a context is a word or a whole number", "Write words, such as near and far."
        if findings.bad(sheet, column, given != given.round(), message, remedy):
            return None
    known = given.unique().drop_nulls()
    by_value = {value: context_word(value) for value in known.to_list()}
    words = tuple(sorted(set(by_value.values()) - {""}))
    if not words:
        findings.note(sheet.file, "is empty: left out", told)
        return None
    if len(words) > MOST:
        message = f"a context has {len(words):,} different values, {MOST:,} at most"
        remedy = f'Group them, or leave the column out: [types] {column} = "{IGNORE}".'
        findings.problem(sheet.file, message, remedy, told)
        return None
    place = {word: code + 1 for code, word in enumerate(words)} | {"": 0}
    codes = [0 if value is None else place[by_value[value]] for value in given.to_list()]
    return words, np.array(codes, dtype=np.int64)


def described(contexts: EventContexts) -> dict[str, dict[str, int]]:
    """By name: how many different words there are, and in how many rows one is told."""
    told = (contexts.codes > 0).sum(axis=0).tolist()
    counted = zip(contexts.names, contexts.values, told, strict=True)
    return {name: {"values": len(words), "told": rows} for name, words, rows in counted}
