"""A door to the compressing of encoders, and the questions that a data set asks of one. Knows nothing of how it is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import (
    Dataset,
    FitContext,
    Floats,
    Holdout,
    Interactions,
    Numbers,
    Progress,
    masked,
    silent,
    top_k,
)
from llm4rec.engine.build import build_model, component_from
from llm4rec.engine.fitting import hold_out_last
from llm4rec.engine.settings import EncoderSettings

ROOM = "llm4rec.encoders.compressing"
DEPTH = 10  # of the lists that are judged
MOST_QUESTIONS = 5000
ONCE = 500  # requests scored together


def compress_encoder(
    output: Path,
    options: Mapping[str, object],
    dataset: Dataset | None = None,
    progress: Progress = silent,
) -> Any:
    """`llm4rec.encoders.compressing.compress` with plain options: a `Compressed`. SettingsError names a wrong option.

    With a data set, an encoder is measured on its item texts, and by how well they find each person's last item.
    """
    config = component_from(f"{ROOM}:CompressConfig").of(options, "compress")
    questions = None
    if dataset is not None:
        rng = np.random.default_rng(config.seed)
        questions = questions_of(some_of(dataset, config.most_texts, rng), rng)
    return component_from(f"{ROOM}:compress")(output, config, questions, progress)


def questions_of(dataset: Dataset, rng: np.random.Generator) -> Any:
    """The texts of the items, and what vectors of them are worth: NDCG@10 of the last positive item of each person.

    As the model `content` does with texts alone: whitened, the history summed up with the latest items first, all
    items ranked that the history does not hold.
    """
    texts = dataset.catalog.texts
    before, holdout = hold_out_last(dataset, MOST_QUESTIONS, rng)
    about = f"{len(texts):,} item texts of {dataset.name!r}"
    asked = (lambda vectors: gains(before, holdout, vectors)) if len(holdout) else None
    return component_from(f"{ROOM}:Questions")(texts, asked, about)


def gains(dataset: Dataset, holdout: Holdout, vectors: Floats) -> NDArray[Any]:
    """NDCG@10 of each question with these vectors of the items (items, width), float64."""
    width = EncoderSettings().width
    whitened = component_from("llm4rec.encoders:Whitening").fit(vectors, width).transform(vectors)
    model = build_model("content", {"attributes": 0.0})
    model.fit(dataset, FitContext(encoder=_Known(dataset.catalog.texts, whitened)))
    found: list[float] = []
    for start in range(0, len(holdout), ONCE):
        requests = list(holdout.requests[start : start + ONCE])
        best = top_k(masked(model.score(requests), requests), min(DEPTH, len(vectors)))
        for row, targets in zip(best, holdout.targets[start : start + ONCE], strict=True):
            (place,) = np.nonzero(row == targets[0])
            found.append(1 / np.log2(place[0] + 2) if len(place) else 0.0)
    return np.array(found)


def some_of(dataset: Dataset, most: int, rng: np.random.Generator) -> Dataset:
    """A data set of at most `most` items: people in random order with all they took, as long as there is room.

    What nobody drawn took fills the rest.
    """
    if len(dataset.catalog) <= most:
        return dataset
    chosen: set[int] = set()
    people: list[int] = []
    for user in rng.permutation(len(dataset.users)):
        taken = chosen | set(dataset.history(int(user)).items.tolist())
        if len(taken) <= most:
            chosen = taken
            people.append(int(user))
        if len(chosen) >= most:
            break
    others = [int(item) for item in rng.permutation(len(dataset.catalog)) if int(item) not in chosen]
    return _reduced(
        dataset,
        np.sort(np.array([*chosen, *others[: most - len(chosen)]], np.int64)),
        np.sort(np.array(people, np.int64)),
    )


def _reduced(dataset: Dataset, items: Numbers, people: Numbers) -> Dataset:
    """Some people with all they took, and some items, renumbered."""
    numbers = np.full(len(dataset.catalog), -1, dtype=np.int64)
    numbers[items] = np.arange(len(items))
    persons = np.full(len(dataset.users), -1, dtype=np.int64)
    persons[people] = np.arange(len(people))
    events: Interactions = dataset.interactions.take(persons[dataset.interactions.users] >= 0)
    events = replace(events, users=persons[events.users], items=numbers[events.items])
    catalog, users = dataset.catalog.take(items), dataset.users.take(people)
    return Dataset(events, catalog, users, dataset.name, dataset.synthetic, dataset.notes)


class _Known:
    """An encoder that was asked already: vectors by text."""

    name = "known"

    def __init__(self, texts: Sequence[str], vectors: Floats) -> None:
        self.vectors = vectors
        self.rows = {text: row for row, text in enumerate(texts)}

    @property
    def width(self) -> int:
        """Numbers in a vector."""
        return int(self.vectors.shape[1])

    def encode(self, contents: Sequence[str]) -> Floats:
        """(len(contents), width) float32."""
        return self.vectors[[self.rows[text] for text in contents]]
