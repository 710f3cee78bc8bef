"""Asking a teacher: its best items for many histories, kept chunk by chunk. Knows nothing of who learns from them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from llm4rec.core import Answers, Dataset, Floats, FolderError, History, Numbers, Places, Progress, Request
from llm4rec.engine.fitted import Fitted
from llm4rec.engine.path import candidates

CHUNK = 1_024  # questions in one file


@dataclass(frozen=True, eq=False)
class Questions:
    """What a teacher is asked: `places` in histories, and each of `singles` as a history of one item."""

    places: Places
    singles: Numbers

    @classmethod
    def of(cls, dataset: Dataset, most: int, left_out: Numbers, rng: np.random.Generator) -> Questions:
        """Every item somebody took by itself, the end of every history but those of users `left_out`, and places before
        events, drawn where there are more than `most` in all.
        """
        taken = dataset.interactions.items[dataset.interactions.positive]
        ends = np.setdiff1d(np.unique(dataset.interactions.users), left_out)
        before = Places.before_events(dataset)
        singles = np.unique(taken)
        room = max(0, most - len(ends) - len(singles))
        if len(before) > room:
            before = before.take(np.sort(rng.choice(len(before), room, replace=False)))
        return cls(before.followed_by(Places.at_the_end(dataset, ends)), singles)

    def __len__(self) -> int:
        return len(self.places) + len(self.singles)

    def requests(self, start: int, stop: int, n: int) -> list[Request]:
        """Those of some rows, for lists of n."""
        middle = len(self.places)
        places = [self.places.request(row, n) for row in range(start, min(stop, middle))]
        singles = self.singles[max(0, start - middle) : max(0, stop - middle)]
        return places + [Request(History.of([int(item)]), n=n) for item in singles]

    def unanswered(self, window: int) -> Answers:
        """Histories of all rows, and what followed."""
        items = self.singles
        alone = Answers.none(items, np.arange(len(items) + 1), np.full(len(items), -1, np.int64))
        return Answers.joined([self.places.unanswered(window), alone])

    def digest(self) -> bytes:
        """Of all that decides what is asked."""
        sums = hashlib.blake2b(digest_size=8)
        for array in (self.places.users, self.places.ends, self.singles):
            sums.update(np.ascontiguousarray(array).tobytes())
        return sums.digest()


def asked(
    teacher: Fitted, questions: Questions, depth: int, window: int, kept: tuple[Path, str], progress: Progress
) -> Answers:
    """The teacher's lists of `depth` items; `kept` is a folder and the teacher's sign.

    Each chunk is written when it is done, and read where it is there already: a run that was killed goes on. FolderError
    names a chunk that is damaged. Lists of histories that the teacher declines are empty.
    """
    folder, sign = kept
    folder.mkdir(parents=True, exist_ok=True)
    depth = min(depth, len(teacher.catalog))
    sums = hashlib.blake2b(f"{sign} {depth} {CHUNK}".encode() + questions.digest(), digest_size=8)
    starts = range(0, len(questions), CHUNK)
    parts = []
    for start in progress(starts, "asking the teacher", len(starts)):
        path = folder / f"answers-{sums.hexdigest()}-{start // CHUNK:05d}.safetensors"
        stop = min(start + CHUNK, len(questions))
        if not path.is_file():
            _write(path, *_lists(teacher, questions.requests(start, stop, depth), depth))
        parts.append(_read(path, (stop - start, depth)))
    blank = questions.unanswered(window)
    lists, scores = (np.concatenate(side) for side in zip(*parts, strict=True))
    return replace(blank, lists=lists, scores=scores)


def _lists(teacher: Fitted, requests: Sequence[Request], depth: int) -> tuple[Numbers, Floats]:
    found, declined = candidates(teacher, requests, exact=True)
    lists = np.full((len(requests), depth), -1, np.int64)
    lists[:, : found.items.shape[1]] = found.items
    scores = np.zeros(lists.shape, np.float32)
    scores[:, : found.items.shape[1]] = np.where(found.items >= 0, found.scores, 0.0)
    lists[declined] = -1
    return lists, scores


def _write(path: Path, lists: Numbers, scores: Floats) -> None:
    """Beside its place, then renamed: a kill while writing leaves nothing half-written under this name."""
    from safetensors.numpy import save_file

    beside = path.with_suffix(f".{os.getpid()}.tmp")
    save_file({"lists": lists.astype(np.int32), "scores": scores}, beside)
    beside.replace(path)


def _read(path: Path, shape: tuple[int, int]) -> tuple[Numbers, Floats]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        found = load_file(path)
        lists, scores = found["lists"].astype(np.int64), found["scores"]
    except (SafetensorError, OSError, KeyError) as error:
        raise FolderError(
            f"{path} is damaged ({error}); delete it, and the teacher is asked again"
        ) from error
    if lists.shape != shape or scores.shape != shape or not np.isfinite(scores).all():
        raise FolderError(f"{path} does not hold {shape[0]} lists of {shape[1]}; delete it to ask again")
    return lists, scores
