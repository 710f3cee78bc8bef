"""What callers say made into records: feedback, items, users, edits; and what they are told back. Keeps nothing."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from llm4rec.core import (
    DataError,
    EditsVersion,
    Feedback,
    ItemVersion,
    ProfileEdits,
    Receipt,
    UserVersion,
    suggest,
)

R = TypeVar("R", Feedback, ItemVersion, UserVersion, EditsVersion)
FORBIDDEN = frozenset({"", "impression"})


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A batch that is durable: how many rows, and whether it was there before under its key (`repeated`).

    `unknown_items`, `unknown_users` and `unknown_impressions` were kept all the same and count once they are known;
    `notes` say what else could not be done as asked.
    """

    rows: int
    repeated: bool = False
    unknown_items: tuple[str, ...] = ()
    unknown_impressions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, receipt: Receipt, **more: Any) -> Acknowledged:
        """What is told of a receipt."""
        return cls(receipt.rows, receipt.repeated, **more)


NOTHING = Acknowledged(0)


def feedback_of(given: Iterable[Feedback | Mapping[str, Any]], now: float) -> list[Feedback]:
    """Rows with text ids; the time is now where none is told. DataError names what is wrong in which row."""
    rows = []
    for place, one in enumerate(given, 1):
        row = _record(Feedback, one, now, place)
        if not isinstance(row.kind, str) or row.kind.strip() in FORBIDDEN:
            raise DataError(f"row {place}: kind = {row.kind!r}; name one, such as 'click' or 'purchase'")
        time = _time(row.time, place)
        value = None if row.value is None else _number(row.value, "value", place)
        rows.append(
            Feedback(
                _id(row.user, "user", place),
                _id(row.item, "item", place),
                row.kind,
                time,
                value,
                row.text,
                None if row.impression is None else _id(row.impression, "impression", place),
                _context(row.context, place),
            )
        )
    return rows


def items_of(given: Iterable[ItemVersion | Mapping[str, Any]], now: float) -> list[ItemVersion]:
    """Versions of items; a mapping is {"item": id, "attributes": {...}}."""
    rows = [_record(ItemVersion, one, now, place) for place, one in enumerate(given, 1)]
    return [
        ItemVersion(_id(r.item, "item", n), r.time, _attributes(r.attributes, n), bool(r.deleted))
        for n, r in enumerate(rows, 1)
    ]


def users_of(given: Iterable[UserVersion | Mapping[str, Any]], now: float) -> list[UserVersion]:
    """Versions of users; a mapping is {"user": id, "attributes": {...}}."""
    rows = [_record(UserVersion, one, now, place) for place, one in enumerate(given, 1)]
    return [
        UserVersion(_id(r.user, "user", n), r.time, _attributes(r.attributes, n), bool(r.deleted))
        for n, r in enumerate(rows, 1)
    ]


def edits_of(given: Iterable[EditsVersion | Mapping[str, Any]], now: float) -> list[EditsVersion]:
    """Edits of profiles; a mapping is {"user": id, "edits": {...}}."""
    rows = [_record(EditsVersion, one, now, place) for place, one in enumerate(given, 1)]
    return [EditsVersion(_id(r.user, "user", n), r.time, _edits(r.edits, n)) for n, r in enumerate(rows, 1)]


def _edits(value: object, place: int) -> ProfileEdits:
    if isinstance(value, ProfileEdits):
        return value
    if not isinstance(value, Mapping):
        raise DataError(f"row {place}: edits are {type(value).__name__}; they are names and values")
    return ProfileEdits.of(value, f"row {place}: edits")


def _record(kind: type[R], given: R | Mapping[str, Any], now: float, place: int) -> R:
    if isinstance(given, kind):
        return given
    if not isinstance(given, Mapping):
        raise DataError(f"row {place}: give a mapping, not {type(given).__name__}")
    names = [field.name for field in fields(kind)]
    strange = next((name for name in given if name not in names), None)
    if strange is not None:
        raise DataError(
            f"row {place}: no field {str(strange)[:60]!r}{suggest(strange, names)}; there are: {', '.join(names)}"
        )
    told = {"time": now, **{name: value for name, value in given.items() if value is not None}}
    try:
        return kind(**told)
    except TypeError as error:
        missing = str(error).split("argument")[-1].strip(" s:")
        raise DataError(f"row {place}: {missing} is missing") from None


def _id(value: object, what: str, place: int) -> str:
    if hasattr(value, "item") and hasattr(value, "dtype"):
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise DataError(f"row {place}: {what} is {type(value).__name__}; ids are text or whole numbers")
    text = value if isinstance(value, str) else str(value) if abs(value) < 10**39 else ""
    if not text.strip() or len(text) > 256:
        raise DataError(f"row {place}: {what} has {len(text)} characters; an id has 1 to 256")
    return text


def _number(value: object, what: str, place: int) -> float:
    try:
        found = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        raise DataError(f"row {place}: {what} = {str(value)[:60]!r} is no number") from None
    if not math.isfinite(found):
        raise DataError(f"row {place}: {what} = {found} is not finite")
    return found


def _time(value: object, place: int) -> float:
    return _number(value, "time", place)


def _context(value: object, place: int) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise DataError(f"row {place}: context is {type(value).__name__}; it is names and values")
    return {str(name): str(word) for name, word in value.items()}


def _attributes(value: object, place: int) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise DataError(f"row {place}: attributes are {type(value).__name__}; they are names and values")
    return {str(name): one for name, one in value.items()}
