"""Refits of a tenant as jobs: one at a time over all workers and machines, on record in the audit, heard of while they run.

The store is all that workers share: whoever writes the next number first has begun it. Knows not what a job does.
"""

from __future__ import annotations

import json
import threading
import time as clock
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

from llm4rec.core import (
    DEFAULT_TENANT,
    AuditEntry,
    ComponentError,
    DataError,
    NotFoundError,
    Store,
    StoreError,
    stream,
)

BEGUN, ENDED = "refit begun", "refit ended"
NOTE = "refit running"
BEAT, LOST = (
    15.0,
    120.0,
)  # seconds between two signs of life, and without any until a job counts as broken off
RUNNING, BROKEN = "running", "broken off"
FINAL = ("promoted", "ready", "refused", "failed", BROKEN)


@dataclass(frozen=True)
class Job:
    """One refit: who asked for it (`actor`), when it began and ended (UTC seconds), and what came of it.

    `state` is running, promoted, ready (fitted and registered, not promoted), refused, failed or broken off.
    """

    id: str
    actor: str
    begun: float
    state: str = RUNNING
    ended: float | None = None
    report: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {**vars(self), "report": dict(self.report)}


class Jobs:
    """The refits of a tenant, as its store has them."""

    def __init__(
        self, store: Store, *, tenant: str = DEFAULT_TENANT, now: Callable[[], float] = clock.time
    ) -> None:
        if not hasattr(store, "notes"):
            raise ComponentError(
                f"a {type(store).__name__} keeps no notes, which refits need; use a store file"
            )
        self._store: Any = store
        self._tenant, self._now = tenant, now

    def all(self) -> list[Job]:
        """Every job, oldest first; one that nothing was heard of for long is broken off."""
        found: dict[str, Job] = {}
        for entry in stream(self._store, AuditEntry, tenant=self._tenant):
            if entry.action == BEGUN:
                found[entry.subject] = Job(entry.subject, entry.actor, entry.time)
            elif entry.action == ENDED and entry.subject in found:
                told = dict(entry.detail)
                state = str(told.pop("state", "failed"))
                found[entry.subject] = replace(
                    found[entry.subject], state=state, ended=entry.time, report=told
                )
        jobs = list(found.values())
        if jobs and jobs[-1].state == RUNNING and self._now() - self._heard(jobs[-1]) > LOST:
            jobs[-1] = replace(jobs[-1], state=BROKEN, report={"reason": "nothing was heard of it any more"})
        return jobs

    def job(self, name: str) -> Job:
        """One of them; NotFoundError where there is none of that id."""
        for one in self.all():
            if one.id == name:
                return one
        raise NotFoundError(f"no refit {name[:60]!r}; `llm4rec store audit` shows all")

    def begin(self, actor: str, why: str = "") -> Job:
        """Begin a job; ComponentError where one runs, here or elsewhere."""
        jobs = self.all()
        if jobs and jobs[-1].state == RUNNING:
            raise ComponentError(
                f"{jobs[-1].id} runs already, since {_ago(self._now() - jobs[-1].begun)}; wait for it"
            )
        if jobs and jobs[-1].ended is None:
            self.end(jobs[-1], BROKEN, jobs[-1].report)
        made = Job(f"refit-{len(jobs) + 1}", actor, self._now())
        entry = AuditEntry(actor, BEGUN, made.begun, made.id, {"why": why} if why else {})
        try:
            repeated = self._store.append([entry], tenant=self._tenant, key=f"{made.id} begun").repeated
        except DataError:
            repeated = True
        if repeated:
            raise ComponentError(f"{made.id} was begun by another worker at this moment; wait for it")
        return made

    def end(self, job: Job, state: str, report: Mapping[str, Any]) -> Job:
        """Put on record what came of it; whoever says so first is right."""
        entry = AuditEntry(job.actor, ENDED, self._now(), job.id, {**report, "state": state})
        try:
            self._store.append([entry], tenant=self._tenant, key=f"{job.id} ended")
        except DataError:
            return self.job(job.id)
        return replace(job, state=state, ended=entry.time, report=dict(report))

    @contextmanager
    def alive(self, job: Job) -> Iterator[Callable[[str], None]]:
        """Signs of life while the block runs; call what it gives with what is being done."""
        done, phase = threading.Event(), ["begun"]

        def beat() -> None:
            while True:
                # A store that is away for a moment: the next sign of life may get through.
                with suppress(StoreError):
                    self._say(job, phase[0])
                if done.wait(BEAT):
                    return

        def say(what: str) -> None:
            phase[0] = what
            self._say(job, what)

        thread = threading.Thread(target=beat, name="llm4rec-refit", daemon=True)
        thread.start()
        try:
            yield say
        finally:
            done.set()
            thread.join()

    def phase(self, job: Job) -> str:
        """What a running job does at this moment."""
        told = self._told()
        return str(told.get("phase", "")) if told.get("job") == job.id else ""

    def _say(self, job: Job, phase: str) -> None:
        self._store.note(
            {NOTE: json.dumps({"job": job.id, "beat": self._now(), "phase": phase})}, tenant=self._tenant
        )

    def _told(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._store.notes(tenant=self._tenant).get(NOTE, "{}"))
        return found

    def _heard(self, job: Job) -> float:
        told = self._told()
        return max(job.begun, float(told.get("beat", 0.0)) if told.get("job") == job.id else 0.0)


def _ago(seconds: float) -> str:
    return f"{seconds / 60.0:.0f} minutes"
