"""What reranking costs and gains: ml-100k, ratings of 4 and more, 80/20, EASE, the best 100 reordered, lists of 10.

Strengths are chosen on validation (each sixth of the training part in turn): the largest gain of what a reranker is for at an NDCG loss
within a limit. The test part is asked once, with intervals over people.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np

from benchmarks.common import keep, loaded
from llm4rec.core import (
    Candidates,
    Column,
    ColumnType,
    Dataset,
    FitContext,
    Request,
    RerankContext,
    labels,
    masked,
    rarity,
    top_k,
)
from llm4rec.core.sets import discount, divergence, interest_shares
from llm4rec.engine.build import build_encoder, build_model, component_from
from llm4rec.engine.registry import component
from llm4rec.engine.settings import Settings
from llm4rec.evaluation.beyond import ild
from llm4rec.rerankers.chain import Chain

N, DEPTH, DRAWS, VALIDATIONS = 10, 100, 2000, 6
SEED = 20  # of the split that is quoted; 0 and 10 were looked at while this was built
FOREVER = 1e9
GENRES = {"cosine": 1.0}
PROVIDER = "decade"
COLD = 30  # taken by at most so many


@dataclass(frozen=True, eq=False)
class Asked:
    """Questions with their candidates and answers, and what rerankers may look at."""

    requests: list[Request]
    targets: list[np.ndarray]
    candidates: Candidates
    context: RerankContext

    @cached_property
    def truth(self) -> np.ndarray:
        """Which items were right, (people, items)."""
        right = np.zeros((len(self.targets), len(self.context.catalog)), dtype=bool)
        for row, target in zip(right, self.targets, strict=True):
            row[target] = True
        return right

    @cached_property
    def wanted(self) -> np.ndarray:
        """Shares of genres in each history, (people, genres)."""
        known = labels(self.context.catalog)
        return interest_shares([r.history for r in self.requests], known.shares, FOREVER).toarray()

    @cached_property
    def own(self) -> dict[str, np.ndarray]:
        """What the ranker's own lists are worth."""
        return measured(self.candidates.items[:, :N], self)


@dataclass(frozen=True)
class Row:
    """A line of the table: rerankers with their settings, the strengths to try, what to gain and what it may cost."""

    steps: tuple[tuple[str, Mapping[str, Any]], ...]
    grid: tuple[tuple[float, ...], ...]
    gain: str
    limit: float = 0.02


MMR, DPP = ("mmr", {"kernel": GENRES}), ("dpp", {"kernel": GENRES})
NOVEL, CALIBRATED = ("novel", {}), ("calibrated", {"half_life": FOREVER})
EVEN = ("xquad", {"half_life": FOREVER, "even": 1.0})
FAIR = ("fair", {"field": PROVIDER, "tolerance": 0.05, "cold": COLD})


def each(*strengths: float) -> tuple[tuple[float, ...], ...]:
    """Strengths to try for one reranker."""
    return tuple((s,) for s in strengths)


ROWS = {
    "mmr": Row((MMR,), each(0.3, 0.35, 0.4, 0.45, 0.5), "ild"),
    "dpp": Row((DPP,), each(0.05, 0.06, 0.07, 0.08, 0.1), "ild"),
    "dpp, Jaccard": Row((("dpp", {}),), each(0.06, 0.09, 0.12), "ild"),
    "ssd, texts": Row((("ssd", {}),), each(0.2, 0.4), "text ild"),
    "xquad": Row((("xquad", {"half_life": FOREVER}),), each(0.3, 0.5, 0.7), "genres"),
    "xquad, even": Row((EVEN,), each(0.75, 0.8, 0.85, 0.87), "genres"),
    "calibrated": Row((CALIBRATED,), each(0.2, 0.3, 0.4, 0.5), "kl", 0.012),
    "novel": Row((NOVEL,), each(0.3, 0.4, 0.45, 0.5), "coverage"),
    "novel, then dpp": Row((NOVEL, DPP), tuple(product((0.3, 0.35, 0.4), (0.06, 0.07, 0.08))), "all"),
    "novel, then mmr": Row((NOVEL, MMR), tuple(product((0.3, 0.35, 0.4), (0.35, 0.4, 0.45, 0.5))), "all"),
    "novel, then xquad, even": Row((NOVEL, EVEN), tuple(product((0.35, 0.4), (0.83, 0.85, 0.87))), "all"),
    "fair": Row((FAIR,), each(1.0), "provider"),
}


def divided(dataset: Dataset, parts: int, which: int = 0) -> tuple[Dataset, Dataset]:
    """The interactions without one of so many drawn parts, and that part."""
    drawn = np.random.default_rng(SEED).permutation(len(dataset.interactions)) % parts == which
    return dataset.only(~drawn), dataset.only(drawn)


