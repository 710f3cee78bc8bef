"""Headers of what the page sends: which scripts may run, who may frame it. Decides on nothing else.

Scripts run only from this server and with the nonce of the answer: an event handler or a script that somebody wrote into
a text is inert even where it became HTML. Nothing is evaluated. Styles may stand in line: the library sets them so.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Send

from llm4rec.apps.web.lighter import lighter

HEADERS: Mapping[str, str] = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}


def policy(nonce: str) -> str:
    """The Content-Security-Policy of one answer."""
    return (
        f"default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
    )


class Shielded:
    """Sends on what the page answers, with its headers; HTML is held until it is whole, and its scripts get the nonce.

    Texts stand in that HTML with "<" escaped, so every "<script" in it is ours.
    """

    def __init__(self, send: Send, cookie: str = "") -> None:
        self._send, self._cookie = send, cookie
        self._nonce = secrets.token_urlsafe(18)
        self._start: Message | None = None
        self._body = b""
        self.status = 0

    async def __call__(self, message: Message) -> None:
        """One message of the answer."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers.update({**HEADERS, "content-security-policy": policy(self._nonce)})
            if self._cookie:
                headers.append("set-cookie", self._cookie)
            if headers.get("content-type", "").startswith("text/html"):
                headers["cache-control"] = "no-store"
                self._start = message
                return
        elif self._start is not None:
            self._body += message.get("body", b"")
            if message.get("more_body", False):
                return
            body = lighter(self._body).replace(b"<script", f'<script nonce="{self._nonce}"'.encode())
            MutableHeaders(scope=self._start)["content-length"] = str(len(body))
            await self._send(self._start)
            message = {"type": "http.response.body", "body": body}
        await self._send(message)
