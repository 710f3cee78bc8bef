"""A client of a running service: its verbs as methods, tried again while the service is busy. Knows no engine."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from llm4rec.core import Id, Llm4recError, ProfileEdits, Recommendations
from llm4rec.core.candidates import Reason

if TYPE_CHECKING:
    import httpx2

Plain = dict[str, Any]
BUSY = (429, 503)
LONGEST = 30.0  # seconds of one wait


class ServiceError(Llm4recError):
    """The service said no, or could not be reached: `status` (0: not reached), `kind`, `remedy` and `request_id`."""

    def __init__(self, status: int, told: Mapping[str, Any]) -> None:
        self.status, self.kind = status, str(told.get("type", "HttpError"))
        self.what, self.remedy = str(told.get("what", "")), str(told.get("remedy", ""))
        self.request_id = str(told.get("request_id", ""))
        super().__init__(f"{self.what}; {self.remedy}" if self.remedy else self.what)


class Client:
    """Client("http://127.0.0.1:8000", key).recommend(user="ann", n=5); to be closed, or used in a `with`.

    Busy answers (429, 503) and lost connections are tried again, `tries` times in all, as long apart as the service asks
    or twice as long each time. What is written has an idempotency key, so nothing is kept twice. Else ServiceError.
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8000",
        key: str | None = None,
        *,
        seconds: float = 10.0,
        tries: int = 5,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        import httpx2

        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._http = httpx2.Client(base_url=url, headers=headers, timeout=seconds)
        self._tries, self._sleep = max(1, tries), sleep

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def recommend(
        self, user: Id | None = None, history: Sequence[Id] | None = None, n: int = 10, **limits: Any
    ) -> Recommendations:
        """The n best items; `limits` are the fields of POST /v1/recommend."""
        return recommendations(self.post("recommend", user=user, history=history, n=n, **limits))

    def recommend_many(self, questions: Iterable[Mapping[str, Any]], **more: Any) -> list[Recommendations]:
        """One list for each question, all of one engine version."""
        told = self.post("recommend/batch", requests=[dict(question) for question in questions], **more)
        return [recommendations(one) for one in told["answers"]]

    def similar(self, items: Sequence[Id], n: int = 10) -> Recommendations:
        """What is taken with these items, or is like them."""
        return recommendations(self.post("similar", items=list(items), n=n))

    def ask(self, text: str, user: Id | None = None, n: int = 10, **more: Any) -> Recommendations:
        """Items for a request in plain language."""
        return recommendations(self.post("ask", text=text, user=user, n=n, **more))

    def feedback(self, events: Iterable[Mapping[str, Any]], key: str | None = None) -> Plain:
        """Keep what people did: {"user", "item", "kind", "impression", …} each; durable when this returns."""
        return self.post("feedback", events=[dict(event) for event in events], key=_key(key))

    def upsert_items(self, items: Mapping[Id, Mapping[str, Any]], key: str | None = None) -> Plain:
        """New or changed items: their attributes by id."""
        rows = [{"item": item, "attributes": dict(told)} for item, told in items.items()]
        return self.post("items", items=rows, key=_key(key))

    def delete_items(self, ids: Iterable[Id], key: str | None = None) -> Plain:
        """Never show these again, until they are upserted."""
        return self.post("items/delete", ids=list(ids), key=_key(key))

    def upsert_users(self, users: Mapping[Id, Mapping[str, Any]], key: str | None = None) -> Plain:
        """What is known about users: their attributes by id."""
        rows = [{"user": user, "attributes": dict(told)} for user, told in users.items()]
        return self.post("users", users=rows, key=_key(key))

    def upsert_edits(self, edits: Mapping[Id, ProfileEdits], key: str | None = None) -> Plain:
        """What users say of their own profiles, as a whole: it steers their answers until it is taken back."""
        rows = [{"user": user, "edits": told.as_json()} for user, told in edits.items()]
        return self.post("users/edits", edits=rows, key=_key(key))

    def edits(self, user: Id) -> ProfileEdits:
        """The edits that are kept of a user's profile; empty ones where there are none."""
        return ProfileEdits.of(self.post("users/edits/read", user=user)["edits"], "the edits")

    def delete_edits(self, users: Iterable[Id], key: str | None = None) -> Plain:
        """Take back all that these users said of their profiles."""
        return self.post("users/edits/delete", ids=list(users), key=_key(key))

    def export(self, user: Id) -> Plain:
        """All that is kept of a person."""
        found: Plain = self.post("users/export", user=user)["person"]
        return found

    def erase(self, user: Id) -> Plain:
        """Remove a person; the proof."""
        return self.post("users/erase", user=user)

    def post(self, route: str, **fields: Any) -> Plain:
        """POST /v1/`route` with these fields, those that are None left out; every other verb goes this way."""
        told = {name: value for name, value in fields.items() if value is not None}
        return self._sent("POST", f"/v1/{route}", told)

    def get(self, route: str, **query: str) -> Plain:
        """GET /v1/`route`."""
        return self._sent("GET", f"/v1/{route}", None, query)

    def _sent(
        self, method: str, path: str, body: Plain | None, query: Mapping[str, str] | None = None
    ) -> Plain:
        import httpx2

        error = ServiceError(0, {})
        for attempt in range(self._tries):
            wait = min(LONGEST, 0.1 * 2**attempt)
            try:
                answer = self._http.request(method, path, json=body, params=query)
            except httpx2.TransportError as lost:
                error = ServiceError(0, {"type": type(lost).__name__, "what": f"{path}: not reached: {lost}"})
            else:
                if answer.is_success:
                    found: Plain = answer.json()
                    return found
                error = ServiceError(answer.status_code, _trouble(answer))
                if answer.status_code not in BUSY:
                    raise error
                wait = min(LONGEST, _seconds(answer.headers.get("retry-after"), wait))
            if attempt + 1 < self._tries:
                self._sleep(wait)
        raise error


def recommendations(told: Mapping[str, Any]) -> Recommendations:
    """A list as the engine gives it, of the JSON of an answer."""
    rows = told["items"]
    reasons = tuple(tuple(Reason(**why) for why in row.get("reasons", ())) for row in rows)
    return Recommendations(
        items=tuple(row["item"] for row in rows),
        scores=tuple(row["score"] for row in rows),
        titles=_column(rows, "title"),
        reasons=reasons if any(reasons) else (),
        chances=_column(rows, "chance"),
        propensities=_column(rows, "propensity"),
        impression=told["impression"],
        version=told["version"],
        degraded=tuple(told["degraded"]),
        policy=told["policy"],
        experiment=told["experiment"],
        variant=told["variant"],
    )


def _column(rows: Sequence[Mapping[str, Any]], name: str) -> tuple[Any, ...]:
    return tuple(row[name] for row in rows) if rows and all(name in row for row in rows) else ()


def _key(given: str | None) -> str:
    return given or secrets.token_hex(16)


def _trouble(answer: httpx2.Response) -> Mapping[str, Any]:
    """What the service said of the error; of something else in between, its status."""
    try:
        told = answer.json()["error"]
    except (ValueError, KeyError, TypeError):
        told = None
    return told if isinstance(told, Mapping) else {"what": f"HTTP {answer.status_code}"}


def _seconds(text: str | None, otherwise: float) -> float:
    return float(text) if text is not None and text.isdigit() else otherwise
