"""What can go wrong, in one tree. Every message names the culprit and the remedy.

Llm4recError
├── DataError        a file, a row, a column or a value is not what it should be
│   └── CannotSayError                 the data cannot carry the figure that was asked for
├── SettingsError    a setting or an argument is unknown or out of range
├── NotFoundError    an id, a component or a path that does not exist
├── NotFittedError   asked before it has learnt
├── FolderError      a saved engine or a vector cache cannot be trusted, read or written
└── ComponentError   an encoder, a generator or another replaceable part failed
    ├── GeneratorError                 a language model gave no usable answer
    │   ├── GeneratorTimeoutError      no answer in time
    │   ├── GeneratorUnavailableError  not reached, overloaded or broken
    │   ├── GeneratorRefusedError      asked, and declined to answer
    │   ├── BreakerOpenError           not asked, because it failed too often just now
    │   ├── CapReachedError            not asked, because tokens or money are spent
    │   └── BrokenAnswerError          answered, but not in the form that was asked for
    └── StoreError                     a store cannot be opened, read or written
        ├── StoreBusyError             locked, overloaded or not reached for now: the same again may succeed
        └── StoreFullError             no room: nothing was written, reading goes on
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


class Llm4recError(Exception):
    """Everything that llm4rec raises on purpose."""


class SettingsError(Llm4recError):
    """A setting or an argument is unknown or out of range."""


class NotFoundError(Llm4recError):
    """An id, a component or a path that does not exist."""


class NotFittedError(Llm4recError):
    """Asked before it has learnt."""


class FolderError(Llm4recError):
    """A saved engine or a vector cache cannot be trusted, read or written."""


class ComponentError(Llm4recError):
    """An encoder, a generator or another replaceable part failed."""


class GeneratorError(ComponentError):
    """A language model gave no usable answer."""


class GeneratorTimeoutError(GeneratorError):
    """No answer in time."""


class GeneratorUnavailableError(GeneratorError):
    """Not reached, overloaded or broken; `retry_after` are the seconds it asked to be left alone, if it said so."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(message)


class GeneratorRefusedError(GeneratorError):
    """Asked, and declined to answer: a wrong key or name, too long a prompt, an answer it will not give."""


class BreakerOpenError(GeneratorError):
    """Not asked, because it failed too often just now."""


class CapReachedError(GeneratorError):
    """Not asked, because the tokens or the money it may cost are spent."""


class BrokenAnswerError(GeneratorError):
    """Answered, but not in the form that was asked for: empty, cut off, no JSON, or JSON that breaks the schema."""


class StoreError(ComponentError):
    """A store cannot be opened, read or written."""


class StoreBusyError(StoreError):
    """Locked, overloaded or not reached for now: the same again, under the same idempotency key, may succeed."""


class StoreFullError(StoreError):
    """No room: nothing of the batch was written, and what is there can still be read."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with the data: where, what, and what to do. Rows count from 1, header excluded."""

    file: str
    column: str | None
    row: int | None
    value: str | None
    message: str
    remedy: str
    count: int = 1

    def __str__(self) -> str:
        place = ", ".join(
            part
            for part in (
                self.file,
                f"row {self.row}" if self.row is not None else None,
                f"column {self.column!r}" if self.column is not None else None,
            )
            if part
        )
        value = f" (value {self.value})" if self.value is not None else ""
        more = f" [{self.count} rows]" if self.count > 1 else ""
        return f"{place}: {self.message}{value}{more}. {self.remedy}"


class DataError(Llm4recError):
    """The data cannot be used as it is; `problems` lists everything that was found, not only the first."""

    def __init__(self, problems: Sequence[Problem] | str) -> None:
        self.problems: tuple[Problem, ...] = () if isinstance(problems, str) else tuple(problems)
        super().__init__(problems if isinstance(problems, str) else "\n".join(map(str, problems)))


class CannotSayError(DataError):
    """The data cannot carry the figure that was asked for: too few rows, no chances logged, nothing to compare with."""


def suggest(name: object, known: Iterable[object]) -> str:
    """ "; did you mean 'x'?" for the nearest known name, or an empty string."""
    near = difflib.get_close_matches(str(name), [str(k) for k in known], n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""


NO_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")


def short_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out: Python's own, or one of a library that only its words tell."""
    named = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
    return named or any(words in str(error).lower() for words in NO_MEMORY)
