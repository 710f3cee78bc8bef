"""A frozen probe of general language skill: do similar sentences still have similar vectors? Knows nothing of tasks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from llm4rec.core import Floats, unit_rows
from llm4rec.encoders.adapting.figures import spearman
from llm4rec.encoders.adapting.probe_pairs import PAIRS


def probe(encode: Callable[[Sequence[str]], Floats]) -> float:
    """Rank correlation, times 100, of cosines with the likeness people gave to pairs of sentences.

    `encode` gives (texts, width). The pairs are general language, belong to no data set and never change.
    """
    texts = list(dict.fromkeys(text for first, second, _ in PAIRS for text in (first, second)))
    place = {text: row for row, text in enumerate(texts)}
    vectors = unit_rows(np.asarray(encode(texts), dtype=np.float32))
    first = vectors[[place[pair[0]] for pair in PAIRS]]
    second = vectors[[place[pair[1]] for pair in PAIRS]]
    cosines = np.einsum("ij,ij->i", first, second)
    return 100 * spearman(cosines, np.array([pair[2] for pair in PAIRS]))
