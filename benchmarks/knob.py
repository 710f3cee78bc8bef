"""What a setting of a knob gains and costs: diversity, novelty and exploration from 0 to 1, through the engine, on held-out events.

Gains are shares of the gain at 1, for people whose lists and events no knob was calibrated or priced on. Beside the loss of NDCG@10 that
answers report, with the interval that they give, stands the loss that came true, with its 95 % interval over these people. A knob is kept as soon as it is measured: the same command goes on after a cut.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.common import OUT, keep, loaded, result
from llm4rec import Engine, sample_shop
from llm4rec.core import Dataset, Request, Trade
from llm4rec.core.sets import discount
from llm4rec.engine import Settings, path

N, DRAWS, MOST = 10, 2000, 1500
KNOBS = ("diversity", "novelty", "explore")
TURNED = (0.0, 0.25, 0.5, 0.75, 1.0)
DATA = {
    "ml-100k": ("ease", {"reg": 200.0, "decay": None, "tune": False}),
    "sample shop": ("ease", {"decay": None, "tune": False}),
    "filmtrust": ("als", {"tune": False}),
}


Asking = tuple[Engine, list[Request], list[np.ndarray]]


def data(name: str) -> Dataset:
    """A data set; of stars only those of 4 and more where there are such."""
    if name == "sample shop":
        return sample_shop(seed=0)
    return loaded(name, **({"min_rating": 4} if name == "ml-100k" else {})).dataset


def asked(name: str) -> Asking:
    """An engine fitted without a fifth of the events, and those as questions, of people it was not calibrated on."""
    whole = data(name)
    test = np.random.default_rng(30).permutation(len(whole.interactions)) % 5 == 0
    train, rest = whole.only(~test), whole.only(test)
    model, options = DATA[name]
    engine = Engine(Settings(encoder={"name": "none"}), model=model, **options).fit(train)
    engine.price_knobs()
    people = np.arange(len(train.users))
    sampled = np.linspace(0, len(people) - 1, min(300, len(people))).round().astype(int)
    requests, targets = [], []
    for user in np.setdiff1d(people, sampled)[:MOST]:
        history = train.history(int(user))
        right = np.setdiff1d(rest.history(int(user)).liked, history.items)
        if len(right) and len(history.liked):
            requests.append(Request(history, user=int(user), n=N))
            targets.append(right)
    return engine, requests, targets


def ndcg(lists: np.ndarray, targets: list[np.ndarray]) -> np.ndarray:
    """NDCG@10 by person."""
    hits = np.array([np.isin(row, t) for row, t in zip(lists, targets, strict=True)])
    ideal = np.cumsum(discount(N))
    return np.asarray((hits * discount(N)).sum(axis=1) / ideal[[min(len(t), N) - 1 for t in targets]])


def turned(asking: Asking, knob: str) -> dict[str, Any]:
    """A row a setting of the knob, and whether lists at 0 are the ranker's own."""
    engine, requests, targets = asking
    rows: list[dict[str, Any]] = []
    own, first = np.zeros(0), np.zeros((0, N), dtype=np.int64)
    drawn = np.random.default_rng(0).multinomial(
        len(requests), np.full(len(requests), 1 / len(requests)), size=DRAWS
    )
    for value in TURNED:
        some = [Request(r.history, user=r.user, n=N, **{knob: value}) for r in requests]
        found, _, told = path.ordered(engine.fitted, some)
        values = ndcg(found.items, targets)
        if not rows:
            own, first = values, found.items[:, :N]
        lost = 1 - (drawn @ values) / (drawn @ own)
        told_of = [[t.relevance, t.low, t.high] for t in told] or [[0.0, 0.0, 0.0]]
        reported, *between = np.mean(told_of, axis=0).tolist()
        true = float(1 - values.mean() / own.mean())
        low, high = (float(v) for v in np.quantile(lost, [0.025, 0.975]))
        rows.append(
            {
                "knob": value,
                "gain": gained(knob, found.items[:, :N], first, told),
                "reported": reported,
                "between": between,
                "ndcg lost": true,
                "interval": [low, high],
                "holds": between[0] <= true <= between[1],
                "within": low <= reported <= high,
            }
        )
    for row in rows:
        row["share"] = row["gain"] / rows[-1]["gain"] if rows[-1]["gain"] else 0.0
    gains = [row["gain"] for row in rows]
    # Asked beside others who turn it.
    mixed = [Request(r.history, user=r.user, n=N, **{knob: 0.5 * (at % 2)}) for at, r in enumerate(requests)]
    same = bool(np.array_equal(path.ordered(engine.fitted, mixed)[0].items[::2, :N], first[::2]))
    return {
        "people": len(requests),
        "own at 0": same,
        "rises": bool((np.diff(gains) > 0).all()),
        "rows": rows,
    }


def gained(knob: str, lists: np.ndarray, first: np.ndarray, told: Sequence[Trade]) -> float:
    """What a knob is for, a mean over lists: distance of pairs, bits of novelty; of `explore` the share of places with an item that the own
    list lacks.
    """
    if knob == "explore":
        return float(np.mean([(~np.isin(row, own)).mean() for row, own in zip(lists, first, strict=True)]))
    return float(np.mean([getattr(t, knob) for t in told])) if told else 0.0


def main() -> None:
    """Data sets by name, all without one; a knob that is kept is not turned again."""
    content: dict[str, Any] = dict(result("knob") or {})
    for name in sys.argv[1:] or DATA:
        missing = [knob for knob in KNOBS if f"{name}, {knob}" not in content]
        if not missing:
            print(f"{name}: kept in {OUT / 'knob.json'}; remove that to measure again", flush=True)
            continue
        asking = asked(name)
        for knob in missing:
            content[f"{name}, {knob}"] = found = turned(asking, knob)
            print(name, knob, {k: v for k, v in found.items() if k != "rows"}, flush=True)
            for row in found["rows"]:
                print(
                    "  ",
                    {k: np.round(np.asarray(v, dtype=float), 3).tolist() for k, v in row.items()},
                    flush=True,
                )
            keep("knob", content)


if __name__ == "__main__":
    main()
