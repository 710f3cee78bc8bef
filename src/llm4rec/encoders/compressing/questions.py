"""Texts to measure an encoder on, and questions that its vectors answer. Knows nothing of where they come from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import Floats


@dataclass(frozen=True, eq=False)
class Questions:
    """Texts, and what their vectors (texts, width) are worth: a gain from 0 to 1 a question; None where none are asked.

    `about` says in a few words whose texts they are.
    """

    texts: Sequence[str]
    gains: Callable[[Floats], NDArray[Any]] | None = None
    about: str = "your texts"

    @classmethod
    def of_general_language(cls) -> Self:
        """A hundred or so sentences that come with the package, without questions."""
        from llm4rec.encoders.adapting.probe_pairs import PAIRS

        texts = list(dict.fromkeys(text for first, second, _ in PAIRS for text in (first, second)))
        return cls(texts, None, "sentences of general language, not your own texts")

    def filled(self) -> NDArray[np.int64]:
        """Rows of the texts that say something, each text once."""
        first = {text: row for row, text in reversed(list(enumerate(self.texts))) if text.strip()}
        return np.array(sorted(first.values()), dtype=np.int64)
