"""The sentiment head of an adapted encoder as one number a text. Knows nothing of lexicons."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from llm4rec.core import Floats
from llm4rec.encoders.adapting.heads import Heads
from llm4rec.encoders.adapting.labelled import SENTIMENTS
from llm4rec.encoders.adapting.told import heads_told

WORTH = dict(zip(SENTIMENTS, (-1.0, 0.0, 1.0), strict=True))


def sentiment_head(encoder: Any) -> Callable[[Sequence[str]], Floats] | None:
    """Texts to (n,) from -1 to 1 by the sentiment head that was learnt with this encoder; None where there is none.

    The expected worth of the labels negative (-1), neutral (0) and positive (1); a head with other labels is none. torch
    is loaded at the first text.
    """
    while hasattr(encoder, "encoder"):  # behind a cache
        encoder = encoder.encoder
    source = getattr(getattr(encoder, "config", None), "source", None)
    folder = None if source is None else Path(source).expanduser()
    spec = heads_told(folder).get("sentiment") if folder is not None and folder.is_dir() else None
    if folder is None or spec is None or not set(spec.labels) <= set(WORTH):
        return None
    heads = Heads(folder)
    worth = np.array([WORTH[label] for label in spec.labels], dtype=np.float32)
    return lambda texts: np.asarray(heads.chances("sentiment", texts) @ worth)
