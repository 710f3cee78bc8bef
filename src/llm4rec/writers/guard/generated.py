"""A language model whose harmful answers never arrive: whoever asked goes on as if it had refused. Knows no policy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from llm4rec.core import Generator, GeneratorRefusedError, Message, Reading, ReadsTokens
from llm4rec.core.harm import HARMS, JudgesHarm


class Guarded:
    """Passes questions on, and answers back unless a text in them is harmful: then GeneratorRefusedError."""

    def __init__(self, generator: Generator, judge: JudgesHarm) -> None:
        self.generator, self.judges = generator, judge

    def complete(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> Any:
        """The answer of the language model, checked."""
        answer = self.generator.complete(messages, schema)
        texts = list(_texts(answer))
        if texts:
            found = self.judges.judge(texts)
            if found.any():
                names = ", ".join(HARMS[place] for place in np.flatnonzero(found.any(axis=0)))
                raise GeneratorRefusedError(f"what the language model wrote is not passed on: {names}")
        return answer

    def __getattr__(self, name: str) -> Any:
        return getattr(self.generator, name)


class GuardedReader(Guarded):
    """The same for one whose next token can be looked at; decoding along allowed texts cannot write others."""

    generator: Any

    @property
    def room(self) -> int:
        """Tokens of prompt and answer together."""
        return int(self.generator.room)

    @property
    def taught(self) -> Mapping[str, str]:
        """Names that it was taught for items."""
        names: Mapping[str, str] = self.generator.taught
        return names

    def has_learnt(self, events: Sequence[tuple[str, str]]) -> list[bool]:
        """Whether it was taught these events."""
        return list(self.generator.has_learnt(events))

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """Texts as tokens."""
        return list(self.generator.tokens(texts))

    def read(self, prompts: Sequence[Sequence[int]]) -> Reading:
        """Prompts, read once."""
        reading: Reading = self.generator.read(prompts)
        return reading


def guarded(generator: Generator, judge: JudgesHarm) -> Generator:
    """The language model behind the check, with all that it can do."""
    return (
        GuardedReader(generator, judge) if isinstance(generator, ReadsTokens) else Guarded(generator, judge)
    )


def _texts(answer: Any) -> Iterator[str]:
    """Every text in an answer, keys left out."""
    if isinstance(answer, str):
        yield answer
    elif isinstance(answer, Mapping):
        for value in answer.values():
            yield from _texts(value)
    elif isinstance(answer, list | tuple):
        for value in answer:
            yield from _texts(value)
