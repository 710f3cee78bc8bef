"""One question over HTTP to one address, as JSON and back. Knows nothing of retries, prompts and schemas.

The `openai` library carries the request. It is given no key: the key is put on each request at the last moment, so that
no log of a library can hold it, and headers that the library or the environment adds are taken off. Redirects are not
followed, because only the address in the settings is contacted. openai is imported inside the functions.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from llm4rec.core import (
    BrokenAnswerError,
    ComponentError,
    GeneratorError,
    GeneratorRefusedError,
    GeneratorTimeoutError,
    GeneratorUnavailableError,
)

if TYPE_CHECKING:
    import httpx2
    from openai import APIStatusError, OpenAI

MOST_BYTES = 8_000_000
"""A longer answer is not read to its end."""
QUOTED = 200
"""So many characters of what a server says are quoted in an error."""
_SENT = {"host", "content-length", "content-type", "accept", "connection"}
_COMES_BACK = {408, 409, 425, 429}
_REMEDY = {
    401: "check the key and api_key_env",
    403: "check the key and what it may do",
    404: "check base_url (it usually ends in /v1) and model",
    413: "ask for less",
}


class Wire:
    """Posts to one base address. `key` is sent as a bearer token and appears in no message, log or repr."""

    def __init__(self, base_url: str, key: str, who: str, now: Callable[[], float]) -> None:
        self.base_url = base_url
        self.who = who
        self.now = now
        self._dress = _dresser(key)
        self._hide: Callable[[str], str] = lambda text: text.replace(key, "***") if key else text

    def post(self, path: str, body: Mapping[str, Any], timeout: float) -> dict[str, Any]:
        """The JSON object that comes back within `timeout` seconds; a typed error says what came instead."""
        client = self._client  # first: it says what is not installed
        import httpx2
        import openai

        try:
            response = client.post(
                path, cast_to=httpx2.Response, body=dict(body), options={"timeout": timeout}
            )
        except openai.APITimeoutError:
            raise self._late(timeout) from None
        except openai.APIConnectionError as error:
            reason = self.quoted(str(error.__cause__ or error))
            raise GeneratorUnavailableError(
                f"{self.who} cannot be reached ({reason}); check base_url and whether the server runs"
            ) from None
        except openai.APIStatusError as error:
            raise self._status(error) from None
        return self._object(response.content)

    def close(self) -> None:
        """Give the connections back; the next question opens new ones."""
        client = self.__dict__.pop("_client", None)
        if client is not None:
            client.close()

    @cached_property
    def _client(self) -> OpenAI:
        try:
            import openai
        except ModuleNotFoundError as error:
            raise ComponentError(
                f"{self.who} needs {error.name}: pip install 'llm4rec[generation]'"
            ) from error
        http = openai.DefaultHttpxClient(
            follow_redirects=False,
            event_hooks={"request": [self._begin], "response": [self._watch]},
        )
        return openai.OpenAI(base_url=self.base_url, api_key="put on later", max_retries=0, http_client=http)

    def _begin(self, request: httpx2.Request) -> None:
        self._dress(request)
        allowed = request.extensions.get("timeout", {}).get("read")
        request.extensions["late_at"] = self.now() + (allowed or 0.0)
        request.extensions["allowed"] = allowed

    def _watch(self, response: httpx2.Response) -> None:
        """A limit of seconds for the whole answer and one of bytes: the library limits only each wait for a part."""
        if response.headers.get("content-encoding", "identity") != "identity":
            raise BrokenAnswerError(f"{self.who} answered with a compressed text, which was not asked for")
        late_at, allowed = response.request.extensions["late_at"], response.request.extensions["allowed"]

        def parts(inner: httpx2.SyncByteStream) -> Iterator[bytes]:
            size = 0
            for part in inner:
                size += len(part)
                if size > MOST_BYTES:
                    raise BrokenAnswerError(
                        f"{self.who} answered with more than {MOST_BYTES} bytes; lower max_tokens"
                    )
                if self.now() > late_at:
                    raise self._late(allowed)
                yield part

        response.stream = _watched(response.stream, parts)

    def _late(self, seconds: float) -> GeneratorTimeoutError:
        return GeneratorTimeoutError(
            f"{self.who} gave no answer within {seconds:.3g} seconds; raise timeout, or lower max_tokens"
        )

    def _status(self, error: APIStatusError) -> GeneratorError:
        code = error.status_code
        said = f"{self.who} answered with status {code} ({self.quoted(error.response.text) or 'no words'})"
        if code in _COMES_BACK or code >= 500:
            wait = wanted_wait(error.response.headers)
            return GeneratorUnavailableError(f"{said}; try later, or look at the server's own log", wait)
        if 300 <= code < 400:
            return GeneratorRefusedError(
                f"{said}; redirects are not followed: set base_url to where it leads"
            )
        return GeneratorRefusedError(f"{said}; {_REMEDY.get(code, 'check model and what is asked')}")

    def _object(self, content: bytes) -> dict[str, Any]:
        try:
            found = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise BrokenAnswerError(
                f"{self.who} answered with what is not JSON ({type(error).__name__}): "
                f"{self.quoted(content[:1000].decode('utf-8', 'replace'))!r}; check base_url"
            ) from None
        if not isinstance(found, dict):
            raise BrokenAnswerError(f"{self.who} answered with JSON that is no object; check base_url")
        return found

    def quoted(self, text: str) -> str:
        """Words of a server for a message: one line, short, without the key."""
        plain = "".join(letter if letter.isprintable() else " " for letter in self._hide(text))
        line = " ".join(plain.split())
        return line if len(line) <= QUOTED else f"{line[: QUOTED - 1]}…"


def _dresser(key: str) -> Callable[[httpx2.Request], None]:
    """Leaves the headers that HTTP needs and adds the key."""

    def dress(request: httpx2.Request) -> None:
        for name in [name for name in request.headers if name.lower() not in _SENT]:
            del request.headers[name]
        request.headers["user-agent"] = "llm4rec"
        request.headers["accept-encoding"] = "identity"  # a small answer cannot grow large here
        if key:
            request.headers["authorization"] = f"Bearer {key}"

    return dress


def _watched(inner: Any, parts: Callable[[Any], Iterator[bytes]]) -> httpx2.SyncByteStream:
    import httpx2

    class Watched(httpx2.SyncByteStream):
        """A stream read through `parts`."""

        def __iter__(self) -> Iterator[bytes]:
            return parts(inner)

        def close(self) -> None:
            inner.close()

    return Watched()


def wanted_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds that a server asks to be left alone (Retry-After: seconds or a date; RFC 9110, 10.2.3); None if it does not say."""
    said = headers.get("retry-after", "").strip()
    try:
        seconds = float(said)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(said).timestamp() - time.time()
        except ValueError:
            return None
    return max(0.0, seconds) if seconds < float("inf") else None
