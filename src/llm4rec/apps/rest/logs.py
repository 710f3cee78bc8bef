"""One JSON object a line for every request. Holds no bodies, no queries, no keys, no ids of people."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Mapping
from functools import lru_cache
from types import TracebackType
from typing import Any

LOGGER = logging.getLogger("llm4rec.rest")
WRITE = json.JSONEncoder(ensure_ascii=False, default=str).encode


@lru_cache(maxsize=2)
def _second(second: int) -> str:
    """Its name; many lines are of the same one."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))


class JsonLines(logging.Formatter):
    """A record as JSON: time, level, event, and what stands in `extra={"facts": {...}}`."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        facts: dict[str, Any] = getattr(record, "facts", {})
        stamp = f"{_second(int(record.created))}.{int(record.msecs):03d}Z"
        told = {"time": stamp, "level": record.levelname.lower()}
        told |= {"event": record.getMessage(), **facts}
        if record.exc_info and record.exc_info[1] is not None:
            told["error"] = where(record.exc_info[1])
        return WRITE(told)


def where(error: BaseException) -> str:
    """The kind of an error and the places it passed; its words may hold what a person wrote, and stay out."""
    places = []
    trace: TracebackType | None = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename.rpartition('/llm4rec/')[2]}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return f"{type(error).__name__} at {' > '.join(places[-6:])}"


def note(level: int, facts: Mapping[str, Any], error: Exception | None = None) -> None:
    """A line of what became of a request, if such lines are wanted. Made here: where in the code it was noted says nothing."""
    if LOGGER.isEnabledFor(level):
        cause = None if error is None else (type(error), error, error.__traceback__)
        told = {"facts": facts}
        LOGGER.handle(LOGGER.makeRecord(LOGGER.name, level, __file__, 0, "request", (), cause, extra=told))


def to_standard_error(level: int = logging.INFO) -> None:
    """Write the log of this service, and that of its server, as JSON to standard error."""
    # No line names its thread and process: looking them up takes as long as writing it.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    for name in ("llm4rec.rest", "uvicorn", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(level)
    logging.getLogger("uvicorn.error").handlers = []
    logging.getLogger("uvicorn.error").propagate = True
