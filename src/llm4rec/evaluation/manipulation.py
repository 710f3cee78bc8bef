"""Fake profiles that push an item, and how many lists they reach. Knows nothing of models but that they score.

Attacks of the literature (Lam and Riedl 2004; Mobasher et al. 2007): `random` and `average` profiles hide the item among
others drawn evenly or by popularity, `bandwagon` profiles among what everybody takes. `knowing` ones play against a model of
sequences: what lists are made from stands right before the item, again and again. `flood` is one that only wants
numbers. These come last in time, as an attack would. `noisy`, `copied` and those of `AIMS` know of `engine.shield` and answer it: they
come over eight weeks, and their histories are those of real people or full of noise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from llm4rec.core import DAY, Dataset, Numbers, Request, Times, Users, Vocabulary, masked, top_k
from llm4rec.evaluation.ranking import Scorer, checked

SIZE = 60  # other items of a profile
POPULAR = 300  # items that an attacker takes for popular
ROWS = 256  # requests at once
MINUTE = 60.0
WEEKS = 8  # over which patient accounts come
ENDS = 3  # last items of a history from which lists are mostly made


@dataclass(frozen=True)
class Attack:
    """So many fake profiles of one kind that push one item."""

    kind: str
    target: int
    profiles: int


def random_profile(dataset: Dataset, target: int, rng: np.random.Generator) -> Numbers:
    """Other items drawn evenly, then the target."""
    return _ended(_drawn(np.ones(len(dataset.catalog)), target, rng), target)


def average_profile(dataset: Dataset, target: int, rng: np.random.Generator) -> Numbers:
    """Other items drawn by popularity, then the target."""
    return _ended(_drawn(dataset.counts.astype(np.float64), target, rng), target)


def bandwagon_profile(dataset: Dataset, target: int, rng: np.random.Generator) -> Numbers:
    """The most popular items in any order, then the target."""
    popular = _popular(dataset, target)[:SIZE]
    return _ended(rng.permutation(popular), target)


def knowing_profile(dataset: Dataset, target: int, rng: np.random.Generator) -> Numbers:
    """Popular items with the target behind each."""
    chosen = rng.permutation(_popular(dataset, target)[:POPULAR])
    return np.stack([chosen, np.full(len(chosen), target)], axis=1).ravel()


def latest_profile(dataset: Dataset, target: int, rng: np.random.Generator) -> Numbers:
    """The target behind each of those items with which most histories end."""
    ends = dataset.offsets[1:][np.diff(dataset.offsets) > 0] - 1
    often = np.bincount(dataset.interactions.items[ends], minlength=len(dataset.catalog))
    often[target] = 0
    chosen = rng.permutation(np.argsort(-often, kind="stable")[:SIZE])
    return np.stack([chosen, np.full(len(chosen), target)], axis=1).ravel()


def flood_profile(dataset: Dataset, target: int, rng: np.random.Generator) -> Numbers:
    """A popular item, then the target a thousand times."""
    first = rng.choice(_popular(dataset, target)[:SIZE], 1)
    return np.concatenate([first, np.full(1000, target)])


def noisy_profile(dataset: Dataset, target: int, rng: np.random.Generator) -> Numbers:
    """As `latest`, with as many things drawn by popularity before it, so that accounts differ."""
    drawn = _drawn(dataset.counts.astype(np.float64), target, rng)
    return np.concatenate([drawn, latest_profile(dataset, target, rng)])


def copied_profile(dataset: Dataset, target: int, rng: np.random.Generator) -> Numbers:
    """The history of somebody, then the target."""
    return _ended(_somebody(dataset, target, rng), target)


@dataclass(frozen=True)
class Aim:
    """Accounts in so many teams; all of a team take the same `items` before the target, and `gap` others between."""

    teams: int
    items: int
    gap: int


def aimed_profile(dataset: Dataset, target: int, aim: Aim, place: int, rng: np.random.Generator) -> Numbers:
    """The history of somebody, the items from which most can be won, then the target; `place` says the team.

    Most can be won from those among the last three of one history in a hundred that are there most often for how often
    they are taken: they reach people, and few other things follow them.
    """
    own, sizes = _somebody(dataset, target, rng), np.diff(dataset.offsets)
    left = np.repeat(dataset.offsets[1:], sizes) - np.arange(len(dataset.interactions))
    often = np.bincount(dataset.interactions.items[left <= ENDS], minlength=len(dataset.catalog))
    worth = np.where(often >= 0.01 * np.count_nonzero(sizes), often / (dataset.counts + 50.0), 0.0)
    worth[target] = -1.0
    first = place % aim.teams * aim.items
    best = np.argsort(-worth, kind="stable")[first : first + aim.items]
    between = _drawn(np.ones(len(worth)), target, rng)[: aim.gap]
    return _ended(np.concatenate([own[~np.isin(own, best)], best, between]), target)


PROFILES: dict[str, Callable[[Dataset, int, np.random.Generator], Numbers]] = {
    "random": random_profile,
    "average": average_profile,
    "bandwagon": bandwagon_profile,
    "knowing": knowing_profile,
    "latest": latest_profile,
    "flood": flood_profile,
    "noisy": noisy_profile,
    "copied": copied_profile,
}
AIMS = {"aimed": Aim(1, 3, 0), "apart": Aim(1, 3, 3), "trios": Aim(2, 3, 0), "teams": Aim(2, 1, 0)}
KINDS = (*PROFILES, *AIMS)
PATIENT = ("noisy", "copied", *AIMS)  # not all at once


def attacked(dataset: Dataset, attack: Attack, rng: np.random.Generator) -> Dataset:
    """The data with the fake profiles behind its users; their events look like the best-valued one there is."""
    rows = [_profile(dataset, attack, place, rng) for place in range(attack.profiles)]
    real, first = dataset.interactions, len(dataset.users)
    values = np.nan_to_num(real.values, nan=0.0)
    like = real.take(np.full(sum(map(len, rows)), int(np.argmax(np.where(real.positive, values, -1.0)))))
    late = float(real.timestamps.max()) + MINUTE
    weeks = min(WEEKS * 7 * DAY, late - float(real.timestamps.min())) if attack.kind in PATIENT else 0.0
    begin = late - weeks * np.arange(len(rows)) / len(rows)
    fake = replace(
        like,
        users=np.repeat(np.arange(first, first + len(rows)), [len(row) for row in rows]),
        items=np.concatenate(rows),
        timestamps=np.concatenate([b + MINUTE * np.arange(len(r)) for b, r in zip(begin, rows, strict=True)]),
    )
    known = dataset.users.ids
    ids = _new_ids(known, len(rows))
    return replace(
        dataset,
        interactions=real.followed_by(fake).sorted(),
        users=dataset.users.extended(Users(Vocabulary(ids))),
    )


def unpopular(dataset: Dataset, size: int, rng: np.random.Generator, most: int = 3) -> Numbers:
    """Items to push: drawn among those that at least one and at most `most` people took; the least taken where none is."""
    counts = dataset.counts
    rare = np.flatnonzero((counts > 0) & (counts <= most))
    pool = rare if len(rare) else np.argsort(counts, kind="stable")[:size]
    return np.sort(rng.choice(pool, min(size, len(pool)), replace=False)).astype(np.int64)


def lists_of(scorer: Scorer, requests: Sequence[Request], items: int, n: int = 10) -> Numbers:
    """The n best items of each request, (requests, n), -1 padded."""
    parts = [np.zeros((0, n), dtype=np.int64)]
    for at in range(0, len(requests), ROWS):
        asked = requests[at : at + ROWS]
        scores = checked(scorer.score(asked), len(asked), items, "the model")[0]
        parts.append(top_k(masked(scores, asked), n))
    return np.concatenate(parts)


def reached(lists: Numbers, target: int, requests: Sequence[Request]) -> float:
    """Share of the lists that show the target, of people who have not taken it themselves."""
    free = np.array([target not in request.history.items for request in requests], dtype=bool)
    return float((lists[free] == target).any(axis=1).mean()) if free.any() else 0.0


def _profile(dataset: Dataset, attack: Attack, place: int, rng: np.random.Generator) -> Numbers:
    if attack.kind in AIMS:
        return aimed_profile(dataset, attack.target, AIMS[attack.kind], place, rng)
    return PROFILES[attack.kind](dataset, attack.target, rng)


def _somebody(dataset: Dataset, target: int, rng: np.random.Generator) -> Numbers:
    """What a person took, one of those with most in their history: half of all."""
    sizes = np.diff(dataset.offsets)
    user = rng.choice(np.flatnonzero((sizes > 0) & (sizes >= np.median(sizes[sizes > 0]))))
    own = dataset.history(int(user)).items
    return np.asarray(own[own != target], dtype=np.int64)


def _popular(dataset: Dataset, target: int) -> Numbers:
    order = np.argsort(-dataset.counts, kind="stable")
    return np.asarray(order[order != target], dtype=np.int64)


def _drawn(weights: Times, target: int, rng: np.random.Generator) -> Numbers:
    weights = weights.copy()
    weights[target] = 0.0
    size = min(SIZE, int(np.count_nonzero(weights)))
    return np.asarray(
        rng.choice(len(weights), size, replace=False, p=weights / weights.sum()), dtype=np.int64
    )


def _ended(items: Numbers, target: int) -> Numbers:
    return np.append(items, target).astype(np.int64)


def _new_ids(known: Vocabulary, size: int) -> list[str] | list[int]:
    if known.numeric:
        first = int(max(known.ids, default=0)) + 1
        return list(range(first, first + size))
    names = (f"fake-{n}" for n in range(size + len(known)))
    return [name for name in names if name not in known][:size]
