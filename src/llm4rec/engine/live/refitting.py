"""One refit: gather, try a twin on held-back events, and only then fit on everything and promote. Keeps no time.

The twin is fitted without the latest part of what happened since the last fit; it and the engine that serves, which has
not seen that part either, answer the same questions about it. Whoever passes is fitted again on all events, because the
latest are worth most; so what goes out is the recipe that was judged, on a little more data.
"""

from __future__ import annotations

import secrets
import time as clock
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from llm4rec.core import (
    Dataset,
    FolderError,
    Holdout,
    ItemVersion,
    NotFoundError,
    Store,
    stream_current,
)
from llm4rec.core.errors import CannotSayError
from llm4rec.engine.build import component_from
from llm4rec.engine.live.beginning import Beginning, beginning, found_worse
from llm4rec.engine.live.gathering import Gathered, gathered
from llm4rec.engine.live.items import grown
from llm4rec.engine.live.jobs import Jobs
from llm4rec.engine.live.naming import Naming
from llm4rec.engine.live.registry import Registry, version_of_folder
from llm4rec.engine.live.tidying import OWN, tidied
from llm4rec.engine.settings import Settings

if TYPE_CHECKING:
    from llm4rec.engine.engine import Engine

NOTHING = "no registered engine serves, so there is nothing to refit; promote one first"
Say = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Night:
    """What to refit. `data` is a dataset folder in place of what the engine was fitted on; `promote`: if it passes.

    `settings` say what a folder never does, section `live` among it.
    """

    store: Store
    tenant: str
    registry: Registry
    settings: Settings
    promote: bool = True
    data: Path | None = None
    now: Callable[[], float] = clock.time


@dataclass(frozen=True)
class Outcome:
    """What came of it: promoted, ready or refused, why, and `facts`: lineage, counts and figures in plain values."""

    state: str
    reason: str
    version: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)

    def report(self) -> dict[str, Any]:
        """For the record."""
        return {"reason": self.reason, "version": self.version, **self.facts}


def refit(night: Night, job: str, say: Say) -> Outcome:
    """Refit what serves, under the name of a job. NotFoundError where nothing that stands in a folder serves."""
    begin = clock.perf_counter()
    parent = night.registry.standing().serving
    if not parent:
        raise NotFoundError(NOTHING)
    say("gathering")
    naming = Naming.of(night.store, night.tenant)
    serving = naming.engine(night.registry.load(parent, night.settings))
    found = gathered(_base(night, serving, naming), night.store, naming, night.settings.live)
    facts = _facts(parent, serving, found, night.now())
    new = facts["data"]["new_events"]
    if not new and not found.erased and night.data is None:
        return Outcome("refused", "nothing has happened since the last fit", facts=facts)
    worse = found_worse(parent, Jobs(night.store, tenant=night.tenant, now=night.now).all())
    begun = beginning(serving, found.dataset, night.settings.live, found.erased, worse)
    facts |= {"start": vars(begun)}
    say("fitting without the latest events")
    passes, reason, judged, twin = _judged(night, serving, found, begun)
    facts |= {"gate": judged}
    if not passes:
        return Outcome("refused", reason, facts={**facts, "seconds": clock.perf_counter() - begin})
    say("fitting on everything")
    final = begun.final(serving, twin, found.dataset)
    folder = final.save(_folder(night, parent, job))
    facts |= {"seconds": clock.perf_counter() - begin}
    outcome = _entered(night, parent, folder, Outcome("ready", reason, facts=facts))
    removed, left = tidied(night.registry, night.settings.live.refit_keep)
    told = {"removed": removed, "not_removed": left}
    return replace(
        outcome, facts={**outcome.facts, **{name: list(some) for name, some in told.items() if some}}
    )


def last_known(known: Dataset, now: float) -> float:
    """When an engine last heard of somebody; events from the future (a wrong clock) do not count."""
    times = known.interactions.timestamps
    return float(times[times <= now].max(initial=-np.inf))


