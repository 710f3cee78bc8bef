"""Harmful content by words and, where it was taught, by vectors. Knows nothing of people and policies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import Encoder, SettingsError
from llm4rec.core.harm import HARMS
from llm4rec.writers.guard.head import HarmHead
from llm4rec.writers.guard.lexicon import Lexicon


class Guard:
    """Judges texts: what the lexicon or the classifier finds is harmful. The classifier reads with `encoder`."""

    def __init__(
        self, lexicon: Lexicon | None = None, head: HarmHead | None = None, encoder: Encoder | None = None
    ) -> None:
        if head is not None and encoder is None:
            raise SettingsError(
                "a classifier of harmful content needs an encoder; set one, or leave the examples out"
            )
        self.lexicon = lexicon or Lexicon.default()
        self.head, self.encoder = head, encoder

    @classmethod
    def taught(cls, texts: Sequence[str], labels: Sequence[Sequence[str]], encoder: Encoder) -> Self:
        """With a classifier learnt from texts and the categories of each, none for harmless ones."""
        return cls(head=HarmHead().fit(encoder.encode(list(texts)), labels), encoder=encoder)

    def judge(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        """(texts, HARMS): which text is harmful in which way. An empty text is harmless."""
        found = self.lexicon.judge(texts)
        full = np.array([bool(text.strip()) for text in texts], dtype=bool)
        if self.head is not None and self.encoder is not None and full.any():
            read = [text for text, some in zip(texts, full, strict=True) if some]
            found[full] |= self.head.judge(self.encoder.encode(read))
        return found

    def harms(self, text: str) -> tuple[str, ...]:
        """The categories of one text."""
        return tuple(name for name, yes in zip(HARMS, self.judge([text])[0], strict=True) if yes)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the classifier could not learn."""
        return () if self.head is None else self.head.notes_

    def state(self) -> dict[str, NDArray[Any]]:
        """Arrays of the classifier; none where there is none."""
        return {} if self.head is None else self.head.state()

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[Any]], encoder: Encoder | None) -> Self:
        """The inverse of `state`."""
        return cls(head=HarmHead.from_state(state), encoder=encoder) if state else cls()
