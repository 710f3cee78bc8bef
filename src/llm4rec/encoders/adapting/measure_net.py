"""How well the heads answer held-out examples, and the probe. Changes nothing."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from llm4rec.core import Floats, Numbers
from llm4rec.encoders.adapting import figures
from llm4rec.encoders.adapting import losses_net as losses
from llm4rec.encoders.adapting.config import TASKS, AdaptConfig, Task
from llm4rec.encoders.adapting.examples import Examples
from llm4rec.encoders.adapting.network_net import READ_AT_ONCE, Network
from llm4rec.encoders.adapting.probe import probe

NAMES: Mapping[Task, str] = {
    "co-consumption": "NDCG",
    "next-item": "NDCG",
    "click": "AUC",
    "rating": "R2",
    "sentiment": "macro-F1",
    "category": "macro-F1",
    "masked": "accuracy",
    "neighbours": "NDCG",
}


@torch.no_grad()
def measured(
    network: Network, tasks: Mapping[Task, Examples], config: AdaptConfig, old: bool = False
) -> dict[Task, float]:
    """The figure of each task on held-out examples, 1 at best, of new or of old data."""
    network.eval()
    return {task: _figure(network, examples, config, old) for task, examples in tasks.items()}


@torch.no_grad()
def probed(network: Network) -> float:
    """The similarity probe of the encoder as it is."""
    network.eval()
    return probe(network.encode)


def _figure(network: Network, examples: Examples, config: AdaptConfig, old: bool) -> float:
    rows = asked_rows(examples, config, old)
    if not len(rows):
        return 0.0
    spec = network.specs[examples.task]
    if spec.kind == "masked":
        return _words_found(network, examples, rows, config)
    if spec.kind in ("pair", "next", "near"):
        return _ranks(network, examples, rows, config)
    assert examples.targets is not None, "heads that answer have targets"
    said = answered(network, examples, rows)
    if spec.kind == "classes":
        return figures.macro_f1(said, examples.targets[rows])
    if spec.kind == "click":
        return figures.auc(said, examples.targets[rows])
    return figures.explained(said, examples.targets[rows])


def asked_rows(examples: Examples, config: AdaptConfig, old: bool = False) -> Numbers:
    """The held-out examples that are asked about: all, or `most_questions` of them, drawn alike in every run."""
    rows = examples.rows(held=True, old=old)
    if len(rows) > config.most_questions:
        rows = np.sort(_chance(examples, config, 99).choice(rows, config.most_questions, replace=False))
    return rows


def _chance(examples: Examples, config: AdaptConfig, number: int) -> np.random.Generator:
    return np.random.default_rng([config.seed, number, TASKS.index(examples.task)])


@torch.no_grad()
def answered(network: Network, examples: Examples, rows: Numbers) -> Floats:
    """Chances or values that the head gives, in the order of the rows."""
    spec = network.specs[examples.task]
    network.eval()
    parts = []
    for start in range(0, len(rows), READ_AT_ONCE):
        part = rows[start : start + READ_AT_ONCE]
        if spec.reads_text:
            said = network.said(examples.task, [examples.texts[n] for n in examples.left[part, 0]])
        else:
            said = _about_pairs(network, examples, part)
        parts.append(losses.answers(said, spec).cpu().numpy())
    return np.concatenate(parts).astype(np.float32)


def _about_pairs(network: Network, examples: Examples, rows: Numbers) -> torch.Tensor:
    assert examples.right is not None, "asked about an item"
    people, vectors, right = _sides(network, examples, rows, examples.right[rows])
    return network.heads[examples.task](*people, vectors[right])  # type: ignore[no-any-return]


def _sides(
    network: Network, examples: Examples, rows: Numbers, asked: Numbers
) -> tuple[tuple[torch.Tensor, ...], torch.Tensor, torch.Tensor]:
    """The left side of rows, vectors of all texts used with zeros in front, and the places of `asked` in them."""
    left = examples.left[rows]
    numbers = np.unique(np.concatenate([left.ravel(), asked, [-1]]))
    found = network.encode([examples.texts[n] for n in numbers[1:]])
    device = network.model.device
    vectors = torch.as_tensor(np.concatenate([np.zeros_like(found[:1]), found]), device=device)
    spec = network.specs[examples.task]
    people = network.people(spec, vectors, np.searchsorted(numbers, left), left >= 0)
    return people, vectors, torch.as_tensor(np.searchsorted(numbers, asked), device=device)


def _ranks(network: Network, examples: Examples, rows: Numbers, config: AdaptConfig) -> float:
    """How far up the answer stands among about `most_questions` texts."""
    assert examples.right is not None, "contrasts have two sides"
    right = examples.right[rows]
    pool = np.unique(right)
    used = np.setdiff1d(np.unique(examples.right), pool)
    more = min(len(used), max(0, config.most_questions - len(pool)))
    rng = _chance(examples, config, 97)
    pool = np.sort(np.concatenate([pool, rng.choice(used, more, replace=False)]))
    (people,), vectors, places = _sides(network, examples, rows, pool)
    if network.specs[examples.task].kind == "near":
        space = network.heads[examples.task]
        people, vectors = space(people), space(vectors)
    normal = torch.nn.functional.normalize
    scores = (normal(people, dim=1) @ normal(vectors[places], dim=1).T).cpu().numpy()
    left = examples.left[rows]
    if examples.task in ("co-consumption", "neighbours"):
        ignored = examples.belong(left[:, 0], pool)
    else:
        ignored = (left[:, :, None] == pool[None, None, :]).any(axis=1)
    return figures.ndcg(scores, np.searchsorted(pool, right), ignored)


def _words_found(network: Network, examples: Examples, rows: Numbers, config: AdaptConfig) -> float:
    right = total = 0
    for number, start in enumerate(range(0, len(rows), READ_AT_ONCE)):
        part = rows[start : start + READ_AT_ONCE]
        texts = [examples.texts[n] for n in examples.left[part, 0]]
        said, hidden = network.guesses(texts, (config.seed, 98, number))
        right += int((said.argmax(dim=1) == hidden).sum())
        total += len(hidden)
    return right / total if total else 0.0