def held_back(dataset: Dataset, last: float, share: float) -> tuple[Dataset, Holdout]:
    """The data without the latest `share` of what happened after `last` (UTC seconds), and that as questions.

    CannotSayError where nothing is newer, or events have an order and no times.
    """
    from llm4rec.data.questions import questions

    times = dataset.interactions.timestamps
    newer = times > last
    if not dataset.interactions.has_clock:
        raise CannotSayError("events have no times, so there is no latest part to judge by")
    if not newer.any():
        raise CannotSayError("nothing has happened since the last fit to judge by")
    since = float(np.quantile(times[newer], 1.0 - share))
    held = newer & (times >= since)
    left = dataset.only(~held)
    return left, questions(left, dataset.interactions.take(held))[0]


def _base(night: Night, serving: Engine, naming: Naming) -> Dataset:
    """What is fitted on again beside the store, people named as that names them."""
    if night.data is None:
        return serving.fitted.dataset
    from llm4rec.data import read_dataset

    return naming.data(read_dataset(night.data))


def _judged(
    night: Night, serving: Engine, found: Gathered, begun: Beginning
) -> tuple[bool, str, dict[str, Any], Engine | None]:
    """Whether the twin may take over, why, the figures, and the twin. Where people are to be forgotten, only a worse one
    may not."""
    live, twin = night.settings.live, None
    gate_type, asked, gate = (
        component_from(f"llm4rec.evaluation.gate:{n}") for n in ("Gate", "Asked", "gate")
    )
    config = gate_type(metric=live.refit_metric, margin=live.refit_margin, least=live.refit_least)
    try:
        last = last_known(serving.fitted.dataset, night.now())
        left, holdout = held_back(found.dataset, last, live.refit_holdback)
        if len(holdout) < live.refit_least:
            raise CannotSayError(
                f"{len(holdout)} people to judge by are too few; refit_least is {live.refit_least}"
            )
        twin = begun.twin(serving, left)
        kept = {str(row.item): row for row in stream_current(night.store, ItemVersion, tenant=night.tenant)}
        now = asked(grown(serving, kept)[0], found.dataset)
        verdict = gate(twin, now, holdout, len(found.dataset.catalog), config)
    except CannotSayError as error:
        forced = found.erased > 0
        told = f"; fitted all the same, for {found.erased} people are to be forgotten" if forced else ""
        return forced, f"not judged: {error}{told}", {"passes": None, "reason": str(error)}, twin
    return verdict.passes, verdict.reason, verdict.as_json(), twin


def _entered(night: Night, parent: str, folder: Path, outcome: Outcome) -> Outcome:
    """Registered, and promoted where that is wanted and still right."""
    registry = night.registry
    version = version_of_folder(folder)
    before = registry.standing()
    if version in before.refused:
        told = f"it is version {version} again, which was refused: {before.refused[version]}"
        return Outcome("refused", told, version, outcome.facts)
    figures = {name: value for name, value in outcome.facts["gate"].items() if name != "reason"}
    registry.register(folder, figures)
    if not night.promote:
        return Outcome("ready", outcome.reason, version, outcome.facts)
    if before.serving != parent:
        told = f"{before.serving} was promoted meanwhile; promote {version} by hand if you want it"
        return Outcome("ready", told, version, outcome.facts)
    try:
        registry.load(version, night.settings)
    except FolderError as error:
        return Outcome("refused", f"it cannot be read back: {error}", version, outcome.facts)
    registry.promote(version, f"refit: {outcome.reason}"[:500])
    return Outcome("promoted", outcome.reason, version, outcome.facts)


def _folder(night: Night, parent: str, job: str) -> Path:
    """Beside the folder that serves, under its name and that of the job; never one that is there already."""
    here = Path(night.registry.record(parent).folder)
    return here.with_name(f"{OWN.sub('', here.name)}-{job}-{secrets.token_hex(3)}")


def _facts(parent: str, serving: Engine, found: Gathered, now: float) -> dict[str, Any]:
    """Where it comes from and what it sees, in counts."""
    data, known = found.dataset, serving.fitted
    newer = data.interactions.timestamps > last_known(known.dataset, now)
    return {
        "parent": parent,
        "model": known.name,
        "data": {
            "events": len(data.interactions),
            "new_events": int(newer.sum()),
            "items": len(data.catalog),
            "users": len(data.users),
            "erased": found.erased,
            "quiet": found.quiet,
        },
    }
