"""What a task learns from, as columns: texts, who stands with whom, targets. Reads no data set and loads no network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from llm4rec.core import DataError, Floats, Numbers, Sparse, as_csr
from llm4rec.encoders.adapting.config import Task


@dataclass(frozen=True, eq=False)
class Examples:
    """Examples of one task. Numbers of texts point into `texts`; -1 is nobody.

    left      (n, length) one text, or the texts of a history, oldest first, padded in front
    right     (n,) the text asked about; None where the task reads one text
    hard      (n, h) texts that look alike and do not belong there, -1 padded
    targets   (n,) values, or (n, labels) shares that sum to 1
    near      (texts, texts) how much of what stands around each text is which, rows sum to 1
    together  sorted `left * len(texts) + right` of pairs that belong together: never negatives of each other
    held      (n,) rows for validation; `old` (n,) rows replayed from earlier data
    """

    task: Task
    texts: tuple[str, ...]
    left: Numbers
    held: NDArray[np.bool_]
    right: Numbers | None = None
    hard: Numbers | None = None
    targets: Floats | None = None
    labels: tuple[str, ...] = ()
    together: Numbers | None = None
    near: Sparse | None = None
    old: NDArray[np.bool_] | None = None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.left)

    def rows(self, held: bool, old: bool = False) -> Numbers:
        """Numbers of the examples of one part: to learn from or held out, of new or of old data."""
        source = np.zeros(len(self), dtype=bool) if self.old is None else self.old
        return np.asarray(np.flatnonzero((self.held == held) & (source == old)))

    def belong(self, left: Numbers, right: Numbers) -> NDArray[np.bool_]:
        """Which pairs of texts are known to belong together, (len(left), len(right)); a text belongs to itself."""
        found = left[:, None] == right[None, :]
        if self.together is None or not len(self.together):
            return np.asarray(found)
        keys = left[:, None] * len(self.texts) + right[None, :]
        places = np.minimum(np.searchsorted(self.together, keys), len(self.together) - 1)
        return np.asarray(found | (self.together[places] == keys))


class Texts:
    """Numbers for texts: equal texts have one number, an empty text has -1."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def add(self, texts: Sequence[str | None]) -> Numbers:
        """The number of each text, new ones behind the known ones."""
        found = np.full(len(texts), -1, dtype=np.int64)
        for row, text in enumerate(texts):
            if text is not None and text.strip():
                found[row] = self.numbers.setdefault(text, len(self.numbers))
        return found

    def listed(self) -> tuple[str, ...]:
        """All texts, in the order of their numbers."""
        return tuple(self.numbers)


def needed(task: Task, size: int, missing: str, remedy: str) -> None:
    """DataError where a task would have no examples."""
    if not size:
        raise DataError(f"task {task!r} has no examples: {missing}. {remedy}, or leave the task out")


def sampled(examples: Examples, most: int, rng: np.random.Generator) -> Examples:
    """At most `most` of the examples, drawn, in their order."""
    if len(examples) <= most:
        return examples
    return _taken(examples, np.sort(rng.choice(len(examples), most, replace=False)))


def _taken(examples: Examples, rows: Numbers) -> Examples:
    columns = {
        name: value[rows]
        for name in ("left", "held", "right", "hard", "targets", "old")
        if (value := getattr(examples, name)) is not None
    }
    return replace(examples, **columns)


def joined(new: Examples, old: Examples) -> Examples:
    """New and old examples of one task in one table, the old ones marked; labels are matched by name.

    DataError where the one speaks of texts and the other of histories.
    """
    if (new.right is None) != (old.right is None):
        raise DataError(
            f"task {new.task!r} reads reviews in one of new and replayed data, and histories in the other; "
            "bring reviews in both, or leave the task out"
        )
    shift = len(new.texts)
    texts = new.texts + old.texts
    left = _padded(new.left, _shifted(old.left, shift))
    hard = None
    if new.hard is not None and old.hard is not None:
        hard = _padded(new.hard, _shifted(old.hard, shift))
    right = None
    if new.right is not None and old.right is not None:
        right = np.concatenate([new.right, _shifted(old.right, shift)])
    labels = tuple(dict.fromkeys(old.labels + new.labels))
    targets = [_relabelled(part, labels) for part in (new, old)]
    return replace(
        new,
        texts=texts,
        left=left,
        hard=hard,
        right=right,
        held=np.concatenate([new.held, old.held]),
        targets=None if new.targets is None else np.concatenate(targets),
        labels=labels,
        together=_known(new, old),
        near=_beside(new.near, old.near),
        old=np.repeat([False, True], [len(new), len(old)]),
        notes=(*new.notes, *old.notes),
    )


def _shifted(numbers: Numbers, shift: int) -> Numbers:
    return np.where(numbers >= 0, numbers + shift, -1)


def _padded(first: Numbers, second: Numbers) -> Numbers:
    """One table above the other, the narrower one with nobody in front."""
    width = max(first.shape[1], second.shape[1])
    parts = [
        np.pad(part, ((0, 0), (width - part.shape[1], 0)), constant_values=-1) for part in (first, second)
    ]
    return np.concatenate(parts)


def _relabelled(part: Examples, labels: tuple[str, ...]) -> Floats:
    if part.targets is None or part.targets.ndim == 1:
        return np.zeros(0, np.float32) if part.targets is None else part.targets
    moved = np.zeros((len(part), len(labels)), dtype=np.float32)
    moved[:, [labels.index(name) for name in part.labels]] = part.targets
    return moved


def _known(new: Examples, old: Examples) -> Numbers | None:
    """Pairs that belong together in either table, in the numbers of both."""
    if new.together is None and old.together is None:
        return None
    size, parts = len(new.texts) + len(old.texts), []
    for part, shift in ((new, 0), (old, len(new.texts))):
        if part.together is not None and len(part.together):
            left, right = np.divmod(part.together, len(part.texts))
            parts.append((left + shift) * size + right + shift)
    return np.sort(np.concatenate(parts)) if parts else np.zeros(0, np.int64)


def _beside(new: Sparse | None, old: Sparse | None) -> Sparse | None:
    """What stands around the texts of either table; none of one stands around one of the other."""
    if new is None or old is None:
        return None
    return as_csr(sparse.block_diag([new, old]))
