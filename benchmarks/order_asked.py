"""Questions with the candidates that rerankers are tried on, and what their lists are worth. Knows no reranker.

A draw is a test part with the parts that strengths are chosen on. ml-100k: each fifth of its ratings of 4 and more is a test once, chosen on
sixths of the rest. Large data sets: the last item of a person is the test and the one before it the validation, of people drawn with seed 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
from scipy import sparse

from benchmarks.common import folder, loaded
from llm4rec.core import (
    Candidates,
    Column,
    ColumnType,
    Dataset,
    FitContext,
    Holdout,
    Request,
    RerankContext,
    labels,
    masked,
    rarity,
    top_k,
)
from llm4rec.core.sets import discount, divergence, interest_shares
from llm4rec.data import read_items
from llm4rec.data.folds import Split
from llm4rec.data.simulator import Traits, WorldConfig, simulate
from llm4rec.data.splits import split
from llm4rec.engine.build import build_encoder, build_model, component_from
from llm4rec.engine.settings import Settings
from llm4rec.evaluation.beyond import ild
from llm4rec.evaluation.tuning.task import on_validation

N, DEPTH, VALIDATIONS = 10, 100, 4
SEED = 20  # of the parts of ml-100k; 0 and 10 were looked at while the first rerankers were built
FOREVER = 1e9
COLD = {"ml-100k": 30, "goodbooks": 5}  # taken by at most so many
PROVIDERS = {"ml-100k": "decade", "goodbooks": "first author"}
PEOPLE = 6000  # of a large data set, at most
STEP = 1000
PARTS = {"ml-100k": 5, "amazon-games": 1, "goodbooks": 1}


@dataclass(frozen=True, eq=False)
class Asked:
    """Questions with their candidates and answers, and what rerankers may look at."""

    requests: list[Request]
    targets: list[np.ndarray]
    candidates: Candidates
    context: RerankContext
    name: str = "ml-100k"

    @property
    def before(self) -> np.ndarray:
        """The ranker's own lists, (people, N)."""
        return np.asarray(self.candidates.items[:, :N])

    @property
    def people(self) -> np.ndarray:
        """Who asks."""
        return np.array([request.user for request in self.requests], dtype=np.int64)

    @cached_property
    def wanted(self) -> np.ndarray:
        """Shares of genres in each history, (people, genres)."""
        known = labels(self.context.catalog)
        return interest_shares([r.history for r in self.requests], known.shares, FOREVER).toarray()

    @cached_property
    def own(self) -> dict[str, np.ndarray]:
        """What the ranker's own lists are worth."""
        return measured(self.before, self)


@dataclass(frozen=True, eq=False)
class Draw:
    """A test part, and the parts that strengths are chosen on, which are made when they are first needed."""

    make: Callable[[], tuple[Asked, ...]]
    test: Asked

    @cached_property
    def validations(self) -> tuple[Asked, ...]:
        """What is chosen on."""
        return self.make()


def draws(name: str, small: bool = False) -> Iterator[Draw]:
    """Every draw of a data set; `small`: one whose test is its validation, so that a trial sees no test part."""
    if name == "ml-100k":
        yield from of_parts(small)
    else:
        yield of_lasts(name, small)


def of_parts(small: bool) -> Iterator[Draw]:
    """Parts of the ratings of ml-100k, each the test once."""
    dataset = decades(loaded("ml-100k", min_rating=4).dataset)
    vectors = np.eye(len(dataset.catalog), 8, dtype=np.float32) if small else text_vectors(dataset)
    for part in range(1 if small else PARTS["ml-100k"]):
        train, rest = divided(dataset, 5, part)
        inner = [divided(train, 6, one) for one in range(1 if small else VALIDATIONS)]
        make = partial(asked_parts, inner, vectors)
        yield Draw(make, make()[0] if small else asked_rest(train, rest, vectors))


