"""Explanations of recommended items: what mattered by trial, what is a fact, and both in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from llm4rec.core import Dataset, Evidence, Explanation, Numbers, Request
from llm4rec.writers.explain.facts import Facts
from llm4rec.writers.explain.removal import Losses, Question
from llm4rec.writers.explain.wording import worded
from llm4rec.writers.language import language


class Explainer:
    """Explains items to people, from one data set. Tables are made when first needed and kept."""

    def __init__(self, dataset: Dataset, facts: Facts | None = None) -> None:
        self.facts = facts or Facts(dataset)

    def explain(self, question: Question, code: str = "en") -> tuple[Explanation, ...]:
        """Why each of the items of a question is what it is for its request, in the language of `code`."""
        spoken = language(code)
        found = question.losses()
        answers = []
        for item, losses in zip(question.items.tolist(), found, strict=True):
            evidence = self.evidence(question.request, item, losses)
            answers.append(
                Explanation(
                    item=self.facts.catalog.ids.ids[item],
                    title=self.facts.catalog.titles[item],
                    text=worded(evidence, spoken),
                    evidence=evidence,
                    language=spoken.code,
                    place=losses.place,
                    drop=losses.together,
                )
            )
        return tuple(answers)

    def evidence(self, request: Request, item: int, losses: Losses) -> tuple[Evidence, ...]:
        """All that speaks for one item, what mattered most first."""
        facts, liked = self.facts, _distinct(request.history.liked)
        outside = losses.place > request.n
        found: list[Evidence | None] = [
            Evidence("place", count=losses.place, total=request.n) if outside else None
        ]
        found += [*self._cited(request, losses), *_context(request, losses)]
        if facts.is_new(item):
            found += [Evidence("new"), facts.near(item, liked)]
        elif not losses.cited:
            found += [Evidence("unknown")] if not len(liked) else []
            found.append(facts.popular(item))
        if len(liked):
            found.append(facts.shared(item, liked, losses.cited))
            found.append(self._quoted(request, item, losses))
        if losses.without:
            found.append(self._without(losses.without, request.n))
        return tuple(piece for piece in found if piece is not None)

    def _cited(self, request: Request, losses: Losses) -> list[Evidence]:
        catalog = self.facts.catalog
        result = []
        for item, drop, share in zip(losses.cited, losses.alone, losses.shares, strict=True):
            kind, stars = self.facts.history(request.history, item)
            result.append(
                Evidence(
                    "history",
                    items=(catalog.ids.ids[item],),
                    titles=(catalog.titles[item],),
                    name=kind,
                    value=stars,
                    share=round(share, 4),
                    drop=round(drop, 6),
                )
            )
        return result

    def _quoted(self, request: Request, item: int, losses: Losses) -> Evidence | None:
        """The asker's own words of a cited item, else a stranger's of this one that speak of what the cited are about."""
        own = self.facts.own_words(losses.cited, request.user, item)
        if own is not None or not losses.cited:
            return own
        hints = frozenset[str]().union(*(self.facts.words(i) for i in losses.cited))
        return self.facts.quote(item, request.user, hints)

    def _without(self, items: Sequence[int], n: int) -> Evidence:
        catalog = self.facts.catalog
        titles = tuple(catalog.titles[i] for i in items)
        return Evidence("without", items=tuple(catalog.ids.names(list(items))), titles=titles, count=n)


def _distinct(items: Numbers) -> Numbers:
    """Each item once, the latest first."""
    _, first = np.unique(items[::-1], return_index=True)
    return items[::-1][np.sort(first)]


def _context(request: Request, losses: Losses) -> list[Evidence]:
    """Parts of the context that the score lives on, the weightiest only."""
    gains = {key: drop for key, drop in losses.context.items() if drop > 0}
    if not gains:
        return []
    key = max(gains, key=lambda name: gains[name])
    beside = {"time": str(request.time), "wishes": ""}
    value = beside[key] if key in beside and key not in request.context else str(request.context[key])
    return [Evidence("context", name=key, value=value, drop=round(gains[key], 6))]
