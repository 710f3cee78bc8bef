"""More texts of those there are, in several ways at once, and what each way did. The ways stand in files of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import numpy as np

from llm4rec.core import DataError, Encoder, Floats, Numbers, SettingsError, unit_rows
from llm4rec.data.augment.effect import Effect, Likeness
from llm4rec.data.augment.spans import overlap, touched


@runtime_checkable
class TextWay(Protocol):
    """A way to vary texts."""

    @property
    def label(self) -> str:
        """The way and its settings, as reports name it."""
        ...

    def vary(self, texts: Sequence[str], rng: np.random.Generator) -> list[str]:
        """One text for each, in order; a text with nothing to change comes back as it is."""
        ...


@dataclass(frozen=True, eq=False)
class MoreTexts:
    """Texts that were made; `origins` and `ways` say of which text and in which way, by number.

    `labels[origins]` are the labels of what was made, and a split has to keep a text with its origin.
    """

    texts: tuple[str, ...]
    origins: Numbers
    ways: Numbers
    effects: tuple[Effect, ...]


def augment_texts(
    texts: Sequence[str],
    ways: Sequence[TextWay],
    rng: np.random.Generator,
    encoder: Encoder | None = None,
    copies: int = 1,
    floor: float | None = None,
) -> MoreTexts:
    """Further texts, way by way and copy by copy; the same rng state gives the same ones.

    A text that comes out as it went in, or twice in the same way, is left out: it would only count its origin more
    often. With `encoder` the effects tell cosines to the originals, and what lies below `floor` (-1 to 1) is left out.
    """
    _check(texts, ways, encoder, copies, floor)
    before = None if encoder is None else unit_rows(encoder.encode(texts))
    made: list[str] = []
    origins: list[int] = []
    counts: list[int] = []
    effects: list[Effect] = []
    for way in ways:
        drafts = _drafts(texts, way, rng, copies)
        cosines = _cosines(drafts, before, encoder)
        kept = [n for n in range(len(drafts)) if floor is None or cosines is None or cosines[n] >= floor]
        effects.append(_effect(way, texts, drafts, kept, copies))
        if cosines is not None and encoder is not None:
            effects[-1] = _with(effects[-1], Likeness.of(f"cosine by {encoder.name}", cosines[kept]))
        made += [drafts[n][1] for n in kept]
        origins += [drafts[n][0] for n in kept]
        counts.append(len(kept))
    numbers = np.repeat(np.arange(len(ways)), counts).astype(np.int64)
    return MoreTexts(tuple(made), np.array(origins, dtype=np.int64), numbers, tuple(effects))


def _check(
    texts: Sequence[str], ways: Sequence[TextWay], encoder: Encoder | None, copies: int, floor: float | None
) -> None:
    if isinstance(texts, str):
        raise DataError("augment_texts takes many texts; for one, pass [text]")
    for row, text in enumerate(texts):
        if not isinstance(text, str):
            raise DataError(f"augment_texts: row {row} is {text!r}, not a text; pass '' where there is none")
    if len(ways) == 0:
        raise DataError("augment_texts needs a way, such as Deletion()")
    if copies < 1:
        raise SettingsError(f"augment_texts: copies = {copies} has to be 1 or more")
    if floor is not None and encoder is None:
        raise SettingsError("augment_texts: a floor of likeness needs an encoder")


def _drafts(
    texts: Sequence[str], way: TextWay, rng: np.random.Generator, copies: int
) -> list[tuple[int, str]]:
    """Origin and text of everything that differs from its origin, each once."""
    found: dict[tuple[int, str], None] = {}
    for _ in range(copies):
        varied = way.vary(texts, rng)
        if len(varied) != len(texts):
            raise DataError(
                f"{way.label} made {len(varied)} texts of {len(texts)}; it has to make one for each"
            )
        for row, (text, other) in enumerate(zip(texts, varied, strict=True)):
            if other != text:
                found[row, other] = None
    return list(found)


def _cosines(
    drafts: Sequence[tuple[int, str]], before: Floats | None, encoder: Encoder | None
) -> Floats | None:
    """Of each draft to its origin; a text without a vector (blank) has 0."""
    if before is None or encoder is None:
        return None
    if not drafts:
        return np.zeros(0, dtype=np.float32)
    after = unit_rows(encoder.encode([text for _, text in drafts]))
    rows = np.array([row for row, _ in drafts], dtype=np.int64)
    return np.asarray(np.einsum("ij,ij->i", after, before[rows]), dtype=np.float32)


def _effect(
    way: TextWay, texts: Sequence[str], drafts: Sequence[tuple[int, str]], kept: Sequence[int], copies: int
) -> Effect:
    pairs = [(texts[drafts[n][0]], drafts[n][1]) for n in kept]
    counts = [touched(*pair) for pair in pairs]
    common = Likeness.of("words in common", [overlap(*pair) for pair in pairs])
    return Effect(
        way=way.label,
        unit="words",
        given=len(texts),
        made=len(kept),
        unchanged=copies * len(texts) - len(drafts),
        too_far=len(drafts) - len(kept),
        places=sum(total for total, _ in counts),
        touched=sum(changed for _, changed in counts),
        likeness=() if common is None else (common,),
    )


def _with(effect: Effect, likeness: Likeness | None) -> Effect:
    return effect if likeness is None else replace(effect, likeness=(*effect.likeness, likeness))
