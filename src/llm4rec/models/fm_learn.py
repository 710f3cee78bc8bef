"""What a factorisation machine learns: from a data set to the draws of its chains. Answers no requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, NonNegativeInt, PositiveInt

from llm4rec.core import REAL_TIME, Config, DataError, Dataset, FitContext, Numbers, Request, Sparse
from llm4rec.models import fm_blocks as design
from llm4rec.models.fm_blocks import Block, Examples, Meaning
from llm4rec.models.fm_chain import Array
from llm4rec.models.fm_draws import Plan, run
from llm4rec.models.fm_noise import Noise, Normal, Ordered, Scales
from llm4rec.models.fm_part import Part, Values
from llm4rec.models.fm_requests import Reader
from llm4rec.models.maps import part, read_sparse, sparse_state, under

MOST_LEVELS = 20
MEANINGS: tuple[Meaning, ...] = ("stars", "clicks", "taken")


class FmConfig(Config):
    """`epochs` are sweeps of the Gibbs sampler, the first tenth of which is not used; `samples` of the rest are kept.

    `task`: "regression" has normal noise, "probit" ordered levels, "average" the mean of both. `date`: each day on
    which a user rates has a shift of its own, and a request with a time is told that of its day (time-aware).
    `sets`: what a user rated and who rated an item are features; `attributes` of users and items; `text`: so many
    dimensions of the text vectors of items. `calibration`: share of the values held out, in a second and shorter
    fit, for the width of intervals; 0 saves that fit.
    """

    embedding_size: PositiveInt = 12
    epochs: Annotated[int, Field(ge=10)] = 300
    samples: PositiveInt = 40
    task: Literal["regression", "probit", "average"] = "average"
    date: bool = True
    sets: bool = True
    attributes: bool = True
    text: NonNegativeInt = 0
    calibration: Annotated[float, Field(ge=0.0, lt=0.5)] = 0.1


@dataclass(frozen=True)
class Learnt:
    """Fitted parts (none where all values are the same), how histories are read, and the range of the values."""

    parts: tuple[Part, ...]
    reader: Reader
    low: float
    high: float
    notes: tuple[str, ...] = ()

    @property
    def levels(self) -> Array:
        """The ordered levels that some part knows, or none."""
        return next((one.levels for one in self.parts if len(one.levels)), np.zeros(0))

    def expect(self, requests: Sequence[Request], items: Numbers) -> Values:
        """Mean, variance and levels of what requests[n] gives items[n], averaged over the parts."""
        if not self.parts:
            nothing = np.zeros(len(requests))
            return Values(nothing + self.low, nothing, np.zeros((len(requests), 0)))
        batch = self.reader.read(requests)
        found = [one.expect(batch, items) for one in self.parts]
        means = np.stack([one.means for one in found])
        levels = [one.levels for one in found if one.levels.shape[1]]
        return Values(
            means.mean(axis=0),
            np.mean([one.variances for one in found], axis=0) + means.var(axis=0),
            np.mean(levels, axis=0) if levels else found[0].levels,
        )

    def grown(self, contents: Sparse) -> Self:
        """With further items that nobody has had, (new items, attributes and text)."""
        with_sets = self.reader.with_sets
        parts = tuple(replace(p, draws=p.draws.grown(contents, with_sets)) for p in self.parts)
        return replace(self, parts=parts, reader=self.reader.grown(contents.shape[0]))

    def state(self) -> dict[str, NDArray[Any]]:
        """Plain arrays by name."""
        reader = self.reader
        facts = [
            MEANINGS.index(reader.meaning),
            reader.items,
            reader.dated,
            reader.with_sets,
            len(self.parts),
        ]
        result: dict[str, NDArray[Any]] = {
            "facts": np.array(facts, dtype=np.int64),
            "range": np.array([self.low, self.high]),
        }
        for number, one in enumerate(self.parts):
            result |= under(f"part{number}", one.state())
        return result | under("people", sparse_state(reader.people))

    @classmethod
    def of(cls, state: Mapping[str, NDArray[Any]]) -> Self:
        """The inverse of `state`."""
        meaning, items, dated, with_sets, count = state["facts"].tolist()
        people = read_sparse(part("people", state))
        reader = Reader(MEANINGS[meaning], items, bool(dated), bool(with_sets), people)
        parts = tuple(Part.of(part(f"part{number}", state)) for number in range(count))
        low, high = state["range"].tolist()
        return cls(parts, reader, low, high)


def learn(dataset: Dataset, context: FitContext, config: FmConfig) -> Learnt:
    """Run the chains that the config asks for; DataError where there is nothing to learn."""
    items = len(dataset.catalog)
    meaning = design.meaning_of(dataset.interactions)
    examples = design.examples_of(dataset.interactions, meaning, items, context.rng)
    if not len(examples):
        raise DataError("fm has nothing to learn: no ratings, no clicks with values, nothing taken")
    notes = []
    if meaning == "taken":
        notes.append("no values: things taken count 1 and as many drawn others 0")
    real_time = meaning != "taken" and examples.times.max() >= REAL_TIME
    if config.date and not real_time:
        notes.append("there is no time of day to learn from: date is left out")
    low, high = float(examples.values.min()), float(examples.values.max())
    people = design.people(dataset, context, config.attributes)
    things = design.things(dataset.catalog, context, config.attributes, config.text)
    reader = Reader(meaning, items, config.date and real_time, config.sets and meaning != "taken", people[0])
    if low == high:
        notes.append(f"all values are {low:g}: that is what is predicted")
        return Learnt((), reader, low, high, tuple(notes))
    kinds, more = _kinds(config.task, meaning, len(np.unique(examples.values)))
    blocks = _blocks(reader, examples, people, things)
    plan = Plan(config.epochs, config.samples, config.embedding_size, things[0].shape[1])
    parts = tuple(_part(kind, blocks, examples, plan, context) for kind in kinds)
    return Learnt(parts, reader, low, high, (*notes, *more))


def _kinds(task: str, meaning: Meaning, levels: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The parts to fit, and what is not as asked."""
    if task == "regression":
        return ("regression",), ()
    if levels > MOST_LEVELS:
        reason = f"{levels} different values are no levels (at most {MOST_LEVELS})"
        if task == "probit":
            raise DataError(f"fm: {reason}; use task='regression'")
        return ("regression",), (f"{reason}: regression alone",)
    if task == "probit":
        return ("probit",), ()
    return ("regression", "probit")[: 1 if meaning == "taken" else 2], ()


