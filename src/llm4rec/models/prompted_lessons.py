"""What a causal language model learns to recommend from: names of items, and histories as texts. Trains nothing."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from pydantic import Field, NonNegativeFloat, PositiveInt
from scipy import sparse
from scipy.sparse.linalg import svds

from llm4rec.core import Config, Dataset, FitContext, Floats, History, Numbers, Request, as_csr, unit_rows
from llm4rec.models.codes import MANY, CodesConfig, SemanticCodes
from llm4rec.models.codes_views import UNKNOWN, last_digits
from llm4rec.models.prompted_names import BULLET, pieces_of
from llm4rec.models.prompts import header, plain, title_names

LEAST = 3  # positive events from which a person's last one is held out
DIRECTIONS = 32  # of who took what, in the vectors behind codes
TEXT = 120  # most characters of an item's text in a lesson
LEVELS = "abcdefgh"

Told = tuple[str, tuple[str, ...], int]
"""An opening, the parts behind it, and the number of the first part that is learnt."""


class LessonsConfig(Config):
    """What items are called in lessons, and what the lessons are."""

    names: Literal["codes", "titles"] = Field(
        "codes", description="what items are called: short codes or titles"
    )
    levels: int | None = Field(
        None, ge=1, le=4, description="words a code; none: two for up to 4,096 items, above that three"
    )
    history: PositiveInt = Field(
        20, description="latest items that a lesson tells, as model prompted's history"
    )
    together: NonNegativeFloat = Field(
        1.0, description="how much who took an item counts beside its text in its code; 0: the text alone"
    )
    texts: bool = Field(
        True, description="learn also which item a text is about, so that queries mean something"
    )


def course_of(dataset: Dataset, context: FitContext, config: LessonsConfig) -> dict[str, Any]:
    """Plain parts of a course for a language model.

    `lessons` and `held` as `Told`; `words` that its tokenizer should know as one token each; `names` of items by id (none
    where they are titles); `texts` to learn a vocabulary from; `window` parts that a lesson shows at once. Everyone's last
    positive event is held out, where there are LEAST: a model that is judged on last events has not learnt them.
    """
    titles = title_names(dataset.catalog.titles)
    taught = config.names == "codes"
    names, words = _codes(dataset, context, config) if taught else (titles, [])
    pieces = pieces_of(names, taught)
    parts = [piece if taught else f"{BULLET}{piece}" for piece in pieces]
    opening = header(Request(History.of([])))
    lessons: list[Told] = []
    held: list[Told] = []
    events: list[tuple[str, str]] = []
    ids, people = dataset.catalog.ids.ids, dataset.users.ids.ids
    for user in range(len(dataset.users)):
        liked = dataset.history(user).liked.tolist()
        if len(liked) >= LEAST:
            known = liked[:-1][-config.history :]
            held.append((opening, tuple(parts[item] for item in (*known, liked[-1])), len(known)))
            liked = liked[:-1]
        if liked:
            lessons.append((opening, tuple(parts[item] for item in liked), 0))
            events += [(str(people[user]), str(ids[item])) for item in liked]
    if config.texts:
        asked = [plain(text, TEXT) for text in dataset.catalog.texts]
        lessons += [
            (header(Request(History.of([]), query=text)), (part,), 0)
            for text, part in zip(asked, parts, strict=True)
            if text
        ]
    return {
        "lessons": lessons,
        "held": held,
        "words": words,
        "names": {str(one): name for one, name in zip(ids, names, strict=True)} if taught else {},
        "texts": [*titles, *(plain(text, TEXT) for text in dataset.catalog.texts), opening],
        "events": events,
        "window": config.history + 1,
    }


def _codes(dataset: Dataset, context: FitContext, config: LessonsConfig) -> tuple[list[str], list[str]]:
    """A name of a few words for each item, such as "<a17><b4>", and all words of such names.

    Codes of the item's text and of who took it (see `codes`), coarse first. Items of one code have different last words,
    as "<b4>" and "<b4.1>". Few long levels rather than many short ones: each word is a step of the language model.
    """
    size = len(dataset.catalog)
    vectors = _vectors(dataset, context, config.together)
    if not np.any(vectors):
        codes = np.zeros((size, 1), dtype=np.int64)  # nothing is known of them
    else:
        levels = config.levels or (2 if size <= MANY else 3)
        codes = SemanticCodes.fit(vectors, CodesConfig(levels=levels)).encode(vectors)
    names: list[str] = []
    words: set[str] = set()
    for row, digit in zip(codes.tolist(), last_digits(codes).tolist(), strict=True):
        parts = [f"{LEVELS[level]}{UNKNOWN if n < 0 else n}" for level, n in enumerate(row)]
        parts[-1] += f".{digit}" if digit else ""
        own = [f"<{part}>" for part in parts]
        names.append("".join(own))
        words.update(own)
    return names, sorted(words)


def _vectors(dataset: Dataset, context: FitContext, together: float) -> Floats:
    """(items, width): the item's text and who took it, each of length one times its weight."""
    size = len(dataset.catalog)
    parts = [np.zeros((size, 1), np.float32)]
    if context.encoder is not None and any(dataset.catalog.texts):
        parts.append(unit_rows(context.encoder.encode(dataset.catalog.texts)))
    if together:
        parts.append(np.float32(together) * _taken_by(dataset, dataset_rows(dataset)))
    return np.concatenate(parts, axis=1)


def dataset_rows(dataset: Dataset) -> Numbers:
    """Which interactions lessons may look at: all but everyone's last positive one, where there are LEAST."""
    rows = np.flatnonzero(dataset.interactions.positive)
    users = dataset.interactions.users[rows]
    last = np.full(len(dataset.users), -1, dtype=np.int64)
    last[users] = rows
    last[np.bincount(users, minlength=len(dataset.users)) < LEAST] = -1
    keep = np.ones(len(dataset.interactions), dtype=bool)
    keep[last[last >= 0]] = False
    return np.flatnonzero(keep)


def _taken_by(dataset: Dataset, rows: Numbers) -> Floats:
    """(items, DIRECTIONS) unit rows: principal directions of who took which item, people and items scaled to length one."""
    keep = np.zeros(len(dataset.interactions), dtype=bool)
    keep[rows] = True
    matrix = as_csr(dataset.only(keep).matrix().astype(np.float64))
    width = min(DIRECTIONS, min(matrix.shape) - 1)
    if width < 1 or not matrix.nnz:
        return np.zeros((matrix.shape[1], 1), np.float32)
    people = np.maximum(np.asarray(matrix.sum(axis=1)).ravel(), 1.0)
    items = np.maximum(np.asarray(matrix.sum(axis=0)).ravel(), 1.0)
    scaled = sparse.diags_array(1 / np.sqrt(people)) @ matrix @ sparse.diags_array(1 / np.sqrt(items))
    _, strength, found = svds(scaled, k=width, v0=np.ones(min(matrix.shape)))
    order = np.argsort(-strength)
    found = found[order]
    found = found * np.where(found[np.arange(width), np.abs(found).argmax(axis=1)] < 0, -1.0, 1.0)[:, None]
    return unit_rows(np.asarray((found * strength[order][:, None]).T, dtype=np.float32))
