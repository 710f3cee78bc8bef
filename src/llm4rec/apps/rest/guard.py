"""The door of the house: who calls, how often, how much; a request id, a line in the log, a figure. Serves nothing itself."""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import time
from itertools import count

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from llm4rec.apps.rest.doors import House
from llm4rec.apps.rest.keys import NOBODY
from llm4rec.apps.rest.logs import note
from llm4rec.apps.rest.problems import Problem, of_error, problem
from llm4rec.core import StoreError

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
WITHOUT_KEY = frozenset({"/health", "/ready"})
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})
HEADERS = [(b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff")]
OWN = frozenset({b"x-request-id", *(name for name, _ in HEADERS)})
Refusal = tuple[int, Problem, dict[str, str]]


class Guard:
    """Wraps the whole application: what it does not let in reaches no route, whether there is one or not."""

    def __init__(self, app: ASGIApp, house: House) -> None:
        self._app, self._house = app, house
        # Names of requests differ between workers and starts; that they can be guessed opens nothing.
        self._mark, self._numbers = secrets.token_hex(4), count()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        name = headers.get("x-request-id", "")
        if not REQUEST_ID.fullmatch(name):
            name = f"{self._mark}{next(self._numbers):08x}"
        scope["llm4rec.request"], began = name, time.perf_counter()
        answered = {"status": 500, "begun": False}

        async def out(message: Message) -> None:
            if message["type"] == "http.response.start":
                answered.update(status=message["status"], begun=True)
                given = [one for one in message.get("headers", ()) if one[0].lower() not in OWN]
                message["headers"] = [*given, (b"x-request-id", name.encode()), *HEADERS]
            await send(message)

        error: Exception | None = None
        try:
            await self._let_in(scope, receive, out, headers)
        except Exception as unforeseen:  # the caller is told, and the log says where
            error = unforeseen
            if not answered["begun"]:
                told = problem("InternalError", "an error inside", "report it with the request id", name)
                await _refuse((500, told, {}), out)
        self._note(scope, answered["status"], time.perf_counter() - began, error)

    async def _let_in(self, scope: Scope, receive: Receive, send: Send, headers: Headers) -> None:
        refusal = await self._refusal(scope, headers)
        if refusal is None:
            held = await self._held(receive, headers)
            if held is not None:
                await self._app(scope, held, send)
                return
            most = self._house.settings.body_bytes
            what = f"the body has more than {most} bytes"
            refusal = 413, problem("TooLarge", what, "send smaller batches", scope["llm4rec.request"]), {}
        await _refuse(refusal, send)

    async def _refusal(self, scope: Scope, headers: Headers) -> Refusal | None:
        """Why this request is not let in; None where it is, and the scope says who calls."""
        house, name = self._house, scope["llm4rec.request"]
        scope["llm4rec.who"] = NOBODY
        caller = f"address {(scope.get('client') or ('',))[0]}"
        if scope["path"] not in WITHOUT_KEY:
            if house.keys.stale:
                try:
                    loop = asyncio.get_running_loop()
                    await loop.run_in_executor(house.pool, house.keys.refresh)
                except StoreError as error:
                    return of_error(error, name)
            if house.keys.required:
                who = house.keys.who(_token(headers))
                if who is not None:
                    scope["llm4rec.who"], caller = who, who.key
                else:
                    return self._slow(caller, name) or _unauthorized(name)
            elif host_of(headers) not in house.settings.own_hosts:
                what = "a service without keys answers to this machine alone, under its own names"
                told = problem("Forbidden", what, "make a key: llm4rec keys create STORE --role read", name)
                return 403, told, {}
        return self._slow(caller, name)

    def _slow(self, caller: str, name: str) -> Refusal | None:
        wait = self._house.buckets.wait(caller, time.monotonic())
        if not wait:
            return None
        what = f"more requests than {self._house.settings.rate:g} a second"
        told = problem("TooMany", what, "wait as long as Retry-After says, then try again", name)
        return 429, told, {"Retry-After": str(max(1, round(wait + 0.5)))}

    async def _held(self, receive: Receive, headers: Headers) -> Receive | None:
        """What reads the body; None where it is too large. A body that does not tell its length is read here first."""
        most, length = self._house.settings.body_bytes, headers.get("content-length", "")
        if length.isascii() and length.isdigit():
            return receive if len(length) < 15 and int(length) <= most else None
        if "transfer-encoding" not in headers:
            return receive
        body = b""
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return _again(message)
            body += message.get("body", b"")
            if len(body) > most:
                return None
            if not message.get("more_body", False):
                return _again({"type": "http.request", "body": body, "more_body": False}, receive)

    def _note(self, scope: Scope, status: int, seconds: float, error: Exception | None) -> None:
        route = getattr(scope.get("route"), "path", "unknown")
        method = scope["method"] if scope["method"] in METHODS else "OTHER"
        self._house.metrics.request(method, route, status, seconds)
        level = logging.INFO if status < 500 else logging.ERROR
        who = scope["llm4rec.who"]
        facts = {
            "request_id": scope["llm4rec.request"],
            "method": method,
            "route": route,
            "status": status,
            "milliseconds": round(1_000 * seconds, 3),
            "key": who.key,
            "tenant": who.tenant,
        }
        note(level, facts, error)


def _again(first: Message, then: Receive | None = None) -> Receive:
    """What gives a message that was read already, and then what follows."""
    waiting = [first]

    async def receive() -> Message:
        if waiting:
            return waiting.pop()
        return first if then is None else await then()

    return receive


def _token(headers: Headers) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def host_of(headers: Headers) -> str:
    """The name under which the service is called, without its port."""
    host = headers.get("host", "").lower()
    return host if host.endswith("]") else host.rpartition(":")[0] or host


def _unauthorized(name: str) -> Refusal:
    told = problem("Unauthorized", "no key, or one that is not known", "send Authorization: Bearer KEY", name)
    return 401, told, {"WWW-Authenticate": "Bearer"}


async def _refuse(refusal: Refusal, send: Send) -> None:
    status, told, more = refusal
    body = told.model_dump_json().encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    headers += [(key.lower().encode(), value.encode()) for key, value in more.items()]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
