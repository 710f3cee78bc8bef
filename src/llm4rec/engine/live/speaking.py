"""The verbs in words of a live engine, over the newest events. Thin: the engine does the work.

`Live` inherits these.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from llm4rec.core import ComponentError, Explanation, Id, Profile, ProfileEdits, Recommendations
from llm4rec.engine.live.answering import Asking, Desk
from llm4rec.engine.wishes import Asked


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
        desk, (one,) = self.asked([{"user": user, "history": history}])
        return desk.serving.engine.explain(**_who(desk, one), items=items, **more)

    def interests(
        self,
        user: Id | None = None,
        history: Sequence[Id] | None = None,
        *,
        edits: ProfileEdits | None = None,
        language: str = "auto",
    ) -> Profile:
        """`Engine.interests` over the newest events."""
        desk, (one,) = self.asked([{"user": user, "history": history}])
        return desk.serving.engine.interests(**_who(desk, one), edits=edits, language=language)

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
        """`Engine.ask` over the newest events; the answer is logged like any other."""
        desk, (one,) = self.asked([{"user": user, "history": history, "n": n, "excluded": list(excluded)}])
        engine = desk.serving.engine
        out = one.request.excluded
        hidden = engine.catalog.ids.names(out) if out is not None else ()
        told = engine.ask(wish, **_who(desk, one), n=n, excluded=hidden, **more)
        (answer,) = self._logged(desk, [one], [desk.signed(told.answer, one)])
        return replace(told, answer=answer)

    def describe(self, items: Iterable[Id], **more: Any) -> Any:
        """`Engine.describe` of items as they are now."""
        desk, _ = self.asked([])
        return _verb(desk, "describe")(items, **more)

    def chat(self, *told: Any, **more: Any) -> Any:
        """`Engine.chat` over the newest events of `user`."""
        return self._spoken("chat", *told, **more)

    def remark(self, text: str, **more: Any) -> Any:
        """`Engine.remark`: feedback in words about a list, over the newest events of `user`."""
        return self._spoken("remark", text, **more)

    def _spoken(self, verb: str, *told: Any, **more: Any) -> Any:
        user, history = more.pop("user", None), more.pop("history", None)
        desk, (one,) = self.asked([{"user": user, "history": history}])
        return _verb(desk, verb)(*told, **_who(desk, one), **more)


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
