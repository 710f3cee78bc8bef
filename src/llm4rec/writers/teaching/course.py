"""Lessons as texts, and as tokens in batches. Reproducible by step, so that a run that was killed goes on the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from llm4rec.core import DataError, Numbers

SORTED = 8  # batches whose lessons are sorted by length together
Lesson: TypeAlias = tuple[str, tuple[str, ...], int]
"""An opening, the parts behind it, and the number of the first part that is learnt. Each is tokenized by itself."""
Tokens: TypeAlias = Callable[[Sequence[str]], list[list[int]]]


@dataclass(frozen=True)
class Course:
    """Lessons to learn from and held-out ones to judge by.

    `words` should be one token each; `names` are kept beside the model for those who ask it; `texts` are what the
    vocabulary of a new model is made from; of `events` (user, item) in the lessons marks are kept beside the model; a lesson shows at most `window` parts at once.
    """

    lessons: Sequence[Lesson]
    held: Sequence[Lesson] = ()
    words: Sequence[str] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    texts: Sequence[str] = ()
    events: Sequence[tuple[str, str]] = ()
    window: int = 21

    def __post_init__(self) -> None:
        if not self.lessons:
            raise DataError("there is no lesson to teach: nobody took anything; add interactions")

    def signature(self) -> str:
        """Sixteen hexadecimal digits of everything in it."""
        parts = [self.lessons, self.held, self.words, dict(self.names), self.texts, self.events, self.window]
        return hashlib.blake2b(json.dumps(parts).encode(), digest_size=8).hexdigest()


@dataclass(frozen=True, eq=False)
class Row:
    """A lesson in tokens, ready to be shown: which tokens, and which of them are learnt."""

    tokens: list[int]
    learnt: list[bool]


class Rows:
    """Lessons in tokens. A long one is shown in windows that begin elsewhere in each epoch; a part is never cut."""

    def __init__(self, lessons: Sequence[Lesson], tokens: Tokens, window: int, room: int) -> None:
        distinct = list(dict.fromkeys(text for opening, parts, _ in lessons for text in (opening, *parts)))
        self._known = dict(zip(distinct, tokens(distinct), strict=True))
        self.lessons, self.window, self.room = lessons, window, room
        sizes = [-(-len(parts) // window) + (len(parts) > window) for _, parts, _ in lessons]
        self._owner = np.repeat(np.arange(len(lessons)), sizes)
        lengths = [
            len(self._known[opening]) + min(len(parts), window) * len(self._known[parts[0]])
            for opening, parts, _ in lessons
        ]
        self._length = np.array(lengths, dtype=np.int64)[self._owner]
        self._place = np.concatenate([np.arange(size) for size in sizes]) if sizes else np.zeros(0, int)

    def __len__(self) -> int:
        return len(self._owner)

    def order(self, seed: int, epoch: int, batch: int) -> Numbers:
        """The windows of one epoch, shuffled, so that those of one batch are about as long."""
        drawn = np.random.default_rng([seed, epoch])
        shuffled = drawn.permutation(len(self))
        blocks = []
        for at in range(0, len(shuffled), SORTED * batch):
            block = shuffled[at : at + SORTED * batch]
            block = block[np.argsort(self._length[block], kind="stable")]
            parts = [block[n : n + batch] for n in range(0, len(block), batch)]
            full = [part for part in parts if len(part) == batch]
            blocks += [full[n] for n in drawn.permutation(len(full))] + parts[len(full) :]
        return np.concatenate(blocks)

    def row(self, number: int, seed: int, epoch: int) -> Row:
        """One window. Across an epoch the windows of a lesson show each of its parts once."""
        lesson, place = int(self._owner[number]), int(self._place[number])
        opening, parts, first = self.lessons[lesson]
        start = 0
        if len(parts) > self.window:
            shift = int(np.random.default_rng([seed, epoch, lesson]).integers(1, self.window + 1))
            start = max(0, shift + (place - 1) * self.window)
            parts = parts[start : shift + place * self.window]
        tokens = list(self._known[opening])
        learnt = [False] * len(tokens)
        shown = [(self._known[part], start + n >= first) for n, part in enumerate(parts)]
        while shown and len(tokens) + sum(len(part) for part, _ in shown) > self.room:
            shown = shown[1:]
        for part, learns in shown:
            tokens += part
            learnt += [learns] * len(part)
        return Row(tokens, learnt)

    def whole(self, most: int) -> Iterator[Row]:
        """Up to `most` lessons drawn in a fixed order, each by the end of it."""
        for number in np.random.default_rng(0).permutation(len(self.lessons))[:most].tolist():
            opening, parts, first = self.lessons[number]
            cut = max(0, len(parts) - self.window)
            yield Rows([(opening, parts[cut:], first - cut)], self._again, self.window, self.room).row(
                0, 0, 0
            )

    def _again(self, texts: Sequence[str]) -> list[list[int]]:
        return [self._known[text] for text in texts]
