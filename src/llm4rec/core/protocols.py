"""What each replaceable part promises, and what it is given. Nothing to inherit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol, Self, TypeAlias, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from llm4rec.core.answers import Answers
from llm4rec.core.arrays import Floats, Numbers, Sparse
from llm4rec.core.candidates import Candidates
from llm4rec.core.catalog import Catalog
from llm4rec.core.columns import Table
from llm4rec.core.config import Config
from llm4rec.core.dataset import Dataset, Holdout
from llm4rec.core.errors import ComponentError
from llm4rec.core.history import History
from llm4rec.core.request import Request

T = TypeVar("T")
State: TypeAlias = dict[str, NDArray[Any]]


class Progress(Protocol):
    """Wraps the steps of long work and shows how far it is."""

    def __call__(self, steps: Iterable[T], label: str, total: int | None = None) -> Iterable[T]: ...


def silent(steps: Iterable[T], label: str, total: int | None = None) -> Iterable[T]:
    """Progress that shows nothing."""
    del label, total
    return steps


@runtime_checkable
class Encoder(Protocol):
    """Content to vectors. Deterministic; `name` identifies weights and pooling and keys the vector cache."""

    @property
    def name(self) -> str: ...
    @property
    def width(self) -> int: ...
    def encode(self, contents: Sequence[str]) -> Floats:
        """(len(contents), width) float32; batch size and order change no vector beyond rounding."""
        ...


@runtime_checkable
class Features(Protocol):
    """Sparse blocks of attributes, fitted on one table and applicable to any with the same columns."""

    @property
    def names(self) -> Sequence[str]: ...
    def fit(self, table: Table) -> Self: ...
    def transform(self, table: Table) -> Sparse:
        """(rows, width) float32; values never seen in `fit` leave zeros."""
        ...


def _nothing_to_make_with(name: str, options: Mapping[str, Any]) -> Model:
    raise ComponentError(f"model {name!r} cannot be made here: this FitContext has no `make`")


@dataclass(frozen=True)
class FitContext:
    """The world as a model may see it while it learns: nothing global, everything passed in.

    `encoder` gives vectors made for comparing (centred and whitened on the catalog), `raw_encoder` the ones the
    language model gave; `features` are attributes, `words` the words of the texts, both fitted on the catalog;
    `people` are attributes fitted on the users; `holdout` are questions with known answers for choosing settings,
    never for fitting; `make` builds another model by name, not yet fitted, for models made of models; `generator` is a
    language model that writes, where the settings name one.
    """

    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))
    encoder: Encoder | None = None
    raw_encoder: Encoder | None = None
    features: Features | None = None
    words: Features | None = None
    people: Features | None = None
    holdout: Holdout | None = None
    generator: Generator | None = None
    device: str = "cpu"
    progress: Progress = silent
    make: Callable[[str, Mapping[str, Any]], Model] = _nothing_to_make_with


@runtime_checkable
class Model(Protocol):
    """Scores items for requests. A user is a history, not a row: unseen users need no refitting.

    Scores are finite, or -inf over a whole row: the request is declined and the engine asks the next model. A model
    whose scores or ratings depend on the time of a request says so in an attribute `time_aware`; tables label its rows.
    """

    @property
    def config(self) -> Config: ...
    def fit(self, dataset: Dataset, context: FitContext) -> Self: ...
    def score(self, requests: Sequence[Request], items: Numbers | None = None) -> Floats:
        """(len(requests), items) float32, over all items or those asked for; a row does not depend on its batch."""
        ...


@runtime_checkable
class Rates(Protocol):
    """A model that predicts values (stars, or the probability of a click), not only an order."""

    def rate(self, requests: Sequence[Request], items: Numbers) -> Floats:
        """The value expected of `items[i]` from `requests[i]`; shape (len(requests),) float32."""
        ...


@runtime_checkable
class Tunes(Protocol):
    """A model that chooses settings on the holdout of its context."""

    @property
    def chosen(self) -> Config:
        """The config with every setting as chosen; fitting with it needs no holdout."""
        ...


@runtime_checkable
class Learns(Protocol):
    """A model that learns from the answers of held-out questions, beyond choosing settings on them."""

    @property
    def questions(self) -> int:
        """How many held-out questions it would like to have."""
        ...

    def refit(self, dataset: Dataset, context: FitContext) -> Self:
        """Fitted on `dataset` with what the questions taught; self stays as it is."""
        ...


@dataclass(frozen=True, eq=False)
class Before:
    """What an earlier fit saw: its world, and by what numbers it knows the items at hand (items,), -1 where it does not."""

    context: FitContext
    items: Numbers


@runtime_checkable
class Continues(Protocol):
    """A model that can be fitted from where an earlier fit ended, in fewer steps. `begun_` says from what it was."""

    begun_: str

    def continued(self, dataset: Dataset, context: FitContext, before: Before) -> Self:
        """Fitted on `dataset` with what self has chosen, beginning from what it has learnt; self stays as it is.

        What self does not know begins as in `fit`.
        """
        ...


@runtime_checkable
class Distils(Protocol):
    """A model that can learn from the answers of a better one, beside the data."""

    def distil(self, dataset: Dataset, context: FitContext, answers: Answers) -> Self:
        """Fitted on the answers and on `dataset`; `fit` is the same without a teacher."""
        ...


@runtime_checkable
class Grows(Protocol):
    """A model that takes new items without refitting."""

    def grow(self, catalog: Catalog, context: FitContext) -> Self:
        """A model that scores all of `catalog`, whose first items are the ones known; self stays as it is."""
        ...


@runtime_checkable
class Embeds(Protocol):
    """A model whose score is a product of vectors, so that an index can serve it."""

    def user_vectors(self, requests: Sequence[Request]) -> Floats:
        """(len(requests), width) float32; NaN (or zero) in the rows of requests that `score` declines."""
        ...

    def item_vectors(self) -> Floats:
        """(items, width) float32; user_vectors @ item_vectors.T are the scores, up to rounding."""
        ...


@runtime_checkable
class Updates(Protocol):
    """A model that learns from new events exactly, without refitting."""

    def partial_fit(self, before: Sequence[History], after: Sequence[History]) -> Self:
        """The model as if each training history `before[u]` had been `after[u]`; self stays as it is.

        An empty `before` is a new user.
        """
        ...


@runtime_checkable
class Forgets(Protocol):
    """A model that unlearns users exactly."""

    def forget(self, histories: Sequence[History]) -> Self:
        """The model as if these training histories had never been seen; self stays as it is."""
        ...


@runtime_checkable
class Explains(Protocol):
    """A model that can say exactly what a score is made of."""

    def contributions(self, request: Request, items: Numbers) -> list[dict[int, float]]:
        """For each item: what each history item gave. All gifts and what comes from no history item sum to the score."""
        ...


@runtime_checkable
class Calibrates(Protocol):
    """A model that says how likely its answers are to come true."""

    def chances(self, requests: Sequence[Request], items: Numbers) -> tuple[Floats, NDArray[np.bool_]]:
        """The chance that each of `items` (requests, k) is taken next, NaN where nothing is known; and, by request,
        whether the data say more than that some things are popular."""
        ...


@runtime_checkable
class Adapts(Protocol):
    """A model that answers differently for people of whom little is known, and says so."""

    def adapted(self, requests: Sequence[Request]) -> list[str]:
        """Of each request, what is told of its list because little is known of the person; "" where nothing is."""
        ...


@runtime_checkable
class Doubts(Protocol):
    """A model that says how little it knows of its scores."""

    def uncertainty(self, requests: Sequence[Request], items: Numbers | None = None) -> Floats:
        """(len(requests), items) float32: the standard deviation of each score; 0 where none is known."""
        ...


@runtime_checkable
class Situated(Protocol):
    """A model whose scores may depend on the context of a request; names and words it does not know change no score."""

    @property
    def contexts(self) -> Mapping[str, tuple[str, ...]]:
        """The names it looks at and the words it knows of each; empty where the data told none."""
        ...


@runtime_checkable
class Saves(Protocol):
    """A fitted model that can be written to and read from plain arrays."""

    def state(self) -> State: ...
    def restore(self, state: Mapping[str, NDArray[Any]], context: FitContext) -> Self: ...


@dataclass(frozen=True, eq=False)
class RerankContext:
    """What a reranker may look at besides requests and candidates: things by item, and things by request.

    By item: `vectors` of texts, `tastes` (collaborative) and `pictures`, rows (items, width); `counts`, how many of
    `users` people took it; `sentiment`, what reviewers said of it, from -1 to 1, NaN where nobody did; `matrix`, people x
    items of ones. Items behind the end of an array are newcomers of which it says nothing.
    By request, None or one entry each: `shown`, the items shown before and when, as a history; `strengths` that go over the
    reranker's own. `n` go out at most.
    """

    catalog: Catalog
    n: int = 10
    vectors: Floats | None = None
    counts: Numbers | None = None
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))
    users: int = 0
    tastes: Floats | None = None
    pictures: Floats | None = None
    sentiment: Floats | None = None
    matrix: Sparse | None = None
    shown: Sequence[History] | None = None
    strengths: Floats | None = None

    def part(self, rows: slice) -> RerankContext:
        """The context of some of the requests."""
        shown = None if self.shown is None else self.shown[rows]
        strengths = None if self.strengths is None else self.strengths[rows]
        return replace(self, shown=shown, strengths=strengths)


@runtime_checkable
class Reranker(Protocol):
    """Puts candidates in a better order: loses none, invents none.

    What stands further in front is taken for more relevant: the reranker behind another one starts from its order.
    """

    @property
    def config(self) -> Config: ...
    def rerank(
        self, requests: Sequence[Request], candidates: Candidates, context: RerankContext
    ) -> Candidates: ...


@runtime_checkable
class Prepares(Protocol):
    """A reranker that learns from many lists what it then holds constant, such as the prices of providers."""

    def prepare(
        self, requests: Sequence[Request], candidates: Candidates, context: RerankContext
    ) -> Reranker:
        """A reranker that has learnt from these candidates; self stays as it is."""
        ...


@dataclass(frozen=True)
class Message:
    """One turn handed to a generator."""

    role: Literal["system", "user", "assistant"]
    content: str


@runtime_checkable
class Generator(Protocol):
    """Any language model that writes, local or remote. Fails by GeneratorError, never by silence."""

    def complete(self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None) -> Any:
        """Text, or a value that fits the JSON schema where one is given; neither is ever empty text."""
        ...


class Reading(Protocol):
    """Prompts that a language model has read once, and can be asked about again and again."""

    def after(
        self, rows: Sequence[int], paths: Sequence[Sequence[int]], wanted: Sequence[int]
    ) -> NDArray[np.float64]:
        """(len(rows), len(wanted)): log-probability of each wanted token behind prompt rows[n] and tokens paths[n]."""
        ...


@runtime_checkable
class ReadsTokens(Protocol):
    """A generator whose next token can be looked at: what decoding along a tree of allowed texts needs.

    `room` is how many tokens prompt and answer have together; `taught` are names that it was taught for items, by id.
    """

    @property
    def room(self) -> int: ...
    @property
    def taught(self) -> Mapping[str, str]: ...
    def has_learnt(self, events: Sequence[tuple[str, str]]) -> list[bool]:
        """Whether it was taught that this user (by id) took this item: then it is no judge of that."""
        ...

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """Each text by itself as tokens, without any that begin or end a document."""
        ...

    def read(self, prompts: Sequence[Sequence[int]]) -> Reading:
        """Read prompts, given as tokens. GeneratorError where one is too long."""
        ...
