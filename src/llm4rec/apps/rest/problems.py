"""Errors as answers: one shape for all, a status and a remedy for each kind. Says nothing of what a person wrote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from llm4rec.core import (
    ComponentError,
    DataError,
    FolderError,
    Llm4recError,
    NotFittedError,
    NotFoundError,
    SettingsError,
    StoreBusyError,
    StoreError,
    StoreFullError,
)
from llm4rec.core.errors import GeneratorError

AGAIN = "try again under the same idempotency key"


class Trouble(BaseModel):
    """What went wrong, and what to do."""

    model_config = ConfigDict(extra="forbid")
    type: str = Field(description="kind of error, for programs")
    what: str = Field(description="what went wrong, for people")
    remedy: str = Field(description="what to do")
    request_id: str = Field(description="stands in the log and in the header X-Request-Id")


class Problem(BaseModel):
    """The shape of every answer that is an error."""

    model_config = ConfigDict(extra="forbid")
    error: Trouble


@dataclass(frozen=True, slots=True)
class Kind:
    """Status, the remedy where the error names none, and seconds after which to come again (0: no use)."""

    status: int
    remedy: str
    retry: int = 0


KINDS: dict[type[Llm4recError], Kind] = {
    SettingsError: Kind(422, "correct the argument; GET /v1/openapi.json tells what each may be"),
    DataError: Kind(422, "correct the named rows and send the batch again"),
    NotFoundError: Kind(404, "check the id"),
    NotFittedError: Kind(409, "fit the engine, then promote it"),
    FolderError: Kind(409, "fit or copy the engine folder again, and register it"),
    StoreBusyError: Kind(503, AGAIN, 1),
    StoreFullError: Kind(503, "make room on the disk of the store; what is kept can be read", 30),
    StoreError: Kind(503, "look at the store; GET /ready tells when it is back", 5),
    GeneratorError: Kind(503, "the language model did not answer; try again", 5),
    ComponentError: Kind(409, "use an engine whose parts can do this"),
}


def kind_of(error: Llm4recError) -> Kind:
    """Of the nearest class above."""
    return next((KINDS[kind] for kind in type(error).__mro__ if kind in KINDS), Kind(422, "see `what`"))


def problem(type_: str, what: str, remedy: str, request_id: str) -> Problem:
    """The answer, its words cut to what is of use."""
    what = what.encode("utf-8", "replace").decode()[:2_000]
    return Problem(error=Trouble(type=type_, what=what, remedy=remedy, request_id=request_id))


def of_error(error: Llm4recError, request_id: str) -> tuple[int, Problem, dict[str, str]]:
    """Status, body and headers; the words behind the last semicolon of a message are its remedy."""
    kind, name = kind_of(error), type(error).__name__
    what, semicolon, remedy = str(error).rpartition("; ")
    if not semicolon or "\n" in remedy:
        what, remedy = str(error), kind.remedy
    headers = {"Retry-After": str(kind.retry)} if kind.retry else {}
    return kind.status, problem(name, what or name, remedy, request_id), headers


EXAMPLES: Mapping[int, tuple[str, str, str, str]] = {
    400: (
        "InvalidRequest",
        "There was an error parsing the body",
        "send JSON in UTF-8",
        "a body that is no JSON",
    ),
    401: (
        "Unauthorized",
        "no key, or one that is not known",
        "send Authorization: Bearer KEY",
        "every route",
    ),
    403: ("Forbidden", "this key may read", "use a key of role admin", "a role that is too low"),
    404: ("NotFoundError", "unknown item 'b-9'", "check the id", "something that there is not"),
    409: (
        "FolderError",
        "the folder is not what was registered",
        "register it again",
        "a state that forbids it",
    ),
    413: (
        "TooLarge",
        "the body has more than 4000000 bytes",
        "send smaller batches",
        "a body that is too large",
    ),
    422: ("SettingsError", "n = 0", "it is at least 1", "a wrong argument or a wrong row"),
    429: (
        "TooMany",
        "more requests than this key may make",
        "wait, then try again",
        "a rate that is too high",
    ),
    500: ("InternalError", "an error inside", "report it with the request id", "an error of ours"),
    503: ("StoreBusyError", "the store is locked", AGAIN, "no store, or no language model, for now"),
}


def documented() -> dict[int | str, dict[str, object]]:
    """All error answers for the OpenAPI document, each with an example."""
    return {
        status: {
            "model": Problem,
            "description": about,
            "content": {"application/json": {"example": problem(kind, what, remedy, "6f1c").model_dump()}},
        }
        for status, (kind, what, remedy, about) in EXAMPLES.items()
    }
