"""What reranking costs and gains: the best 100 of EASE reordered, lists of 10, on three catalogs.

Strengths are chosen on validation: the largest gain of what a reranker is for at an NDCG loss within a limit. Test parts are asked once, with
intervals over people. ml-100k by genres; amazon-games and goodbooks by their texts (goodbooks has no ratings: its readers are made up).
A row is kept as soon as it is there: the same command goes on after a cut.
Small trial: python -m benchmarks.order --small (few people, nothing is kept).
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import OUT, keep, result
from benchmarks.order_asked import (
    COLD,
    FOREVER,
    PARTS,
    PROVIDERS,
    SEED,
    VALIDATIONS,
    Asked,
    Draw,
    N,
    covered,
    draws,
    exposed,
    measured,
    shown,
)
from llm4rec.core import Floats
from llm4rec.engine.registry import component
from llm4rec.evaluation.tradeoff.points import Points
from llm4rec.rerankers.chain import Chain

RESAMPLES, OF_LISTS = 2000, 300
GENRES, TEXTS = {"cosine": 1.0}, {"text": 1.0}
ASKED = {"ild": 0.07, "text ild": 0.07, "genres": 0.12, "coverage": 0.15}
"""What is to be gained at an NDCG loss of 2 %."""


@dataclass(frozen=True)
class Row:
    """A line of the table: rerankers with their settings, the strengths to try, what to gain and what it may cost."""

    steps: tuple[tuple[str, Mapping[str, Any]], ...]
    grid: tuple[tuple[float, ...], ...]
    gain: tuple[str, ...]
    limit: float = 0.02


MMR, DPP = ("mmr", {"kernel": GENRES}), ("dpp", {"kernel": GENRES})
NOVEL, CALIBRATED = ("novel", {}), ("calibrated", {"half_life": FOREVER})
EVEN = ("xquad", {"half_life": FOREVER, "even": 1.0})
ALL = ("ild", "genres", "coverage")
BOTH = ("text ild", "coverage")


def each(*strengths: float) -> tuple[tuple[float, ...], ...]:
    """Strengths to try for one reranker."""
    return tuple((s,) for s in strengths)


def fair(name: str, grid: tuple[tuple[float, ...], ...], gain: str) -> Row:
    """Providers seen as they merit, cold items not less than before."""
    return Row((("fair", {"field": PROVIDERS[name], "tolerance": 0.05, "cold": COLD[name]}),), grid, (gain,))


def by_genres() -> dict[str, Row]:
    """Of films."""
    return {
        "mmr": Row((MMR,), each(0.3, 0.35, 0.4, 0.45, 0.5), ("ild",)),
        "dpp": Row((DPP,), each(0.04, 0.05, 0.06, 0.07, 0.08), ("ild",)),
        "dpp, Jaccard": Row((("dpp", {}),), each(0.03, 0.06, 0.09, 0.12), ("ild",)),
        "ssd, texts": Row((("ssd", {}),), each(0.2, 0.4, 0.6), ("text ild",)),
        "xquad": Row((("xquad", {"half_life": FOREVER}),), each(0.3, 0.5, 0.7), ("genres",)),
        "xquad, even": Row((EVEN,), each(0.75, 0.8, 0.85, 0.87), ("genres",)),
        "calibrated": Row((CALIBRATED,), each(0.2, 0.3, 0.4, 0.5), ("kl",), 0.012),
        "novel": Row((NOVEL,), each(0.3, 0.4, 0.45, 0.5), ("coverage",)),
        "novel, then dpp": Row((NOVEL, DPP), tuple(product((0.3, 0.35), (0.04, 0.05, 0.06, 0.07))), ALL),
        "novel, then mmr": Row((NOVEL, MMR), tuple(product((0.3, 0.35), (0.35, 0.4, 0.45, 0.5))), ALL),
        "novel, then xquad, even": Row((NOVEL, EVEN), tuple(product((0.3, 0.35), (0.83, 0.85, 0.87))), ALL),
        "novel, then xquad, even, then mmr": Row(
            (NOVEL, EVEN, MMR), tuple(product((0.3, 0.33, 0.36), (0.75, 0.8, 0.83), (0.3, 0.35, 0.4))), ALL
        ),
        "fair": fair("ml-100k", each(1.0), "ndcg"),
    }


def by_texts(name: str) -> dict[str, Row]:
    """Of what has no categories."""
    mmr, dpp = ("mmr", {"kernel": TEXTS}), ("dpp", {"kernel": TEXTS})
    rows = {
        "mmr": Row((mmr,), each(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8), ("text ild",)),
        "dpp": Row((dpp,), each(0.02, 0.05, 0.1, 0.15, 0.2), ("text ild",)),
        "ssd": Row((("ssd", {}),), each(0.1, 0.2, 0.4, 0.6), ("text ild",)),
        "novel": Row((NOVEL,), each(0.1, 0.2, 0.3, 0.4, 0.5), ("coverage",)),
        "novel, then mmr": Row((NOVEL, mmr), tuple(product((0.1, 0.2, 0.3), (0.2, 0.3, 0.4))), BOTH),
        "novel, then dpp": Row((NOVEL, dpp), tuple(product((0.1, 0.2, 0.3), (0.02, 0.05, 0.1))), BOTH),
    }
    return rows | ({"fair": fair(name, each(0.05, 0.1, 0.2, 0.4, 1.0), "gap")} if name in PROVIDERS else {})


def rows_of(name: str) -> dict[str, Row]:
    """The lines of a data set."""
    return by_genres() if name == "ml-100k" else by_texts(name)


def made(row: Row, strengths: Sequence[float]) -> Chain:
    """The rerankers of a row with these strengths."""
    steps = []
    for (name, options), strength in zip(row.steps, strengths, strict=True):
        kind = component("reranker", name)
        steps.append(kind(kind.config_type.of({**options, "strength": strength})))
    return Chain(steps)


def lists_of(chain: Chain, asked: Asked) -> tuple[np.ndarray, float]:
    """Lists of ten and the milliseconds a person; what is learnt from lists is learnt on the same people's candidates, before."""
    ready = chain.prepare(asked.requests, asked.candidates, asked.context)
    begin = time.perf_counter()
    found = ready.rerank(asked.requests, asked.candidates, asked.context)
    return found.items[:, :N], 1e3 * (time.perf_counter() - begin) / len(asked.requests)


