"""Protocols: which rows are fitted on and which are asked about. Knows neither models nor metrics."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import DataError, Dataset, SettingsError, suggest
from llm4rec.data.cold_items import cold_items
from llm4rec.data.cold_users import cold_users
from llm4rec.data.folds import TEST, TRAIN, VALID, Ask, Parts, Split, checked
from llm4rec.data.questions import fold_of, from_positive, last_positives, summed

_WORDS = {"train": TRAIN, "valid": VALID, "validation": VALID, "val": VALID, "test": TEST}


def split(
    dataset: Dataset,
    protocol: str,
    marks: Mapping[str, NDArray[Any]] | None = None,
    rng: np.random.Generator | None = None,
    target_time: bool = False,
) -> Split:
    """The data set split as `protocol` says: a name of PROTOCOLS and, behind a colon, its arguments.

    `marks` are arrays beside the interactions, one value a row, for the protocols that read an official split.
    `rng` draws where a protocol draws (default: seed 0). With `target_time` a request carries the time of its
    first target, which a fair evaluation reports as time-aware. SettingsError names an unknown protocol or a
    wrong argument; DataError says why the data cannot be split so.
    """
    name, _, tail = protocol.strip().partition(":")
    if name not in PROTOCOLS:
        usages = ", ".join(usage for usage, _ in PROTOCOLS.values())
        raise SettingsError(f"no protocol named {name!r}{suggest(name, PROTOCOLS)}; there are: {usages}")
    arguments = tuple(part.strip() for part in tail.split(",") if part.strip())
    rng = np.random.default_rng(0) if rng is None else rng
    return checked(PROTOCOLS[name][1](Ask(dataset, protocol, arguments, marks or {}, rng, target_time)))


def _made(ask: Ask, parts: Sequence[Parts], **said: object) -> Split:
    """One fold for each assignment of rows to parts; counts are summed over folds."""
    made = [fold_of(ask.dataset, one, ask.target_time) for one in parts]
    facts = ask.facts(summed(*(counts for _, counts in made)), folds=len(made), **said)
    return Split(ask.protocol, tuple(fold for fold, _ in made), facts)


def _leave_last_out(ask: Ask) -> Split:
    """From the last positive event of a user on: test; from the one before on: validation."""
    ask.no_arguments()
    rows, users = ask.dataset.interactions, len(ask.dataset.users)
    parts = np.full(len(rows), TRAIN, dtype=np.int8)
    parts[from_positive(rows, users, 1)] = VALID
    parts[from_positive(rows, users, 0)] = TEST
    return _made(ask, [parts], held_out="last positive event; the one before for validation")


def _leave_one_out(ask: Ask) -> Split:
    """One positive event of each user who has two, drawn: test."""
    ask.no_arguments()
    rows, users = ask.dataset.interactions, len(ask.dataset.users)
    places, after = last_positives(rows, users)
    owner = rows.users[places]
    # Shuffled within each user, the event that stands where the last one stood is a uniform draw.
    drawn = places[np.lexsort((ask.rng.random(len(places)), owner))]
    enough = np.bincount(owner, minlength=users) >= 2
    parts = np.full(len(rows), TRAIN, dtype=np.int8)
    parts[drawn[(after == 0) & enough[owner]]] = TEST
    return _made(ask, [parts], held_out="one positive event a user, drawn; later ones stay in the history")


def _k_fold(ask: Ask) -> Split:
    """K folds of interactions, drawn; each is the test once."""
    text = ask.arguments[0] if len(ask.arguments) == 1 else ""
    size = len(ask.dataset.interactions)
    if not text.isdigit() or not 2 <= int(text) <= max(size, 2):
        raise SettingsError(
            f"protocol {ask.protocol!r} needs a number of folds from 2 to {size}, as in 'k-fold:5'"
        )
    fold = ask.rng.permutation(np.arange(size) % int(text))
    parts = [np.where(fold == k, TEST, TRAIN).astype(np.int8) for k in range(int(text))]
    return _made(ask, parts, held_out=f"each of {text} drawn parts of the interactions in turn")


def _official(ask: Ask) -> Split:
    """The rows a column marks as test (and validation)."""
    if len(ask.arguments) != 1:
        raise SettingsError(f"protocol {ask.protocol!r} needs one column, as in 'official:split'")
    parts = _marked(ask, ask.arguments[0])
    return _made(ask, [parts], held_out=f"rows marked as test in column {ask.arguments[0]!r}")


def _folds(ask: Ask) -> Split:
    """One fold a column of booleans; True is test."""
    if not ask.arguments:
        raise SettingsError(f"protocol {ask.protocol!r} needs columns, as in 'folds:u1,u2,u3,u4,u5'")
    parts = [_marked(ask, column) for column in ask.arguments]
    return _made(ask, parts, held_out=f"rows marked in each of the columns {', '.join(ask.arguments)}")


def _marked(ask: Ask, column: str) -> Parts:
    """The part of each row, from words (train, valid, test) or booleans (True: test)."""
    if column not in ask.marks:
        known = ", ".join(ask.marks) or "none"
        raise SettingsError(
            f"protocol {ask.protocol!r}: the data set has no column of official marks {column!r}"
            f"{suggest(column, ask.marks)}; it has: {known}"
        )
    values = np.asarray(ask.marks[column])
    if len(values) != len(ask.dataset.interactions):
        rows = len(ask.dataset.interactions)
        raise DataError(
            f"marks {column!r} have {len(values)} rows for {rows} interactions. Pass one mark for each row"
        )
    if values.dtype == bool:
        return np.where(values, TEST, TRAIN).astype(np.int8)
    return _read(values, column)


def _read(values: NDArray[Any], column: str) -> Parts:
    distinct, place = np.unique(values.astype(str), return_inverse=True)
    words = _WORDS | {"0": TRAIN, "false": TRAIN, "1": TEST, "true": TEST}
    wrong = [word for word in distinct.tolist() if word.lower() not in words]
    if wrong:
        raise DataError(
            f"marks {column!r} hold {', '.join(map(repr, wrong[:3]))}. "
            "Use train, valid and test, or booleans (True: test)"
        )
    return np.array([words[word.lower()] for word in distinct.tolist()], dtype=np.int8)[place]


def _temporal(ask: Ask) -> Split:
    """Everyone is cut at the same moments: the part before the first is fitted on, the last is the test."""
    ask.need_real_time("choose 'leave-last-out', which needs only an order")
    cuts = ask.shares((0.8, 0.9), most=2)
    if list(cuts) != sorted(set(cuts)):
        raise SettingsError(
            f"protocol {ask.protocol!r}: the second share must be larger, as in 'temporal:0.8,0.9'"
        )
    times = ask.dataset.interactions.timestamps
    moments = [float(np.quantile(times, cut, method="lower")) for cut in cuts]
    # A row at the moment itself is later than the cut: ties fall to the later side as a whole.
    window = sum((times >= moment).astype(np.int8) for moment in moments)
    parts = np.array([TRAIN, TEST] if len(cuts) == 1 else [TRAIN, VALID, TEST], dtype=np.int8)[window]
    said = {f"{what}_from": m for what, m in zip(("validation", "test")[-len(cuts) :], moments, strict=True)}
    return _made(ask, [parts], held_out="every event from a moment on, for all users", **said)


PROTOCOLS: Mapping[str, tuple[str, Callable[[Ask], Split]]] = {
    "leave-last-out": ("leave-last-out", _leave_last_out),
    "temporal": ("temporal[:VALIDATION,TEST]", _temporal),
    "official": ("official:COLUMN", _official),
    "folds": ("folds:COLUMN,COLUMN,...", _folds),
    "k-fold": ("k-fold:K", _k_fold),
    "leave-one-out": ("leave-one-out", _leave_one_out),
    "cold-items": ("cold-items[:SHARE] or cold-items:random[,SHARE]", cold_items),
    "cold-users": ("cold-users[:SHARE]", cold_users),
}
"""Each protocol's usage on the command line, and what splits by it."""
