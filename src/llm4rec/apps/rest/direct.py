"""The short way to doors that take one form: straight to their handlers, past the framework's search. Refuses nothing.

The framework looks for a route, solves its dependencies and parses its body for 0.15 ms a request; what a handler gets
here is the same. Whatever is not plainly right goes the framework's way, whose refusals are the documented ones.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, get_args, get_type_hints

from fastapi import Request
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from llm4rec.apps.rest.doors import OPEN, ROLE, who_of
from llm4rec.core.records import Role

Refused = Callable[[Request, Exception], Any]
JSON = b"application/json"


@dataclass(frozen=True, eq=False)
class Door:
    """A route that is a POST to one path, takes one form and nothing else, and makes its answer itself."""

    route: APIRoute
    form: type[BaseModel]
    role: Role


def doors_of(routes: Iterable[object]) -> dict[str, Door]:
    """Those of some routes that can be gone to straight, by path."""
    found = {}
    for route in routes:
        if not isinstance(route, APIRoute) or route.methods != {"POST"} or "{" in route.path:
            continue
        hints = get_type_hints(route.endpoint)
        form, role = hints.get("form"), (route.openapi_extra or {}).get(ROLE, OPEN)
        plain = set(inspect.signature(route.endpoint).parameters) == {"request", "form"}
        coroutine = inspect.iscoroutinefunction(route.endpoint)
        if plain and coroutine and role in get_args(Role) and issubclass(form or object, BaseModel):
            found[route.path] = Door(route, form, role)  # type: ignore[arg-type]
    return found


class Direct:
    """Wraps the routes. `refused` are the answers to errors that handlers raise, by kind, as the routes have them."""

    def __init__(
        self, app: ASGIApp, doors: Mapping[str, Door], refused: Mapping[type[Exception], Refused]
    ) -> None:
        self._app, self._doors, self._refused = app, doors, refused
        self._kinds = tuple(refused)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        door = self._door(scope)
        if door is None:
            await self._app(scope, receive, send)
            return
        read = [await receive()]
        while read[-1]["type"] == "http.request" and read[-1].get("more_body", False):
            read.append(await receive())
        form = _form(door, read)
        if form is None:
            await self._app(scope, _again(read, receive), send)
            return
        scope["route"] = door.route
        request = Request(scope, receive)
        try:
            answer = await door.route.endpoint(request, form)
        except self._kinds as error:
            answer = await self._answer_to(request, error)
        await answer(scope, receive, send)

    def _door(self, scope: Scope) -> Door | None:
        """Whose it is, where its caller may enter and its body says that it is JSON."""
        if scope["type"] != "http" or scope["method"] != "POST" or scope.get("root_path"):
            return None
        door = self._doors.get(scope["path"])
        if door is None or not who_of(Request(scope)).may(door.role):
            return None
        kind = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
        return door if kind == JSON else None

    async def _answer_to(self, request: Request, error: Exception) -> Any:
        kind = next(kind for kind in type(error).__mro__ if kind in self._refused)
        return await self._refused[kind](request, error)


def _form(door: Door, read: list[Message]) -> BaseModel | None:
    """The form in the messages of a body; None where it is none, or where nobody waits for an answer any more."""
    if read[-1]["type"] != "http.request":
        return None
    try:
        given = json.loads(b"".join(one.get("body", b"") for one in read))
        return door.form.model_validate(given) if isinstance(given, dict) else None
    except (ValidationError, ValueError, RecursionError):
        return None


def _again(read: list[Message], then: Receive) -> Receive:
    """What gives the messages that were read already, and then what follows."""
    waiting = read[::-1]

    async def receive() -> Message:
        return waiting.pop() if waiting else await then()

    return receive
