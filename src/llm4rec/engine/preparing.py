"""What the first questions to a fitted engine would wait for, made beforehand. Asks no language model."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

from llm4rec.engine.build import component_from
from llm4rec.engine.fitted import Fitted

LISTS = frozenset({"ordering", "prices"})
"""What lists with knobs wait for; all else is for questions and answers in words."""


def prepared(fitted: Fitted, names: Collection[str] | None = None) -> Iterator[str]:
    """Make the parts of these names, or all, a part each step; what stands already is not made again."""
    for name, make in PARTS.items():
        if names is None or name in names:
            make(fitted)
            yield name


def _ordering(fitted: Fitted) -> Any:
    from llm4rec.engine.ordering import ordering

    return ordering(fitted)


def _prices(fitted: Fitted) -> Any:
    from llm4rec.engine.pricing import prices

    return prices(fitted)


def _encoder(fitted: Fitted) -> Any:
    """Words that nobody has said before are encoded anew, which a neural encoder is loaded for."""
    encoder = fitted.raw_encoder
    if encoder is not None:
        ready = getattr(encoder, "ready", None)
        return encoder.encode(["ready"]) if ready is None else ready()
    return None


def _of_the_desk(name: str) -> Callable[[Fitted], Any]:
    def make(fitted: Fitted) -> Any:
        from llm4rec.engine.wishes import Desk

        return getattr(Desk(fitted), name)

    return make


def _chat(fitted: Fitted) -> Any:
    from llm4rec.engine.chatting import LenientDesk

    component_from("llm4rec.writers.chat:replied")  # read from disk, which takes as long as the rest
    return LenientDesk(fitted).shelf


def _read(fitted: Fitted) -> Any:
    from llm4rec.engine.feelings import feelings, polarity

    return feelings(fitted), polarity(fitted)


def _profiles(fitted: Fitted) -> Any:
    from llm4rec.engine.interests import profiler

    made = profiler(fitted)
    return made.topics, made.terms


def _reasons(fitted: Fitted) -> Any:
    from llm4rec.engine.explaining import explainer

    return explainer(fitted)


def _descriptions(fitted: Fitted) -> Any:
    from llm4rec.engine.describing import describer

    return describer(fitted)


PARTS: dict[str, Callable[[Fitted], Any]] = {
    "ordering": _ordering,
    "prices": _prices,
    "explainer": _reasons,
    **{name: _of_the_desk(name) for name in ("lexicon", "shelf", "words", "letters", "likeness")},
    "encoder": _encoder,
    "polarity": _read,
    "chat.shelf": _chat,
    "profiler": _profiles,
    "describer": _descriptions,
}
"""By the names under which `Fitted.made` keeps them; the encoder keeps itself."""