def asked(train: Dataset, rest: Dataset, vectors: np.ndarray) -> Asked:
    """EASE fitted on `train`, and everybody who has something in `rest` asked for."""
    model = build_model("ease", {"reg": 200.0, "decay": None, "tune": False}).fit(train, FitContext())
    people = [u for u in range(len(train.users)) if len(rest.history(u)) and len(train.history(u))]
    requests = [Request(train.history(u), user=u, n=N) for u in people]
    targets = [np.unique(rest.history(u).items) for u in people]
    targets = [t[~np.isin(t, r.history.items)] for t, r in zip(targets, requests, strict=True)]
    some = [i for i, t in enumerate(targets) if len(t)]
    requests, targets = [requests[i] for i in some], [targets[i] for i in some]
    scores = masked(model.score(requests).copy(), requests)
    best = top_k(scores, DEPTH)
    candidates = Candidates(best, np.take_along_axis(scores, np.maximum(best, 0), axis=1))
    context = RerankContext(
        train.catalog, N, vectors, train.counts, users=len(train.users), matrix=train.matrix()
    )
    return Asked(requests, targets, candidates, context)


def made(row: Row, strengths: Sequence[float]) -> Chain:
    """The rerankers of a row with these strengths."""
    steps = []
    for (name, options), strength in zip(row.steps, strengths, strict=True):
        kind = component("reranker", name)
        steps.append(kind(kind.config_type.of({**options, "strength": strength})))
    return Chain(steps)


def measured(lists: np.ndarray, asked: Asked) -> dict[str, np.ndarray]:
    """Values by person, (people,)."""
    known = labels(asked.context.catalog)
    ideal = np.cumsum(discount(N))
    hits = np.take_along_axis(asked.truth, lists, axis=1)
    most = np.array([min(len(t), N) for t in asked.targets])
    ones = known.matrix.toarray()
    shares = known.shares.toarray()[lists].mean(axis=1)
    return {
        "ndcg": (hits * discount(N)).sum(axis=1) / ideal[most - 1],
        "ild": ild(lists, known.matrix),
        "genres": (ones[lists].sum(axis=1) > 0).mean(axis=1),
        "kl": divergence(asked.wanted, shares),
        "novelty": rarity(asked.context.counts, asked.context.users, len(ones))[lists].mean(axis=1),
    }


def exposure(lists: np.ndarray, asked: Asked) -> dict[str, float]:
    """Exposure over merit of the providers with 2 % of merit or more: least and most; and of cold items in all exposure."""
    known = labels(asked.context.catalog, PROVIDER)
    provider = known.numbers[:, 0]
    counts = asked.context.counts.astype(float)
    merit = np.bincount(provider + 1, counts)[1:]
    looked = np.tile(discount(N), (len(lists), 1))
    shown = np.bincount(provider[lists].ravel() + 1, looked.ravel(), minlength=len(merit) + 1)[1:]
    ratio = (shown / shown.sum()) / (merit / merit.sum())
    large = merit >= 0.02 * merit.sum()
    cold = float((looked * (counts[lists] <= COLD)).sum() / looked.sum())
    return {"least": float(ratio[large].min()), "most": float(ratio[large].max()), "cold": cold}


def changes(after: np.ndarray, before: np.ndarray, asked: Asked) -> dict[str, list[float]]:
    """Relative change of each figure, with the 95 % interval over people drawn again."""
    old, new = dict(asked.own), measured(after, asked)
    old["text ild"], new["text ild"] = (ild(x, asked.context.vectors) for x in (before, after))
    rng = np.random.default_rng(0)
    people = len(before)
    drawn = rng.multinomial(people, np.full(people, 1 / people), size=DRAWS).astype(np.float32)
    found = {}
    for key, values in old.items():
        draws = (drawn @ new[key]) / (drawn @ values) - 1
        found[key] = [new[key].mean() / values.mean() - 1, *np.quantile(draws, [0.025, 0.975])]
    items = len(asked.context.catalog)
    seen = [covered(drawn[:500], one, items) for one in (after, before)]
    whole = [covered(np.ones((1, people), np.float32), one, items)[0] for one in (after, before)]
    found["coverage"] = [whole[0] / whole[1] - 1, *np.quantile(seen[0] / seen[1] - 1, [0.025, 0.975])]
    return {key: [float(v) for v in values] for key, values in found.items()}


def covered(drawn: np.ndarray, lists: np.ndarray, items: int) -> np.ndarray:
    """Share of the catalog that the people drawn were shown, (draws,)."""
    shown = np.zeros((len(lists), items), np.float32)
    np.put_along_axis(shown, lists, 1.0, axis=1)
    return ((drawn @ shown) > 0).mean(axis=1)


