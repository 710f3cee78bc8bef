"""The sweep: every reranker in every strength over the same candidates, chosen on validation, the test quoted once."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llm4rec.core import ComponentError, Dataset, SettingsError
from llm4rec.engine import Engine, Settings, parse_variant
from llm4rec.engine.settings import RerankSettings
from llm4rec.evaluation.fingerprint import terms
from llm4rec.evaluation.tradeoff.front import choose, front, measured, volume
from llm4rec.evaluation.tradeoff.measures import ACCURATE, Judge
from llm4rec.evaluation.tradeoff.points import Points
from llm4rec.evaluation.tradeoff.recipes import (
    Recipe,
    in_turn,
    looking,
    provider_of,
    read_recipes,
    told,
    usual,
)
from llm4rec.evaluation.tradeoff.stands import Course, Model
from llm4rec.evaluation.tradeoff.traded import Row, Traded

if TYPE_CHECKING:
    from llm4rec.core import Progress
    from llm4rec.data.folds import Split

TRADITIONAL = ("popular", "itemknn", "als", "ease")


@dataclass(frozen=True)
class Sweep:
    """What to try: `rerankers` as words (None: what suits the data), models `against` which it is compared, the column of
    providers (None: one that looks like it), the loss that is allowed, and `minutes` after which no point begins.
    """

    rerankers: str | None = None
    against: Sequence[str] = TRADITIONAL
    provider: str | None = None
    loss: float = 0.02
    minutes: float = 10.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.loss < 1.0:
            raise SettingsError(f"the loss allowed is a share from 0 to 1, not {self.loss}")
        if not self.minutes > 0:
            raise SettingsError(f"a budget must be more than 0 minutes, not {self.minutes}")


def tradeoff(
    dataset: Dataset, split: Split, settings: Settings, sweep: Sweep, folder: Path, progress: Progress
) -> Traded:
    """The curves of one data set: accuracy against diversity, novelty, coverage, calibration and fairness.

    `settings` name the model whose lists are reordered (fitted without the test part, as everything is); rerankers
    of the settings give way to those tried. Candidates are found once a model and part. Settings are compared and chosen on
    validation; of the test part only the fronts, the models' own lists and the recommended setting are measured, each once.
    Figures are kept in `folder`, a file a point: the same call goes on after an interruption.
    """
    for variant in (settings.fit.model, *sweep.against):
        Engine(settings.with_model(*parse_variant(variant))).check()
    if sweep.rerankers is not None:
        read_recipes(sweep.rerankers)
    return _Sweeping(dataset, split, settings, sweep, folder, progress).run()


@dataclass
class _Sweeping:
    """One run of a sweep."""

    dataset: Dataset
    split: Split
    settings: Settings
    sweep: Sweep
    folder: Path
    progress: Progress
    notes: list[str] = field(default_factory=list)

    def run(self) -> Traded:
        """Everything, in order."""
        began = time.monotonic()
        provider = provider_of(self.dataset.catalog, self.sweep.provider)
        recipes = self._recipes(provider)
        depth = self.settings.rerank.depth
        course = Course.of(
            self.split, depth, lambda fold, some: Judge(fold, some, provider), looking(recipes)
        )
        base = Model(self.settings.fit.model, self.settings, course)
        stated = terms(self.dataset, self.split)
        known = self.settings.model_dump(mode="json", exclude={"cache", "rerank"})
        points = Points(
            self.folder,
            {
                "fingerprint": stated.fingerprint,
                "settings": known,
                "depth": depth,
                "provider": provider,
            },
        )
        rows = {base.name: self._row(points, base, base, RerankSettings(), "own order")}
        rows |= self._others(points, base, course)
        rows |= self._tried(points, base, recipes, began)
        return self._judged(points, base, rows, provider)

    def _recipes(self, provider: str) -> list[Recipe]:
        if self.sweep.rerankers is not None:
            return read_recipes(self.sweep.rerankers)
        texts = self.settings.encoder.name != "none" and any(self.dataset.catalog.texts)
        embeds = self.settings.fit.model in ("als", "attention", "mf")
        return usual(self.dataset.catalog, texts or embeds, provider)

    def _row(self, points: Points, base: Model, model: Model, rerank: RerankSettings, curve: str) -> Row:
        """A setting on validation."""
        figures = self._figures(points, base, model, rerank, "validation")
        return Row(model.name, curve, rerank, figures)

    def _figures(
        self, points: Points, base: Model, model: Model, rerank: RerankSettings, part: str
    ) -> dict[str, Any]:
        """The figures of a setting on a part, against the own order of the model that is reordered."""
        about = {"model": model.name, "rerank": rerank.model_dump(mode="json"), "part": part}

        def measure() -> Mapping[str, Any]:
            found = model.own[part] if not rerank.order else model.found(part, rerank)
            return found.against(base.own[part])

        return points.of(about, measure)

    def _others(self, points: Points, base: Model, course: Course) -> dict[str, Row]:
        """The own lists of the models it is compared with."""
        rows: dict[str, Row] = {}
        for variant in self.progress(self.sweep.against, "traditional models", len(self.sweep.against)):
            if variant == base.name:
                continue
            name, options = parse_variant(variant)
            other = Model(variant, self.settings.with_model(name, options), course)
            row = self._row(points, base, other, RerankSettings(), "other models")
            row.test = self._figures(points, base, other, RerankSettings(), "test")
            rows[variant] = row
        return rows

    def _tried(self, points: Points, base: Model, recipes: Sequence[Recipe], began: float) -> dict[str, Row]:
        """Every reranker in every strength, as far as the budget goes; what cannot be done here is told."""
        rows: dict[str, Row] = {}
        wanted = list(in_turn(recipes))
        refused: dict[str, str] = {}
        late = 0
        for recipe, rerank in self.progress(wanted, f"reordering {base.name}", len(wanted)):
            if recipe.name in refused:
                continue
            if rows and time.monotonic() - began > 60 * self.sweep.minutes:
                late += 1
                continue
            try:
                rows[f"{base.name} > {told(rerank)}"] = self._row(points, base, base, rerank, recipe.name)
            except (SettingsError, ComponentError) as error:
                refused[recipe.name] = str(error)
        self.notes += [f"{name} is left out: {why}" for name, why in refused.items()]
        if late:
            self.notes.append(
                f"{late} of {len(wanted)} settings were not tried: {self.sweep.minutes:g} minutes were over"
            )
        if not rows:
            raise SettingsError(f"no reranker can be tried: {'; '.join(self.notes)}")
        return rows

    def _judged(self, points: Points, base: Model, rows: dict[str, Row], provider: str) -> Traded:
        """Fronts and choice on validation, then the test part of what they name."""
        ours = {name: row.validation for name, row in rows.items() if row.model == base.name}
        axes = measured(ours)
        fronts = {axis: front(ours, axis) for axis in axes}
        choice = choose(ours, self.sweep.loss)
        named = dict.fromkeys([base.name, choice.name, *(name for one in fronts.values() for name in one)])
        for name in self.progress(list(named), "asking the test part", len(named)):
            rows[name].test = self._figures(points, base, base, rows[name].rerank, "test")
        curves = dict.fromkeys(rows[name].curve for name in ours if rows[name].rerank.order)
        volumes = {
            curve: {
                axis: volume({n: f for n, f in ours.items() if rows[n].curve == curve}, axis) for axis in axes
            }
            for curve in curves
        }
        self.notes += _unsure(choice.name, rows[choice.name], self.sweep.loss)
        return Traded(
            settings=self.settings,
            protocol=self._protocol(provider),
            base=base.name,
            rows=rows,
            fronts=fronts,
            volumes=volumes,
            choice=choice,
            notes=tuple(self.notes),
        )

    def _protocol(self, provider: str) -> dict[str, Any]:
        stated = terms(self.dataset, self.split)
        return {
            "dataset": self.dataset.name,
            "synthetic": self.dataset.synthetic,
            "name": self.split.name,
            "fingerprint": stated.fingerprint,
            "n": 10,
            "depth": self.settings.rerank.depth,
            "provider": provider,
            "loss": self.sweep.loss,
        }


def _unsure(name: str, row: Row, limit: float) -> list[str]:
    """A line where validation cannot tell the loss of the recommended setting from more than what is allowed."""
    low = row.validation[ACCURATE]["change_low"]
    if not row.rerank.order or low is None or low >= -limit:
        return []
    return [
        f"the loss of {name} on validation may be up to {-low:.1%} (95 %): these questions cannot tell it from the limit "
        f"of {limit:.1%}"
    ]
