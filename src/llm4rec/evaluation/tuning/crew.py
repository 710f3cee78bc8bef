"""Who does the trials: this process, or several of its own. Knows nothing of what to try."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from typing import Any, Protocol

from llm4rec.core.threads import threads
from llm4rec.evaluation.tuning.outcome import Outcome
from llm4rec.evaluation.tuning.task import Task, measure

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


class Crew(Protocol):
    """Takes trials up to `size` at a time and gives their outcomes as they come."""

    size: int

    def begin(self, number: int, values: Mapping[str, Any]) -> None: ...
    def finished(self) -> list[Outcome]: ...
    def close(self) -> None: ...


def crew_of(task: Task, jobs: int) -> Crew:
    """This process for one job, processes of their own for more."""
    return Alone(task) if jobs == 1 else Processes(task, jobs)


class Alone:
    """One trial at a time, here."""

    size = 1

    def __init__(self, task: Task) -> None:
        self._task = task
        self._waiting: list[tuple[int, Mapping[str, Any]]] = []

    def begin(self, number: int, values: Mapping[str, Any]) -> None:
        """Take a trial; it is done when its outcome is asked for."""
        self._waiting.append((number, values))

    def finished(self) -> list[Outcome]:
        """The outcomes of all trials taken."""
        waiting, self._waiting = self._waiting, []
        return [measure(self._task, number, values) for number, values in waiting]

    def close(self) -> None:
        """Nothing is held."""


class Processes:
    """`jobs` processes that share the processor; one that dies costs its trial and is replaced."""

    def __init__(self, task: Task, jobs: int) -> None:
        self.size = jobs
        self._task = task
        self._idle: list[_Hand] = []
        self._busy: dict[Connection, _Hand] = {}

    def begin(self, number: int, values: Mapping[str, Any]) -> None:
        """Hand a trial to a process that has none."""
        if not self._idle:
            with _shared_processor(self.size):
                self._idle.append(_Hand(self._task))
        hand = self._idle.pop()
        hand.begin(number, values)
        self._busy[hand.pipe] = hand

    def finished(self) -> list[Outcome]:
        """Wait for at least one outcome of the trials begun."""
        found = []
        for pipe in wait(list(self._busy)):
            assert isinstance(pipe, Connection)
            hand = self._busy.pop(pipe)
            outcome = hand.outcome()
            if outcome is None:
                found.append(hand.lost())
            else:
                found.append(outcome)
                self._idle.append(hand)
        return found

    def close(self) -> None:
        """End all processes, whatever they are at."""
        for hand in (*self._idle, *self._busy.values()):
            hand.end()
        self._idle, self._busy = [], {}


class _Hand:
    """One process and the pipe to it."""

    def __init__(self, task: Task) -> None:
        spawn = multiprocessing.get_context("spawn")
        self.pipe, theirs = spawn.Pipe()
        self._process = spawn.Process(target=_serve, args=(theirs, task), daemon=True)
        self._process.start()
        theirs.close()
        self._trial: tuple[int, dict[str, Any]] = (-1, {})

    def begin(self, number: int, values: Mapping[str, Any]) -> None:
        self._trial = (number, dict(values))
        try:
            self.pipe.send(self._trial)
        except (BrokenPipeError, ConnectionResetError):
            return  # it has died; `outcome` finds the pipe closed

    def outcome(self) -> Outcome | None:
        """What came of the trial; None where the process died over it."""
        try:
            outcome: Outcome = self.pipe.recv()
        except (EOFError, ConnectionResetError):
            return None
        return outcome

    def lost(self) -> Outcome:
        """The outcome of a trial whose process died."""
        self._process.join()
        number, values = self._trial
        code = self._process.exitcode
        self.pipe.close()
        return Outcome(number, values, None, f"its process died with exit code {code} (out of memory?)")

    def end(self) -> None:
        self._process.terminate()
        self._process.join()
        self.pipe.close()


def _serve(pipe: Connection, task: Task) -> None:
    """The life of a process: trials in, outcomes out, until nobody is there any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who began the search decides when it ends
    while True:
        try:
            number, values = pipe.recv()
            pipe.send(measure(task, number, values))
        except (EOFError, BrokenPipeError, ConnectionResetError):
            return


@contextmanager
def _shared_processor(jobs: int) -> Iterator[None]:
    """Processes begun inside use their share of the cores, unless the environment says how many."""
    missing = [name for name in THREADS if name not in os.environ]
    share = str(max(1, threads() // jobs))
    os.environ.update(dict.fromkeys(missing, share))
    try:
        yield
    finally:
        for name in missing:
            del os.environ[name]
