"""Refits of a live service: on demand or by the clock, in a process of their own; and the guard over what was promoted.

`Live` inherits these verbs. The work stands in `refitting`, the record in `jobs`, the judgement of a guard in `watching`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time as clock
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llm4rec.core import DAY, ComponentError, NotFoundError, Store, StoreError
from llm4rec.engine.live.following import Following
from llm4rec.engine.live.jobs import BROKEN, RUNNING, Job, Jobs
from llm4rec.engine.live.refitting import NOTHING, Night, Outcome, Say
from llm4rec.engine.live.refitting import refit as refit_now
from llm4rec.engine.live.registry import GUARD, Registry, Standing
from llm4rec.engine.live.watching import Watch
from llm4rec.engine.live_settings import LiveSettings
from llm4rec.engine.settings import Settings

if TYPE_CHECKING:
    from llm4rec.engine.engine import Engine

CLOCK = "clock"
"""Who asked for what nobody asked for, in the audit."""
LOOK = 10.0  # seconds between two looks at the clocks
POLITE = 5  # how far a refit stands back behind what answers (nice)
TRIES = 2  # of one night, where a job was broken off or failed


@dataclass(frozen=True)
class Child:
    """A refit in a process of its own."""

    job: Job
    process: subprocess.Popen[str]


class Nights(ABC):
    """What is needed of a service stands first."""

    store: Store
    name: str
    settings: LiveSettings
    registry: Registry
    now: Callable[[], float]
    own_engine: bool
    _opened: Engine
    _child: Child | None = None
    _watch: Watch | None = None
    _watching: Following | None = None
    _looked = -float("inf")
    _begun_at: float
    guarded = ""

    @abstractmethod
    def _adopt(self) -> None:
        """Serve what the record says."""

    @property
    @abstractmethod
    def refit_due(self) -> str:
        """Why the engine should be fitted again."""

    def refit(
        self,
        *,
        wait: bool = False,
        promote: bool = True,
        data: str | Path | None = None,
        actor: str = "",
        why: str = "",
    ) -> Job:
        """Fit what serves again, on what it was fitted on (or the folder `data`) and all that the store has since.

        It runs in a process of its own, and the job tells how it goes (`refits`); with `wait` it runs here and is over
        when this returns. What passes the gate is promoted, unless `promote` is false. ComponentError where a refit runs.
        """
        if not self.registry.standing().serving:
            raise NotFoundError(NOTHING)
        jobs = self._jobs()
        place = None if data is None else Path(data)
        if wait:
            job = run_refit(self._night(promote, place, actor or "python"), jobs, actor or "python", why)
            self._adopt()
            return job
        url = getattr(self.store, "url", "")
        if not url:
            kind = type(self.store).__name__
            raise ComponentError(f"another process cannot open a {kind}; refit with wait=True")
        self._reap()
        job = jobs.begin(actor or "python", why)
        told = {
            "store": url,
            "config": self.store.config.model_dump(),  # type: ignore[attr-defined]
            "tenant": self.name,
            "job": job.id,
            "settings": self._given().model_dump(mode="json"),
            "promote": promote,
            "data": None if place is None else str(place.resolve()),
            "polite": POLITE,
        }
        self._child = Child(job, _process(told))
        return job

    def refits(self) -> list[Job]:
        """Every refit on record, oldest first."""
        return self._jobs().all()

    def refit_job(self, name: str) -> Job:
        """One of them by its id; NotFoundError where there is none."""
        return self._jobs().job(name)

    def refit_phase(self, job: Job) -> str:
        """What a refit does at this moment; empty where it does not run."""
        return self._jobs().phase(job) if job.state == RUNNING else ""

    def counted(self, version: str, answers: int, failed: bool) -> None:
        """So many questions were answered by a version, or failed for no fault of who asked."""
        watch = self._watch
        if watch is not None and watch.version == version:
            watch.failed(answers, failed)

    def _jobs(self) -> Jobs:
        return Jobs(self.store, tenant=self.name, now=self.now)

    def _given(self) -> Settings:
        return self._opened.settings.model_copy(update={"live": self.settings})

    def _night(self, promote: bool, data: Path | None, actor: str) -> Night:
        registry = Registry(self.store, tenant=self.name, now=self.now, actor=actor)
        return Night(self.store, self.name, registry, self._given(), promote, data, self.now)

    def _work_nights(self) -> None:
        """Look at the clocks, now and then: a refit that ended or is due, and the guard."""
        moment = clock.monotonic()
        if moment - self._looked < LOOK:
            return
        self._looked = moment
        self._look()

    def _look(self) -> None:
        self._reap()
        if self.settings.refit_hours and self._child is None and self.registry.standing().serving:
            why = self._due()
            if why:
                try:
                    self.refit(actor=CLOCK, why=why)
                except ComponentError as error:
                    if isinstance(error, StoreError):
                        raise
                    return  # another worker was first
        self._guard()

    def _due(self) -> str:
        """Why the clock asks for a refit now; empty where it does not. A night is tried twice at most."""
        slot = last_slot(self.now(), self.settings.refit_hours)
        jobs = self.refits()
        since = min(self._begun_at, jobs[0].begun) if jobs else self._begun_at
        tonight = [job for job in jobs if job.begun >= slot]
        again = all(job.state in (BROKEN, "failed") for job in tonight) and len(tonight) < TRIES
        if slot <= since or not again:
            return ""
        return self.refit_due or f"hour {slot % DAY / 3600.0:g}"

    def _reap(self) -> None:
        """A process that ended without a word has failed; one that said so needs no more."""
        child = self._child
        if child is None or child.process.poll() is None:
            return
        self._child = None
        if self._jobs().job(child.job.id).state in (RUNNING, BROKEN):
            code = child.process.returncode
            self._jobs().end(child.job, "failed", {"reason": f"its process ended with code {code}"})

    def _stop_child(self) -> None:
        """A refit that runs is broken off: what serves stays, and the next night begins anew."""
        child, self._child = self._child, None
        if child is None:
            return
        ended = child.process.poll() is not None
        child.process.kill()
        child.process.wait()
        try:
            if not ended:
                self._jobs().end(child.job, BROKEN, {"reason": "the service was stopped"})
        except StoreError:
            return  # the record need not say so: of a job that is not heard of, all know that it is broken off

    def _guard(self) -> None:
        """Watch what was promoted, and put it out where a guard says breach."""
        standing = self.registry.standing()
        self._watch_over(standing)
        self.guarded = _fallen(standing)
        watch = self._watch
        if watch is None or self._watching is None or not self._watching.step():
            return
        for name, verdict in watch.verdicts(self.now()).items():
            if verdict.state == "breach":
                told = f"{name} against {watch.before}: {verdict.reason}"
                Registry(self.store, tenant=self.name, now=self.now, actor="guard").put_out(
                    watch.version, told
                )
                self._adopt()
                self._watch = self._watching = None
                self.guarded = _fallen(self.registry.standing())
                return

    def _watch_over(self, standing: Standing) -> None:
        """Begin to watch, or end it, as the record says."""
        over = self.now() - standing.since > self.settings.guard_days * DAY
        watched = standing.serving if standing.before and not over and self.settings.guard else ""
        known = self._watch
        if known is not None and (known.version, known.before) == (watched, standing.before):
            return
        self._watch = self._watching = None
        if watched:
            self._watch = Watch(watched, standing.before, standing.since, self.settings)
            self._watching = self._watch.follow(self.store, self.name)


def run_refit(night: Night, jobs: Jobs, actor: str, why: str = "", progress: Say | None = None) -> Job:
    """Begin a refit, do it in this process, and put on record what came of it; an error is on record and raised."""
    return run_job(night, jobs, jobs.begin(actor, why), progress)


def run_job(night: Night, jobs: Jobs, job: Job, progress: Say | None = None) -> Job:
    """Do a refit that has begun."""
    with jobs.alive(job) as say:

        def both(what: str) -> None:
            say(what)
            if progress is not None:
                progress(what)

        try:
            found: Outcome = refit_now(night, job.id, both)
        except BaseException as error:
            jobs.end(job, "failed", {"reason": f"{type(error).__name__}: {error}"[:500]})
            raise
    return jobs.end(job, found.state, found.report())


def last_slot(now: float, hours: tuple[float, ...]) -> float:
    """The latest moment until now at one of these hours of the day (UTC)."""
    day = now - now % DAY
    return max(at for at in (day + 3600.0 * h - d for h in hours for d in (0.0, DAY)) if at <= now)


def _fallen(standing: Standing) -> str:
    """What a guard did last, while nothing was promoted since."""
    fallen = standing.fallen
    why = standing.refused.get(fallen, "").removeprefix(GUARD)
    return f"version {fallen} was rolled back: {why}" if fallen else ""


def _process(told: dict[str, Any]) -> subprocess.Popen[str]:
    """The process of a refit; what it is told goes through a pipe, for it may hold a password."""
    process = subprocess.Popen(
        [sys.executable, "-m", "llm4rec.engine.live.child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert process.stdin is not None
    with process.stdin as pipe:
        pipe.write(json.dumps(told))
    return process
