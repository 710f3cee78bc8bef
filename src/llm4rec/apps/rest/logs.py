"""One JSON object a line for every request. Holds no bodies, no queries, no keys, no ids of people."""

from __future__ import annotations

import json
import logging
import sys
import time
from types import TracebackType
from typing import Any

LOGGER = logging.getLogger("llm4rec.rest")


class JsonLines(logging.Formatter):
    """A record as JSON: time, level, event, and what stands in `extra={"facts": {...}}`."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        facts: dict[str, Any] = getattr(record, "facts", {})
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        told = {"time": f"{stamp}.{int(record.msecs):03d}Z", "level": record.levelname.lower()}
        told |= {"event": record.getMessage(), **facts}
        if record.exc_info and record.exc_info[1] is not None:
            told["error"] = where(record.exc_info[1])
        return json.dumps(told, ensure_ascii=False, default=str)


def where(error: BaseException) -> str:
    """The kind of an error and the places it passed; its words may hold what a person wrote, and stay out."""
    places = []
    trace: TracebackType | None = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename.rpartition('/llm4rec/')[2]}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return f"{type(error).__name__} at {' > '.join(places[-6:])}"


def to_standard_error(level: int = logging.INFO) -> None:
    """Write the log of this service, and that of its server, as JSON to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    for name in ("llm4rec.rest", "uvicorn", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(level)
    logging.getLogger("uvicorn.error").handlers = []
    logging.getLogger("uvicorn.error").propagate = True
