"""Safety on the one path: texts without attacks, verdicts on items, and what is hidden from whom. Trains no model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import (
    Catalog,
    Column,
    ColumnType,
    DataError,
    Dataset,
    Encoder,
    NotFoundError,
    Numbers,
)
from llm4rec.core.harm import HARMS, Harm, JudgesHarm
from llm4rec.core.suspect import neutral
from llm4rec.engine.build import component_from
from llm4rec.engine.policy import Audience, SafetySettings

GUARD = "llm4rec.writers.guard:Guard"


@dataclass(frozen=True, eq=False)
class Safety:
    """Who judges, and what was found of each item: `harms` (items, HARMS)."""

    guard: Any
    harms: NDArray[np.bool_]

    def extended(self, catalog: Catalog) -> Safety:
        """With verdicts on further items."""
        return replace(self, harms=np.concatenate([self.harms, self.guard.judge(catalog.texts)]))

    def blocked(self, settings: SafetySettings, who: Audience) -> Numbers:
        """Numbers of the items that somebody may not be shown, ascending."""
        if not len(self.harmful):
            return self.harmful
        return self._in_any(settings.blocked(who))

    def _in_any(self, names: tuple[Harm, ...]) -> Numbers:
        """Numbers of the items that are harmful in any of some ways: looked up once for each policy."""
        if names not in self._known:
            places = [HARMS.index(name) for name in names]
            self._known[names] = self.harmful[self.harms[self.harmful][:, places].any(axis=1)]
        return self._known[names]

    @cached_property
    def _known(self) -> dict[tuple[Harm, ...], Numbers]:
        return {}

    @cached_property
    def harmful(self) -> Numbers:
        """Numbers of the items in which anything was found: few, so that a request need not look at all."""
        return np.flatnonzero(self.harms.any(axis=1))

    @property
    def notes(self) -> tuple[str, ...]:
        """How many items were found harmful in which way, and what could not be learnt."""
        counts = {name: int(count) for name, count in zip(HARMS, self.harms.sum(axis=0), strict=True)}
        told = ", ".join(f"{name} {count}" for name, count in counts.items() if count)
        found = (f"harmful items, hidden by policy: {told}",) if told else ()
        return (*found, *self.guard.notes)

    def state(self) -> dict[str, NDArray[Any]]:
        """Verdicts and classifier as arrays."""
        head = {f"head.{name}": array for name, array in self.guard.state().items()}
        return {"harms": self.harms.astype(np.uint8), **head}

    @classmethod
    def from_state(cls, state: dict[str, NDArray[Any]], encoder: Encoder | None) -> Safety:
        """The inverse of `state`."""
        head = {name.removeprefix("head."): a for name, a in state.items() if name.startswith("head.")}
        guard = component_from(GUARD).from_state(head, encoder)
        return cls(guard, state["harms"].astype(bool))


def default_guard() -> JudgesHarm:
    """The guard that comes with llm4rec: its lexicon, without a classifier."""
    guard: JudgesHarm = component_from(GUARD)()
    return guard


def judged(settings: SafetySettings, catalog: Catalog, encoder: Encoder | None) -> Safety | None:
    """Verdicts on a catalog; None where the settings ask for none."""
    if not settings.harm:
        return None
    kind = component_from(GUARD)
    guard = kind.taught(*_examples(settings.examples), encoder) if settings.examples else kind()
    return Safety(guard, guard.judge(catalog.texts))


WORDED = (ColumnType.TEXT, ColumnType.CATEGORY, ColumnType.TAGS)


def without_attacks(settings: SafetySettings, catalog: Catalog) -> tuple[Catalog, tuple[str, ...]]:
    """The catalog with neutral texts, and what is to be known of that; the very catalog where nothing was found."""
    if not settings.texts:
        return catalog, ()
    columns, touched = dict(catalog.columns), set()
    for name, column in catalog.columns.items():
        if column.type not in WORDED:
            continue
        changed = _neutral_column(column)
        rows = [n for n, (a, b) in enumerate(zip(column.values, changed, strict=True)) if a is not b]
        if rows:
            touched |= set(rows)
            columns[name] = Column(column.type, changed)
    if not touched:
        return catalog, ()
    ids = [str(catalog.ids.ids[row]) for row in sorted(touched)]
    told = f"attacks were taken out of the texts of {len(ids)} items: {', '.join(ids[:5])}{', ...' * (len(ids) > 5)}"
    return Catalog(catalog.ids, columns), (told,)


def _neutral_column(column: Column) -> NDArray[Any]:
    """Values of which those without an attack are the very objects that they were."""
    result = column.values.copy()
    known: dict[str, str] = {}  # a category is said of many items
    for row, value in enumerate(column.values):
        words = value if isinstance(value, tuple) else (value,)
        for word in words:
            if word and word not in known:
                known[word] = neutral(word)
        if any(word and known[word] != word for word in words):
            kept = tuple(known[word] for word in words if word and known[word])
            result[row] = kept if isinstance(value, tuple) else (kept[0] if kept else None)
    return result


def safe_data(
    settings: SafetySettings, dataset: Dataset, refit: Dataset | None
) -> tuple[Dataset, Dataset | None, tuple[str, ...]]:
    """Both data sets with neutral texts, and what is to be known of that."""
    catalog, notes = without_attacks(settings, dataset.catalog)
    if refit is not None and refit.catalog is not dataset.catalog:
        other, notes = without_attacks(settings, refit.catalog)
        refit = replace(refit, catalog=other) if notes else refit
    elif refit is not None and notes:
        refit = replace(refit, catalog=catalog)
    return (replace(dataset, catalog=catalog) if catalog is not dataset.catalog else dataset), refit, notes


def _examples(file: str) -> tuple[list[str], list[tuple[str, ...]]]:
    """Texts and categories, parted by "+", of a .csv, .jsonl or .parquet file; an empty category is harmless."""
    import polars as pl

    path = Path(file).expanduser()
    readers: dict[str, Any] = {".csv": pl.read_csv, ".jsonl": pl.read_ndjson, ".parquet": pl.read_parquet}
    if not path.is_file():
        raise NotFoundError(f"safety.examples: no file {file}")
    if path.suffix not in readers:
        raise DataError(f"safety.examples: {file} is none of {', '.join(readers)}")
    frame = readers[path.suffix](path)
    if not {"text", "category"} <= set(frame.columns):
        raise DataError(f"safety.examples: {file} needs columns text and category; it has {frame.columns}")
    texts = [str(text or "") for text in frame["text"].to_list()]
    labels = [tuple(one for one in str(c or "").split("+") if one) for c in frame["category"].to_list()]
    return texts, labels


def harms_of(safety: Safety | None, texts: Sequence[str]) -> list[tuple[str, ...]]:
    """The categories of each text; none where nothing is judged."""
    if safety is None:
        return [() for _ in texts]
    rows = safety.guard.judge(list(texts))
    return [tuple(name for name, yes in zip(HARMS, row, strict=True) if yes) for row in rows]
