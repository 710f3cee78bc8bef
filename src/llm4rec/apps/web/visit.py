"""What a page is given: who looks at it, their words, and the live engine behind the pool that the routes use."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from urllib.parse import quote

from starlette.requests import Request

from llm4rec.apps.rest.doors import TooLowError
from llm4rec.apps.rest.keys import Who
from llm4rec.apps.rest.logs import LOGGER
from llm4rec.apps.web.elements import Tag
from llm4rec.apps.web.failures import failure
from llm4rec.apps.web.words import Words, words_in
from llm4rec.core import Llm4recError, Recommendations
from llm4rec.core.records import Role
from llm4rec.engine.live import Live

if TYPE_CHECKING:
    from llm4rec.apps.rest.doors import House
    from llm4rec.apps.web.sessions import Session, Sessions

T = TypeVar("T")
SECONDS = 8.0  # for which a hint stands there


class SignedOutError(Exception):
    """The key of this session is no longer known, or its owner has signed out."""


class SlowError(Exception):
    """More than the service lets one caller ask for."""


@dataclass(eq=False)
class Visit:
    """One open page. All methods run on the event loop; work that blocks goes to `handed`. `told`: what went wrong last."""

    house: House
    session: Session
    sessions: Sessions
    path: str
    client: str
    words: Words
    spoken: Any = field(default=None, repr=False)
    hints: Any = field(default=None, repr=False)
    opening: Any = field(default=None, repr=False)
    told: str = ""

    @classmethod
    def of(cls, request: Request) -> Visit:
        """The visit of a request that came through the gate."""
        scope = request.scope
        session: Session = scope["llm4rec.session"]
        address = request.client.host if request.client else ""
        words = words_in(session.language)
        return cls(
            scope["llm4rec.house"], session, scope["llm4rec.sessions"], quote(scope["path"]), address, words
        )

    @property
    def who(self) -> Who:
        """Who this is now; SignedOutError where their key was revoked meanwhile."""
        found = self.session.who(self.house.keys)
        if found is None:
            raise SignedOutError
        return found

    def may(self, role: Role) -> bool:
        """Whether they may do what needs this role."""
        return self.who.may(role)

    def _entered(self, role: Role) -> Who:
        """Who asks; the same rules as at the door of the routes."""
        who = self.who
        if not who.may(role):
            raise TooLowError(who.role, role)
        if self.house.buckets.wait(who.key or f"address {self.client}", time.monotonic()):
            raise SlowError
        return who

    async def handed(self, work: Callable[[Live], T], needs: Role = "read") -> T:
        """The result of work that blocks, done by a thread on the visitor's tenant. TooLowError without the role."""
        return await self.house.handed(self._entered(needs), work)

    async def answer(self, question: dict[str, Any]) -> Recommendations:
        """`Live.recommend` for one question, gathered with those of all other callers."""
        return await self.house.answer(self._entered("read"), question)

    def tell(self, text: str) -> None:
        """Say what has happened, on the screen and to screen readers."""
        if self.spoken is not None:
            self.spoken.set_text(text)

    def hint(self, text: str, kind: Literal["info", "negative"] = "info") -> None:
        """Say what to do, where nobody can miss it."""
        self.tell(text)
        if self.hints is not None:
            with self.hints:  # whatever it is about, and wherever
                made = Tag("p", text, f"hint {kind}", role="alert" if kind == "negative" else None)
            asyncio.get_running_loop().call_later(SECONDS, _gone, made)

    def trouble(self, error: Exception) -> str:
        """Say what went wrong and what to do; the words."""
        self.told = text = self._told(error)
        self.hint(text, "negative")
        return text

    def _told(self, error: Exception) -> str:
        if isinstance(error, Llm4recError):
            return failure(error, self.words)
        if isinstance(error, TooLowError):
            return self.words("trouble.role", role=error.needs)
        if isinstance(error, SignedOutError):
            return self.words("trouble.signed_out")
        if isinstance(error, SlowError):
            return self.words("trouble.slow")
        return self.words("trouble.inside")

    def does(self, work: Callable[..., Awaitable[Any]], *given: Any) -> Callable[[], Awaitable[None]]:
        """A handler for an event: what is expected to go wrong is said on the page, and the rest also logged."""

        async def handler() -> None:
            await self.tried(work, *given)

        return handler

    async def tried(self, work: Callable[..., Awaitable[Any]], *given: Any) -> bool:
        """Do it; false where it went wrong, which is then said."""
        try:
            await work(*given)
        except (Llm4recError, TooLowError, SignedOutError, SlowError) as error:
            self.trouble(error)
            return False
        except Exception as error:  # unforeseen: the visitor is told so, and the log says where
            LOGGER.error("page error", exc_info=error)
            self.trouble(error)
            return False
        return True


def _gone(hint: Tag) -> None:
    if not hint.is_deleted:
        hint.delete()
