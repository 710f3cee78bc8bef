"""A log of impressions and feedback in files, as experiments and estimates want it. Knows no store: plain rows only.

An impression is a row with `id` and `slots`; feedback is a row with `impression`, `item` and `kind`. Files are jsonl or parquet,
and may hold either or both.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from llm4rec.core import NEGATIVE_KINDS, DataError, NotFoundError, Numbers, Problem, SettingsError, Times
from llm4rec.core.errors import CannotSayError
from llm4rec.evaluation.offpolicy import Chances, Slates
from llm4rec.evaluation.offpolicy.slates import Form
from llm4rec.evaluation.trials import Answers, Preference, preferred

Row = Mapping[str, Any]
CONVERSIONS = ("purchase",)


@dataclass(frozen=True, eq=False)
class Log:
    """Impressions in the order of their time, and what came of each place, (impressions, places).

    `clicked` and `converted` count feedback that speaks for the item of a place, and the part of it that is a conversion.
    `lost` counts feedback that quotes no impression of the log, or an item that it did not hold.
    """

    impressions: tuple[Row, ...]
    users: Numbers
    filled: Any
    clicked: Times
    converted: Times
    lost: int

    def __len__(self) -> int:
        return len(self.impressions)

    def answers(self, by: str = "variant", experiment: str | None = None) -> Answers:
        """Impressions by `variant` or `policy`; those without one, or without a person, are left out.

        Variants are of one `experiment`: SettingsError where the log has several and none is named.
        """
        there = {str(row.get("experiment") or "") for row in self.impressions if row.get("variant")}
        if by == "variant" and experiment is None and len(there) > 1:
            raise SettingsError(f"the log has several experiments; name one of: {', '.join(sorted(there))}")
        names = [str(row.get(by) or "") for row in self.impressions]
        asked = [experiment in (None, row.get("experiment")) for row in self.impressions]
        known = (self.users >= 0).tolist()
        rows = np.array([at for at, name in enumerate(names) if name and asked[at] and known[at]], np.int64)
        figures = {
            "click-through": np.asarray(self.clicked[rows].max(axis=1, initial=0.0), np.float64),
            "conversion": np.asarray(self.converted[rows].max(axis=1, initial=0.0), np.float64),
        }
        return Answers(np.array([names[at] for at in rows], dtype=object), self.users[rows], figures)

    def slates(self, reward: str = "clicked") -> Slates:
        """Rewards by place: `clicked` or `converted`."""
        return Slates(getattr(self, reward), self.filled, self.users)

    def drawn(self, form: Form = "cascade") -> Chances:
        """The chances that were logged, each given the places before."""
        return Chances(form, self._chances([_slots(row, 2) for row in self.impressions]))

    @property
    def targets(self) -> tuple[str, ...]:
        """Policies whose chances of showing the same were logged beside."""
        return tuple(sorted({str(name) for row in self.impressions for name in row.get("targets") or {}}))

    def target(self, name: str, form: Form = "cascade") -> Chances:
        """The chances of another policy; NaN where an impression does not tell them."""
        rows = [(row.get("targets") or {}).get(name) or [] for row in self.impressions]
        return Chances(form, self._chances(rows))

    def interleaved(self) -> Preference:
        """Which of two lists people preferred, from impressions that tell the `teams` of their places."""
        rows = np.array([at for at, row in enumerate(self.impressions) if row.get("teams")], dtype=np.int64)
        if not len(rows):
            raise CannotSayError(
                "no impression tells the teams of its places; log them when lists are interleaved"
            )
        teams = self._chances([self.impressions[at]["teams"] for at in rows], -1.0)
        return preferred(teams.astype(np.int64), self.clicked[rows] > 0, self.users[rows])

    def _chances(self, rows: Sequence[Sequence[Any]], empty: float = np.nan) -> Times:
        found = np.full((len(rows), self.filled.shape[1]), empty)
        for at, row in enumerate(rows):
            values = [empty if value is None else _number(value) for value in row][: found.shape[1]]
            found[at, : len(values)] = values
        return found


def read_log(paths: Iterable[Path], conversions: Sequence[str] = CONVERSIONS) -> Log:
    """The log of some files, or of all tables of a folder; DataError names a row that cannot be used."""
    rows = [row for path in paths for row in _rows(path)]
    impressions = [row for row in rows if row.get("slots") is not None]
    feedback = [row for row in rows if row.get("slots") is None]
    if not impressions:
        raise DataError("the log holds no impressions: rows with `id` and `slots`")
    return log_of(impressions, feedback, conversions)


def log_of(
    impressions: Sequence[Row], feedback: Iterable[Row], conversions: Sequence[str] = CONVERSIONS
) -> Log:
    """The log of rows. A slot is {"item", "score", "propensity"}, or the same three as a list."""
    ordered = sorted(impressions, key=lambda row: _number(row.get("time") or 0.0))
    slots = [_slots(row, 0) for row in ordered]
    widest = max((len(row) for row in slots), default=0)
    filled = np.arange(widest) < np.array([len(row) for row in slots])[:, None]
    place = {
        (str(row.get("id")), str(item)): (at, slot)
        for at, (row, items) in enumerate(zip(ordered, slots, strict=True))
        for slot, item in enumerate(items)
    }
    clicked, converted = np.zeros(filled.shape), np.zeros(filled.shape)
    lost = 0
    for row in feedback:
        where = place.get((str(row.get("impression")), str(row.get("item"))))
        if where is None:
            lost += 1
        elif str(row.get("kind")) not in NEGATIVE_KINDS and row.get("value") != 0:
            clicked[where] = 1.0
            converted[where] += str(row.get("kind")) in conversions
    names: dict[str, int] = {}
    users = [
        -1 if row.get("user") is None else names.setdefault(str(row["user"]), len(names)) for row in ordered
    ]
    return Log(
        tuple(ordered), np.array(users, dtype=np.int64), filled, clicked, np.minimum(converted, 1.0), lost
    )


def _slots(row: Row, part: int) -> list[Any]:
    """Items (0), scores (1) or propensities (2) of an impression."""
    name = ("item", "score", "propensity")[part]
    found = []
    for slot in row["slots"]:
        if isinstance(slot, Mapping):
            found.append(slot.get(name))
        elif isinstance(slot, list | tuple) and slot:
            found.append(slot[part] if part < len(slot) else None)
        else:
            raise DataError(
                f"impression {str(row.get('id'))[:60]!r}: slot {str(slot)[:60]!r} is no item with its chance"
            )
    return found


def _number(value: object) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise DataError(f"{str(value)[:60]!r} in the log is not a number") from None


def _rows(path: Path) -> list[Row]:
    if path.is_dir():
        files = sorted(p for p in path.iterdir() if p.suffix in (".jsonl", ".ndjson", ".parquet"))
        if not files:
            raise NotFoundError(f"no .jsonl or .parquet file in {path}")
        return [row for file in files for row in _rows(file)]
    if not path.is_file():
        raise NotFoundError(f"no file {path}")
    if path.suffix == ".parquet":
        try:
            return list[Row](pl.read_parquet(path).to_dicts())
        except (pl.exceptions.PolarsError, OSError) as error:
            raise DataError(f"{path.name}: cannot be read as parquet: {str(error)[:200]}") from None
    return _lines(path)


def _lines(path: Path) -> list[Row]:
    found: list[Row] = []
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        if line.strip():
            try:
                row = json.loads(line)
            except (json.JSONDecodeError, RecursionError):
                row = None
            if not isinstance(row, dict) or not isinstance(row.get("slots") or [], list):
                message = "is not an impression or feedback as one JSON object a line"
                raise DataError(
                    [Problem(path.name, None, number, line[:60], message, "Write the log again.")]
                )
            found.append(row)
    return found