def lists_of(chain: Chain, asked: Asked) -> tuple[np.ndarray, float]:
    """Lists of ten and the milliseconds a person."""
    begin = time.perf_counter()
    found = chain.rerank(asked.requests, asked.candidates, asked.context)
    return found.items[:, :N], 1e3 * (time.perf_counter() - begin) / len(asked.requests)


def prepared(chain: Chain, asked: Asked) -> Chain:
    """With what is learnt from lists learnt, on the same people's candidates."""
    return chain.prepare(asked.requests, asked.candidates, asked.context)


def worth(gain: str, found: Mapping[str, float]) -> float:
    """How much of what a row is for it reached."""
    if gain == "all":  # the least of the three, each over what is asked for
        return min(found["ild"] / 0.07, found["genres"] / 0.12, found["coverage"] / 0.15)
    return -found[gain] if gain == "kl" else found.get(gain, 0.0)


def chosen(row: Row, validations: Sequence[Asked]) -> tuple[float, ...]:
    """The strengths with the largest gain at an NDCG loss within the limit, on validation."""
    best, reached = row.grid[0], -np.inf
    for strengths in row.grid:
        found: dict[str, list[float]] = {}
        for one in validations:
            lists, _ = lists_of(prepared(made(row, strengths), one), one)
            before = one.candidates.items[:, :N]
            old, new = dict(one.own), measured(lists, one)
            items = len(one.context.catalog)
            everybody = np.ones((1, len(lists)), np.float32)
            old["coverage"], new["coverage"] = (covered(everybody, x, items) for x in (before, lists))
            if row.gain == "text ild":
                old["text ild"], new["text ild"] = (ild(x, one.context.vectors) for x in (before, lists))
            for key, values in old.items():
                found.setdefault(key, []).append(float(new[key].mean() / values.mean() - 1))
        mean = {key: float(np.mean(values)) for key, values in found.items()}
        if mean["ndcg"] >= -row.limit and worth(row.gain, mean) > reached:
            best, reached = strengths, worth(row.gain, mean)
    return best


def decades(dataset: Dataset) -> Dataset:
    """With the decade of release as a category: a stand-in for providers."""
    years = dataset.catalog.columns["year"].values
    names = np.array([None if np.isnan(y) else f"{int(y) // 10 * 10}s" for y in years], dtype=object)
    columns = {**dataset.catalog.columns, PROVIDER: Column(ColumnType.CATEGORY, names)}
    return replace(dataset, catalog=replace(dataset.catalog, columns=columns))


def text_vectors(dataset: Dataset) -> np.ndarray:
    """Whitened vectors of the item texts."""
    settings = Settings()
    encoder = build_encoder(settings, lambda steps, label, total=None: steps)
    raw = encoder.encode(dataset.catalog.texts)
    whitening = component_from("llm4rec.encoders:Whitening").fit(raw, settings.encoder.width)
    return component_from("llm4rec.encoders:WhitenedEncoder")(encoder, whitening).encode(
        dataset.catalog.texts
    )


def main() -> None:
    names = sys.argv[1:] or list(ROWS)
    dataset = decades(loaded("ml-100k", min_rating=4).dataset)
    vectors = text_vectors(dataset)
    train, test = divided(dataset, 5)
    validations = [asked(*divided(train, VALIDATIONS, part), vectors) for part in range(VALIDATIONS)]
    final = asked(train, test, vectors)
    before = final.candidates.items[:, :N]
    base = {key: float(v.mean()) for key, v in measured(before, final).items()} | exposure(before, final)
    base["coverage"] = float(covered(np.ones((1, len(before)), np.float32), before, len(dataset.catalog))[0])
    print("the ranker's own", {key: round(v, 4) for key, v in base.items()}, flush=True)
    content: dict[str, Any] = {"people": len(before), "own": base, "rows": {}}
    for name in names:
        strengths = chosen(ROWS[name], validations)
        chain = prepared(made(ROWS[name], strengths), final)
        lists, spent = lists_of(chain, final)
        found = changes(lists, before, final)
        content["rows"][name] = {
            "strengths": strengths,
            "changes": found,
            "ms": spent,
            **exposure(lists, final),
        }
        told = {k: f"{100 * v[0]:+.1f}% ({100 * v[1]:+.1f} {100 * v[2]:+.1f})" for k, v in found.items()}
        print(name, strengths, told, f"{spent:.2f} ms", exposure(lists, final), flush=True)
    keep("order", content)


if __name__ == "__main__":
    main()
