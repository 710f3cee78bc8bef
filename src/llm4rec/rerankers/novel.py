"""Novel: what few know, what is unlike the history, what people like this one never met. Counts no places."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import Field, NonNegativeFloat, PositiveInt

from llm4rec.core import Candidates, ComponentError, Config, Floats, Numbers, Request, RerankContext
from llm4rec.core.sets import rarity, unmet
from llm4rec.rerankers.greedy import Greedy, Part, by_value, parts
from llm4rec.rerankers.similarity import Kernel, to_history


class NovelConfig(Config):
    """`strength` weighs novelty against relevance; the four weights say what novelty is made of (their sum is one)."""

    strength: float = Field(0.35, ge=0.0, le=1.0)
    by_relevance: bool = Field(True, description="the chosen stand in the order of relevance")
    information: NonNegativeFloat = Field(1.0, description="self-information: what few have taken")
    distance: NonNegativeFloat = Field(0.0, description="distance to the last things of the history")
    unmet: NonNegativeFloat = Field(0.0, description="share of similar people who never met it")
    diversity: NonNegativeFloat = Field(0.0, description="mean distance to the items above it")
    last: PositiveInt = Field(20, description="things of the history that `distance` looks at")
    neighbours: PositiveInt = Field(50, description="similar people that `unmet` looks at")
    kernel: dict[str, float] = Field({}, description="empty: categories, else texts, else tastes")
    field: str = ""


class Novel:
    """argmax (1 - s) rel(i) + s (f_nov(i) + f_div(i, items above)): max sum f_div + sum f_nov, place by place.

    f_nov sums self-information over its largest value in the catalog (Vargas and Castells 2011), one minus the
    mean similarity to the history, and the share of the nearest people who never met the item; f_div is the mean
    distance to the items above (max-sum dispersion, greedy: Borodin et al. 2012). All run from 0 to 1, weighted as the config says.
    """

    config_type = NovelConfig

    def __init__(self, config: NovelConfig | None = None) -> None:
        self.config = config or NovelConfig()

    def rerank(
        self, requests: Sequence[Request], candidates: Candidates, context: RerankContext
    ) -> Candidates:
        """All candidates anew; with `diversity` the first n places. ComponentError where the context lacks what is asked for."""
        kernel = None
        size = 64 * candidates.items.shape[1]
        if self.config.distance or self.config.diversity:
            kernel = Kernel(context, self.config.kernel, self.config.field)
            size += (candidates.items.shape[1] + self.config.last) * kernel.row_bytes
        if self.config.unmet and context.matrix is not None:
            size += 16 * sum(context.matrix.shape)
        if not self.config.diversity:
            # What an item is worth does not depend on those above it: all are ordered, not the first n alone.
            some = parts(requests, candidates, context, self.config.strength, size)
            orders = [by_value(part, _Novelty(part, self.config, kernel).gain(0)) for part in some]
            return candidates.reorder(np.concatenate(orders)) if orders else candidates
        how = Greedy(self.config.strength, size, self.config.by_relevance)
        return how.order(requests, candidates, context, lambda part: _Novelty(part, self.config, kernel))


class _Novelty:
    def __init__(self, part: Part, config: NovelConfig, kernel: Kernel | None) -> None:
        total = config.information + config.distance + config.unmet + config.diversity
        scale = part.strength / max(total, 1e-12)
        self._worth = (1.0 - part.strength) * part.relevance + scale * _news(part, config, kernel)
        self._share = scale * config.diversity
        self._near = None if kernel is None or not config.diversity else kernel.among(part.items)
        self._alike: Floats = np.zeros_like(part.relevance)

    def gain(self, slot: int) -> Floats:
        if self._near is None:
            return self._worth
        far = 1.0 - self._alike / np.float32(max(slot, 1))
        return np.asarray(self._worth + self._share * far)

    def add(self, slot: int, places: Numbers) -> None:
        del slot
        if self._near is not None:
            self._alike += self._near.to(places)


def _news(part: Part, config: NovelConfig, kernel: Kernel | None) -> Floats:
    """The weighted sum of what makes an item new to this person, (rows, k)."""
    news = np.zeros(part.items.shape, dtype=np.float32)
    if config.information:
        news += np.float32(config.information) * information(part.context)[np.maximum(part.items, 0)]
    histories = [request.history for request in part.requests]
    if config.distance and kernel is not None:
        past = np.array([len(history.liked) > 0 for history in histories])[:, None]
        near = to_history(kernel, part.items, histories, config.last)
        news += np.float32(config.distance) * np.where(past, 1.0 - near, np.float32(0.0))
    if config.unmet:
        if part.context.matrix is None:
            raise ComponentError(
                "reranker 'novel' with `unmet` needs the matrix of who took what in its context"
            )
        news += np.float32(config.unmet) * unmet(
            part.context.matrix, histories, part.items, config.neighbours
        )
    return news


def information(context: RerankContext) -> Floats:
    """Self-information of each item over the largest possible, (items,), from 0 to 1."""
    if context.counts is None:
        raise ComponentError("reranker 'novel' needs counts of items in its context")
    users = max(context.users, int(context.counts.max(initial=1)), 1)
    found = rarity(context.counts, users, len(context.catalog)) / np.log2(users + 1.0)
    return np.asarray(found, dtype=np.float32)
