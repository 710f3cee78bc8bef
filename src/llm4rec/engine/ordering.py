"""The rerankers of the settings over a fitted engine, and the knobs of requests. Knows nothing of scores."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

from llm4rec.core import (
    Candidates,
    Catalog,
    Config,
    Embeds,
    Floats,
    KnownUsers,
    Request,
    RerankContext,
    Reranker,
    SettingsError,
    labels,
    suggest,
)
from llm4rec.core.sets import entropy, interest_shares
from llm4rec.engine.build import component_from
from llm4rec.engine.registry import component
from llm4rec.engine.settings import RerankSettings

if TYPE_CHECKING:
    from llm4rec.engine.engine import Engine
    from llm4rec.engine.fitted import Fitted

KNOBS = ("diversity", "novelty", "explore")
BEHIND: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "novelty": ("novel", {}),
    "diversity": ("mmr", {}),
    "explore": ("explore", {}),
}
"""What turns each knob into an order, in the order in which they are applied."""


def build_reranker(name: str, options: Mapping[str, object]) -> Reranker:
    """A reranker by name; NotFoundError or SettingsError names what is wrong."""
    kind = component("reranker", name)
    config: Config = kind.config_type.of(options, f"reranker {name!r}")
    made: Reranker = kind(config)
    return made


def build_chain(settings: RerankSettings) -> Any:
    """The rerankers of the settings one behind the other, not prepared yet."""
    steps = [build_reranker(name, settings.options.get(name, {})) for name in settings.order]
    return component_from("llm4rec.rerankers.chain:Chain")(steps)


@dataclass(frozen=True, eq=False)
class Ordering:
    """The prepared chain of a fitted engine, what its rerankers may look at, and how strong each knob is."""

    chain: Any
    context: RerankContext
    settings: RerankSettings
    seed: int = 0
    curves: Mapping[str, Any] = field(default_factory=dict)
    _calls: count[int] = field(default_factory=count)

    def apply(self, requests: Sequence[Request], candidates: Candidates) -> Candidates:
        """The candidates in the order of the chain, then of the knobs of each request."""
        context = self._context(requests)
        found: Candidates = self.chain.rerank(requests, candidates, context)
        for knob in BEHIND:
            turned = knobs(requests, knob, self.settings, context)
            if turned.any():
                found = self._turn(knob, turned, requests, found, context)
        return found

    def each(
        self, requests: Sequence[Request], candidates: Candidates, turns: Iterable[tuple[str, float]]
    ) -> Iterator[Candidates]:
        """The candidates in the order of the chain and of one knob at one setting, for each of these; what the requests
        say of knobs is left out.
        """
        context = self._context(requests)
        found = self.chain.rerank(requests, candidates, context)
        for knob, value in turns:
            turned = np.full(len(requests), value, dtype=np.float32)
            yield self._turn(knob, turned, requests, found, context) if value else found

    def _context(self, requests: Sequence[Request]) -> RerankContext:
        rng = np.random.default_rng([self.seed, next(self._calls)])
        return replace(self.context, n=max(_sizes(requests), default=0), rng=rng)

    def _turn(
        self,
        knob: str,
        turned: Floats,
        requests: Sequence[Request],
        found: Candidates,
        context: RerankContext,
    ) -> Candidates:
        name, options = BEHIND[knob]
        strengths = turned if knob not in self.curves else self.curves[knob].strengths(turned)
        turner = build_reranker(name, {**options, **_kernel_of(self.settings, name)})
        return turner.rerank(requests, found, replace(context, strengths=strengths))


def _kernel_of(settings: RerankSettings, name: str) -> Mapping[str, Any]:
    """What the settings say of the reranker behind a knob, its strength aside."""
    return {key: value for key, value in settings.options.get(name, {}).items() if key != "strength"}


def knobs(requests: Sequence[Request], knob: str, settings: RerankSettings, context: RerankContext) -> Floats:
    """How far each request turns a knob, (requests,): as it says, or as the settings do for lists of known users."""
    if not isinstance(requests, KnownUsers):
        return np.array([getattr(request, knob) for request in requests], dtype=np.float32)
    default = getattr(settings, knob)
    if default == "auto":
        return np.array([adapted(context, request) for request in requests], dtype=np.float32)
    return np.full(len(requests), default, dtype=np.float32)


def adapted(context: RerankContext, request: Request) -> float:
    """Half the breadth of a history: the entropy of its categories over the largest possible; half without any.

    People of narrow taste get less diversity, whose lists would lose most by it.
    """
    known = labels(context.catalog)
    interests = interest_shares([request.history], known.shares, 50.0)
    if not interests.nnz or known.matrix.shape[1] < 2:
        return 0.5
    breadth = entropy(np.asarray(interests.todense()))[0] / np.log2(known.matrix.shape[1])
    return float(0.5 * min(breadth, 1.0))


def checked(said: Mapping[str, Any]) -> dict[str, Any]:
    """Knobs and time of a request as given; SettingsError where one is unknown or out of range."""
    known = (*KNOBS, "time")
    for name in said:
        if name not in known:
            raise SettingsError(
                f"a request has no {name!r}{suggest(name, known)}; it has: {', '.join(known)}"
            )
    given = {name: value for name, value in said.items() if value is not None}
    for knob in set(KNOBS) & set(given):
        if not 0.0 <= given[knob] <= 1.0:
            raise SettingsError(f"{knob} = {given[knob]!r}: a knob goes from 0 to 1")
    return given


def turned(request: Request, said: Mapping[str, Any], settings: RerankSettings, catalog: Catalog) -> Request:
    """The request with the knobs of the settings where nothing is said of them."""
    found = {knob: getattr(settings, knob) for knob in KNOBS if said.get(knob) is None}
    if found.get("diversity") == "auto":
        found["diversity"] = adapted(RerankContext(catalog), request)
    return replace(request, **found) if any(found.values()) else request


def for_the_model(request: Request, settings: RerankSettings) -> dict[str, object]:
    """The context of a request without what rerankers read, whatever the model does with it."""
    read = {"disliked"} if "sentiment" in settings.order else set()
    return {name: value for name, value in request.context.items() if name not in read}


def _sizes(requests: Sequence[Request]) -> list[int]:
    if isinstance(requests, KnownUsers):
        return [requests.n] * min(len(requests), 1)
    return [request.n for request in requests]


def wanted(requests: Sequence[Request], settings: RerankSettings) -> bool:
    """Whether anything is to be reordered."""
    if settings.order:
        return bool(len(requests))
    if isinstance(requests, KnownUsers):
        return any(getattr(settings, knob) != 0.0 for knob in KNOBS)
    return any(getattr(request, knob) for request in requests for knob in KNOBS)


def reordered(engine: Engine, settings: RerankSettings) -> Engine:
    """The same engine with other rerankers, prepared and calibrated now; SettingsError, ComponentError: they cannot be."""
    build_chain(settings)
    made = engine.over(replace(engine.fitted, rerank=settings))
    made.settings = engine.settings.model_copy(update={"rerank": settings})
    ordering(made.fitted)
    return made


def ordering(fitted: Fitted) -> Ordering:
    """The ordering of a fitted engine: made, prepared and its knobs calibrated when it is first needed."""
    return fitted.made.once("ordering", lambda: _made(fitted))


def _made(fitted: Fitted) -> Ordering:
    from llm4rec.engine.knobs import calibrated

    raw = Ordering(build_chain(fitted.rerank), rerank_context(fitted), fitted.rerank, fitted.seed)
    return calibrated(fitted, raw)


def rerank_context(fitted: Fitted) -> RerankContext:
    """What rerankers may look at, as far as those of the settings and the knobs need it."""
    catalog, dataset = fitted.catalog, fitted.dataset
    steps = [build_reranker(name, fitted.rerank.options.get(name, {})).config for name in fitted.rerank.order]
    behind = [build_reranker(name, _kernel_of(fitted.rerank, name)).config for name, _ in BEHIND.values()]
    named = {name for config in (*steps, *behind) for name in getattr(config, "kernel", {})}
    from llm4rec.engine.feelings import reviewed

    bare = not labels(catalog).matrix.nnz or "ssd" in fitted.rerank.order
    read = fitted.encoder is not None and any(catalog.texts) and ("text" in named or bare)
    return RerankContext(
        catalog,
        vectors=fitted.encoder.encode(catalog.texts) if read and fitted.encoder is not None else None,
        tastes=fitted.model.item_vectors() if isinstance(fitted.model, Embeds) else None,
        counts=dataset.counts,
        users=len(dataset.users),
        sentiment=reviewed(fitted) if "sentiment" in fitted.rerank.order else None,
        matrix=dataset.matrix() if any(getattr(config, "unmet", 0.0) for config in steps) else None,
    )
