"""Signing in with a key: a form that needs no script, and the few pages that are shown without one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from fastapi import APIRouter, Request
from jinja2 import Environment, PackageLoader, select_autoescape
from starlette.responses import HTMLResponse, RedirectResponse, Response

from llm4rec.apps.web.files import address
from llm4rec.apps.web.registry import page_at
from llm4rec.apps.web.words import HTML, preferred, words_in

if TYPE_CHECKING:
    from llm4rec.apps.web.sessions import Sessions

SIGN_IN = "/sign-in"
MOST = 4_096  # bytes of the form
router = APIRouter()
_pages = Environment(
    loader=PackageLoader("llm4rec.apps.web", "static"), autoescape=select_autoescape(default=True)
)


def refused(status: int, why: str, language: str) -> Response:
    """A plain page that says why there is nothing to see, and what to do."""
    words = words_in(language)
    told = {"heading": words(f"{why}"), "text": words(f"{why}_remedy"), "form": False}
    return _plain(language, status, told)


def _plain(language: str, status: int, told: dict[str, object]) -> Response:
    words = words_in(language)
    made = _pages.get_template("plain.html").render(
        words=words, lang=HTML[language], style=address("style.css"), **told
    )
    return HTMLResponse(made, status)


def _asked(request: Request, status: int = 200, trouble: str = "") -> Response:
    language = preferred(request.headers.get("accept-language", ""))
    words = words_in(language)
    told: dict[str, object] = {"heading": words("signin.heading"), "text": words("signin.text"), "form": True}
    return _plain(language, status, {**told, "trouble": trouble and words(trouble), "next": _next(request)})


def _next(request: Request) -> str:
    """Where to go then: a page of ours, else the first."""
    wanted = request.query_params.get("next", "/")
    return wanted if page_at(wanted) is not None else "/"


@router.get(SIGN_IN)
async def form(request: Request) -> Response:
    """The form."""
    return _asked(request) if request.scope["llm4rec.house"].keys.required else RedirectResponse("/", 303)


@router.post(SIGN_IN)
async def sign_in(request: Request) -> Response:
    """A session for a key; the one before ends. Sent from our own page alone."""
    from llm4rec.apps.web.gate import cookie_of

    house, sessions = request.scope["llm4rec.house"], request.scope["llm4rec.sessions"]
    origin = urlsplit(request.headers.get("origin", "")).netloc.lower()
    if not origin or origin != request.headers.get("host", "").lower():
        return _asked(request, 403, "signin.elsewhere")
    caller = f"address {request.client.host if request.client else ''}"
    if house.buckets.wait(caller, time.monotonic()):
        return _asked(request, 429, "signin.slow")
    token = await _token(request)
    who = house.keys.who(token)
    if who is None:
        return _asked(request, 401, "signin.unknown")
    _end(sessions, request)
    session = sessions.begin(preferred(request.headers.get("accept-language", "")), token)
    return RedirectResponse(_next(request), 303, {"set-cookie": cookie_of(session, request)})


async def _token(request: Request) -> str:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST:
            return ""
    return parse_qs(body.decode("utf-8", "replace")).get("key", [""])[0].strip()


def _end(sessions: Sessions, request: Request) -> None:
    before = request.scope["llm4rec.session"]
    if before is not None:
        sessions.end(before)
