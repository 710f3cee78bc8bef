"""Group commit: one thread writes what many threads hand over, as much as waits in one transaction. Knows no SQL."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from llm4rec.core import StoreBusyError, StoreError

GROUP_ROWS, GROUP_JOBS = 5_000, 500  # of one transaction, unless one job alone has more


@dataclass(eq=False)
class Job:
    """Something to write: a batch of rows, or work that has the connection to itself. Nobody waits for a `patient` one."""

    work: Any
    rows: int
    alone: bool = False
    patient: bool = False
    done: Future[Any] = field(default_factory=Future)


class Pending:
    """The queue and its thread. `write` gives one result or exception a job, after they are durable.

    Patient jobs are left to gather for `gather` seconds: a transaction costs the same whether it has one row or many.
    Any other job takes them along at once, in the order in which they came.
    """

    def __init__(self, write: Callable[[Sequence[Job]], Sequence[Any]], most: int, gather: float) -> None:
        self._write, self._most, self._gather = write, most, gather
        self._jobs: deque[Job] = deque()
        self._rows = self._urgent = 0
        self._changed = threading.Condition()
        self._closed = False
        self._process = os.getpid()
        self._thread = threading.Thread(target=self._run, name="llm4rec-store", daemon=True)
        self._thread.start()

    def hand_over(self, job: Job) -> Future[Any]:
        """Queue a job; StoreBusyError where too much waits already, StoreError where nobody would write it."""
        if os.getpid() != self._process:
            raise StoreError("this store was opened in another process; open it again in each process")
        with self._changed:
            if self._closed:
                raise StoreError("this store is closed; open it again")
            if self._rows and self._rows + job.rows > self._most:
                raise StoreBusyError(
                    f"{self._rows} rows wait to be written; try again, or raise waiting_rows"
                )
            self._jobs.append(job)
            self._rows += job.rows
            self._urgent += not job.patient
            if not job.patient or len(self._jobs) == 1:
                self._changed.notify()
        return job.done

    def close(self) -> None:
        """Write what waits, then end the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if os.getpid() == self._process:
            self._thread.join()

    def _run(self) -> None:
        while group := self._next():
            try:
                results = self._write(group)
            except BaseException as error:  # whoever waits must hear of it, whatever it is
                results = [error] * len(group)
            for job, result in zip(group, results, strict=True):
                # A result goes to whoever still waits: a Future that was cancelled takes none.
                if not job.done.set_running_or_notify_cancel():
                    continue
                if isinstance(result, BaseException):
                    job.done.set_exception(result)
                else:
                    job.done.set_result(result)

    def _next(self) -> list[Job]:
        """What goes into the next transaction; nothing once closed and empty."""
        with self._changed:
            while not self._jobs and not self._closed:
                self._changed.wait()
            self._gathered()
            group: list[Job] = []
            rows = 0
            while self._jobs and len(group) < GROUP_JOBS:
                job = self._jobs[0]
                if group and (job.alone or group[0].alone or rows + job.rows > GROUP_ROWS):
                    break
                group.append(self._jobs.popleft())
                rows += job.rows
                self._urgent -= not job.patient
            self._rows -= rows
            return group

    def _gathered(self) -> None:
        """Return once somebody waits, or patient jobs have had their time."""
        end = time.monotonic() + self._gather
        while not self._urgent and not self._closed and (left := end - time.monotonic()) > 0:
            self._changed.wait(left)
