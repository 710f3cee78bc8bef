"""Reviews in words that agree with their stars and speak of what the item is about. No language model involved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from llm4rec.core import Catalog, Numbers
from llm4rec.data.simulator.phrases import (
    ASPECTS,
    CLOSING,
    DISLIKED_ASPECT,
    DISLIKED_SIDES,
    LIKED_ASPECT,
    LIKED_SIDES,
    MIXED_ASPECT,
    MIXED_SIDES,
    OPENING,
)
from llm4rec.data.simulator.traits import Reals, Traits

NOBODY = (None, "", "Anonymous")


@dataclass(frozen=True, eq=False)
class Reviewer:
    """Writes reviews of the items of one catalog."""

    titles: Sequence[str]
    writers: Sequence[str]
    themes: Reals
    aspects: Sequence[tuple[str, str]]

    @classmethod
    def of(cls, catalog: Catalog, traits: Traits) -> Reviewer:
        """A reviewer who knows titles, authors where the catalog has them, and themes."""
        column = catalog.columns.get("author")
        authors = [None] * len(catalog) if column is None else list(column.values)
        writers = ["the writer" if name in NOBODY else str(name) for name in authors]
        aspects = [ASPECTS.get(name, (f"the {name}", f"the part about {name}")) for name in traits.names]
        return cls(catalog.titles, writers, traits.themes, aspects)

    def reviews(self, likings: Reals, items: Numbers, stars: Numbers, rng: np.random.Generator) -> list[str]:
        """A text each, for readers with these `likings` of themes (texts, themes).

        Praise speaks rather of the themes a reader likes, blame of those that are disliked.
        """
        sign = np.sign(stars - 2.9)[:, None]
        weight = self.themes[items] * np.exp(3.0 * sign * likings) + 1e-9
        chance = rng.random((len(items), weight.shape[1]))
        # The two largest of these keys are a weighted draw of two themes without replacement.
        spoken = np.argsort(np.log(chance) / weight, axis=1)[:, ::-1][:, :2]
        dice = rng.random((len(items), 8))
        return [
            self._review(int(item), int(star), themes, list(throw))
            for item, star, themes, throw in zip(items, stars, spoken.tolist(), dice.tolist(), strict=True)
        ]

    def _review(self, item: int, stars: int, themes: list[int], dice: list[float]) -> str:
        liked, sides = _frames(stars)
        parts = [_pick(OPENING[stars], dice[0]), self._aspect(themes[0], liked, dice[1], dice[2])]
        if stars == 3 and len(themes) > 1:
            frames = DISLIKED_ASPECT if dice[7] < 0.5 else LIKED_ASPECT
            parts.append(self._aspect(themes[1], frames, dice[3], dice[2]))
        elif dice[3] < 0.35 and len(themes) > 1 and self.themes[item, themes[1]] > 0:
            parts.append(self._aspect(themes[1], liked, 1.0 - dice[1], dice[3] / 0.35))
        if dice[4] < 0.7:
            parts.append(_pick(sides, dice[5]))
        if dice[6] < 0.5:
            parts.append(_pick(CLOSING[stars], dice[7]))
        begin = 0 if dice[6] < 0.75 else 1  # not everyone begins with a verdict
        text = [part.replace("{title}", self.titles[item]) for part in parts[begin:]]
        return " ".join(_capital(part.replace("{writer}", self.writers[item])) for part in text)

    def _aspect(self, theme: int, frames: Sequence[str], chance: float, other: float) -> str:
        return _pick(frames, chance).replace("{aspect}", _pick(self.aspects[theme], other))


def _frames(stars: int) -> tuple[Sequence[str], Sequence[str]]:
    if stars > 3:
        return LIKED_ASPECT, LIKED_SIDES
    return (MIXED_ASPECT, MIXED_SIDES) if stars == 3 else (DISLIKED_ASPECT, DISLIKED_SIDES)


def _pick(choices: Sequence[str], chance: float) -> str:
    return choices[min(int(chance * len(choices)), len(choices) - 1)]


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
