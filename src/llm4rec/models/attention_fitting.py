"""One fit of `attention`: from a data set to trained weights and item vectors. Knows nothing of scoring requests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from llm4rec.core import Dataset, FitContext, Floats, Holdout, Numbers, gains, masked
from llm4rec.models.attention_batches import Asked, Columns, Events, Tokens
from llm4rec.models.attention_content import ItemSource
from llm4rec.models.tuning import QUESTIONS

if TYPE_CHECKING:
    from llm4rec.models.attention import AttentionConfig
    from llm4rec.models.attention_earlier_net import Earlier
    from llm4rec.models.attention_net import Network
    from llm4rec.models.attention_training_net import Lesson

BLOCK = 256  # questions judged at once


@dataclass(frozen=True, eq=False)
class Learnt:
    """What a fit leaves behind."""

    network: Network
    vectors: Floats
    tokens: Tokens
    epochs: int
    notes: tuple[str, ...]


def learn(
    config: AttentionConfig, dataset: Dataset, context: FitContext, earlier: Earlier | None = None
) -> Learnt:
    """Train on all positive events of the data set, from the start or from where an earlier fit ended."""
    from llm4rec.models.attention_checkpoint_net import keeper
    from llm4rec.models.attention_reading_net import item_vectors, shape_of
    from llm4rec.models.attention_training_net import Course, train

    columns = Columns.of_dataset(dataset)
    tokens = Tokens.of(columns) if earlier is None else earlier.tokens
    source = ItemSource.read(dataset.catalog, context, config.parts)
    counts = np.bincount(columns.items, minlength=len(source))
    lesson = lesson_of(columns.events(tokens).pieces(config.max_length), source, counts, config, context)
    sizes = {"items": len(source), "dense": source.dense.shape[1], "sparse": source.sparse.shape[1]}
    course = Course.begin(shape_of(config, tokens, **sizes), lesson, config)
    if earlier is not None:
        earlier.into(course, ItemSource.names(context, config.parts))
    notes = []
    if lesson.sampled:
        notes.append(f"{len(lesson.source)} items: sampled softmax with {config.negatives} negatives")
    if len(lesson.pieces):
        judge = None
        if config.tune and context.holdout is not None and len(context.holdout):
            judge = judge_of(context.holdout, source, counts, tokens, config, context.device)
        keep = keeper(config, lesson, course, judge is not None)
        train(course, lesson, config, context.progress, judge, keep)
    else:
        notes.append("nobody has two positive events: nothing to train on, items are compared by content")
    network = course.result()
    vectors = item_vectors(network, source, counts, context.device)
    return Learnt(network, vectors, tokens, max(course.best_epoch, 1), tuple(notes))


def lesson_of(
    pieces: Events, source: ItemSource, counts: Numbers, config: AttentionConfig, context: FitContext
) -> Lesson:
    """What training reads: only items that somebody took take part, and only they are negatives."""
    import torch

    from llm4rec.models.attention_training_net import Lesson

    warm = np.flatnonzero(counts)
    return Lesson(
        pieces=pieces.renumbered(np.cumsum(counts > 0) - 1),
        source=source.take(warm),
        numbers=torch.as_tensor(warm, device=context.device),
        counts=torch.as_tensor(counts[warm].astype(np.float32), device=context.device),
        sampled=config.loss == "sampled" or (config.loss == "auto" and len(warm) > config.full_up_to),
        half=in_half(config.precision, context.device),
        seed=seed_of(context.rng),
        device=context.device,
    )


def seed_of(rng: np.random.Generator) -> int:
    """A seed that belongs to the generator, not to how often it was used: fitting again with what was chosen
    runs the same epochs.
    """
    sequence: Any = rng.bit_generator.seed_seq
    return int(sequence.generate_state(1)[0])


def in_half(precision: str, device: str) -> bool:
    """Whether products of the loss run in bfloat16."""
    import torch

    if precision != "auto":
        return precision == "bfloat16"
    if device.startswith("cuda"):
        return bool(torch.cuda.is_bf16_supported())
    return bool(torch.cpu._is_avx512_bf16_supported())


def judge_of(
    holdout: Holdout,
    source: ItemSource,
    counts: Numbers,
    tokens: Tokens,
    config: AttentionConfig,
    device: str,
) -> Callable[[Network], float]:
    """Mean NDCG@10 of a network on (a sample of) the held-out questions."""
    from llm4rec.models.attention_reading_net import item_vectors, read

    questions = holdout.sample(QUESTIONS, np.random.default_rng(0))
    events = Columns.of([r.history for r in questions.requests], config.max_length).events(tokens)
    asked = Asked.of(questions.requests, tokens, config.time_aware)

    def judge(network: Network) -> float:
        vectors = item_vectors(network, source, counts, device)
        users, _ = read(network, vectors, events, asked, device)
        found = []
        for at in range(0, len(questions), BLOCK):
            requests = questions.requests[at : at + BLOCK]
            scores = masked(users[at : at + BLOCK] @ vectors.T, requests)
            found.append(gains(scores, questions.targets[at : at + BLOCK]))
        return float(np.concatenate(found).mean())

    return judge
