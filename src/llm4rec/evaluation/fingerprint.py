"""Under which terms figures were measured, and a short name for them: figures compare only under equal
fingerprints. Knows nothing of models.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

import llm4rec
from llm4rec.core import Catalog, Dataset, Holdout, Id, Numbers, Request

if TYPE_CHECKING:
    from llm4rec.data.folds import Fold, Split

TIE_RULE = "expected value over random orders of equal scores"


@dataclass(frozen=True)
class Terms:
    """The terms of an evaluation. `targets` is a SHA-256 over who is asked what, among which items, in which view.

    Batch and chunk sizes, the number of seeds and the choice of metrics are no terms: they change no figure.
    """

    dataset: str
    name: str
    targets: str
    facts: Mapping[str, object] = field(default_factory=dict)
    tie_rule: str = TIE_RULE
    seen_rule: str = "exclude"
    candidates: str = "all items"
    target_time: bool = False
    validation_trained: bool = False
    code: str = llm4rec.__version__

    @property
    def fingerprint(self) -> str:
        """Twelve hexadecimal digits that change with every term."""
        return hashlib.sha256(json.dumps(self.as_json(), sort_keys=True).encode()).hexdigest()[:12]

    def as_json(self) -> dict[str, Any]:
        """The terms as plain values."""
        return {
            "dataset": self.dataset,
            "name": self.name,
            "targets": self.targets,
            "facts": {str(k): plain(v) for k, v in self.facts.items()},
            "tie_rule": self.tie_rule,
            "seen_rule": self.seen_rule,
            "candidates": self.candidates,
            "target_time": self.target_time,
            "validation_trained": self.validation_trained,
            "code": self.code,
        }


def terms(dataset: Dataset, split: Split, validation_trained: bool = False) -> Terms:
    """The terms that a split stands for."""
    requests = [r for fold in split.folds for view in fold.tests.values() for r in view.requests]
    return Terms(
        dataset=dataset.name,
        name=split.name,
        targets=targets_hash(split),
        facts=split.facts,
        seen_rule=_among([r.seen for r in requests], "exclude"),
        candidates=_among(
            ["all items" if r.allowed is None else "allowed items" for r in requests], "all items"
        ),
        target_time=any(r.time is not None for r in requests),
        validation_trained=validation_trained,
    )


def _among(found: Sequence[str], default: str) -> str:
    """The values that occur, in words."""
    return " and ".join(sorted(set(found))) or default


def targets_hash(split: Split) -> str:
    """SHA-256 over the questions of every fold and view, in outside ids: numbering changes nothing."""
    digest = hashlib.sha256()
    for place, fold in enumerate(split.folds):
        for line in _lines(fold):
            digest.update(f"{place}|{line}\n".encode())
    return digest.hexdigest()


def _lines(fold: Fold) -> Iterator[str]:
    """One line a question and a pair."""
    users, items = fold.train.users.ids.ids, _ids(fold.train.catalog, fold.newcomers)
    for view, holdout in fold.tests.items():
        yield from _questions(view, holdout, users, items)
    if fold.pairs is not None:
        known = fold.pairs
        for request, item, value in zip(known.requests, known.items, known.values, strict=True):
            yield f"pair|{_who(request, users)}|{items[int(item)]}|{float(value)!r}"


def _questions(view: str, holdout: Holdout, users: Sequence[Id], items: Sequence[Id]) -> Iterator[str]:
    allowed: dict[int, str] = {}
    for request, targets in zip(holdout.requests, holdout.targets, strict=True):
        wanted = sorted(str(items[int(n)]) for n in targets)
        if request.allowed is not None and id(request.allowed) not in allowed:
            allowed[id(request.allowed)] = _set_hash(request.allowed, items)
        among = "" if request.allowed is None else allowed[id(request.allowed)]
        without = "" if request.excluded is None else _set_hash(request.excluded, items)
        told = "" if request.time is None else repr(float(request.time))
        told += json.dumps(dict(request.context), sort_keys=True, default=str) if request.context else ""
        yield f"{view}|{_who(request, users)}|{wanted}|{request.seen}|{among}|{without}|{told}"


def _set_hash(numbers: Numbers, items: Sequence[Id]) -> str:
    names = sorted(str(items[int(n)]) for n in np.unique(numbers))
    return hashlib.sha256("\n".join(names).encode()).hexdigest()


def _who(request: Request, users: Sequence[Id]) -> str:
    name = str(users[request.user]) if 0 <= request.user < len(users) else str(request.user)
    return f"{name}|{len(request.history)}"


def _ids(catalog: Catalog, newcomers: Catalog | None) -> tuple[Id, ...]:
    return catalog.ids.ids + (newcomers.ids.ids if newcomers is not None else ())


def plain(value: object) -> Any:
    """A value that JSON can hold: NaN and infinities become None, arrays lists, anything odd its text."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool | int | str) or value is None:
        return value
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(v) for v in value]
    return str(value)