def of_lasts(name: str, small: bool) -> Draw:
    """Last items, fitted once without the validation part and the test part."""
    dataset, made = lasts(name)
    vectors = np.eye(len(dataset.catalog), 8, dtype=np.float32) if small else text_vectors(dataset)
    (fold,) = made.folds
    learnt = on_validation(fold)
    model = build_model("ease", {"decay": None, "tune": False}).fit(learnt.train, FitContext())
    first = asked_held(model, learnt.train, learnt.tests[""], vectors, name, 200 if small else PEOPLE)
    if small:
        return Draw(lambda: (first,), first)
    return Draw(lambda: (first,), asked_held(model, learnt.train, fold.tests[""], vectors, name, PEOPLE))


def lasts(name: str) -> tuple[Dataset, Split]:
    """amazon-games with its own split; goodbooks, which has no ratings, with readers who are made up."""
    if name == "goodbooks":
        dataset = readers()
        return dataset, split(dataset, "leave-last-out")
    data = loaded(name)
    return data.dataset, split(data.dataset, "leave-last-out", data.marks)


def readers(people: int = 3000, themes: int = 40) -> Dataset:
    """Made-up readers of the real books, who like themes: clusters of texts. Authors are providers, by the first name."""
    from scipy.cluster.vq import kmeans2

    catalog = read_items(folder("goodbooks") / "items.parquet")
    authors = catalog.columns["authors"].values
    first = np.array([str(one or "").partition(",")[0].strip() or None for one in authors], dtype=object)
    known = {**catalog.columns, PROVIDERS["goodbooks"]: Column(ColumnType.CATEGORY, first)}
    catalog = replace(catalog, columns=known)
    vectors = encoded(catalog.texts)
    centres, _ = kmeans2(vectors.astype(np.float64), themes, minit="++", rng=np.random.default_rng(0))
    near = vectors @ (centres / np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), 1e-9)).T
    best = np.argsort(-near, axis=1)[:, :2]
    weights = np.zeros_like(near, dtype=np.float64)
    np.put_along_axis(weights, best, np.array([[1.0, 0.5]]), axis=1)
    groups = np.unique([str(one) for one in first], return_inverse=True)[1]
    fame = np.sqrt(np.nan_to_num(catalog.columns["ratings_count"].values.astype(np.float64)))
    traits = Traits.of(weights, groups=groups, fame=fame)
    made = simulate(catalog, traits, WorldConfig(readers=people), np.random.default_rng(0), "goodbooks")
    return made.dataset


def divided(dataset: Dataset, parts: int, which: int = 0) -> tuple[Dataset, Dataset]:
    """The interactions without one of so many drawn parts, and that part."""
    drawn = np.random.default_rng(SEED).permutation(len(dataset.interactions)) % parts == which
    return dataset.only(~drawn), dataset.only(drawn)


def asked_rest(train: Dataset, rest: Dataset, vectors: np.ndarray) -> Asked:
    """EASE fitted on `train`, and everybody who has something in `rest` asked for."""
    model = build_model("ease", {"reg": 200.0, "decay": None, "tune": False}).fit(train, FitContext())
    people = [u for u in range(len(train.users)) if len(rest.history(u)) and len(train.history(u))]
    requests = [Request(train.history(u), user=u, n=N) for u in people]
    targets = [np.unique(rest.history(u).items) for u in people]
    return asked(model, train, requests, targets, vectors, "ml-100k")


def asked_parts(parts: Sequence[tuple[Dataset, Dataset]], vectors: np.ndarray) -> tuple[Asked, ...]:
    """The same for each pair of parts."""
    return tuple(asked_rest(train, rest, vectors) for train, rest in parts)


def asked_held(
    model: Any, train: Dataset, holdout: Holdout, vectors: np.ndarray, name: str, most: int
) -> Asked:
    """Some of the people of a holdout, drawn with seed 0."""
    some = holdout.sample(most, np.random.default_rng(0))
    requests = [replace(request, n=N) for request in some.requests]
    return asked(model, train, requests, [np.unique(t) for t in some.targets], vectors, name)


