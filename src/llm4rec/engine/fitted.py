"""What an engine has learnt, as one immutable value that is swapped in by one assignment."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from llm4rec.core import (
    Adapts,
    Catalog,
    Dataset,
    Embeds,
    Encoder,
    Features,
    FitContext,
    Id,
    Model,
    NotFittedError,
    Progress,
    silent,
)
from llm4rec.engine.build import build_generator, maker
from llm4rec.engine.byte_index import ByteIndex
from llm4rec.engine.index import Index, index_for
from llm4rec.engine.made import Made
from llm4rec.engine.safety import Safety
from llm4rec.engine.settings import RerankSettings, Settings

OF_THE_ENCODER = ("feelings", "polarity")
"""What is made of the encoder alone."""
CURVES, PRICES = "curves", "prices"
"""What knobs mean, and cost: found once for a fit, as some new items or one person less do not change it."""


@dataclass(frozen=True)
class Since:
    """Where a refit comes from: the `version` whose parameters it began from ("": from the start), how many `refits`
    ago its settings were chosen, and on how many `events`."""

    version: str = ""
    refits: int = 0
    events: int = 0


@dataclass(frozen=True, eq=False)
class Fitted:
    """A fitted model, the data it answers from, and the parts that turn new items into its terms."""

    model: Model
    fallback: Model
    dataset: Dataset
    encoder: Encoder | None
    raw_encoder: Encoder | None
    features: Features | None
    words: Features | None
    people: Features | None
    whitening: Any
    version: str
    notes: tuple[str, ...] = ()
    name: str = ""
    index: Index | ByteIndex | None = None
    safety: Safety | None = None
    rerank: RerankSettings = field(default_factory=RerankSettings)
    seed: int = 0
    since: Since = field(default_factory=Since)
    pseudonyms: str = ""
    """Tells under which pseudonyms people are known (`engine.live.naming`); empty: by their ids."""

    settings: Settings | None = None
    """What it can be fitted again by; None: by nothing."""
    seconds: float = math.inf
    """What learning took."""

    @cached_property
    def made(self) -> Made:
        """What is made of this value once it is needed, such as how lists are ordered."""
        return Made()

    @cached_property
    def embeds(self) -> Embeds | None:
        """The model, where its scores are products of vectors; looked up once, as a protocol is slow to look up."""
        return self.model if isinstance(self.model, Embeds) else None

    @cached_property
    def adapts(self) -> Adapts | None:
        """The model, where it says that it answers differently for people of whom little is known."""
        return self.model if isinstance(self.model, Adapts) else None

    @property
    def told(self) -> tuple[str, ...]:
        """What the model wants known, and how its items are searched where that is not exact."""
        hidden = ("people are known by pseudonyms: a service with their key finds them",)
        told = (*self.notes, *(hidden if self.pseudonyms else ()))
        return told if self.index is None else (*told, self.index.note)

    @property
    def people_ids(self) -> tuple[Id, ...]:
        """Ids of the people it knows; none where it knows them by pseudonyms, by which nobody can ask."""
        return () if self.pseudonyms else self.dataset.users.ids.ids

    @property
    def catalog(self) -> Catalog:
        """All items that can be recommended, those added since fitting included."""
        return self.dataset.catalog

    def context(self, settings: Settings, progress: Progress = silent) -> FitContext:
        """The world for another step of learning."""
        rng = np.random.default_rng(settings.fit.seed)
        return FitContext(
            rng=rng,
            encoder=self.encoder,
            raw_encoder=self.raw_encoder,
            features=self.features,
            words=self.words,
            people=self.people,
            generator=build_generator(settings),
            progress=progress,
            make=maker(settings),
        )

    def with_changes(self, settings: Settings, **changes: Any) -> Fitted:
        """A new value with a version and an index of its own."""
        changed = replace(self, rerank=settings.rerank, seed=settings.fit.seed, settings=settings, **changes)
        index = index_for(changed.model, changed.dataset, settings.index, self.index)
        version = version_of(changed.model, changed.dataset, changed.since.version)
        found = replace(changed, version=version, index=index)
        found.made.share(self.made, OF_THE_ENCODER)
        if found.rerank == self.rerank:
            found.made.share(self.made, (CURVES, PRICES))
        return found

    def with_fallback(self, fallback: Model) -> Fitted:
        """The same with another last resort; whatever was made of it stays true, and is made for both."""
        changed = replace(self, fallback=fallback)
        changed.__dict__["made"] = self.made
        return changed


def version_of(model: Model, dataset: Dataset, since: str = "") -> str:
    """Twelve hexadecimal digits of the model's settings, the data it answers from, and the version it began from."""
    sums = hashlib.blake2b(digest_size=6)
    sums.update(type(model).__name__.encode())
    sums.update(json.dumps(model.config.model_dump(mode="json"), sort_keys=True).encode())
    sums.update(json.dumps([str(i) for i in dataset.catalog.ids.ids]).encode())
    for array in (dataset.interactions.users, dataset.interactions.items, dataset.interactions.timestamps):
        sums.update(np.ascontiguousarray(array).tobytes())
    contexts = dataset.interactions.contexts
    if contexts is not None:
        sums.update(json.dumps([contexts.names, contexts.values]).encode())
        sums.update(np.ascontiguousarray(contexts.codes).tobytes())
    sums.update(since.encode())
    return sums.hexdigest()


def need(fitted: Fitted | None) -> Fitted:
    """The value, or the error of an engine that was asked too early."""
    if fitted is None:
        raise NotFittedError(
            "this engine has learnt nothing yet; call fit(dataset) or Engine.load(folder) first"
        )
    return fitted