def moved(lists: np.ndarray, one: Asked) -> dict[str, float]:
    """Relative changes against the ranker's own lists."""
    new, items = measured(lists, one), len(one.context.catalog)
    found = {key: float(new[key].mean() / values.mean() - 1) for key, values in one.own.items()}
    found["coverage"] = covered(lists, items) / covered(one.before, items) - 1
    if one.name in PROVIDERS:
        found["gap"] = gap(lists, one) / gap(one.before, one) - 1
    return found


def gap(lists: np.ndarray, one: Asked) -> float:
    """Half the sum of |share of exposure - share of merit| over providers."""
    every, _, merit = exposed(lists, one)
    seen = np.asarray(every.sum(axis=0)).ravel()
    return float(np.abs(seen / seen.sum() - merit).sum() / 2)


def worth(gain: Sequence[str], found: Mapping[str, float]) -> float:
    """How much of what a row is for it reached: of several, the least, each over what is asked for."""
    if len(gain) == 1:
        return -found[gain[0]] if gain[0] in ("kl", "gap") else found[gain[0]]
    return min(found[key] / ASKED[key] for key in gain)


def chosen(row: Row, validations: Sequence[Asked]) -> tuple[float, ...]:
    """On validation: the strengths with the largest gain at an NDCG loss within the limit; for several gains, of those that reach all that is
    asked the one that loses least. Where all lose more than the limit, the one that loses least.
    """
    if len(row.grid) == 1:
        return row.grid[0]
    tried = []
    for strengths in row.grid:
        found = [moved(lists_of(made(row, strengths), one)[0], one) for one in validations]
        mean = {key: float(np.mean([one[key] for one in found])) for key in found[0]}
        within = mean["ndcg"] >= -row.limit
        gained = worth(row.gain, mean)
        full = within and len(row.gain) > 1 and gained >= 1.0
        tried.append((within, full, gained if within and not full else mean["ndcg"], strengths))
    return max(tried)[-1]


