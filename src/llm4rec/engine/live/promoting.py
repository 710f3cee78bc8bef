"""Engine versions of a live service: promoted by one assignment, rolled back, run in the shadow.

`Live` inherits these verbs; the record stands in `registry`.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llm4rec.core import EngineRecord, Llm4recError, Recommendations
from llm4rec.engine.live.naming import Naming
from llm4rec.engine.live.registry import Registry, Standing
from llm4rec.engine.live.serving import Serving
from llm4rec.engine.live.shadowing import Shadow
from llm4rec.engine.ordering import reordered
from llm4rec.engine.settings import RerankSettings

if TYPE_CHECKING:
    from llm4rec.engine.engine import Engine


class Promotes(ABC):
    """What is needed of a service stands first."""

    registry: Registry
    naming: Naming
    shadow: Shadow | None = None
    home: bool
    own_engine = False
    refusal = ""
    _changing: threading.RLock
    _adopting: threading.Lock
    _serving: Serving
    _opened: Engine
    _opened_as: str
    _others: Mapping[str, Any]
    _engines_changed = False

    @abstractmethod
    def _made(self, engine: Engine, version: str) -> Serving:
        """What will serve: the engine with the reports and items of this tenant."""

    @abstractmethod
    def _answer(self, serving: Serving, question: Mapping[str, Any]) -> Recommendations:
        """The answer of another engine, not logged."""

    def register(self, folder: str | Path, metrics: Mapping[str, Any] | None = None) -> EngineRecord:
        """Enter an engine folder with its lineage; nothing else changes."""
        return self.registry.register(folder, metrics)

    def promote(self, version: str, reason: str = "") -> EngineRecord:
        """Serve this version from now on: loaded while the old one answers, then swapped by one assignment.

        FolderError where it cannot be trusted: that is recorded, and the old one goes on.
        """
        version = self.registry.record(version).version
        engine = self._read(version)
        record = self.registry.promote(version, reason)
        self._swap(engine, version)
        return record

    def rollback(self) -> EngineRecord:
        """Serve the version before. One that can no longer be read is refused, and this one goes on."""
        before = self.registry.standing().promoted[-2:-1]
        engine = self._read(before[0]) if before else self._opened
        record = self.registry.rollback()
        self._swap(engine, record.version)
        return record

    def reorder(self, rerankers: RerankSettings, reason: str = "") -> EngineRecord:
        """Give the lists of the version that serves another order: prepared while the old one answers, then swapped.

        It goes with the version: one that is promoted later has its own. SettingsError or ComponentError where these
        rerankers cannot be used here, NotFoundError where the engine that serves was never registered.
        """
        version = self.registry.record(self._serving.version).version
        engine = reordered(self._opened, rerankers)
        record = self.registry.order(version, rerankers.model_dump(mode="json"), reason)
        self._swap(engine, version)
        return record

    def run_shadow(self, version: str) -> EngineRecord | None:
        """Answer with this version too, beside and unseen; "" ends that. `figures` compare."""
        record = self.registry.shadow(self.registry.record(version).version if version else "")
        self._adopt()
        return record

    def _take_engines(self, rows: Sequence[EngineRecord]) -> None:
        """Loading takes long and is for the worker: here it is only noted."""
        del rows
        self._engines_changed = True

    def _work_engines(self) -> None:
        if self._engines_changed:
            self._engines_changed = False
            self._adopt()
        shadow = self.shadow
        if shadow is not None:
            shadow.work(self._answer)

    def _adopt(self) -> None:
        """Serve, and run in the shadow, what the record says; what cannot be loaded is refused and changes nothing."""
        # One at a time: two who load the same version would each begin to count its shadow anew.
        with self._adopting:
            standing = self.registry.standing()
            self.refusal = ""
            if standing.serving and not self._serves(standing):
                engine = self._loaded(standing.serving)
                if engine is not None:
                    self._swap(engine, standing.serving)
            self._adopt_shadow(standing)

    def _serves(self, standing: Standing) -> bool:
        """Whether what serves is the version of the record, in the order of the record."""
        given = standing.orders.get(standing.serving)
        own = self._opened.settings.rerank
        same = given is None or RerankSettings.of(given, "order") == own
        return standing.serving == self._serving.version and same

    def _adopt_shadow(self, standing: Standing) -> None:
        running = "" if self.shadow is None else self.shadow.serving.version
        if standing.shadow == running:
            return
        engine = self._loaded(standing.shadow) if standing.shadow else None
        self.shadow = None if engine is None else Shadow(self._made(engine, standing.shadow))

    def _read(self, version: str) -> Engine:
        """A version as it may serve here: FolderError or ComponentError where it may not."""
        return self.naming.checked(self.registry.load(version, self._opened.settings))

    def _loaded(self, version: str) -> Engine | None:
        try:
            return self._read(version)
        except Llm4recError as error:
            self.refusal = f"version {version} is refused: {error}"
            return None

    def _swap(self, engine: Engine, version: str) -> None:
        """One assignment: whoever is being answered is answered by the engine that was there when they asked."""
        with self._changing:
            self.home = self.own_engine = True
            self._serving = self._made(engine, version)
            self._opened, self._opened_as = self._serving.base, version
            for other in self._others.values():
                if not other.own_engine:
                    other._lend(self._opened, version)

    def _lend(self, engine: Engine, version: str) -> None:
        """Serve somebody else's engine, as long as there is none of one's own."""
        with self._changing:
            self._opened, self._opened_as = engine, version
            self._serving = self._made(engine, version)
