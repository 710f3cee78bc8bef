"""Sentiment of reviews with 100 labels: a head, label prompts, self-training and augmentation, each against the plain head.

Different texts of beauty-reviews and reviews-2023 in one fixed order. The first 2,500 served to look at the methods: labels are drawn
from them, and some of the others come without a label. The next 1,100 were asked in an earlier run and are left out; all behind those
are asked about, once. No text stands on two sides.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.common import folder, keep
from llm4rec.data import Deletion, Swap, augment_texts, on_off
from llm4rec.encoders import SentenceConfig, SentenceEncoder
from llm4rec.encoders.few_labels import (
    LabelPrompts,
    Logistic,
    LogisticConfig,
    SelfTraining,
    SelfTrainingConfig,
    best_amount,
    evened,
    macro_f1,
    shares,
)

POOL, FREE, USED, LABELS = 1300, 1200, 1100, 100  # of texts, one behind the other; and labels in a draw
TOKENS = 48
WORDS = {
    "negative": ["negative", "terrible", "disappointing", "bad", "a waste of money"],
    "neutral": ["neutral", "okay", "average", "mixed"],
    "positive": ["positive", "great", "excellent", "good", "wonderful"],
}
PLAIN = "logistic, evened"
Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class World:
    """Vectors and labels of the reviews that are used, and of the edited copies of the pool."""

    vectors: NDArray[np.float32]
    labels: NDArray[np.int64]
    made: NDArray[np.float32]
    origins: NDArray[np.int64]
    prompts: LabelPrompts


def main() -> None:
    draws = int(sys.argv[1]) if len(sys.argv) > 1 else 12
    world = read()
    asked = world.labels[POOL + FREE :]
    found: dict[str, list[Doubles]] = {}
    for draw in range(draws):
        rng = np.random.default_rng(draw)
        for name, chances in answers(world, rng.permutation(POOL)[:LABELS], rng):
            found.setdefault(name, []).append(np.stack([asked, chances.argmax(axis=1)], axis=1))
    result = {name: row(rows, found[PLAIN]) for name, rows in found.items()}
    for name, told in result.items():
        print(f"{name:40}", " ".join(f"{key} {value:+.4f}" for key, value in told.items()))
    keep("few_labels", result)


def read() -> World:
    texts, labels = reviews()
    encoder = SentenceEncoder(SentenceConfig(max_length=TOKENS))
    more = augment_texts(texts[:POOL], [Deletion(), Swap()], np.random.default_rng(0))
    for effect in more.effects:
        print(effect)
    return World(
        encoder.encode(texts),
        labels,
        encoder.encode(more.texts),
        more.origins,
        LabelPrompts.of(encoder, WORDS),
    )


def reviews() -> tuple[list[str], NDArray[np.int64]]:
    """Texts, and 0 up to two stars, 1 for three, 2 above."""
    files = [folder(name) / "interactions.parquet" for name in ("beauty-reviews", "reviews-2023")]
    frames = [pl.read_parquet(file).select(pl.col("rating").cast(pl.Float64), "text") for file in files]
    rows = pl.concat(frames).unique("text", keep="first", maintain_order=True).drop_nulls()
    order = np.random.default_rng(0).permutation(len(rows))
    chosen = rows[np.delete(order, slice(POOL + FREE, POOL + FREE + USED)).tolist()]
    stars = chosen["rating"].to_numpy()
    return chosen["text"].to_list(), np.where(stars <= 2, 0, np.where(stars == 3, 1, 2)).astype(np.int64)


def answers(
    world: World, known: NDArray[np.int64], rng: np.random.Generator
) -> Iterator[tuple[str, Doubles]]:
    """What each way says of the reviews that are asked about."""
    x, y, asked = world.vectors[known], world.labels[known], world.vectors[POOL + FREE :]
    prior = shares(y, len(WORDS))
    plain = Logistic().fit(x, y).predict_proba(asked)
    yield "logistic", plain
    yield PLAIN, evened(plain, prior)
    yield "prompts, no labels", world.prompts.predict_proba(asked)
    yield "logistic drawn to prompts, evened", evened(drawn(world).fit(x, y).predict_proba(asked), prior)
    for name, make in (("", Logistic), ("drawn to prompts, ", partial(drawn, world))):
        for rounds in (0, 4):
            learnt = SelfTraining(SelfTrainingConfig(rounds=rounds), make)
            learnt.fit(x, y, world.vectors[POOL : POOL + FREE], rng)
            amount = best_amount(*learnt.held_, prior)
            yield (
                f"self-training, {name}{rounds} rounds, evened",
                evened(learnt.predict_proba(asked), prior, amount),
            )
    mine = np.isin(world.origins, known)
    both = np.concatenate([x, world.made[mine]]), np.concatenate([y, world.labels[world.origins[mine]]])
    yield "logistic on edited copies too, evened", evened(Logistic().fit(*both).predict_proba(asked), prior)


def drawn(world: World) -> Logistic:
    """A head that answers like the prompts until labels say otherwise."""
    return Logistic(LogisticConfig(reg=100), world.prompts.towards(4.0))


def row(rows: list[Doubles], plain: list[Doubles]) -> dict[str, float]:
    """Macro-F1 over all draws, and how far it lies above the plain head; a text is drawn with all its answers."""
    groups = np.tile(np.arange(len(rows[0])), len(rows))
    found = on_off(
        np.concatenate(rows), np.concatenate(plain), np.random.default_rng(0), f1, groups, resamples=500
    )
    each = [f1(one) for one in rows]
    return {
        "macro_f1": float(np.mean(each)),
        "spread": float(np.std(each)),
        "over_plain": found.difference,
        "low": found.low,
        "high": found.high,
    }


def f1(rows: NDArray[np.int64]) -> float:
    return macro_f1(rows[:, 0], rows[:, 1])


if __name__ == "__main__":
    main()
