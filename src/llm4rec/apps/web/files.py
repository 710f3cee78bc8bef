"""Files of the page, the same for everybody: read once, compressed once, sent from memory. Knows no visitor.

A browser asks for what carries its digest, or the library's version, in its address once; everything else it asks for
anew, and is told where that has not changed.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from nicegui import __version__ as library_version
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

STATIC = Path(__file__).parent / "static"
OURS, THEIRS = "/_page/", f"/_nicegui/{library_version}/"
ALL = "all.css"
SHEETS = ("style.css", "icons.css", "shop.css")
"""What stands in the one sheet that every page has."""
ALWAYS = "public, max-age=31536000, immutable"
MOST = 16 << 20  # bytes that are kept
WORTH = 512  # bytes from which on a file is compressed
ODD = re.compile(r"//|/\.")
"""Another way to write a path; a file is kept under one."""
LIBRARY = ("vue.esm-browser.prod.js", "socket.io.min.js", "nicegui.js", "dompurify.mjs")
"""What every page needs of the library."""


@cache
def content(name: str) -> bytes:
    """A file of ours."""
    if name == ALL:
        return b"".join(content(one) for one in SHEETS)
    return (STATIC / name).read_bytes()


@cache
def address(name: str) -> str:
    """Where a file of ours is, with its digest: another content is at another address."""
    return f"{OURS}{name}?{hashlib.sha256(content(name)).hexdigest()[:16]}"


@dataclass(frozen=True)
class Kept:
    """A file as it goes out."""

    body: bytes
    pressed: bytes
    headers: dict[str, str]

    def answer(self, asked: Headers) -> Response:
        """What a browser is sent that asks so."""
        told = dict(self.headers)
        if asked.get("if-none-match", "") == told.get("etag", " "):
            return Response(status_code=304, headers=told)
        if self.pressed and "gzip" in asked.get("accept-encoding", ""):
            return Response(self.pressed, headers=told | {"content-encoding": "gzip"})
        return Response(self.body, headers=told)


class Files:
    """Stands around the page: answers for files, hands everything else on."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._kept: dict[str, Kept] = {}
        self._size = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        kept = await self._found(scope) if scope["type"] == "http" else None
        if kept is None:
            await self._app(scope, receive, send)
            return
        path, answer = scope["path"], kept.answer(Headers(scope=scope))
        if path.startswith(OURS):
            always = address(path.removeprefix(OURS)).endswith(f"?{scope['query_string'].decode()}")
            answer.headers["cache-control"] = ALWAYS if always else "no-cache"
        await answer(scope, receive, send)

    async def _found(self, scope: Scope) -> Kept | None:
        """The file that is asked for, where it is one and asked for as a whole."""
        path = scope["path"]
        if scope["method"] not in ("GET", "HEAD") or not path.startswith((OURS, THEIRS)):
            return None
        if ODD.search(path) or (path != OURS + ALL and "range" in Headers(scope=scope)):
            return None
        return self._kept.get(path) or await self._read(path, scope)

    async def warm(self) -> None:
        """Read what every page needs before anybody asks."""
        for path in (OURS + ALL, OURS + "parts.js", *(f"{THEIRS}static/{name}" for name in LIBRARY)):
            await self._read(path, {"type": "http"})

    async def _read(self, path: str, scope: Scope) -> Kept | None:
        """A file, from now on in memory; None where it is none, or not the same for ever."""
        heard: list[Message] = []
        if path == OURS + ALL:
            headers, body = {"content-type": "text/css; charset=utf-8"}, content(ALL)
            headers["etag"] = f'"{address(ALL).rpartition("?")[2]}"'
            return self._keep(path, headers, body)
        plain = {**scope, "method": "GET", "path": path, "raw_path": path.encode()}
        plain |= {"headers": [], "query_string": b"", "root_path": ""}

        async def send(message: Message) -> None:
            heard.append(message)

        await self._app(plain, _Alone(), send)
        start, body = heard[0], b"".join(message.get("body", b"") for message in heard[1:])
        headers = dict(Headers(raw=start["headers"]))
        lasting = path.startswith(OURS) or "immutable" in headers.get("cache-control", "")
        if start["status"] != 200 or not lasting or self._size + len(body) > MOST:
            return None
        kept = ("content-type", "cache-control", "etag")
        return self._keep(path, {name: headers[name] for name in kept if name in headers}, body)

    def _keep(self, path: str, headers: dict[str, str], body: bytes) -> Kept:
        text = headers["content-type"].startswith(("text/", "image/svg"))
        pressed = gzip.compress(body, 9, mtime=0) if text and len(body) > WORTH else b""
        self._kept[path] = made = Kept(
            body, pressed, headers | ({"vary": "accept-encoding"} if pressed else {})
        )
        self._size += len(body)
        return made


class _Alone:
    """An asker who says nothing, and stays until the answer is whole."""

    def __init__(self) -> None:
        self._asked = False

    async def __call__(self) -> Message:
        if self._asked:
            await asyncio.Event().wait()
        self._asked = True
        return {"type": "http.request", "body": b"", "more_body": False}
