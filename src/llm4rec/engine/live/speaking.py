"""The verbs in words of a live engine, over the newest events. Thin: the engine does the work.

`Live` inherits these.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from llm4rec.core import UNEDITED, ComponentError, Explanation, Id, Profile, ProfileEdits, Recommendations
from llm4rec.engine.live.answering import Asking, Desk
from llm4rec.engine.wishes import Asked

LISTING = frozenset(("chat", "remark"))
"""Verbs that make lists of their own, and so must know what may not be shown."""
EDITED = {"explain": "profile", "remark": "profile", "chat": "profile", "interests": "edits"}
"""As what each verb takes edits."""


class Words(ABC):
    """What a live engine says; what is needed of it stands first."""

    @abstractmethod
    def asked(self, questions: Iterable[Mapping[str, Any]]) -> tuple[Desk, list[Asking]]:
        """What serves now, and the questions put to it."""

    @abstractmethod
    def recommend(
        self, user: Id | None = None, history: Sequence[Id] | None = None, n: int = 10, **limits: Any
    ) -> Recommendations:
        """The n best items now."""

    @abstractmethod
    def _logged(
        self, desk: Desk, asked: Sequence[Asking], answers: Sequence[Recommendations]
    ) -> list[Recommendations]:
        """The answers as they go out, once they are handed to the log."""

    def similar(self, items: Sequence[Id], n: int = 10, **limits: Any) -> Recommendations:
        """What is taken by those who took these items, or is like them: the answer to a history of them."""
        return self.recommend(history=items, n=n, **limits)

    def explain(
        self,
        user: Id | None = None,
        history: Sequence[Id] | None = None,
        items: Iterable[Id] | None = None,
        **more: Any,
    ) -> tuple[Explanation, ...]:
        """`Engine.explain` over the newest events."""
        told: tuple[Explanation, ...]
        _, told = self.spoken("explain", user=user, history=history, items=items, **more)
        return told

    def interests(
        self,
        user: Id | None = None,
        history: Sequence[Id] | None = None,
        *,
        edits: ProfileEdits | None = None,
        language: str = "auto",
    ) -> Profile:
        """`Engine.interests` over the newest events, with the edits that are kept where none are given."""
        told: Profile
        _, told = self.spoken("interests", user=user, history=history, edits=edits, language=language)
        return told

    def ask(
        self,
        wish: Any,
        user: Id | None = None,
        history: Sequence[Id] | None = None,
        n: int = 10,
        *,
        excluded: Iterable[Id] = (),
        **more: Any,
    ) -> Asked:
        """`Engine.ask` over the newest events and the edits that are kept; the answer is logged like any other."""
        question = {"user": user, "history": history, "n": n, "excluded": list(excluded)}
        desk, (one,) = self.asked([{**question, "profile": UNEDITED}])
        engine, edits = desk.serving.engine, more.pop("profile", None) or one.state.edits
        told = engine.ask(wish, **_who(desk, one), n=n, excluded=_hidden(desk, one), profile=edits, **more)
        (answer,) = self._logged(desk, [one], [desk.signed(told.answer, one)])
        return replace(told, answer=answer)

    def describe(self, items: Iterable[Id], **more: Any) -> Any:
        """`Engine.describe` of items as they are now."""
        return self.described(items, **more)[1]

    def chat(self, *told: Any, **more: Any) -> Any:
        """`Engine.chat` over the newest events of `user`."""
        return self.spoken("chat", *told, **more)[1]

    def remark(self, text: str, **more: Any) -> Any:
        """`Engine.remark`: feedback in words about a list, over the newest events of `user`."""
        return self.spoken("remark", text, **more)[1]

    def spoken(self, verb: str, *told: Any, **more: Any) -> tuple[str, Any]:
        """What a verb of the engine says to `user` or `history`, behind the version that said it.

        Edits that are given go before those that are kept. The verb is told of them beside the whole of the past.
        """
        user, history = more.pop("user", None), more.pop("history", None)
        desk, (one,) = self.asked([{"user": user, "history": history, "profile": UNEDITED}])
        if verb in LISTING:
            more["excluded"] = _hidden(desk, one)
        if verb in EDITED and more.get(EDITED[verb]) is None:
            more[EDITED[verb]] = one.state.edits
        return desk.serving.version, _verb(desk, verb)(*told, **_who(desk, one), **more)

    def described(self, items: Iterable[Id], **more: Any) -> tuple[str, Any]:
        """`describe`, behind the version that said it."""
        desk, _ = self.asked([])
        return desk.serving.version, _verb(desk, "describe")(items, **more)


def _hidden(desk: Desk, one: Asking) -> tuple[Id, ...]:
    """What this person may not be shown now: deleted, not to be had, turned down, shown too often."""
    out = one.request.excluded
    return () if out is None else tuple(desk.serving.engine.catalog.ids.names(out))


def _who(desk: Desk, one: Asking) -> dict[str, Any]:
    """Who asks, as an engine takes it: its own name for the user, and all of their history."""
    ids = desk.serving.engine.fitted.dataset.users.ids
    number = one.request.user
    nobody = one.user is None and not len(one.request.history)
    history = None if nobody else one.request.history
    return {"user": ids.ids[number] if number >= 0 else None, "history": history}


def _verb(desk: Desk, name: str) -> Any:
    found = getattr(desk.serving.engine, name, None)
    if found is None:
        raise ComponentError(f"this engine has no verb {name!r}; it comes with a newer llm4rec")
    return found
