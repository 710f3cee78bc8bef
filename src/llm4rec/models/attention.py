"""Attention over what a person did: a causal network whose item vectors are made of content and ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, model_validator

from llm4rec.core import (
    Before,
    Catalog,
    Config,
    Dataset,
    FitContext,
    Floats,
    LightPart,
    NotFittedError,
    Numbers,
    Request,
)
from llm4rec.models.attention_batches import Asked, Columns, Tokens
from llm4rec.models.attention_content import ItemSource
from llm4rec.models.attention_newcomers import Newcomers
from llm4rec.models.contexts import context_note
from llm4rec.models.continuing import begun
from llm4rec.models.light_attention import LightAttention
from llm4rec.models.maps import part, under

if TYPE_CHECKING:
    from llm4rec.models.attention_fitting import Learnt
    from llm4rec.models.attention_net import Network

TIME_AWARE = "time-aware: sees when the question is asked"
CHUNK = 1_024  # requests answered at once


class AttentionConfig(Config):
    """Settings of the network and of its training.

    `batch_size` counts places (events with a next one), not people; small data gets smaller batches, so that an epoch
    has at least 8 steps. `stop`: epochs really run of a schedule made for `epochs`; chosen by early stopping, which
    waits `patience` epochs for a better NDCG@10. `loss` 'auto' is the full softmax up to `full_up_to` items and
    the sampled one with `negatives` uniform negatives a step above. `precision` 'auto' takes bfloat16 for the products
    of the loss where the processor has them in hardware. `time_aware` lets the network see when a question is
    asked. `diversity_reg` and `novelty_reg` weigh what the loss gains where unlike and where rare items are expected
    (`attention_beyond_net`); 0 is cross-entropy alone. `checkpoint`: a folder in which each epoch is kept, so that a fit that
    was killed goes on.
    """

    embedding_size: PositiveInt = 64
    blocks: PositiveInt = 1
    heads: PositiveInt = 1
    max_length: PositiveInt = 50
    dropout: float = Field(0.3, ge=0.0, lt=1.0)
    id_dropout: float = Field(0.3, ge=0.0, lt=1.0)
    gated: bool = False
    time_aware: bool = False
    parts: tuple[Literal["text", "attributes", "words"], ...] = ("text", "attributes", "words")
    loss: Literal["auto", "full", "sampled"] = "auto"
    full_up_to: PositiveInt = 50_000
    negatives: PositiveInt = 2_048
    epochs: PositiveInt = 32
    stop: PositiveInt | None = None
    patience: PositiveInt = 4
    batch_size: PositiveInt = 1_024
    learning_rate: PositiveFloat = 1e-3
    reg: NonNegativeFloat = 0.01
    diversity_reg: NonNegativeFloat = 0.0
    novelty_reg: NonNegativeFloat = 0.0
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    checkpoint: str = ""
    tune: bool = True

    @property
    def lists_count(self) -> bool:
        """Whether the loss looks at more than what is right."""
        return self.diversity_reg > 0 or self.novelty_reg > 0

    @model_validator(mode="after")
    def _heads_divide(self) -> Self:
        if self.embedding_size % self.heads:
            raise ValueError(f"embedding_size {self.embedding_size} is no multiple of heads {self.heads}")
        return self


class Attention:
    """Score = (vector of the history) . (vector of the item); the history is read by causal self-attention.

    Item vectors are e_i = LN(W text_i + W_a attributes_i + g(n_i) v_i), n_i = training count; the same vectors go in and come
    out (tied). Blocks as in SASRec (Kang & McAuley, ICDM 2018), trained by softmax cross-entropy on all places
    (Klenitskiy & Vasilev, RecSys 2023), with a bias by distance in events instead of absolute places, so that a
    history may be cut anywhere. Items that nobody has taken have content alone; ids are left out at random in
    training so that this works. Items that come later (`grow`) are read by their content too, and are scored by what
    content predicts of trained vectors against the mean of what all places of the history lead to (which taste a new
    thing meets is not a matter of the last event), and by how near they are to what was taken (`attention_newcomers`).
    Where events have contexts, each is read in its own and each place answers for the context of the next one, at the
    end for that of the request. Histories without positive events are declined.
    """

    config_type = AttentionConfig
    network_: Network
    inputs_: Floats  # (items, embedding_size), as they are read in a history
    newcomers_: Newcomers | None = None
    begun_ = ""
    tokens_: Tokens

    def __init__(self, config: AttentionConfig | None = None) -> None:
        self.config = config or AttentionConfig()
        self.stop_ = self.config.stop

    @property
    def time_aware(self) -> bool:
        """Whether scores depend on the time of the request; a fair table labels such rows."""
        return self.config.time_aware

    @property
    def contexts(self) -> Mapping[str, tuple[str, ...]]:
        """The contexts of the data fitted on that tell events apart: words by name."""
        return self.tokens_.contexts if hasattr(self, "tokens_") else {}

    def _looks_at(self) -> tuple[str, ...]:
        """What of a question it sees beside the history."""
        return (*((TIME_AWARE,) if self.time_aware else ()), *context_note(self.contexts))

    @property
    def chosen(self) -> AttentionConfig:
        """The config with the number of epochs that was best on validation."""
        return self.config.model_copy(update={"stop": self.stop_, "tune": False})

    def fit(self, dataset: Dataset, context: FitContext) -> Self:
        """Train; stop early on the holdout where there is one, after `stop` or `epochs` epochs otherwise."""
        from llm4rec.models.attention_fitting import learn

        return self._take(learn(self.config, dataset, context), context)

    def continued(self, dataset: Dataset, context: FitContext, before: Before) -> Self:
        """A quarter of the epochs, from the weights as they are.

        From the start where events come with other kinds or contexts, or items with other content, than they did.
        """
        from llm4rec.models.attention_earlier_net import Earlier, shorter, why_not
        from llm4rec.models.attention_fitting import learn

        self._need_fit()
        again = type(self)(self.chosen)
        told = why_not(self.network_, self.tokens_, dataset, context, self.config)
        if told:
            again.begun_ = f"from the start: {told}"
            return again.fit(dataset, replace(context, holdout=None))
        recipe, names = shorter(self.chosen), ItemSource.names(before.context, self.config.parts)
        earlier = Earlier(self.network_, self.tokens_, names, before.items)
        again.begun_ = begun(recipe.epochs, self.stop_ or self.config.epochs)
        return again._take(learn(recipe, dataset, context, earlier), context, self.stop_)

    def _take(self, learnt: Learnt, context: FitContext, stop: int | None = None) -> Self:
        self.network_, self.inputs_, self.tokens_ = learnt.network, learnt.vectors, learnt.tokens
        self.stop_, self.device_ = stop or learnt.epochs, context.device
        self.notes_ = (*learnt.notes, *self._looks_at())
        return self

    def score(self, requests: Sequence[Request], items: Numbers | None = None) -> Floats:
        """(requests, items) float32; -inf rows for histories without a positive event."""
        users, items_ = self.user_vectors(requests), self.item_vectors()
        scores = users @ (items_ if items is None else items_[items]).T
        declined = np.array([len(r.history.liked) == 0 for r in requests], dtype=bool)
        scores[declined] = -np.inf
        return scores

    def user_vectors(self, requests: Sequence[Request]) -> Floats:
        """(requests, width): what each history leads to; zeros without a positive event.

        Width is embedding_size; after `grow` columns for newcomers stand behind: the mean over places, and what was taken.
        """
        self._need_fit()
        parts = [self._read(requests[at : at + CHUNK]) for at in range(0, len(requests), CHUNK)]
        return np.concatenate([np.zeros((0, self.item_vectors().shape[1]), np.float32), *parts])

    def item_vectors(self) -> Floats:
        """(items, width), width as in `user_vectors`."""
        self._need_fit()
        return self.vectors_

    @cached_property
    def vectors_(self) -> Floats:
        """Inputs, and for newcomers what content predicts, in columns of their own."""
        if self.newcomers_ is None:
            return self.inputs_
        return self.newcomers_.beside(self.inputs_)

    def _read(self, requests: Sequence[Request]) -> Floats:
        from llm4rec.models.attention_reading_net import read, read_last

        window = self.config.max_length if self.newcomers_ is None else None  # newcomers ask for all of it
        events = Columns.of([r.history for r in requests], window).events(self.tokens_)
        asked = Asked.of(requests, self.tokens_, self.time_aware)
        if self.newcomers_ is None:
            return read_last(self.network_, self.inputs_, events, asked, self.device_)
        last, mean = read(self.network_, self.inputs_, events, asked, self.device_)
        return np.hstack([last, self.newcomers_.asked(mean, [r.history.liked for r in requests])])

    def grow(self, catalog: Catalog, context: FitContext) -> Self:
        """The same model with the vectors that content gives to the new items."""
        from llm4rec.models.attention_reading_net import from_content

        self._need_fit()
        size = self.network_.shape.items
        added = catalog.take(np.arange(len(self.inputs_), len(catalog)))
        source = ItemSource.read(added, context, self.config.parts)
        grown = type(self)(self.config)
        grown.network_, grown.tokens_, grown.notes_ = self.network_, self.tokens_, self.notes_
        grown.stop_, grown.device_ = self.stop_, self.device_
        grown.inputs_ = np.concatenate([self.inputs_, from_content(self.network_, source, self.device_)])
        known = None if self.newcomers_ is None else self.newcomers_.known
        grown.newcomers_ = Newcomers.of(self.inputs_[:size], catalog, context, known)
        return grown

    def lighter(self, memory: int) -> LightPart:
        """The same network in numpy, whatever the `memory`. ComponentError where it sees more than a history."""
        del memory
        self._need_fit()
        return LightAttention.of(self)

    def lighter_from(self, state: Mapping[str, NDArray[Any]]) -> LightPart:
        """The inverse of its `state`."""
        return LightAttention.from_state(state)

    def state(self) -> dict[str, NDArray[Any]]:
        """Plain arrays for an engine folder."""
        from llm4rec.models.attention_reading_net import weights_of

        self._need_fit()
        return (
            {"inputs": self.inputs_}
            | ({} if self.newcomers_ is None else under("newcomers", asdict(self.newcomers_)))
            | under("tokens", self.tokens_.state())
            | under("weights", weights_of(self.network_))
        )

    def restore(self, state: Mapping[str, NDArray[Any]], context: FitContext) -> Self:
        """The inverse of `state`."""
        from llm4rec.models.attention_reading_net import network_from

        self.inputs_ = state["inputs"]
        new = part("newcomers", state)
        self.newcomers_ = Newcomers(**new) if new else None
        self.tokens_ = Tokens.from_state(part("tokens", state))
        self.network_ = network_from(part("weights", state), self.config, self.tokens_, context.device)
        self.device_ = context.device
        self.notes_ = self._looks_at()
        return self

    def _need_fit(self) -> None:
        if not hasattr(self, "inputs_"):
            raise NotFittedError("Attention needs fit first")
