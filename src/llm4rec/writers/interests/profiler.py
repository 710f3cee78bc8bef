"""Profiles of people from their events: topics, keywords, what is disliked, how sure, each with its proof."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import Catalog, Floats, History, Liking, Numbers, Profile, ProfileEdits, Proof, unit_rows
from llm4rec.writers.interests.events import Feeling, Stars, amount, event_weights
from llm4rec.writers.interests.keywords import TRIED, Read, diverse, one_word, telling
from llm4rec.writers.interests.topics import Cluster, Topics, find_topics
from llm4rec.writers.language import language, stop_words
from llm4rec.writers.terms import Terms, words_of

TOPICS, KEYWORDS, PROOFS = 5, 10, 5
ENOUGH = 8.0  # equal events after which a profile is half sure
ENOUGH_OF_ONE = 2.0  # and a topic or a keyword
DOUBTFUL = 0.2  # less sure than this, a dislike is not spoken of
REMEMBERED = (
    500  # names of which it is remembered what they are about: kept edits ask the same with every list
)
OWN_WORDS = 0.5  # what a word of somebody's own text counts beside one of an item's


@dataclass(frozen=True, eq=False)
class Behaviour:
    """What somebody did: a history, what they wrote with each event (str or None), and the rows it comes from."""

    history: History
    texts: NDArray[np.object_] | None = None
    rows: Numbers | None = None


class Profiler:
    """Makes profiles over one catalog; its topics are found when first needed."""

    def __init__(
        self,
        catalog: Catalog,
        vectors: Floats | None,
        cluster: Cluster,
        read: Read | None = None,
        stars: Stars = Stars(),  # noqa: B008 - frozen
    ) -> None:
        self.catalog = catalog
        self.cluster = cluster
        self.read = read
        self.stars = stars
        self.feeling: Feeling | None = None
        self._vectors = vectors
        self._known: dict[str, NDArray[np.bool_]] = {}

    @cached_property
    def terms(self) -> Terms:
        """Words of the item texts."""
        return Terms(self.catalog.texts, stop_words())

    @cached_property
    def vectors(self) -> Floats:
        """(items, width) of length one: those given, else directions in which the words of texts differ most."""
        if self._vectors is not None:
            return unit_rows(self._vectors)
        return unit_rows(self.terms.directions())

    @cached_property
    def topics(self) -> Topics:
        """Topics of the catalog."""
        return find_topics(self.catalog, self.vectors, self.terms, self.cluster)

    def profile(self, behaviour: Behaviour, edits: ProfileEdits | None = None, code: str = "en") -> Profile:
        """What somebody likes and dislikes; `edits` go before what events show."""
        edits = edits or ProfileEdits()
        weights = event_weights(behaviour.history, self.stars, behaviour.texts, self.feeling)
        if edits.erased:
            weights = np.zeros_like(weights)
        weights = np.where(np.isin(behaviour.history.items, list(self.removed(edits))), 0.0, weights)
        found = _Found(self, behaviour, weights.astype(np.float32))
        topics, bad_topics = found.topics()
        keywords, bad_keywords = found.keywords()
        dislikes = sorted([*bad_topics, *bad_keywords], key=lambda entry: entry.weight)
        kept = [self._edited(group, edits) for group in (topics, keywords, dislikes)]
        asked = _asked(edits)
        profile = Profile(
            topics=(*(e for e in asked if e.kind == "topic" and e.weight > 0), *kept[0]),
            keywords=(*(e for e in asked if e.kind == "keyword" and e.weight > 0), *kept[1]),
            disliked=(*(e for e in asked if e.weight < 0), *kept[2]),
            sure=round(_sure(weights, ENOUGH), 4),
            events=int(np.count_nonzero(weights)),
            language=language(code).code,
            vector=found.vector(),
        )
        return replace(profile, text=said(profile))

    def _edited(self, entries: Sequence[Liking], edits: ProfileEdits) -> list[Liking]:
        """The entries that the owner has not spoken of."""
        named = {*edits.topics, *edits.keywords, *edits.removed}
        return [entry for entry in entries if entry.name not in named]

    def removed(self, edits: ProfileEdits) -> frozenset[int]:
        """Items of removed topics and keywords: their events no longer count."""
        gone: set[int] = set()
        for name in edits.removed:
            gone.update(np.flatnonzero(self.about(name)).tolist())
        return frozenset(gone)

    def strange(self, edits: ProfileEdits) -> list[str]:
        """Names of topics that are none here: of another catalog, or of this one as it was."""
        words = [name for name in edits.removed if len(words_of(name, stop_words())) > 1]
        return [name for name in (*edits.topics, *words) if name not in self.topics.labels]

    def about(self, name: str) -> NDArray[np.bool_]:
        """Which items a topic holds, or whose texts have all the words of a keyword, in any form, (items,)."""
        found = self._known.get(name)
        if found is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            found = self._known[name] = self._about(name)
        return found

    def _about(self, name: str) -> NDArray[np.bool_]:
        if name in self.topics.labels:
            return np.asarray(self.topics.of == self.topics.labels.index(name))
        words = words_of(name, stop_words())
        found = np.full(len(self.catalog), bool(words))
        for word in words:
            found &= np.asarray(self.terms.counts[:, self._forms(word)].sum(axis=1)).ravel() > 0
        return found

    def _forms(self, word: str) -> list[int]:
        """The terms that are a word or a form of it ("ghost", "ghosts")."""
        return [place for place, name in enumerate(self.terms.names) if one_word(word, name)]

    def tilt(self, edits: ProfileEdits, most: float) -> Floats:
        """(items,) from -most to most: what the owner wants more of less what they want less of."""
        total = np.zeros(len(self.catalog), np.float32)
        for name, wish in [*edits.topics.items(), *edits.keywords.items()]:
            total += np.float32(wish) * self.about(name)
        return np.asarray(most * np.clip(total, -1.0, 1.0), dtype=np.float32)


class _Found:
    """What the events of one person show."""

    def __init__(self, profiler: Profiler, behaviour: Behaviour, weights: Floats) -> None:
        self.of = profiler
        self.behaviour = behaviour
        self.weights = weights
        self.items = behaviour.history.items
        self.all = max(float(np.abs(weights).sum()), 1e-9)

    def topics(self) -> tuple[list[Liking], list[Liking]]:
        """Topics liked, strongest first, and disliked."""
        own = self.of.topics.of[self.items] if len(self.items) else self.items
        entries = [
            self._entry("topic", self.of.topics.labels[topic], own == topic)
            for topic in np.unique(own).tolist()
        ]
        return _parted(entries, TOPICS)

    def keywords(self) -> tuple[list[Liking], list[Liking]]:
        """Keywords liked, strongest first, and disliked."""
        liked = self._words(np.maximum(self.weights, 0.0))
        disliked = [w for w in self._words(np.maximum(-self.weights, 0.0)) if w not in liked]
        good = [self._entry("keyword", word, self._with(word)) for word in liked]
        bad = [self._entry("keyword", word, self._with(word)) for word in disliked]
        return [e for e in good if e.weight > 0], [e for e in bad if e.weight < 0 and e.sure >= DOUBTFUL][
            : KEYWORDS // 2
        ]

    def vector(self) -> Floats:
        """sum_i w_i LM(x_i) of length one; zeros where nothing is known."""
        if not len(self.items):
            return np.zeros(self.of.vectors.shape[1], np.float32)
        summed = np.asarray(self.weights @ self.of.vectors[self.items], dtype=np.float32)
        return np.asarray(unit_rows(summed[None, :])[0])

    def _words(self, weights: Floats) -> list[str]:
        """The words that tell most of weighted events: of the items, and of what was written with them."""
        if not weights.any():
            return []
        terms = self.of.terms
        tried, worth = telling(terms, weights, self.items)
        tried, worth = self._with_own_words(tried, worth, weights)
        vectors = None
        if self.of.read is not None and len(tried):
            read = self.of.read([terms.names[int(i)] for i in tried])
            if read.any():
                vectors = (read, (weights @ self.of.vectors[self.items]).astype(np.float32))
        return [terms.names[int(tried[place])] for place in diverse(terms, tried, worth, KEYWORDS, vectors)]

    def _with_own_words(self, tried: Numbers, worth: Floats, weights: Floats) -> tuple[Numbers, Floats]:
        """The terms with what the person wrote: words of texts about these items count more, others come in."""
        texts = self.behaviour.texts
        if texts is None:
            return tried, worth
        places, total = self.of.terms.places, float(weights.sum())
        found = dict(zip(tried.tolist(), worth.tolist(), strict=True))
        for row in np.flatnonzero(weights).tolist():
            for word in set(words_of(str(texts[row] or ""), stop_words())):
                if word in places:
                    more = OWN_WORDS * float(weights[row]) / total
                    found[places[word]] = found.get(places[word], 0.0) + more
        order = sorted(found, key=lambda term: -found[term])[:TRIED]
        return np.array(order, np.int64), np.array([found[term] for term in order], np.float32)

    def _with(self, word: str) -> NDArray[np.bool_]:
        """Which events are about a word: it stands in the item's text or in what was written."""
        found = self.of.about(word)[self.items]
        if self.behaviour.texts is not None:
            found |= np.array([word in words_of(str(t or ""), stop_words()) for t in self.behaviour.texts])
        return found

    def _entry(self, kind: Literal["topic", "keyword"], name: str, among: NDArray[np.bool_]) -> Liking:
        weights = np.where(among, self.weights, 0.0)
        size = float(np.abs(weights).sum())
        agreed = abs(float(weights.sum())) / size if size else 0.0
        return Liking(
            kind,
            name,
            round(float(weights.sum()) / self.all, 4),
            round(_sure(weights, ENOUGH_OF_ONE) * agreed, 4),
            self._proof(weights),
        )

    def _proof(self, weights: NDArray[np.float64]) -> tuple[Proof, ...]:
        """The weightiest events that point the way their sum does."""
        history, rows = self.behaviour.history, self.behaviour.rows
        order = np.argsort(-weights * np.sign(weights.sum()), kind="stable")[:PROOFS]
        return tuple(
            Proof(
                self.of.catalog.ids.ids[int(history.items[e])],
                self.of.catalog.titles[int(history.items[e])],
                history.kind_names[int(history.kinds[e])],
                round(float(weights[e]), 4),
                -1 if rows is None else int(rows[e]),
            )
            for e in order.tolist()
            if weights[e] * weights.sum() > 0
        )


