"""From questions to answers over what serves now: newer events, limits, caps, impressions. Writes nothing itself."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from llm4rec.core import (
    DAY,
    History,
    Id,
    Impression,
    Numbers,
    Recommendations,
    Request,
    SettingsError,
    Shown,
)
from llm4rec.engine import path
from llm4rec.engine.live.offers import price_range
from llm4rec.engine.live.serving import Serving
from llm4rec.engine.live.states import NOBODY, State
from llm4rec.engine.live_settings import LiveSettings
from llm4rec.engine.policy import TOLD, Audience

Own = tuple[str, ...]
PLAIN = "plain"
"""The policy of lists in which nothing was drawn."""
OWN = ("price", "available", "experiment", "variant")


@dataclass(frozen=True, eq=False)
class Asking:
    """A question over what serves now: who asks (`name` at rest, None for nobody known), the request, what to tell."""

    request: Request
    user: Id | None
    name: str | None
    state: State
    notes: tuple[str, ...]
    experiment: str = ""
    variant: str = ""


@dataclass(frozen=True, eq=False)
class Desk:
    """What questions are put to: what serves, the settings, the moment; `at_rest` is a user as the store knows them."""

    serving: Serving
    settings: LiveSettings
    now: float
    at_rest: Callable[[Id], str]

    def asking(self, question: Mapping[str, Any], states: Mapping[str, State], trouble: str) -> Asking:
        """The request of a question; SettingsError where it is none."""
        asked = dict(question)
        own = {name: asked.pop(name, None) for name in OWN}
        user, given = asked.pop("user", None), asked.pop("history", None)
        name = None if user is None else self.at_rest(user)
        state = NOBODY if name is None or given is not None else states.get(name, NOBODY)
        if state.deleted:
            state = replace(NOBODY, edits=state.edits)
        if asked.get("profile") is None and not state.edits.empty:
            asked["profile"] = state.edits
        number = -1 if user is None else self.serving.number(user)
        notes = [trouble] if trouble and name is not None and given is None else []
        past = given if given is not None else self.serving.history(number, state)
        if given is None and user is not None and number < 0 and not len(past):
            notes.append(f"user {user!r} is not known")
        request, more = self._request(asked, number, past, state)
        request, told = self._limited(request, state, own)
        if self.serving.tilt is not None and len(request.history):
            tilt = self.serving.tilt if request.tilt is None else request.tilt + self.serving.tilt
            request = replace(request, tilt=tilt)
        words = {key: _word(key, own[key]) for key in ("experiment", "variant")}
        return Asking(request, user, name, state, (*notes, *more, *told), **words)

    def _request(
        self, asked: dict[str, Any], number: int, past: History | Sequence[Id], state: State
    ) -> tuple[Request, Own]:
        engine, notes = self.serving.engine, []
        for limit in ("allowed", "excluded"):
            if asked.get(limit) is not None:
                given = list(asked[limit])
                known = [item for item in given if item in engine.catalog.ids]
                asked[limit] = known
                if len(known) < len(given):
                    notes.append(
                        f"{len(given) - len(known)} of {len(given)} {limit} items are not in the catalog"
                    )
        told = {name: state.attributes[name] for name in TOLD if state.attributes.get(name) is not None}
        context = asked.pop("context", None)
        if told and isinstance(context, Mapping | None):
            context = told | dict(context or {})
        if asked.get("time") is None and engine.fitted.dataset.interactions.has_clock:
            asked["time"] = self.now
        ids = engine.fitted.dataset.users.ids
        user = ids.ids[number] if number >= 0 else None
        request, more = engine._asked(user=user, history=past, context=context, **asked)
        return request, (*notes, *more)

    def _limited(self, request: Request, state: State, own: Mapping[str, Any]) -> tuple[Request, Own]:
        """With what is deleted, cannot be had, costs too much, was turned down or shown too often left out."""
        serving = self.serving
        if own["available"] not in (None, True, False):
            raise SettingsError(f"available = {own['available']!r}: it is true or false")
        age = Audience.of(request.context, serving.engine.fitted.dataset, request.user).age
        range_, there = price_range(own["price"]), own["available"] is not False
        out = [serving.deleted, serving.offers.ruled_out(range_, age, there)]
        if state.events:
            out.append(serving.against(state))
        if self.settings.seen and request.seen == "exclude":
            out.append(self._seen(request.history))
            request = replace(request, seen="include")
        if request.excluded is not None:
            out.append(request.excluded)
        ruled = [part for part in out if len(part)]
        tired = self._tired(state)
        told: Own = ()
        if len(tired):
            both = np.unique(np.concatenate([*ruled, tired]))
            if self._left(request, both) >= request.n:
                ruled = [both]
            else:
                told = ("cap: too few items are left, so some come again",)
        if not ruled:
            return request, told
        whole = ruled[0] if len(ruled) == 1 else np.unique(np.concatenate(ruled))
        return replace(request, excluded=whole), told

    def _seen(self, history: History) -> Numbers:
        kinds = [place for place, kind in enumerate(history.kind_names) if kind in self.settings.seen]
        return np.unique(history.items[np.isin(history.kinds, kinds)])

    def _tired(self, state: State) -> Numbers:
        """Items that were shown too often, or too lately, since the user last took them."""
        cap, cooldown = self.settings.cap, 60.0 * self.settings.cooldown_minutes
        if not state.shown or not (cap or cooldown):
            return np.zeros(0, dtype=np.int64)
        taken = {str(event.item): event.time for event in state.events}
        counts: dict[str, int] = {}
        tired = set()
        for time, item in state.shown:
            age = self.now - time
            if time <= taken.get(item, -np.inf) or age < 0:
                continue
            if age <= self.settings.cap_days * DAY:
                counts[item] = counts.get(item, 0) + 1
            if age < cooldown or (cap and counts.get(item, 0) >= cap):
                tired.add(item)
        return self.serving.numbers(sorted(tired))

    def _left(self, request: Request, excluded: Numbers) -> int:
        """How many items may still be shown."""
        out = np.zeros(len(self.serving.engine.catalog), dtype=bool)
        if request.allowed is not None:
            out[:] = True
            out[request.allowed] = False
        out[excluded] = True
        if request.seen == "exclude":
            out[request.history.items] = True
        return int((~out).sum())

    def answers(
        self, asked: Sequence[Asking], asked_for: tuple[bool | str, bool], explorer: Any = None
    ) -> list[Recommendations]:
        """The lists of one engine version, each with the id of its impression."""
        fitted = self.serving.engine.fitted
        requests = [one.request for one in asked]
        then = None if explorer is None else explorer.draw
        lists = path.ordered(fitted, requests, then=then)
        told = path.composed(fitted, requests, lists, [one.notes for one in asked], asked_for)
        policy = PLAIN if explorer is None else explorer.policy
        names = _impressions(len(asked))
        return [
            self.signed(answer, one, policy, name)
            for one, answer, name in zip(asked, told, names, strict=True)
        ]

    def signed(
        self, answer: Recommendations, one: Asking, policy: str = PLAIN, name: str = ""
    ) -> Recommendations:
        """The answer with the id of its impression (a new one where none is given), and who made it."""
        return replace(
            answer,
            impression=name or _impressions(1)[0],
            version=self.serving.version,
            policy=policy,
            experiment=one.experiment,
            variant=one.variant,
        )

    def impression(self, one: Asking, answer: Recommendations) -> Impression:
        """What is logged of an answer."""
        drawn: Sequence[float | None] = answer.propensities or (None,) * len(answer)
        slots = tuple(
            Shown(item, score, None if chance is None else min(max(chance, 1e-12), 1.0))
            for item, score, chance in zip(answer.items, answer.scores, drawn, strict=True)
        )
        return Impression(
            id=answer.impression,
            user=one.user,
            time=self.now,
            slots=slots,
            policy=answer.policy,
            version=answer.version,
            experiment=one.experiment,
            variant=one.variant,
            context={name: str(value)[:200] for name, value in one.request.context.items()},
            degraded=answer.degraded,
        )


def _impressions(n: int) -> list[str]:
    """So many new ids, from one draw: the system is asked for chance once."""
    drawn = secrets.token_hex(12 * n)
    return [drawn[at : at + 24] for at in range(0, 24 * n, 24)]


def _word(name: str, given: object) -> str:
    if given is None:
        return ""
    if not isinstance(given, str) or len(given) > 100:
        raise SettingsError(f"{name} = {str(given)[:60]!r}: it is text of at most 100 characters")
    return given
