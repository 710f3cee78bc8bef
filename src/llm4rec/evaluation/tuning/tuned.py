"""What a search found: the best settings as a file, all trials as JSON, a picture of what mattered. Searches nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from llm4rec.core import ComponentError
from llm4rec.engine import Settings
from llm4rec.evaluation.fingerprint import plain
from llm4rec.evaluation.names import Metric
from llm4rec.evaluation.partial import write_text
from llm4rec.evaluation.plots import shares
from llm4rec.evaluation.tuning.outcome import Outcome
from llm4rec.evaluation.tuning.sampler import importances
from llm4rec.evaluation.tuning.space import Space, with_values
from llm4rec.evaluation.tuning.task import Task

SETTINGS, FACTS, PICTURE = "settings.toml", "tune.json", "importance.svg"


def best_of(trials: Iterable[Outcome], metric: Metric) -> Outcome | None:
    """The trial with the best figure, the first among equals; None where all failed."""
    sign = 1.0 if metric.rule.lower_is_better else -1.0
    good = [(sign * t.metric, t.number, t) for t in trials if t.metric is not None]
    return min(good, key=lambda one: one[:2])[2] if good else None


@dataclass(frozen=True)
class Tuned:
    """All trials of a search, in order; `ended` says why it stopped."""

    task: Task
    space: Space
    trials: tuple[Outcome, ...]
    ended: str = ""

    @property
    def best(self) -> Outcome:
        """The best trial; ComponentError where all failed."""
        found = best_of(self.trials, self.task.metric)
        if found is None:
            raise ComponentError("all trials failed")
        return found

    @property
    def first(self) -> Outcome:
        """The trial of the settings as they were."""
        return self.trials[0]

    @property
    def settings(self) -> Settings:
        """The settings of the best trial; those the search began with where that was the first."""
        # Its values are not written over the settings then: what was not said there stays unsaid.
        return (
            self.task.settings if self.best.number == 0 else with_values(self.task.settings, self.best.values)
        )

    @cached_property
    def importance(self) -> dict[str, float]:
        """How much each setting mattered, as shares of one; empty where trials are few or alike."""
        return importances(self.space, self.trials, self.task.metric.rule.lower_is_better)

    @property
    def notes(self) -> tuple[str, ...]:
        """What should be known about this search."""
        failed = sum(trial.failed for trial in self.trials)
        overruled = sorted({key for trial in self.trials for key in trial.overruled})
        lines = list(self.task.notes)
        if failed:
            lines.append(f"{failed} of {len(self.trials)} trials failed")
        lines += [
            f"{key!r} was chosen by the model itself, whatever was tried; leave it out, or set tune=false"
            for key in overruled
        ]
        if not self.importance:
            lines.append("trials are too few or too much alike to say what mattered")
        return tuple(lines)

    def as_json(self) -> dict[str, Any]:
        """Everything, as plain values."""
        content = {
            "model": self.task.settings.fit.model,
            "metric": self.task.metric.name,
            "lower_is_better": self.task.metric.rule.lower_is_better,
            "seed": self.task.settings.fit.seed,
            "ended": self.ended,
            "space": {key: str(values) for key, values in self.space.items()},
            "best": asdict(self.best),
            "importance": self.importance,
            "notes": self.notes,
            "trials": [asdict(trial) for trial in self.trials],
        }
        found: dict[str, Any] = plain(content)
        return found

    def write(self, folder: Path) -> None:
        """The settings file, the JSON and the picture, each whole or not at all."""
        self.write_settings(folder)
        write_text(folder / FACTS, json.dumps(self.as_json(), indent=1, ensure_ascii=False) + "\n")
        if self.importance:
            write_text(
                folder / PICTURE,
                shares(self.importance, f"share in the differences of {self.task.metric.name}"),
            )

    def write_settings(self, folder: Path) -> None:
        """The best settings as a file for `llm4rec fit --settings`."""
        write_text(folder / SETTINGS, self._about() + self.settings.as_toml())

    def _about(self) -> str:
        return (
            f"# {self.task.metric.name} {self.best.metric:.6g} on validation, trial {self.best.number + 1}.\n"
        )
