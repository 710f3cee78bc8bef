"""What all routes share: the role they need, the thread their work runs in, the JSON they answer with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel
from pydantic_core import to_json

from llm4rec.apps.rest.examples import ANSWERS, QUESTIONS
from llm4rec.apps.rest.gathering import Gathering
from llm4rec.apps.rest.keys import Keys, Who
from llm4rec.apps.rest.limits import Buckets
from llm4rec.apps.rest.metrics import Metrics
from llm4rec.apps.rest.options import ServeSettings
from llm4rec.apps.rest.problems import documented
from llm4rec.apps.rest.watching import Watching
from llm4rec.core import AuditEntry, Recommendations, Report, SettingsError
from llm4rec.core.records import Role
from llm4rec.engine.live import Live

T = TypeVar("T")
Handler = TypeVar("Handler", bound=Callable[..., Any])
ROLE = "x-role"
OPEN = "open"
"""The role of routes that answer without a key."""


@dataclass(frozen=True, eq=False)
class House:
    """One worker: what answers, who may enter, and the threads that work."""

    live: Live
    settings: ServeSettings
    keys: Keys
    buckets: Buckets
    metrics: Metrics
    pool: ThreadPoolExecutor
    gathering: Gathering
    watching: Watching = field(default_factory=Watching)

    def of(self, who: Who) -> Live:
        """The service as the caller's tenant has it."""
        return self.live.tenant(who.tenant)

    async def handed(self, who: Who, work: Callable[[Live], T]) -> T:
        """The result of work that blocks, done by a thread on the caller's tenant."""
        return await asyncio.get_running_loop().run_in_executor(self.pool, lambda: work(self.of(who)))

    async def answer(self, who: Who, question: Mapping[str, Any]) -> Recommendations:
        """The answer to one plain question, gathered with those of all other callers."""
        own = who.tenant == self.live.name
        live = self.live if own else await self.handed(who, lambda live: live)
        return await self.gathering.answer(live, question)


class TooLowError(Exception):
    """The role of a key is not enough."""

    def __init__(self, has: Role, needs: Role) -> None:
        self.has, self.needs = has, needs
        super().__init__(f"this key may {has}, and that needs the role {needs}")


def who_of(request: Request) -> Who:
    """Whoever calls, as the guard at the door found."""
    found: Who = request.scope["llm4rec.who"]
    return found


def house_of(request: Request) -> House:
    """The worker that is called."""
    found: House = request.app.state.house
    return found


async def handed(request: Request, work: Callable[[Live], T]) -> T:
    """The result of work that blocks, done by a thread on the caller's tenant."""
    return await house_of(request).handed(who_of(request), work)


def told(content: Any, status: int = 200) -> Response:
    """JSON; numbers that are none become null."""
    body = to_json(content, inf_nan_mode="null", fallback=_plain)
    return Response(body, status, media_type="application/json")


def actor_of(request: Request) -> str:
    """Who calls, as the audit names them: the id of a key."""
    return named(who_of(request))


def named(who: Who) -> str:
    """The id of a key, as the audit has it."""
    return who.key or "loopback"


def noted(request: Request, live: Live, action: str, subject: str = "", **detail: Any) -> None:
    """Put on record who did what; `subject` and `detail` hold no ids of people."""
    noted_of(who_of(request), live, action, subject, **detail)


def noted_of(who: Who, live: Live, action: str, subject: str = "", **detail: Any) -> None:
    """`noted` for whoever is known otherwise than by a request."""
    entry = AuditEntry(named(who), action, live.now(), subject, detail)
    live.store.append([entry], tenant=live.name)


def decided(live: Live, who: Who, item: Any, decision: str) -> Report:
    """Decide on what was reported of an item ("hide" or "clear"), on record."""
    made = live.report(item, who.key or "loopback", action=decision)
    noted_of(who, live, f"reports decided: {decision}", str(item))
    return made


def idempotency_key(request: Request, field: str | None) -> str | None:
    """The key of the header or of the body; SettingsError where they differ."""
    header = request.headers.get("idempotency-key")
    if header is not None and not 0 < len(header) <= 200:
        raise SettingsError("the header Idempotency-Key is too long or empty; give 1 to 200 characters")
    if header and field and header != field:
        raise SettingsError("the header Idempotency-Key and the field `key` differ; give one of them")
    return header or field


def door(
    router: APIRouter, route: str, role: Role | str, answer: type[BaseModel]
) -> Callable[[Handler], Handler]:
    """Open a route ("POST /recommend") to a role, with the shape of its answer; examples stand in `examples`."""
    method, path = route.split()
    needs = [] if role == OPEN else [Depends(NEEDS[role])]
    responses = documented()
    responses[200] = {"content": {"application/json": {"example": ANSWERS[answer.__name__]}}}

    def opened(handler: Handler) -> Handler:
        extra: dict[str, Any] = {ROLE: role}
        if role == OPEN:
            extra["security"] = []
        asked = QUESTIONS.get(str(handler.__annotations__.get("form", "")).rpartition(".")[2])
        if asked is not None:
            extra["requestBody"] = {"content": {"application/json": {"example": asked}}}
        router.add_api_route(
            path,
            handler,
            methods=[method],
            response_model=answer,
            dependencies=needs,
            responses=responses,
            openapi_extra=extra,
            summary=(handler.__doc__ or "").partition("\n")[0].rstrip("."),
        )
        return handler

    return opened


def _needs(role: Role) -> Callable[[Request], Any]:
    async def enough(request: Request) -> None:
        who = who_of(request)
        if not who.may(role):
            raise TooLowError(who.role, role)

    return enough


NEEDS: dict[str, Callable[[Request], Any]] = {
    "read": _needs("read"),
    "write": _needs("write"),
    "admin": _needs("admin"),
}


def _plain(value: object) -> Any:
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, frozenset | set):
        return sorted(value, key=str)
    if hasattr(value, "as_json"):
        return value.as_json()
    return str(value)