def told_of(row: Row, draw: Draw) -> dict[str, Any]:
    """A row on one draw: what was chosen, the lists of the test and their time."""
    strengths = chosen(row, draw.validations)
    lists, spent = lists_of(made(row, strengths), draw.test)
    return {"strengths": list(strengths), "lists": lists.tolist(), "ms": spent}


class Table:
    """The test parts of all draws, and people drawn again; a person counts in every draw it asks in."""

    def __init__(self, tests: Sequence[Asked]) -> None:
        self.tests = tests
        everybody, place = np.unique(np.concatenate([t.people for t in tests]), return_inverse=True)
        size = len(everybody)
        again = np.random.default_rng(0).multinomial(size, np.full(size, 1 / size), size=RESAMPLES)
        self.again: Floats = again.astype(np.float32)
        self.places = np.split(place, np.cumsum([len(t.people) for t in tests])[:-1])

    def sums(self, values: Sequence[np.ndarray]) -> np.ndarray:
        """Sums over people drawn again, (resamples,), of values by person, a draw each."""
        place = np.concatenate(self.places)
        by = np.bincount(place, np.concatenate(values), minlength=self.again.shape[1])
        return np.asarray(self.again @ by)

    def changes(self, lists: Sequence[np.ndarray]) -> dict[str, list[float]]:
        """Relative change of each figure, with the 95 % interval over people drawn again."""
        found = {}
        new = [measured(one, test) for one, test in zip(lists, self.tests, strict=True)]
        for key in self.tests[0].own:
            after, before = ([values[key] for values in side] for side in (new, [t.own for t in self.tests]))
            whole = np.concatenate(after).sum() / np.concatenate(before).sum() - 1
            drawn = self.sums(after) / self.sums(before) - 1
            found[key] = [float(whole), *map(float, np.quantile(drawn, [0.025, 0.975]))]
        return found | {"coverage": self.coverage(lists)}

    def coverage(self, lists: Sequence[np.ndarray]) -> list[float]:
        """Catalog coverage, a mean over draws. Fewer people show less: the interval is put around the change itself."""
        items = len(self.tests[0].context.catalog)
        own = [test.before for test in self.tests]
        whole = np.mean([covered(x, items) for x in lists]) / np.mean([covered(x, items) for x in own]) - 1
        sides = []
        for side in (lists, own):
            drawn_items = [
                (shown(x, items).T @ self.again[:OF_LISTS, at].T > 0).sum(axis=0)
                for x, at in zip(side, self.places, strict=True)
            ]
            sides.append(np.sum(drawn_items, axis=0))
        drawn = sides[0] / sides[1] - 1
        spread = np.quantile(drawn - drawn.mean(), [0.025, 0.975])
        return [float(whole), *(float(whole + one) for one in spread)]

    def exposure(self, lists: Sequence[np.ndarray]) -> dict[str, Any]:
        """Exposure over merit of the providers with 2 % of merit or, where fewer than five have it, of the twenty largest; of cold items, in all
        and inside providers weighed by merit, shares of exposure with intervals.
        """
        every, cold, merit = (list(side) for side in zip(*map(exposed, lists, self.tests), strict=True))
        shares = np.mean(merit, axis=0)
        large = np.flatnonzero(shares >= 0.02)
        large = large if len(large) >= 5 else np.argsort(-shares)[:20]
        sums = [
            np.stack([self.again @ self._by(x[:, g]) for g in large], axis=1)
            for x in (_stack(every), _stack(cold))
        ]
        whole = [np.asarray(_stack(x).sum(axis=0)).ravel() for x in (every, cold)]
        totals = [self.again @ self._by(_stack(x).sum(axis=1)) for x in (every, cold)]
        ratio = whole[0] / whole[0].sum() / np.maximum(shares, 1e-12)
        inside = whole[1][large] / np.maximum(whole[0][large], 1e-9) @ shares[large] / shares[large].sum()
        drawn = (sums[1] / np.maximum(sums[0], 1e-9)) @ shares[large] / shares[large].sum()
        return {
            "providers": len(large),
            "least": float(ratio[large].min()),
            "most": float(ratio[large].max()),
            "within": float(((ratio[large] >= 0.8) & (ratio[large] <= 1.25)).mean()),
            "cold": [float(whole[1].sum() / whole[0].sum()), *_ends(totals[1] / totals[0])],
            "cold inside": [float(inside), *_ends(drawn)],
        }

    def _by(self, values: Any) -> np.ndarray:
        """Sums by person, (everybody,)."""
        flat = np.asarray(values.todense() if hasattr(values, "todense") else values).ravel()
        return np.bincount(np.concatenate(self.places), flat, minlength=self.again.shape[1])


