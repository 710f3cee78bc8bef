"""Requests in plain language: read, held against the catalog, searched for, and ordered with the person's taste.

What the words mean is read by `writers/asking`; here their parts meet a fitted engine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import (
    Catalog,
    Floats,
    Generator,
    History,
    Numbers,
    Recommendations,
    Request,
    masked,
    unit_rows,
    zscore_rows,
)
from llm4rec.engine import path
from llm4rec.engine.build import component_from
from llm4rec.engine.fitted import Fitted
from llm4rec.engine.ordering import checked, turned
from llm4rec.engine.settings import AskSettings

HOME = "llm4rec.writers.asking:"
AGAINST = 0.5
"""What words and items that are not wanted weigh against those that are."""
LEAN = 1.5
"""What "rather short" weighs: from the longest to the shortest item, so many spreads of nearness in meaning, twice."""


@dataclass(frozen=True)
class Asked:
    """An answer, and the reading of the request it answers; `str(reading)` tells it in words, its JSON can be edited."""

    reading: Any
    answer: Recommendations


@dataclass(frozen=True, eq=False)
class Asker:
    """Who asks: what they did, what they may not be shown, and, as `tilt` (items,), what they want more or less of.

    `meaning` (width,), where it is given, stands for the words of the wish; `bonus` (items,) is added to the scores. `knobs`
    are those of `recommend` (diversity, novelty, explore); those that are not named stand as the settings say.
    """

    history: History
    user: int = -1
    excluded: Numbers = field(default_factory=lambda: np.zeros(0, np.int64))
    notes: tuple[str, ...] = ()
    tilt: Floats | None = None
    meaning: Floats | None = None
    bonus: Floats | None = None
    knobs: Mapping[str, Any] = field(default_factory=dict)


class Desk:
    """What is needed to answer requests from one fitted value; what takes long is made once for it."""

    def __init__(self, fitted: Fitted) -> None:
        self.fitted = fitted
        self.catalog: Catalog = fitted.catalog

    @property
    def lexicon(self) -> Any:
        """The catalog's words."""
        return self.fitted.made.once("lexicon", lambda: component_from(f"{HOME}Lexicon").of(self.catalog))

    @property
    def shelf(self) -> Any:
        """Which items have which value."""
        make = component_from(f"{HOME}Shelf").of
        return self.fitted.made.once("shelf", lambda: make(self.catalog, self.lexicon))

    @property
    def words(self) -> Any:
        """BM25 over all that is said of items."""
        return self.fitted.made.once("words", self._words)

    def _words(self) -> Any:
        said: list[list[str]] = [[text] for text in self.catalog.texts]
        for (_, value), rows in self.shelf.rows.items():
            for row in rows.tolist():
                said[row].append(value)
        return component_from(f"{HOME}Bm25").of([". ".join(parts) for parts in said])

    @property
    def letters(self) -> Any:
        """BM25 over groups of letters of titles, which forgives misspelling."""
        make = component_from(f"{HOME}Bm25").of
        return self.fitted.made.once("letters", lambda: make(self.catalog.titles, grams=True))

    @property
    def vectors(self) -> Floats | None:
        """(items, width) of the item texts as the encoder gives them, which words are compared with; None without one."""
        encoder = self.fitted.raw_encoder
        if encoder is None:
            return None
        return self.fitted.made.once("vectors", lambda: unit_rows(encoder.encode(self.catalog.texts)))

    @property
    def likeness(self) -> Floats | None:
        """(items, width) of the same vectors made for comparing items with items."""
        vectors, whitening = self.vectors, self.fitted.whitening
        if vectors is None or whitening is None:
            return vectors
        return self.fitted.made.once("likeness", lambda: unit_rows(whitening.transform(vectors)))

    def relevance(self, words: str, settings: AskSettings) -> Floats:
        """(items,) how well each item fits words, of whatever kind: in meaning, by the words themselves, by its title."""
        rows, weights = (
            [self.words.scores(words), self.letters.scores(words)],
            [settings.words, settings.letters],
        )
        if self.vectors is not None:
            rows.append(self.vectors @ self._worded(words))
            weights.append(settings.meaning)
        found: Floats = component_from(f"{HOME}fused")(rows, weights)
        return found

    def meant(self, words: str) -> Floats:
        """(items,) how near each item is to what words mean; where nothing encodes, what it earns for the words."""
        if self.vectors is None:
            return np.asarray(self.words.scores(words), dtype=np.float32)
        return np.asarray(self.vectors @ self._worded(words))

    def like(self, numbers: Sequence[int]) -> Floats:
        """(items,) how near the text of each item is to those of some items; zeros where nothing encodes."""
        if self.likeness is None:
            return np.zeros(len(self.catalog), dtype=np.float32)
        return np.asarray(self.likeness @ self.likeness[np.asarray(numbers, dtype=np.int64)].mean(axis=0))

    def read(self, asked: Any, year: int | None, generator: Generator | None) -> tuple[Any, tuple[str, ...]]:
        """The reading of a text, or a reading as it is given; and what could not be done as asked."""
        if not isinstance(asked, str):
            return asked, ()
        reading = component_from(f"{HOME}understood")(asked, self.lexicon, year)
        if generator is None:
            return reading, ()
        helped: tuple[Any, tuple[str, ...]] = component_from(f"{HOME}with_model")(
            reading, self.lexicon, generator
        )
        return helped

    def answer(self, reading: Any, asker: Asker, n: int, settings: AskSettings, depth: int = 0) -> Asked:
        """The best items that fulfil all hard pieces; where none does, those of the nearest reading that some fulfil.

        At least `depth` items come out where so many may be shown; n says how far a reading is opened.
        """
        free, seen = self._free(reading, asker)
        reading, allowed = self.shelf.opened(reading, n, free)
        if seen and len(asker.history):
            reading = reading.with_notes(component_from(f"{HOME}note")(reading.language, "only_known"))
        request = Request(
            asker.history,
            user=asker.user,
            query=reading.text,
            n=max(n, depth),
            tilt=asker.tilt,
            allowed=np.flatnonzero(allowed),
            seen="include" if seen else "exclude",
            **checked(asker.knobs),
        )
        request = turned(request, asker.knobs, self.fitted.rerank, self.catalog)
        scores, notes = self._scores(reading, request, asker, settings)
        found, trade = path.reordered(self.fitted, request, masked(scores[None], [request])[0], request.n)
        best = found.items[0]
        if len(best) < n:
            notes = (*notes, f"only {len(best)} of {n} items may be shown")
        if found.notes:
            notes = (*notes, *found.notes[0])
        answer = Recommendations(
            items=tuple(self.catalog.ids.names(best)),
            scores=tuple(float(s) for s in found.scores[0]),
            titles=tuple(self.catalog.titles[i] for i in best),
            version=self.fitted.version,
            degraded=(*asker.notes, *notes),
            propensities=() if found.propensities is None else tuple(found.propensities[0].tolist()),
            trade=trade,
        )
        return Asked(reading, answer)

    def _free(self, reading: Any, asker: Asker) -> tuple[NDArray[np.bool_], bool]:
        """(items,) what may be shown; and whether that is what is known already, because nothing new fulfils the hard pieces."""
        ids = self.catalog.ids
        named = ids.known(i for p in reading.named for i in p.items)
        free = np.ones(len(self.catalog), dtype=bool)
        free[named] = False
        free[asker.excluded] = False
        unseen = free.copy()
        unseen[asker.history.items] = False
        fulfils = self.shelf.allowed(reading.hard)
        seen = not (fulfils & unseen).any() and bool((fulfils & free).any())
        return (free if seen else unseen), seen

    def _scores(
        self, reading: Any, request: Request, asker: Asker, settings: AskSettings
    ) -> tuple[Floats, tuple[str, ...]]:
        """(items,) relevance, leanings and taste, each in spreads of what may be shown."""
        allowed = request.allowed
        assert allowed is not None
        total = np.zeros(len(self.catalog), dtype=np.float32)
        if not len(allowed):
            return total, ()
        rows, weights = self._rankings(reading, asker, settings)
        if rows:
            total[allowed] += component_from(f"{HOME}fused")([row[allowed] for row in rows], weights)
        for lean in reading.leans:
            total[allowed] += LEAN * self.leaning(self.shelf.numbers.get(lean.column), lean.more, allowed)
        taste, declined = path.scores(self.fitted, [replace(request, tilt=None)])
        weight = settings.popularity if declined[0] else settings.taste
        if not total.any():
            weight = 1.0  # nothing else tells items apart
        total[allowed] += weight * zscore_rows(taste[:, allowed])[0]
        if asker.bonus is not None:
            total += asker.bonus
        if request.tilt is not None:
            total[allowed] += (
                max(float(total[allowed].max() - total[allowed].mean()), 1e-6) * request.tilt[allowed]
            )
        told = "nothing is known of this user: what is popular counts a little"
        return total, (told,) if declined[0] and request.user >= 0 else ()

    @staticmethod
    def leaning(values: NDArray[np.float64] | None, more: bool, allowed: Numbers) -> Floats:
        """(allowed,) from -1 to 1 by the rank of a number; what is not known is at -1, zeros where there is none."""
        result = np.full(len(allowed), -1.0, dtype=np.float32)
        if values is None:
            return np.zeros(len(allowed), dtype=np.float32)
        some = values[allowed] if more else -values[allowed]
        known = np.flatnonzero(np.isfinite(some))
        if len(known) > 1:
            ordered = np.searchsorted(np.sort(some[known]), some[known])
            result[known] = 2.0 * ordered / (len(known) - 1) - 1.0
        return result

    def _rankings(
        self, reading: Any, asker: Asker, settings: AskSettings
    ) -> tuple[list[Floats], list[float]]:
        """Score rows (items,) of meaning, likeness, words and letters, and what each weighs; none without a wish."""
        rows, weights = self._meant(reading, asker.meaning), []
        weights += [settings.meaning] * len(rows)
        wish = reading.wish()
        if wish:
            rows += [self.words.scores(wish), self.letters.scores(wish)]
            weights += [settings.words, settings.letters]
        return rows, weights

    def _meant(self, reading: Any, meaning: Floats | None) -> list[Floats]:
        """How near each item is to what is wished for, and to the items that are liked, each less what is not wanted."""
        if self.vectors is None or self.likeness is None:
            return []
        worded = meaning
        if worded is None:
            worded = self._worded(reading.wish()) - AGAINST * self._worded(reading.wish(False))
        named = self._named(reading, "liked") - AGAINST * self._named(reading, "disliked")
        pairs = ((self.vectors, worded), (self.likeness, named))
        return [vectors @ direction for vectors, direction in pairs if direction.any()]

    def _worded(self, wish: str) -> Floats:
        """(width,) what words mean; zeros without words."""
        assert self.vectors is not None
        if not wish or self.fitted.raw_encoder is None:
            return np.zeros(self.vectors.shape[1], dtype=np.float32)
        return np.asarray(unit_rows(self.fitted.raw_encoder.encode([wish]))[0])

    def _named(self, reading: Any, role: str) -> Floats:
        """(width,) the mean of the items named in a role; zeros where none is."""
        assert self.likeness is not None
        numbers = self.catalog.ids.known(i for p in reading.named if p.role == role for i in p.items)
        if not len(numbers):
            return np.zeros(self.likeness.shape[1], dtype=np.float32)
        return np.asarray(unit_rows(self.likeness[numbers].mean(axis=0, keepdims=True))[0])


def ask(
    desk: Desk,
    asked: Any,
    asker: Asker,
    n: int,
    settings: AskSettings,
    year: int | None,
    generator: Generator | None,
) -> Asked:
    """Read and answer a request; the notes of the reading tell what was let go, `degraded` what went wrong."""
    reading, failed = desk.read(asked, year, generator)
    found = desk.answer(reading, asker, n, settings)
    answer = replace(found.answer, degraded=(*failed, *found.answer.degraded))
    return replace(found, answer=answer)
