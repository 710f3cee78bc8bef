"""The search: what to try in which order, until when. Finished trials survive a kill at any moment."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from llm4rec import __version__
from llm4rec.core import ComponentError, SettingsError
from llm4rec.evaluation.tuning.crew import Crew, crew_of
from llm4rec.evaluation.tuning.journal import Journal, alone_in
from llm4rec.evaluation.tuning.outcome import Outcome
from llm4rec.evaluation.tuning.sampler import suggest
from llm4rec.evaluation.tuning.space import Space, current
from llm4rec.evaluation.tuning.task import Task
from llm4rec.evaluation.tuning.tuned import Tuned, best_of

HOPELESS = 10  # trials that all failed, after which a search is given up
AHEAD = 2  # trials a process may be ahead of the oldest that is not finished

Told: TypeAlias = Callable[[Outcome, Outcome | None], None]


@dataclass(frozen=True)
class Limits:
    """When to stop: after so many `trials`, or so many `minutes` of searching; `jobs` processes at once.

    Both count what earlier runs in the same folder did. No trial begins after the limit; those begun are finished.
    """

    trials: int | None = None
    minutes: float | None = None
    jobs: int = 1

    def __post_init__(self) -> None:
        if self.trials is None and self.minutes is None:
            raise SettingsError("a search needs an end: a number of trials, or a budget of minutes")
        for name, value in (("trials", self.trials), ("jobs", self.jobs)):
            if value is not None and value < 1:
                raise SettingsError(f"{name} must be at least 1, not {value}")
        if self.minutes is not None and not self.minutes > 0:
            raise SettingsError(f"a budget must be more than 0 minutes, not {self.minutes}")


def tune(
    task: Task, space: Space, folder: Path, limits: Limits, told: Told = lambda done, best: None
) -> Tuned:
    """Search `space` for the best settings of a task; the first trial is the settings as they are.

    Trials are kept in `folder`; with the same task and space there, the search goes on where it stopped. What trial n
    tries depends on the seed of the settings, n, and the trials finished by rule when it begins (all before it; with
    several jobs all but the last 2 * jobs - 1), never on timing: with the same number of jobs, an interrupted search
    ends as one that was not. `told(outcome, best so far)` is called after each trial.

    ComponentError: nothing could be measured. FolderError, SettingsError: see `Journal`.
    """
    if not space:
        raise SettingsError("there is nothing to search: the space is empty")
    with alone_in(folder):
        journal = Journal(folder, _about(task, space))
        search = _Search(task, space, limits, journal.read())
        crew = crew_of(task, limits.jobs)
        try:
            search.run(crew, journal, folder, told)
        finally:
            crew.close()
        tuned = Tuned(task, space, tuple(search.done[n] for n in sorted(search.done)), search.ended)
        tuned.write(folder)
    return tuned


def _about(task: Task, space: Space) -> dict[str, Any]:
    """What must be the same for a search to go on."""
    return {
        "code": __version__,
        "data": task.digest(),
        "metric": task.metric.name,
        "settings": task.settings.model_dump(mode="json", exclude={"cache"}),
        "space": {key: str(values) for key, values in space.items()},
    }


class _Search:
    """Trials finished, trials at work, and the number of the next."""

    def __init__(self, task: Task, space: Space, limits: Limits, done: Mapping[int, Outcome]) -> None:
        self.task, self.space, self.limits = task, space, limits
        self.done = dict(done)
        self.ended = ""
        self._values = {number: dict(outcome.values) for number, outcome in done.items()}
        self._busy: set[int] = set()
        self._next = 0
        # The oldest trial that must be finished before another begins, counted back from that one.
        self._lag = 1 if limits.jobs == 1 else AHEAD * limits.jobs
        self._before = max((outcome.at for outcome in done.values()), default=0.0)
        self._began = time.monotonic()

    def run(self, crew: Crew, journal: Journal, folder: Path, told: Told) -> None:
        """Do what is left to do."""
        self._check_hope()
        while True:
            while len(self._busy) < crew.size and self._may_begin():
                self._busy.add(self._next)
                crew.begin(self._next, self._values[self._next])
                self._next += 1
            if not self._busy:
                break
            for outcome in crew.finished():
                self._keep(replace(outcome, at=round(self._seconds(), 3)), journal, folder, told)
        if self.done and all(outcome.failed for outcome in self.done.values()):
            self._give_up()

    def _may_begin(self) -> bool:
        """Whether there is a trial to begin now; its values are then known."""
        while self._next in self.done:
            self._next += 1
        if self.ended or self._over():
            return False
        if any(n not in self.done for n in range(self._next - self._lag + 1)):
            return False
        values = self._chosen(self._next)
        if values is None:
            self.ended = "all values of the space have been tried"
            return False
        self._values[self._next] = values
        return True

    def _chosen(self, number: int) -> dict[str, Any] | None:
        if number == 0:
            return current(self.task.settings, list(self.space))
        history = [self.done[n] for n in range(number - self._lag + 1)]
        used = [self._values[n] for n in range(number)]
        seed, lower = self.task.settings.fit.seed, self.task.metric.rule.lower_is_better
        return suggest(self.space, history, used, seed, number, lower)

    def _over(self) -> bool:
        trials, minutes = self.limits.trials, self.limits.minutes
        if trials is not None and self._next >= trials:
            self.ended = f"{trials} trials"
        elif minutes is not None and self._next > 0 and self._seconds() >= 60 * minutes:
            self.ended = f"{minutes:g} minutes"
        return bool(self.ended)

    def _seconds(self) -> float:
        """Seconds of searching, earlier runs included."""
        return self._before + time.monotonic() - self._began

    def _keep(self, outcome: Outcome, journal: Journal, folder: Path, told: Told) -> None:
        journal.add(outcome)
        self._busy.discard(outcome.number)
        self.done[outcome.number] = outcome
        best = best_of(self.done.values(), self.task.metric)
        if best == outcome:
            Tuned(self.task, self.space, (outcome,)).write_settings(folder)
        told(outcome, best)
        self._check_hope()

    def _check_hope(self) -> None:
        first = [self.done.get(number) for number in range(HOPELESS)]
        if all(outcome is not None and outcome.failed for outcome in first):
            self._give_up()

    def _give_up(self) -> None:
        first = self.done[min(self.done)]
        raise ComponentError(
            f"all {len(self.done)} trials failed, so there is nothing to choose from; the first, with the settings as "
            f"they are: {first.error}"
        )