def _stack(parts: Sequence[Any]) -> Any:
    from scipy import sparse

    return sparse.csc_matrix(sparse.vstack(parts))


def _ends(drawn: np.ndarray) -> list[float]:
    return [float(v) for v in np.quantile(drawn, [0.025, 0.975])]


def providers_of(tests: Sequence[Asked], lists: Sequence[np.ndarray]) -> dict[str, Any]:
    """Exposure over all parts, and the least and most of each part by itself."""
    alone = [Table([test]).exposure([one]) for test, one in zip(tests, lists, strict=True)]
    parts = [[one["least"], one["most"]] for one in alone]
    return {"exposure": {**Table(tests).exposure(lists), "parts": parts}}


def measure(name: str, small: bool, points: Points) -> dict[str, Any]:
    """The table of a data set; what is kept is not chosen again."""
    rows = rows_of(name)
    found: dict[str, list[dict[str, Any]]] = {row: [] for row in rows}
    tests = []
    for number, draw in enumerate(draws(name, small)):
        tests.append(draw.test)
        print(name, "part", number, len(draw.test.requests), "people", flush=True)
        for label, row in rows.items():
            about = {"row": repr(row), "part": number}
            found[label].append(points.of(about, partial(told_of, row, draw)))
    table, first = Table(tests), Table(tests[:1])
    own = [test.before for test in tests]
    base = {key: float(np.mean(np.concatenate([t.own[key] for t in tests]))) for key in tests[0].own}
    base["coverage"] = float(np.mean([covered(x, len(tests[0].context.catalog)) for x in own]))
    content: dict[str, Any] = {"people": sum(map(len, own)), "parts": len(tests), "own": base, "rows": {}}
    if name in PROVIDERS:
        content |= providers_of(tests, own)
    for label, parts in found.items():
        lists = [np.array(part["lists"], dtype=np.int64) for part in parts]
        line: dict[str, Any] = {"strengths": [part["strengths"] for part in parts]}
        line |= {"changes": table.changes(lists), "ms": float(np.mean([part["ms"] for part in parts]))}
        line |= providers_of(tests, lists) if label == "fair" else {}
        line |= {"first part": first.changes(lists[:1])} if len(tests) > 1 else {}
        content["rows"][label] = line
        told = {
            k: f"{100 * v[0]:+.1f}% ({100 * v[1]:+.1f} {100 * v[2]:+.1f})" for k, v in line["changes"].items()
        }
        print(label, line["strengths"], told, f"{line['ms']:.2f} ms", line.get("exposure", ""), flush=True)
    return content


def main() -> None:
    """Data sets by name, all without one."""
    small = "--small" in sys.argv
    names = [name for name in sys.argv[1:] if name != "--small"] or list(PARTS)
    for name in names:
        folder = Path(tempfile.mkdtemp()) if small else OUT / f"order-{name}"
        points = Points(
            folder, {"benchmark": "order", "data": name, "seed": SEED, "validations": VALIDATIONS}
        )
        content = measure(name, small, points)
        if not small:
            keep("order", {**(result("order") or {}), name: content})


if __name__ == "__main__":
    main()
