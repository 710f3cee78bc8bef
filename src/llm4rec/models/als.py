"""Implicit ALS: factors of people and items from what people took, and a person's vector from any history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from llm4rec.core import (
    Before,
    ComponentError,
    Config,
    Dataset,
    FitContext,
    Floats,
    Holdout,
    NotFittedError,
    Numbers,
    Progress,
    Request,
    Sparse,
)
from llm4rec.core.threads import by_blocks
from llm4rec.models.continuing import begun, carried, fewer
from llm4rec.models.propensity import inverse_propensity, note, scaled
from llm4rec.models.tuning import best_of, quality
from llm4rec.models.weighing import Weighing

TUNE_EVENTS = (
    1_000_000  # above so many, `unobserved` is not tried out: a fit for each value would cost too much
)
EXACT_STEPS = 100  # conjugate gradients of a single history end long before, at a millionth of the residual
NOTHING = 1e-12  # factors below this are rounding noise
START = 0.1  # spread of a factor row before the first sweep


class AlsConfig(Config):
    """`unobserved`: what a pair nobody took weighs beside one that was taken; `reg` times (taken + unobserved x all)
    to the power `reg_exponent` shrinks a row. `decay` and `propensity` as in ease. `kinds` and `value_weight`: see `Weighing`.
    """

    embedding_size: PositiveInt = 128
    reg: PositiveFloat = 0.01
    unobserved: PositiveFloat = 0.03
    reg_exponent: NonNegativeFloat = 1.0
    epochs: PositiveInt = 10
    solver_steps: PositiveInt = 3
    decay: PositiveFloat | None = 2.0
    kinds: dict[str, NonNegativeFloat] = Field({}, description="weight by kind of event; 1 where not named")
    value_weight: NonNegativeFloat = 0.0
    propensity: float = Field(0.0, ge=0.0, le=1.0)
    decays: tuple[PositiveFloat | None, ...] = Field((0.5, 1.0, 2.0, 5.0, 20.0, None), description="tried")
    unobserved_values: tuple[PositiveFloat, ...] = Field((0.3, 0.03, 0.003), description="tried")
    tune: bool = True


class Als:
    """min sum_taken w (1 - x_u y_i)^2 + a sum_all (x_u y_i)^2 + reg (n_u + a items)^e |x_u|^2 + the same for y_i.

    Loss: Hu, Koren & Volinsky, ICDM 2008; its weights and the reg that grows with frequency: Rendle et al., "Revisiting
    the performance of iALS on item recommendation benchmarks", RecSys 2022. A person's vector is solved from the
    item factors and the history given, each event weighed by exp(-age / decay); nothing of a person is kept. With a
    holdout, `decay` is chosen on it, and `unobserved` too up to a million events. With a
    `propensity`, w is divided by it (Saito et al., WSDM 2020).
    """

    config_type = AlsConfig
    begun_ = ""

    def __init__(self, config: AlsConfig | None = None) -> None:
        self.config = config or AlsConfig()
        self.decay = self.config.decay
        self.unobserved = self.config.unobserved
        self.notes_: tuple[str, ...] = ()
        self.scale_: Floats | None = None

    def fit(self, dataset: Dataset, context: FitContext) -> Self:
        """Learn the item factors; choose `decay` and `unobserved` where there is a holdout."""
        matrix, first = self._begin(dataset, context)
        if self.config.tune and context.holdout is not None and len(context.holdout):
            self._choose(matrix, first, context, context.holdout)
        else:
            self._learn(matrix, first, self.config.epochs, context.progress)
        return self._told()

    def continued(self, dataset: Dataset, context: FitContext, before: Before) -> Self:
        """A quarter of the sweeps, from the factors of the items known; from the start where their number has changed."""
        known, again = self._fitted(), type(self)(self.chosen)
        matrix, first = again._begin(dataset, context)
        if first.shape[1] != known.shape[1]:
            again.begun_ = f"from the start: {first.shape[1]} factors instead of {known.shape[1]}"
            return again._learn(matrix, first, self.config.epochs, context.progress)._told()
        sweeps = fewer(self.config.epochs)
        again.begun_ = begun(sweeps, self.config.epochs, "sweeps")
        return again._learn(matrix, carried(first, known, before.items), sweeps, context.progress)._told()

    def _begin(self, dataset: Dataset, context: FitContext) -> tuple[Sparse, Floats]:
        """What people took, weighed, and item factors before the first sweep."""
        matrix = self._weighing.matrix(dataset)
        self.scale_ = inverse_propensity(matrix, self.config.propensity)
        width = min(self.config.embedding_size, max(matrix.shape[1], 1))
        # A copy, so that what was chosen, fitted again in the same world, begins where the trial began.
        start = deepcopy(context.rng).standard_normal((matrix.shape[1], width))
        return scaled(matrix, self.scale_), (start * (START / width**0.5)).astype(np.float32)

    def _told(self) -> Self:
        self.notes_ = (*_notes(self.config, self.factors_), *note("als", self.config.propensity))
        return self

    def _choose(self, matrix: Sparse, first: Floats, context: FitContext, questions: Holdout) -> None:
        """Learn with each value of `unobserved`, keep the best with its best `decay`."""
        tried = self.config.unobserved_values if matrix.nnz <= TUNE_EVENTS else ()
        results = []
        for value in tried or (self.config.unobserved,):
            self.unobserved = value
            self._learn(matrix, first, self.config.epochs, context.progress)
            self.decay = best_of(self, "decay", self.config.decays, context)
            found = quality(self, questions) if tried else 0.0
            results.append((found, value, self.decay, self.factors_))
        _, self.unobserved, self.decay, factors = max(results, key=lambda result: result[0])
        self._take(factors)

    @property
    def chosen(self) -> AlsConfig:
        """The config with `decay` and `unobserved` chosen."""
        found = {"decay": self.decay, "unobserved": self.unobserved, "tune": False}
        return self.config.model_copy(update=found)

    @property
    def _weighing(self) -> Weighing:
        return Weighing(self.config.kinds, self.config.value_weight)

    def _learn(self, matrix: Sparse, first: Floats, epochs: int, progress: Progress) -> Self:
        """`epochs` sweeps over people and items, from the item factors `first`."""
        by_item = matrix.T.tocsr()
        items, people = first, np.zeros((matrix.shape[0], first.shape[1]), np.float32)
        for epoch in progress(range(epochs), "als", epochs):
            items, people = self._solve(matrix, items, people, self.config.solver_steps)
            people, items = self._solve(by_item, people, items, self.config.solver_steps)
            if not np.isfinite(items).all():
                raise ComponentError(
                    f"als: the factors are not finite after sweep {epoch + 1}; raise reg (it is "
                    f"{self.config.reg:g}) or lower the weights of events (kinds, value_weight)"
                )
        return self._take(items @ _eigenbasis(items)[1])

    def _solve(self, rows: Sparse, given: Floats, solved: Floats, steps: int) -> tuple[Floats, Floats]:
        """Both sides in the eigenbasis of `given`, with `solved` the least squares of `rows` on it."""
        spectrum, basis = _eigenbasis(given)
        given, solved = given @ basis, np.ascontiguousarray(solved @ basis)
        self._least_squares(rows, given, spectrum, solved, steps)
        return given, solved

    def _least_squares(
        self, rows: Sparse, given: Floats, spectrum: Floats, solved: Floats, steps: int
    ) -> None:
        """Solve all rows in place; `spectrum` are the squared lengths of the columns of `given`."""
        from llm4rec.models.als_kernels import Rows, solve_rows

        bounds = rows.indptr.astype(np.int64)
        sums = np.concatenate([[0.0], np.cumsum(rows.data, dtype=np.float64)])
        taken = sums[bounds[1:]] - sums[bounds[:-1]]
        shrink = self.config.reg * (taken + self.unobserved * len(given)) ** self.config.reg_exponent
        packed = Rows(bounds, rows.indices.astype(np.int32), rows.data, shrink.astype(np.float32))
        heights = np.float32(self.unobserved) * spectrum
        by_blocks(lambda a, b: solve_rows(packed, given, heights, steps, solved, a, b), len(solved))

    def _take(self, factors: Floats) -> Self:
        self.factors_ = np.ascontiguousarray(factors)
        self._spectrum = np.einsum("ij,ij->j", self.factors_, self.factors_)
        return self

    def _histories(self, requests: Sequence[Request]) -> Sparse:
        """(requests, items): what each event weighs."""
        return scaled(self._weighing.histories(requests, len(self.factors_), self.decay), self.scale_)

    def item_vectors(self) -> Floats:
        """(items, width), columns in the order of what they weigh, the heaviest first."""
        return self._fitted()

    def user_vectors(self, requests: Sequence[Request]) -> Floats:
        """(requests, width); NaN for histories without an event that weighs anything."""
        factors = self._fitted()
        weights = self._histories(requests)
        solved = np.zeros((len(requests), factors.shape[1]), np.float32)
        self._least_squares(weights, factors, self._spectrum, solved, EXACT_STEPS)
        solved[~_said_something(weights)] = np.nan
        return solved

    def score(self, requests: Sequence[Request], items: Numbers | None = None) -> Floats:
        """(requests, items) float32; -inf rows for histories without an event that weighs anything."""
        people = self.user_vectors(requests)
        declined = np.isnan(people).any(axis=1)
        scores = people @ (self.factors_ if items is None else self.factors_[items]).T
        scores[declined] = -np.inf
        return scores

    def contributions(self, request: Request, items: Numbers) -> list[dict[int, float]]:
        """What each history item gave to each score; the parts sum to the score (Hu et al. 2008, section 5)."""
        factors = self._fitted()
        weights = self._histories([request])
        weights.sum_duplicates()
        taken, weight = factors[weights.indices], weights.data[:, None]
        shrink = self.config.reg * (weight.sum() + self.unobserved * len(factors)) ** self.config.reg_exponent
        system = (taken * weight).T @ taken + np.diag(self.unobserved * self._spectrum + shrink)
        shares = np.linalg.solve(system, (taken * weight).T).T @ factors[items].T
        return [
            {int(i): float(v) for i, v in zip(weights.indices, column, strict=True)} for column in shares.T
        ]

    def state(self) -> dict[str, NDArray[Any]]:
        """Plain arrays for an engine folder."""
        scale = {} if self.scale_ is None else {"scale": self.scale_}
        return {"factors": self._fitted()} | scale

    def restore(self, state: Mapping[str, NDArray[Any]], context: FitContext) -> Self:
        """The inverse of `state`."""
        del context
        self.scale_ = state.get("scale")
        return self._take(state["factors"].astype(np.float32))

    def _fitted(self) -> Floats:
        if not hasattr(self, "factors_"):
            raise NotFittedError("Als needs fit first")
        return self.factors_


def _notes(config: AlsConfig, factors: Floats) -> tuple[str, ...]:
    """What is not as asked for or as one would wish."""
    asked, width = config.embedding_size, factors.shape[1]
    clipped = f"embedding_size {asked} is more than there are items: {width} factors are used"
    nothing = f"als: every factor has shrunk to nothing; lower reg (it is {config.reg:g}) or unobserved"
    return tuple(
        told for told, so in ((clipped, width < asked), (nothing, np.abs(factors).max() < NOTHING)) if so
    )


def _said_something(weights: Sparse) -> NDArray[np.bool_]:
    """Which rows hold a weight above zero, (rows,)."""
    owners = np.repeat(np.arange(weights.shape[0]), np.diff(weights.indptr))
    return np.bincount(owners, weights.data > 0, weights.shape[0]) > 0


def _eigenbasis(factors: Floats) -> tuple[Floats, Floats]:
    """Eigenvalues of F'F, the largest first, and the eigenvectors as columns."""
    gram = (factors.T @ factors).astype(np.float64)
    if not np.isfinite(gram).all():
        return np.full(len(gram), np.nan, np.float32), np.eye(len(gram), dtype=np.float32)
    values, vectors = np.linalg.eigh(gram)
    spectrum = np.maximum(values[::-1], 0.0).astype(np.float32)
    return spectrum, np.ascontiguousarray(vectors[:, ::-1]).astype(np.float32)
