"""A data set without harmful items and texts, on request and with counts. Judges nothing itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from llm4rec.core import Dataset, Numbers
from llm4rec.core.harm import HARMS, JudgesHarm
from llm4rec.data.reading import LoadedDataset


def harmful(dataset: Dataset, judge: JudgesHarm) -> dict[str, Numbers]:
    """Items by the way in which their texts are harmful; ways without any are left out."""
    found = judge.judge(dataset.catalog.texts)
    return {name: np.flatnonzero(column) for name, column in zip(HARMS, found.T, strict=True) if column.any()}


def without_harmful(loaded: LoadedDataset, judge: JudgesHarm) -> tuple[LoadedDataset, str]:
    """Without harmful items, which renumbers the others, without interactions with them and without those whose own text
    is harmful; and what that took away. Marks of official splits are kept row by row.
    """
    dataset = loaded.dataset
    rows = dataset.interactions
    good = np.ones(len(dataset.catalog), dtype=bool)
    for items in harmful(dataset, judge).values():
        good[items] = False
    stays = good[rows.items]
    if rows.texts is not None:
        said = np.flatnonzero([bool(text) for text in rows.texts])
        stays[said] &= ~judge.judge([str(rows.texts[row]) for row in said]).any(axis=1)
    kept, items = np.flatnonzero(stays), np.flatnonzero(good)
    told = (
        f"harmful = drop: interactions {len(rows):,} -> {len(kept):,}, items {len(good):,} -> {len(items):,}"
    )
    if len(kept) == len(rows) and len(items) == len(good):
        return loaded, told
    left = dataset.only(kept)
    renumbered = replace(left.interactions, items=np.searchsorted(items, left.interactions.items))
    clean = replace(
        left,
        interactions=renumbered,
        catalog=dataset.catalog.take(items),
        notes=(*dataset.notes, f"cleaning: {told}"),
    )
    marks = {name: values[kept] for name, values in loaded.marks.items()}
    return replace(loaded, dataset=clean, marks=marks), told
