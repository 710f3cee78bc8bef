"""How each record lies in a table: names and kinds of columns, values checked on their way in. Knows no database."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llm4rec.core import (
    AuditEntry,
    DataError,
    EditsVersion,
    EngineRecord,
    Erasure,
    Exposure,
    Feedback,
    Impression,
    ItemVersion,
    KeyRecord,
    ProfileEdits,
    Report,
    SettingsError,
    Shown,
    UserVersion,
)

Row = dict[str, Any]
WRITE = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
ID, NAME, TEXT, DOCUMENT = (
    256,
    100,
    100_000,
    1_000_000,
)  # most characters of an id, a name, a text, a JSON document


@dataclass(frozen=True)
class Spec:
    """The table of a record and the kind of each of its columns; `key` names what a newer row takes the place of."""

    table: str
    columns: Mapping[str, str]
    key: str = ""

    @property
    def user(self) -> bool:
        """Whether rows belong to a user."""
        return "user" in self.columns

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of the record itself."""
        return tuple(self.columns)


SPECS: dict[type, Spec] = {
    Feedback: Spec(
        "interactions",
        {"user": "id", "item": "id", "kind": "name", "time": "number", "value": "number?", "text": "text?"}
        | {"impression": "id?", "context": "json"},
    ),
    Impression: Spec(
        "impressions",
        {"id": "id", "user": "id?", "time": "number", "slots": "slots", "policy": "name", "version": "name"}
        | {"experiment": "name", "variant": "name", "context": "json", "degraded": "words"},
        key="id",
    ),
    ItemVersion: Spec(
        "items", {"item": "id", "time": "number", "attributes": "json", "deleted": "flag"}, key="item"
    ),
    UserVersion: Spec(
        "users", {"user": "id", "time": "number", "attributes": "json", "deleted": "flag"}, key="user"
    ),
    EditsVersion: Spec("edits", {"user": "id", "time": "number", "edits": "edits"}, key="user"),
    Report: Spec(
        "reports",
        {"action": "name", "item": "id", "user": "id", "category": "name", "text": "text?", "time": "number"},
    ),
    AuditEntry: Spec(
        "audit",
        {"actor": "name", "action": "name", "time": "number", "subject": "label", "detail": "json"},
    ),
    KeyRecord: Spec(
        "keys",
        {
            "id": "name",
            "digest": "name",
            "role": "name",
            "time": "number",
            "label": "name",
            "revoked": "flag",
        },
        key="id",
    ),
    EngineRecord: Spec(
        "engines",
        {"version": "name", "action": "name", "time": "number", "folder": "text?", "parent": "name"}
        | {"fingerprint": "name", "settings": "json", "metrics": "json", "reason": "text?"},
        key="version",
    ),
    Erasure: Spec(
        "erasures",
        {"subject": "name", "time": "number", "before": "json", "after": "json"}
        | {"previous": "name", "hash": "name"},
    ),
    Exposure: Spec(
        "exposures",
        {"day": "count", "item": "id", "policy": "name", "experiment": "name", "variant": "name"}
        | {"shown": "count"},
    ),
}
OWN = (Erasure, Exposure)
"""Records that a store writes by itself and nobody appends."""


def spec_of(noun: type) -> Spec:
    """Where records of a kind lie; DataError names what there is."""
    found = SPECS.get(noun)
    if found is None:
        known = ", ".join(kind.__name__ for kind in SPECS)
        raise DataError(f"a store keeps no {noun.__name__}; it keeps: {known}")
    return found


def encoded(record: object) -> Row:
    """A record as a row; DataError names the field and what is wrong with it."""
    kind = type(record)
    spec = spec_of(kind)
    if kind in OWN:
        raise DataError(f"{kind.__name__} is written by the store itself and cannot be appended")
    row: Row = {}
    for name, what in spec.columns.items():
        value = getattr(record, name)
        try:
            row[name] = None if value is None and what.endswith("?") else _IN[what](value)
        except (TypeError, ValueError, RecursionError) as error:
            raise DataError(f"{kind.__name__}.{name} = {_cut(value)}: {error}") from None
    return row


def decoded(noun: type, row: Sequence[Any]) -> Any:
    """A record from the values of its columns, in the order of its spec."""
    columns = spec_of(noun).columns.items()
    values = zip(columns, row, strict=True)
    return noun(**{name: _OUT[what](v) if what in _OUT else v for (name, what), v in values})


