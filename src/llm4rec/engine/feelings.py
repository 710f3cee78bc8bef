"""What texts of a fitted engine feel: by the sentiment head of its encoder where there is one, else by the lexicon."""

from __future__ import annotations

from typing import Any

import numpy as np

from llm4rec.core import Floats
from llm4rec.engine.build import component_from
from llm4rec.engine.fitted import Fitted

LATEST = 50
"""So many texts of an item are read, the latest."""
UNTOLD = frozenset({"search"})
"""Events whose text is no opinion."""


def feelings(fitted: Fitted) -> Any:
    """How kind a text is, from -1 to 1 (`writers.remarks.Feelings`); made once for what has been learnt."""
    head = component_from("llm4rec.encoders.adapting:sentiment_head")
    return fitted.made.once(
        "feelings", lambda: component_from("llm4rec.writers.remarks:Feelings")(head(fitted.raw_encoder))
    )


def polarity(fitted: Fitted) -> Any:
    """What a phrase says of a kind of thing (`writers.remarks.Polarity`), made once; None without an encoder that knows meaning."""
    encoder = fitted.raw_encoder
    if encoder is None or encoder.name.startswith("lexical"):
        return None
    return fitted.made.once(
        "polarity", lambda: component_from("llm4rec.writers.remarks:Polarity")(encoder.encode)
    )


def reviewed(fitted: Fitted) -> Floats | None:
    """(items,) how kind what was written about each item is, NaN where nothing was; None where there are no texts.

    The mean over its LATEST texts, one text of no feeling added, so that one voice says less than many.
    """
    events = fitted.dataset.interactions
    if events.texts is None:
        return None
    opinion = np.array([name not in UNTOLD for name in events.kind_names], dtype=bool)[events.kinds]
    rows = np.flatnonzero(opinion & np.array([bool(text) for text in events.texts], dtype=bool))
    rows = rows[np.lexsort((-events.timestamps[rows], events.items[rows]))]
    _, starts, counts = np.unique(events.items[rows], return_index=True, return_counts=True)
    rows = rows[np.arange(len(rows)) - np.repeat(starts, counts) < LATEST]
    told = feelings(fitted).many([str(events.texts[row]) for row in rows])
    size = len(fitted.catalog)
    total = np.bincount(events.items[rows], weights=told, minlength=size)
    count = np.bincount(events.items[rows], minlength=size)
    return np.where(count > 0, total / (count + 1.0), np.nan).astype(np.float32)
