"""From what callers say to requests in inside numbers: people, histories, limits, contexts. Answers nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from llm4rec.core import History, Id, Numbers, ProfileEdits, Request, SettingsError
from llm4rec.core.request import SeenRule
from llm4rec.engine import path
from llm4rec.engine.fitted import Fitted
from llm4rec.engine.ordering import checked, for_the_model, turned
from llm4rec.engine.settings import RerankSettings, Settings

Notes = tuple[str, ...]


def asked(
    fitted: Fitted, settings: Settings, profile: ProfileEdits | None = None, **question: Any
) -> tuple[Request, Notes]:
    """The request of a question, steered by the edits of a profile; and what could not be taken as given."""
    request, notes = _request(fitted, settings.rerank, **question)
    if request.query is not None:
        from llm4rec.engine.intent import intended

        request, told = intended(fitted, request, settings.ask)
        notes = (*notes, *told)
    return edited(fitted, request, profile, notes)


def edited(
    fitted: Fitted, request: Request, profile: ProfileEdits | None, notes: Notes = ()
) -> tuple[Request, Notes]:
    """The request steered by the edits of a profile, where there are any; and what is told of them behind `notes`."""
    if profile is None or profile.empty:
        return request, notes
    from llm4rec.engine.interests import steered

    request, told = steered(fitted, request, profile)
    return request, (*notes, *told)


def _request(
    fitted: Fitted,
    rerank: RerankSettings,
    user: Id | None = None,
    history: Sequence[Id] | History | None = None,
    n: int = 10,
    *,
    seen: str = "exclude",
    context: Mapping[str, object] | None = None,
    **more: Any,
) -> tuple[Request, Notes]:
    allowed, excluded = (_numbers(fitted, more.pop(name, None)) for name in ("allowed", "excluded"))
    past, number, degraded = past_of(fitted, user, history)
    session = more.pop("session", None)
    now, _, strange = past_of(fitted, None, session) if session else (past, -1, ())
    request = Request(
        past.followed_by(now) if session and len(now) else past,
        user=number,
        query=more.pop("query", None),
        context=_circumstances(context),
        n=at_least_one(n),
        seen=seen_rule(seen),
        allowed=allowed,
        excluded=excluded,
        **checked(more),
    )
    told = path.unheard(fitted.model, for_the_model(request, rerank))
    return turned(request, more, rerank, fitted.catalog), (*degraded, *strange, *told)


def past_of(
    fitted: Fitted, user: Id | None, history: Sequence[Id] | History | None
) -> tuple[History, int, Notes]:
    """The history of a known user or of item ids, the user's number or -1, and what of it is not known.

    A `History` is in inside numbers already (`engine.live` makes them of newer events) and is taken as it is.
    """
    dataset = fitted.dataset
    number = -1 if user is None else dataset.users.ids.number(user)
    if isinstance(history, History):
        return history, number, ()
    if history is None:
        unknown = user is not None and number < 0
        return dataset.history(number), number, (f"user {user!r} is not known",) if unknown else ()
    names = list(history)
    numbers = fitted.catalog.ids.found(names)
    strange = [names[place] for place in np.flatnonzero(numbers < 0)]
    note = f"{len(strange)} of {len(numbers)} history items are not in the catalog: {strange[:5]}"
    return History.of(numbers[numbers >= 0]), number, (note,) if strange else ()


def _numbers(fitted: Fitted, ids: Iterable[Id] | None) -> Numbers | None:
    return None if ids is None else np.unique(fitted.catalog.ids.numbers(ids, "item"))


def at_least_one(n: int) -> int:
    """n, or SettingsError."""
    if n < 1:
        raise SettingsError(f"n = {n!r}: ask for at least one item")
    return n


def seen_rule(seen: str) -> SeenRule:
    """The rule of that name, or SettingsError."""
    if seen not in ("exclude", "include"):
        raise SettingsError(f"seen = {seen!r}: it is 'exclude' or 'include'")
    return seen  # type: ignore[return-value]


def _circumstances(context: Mapping[str, object] | None) -> dict[str, object]:
    if not isinstance(context, Mapping | None):
        raise SettingsError(f"context = {context!r}: it is names and values, such as {{'device': 'phone'}}")
    return dict(context or {})
