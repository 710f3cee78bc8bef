"""Who the page speaks for: a user that the engine knows, or somebody who came just now. Kept with the session."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llm4rec.core import UNEDITED, Id

if TYPE_CHECKING:
    from llm4rec.apps.web.sessions import Session
    from llm4rec.engine.live import Live

FOUND = 12  # users that a search shows
LAST = 5  # items of a history that are named


@dataclass
class Reader:
    """`user` is their id; `new` says that the page made it up for somebody who came just now.

    `history` are the items that somebody new has named where nothing may be kept of them.
    """

    user: str = ""
    new: bool = True
    history: tuple[Id, ...] = ()

    @property
    def who(self) -> dict[str, Any]:
        """Who asks, as the engine takes it."""
        return {"history": list(self.history)} if self.history else {"user": self.user}

    @classmethod
    def of(cls, session: Session) -> Reader:
        """Whoever this session speaks for; somebody new where nobody was chosen."""
        found: Reader = session.kept.setdefault("reader", cls())
        if not found.user:
            found.user, found.new = f"guest-{secrets.token_hex(4)}", True
        return found

    def become(self, user: str) -> None:
        """Speak for a user; "" for somebody new."""
        self.user, self.new, self.history = user or f"guest-{secrets.token_hex(4)}", not user, ()


def found_users(live: Live, part: str) -> list[str]:
    """Users that the engine knows whose id has these letters; the first ones where none are given."""
    if not live.home:
        return []
    ids = live.serving.engine.fitted.people_ids
    part = part.strip().lower()
    return [str(one) for one in ids if part in str(one).lower()][:FOUND]


def last_items(live: Live, reader: Reader) -> list[str]:
    """Titles of what somebody took last, newest first, whether it counts or not."""
    desk, (one,) = live.asked([{**reader.who, "profile": UNEDITED}])
    titles = desk.serving.engine.catalog.titles
    newest = dict.fromkeys(int(item) for item in one.request.history.items[::-1])
    return [titles[item] for item in list(newest)[:LAST]]


def newcomers_items(live: Live, language: str) -> list[tuple[Id, str]]:
    """What the conversation asks a newcomer about: items of which it tells most whether they are liked."""
    question: Any = live.chat("hello", language=language).dialogue.state.question
    options = () if question is None else question.options
    return [(option.piece.items[0], option.label) for option in options if hasattr(option.piece, "items")]
