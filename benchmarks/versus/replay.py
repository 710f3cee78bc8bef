"""A library in another process as something `llm4rec.evaluation` can measure: `fit` starts it, `score` replays its rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.versus.catalogue import Entry, Setting, Table
from benchmarks.versus.job import THREADS, Job, NoInterpreter, Worker
from benchmarks.versus.rows import Rows
from llm4rec.core import Catalog, ComponentError, Dataset, FitContext, Floats, Holdout, Model, Request, Sparse
from llm4rec.data import Fold, Split
from llm4rec.engine import parse_variant
from llm4rec.engine.build import build_model
from llm4rec.engine.choosing import FALLBACK
from llm4rec.engine.registry import component
from llm4rec.evaluation import parse_metrics, rank

QUESTIONS = 3_000


@dataclass(frozen=True)
class Ask:
    """What all rows of one table share. `features` are attributes of items and users as numbers.

    With `once` a row of ours is measured in the very fit that chooses its settings.
    """

    table: Table
    split: Split
    features: Mapping[str, Sparse] = field(default_factory=dict)
    once: bool = False
    start: Callable[[Job], Worker] = Worker


class Elsewhere:
    """An engine whose work is done in other processes: one a setting tried, and one for the test."""

    def __init__(self, name: str, entry: Entry, ask: Ask, seed: int = 0) -> None:
        self.name, self.entry, self.ask, self.seed = name, entry, ask, seed
        self.tuning: list[dict[str, Any]] = []
        self.setting: Setting = {}
        self.report: dict[str, Any] = {}

    def fit(self, dataset: Dataset, *, holdout: Holdout | None = None, refit: Dataset | None = None) -> None:
        """Choose a setting, then start the fit for the test. The fold says what `holdout` and `refit` would."""
        del holdout, refit
        folds = self.ask.split.folds
        self.number = next(number for number, fold in enumerate(folds) if fold.train is dataset)
        self.fold: Fold = folds[self.number]
        self.setting = self._by_itself() if self.entry.home == "ours" else self._from_grid()
        self._begin()

    def add_items(self, catalog: Catalog) -> None:
        """ComponentError: the tables hold no newcomers."""
        raise ComponentError(f"{self.name} takes no new items in this benchmark")

    @property
    def notes(self) -> dict[str, Any]:
        """What was chosen, how, and what it cost; complete once everything has been asked."""
        said = {"setting": dict(self.setting), "tuning": self.tuning, "by_row": self.entry.by_row}
        return said | self.report

    def close(self) -> None:
        """End what is still running."""

    def _begin(self) -> None:
        raise NotImplementedError

    def _quality(self, setting: Setting) -> tuple[float, float]:
        """How good one setting is on validation, more is better; and the seconds of its fit."""
        raise NotImplementedError

    def _from_grid(self) -> Setting:
        """The best setting of the grid, the first of equals; one whose process dies is told in `tuning`, not raised."""
        grid = self.entry.grid_for(self.ask.table.name)
        if len(grid) == 1:
            return grid[0]
        for setting in grid:
            told: dict[str, Any] = {"setting": dict(setting)}
            try:
                told["quality"], told["seconds"] = self._quality(setting)
            except NoInterpreter:
                raise
            except ComponentError as error:
                told["failed"] = str(error)
            self.tuning.append(told)
        worked = [told for told in self.tuning if "quality" in told]
        if not worked:
            raise ComponentError(f"no setting could be fitted; the last: {self.tuning[-1]['failed']}")
        chosen: Setting = max(worked, key=lambda told: told["quality"])["setting"]
        return chosen

    def _by_itself(self) -> Setting:
        """Our models choose as they fit; then the row is measured with what was chosen, as the others are.

        A model that learns from the validation questions has nothing that could be set instead.
        """
        kind = component("model", parse_variant(self.name)[0])
        learns = hasattr(kind, "questions") and hasattr(kind, "refit")
        if self.ask.once or learns or not hasattr(kind, "chosen"):
            return {"chosen": None}
        train = self.fold.train
        said = self._said("choose", {"chosen": None}, train)
        report = self.ask.start(Job(self.name, "ours", said, train.interactions, train.interactions)).finish()
        self.tuning.append({"setting": report["chosen"], "seconds": report["fit_seconds"]})
        return {"chosen": report["chosen"]}

    def _said(self, do: str, setting: Setting, fit: Dataset, timed: bool = False) -> dict[str, Any]:
        table = self.ask.table
        what = {"module": self.entry.module, "kind": self.entry.kind, "variant": self.name}
        where = {"data": table.data, "protocol": table.protocol, "target_time": table.target_time}
        size = {"users": len(fit.users), "items": len(fit.catalog), "fold": self.number}
        how = {"do": do, "setting": dict(setting), "seed": self.seed, "threads": THREADS, "timed": timed}
        return what | where | size | how


class ReplayLists(Elsewhere):
    """Questions to rank for. Settings are chosen by NDCG@10 on at most QUESTIONS validation questions."""

    def score(self, requests: Sequence[Request]) -> Floats:
        """Rows of the worker, in turn."""
        found = self.rows.score(requests)
        if self.rows.report:
            agreed = self.rows.agreed
            self.report = self.rows.report | {"agreement": float(np.mean(agreed)) if agreed else None}
        return found

    def close(self) -> None:
        """End the worker of the test, if it is still there."""
        if hasattr(self, "rows"):
            self.rows.worker.close()

    @property
    def degraded(self) -> list[str]:
        """Questions that popularity answered."""
        count = self.rows.declined
        return (
            [f"{count} questions without a usable history were answered by what is popular"] if count else []
        )

    def _begin(self) -> None:
        known = self.fold.refit or self.fold.train
        final = known if self.entry.by_row else self.fold.train
        self.rows = self._rows(self.setting, final, known, self.fold.tests[""], timed=True)

    def _quality(self, setting: Setting) -> tuple[float, float]:
        train, validation = self.fold.train, self.fold.validation
        assert validation is not None, "every table of rankings holds questions out for validation"
        questions = validation.sample(QUESTIONS, np.random.default_rng(0))
        rows = self._rows(setting, train, train, questions)
        try:
            found = rank(rows, questions, len(train.catalog), parse_metrics(["ndcg@10"]), self.name)
        finally:
            rows.worker.close()
        return float(found.values["ndcg@10"].mean()), float(rows.report["fit_seconds"])

    def _rows(
        self, setting: Setting, fit: Dataset, known: Dataset, questions: Holdout, timed: bool = False
    ) -> Rows:
        said = self._said("rank", setting, fit, timed)
        features = {} if self.entry.home == "ours" else self.ask.features
        fallback: Model = build_model("popular", FALLBACK).fit(fit, FitContext())
        users = np.array([request.user for request in questions.requests], dtype=np.int64)
        job = Job(
            self.name, self.entry.home, said, fit.interactions, known.interactions, users, features=features
        )
        return Rows(self.ask.start(job), questions, len(fit.catalog), fallback)
