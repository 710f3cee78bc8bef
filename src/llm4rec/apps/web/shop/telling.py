"""What the shop window says of a list: its reasons, what changed, what the knobs cost."""

from __future__ import annotations

import math
from collections.abc import Sequence

from llm4rec.apps.web.shop.looking import Looked
from llm4rec.apps.web.words import Words
from llm4rec.core import Id, Recommendations, Trade

NAMED = 2  # titles that are named


def reason_of(answer: Recommendations, place: int, wish: bool, words: Words) -> str:
    """Why an item stands there, in a few words."""
    reasons = answer.reasons[place] if answer.reasons else ()
    because = [
        r.evidence for r in reasons if r.kind == "history" and (r.contribution is None or r.contribution > 0)
    ]
    if because:
        return words("card.because", titles=", ".join(because[:NAMED]))
    if reasons:
        return reasons[0].evidence
    return words("card.wish" if wish else "card.popular")


def changed(before: Sequence[Id], found: Looked, words: Words) -> str:
    """What is different from the list before."""
    now = found.answer.items
    if not before:
        return words("change.first", n=len(now)) if now else ""
    new = [facts.title for facts in found.facts if facts.item not in before]
    if new:
        rest = len(new) - NAMED
        titles = ", ".join(new[:NAMED]) + (f" +{rest}" if rest > 0 else "")
        return words("change.new", n=len(new), titles=titles)
    return words("change.same" if tuple(before) == tuple(now) else "change.moved")


def price(trade: Trade | None, words: Words) -> str:
    """What the knobs cost and gained against the engine's own list."""
    if trade is None:
        return words("knob.free")
    if trade.unpriced:
        told = [words("knob.unpriced")]
    else:
        cost, low, high = (f"{100 * share:.1f}" for share in (trade.relevance, trade.low, trade.high))
        told = [words("knob.cost", share=cost, low=low, high=high)]
    if not math.isnan(trade.diversity):
        told.append(words("knob.varied", change=f"{trade.diversity:+.3f}"))
    if not math.isnan(trade.novelty):
        told.append(words("knob.newer", bits=f"{trade.novelty:+.2f}"))
    return " · ".join(told)
