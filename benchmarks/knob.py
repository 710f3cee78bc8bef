"""What a setting of a knob gains and costs: diversity and novelty from 0 to 1, through the engine, on held-out events.

Gains are shares of the gain at 1, for people the knob was not calibrated on. Beside the loss of relevance that answers report stands
the loss of NDCG@10 that came true, with its 95 % interval.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.common import keep, loaded
from llm4rec import Engine, sample_shop
from llm4rec.core import Dataset, Request
from llm4rec.core.sets import discount
from llm4rec.engine import Settings, path

N, DRAWS, MOST = 10, 2000, 1500
TURNED = (0.0, 0.25, 0.5, 0.75, 1.0)
DATA = {
    "ml-100k": ("ease", {"reg": 200.0, "decay": None, "tune": False}),
    "sample shop": ("ease", {"decay": None, "tune": False}),
    "filmtrust": ("als", {"tune": False}),
}


def data(name: str) -> Dataset:
    """A data set; of stars only those of 4 and more where there are such."""
    if name == "sample shop":
        return sample_shop(seed=0)
    return loaded(name, **({"min_rating": 4} if name == "ml-100k" else {})).dataset


def asked(name: str) -> tuple[Engine, list[Request], list[np.ndarray]]:
    """An engine fitted without a fifth of the events, and those as questions, of people it was not calibrated on."""
    whole = data(name)
    test = np.random.default_rng(30).permutation(len(whole.interactions)) % 5 == 0
    train, rest = whole.only(~test), whole.only(test)
    model, options = DATA[name]
    engine = Engine(Settings(encoder={"name": "none"}), model=model, **options).fit(train)
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


def turned(name: str, knob: str) -> list[dict[str, Any]]:
    """A row a setting of the knob."""
    engine, requests, targets = asked(name)
    rows: list[dict[str, Any]] = []
    own: np.ndarray | None = None
    drawn = np.random.default_rng(0).multinomial(
        len(requests), np.full(len(requests), 1 / len(requests)), size=DRAWS
    )
    for value in TURNED:
        some = [Request(r.history, user=r.user, n=N, **{knob: value}) for r in requests]
        found, _, told = path.ordered(engine.fitted, some)
        values = ndcg(found.items, targets)
        own = values if own is None else own
        lost = 1 - (drawn @ values) / (drawn @ own)
        rows.append(
            {
                "knob": value,
                "gain": float(np.mean([getattr(t, knob) for t in told])) if told else 0.0,
                "reported": float(np.mean([t.relevance for t in told])) if told else 0.0,
                "ndcg lost": float(1 - values.mean() / own.mean()),
                "interval": [float(v) for v in np.quantile(lost, [0.025, 0.975])],
            }
        )
    for row in rows:
        row["share"] = row["gain"] / rows[-1]["gain"] if rows[-1]["gain"] else 0.0
    return rows


def main() -> None:
    content: dict[str, Any] = {}
    for name in DATA:
        for knob in ("diversity", "novelty"):
            content[f"{name}, {knob}"] = rows = turned(name, knob)
            for row in rows:
                print(name, knob, {k: np.round(v, 3).tolist() for k, v in row.items()}, flush=True)
    keep("knob", content)


if __name__ == "__main__":
    main()
