"""Several models as the inputs of one: made by name, fitted side by side, asked together. Combines nothing."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as Many
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import (
    Before,
    Catalog,
    ComponentError,
    Continues,
    Dataset,
    FitContext,
    Floats,
    Grows,
    Learns,
    Model,
    Request,
    Saves,
    Situated,
    Tunes,
    zscore_rows,
)
from llm4rec.models.contexts import together
from llm4rec.models.maps import part, under

Options = Mapping[str, Mapping[str, Any]]


def by_plus(value: Any) -> Any:
    """ "sequence+als" as a tuple, so that a command line can say it."""
    return tuple(value.split("+")) if isinstance(value, str) else value


def distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names, each once; ValueError otherwise."""
    if not names or len(set(names)) < len(names):
        raise ValueError(f"name at least one input, each once; not {', '.join(names) or 'none'}")
    return names


@dataclass(frozen=True, eq=False)
class Inputs:
    """Fitted models by name; the first is the base: it alone must take new items and decline requests."""

    models: Mapping[str, Model]

    @classmethod
    def fit(cls, names: Many[str], options: Options, dataset: Dataset, context: FitContext) -> Inputs:
        """Make and fit each; those that choose settings choose them on the holdout of the context."""
        made = {name: context.make(name, dict(options.get(name, {}))) for name in names}
        steps = context.progress(made.items(), "fitting inputs", len(made))
        return cls({name: model.fit(dataset, context) for name, model in steps})

    def refit(self, dataset: Dataset, context: FitContext) -> Inputs:
        """The same models with what they chose and were taught, fitted on other data without choosing again."""
        return Inputs({name: self._refitted(name, dataset, context) for name in self.models})

    def continued(self, dataset: Dataset, context: FitContext, before: Before) -> Inputs:
        """As `refit`, and those that can begin from where they ended do."""
        alone = replace(context, holdout=None)
        return Inputs(
            {
                name: model.continued(dataset, alone, before)
                if isinstance(model, Continues)
                else self._refitted(name, dataset, context)
                for name, model in self.models.items()
            }
        )

    def _refitted(self, name: str, dataset: Dataset, context: FitContext) -> Model:
        alone, model = replace(context, holdout=None), self.models[name]
        if isinstance(model, Learns):
            return model.refit(dataset, alone)
        return Inputs.fit([name], self.options(), dataset, alone).base

    @property
    def begun(self) -> str:
        """What each began from, in words."""
        told = (
            (name, getattr(model, "begun_", "") or "from the start") for name, model in self.models.items()
        )
        return "; ".join(f"{name}: {begun}" for name, begun in told)

    def options(self) -> dict[str, dict[str, Any]]:
        """What each was fitted with, as chosen."""
        return {
            name: (model.chosen if isinstance(model, Tunes) else model.config).model_dump(mode="json")
            for name, model in self.models.items()
        }

    @property
    def time_aware(self) -> bool:
        """Whether some input looks at when a request is made."""
        return any(getattr(model, "time_aware", False) for model in self.models.values())

    @property
    def contexts(self) -> Mapping[str, tuple[str, ...]]:
        """The contexts that some input looks at: words by name."""
        return together(model.contexts for model in self.models.values() if isinstance(model, Situated))

    @property
    def base(self) -> Model:
        """The first of them."""
        return next(iter(self.models.values()))

    @property
    def advisers(self) -> tuple[str, ...]:
        """Inputs behind the base whose influence is to be bounded: they say so in an attribute `advises`."""
        return tuple(name for name in list(self.models)[1:] if getattr(self.models[name], "advises", False))

    def only(self, names: Many[str]) -> Inputs:
        """Those of these names, in the order they stand in."""
        return Inputs({name: model for name, model in self.models.items() if name in set(names)})

    def without(self, names: Many[str]) -> Inputs:
        """All but those of these names."""
        return Inputs({name: model for name, model in self.models.items() if name not in set(names)})

    def scored(self, requests: Many[Request], size: int, base: Floats | None = None) -> dict[str, Floats]:
        """(requests, size) z-scores of each over the first `size` items; a declined row is zeros.

        Events with items behind those are not shown: models that took no new items do not know them. `base`: what the
        first says of these requests, where it was asked before.
        """
        narrowed = known_parts(requests, size)
        said = {} if base is None else {next(iter(self.models)): base}
        return {
            n: zscore_rows((said[n] if n in said else model.score(narrowed))[:, :size])
            for n, model in self.models.items()
        }

    def grown(self, catalog: Catalog, context: FitContext) -> Inputs:
        """Those that can take new items take them; ComponentError where the base cannot."""
        if not isinstance(self.base, Grows):
            name = next(iter(self.models))
            raise ComponentError(f"{name!r}, the first input, cannot take new items; put 'sequence' first")
        return Inputs(
            {n: m.grow(catalog, context) if isinstance(m, Grows) else m for n, m in self.models.items()}
        )

    def state(self) -> dict[str, NDArray[Any]]:
        """Plain arrays of all; ComponentError names one that cannot be saved."""
        state: dict[str, NDArray[Any]] = {}
        for name, model in self.models.items():
            if not isinstance(model, Saves):
                raise ComponentError(f"input {name!r} cannot be saved; leave it out")
            state |= under(f"input.{name}", model.state())
        return state

    @classmethod
    def restored(
        cls, names: Many[str], options: Options, state: Mapping[str, NDArray[Any]], context: FitContext
    ) -> Inputs:
        """The inverse of `state`; `options` as chosen."""
        models: dict[str, Model] = {}
        for name in names:
            model = context.make(name, dict(options.get(name, {})))
            assert isinstance(model, Saves)
            models[name] = model.restore(part(f"input.{name}", state), context)
        return cls(models)


def known_parts(requests: Many[Request], size: int) -> Many[Request]:
    """`known_part` of each; the requests themselves where that changes none."""
    events = [request.history.items for request in requests]
    if int(np.concatenate([*events, np.zeros(0, np.int64)]).max(initial=-1)) < size:
        return requests
    return [known_part(request, size) for request in requests]


def known_part(request: Request, size: int) -> Request:
    """The request with only those events whose items are among the first `size`."""
    items = request.history.items
    if not len(items) or int(items.max()) < size:
        return request
    return replace(request, history=request.history.take(np.flatnonzero(items < size)))