def asked(
    model: Any,
    train: Dataset,
    requests: Sequence[Request],
    targets: Sequence[np.ndarray],
    vectors: np.ndarray,
    name: str,
) -> Asked:
    """The model's best, without those who have nothing new to be found."""
    new = [t[~np.isin(t, r.history.items)] for t, r in zip(targets, requests, strict=True)]
    some = [i for i, t in enumerate(new) if len(t)]
    requests, new = [requests[i] for i in some], [new[i] for i in some]
    items, values = [], []
    for at in range(0, len(requests), STEP):
        part = requests[at : at + STEP]
        scores = masked(model.score(part).copy(), part)
        best = top_k(scores, DEPTH)
        items.append(best)
        values.append(np.take_along_axis(scores, np.maximum(best, 0), axis=1))
    candidates = Candidates(np.concatenate(items), np.concatenate(values))
    context = RerankContext(train.catalog, N, vectors, train.counts, users=len(train.users))
    return Asked(requests, new, candidates, context, name)


def measured(lists: np.ndarray, asked: Asked) -> dict[str, np.ndarray]:
    """Values by person, (people,); of genres on ml-100k alone, of texts where vectors are."""
    ideal = np.cumsum(discount(N))
    hits = np.array([np.isin(row, t) for row, t in zip(lists, asked.targets, strict=True)])
    most = np.array([min(len(t), N) for t in asked.targets])
    rare = rarity(asked.context.counts, asked.context.users, len(asked.context.catalog))
    found = {"ndcg": (hits * discount(N)).sum(axis=1) / ideal[most - 1], "novelty": rare[lists].mean(axis=1)}
    if asked.name == "ml-100k":
        known = labels(asked.context.catalog)
        shares = known.shares.toarray()[lists].mean(axis=1)
        found |= {"ild": ild(lists, known.matrix), "kl": divergence(asked.wanted, shares)}
        found["genres"] = (known.matrix.toarray()[lists].sum(axis=1) > 0).mean(axis=1)
    found["text ild"] = ild(lists, asked.context.vectors)
    return found


def shown(lists: np.ndarray, items: int) -> sparse.csr_matrix:
    """Ones where a list shows an item, (people, items)."""
    row = np.repeat(np.arange(len(lists)), lists.shape[1])
    return sparse.csr_matrix((np.ones(lists.size, np.float32), (row, lists.ravel())), (len(lists), items))


def covered(lists: np.ndarray, items: int) -> float:
    """Share of the catalog that somebody was shown."""
    return len(np.unique(lists)) / items


def exposed(lists: np.ndarray, asked: Asked) -> tuple[sparse.csr_matrix, sparse.csr_matrix, np.ndarray]:
    """Exposure of each provider, and of its cold items alone, by list (people, providers), and the merit of each."""
    provider = labels(asked.context.catalog, PROVIDERS[asked.name]).numbers[:, 0]
    counts = asked.context.counts.astype(float)
    merit = np.bincount(provider + 1, counts)[1:]
    looked = np.tile(discount(N), (len(lists), 1)).ravel()
    row = np.repeat(np.arange(len(lists)), N)
    owner = provider[lists].ravel()
    cold = (counts[lists] <= COLD[asked.name]).ravel()
    every, alone = [
        sparse.csr_matrix((looked[k], (row[k], owner[k])), (len(lists), len(merit)))
        for k in (owner >= 0, (owner >= 0) & cold)
    ]
    return every, alone, merit / merit.sum()


def decades(dataset: Dataset) -> Dataset:
    """With the decade of release as a category: a stand-in for providers."""
    years = dataset.catalog.columns["year"].values
    names = np.array([None if np.isnan(y) else f"{int(y) // 10 * 10}s" for y in years], dtype=object)
    columns = {**dataset.catalog.columns, PROVIDERS["ml-100k"]: Column(ColumnType.CATEGORY, names)}
    return replace(dataset, catalog=replace(dataset.catalog, columns=columns))


def text_vectors(dataset: Dataset) -> np.ndarray:
    """Whitened vectors of the item texts."""
    return encoded(dataset.catalog.texts)


def encoded(texts: Sequence[str]) -> np.ndarray:
    """Whitened vectors, from the cache where they are there."""
    settings = Settings()
    encoder = build_encoder(settings, lambda steps, label, total=None: steps)
    whitening = component_from("llm4rec.encoders:Whitening").fit(
        encoder.encode(texts), settings.encoder.width
    )
    return np.asarray(component_from("llm4rec.encoders:WhitenedEncoder")(encoder, whitening).encode(texts))
