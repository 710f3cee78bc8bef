"""Students: small models that answer as a teacher does, from item vectors and a memory. Serve with numpy alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from llm4rec.core import (
    Answers,
    Catalog,
    Config,
    Dataset,
    FitContext,
    Floats,
    NotFittedError,
    Numbers,
    Places,
    Request,
)
from llm4rec.models.histories import liked_items
from llm4rec.models.maps import part, under
from llm4rec.models.student_memory import Memory
from llm4rec.models.student_reading import Reader

Form = Literal["transition", "sequence", "two-tower"]


class StudentConfig(Config):
    """Settings of a student and of its lessons.

    `window`: latest items that are read. `soft`: the teacher's share of the loss, the rest are hard labels;
    `temperature`: of the teacher's scores, in spreads over its list; `floor`: least weight of a list, however far the
    teacher was from what was taken. Above `full_up_to` items a step compares with the listed items and `negatives` drawn
    ones. `checkpoint`: a folder in which each epoch is kept, so that a fit that was killed goes on.
    """

    embedding_size: PositiveInt = 64
    window: PositiveInt = 50
    epochs: PositiveInt = 10
    batch_size: PositiveInt = 256
    learning_rate: PositiveFloat = 2e-2
    reg: NonNegativeFloat = 1e-4
    soft: float = Field(0.9, ge=0.0, le=1.0)
    temperature: PositiveFloat = 1.0
    floor: float = Field(0.3, ge=0.0, le=1.0)
    full_up_to: PositiveInt = 30_000
    negatives: PositiveInt = 2_048
    checkpoint: str = ""


class RememberingConfig(StudentConfig):
    """`memory`: items that each item remembers by themselves, beside what vectors say; 0 for none."""

    memory: NonNegativeInt = 128


class Student:
    """Score = (vector of the history) . (vector of the item) + what its items remember of the item.

    Learnt from lists of a teacher (`distil`), each weighed by how near it came to what was taken, and from what was
    taken itself; without a teacher (`fit`) from that alone. Sources: listwise loss on softened lists (Hinton et al.
    2015; Tang & Wang, "Ranking Distillation", KDD 2018); weights by the teacher's rank of the truth (Cui et al.,
    "Distillation Matters", RecSys 2024). Reads which items were liked and in which order, nothing else. Items that
    nobody took and no list names stand where their content puts them, as do items added later. Histories
    without positive events are declined.
    """

    form: ClassVar[Form]
    config_type: ClassVar[type[StudentConfig]]
    reader_: Reader
    vectors_: Floats  # (items, width + 1): the last column is how likely an item is whatever came before
    memory_: Memory

    def __init__(self, config: StudentConfig | None = None) -> None:
        self.config: StudentConfig = config or self.config_type()
        self.notes_: tuple[str, ...] = ()

    def fit(self, dataset: Dataset, context: FitContext) -> Self:
        """Learn from the data alone: at each place of each history, what was taken next."""
        places = Places.before_events(dataset).unanswered(self.config.window)
        return self.distil(dataset, context, places)

    def distil(self, dataset: Dataset, context: FitContext, answers: Answers) -> Self:
        """Learn from a teacher's lists and from what was taken; bit for bit the same for the same lists and seed."""
        from llm4rec.models.student_fitting import learn

        learnt = learn(self.form, self.config, dataset, context, answers)
        self.reader_, self.vectors_, self.memory_ = learnt.reader, learnt.vectors, learnt.memory
        self.notes_ = learnt.notes
        return self

    def score(self, requests: Sequence[Request], items: Numbers | None = None) -> Floats:
        """(requests, items) float32; -inf rows for histories without a positive event."""
        self._need_fit()
        rows = self._rows(requests)
        people = self.reader_.people(rows)
        scores = people @ self.vectors_.T
        for row, liked in enumerate(rows):
            if not len(liked):
                scores[row] = -np.inf
            elif self.memory_.width:
                scores[row] += self.memory_.recall(liked)
        return scores if items is None else scores[:, items]

    def _rows(self, requests: Sequence[Request]) -> list[Numbers]:
        """The latest liked items of each request, newest first."""
        items, bounds = liked_items(requests, self.config.window)
        return [items[a:b][::-1] for a, b in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)]

    def grow(self, catalog: Catalog, context: FitContext) -> Self:
        """The same student with the places that content gives to the new items."""
        from llm4rec.models.student_newcomers import Likeness

        self._need_fit()
        size = len(self.vectors_)
        new = np.arange(size, len(catalog))
        alike = Likeness.of(catalog, context, np.arange(size), new)
        grown = type(self)(self.config)
        grown.reader_ = self.reader_.followed_by(alike.predicted(self.reader_.inputs))
        grown.vectors_ = np.concatenate([self.vectors_, alike.predicted(self.vectors_)])
        grown.memory_ = self.memory_.grown(alike.nearest())
        grown.notes_ = self.notes_
        return grown

    def state(self) -> dict[str, NDArray[Any]]:
        """Plain arrays for an engine folder."""
        self._need_fit()
        return (
            {"vectors": self.vectors_}
            | under("reader", self.reader_.state())
            | under("memory", self.memory_.state())
        )

    def restore(self, state: Mapping[str, NDArray[Any]], context: FitContext) -> Self:
        """The inverse of `state`."""
        del context
        self.vectors_ = state["vectors"]
        self.reader_ = Reader.from_state(part("reader", state))
        self.memory_ = Memory.from_state(part("memory", state))
        return self

    def _need_fit(self) -> None:
        if not hasattr(self, "vectors_"):
            raise NotFittedError(f"{type(self).__name__} needs fit first")


class TransitionStudent(Student):
    """Low-rank transitions: the fading mean of what each item leads to, with a memory of single pairs.

    score = (sum_k w_k A[i_k]) . B[j] + sum_k m_k M[i_k, j], ages k = 0 for the latest, w and m learnt and summing to one.
    """

    form = "transition"
    config_type = RememberingConfig


class SequenceStudent(Student):
    """One block of attention from the latest item over the history, with the same memory.

    One head, a bias by age, a feed-forward part, as the last block of SASRec (Kang & McAuley, ICDM 2018); keys and values
    belong to items, so that a question costs one row of products.
    """

    form = "sequence"
    config_type = RememberingConfig


class TwoTowerStudent(Student):
    """A person is the fading mean of item vectors, compared with the same vectors: no network, no memory, an index serves it."""

    form = "two-tower"
    config_type = StudentConfig

    def user_vectors(self, requests: Sequence[Request]) -> Floats:
        """(len(requests), embedding_size + 1); zeros without a positive event."""
        self._need_fit()
        return self.reader_.people(self._rows(requests))

    def item_vectors(self) -> Floats:
        """(items, embedding_size + 1)."""
        self._need_fit()
        return self.vectors_
