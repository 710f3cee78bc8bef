"""Profiles of people by an engine: its data and vectors handed to the writer; edits of a profile steer the ranking."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from llm4rec.core import Profile, ProfileEdits, Request
from llm4rec.engine.build import component_from
from llm4rec.engine.feelings import feelings
from llm4rec.engine.fitted import Fitted

STRONGEST = 0.5
"""How far wishes can move an item at most, of the way from the mean of a request's scores to the best of them."""


def profile_of(
    fitted: Fitted, request: Request, own: bool, edits: ProfileEdits | None, language: str
) -> Profile:
    """What the events of a request show; `own`: they are those of its user in the data, with what was written."""
    behaviour = component_from("llm4rec.writers.interests:Behaviour")
    told = behaviour(request.history)
    if own and request.user >= 0:
        start, stop = (int(fitted.dataset.offsets[request.user + more]) for more in (0, 1))
        texts = fitted.dataset.interactions.texts
        told = behaviour(
            request.history,
            None if texts is None else texts[start:stop],
            np.arange(start, stop, dtype=np.int64),
        )
    found: Profile = profiler(fitted).profile(told, edits, language)
    return found


def steered(fitted: Fitted, request: Request, edits: ProfileEdits) -> tuple[Request, tuple[str, ...]]:
    """The request of somebody who has edited their profile, and which of the topics they speak of there are no more.

    Events of what was removed no longer count (its items stay hidden as they were), nothing of the past counts where
    the profile was erased, and wishes tilt the scores by at most STRONGEST. Topics are those of one engine: the name of
    another one's counts by its words.
    """
    h = request.history
    gone = np.isin(h.items, list(profiler(fitted).removed(edits))) | edits.erased
    hidden = request.excluded
    if gone.any() and request.seen == "exclude":
        hidden = np.unique(np.concatenate([h.items, *([] if hidden is None else [hidden])]))
    tilt = profiler(fitted).tilt(edits, STRONGEST) if edits.topics or edits.keywords else None
    if request.tilt is not None:
        tilt = request.tilt if tilt is None else request.tilt + tilt
    strange = profiler(fitted).strange(edits)
    told = (f"edited topics that this engine does not have count by their words: {strange[:3]}",)
    changed = replace(request, history=h.take(np.flatnonzero(~gone)), excluded=hidden, tilt=tilt)
    return changed, told if strange else ()


def profiler(fitted: Fitted) -> Any:
    """The writer of profiles for what has been learnt; its topics live as long as that does."""
    return fitted.made.once("profiler", lambda: _profiler(fitted))


def _profiler(fitted: Fitted) -> Any:
    events = fitted.dataset.interactions
    rated = np.array([name == "rating" for name in events.kind_names], dtype=bool)[events.kinds]
    values = events.values[rated & np.isfinite(events.values)]
    stars = component_from("llm4rec.writers.interests:Stars")
    encoder = fitted.encoder
    made = component_from("llm4rec.writers.interests:Profiler")(
        fitted.catalog,
        None if encoder is None else encoder.encode(fitted.catalog.texts),
        component_from("llm4rec.models.kmeans:kmeans"),
        None if encoder is None else encoder.encode,
        stars(float(values.min()), float(values.max())) if len(values) else stars(),
    )
    made.feeling = feelings(fitted)
    return made