def _sure(weights: NDArray[np.floating], enough: float) -> float:
    """How sure so much evidence makes: 0 for none, half for `enough` events, never 1."""
    told = amount(np.asarray(weights, dtype=np.float32))
    return told / (told + enough)


def _parted(entries: Sequence[Liking], most: int) -> tuple[list[Liking], list[Liking]]:
    good = sorted((e for e in entries if e.weight > 0), key=lambda e: -e.weight)
    bad = sorted((e for e in entries if e.weight < 0 and e.sure >= DOUBTFUL), key=lambda e: e.weight)
    return good[:most], bad[:most]


def _asked(edits: ProfileEdits) -> list[Liking]:
    """What the owner said, as entries without proof: their word is enough."""
    return [
        *(Liking("topic", name, wish, 1.0, edited=True) for name, wish in edits.topics.items()),
        *(Liking("keyword", name, wish, 1.0, edited=True) for name, wish in edits.keywords.items()),
    ]


def said(profile: Profile) -> str:
    """A profile in words of its language."""
    spoken = language(profile.language)
    if not (profile.topics or profile.keywords or profile.disliked):
        return spoken.sentence("profile nothing")
    parts = []
    for template, entries in (
        ("profile topics", profile.topics[:3]),
        ("profile keywords", profile.keywords[:5]),
    ):
        if entries:
            parts.append(spoken.sentence(template, names=spoken.listed([e.name for e in entries])))
    if profile.disliked:
        names = spoken.listed([e.name for e in profile.disliked[:3]])
        parts.append(spoken.sentence("profile disliked", names=names))
    sure = "profile sure" if profile.sure >= 0.5 else "profile unsure"
    parts.append(spoken.sentence(sure, events=profile.events))
    return spoken.joined(parts)
