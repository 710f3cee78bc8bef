"""The door of the page: host, origin and session, before anything of it is reached. REST paths go on to their own guard."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, urlsplit

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from llm4rec.apps.rest.guard import host_of
from llm4rec.apps.web.pictures import PICTURES
from llm4rec.apps.web.registry import page_at
from llm4rec.apps.web.sessions import COOKIE, IDLE, Session, Sessions
from llm4rec.apps.web.shielding import Shielded
from llm4rec.apps.web.signin import SIGN_IN, refused
from llm4rec.apps.web.words import preferred
from llm4rec.core import StoreError

if TYPE_CHECKING:
    from llm4rec.apps.rest.doors import House

SERVICE = frozenset({"/health", "/ready", "/metrics"})
FILES = ("/_page/", "/_nicegui/", "/favicon.ico")
"""What is the same for everybody, and needs no key."""
SOCKET = "/_nicegui_ws/"
AGAIN = '<!doctype html><meta http-equiv="refresh" content="0"><title>llm4rec</title>'


class Gate:
    """Stands around the whole application."""

    def __init__(self, app: ASGIApp, page: ASGIApp, house: House, sessions: Sessions) -> None:
        self._app, self._page, self._house, self._sessions = app, page, house, sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or one socket."""
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        elif scope["type"] == "lifespan" or scope["path"] in SERVICE or scope["path"].startswith("/v1/"):
            await self._app(scope, receive, send)
        else:
            began, status = time.perf_counter(), await self._request(scope, receive, send)
            self._house.metrics.request(scope["method"], "page", status, time.perf_counter() - began)

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> int:
        """One request for the page; the status that it got."""
        connection = HTTPConnection(scope)
        path, answer = scope["path"], None
        session, cookie = self._session(connection), ""
        if not path.startswith(FILES):
            answer = await self._refusal(connection, session)
            if answer is None and session is None and not self._house.keys.required:
                session = self._sessions.begin(preferred(connection.headers.get("accept-language", "")))
                cookie = cookie_of(session, connection)
        out = Shielded(send, cookie)
        if answer is not None:
            await answer(scope, receive, out)
        else:
            self._enter(scope, session)
            await self._page(scope, receive, out)
        return out.status

    def _session(self, connection: HTTPConnection) -> Session | None:
        return self._sessions.of(connection.cookies.get(COOKIE, ""))

    def _enter(self, scope: Scope, session: Session | None) -> None:
        """Give the page what it needs; and not a prefix that a stranger chose."""
        scope["llm4rec.house"], scope["llm4rec.sessions"] = self._house, self._sessions
        scope["llm4rec.session"] = session
        scope["headers"] = [pair for pair in scope["headers"] if pair[0] != b"x-forwarded-prefix"]

    async def _refusal(self, connection: HTTPConnection, session: Session | None) -> Response | None:
        """Why the page is not shown; None where it is."""
        headers, path = connection.headers, connection.url.path
        language = session.language if session else preferred(headers.get("accept-language", ""))
        if path.startswith(SOCKET):
            return refused(403, "refused.socket", language)
        trouble = await self._fresh_keys()
        if trouble or not self._named(headers):
            return refused(503 if trouble else 403, "refused.store" if trouble else "refused.host", language)
        if path == SIGN_IN:
            return None
        if headers.get("sec-fetch-site") == "cross-site" and connection.scope["method"] == "GET":
            return HTMLResponse(AGAIN)  # the cookie is not sent from elsewhere; asked from here, it is
        if self._house.keys.required and (session is None or session.who(self._house.keys) is None):
            return RedirectResponse(f"{SIGN_IN}?next={quote(path)}", 303)
        if page_at(path) is None and not path.startswith(PICTURES):
            return refused(404, "refused.nothing", language)
        return None

    async def _fresh_keys(self) -> bool:
        """Whether it cannot be known who has a key."""
        keys = self._house.keys
        if keys.stale:
            try:
                await asyncio.get_running_loop().run_in_executor(self._house.pool, keys.refresh)
            except StoreError:
                return True
        return False

    def _named(self, headers: Headers) -> bool:
        """Whether the service is called by its own name, where no key guards it."""
        return self._house.keys.required or host_of(headers) in self._house.settings.own_hosts

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A socket is let in for the session that got the page, from that page alone."""
        connection = HTTPConnection(scope)
        if not await self._fresh_keys() and self._may_talk(connection):
            self._enter(scope, self._session(connection))
            await self._page(scope, receive, send)
            return
        await receive()
        await send({"type": "websocket.close", "code": 1008})

    def _may_talk(self, connection: HTTPConnection) -> bool:
        from nicegui import Client

        headers, session = connection.headers, self._session(connection)
        origin = urlsplit(headers.get("origin", "")).netloc.lower()
        if not origin or origin != headers.get("host", "").lower() or not self._named(headers):
            return False
        if session is None or session.who(self._house.keys) is None:
            return False
        asked = parse_qs(connection.url.query).get("client_id", [""])[0]
        client = Client.instances.get(asked)
        # A page that this process has not made (it was started anew) is told so by the library, and loads itself again.
        return client is None or client.request.scope.get("llm4rec.session") is session


def cookie_of(session: Session, connection: HTTPConnection) -> str:
    """The header that sets the cookie of a session: no script reads it, no other site sends it."""
    forwarded = connection.headers.get("x-forwarded-proto", connection.url.scheme)
    secure = "; Secure" if forwarded == "https" else ""
    return f"{COOKIE}={session.id}; Path=/; HttpOnly; SameSite=Strict; Max-Age={int(IDLE)}{secure}"