def id_text(value: object, what: str = "id") -> str:
    """An id as the store knows it; DataError where it is none."""
    try:
        return _id(value)
    except (TypeError, ValueError) as error:
        raise DataError(f"{what} {_cut(value)}: {error}") from None


def _cut(value: object) -> str:
    told = ascii(value) if isinstance(value, str | int | float) else type(value).__name__
    return told if len(told) <= 60 else f"{told[:60]}… ({len(told)} characters)"


def _id(value: object) -> str:
    if type(value) is str and value.isascii() and value.isprintable() and len(value) <= ID and value.strip():
        return value  # as nearly all are: a list that went out has ten
    if isinstance(value, bool) or not isinstance(value, int | str):
        if hasattr(value, "item") and hasattr(value, "dtype"):  # numpy's own numbers
            return _id(value.item())
        raise TypeError(f"an id is a whole number or text, not {type(value).__name__}")
    text = str(value) if isinstance(value, str) or abs(value) < 10**39 else ""
    if not text.strip():
        raise ValueError("an id is not empty" if isinstance(value, str) else "an id has at most 39 digits")
    return _text(text, ID)


def _name(value: object) -> str:
    return _text(value, NAME)


def _label(value: object) -> str:
    return _text(value, ID)


def _text(value: object, most: int = TEXT) -> str:
    if not isinstance(value, str):
        raise TypeError(f"it is text, not {type(value).__name__}")
    if len(value) > most:
        raise ValueError(f"at most {most:,} characters")
    if not value.isascii():
        value.encode()  # UnicodeEncodeError, a ValueError, for half a pair of surrogates
    if "\0" in value:
        raise ValueError("it holds a character of code 0")
    return value


def _number(value: object) -> float:
    if type(value) is float and math.isfinite(value):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        if hasattr(value, "item") and hasattr(value, "dtype"):
            return _number(value.item())
        raise TypeError(f"it is a number, not {type(value).__name__}")
    found = float(value)
    if not math.isfinite(found):
        raise ValueError("it is not finite")
    return found


def _count(value: object) -> int:
    return int(_number(value))


def _flag(value: object) -> int:
    if not isinstance(value, bool):
        raise TypeError("it is true or false")
    return int(value)


def _json(value: object) -> str:
    if not isinstance(value, Mapping):
        raise TypeError(f"it is a mapping, not {type(value).__name__}")
    return "{}" if not value else _dumped(dict(value))


def _dumped(value: object) -> str:
    text = WRITE(value)
    if "\\u0000" in text:
        raise ValueError("it holds a character of code 0")
    return _text(text, DOCUMENT)


def _words(value: Sequence[object]) -> str:
    return "[]" if not value else _dumped([_text(word) for word in value])


def _edits(value: object) -> str:
    if not isinstance(value, ProfileEdits):
        raise TypeError(f"it is ProfileEdits, not {type(value).__name__}")
    try:  # a copy with changes was never looked at, and what cannot be read again is not kept
        return _json(ProfileEdits.of(value.as_json(), "edits").as_json())
    except SettingsError as error:
        raise ValueError(str(error)[:300]) from None


def _slots(value: Sequence[Shown]) -> str:
    return _dumped([_slot(one) for one in value])


def _slot(one: Shown) -> list[Any]:
    drawn = one.propensity
    if drawn is not None and not 0 < drawn <= 1:
        raise ValueError(f"propensity {drawn!r} of item {one.item!r} is not in (0, 1]")
    return [_id(one.item), _number(one.score), None if drawn is None else float(drawn)]


def _shown(text: str) -> tuple[Shown, ...]:
    return tuple(Shown(*slot) for slot in json.loads(text))


_IN: dict[str, Callable[[Any], Any]] = {
    **{"id": _id, "id?": _id, "name": _name, "label": _label, "text?": _text, "number": _number},
    **{"number?": _number, "count": _count, "flag": _flag, "json": _json, "words": _words, "slots": _slots},
    **{"edits": _edits},
}
_OUT: dict[str, Callable[[Any], Any]] = {
    **{"flag": bool, "json": json.loads, "slots": _shown, "words": lambda text: tuple(json.loads(text))},
    **{"edits": lambda text: ProfileEdits.of(json.loads(text), "edits in the store")},
}
