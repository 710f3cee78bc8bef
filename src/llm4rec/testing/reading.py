"""A stand-in for language models whose next token can be looked at: words as tokens, counted. No model, no network."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import SettingsError
from llm4rec.testing.generators import Script, ScriptedConfig, ScriptedGenerator

WORDS = 1_000_003


class WordReader(ScriptedGenerator):
    """A generator whose tokens are words and line ends: a word is likelier the oftener the prompt has it.

    `taught` names items by id, as a taught model does. `likes` adds to the log-probability of words: (word) -> float.
    `asked_tokens` counts how often it was asked for a next token.
    """

    room = 512

    def __init__(
        self,
        config: ScriptedConfig | None = None,
        script: Script = (),
        taught: Mapping[str, str] | None = None,
        likes: Callable[[str], float] = lambda word: 0.0,
    ) -> None:
        super().__init__(config, script)
        self.taught: Mapping[str, str] = taught or {}
        self.asked_tokens = 0
        self.likes = likes
        self._words: dict[int, str] = {}

    def has_learnt(self, events: Sequence[tuple[str, str]]) -> list[bool]:
        """Nothing was learnt."""
        return [False for _ in events]

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """A number a word, the same in any process."""
        rows = [text.replace("\n", " \n ").split(" ") for text in texts]
        return [[self._number(word) for word in row if word] for row in rows]

    def _number(self, word: str) -> int:
        number = zlib.crc32(word.lower().encode("utf-8", "replace")) % WORDS
        self._words[number] = word.lower()
        return number

    def read(self, prompts: Sequence[Sequence[int]]) -> CountedPrompts:
        """Remember the prompts."""
        if not prompts or not all(len(prompt) for prompt in prompts):
            raise SettingsError("read needs prompts that are not empty")
        return CountedPrompts([list(prompt) for prompt in prompts], self)

    def liking(self, token: int) -> float:
        """What `likes` says of a token's word."""
        return float(self.likes(self._words[token]))


class CountedPrompts:
    """Prompts, and how often each word stands in them."""

    def __init__(self, prompts: list[list[int]], reader: WordReader) -> None:
        self.prompts, self.reader = prompts, reader

    def after(
        self, rows: Sequence[int], paths: Sequence[Sequence[int]], wanted: Sequence[int]
    ) -> NDArray[np.float64]:
        """log((1 + how often prompt and path have the word) / (words + vocabulary)), plus what the reader likes."""
        self.reader.asked_tokens += len(rows)
        found = np.empty((len(rows), len(wanted)))
        likes = np.array([self.reader.liking(token) for token in wanted])
        for place, (row, path) in enumerate(zip(rows, paths, strict=True)):
            seen = [*self.prompts[row], *path]
            counts = np.array([seen.count(token) for token in wanted])
            found[place] = np.log((1.0 + counts) / (len(seen) + WORDS)) + likes
        return found