def _blocks(
    reader: Reader, examples: Examples, people: design.Columns, things: design.Columns
) -> Sequence[Block]:
    users, items = people[0].shape[0], things[0].shape[0]
    rated, raters = [], []
    if reader.with_sets:
        rated = [(design.sets(examples.users, examples.items, (users, items)), (items,))]
        raters = [(design.sets(examples.items, examples.users, (items, users)), (users,))]
    blocks = [
        design.side(examples.users, users, [*rated, people]),
        design.side(examples.items, items, [*raters, things]),
    ]
    return [*blocks, design.visits(examples)] if reader.dated else blocks


def _part(kind: str, blocks: Sequence[Block], examples: Examples, plan: Plan, context: FitContext) -> Part:
    shape = blocks[0].design.shape[0], blocks[1].design.shape[0]
    scales = Scales(examples.users, examples.items, shape)
    noise: Noise
    if kind == "probit":
        levels, numbers = np.unique(examples.values, return_inverse=True)
        noise, centre, unit = Ordered(numbers, len(levels), scales), 0.0, 1.0
    else:
        centre, unit = float(examples.values.mean()), float(examples.values.std())
        levels = np.zeros(0)
        noise = Normal((examples.values - centre) / unit, scales)
    draws = run(blocks, noise, plan, context.rng, context.progress, f"fm: {kind}")
    return Part(draws, levels, centre, unit)
