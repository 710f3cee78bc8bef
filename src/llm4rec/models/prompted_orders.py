"""The first items of a base model in another order: by yes or no, or by lists of several permutations."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from collections.abc import Sequence as Many
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from llm4rec.core import (
    BrokenAnswerError,
    Floats,
    Generator,
    GeneratorError,
    Holdout,
    Model,
    Numbers,
    Progress,
    ReadsTokens,
    Request,
    SettingsError,
    Times,
    gains,
    masked,
    surely_better,
    top_k,
)
from llm4rec.models.advice import WEIGHTS, agreement, borda, moved
from llm4rec.models.prompts import asking_order, fenced, header, order_schema
from llm4rec.models.slates import told_apart

if TYPE_CHECKING:
    from llm4rec.models.prompted import PromptedConfig

QUESTION = "Would this person take the item between the marks next?"
ANSWERS = (" yes", " no")


@dataclass(eq=False)
class Rerank:
    """Asks a language model about the first `depth` candidates of each request. `failed` is told what went wrong.

    `agreements` collects how much the orders of several permutations agree (Kendall tau), by request.
    """

    config: PromptedConfig
    generator: Generator
    titles: Many[str]
    failed: Callable[[GeneratorError], None]
    agreements: list[float] = field(default_factory=list)

    def reorder(self, scores: Floats, requests: Many[Request], weight: float) -> None:
        """Put the candidates of each row in their new order, in place; a row whose question failed stays."""
        for row, (candidates, advice) in enumerate(self.asked(scores, requests)):
            if advice is not None:
                self.put(scores[row], candidates, advice, weight)

    def put(self, row: Floats, candidates: Numbers, advice: Times, weight: float) -> None:
        """Share out the scores of the candidates, best first, in the order that advice and weight give, in place."""
        places = -np.arange(len(candidates), dtype=np.float64)
        bounds = np.array([0, len(candidates)], dtype=np.int64)
        new = moved(places, advice, bounds, weight, self.config.most_moved)
        falling = np.sort(row[candidates])[::-1].copy()
        told_apart(falling)
        row[candidates[np.argsort(-new, kind="stable")]] = falling

    def asked(self, scores: Floats, requests: Many[Request]) -> list[tuple[Numbers, Times | None]]:
        """By request: its candidates, best first, and what the language model says of each; None where it failed."""
        tops = top_k(masked(scores.copy(), requests), min(self.config.depth, scores.shape[1]))
        found: list[tuple[Numbers, Times | None]] = []
        for row, request in enumerate(requests):
            candidates = tops[row][tops[row] >= 0]
            if len(candidates) < 2 or not np.isfinite(scores[row, 0]):
                found.append((candidates, None))
                continue
            try:
                ask = self._yes_or_no if self.config.mode == "yesno" else self._orders
                found.append((candidates, ask(request, candidates)))
            except GeneratorError as error:
                self.failed(error)
                found.append((candidates, None))
        return found

    def _told(self, request: Request) -> list[str]:
        known = [item for item in request.history.liked.tolist() if item < len(self.titles)]
        return [f"- {self.titles[item]}" for item in known[-self.config.history :]]

    def _yes_or_no(self, request: Request, candidates: Numbers) -> Times:
        """log p(yes) - log p(no) of each candidate, as points of the order; the prompt is read once for all of them."""
        reader = self.generator
        assert isinstance(reader, ReadsTokens)
        yes, no = (row[0] for row in reader.tokens(list(ANSWERS)))
        if yes == no:
            raise SettingsError(
                "this language model begins yes and no with the same token; set mode = 'listwise'"
            )
        asks = [self._question(self.titles[item]) for item in candidates.tolist()]
        paths = reader.tokens(asks)
        told, longest = self._told(request), max(map(len, paths))
        while True:
            prompt = reader.tokens(["\n".join([header(request) + "\n".join(told)])])[0]
            if len(prompt) + longest + 2 < reader.room or not told:
                break
            told = told[1:]
        reading = reader.read([prompt])
        found = reading.after([0] * len(paths), paths, [yes, no])
        return np.asarray(found[:, 0] - found[:, 1])

    @staticmethod
    def _question(title: str) -> str:
        return f"\n{QUESTION}\n{fenced([title], 'item')}\nAnswer yes or no:"

    def _orders(self, request: Request, candidates: Numbers) -> Times:
        """Borda points over permutations, each drawn from the request alone."""
        seed = zlib.crc32(np.concatenate([request.history.items, candidates]).astype("<i8").tobytes())
        rng = np.random.default_rng([self.config.seed & 0x7FFFFFFF, seed])
        orders = []
        for _ in range(self.config.permutations):
            shown = rng.permutation(len(candidates))
            names = [self.titles[int(candidates[place])] for place in shown]
            messages = asking_order(self._told(request), names, request)
            answer = self.generator.complete(messages, order_schema(len(names)))
            orders.append(shown[_order_in(answer, len(names))])
        if len(orders) > 1:
            self.agreements.append(agreement(orders))
        return borda(orders)


def _order_in(answer: object, size: int) -> Numbers:
    """The order in an answer, from 0; BrokenAnswerError unless it names each number once and nothing else."""
    order = answer.get("order") if isinstance(answer, dict) else None
    whole = isinstance(order, list) and all(type(number) is int for number in order)
    if not whole or sorted(order) != list(range(1, size + 1)):  # type: ignore[arg-type]
        raise BrokenAnswerError(f"the language model's order is not the numbers 1 to {size}, each once")
    return np.array(order, dtype=np.int64) - 1


def choose_weight(
    rerank: Rerank, base: Model, questions: Holdout, progress: Progress
) -> tuple[float, tuple[str, ...]]:
    """The weight with the highest NDCG@10 where that is a sure gain over the base's order, else 0; and what is told."""
    plain, asked = [], []
    for request in progress(questions.requests, "asking the language model", len(questions)):
        scores = np.array(base.score([request]), dtype=np.float32)
        plain.append(scores[0])
        asked += rerank.asked(scores, [request])
    before = gains(masked(np.stack(plain), questions.requests), questions.targets)
    found = {}
    for weight in WEIGHTS:
        scores = np.stack(plain).copy()
        for row, (candidates, advice) in zip(scores, asked, strict=True):
            if advice is not None:
                rerank.put(row, candidates, advice, weight)
        found[weight] = gains(masked(scores, questions.requests), questions.targets)
    best = max(found, key=lambda w: (float(found[w].mean()), -w))
    sure = surely_better(found[best], before)
    told = (
        f"weight of the language model {best if sure else 0:g}: NDCG@10 {found[best].mean():.4f} at {best:g} and "
        f"{before.mean():.4f} of the base on {len(questions)} held-out questions"
    )
    notes = [told if sure else f"{told}; no sure gain, so the language model is not asked"]
    if rerank.agreements:
        tau = float(np.mean(rerank.agreements))
        notes.append(f"orders of {rerank.config.permutations} permutations agree with Kendall tau {tau:.2f}")
    return (best if sure else 0.0), tuple(notes)
