"""Texts to vectors by their words and letters alone, in any script. Knows no meaning: only what is written alike is near."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Sequence

import numpy as np
from pydantic import Field, PositiveInt

from llm4rec.core import Config, Floats, Progress, silent, unit_rows
from llm4rec.core.languages import words_of
from llm4rec.encoders.sentence import SentenceConfig, SentenceEncoder
from llm4rec.encoders.texts import checked

GRAMS = (3, 4)


class LexicalConfig(Config):
    """`width` numbers a text; `letters` is what all letter groups of a word weigh beside the word."""

    width: PositiveInt = 512
    letters: float = Field(0.5, ge=0.0)


class LexicalEncoder:
    """Words and groups of three and four letters; of Chinese, which has no spaces, pairs of characters.

    Each is hashed to a place and a sign (Weinberger et al., ICML 2009) and weighs the root of its count; rows have
    length one. The same text gives the same vector on every machine. An empty text has a zero vector.
    """

    config_type = LexicalConfig

    def __init__(self, config: LexicalConfig | None = None, progress: Progress = silent) -> None:
        self.config = config or LexicalConfig()
        del progress  # quick enough to need none

    @property
    def name(self) -> str:
        """What was hashed, and how."""
        return f"lexical-{self.config.width}-{self.config.letters:g}"

    @property
    def width(self) -> int:
        """Numbers a text."""
        return self.config.width

    def encode(self, contents: Sequence[str]) -> Floats:
        """(len(contents), width) float32."""
        rows = np.zeros((len(checked(contents)), self.width), dtype=np.float32)
        for row, text in zip(rows, contents, strict=True):
            for word, count in Counter(words_of(text)).items():
                self._add(row, word, count**0.5)
                grams = _grams(word)
                for gram in grams:
                    self._add(row, f"#{gram}", count**0.5 * self.config.letters / len(grams) ** 0.5)
        return unit_rows(rows)

    def _add(self, row: Floats, feature: str, weight: float) -> None:
        place = zlib.crc32(feature.encode("utf-8", "replace"))
        row[place % self.width] += weight if (place >> 31) & 1 else -weight


def _grams(word: str) -> list[str]:
    """Letter groups of a word with its ends marked; none of Chinese words, whose characters are words."""
    if ord(word[0]) > 0x2E7F:
        return []
    padded = f"<{word}>"
    return [padded[at : at + size] for size in GRAMS for at in range(len(padded) - size + 1)]


class JointConfig(SentenceConfig):
    """Those of the sentence encoder, and what the lexical half weighs beside it."""

    lexical: float = Field(1.0, gt=0.0)


class JointEncoder:
    """The sentence encoder and the lexical one side by side: for texts in scripts that the first was not made for."""

    config_type = JointConfig

    def __init__(self, config: JointConfig | None = None, progress: Progress = silent) -> None:
        self.config = config or JointConfig()
        told = self.config.model_dump(exclude={"lexical"})
        self.sentence = SentenceEncoder(SentenceConfig(**told), progress=progress)
        self.lexical = LexicalEncoder()

    @property
    def name(self) -> str:
        """Those of both, and the weight."""
        return f"{self.sentence.name}+{self.lexical.name}*{self.config.lexical:g}"

    @property
    def width(self) -> int:
        """That of both together."""
        return self.sentence.width + self.lexical.width

    def encode(self, contents: Sequence[str]) -> Floats:
        """(len(contents), width) float32, rows of length one; an empty text has a zero vector."""
        halves = (
            unit_rows(self.sentence.encode(contents)),
            self.config.lexical * self.lexical.encode(contents),
        )
        return unit_rows(np.hstack(halves).astype(np.float32))
