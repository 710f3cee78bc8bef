"""One shared encoder and its heads: from rows of examples to a loss, from texts to answers. Takes no steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from llm4rec.core import ComponentError, Floats, Numbers
from llm4rec.encoders import loading
from llm4rec.encoders.adapting import losses_net as losses
from llm4rec.encoders.adapting.config import Task
from llm4rec.encoders.adapting.examples import Examples
from llm4rec.encoders.adapting.specs import HeadSpec
from llm4rec.encoders.adapting.towers_net import Sequence as Steps
from llm4rec.encoders.adapting.towers_net import head_of
from llm4rec.encoders.few_labels.consistency_net import agree

READ_AT_ONCE = 32
TOGETHER = 8


class Reading(NamedTuple):
    """What the encoder makes of texts: a vector each (B, width), tokens (B, L, inner), mask (B, L), ids (B, L)."""

    vectors: Tensor
    tokens: Tensor | None
    mask: Tensor
    ids: Tensor


class Network(nn.Module):
    """The encoder with a head a task. The heads compute in fp32, the encoder in `precision`."""

    def __init__(self, model: Any, specs: Mapping[Task, HeadSpec], precision: loading.Precision) -> None:
        super().__init__()
        self.model = model
        self.specs = dict(specs)
        self.narrow = precision == "bf16"
        width = model.get_embedding_dimension()
        self.heads = nn.ModuleDict()
        for task, spec in specs.items():
            table = self._table() if spec.kind == "masked" else None
            inner = width
            if spec.reads_text and (spec.kind == "masked" or spec.tower != "feed-forward"):
                inner = self._inner_width(task)
            self.heads[task] = _text_head(spec, inner, width, table)
        self.heads.to(model.device)

    def _table(self) -> Tensor:
        """The words' vectors, which the head of masked words shares."""
        inner = getattr(self.model[0], "auto_model", None)
        if inner is None:
            raise ComponentError(
                "task 'masked' needs a transformer, which this encoder is not; leave the task out"
            )
        table: Tensor = inner.get_input_embeddings().weight
        return table

    def _inner_width(self, task: Task) -> int:
        config = getattr(getattr(self.model[0], "auto_model", None), "config", None)
        if config is None:
            raise ComponentError(
                f"task {task!r}: this encoder gives no vectors of tokens; set tower = 'feed-forward'"
            )
        return int(config.hidden_size)

    def read(self, texts: Sequence[str], ids: Tensor | None = None) -> Reading:
        """What the encoder makes of texts; `ids` replace the words as the tokenizer gave them."""
        model = self.model
        prompt = model.prompts.get(model.default_prompt_name) if model.default_prompt_name else None
        features = model.preprocess(list(texts), prompt=prompt)
        features = {k: v.to(model.device) if isinstance(v, Tensor) else v for k, v in features.items()}
        if ids is not None:
            features["input_ids"] = ids
        given = features.get("input_ids")
        mask = features.get("attention_mask")
        with torch.autocast(model.device.type, torch.bfloat16, enabled=self.narrow):
            found = model(features)
        vectors = found["sentence_embedding"].float()
        tokens = found.get("token_embeddings")
        empty = vectors.new_zeros((len(vectors), 0))
        return Reading(
            vectors,
            None if tokens is None else tokens.float(),
            empty if mask is None else mask,
            empty if given is None else given,
        )

    def loss(self, examples: Examples, rows: Numbers, setting: losses.Setting) -> Tensor:
        """The mean loss of these examples."""
        spec = self.specs[examples.task]
        if spec.kind == "masked":
            return self._masked(examples, rows, setting)
        if spec.reads_text:
            return self._of_texts(examples, rows, setting)
        if spec.kind == "near":
            said = self.heads[spec.task](self.vectors([examples.texts[n] for n in examples.left[rows, 0]]))
            return losses.aside(said, self._targets(examples, rows))
        left, right = examples.left[rows], examples.right
        assert right is not None, "tasks that read no text alone ask about an item"
        hard = None if examples.hard is None else examples.hard[rows]
        numbers, places = np.unique(
            np.concatenate(
                [left.ravel(), right[rows], np.zeros(0, np.int64) if hard is None else hard.ravel()]
            ),
            return_inverse=True,
        )
        used = numbers[numbers >= 0]
        vectors = self.vectors([examples.texts[n] for n in used])
        # A row of zeros in front stands for nobody (-1), which sorts first.
        vectors = torch.cat([vectors.new_zeros((len(numbers) - len(used), vectors.shape[1])), vectors])
        split = np.split(places, np.cumsum([left.size, len(rows)]))
        people = self.people(spec, vectors, split[0].reshape(left.shape), left >= 0)
        items = vectors[torch.as_tensor(split[1], device=vectors.device)]
        if spec.kind in ("pair", "next"):
            wrong = vectors[torch.as_tensor(split[2], device=vectors.device)]
            known = losses.Known.of(examples, rows, hard)
            return losses.contrast(people[0], items, wrong, known, setting.temperature)
        said = self.heads[examples.task](*people, items)
        return losses.of_answer(said, self._targets(examples, rows), spec)

    def _of_texts(self, examples: Examples, rows: Numbers, setting: losses.Setting) -> Tensor:
        """Of heads that read texts. With `consistency`, labels are read twice, each time with other dropout (R-Drop)."""
        task, targets = examples.task, self._targets(examples, rows)
        spec, texts = self.specs[task], [examples.texts[n] for n in examples.left[rows, 0]]
        said = self.said(task, texts)
        if spec.kind != "classes" or not setting.consistency:
            return losses.of_answer(said, targets, spec)
        again = self.said(task, texts)
        both = (losses.of_answer(said, targets, spec) + losses.of_answer(again, targets, spec)) / 2
        return both + setting.consistency * agree(said, again)

    def people(
        self, spec: HeadSpec, vectors: Tensor, places: Numbers, there: np.ndarray
    ) -> tuple[Tensor, ...]:
        """What stands on the left: a vector each, or steps and mask of histories for the head that reads them."""
        if spec.kind in ("pair", "near"):
            return (vectors[torch.as_tensor(places[:, 0], device=vectors.device)],)
        # Oldest first with the padding behind, as the towers read.
        order = np.argsort(~there, axis=1, kind="stable")
        index = torch.as_tensor(np.take_along_axis(places, order, axis=1), device=vectors.device)
        mask = torch.as_tensor(np.take_along_axis(there, order, axis=1), device=vectors.device).float()
        steps = vectors[index] * mask[:, :, None]
        return (self.heads[spec.task](steps, mask),) if spec.kind == "next" else (steps, mask)

    def said(self, task: Task, texts: Sequence[str]) -> Tensor:
        """What the head of a task says of texts, (texts, outputs), as it is before any scaling.

        On a CPU texts of one length are read together: half of the work was padding.
        """
        size = TOGETHER if self.model.device.type == "cpu" else max(1, len(texts))
        order = sorted(range(len(texts)), key=lambda row: -len(texts[row]))
        parts = [
            self._said(task, [texts[row] for row in order[at : at + size]])
            for at in range(0, len(order), size)
        ]
        return torch.cat(parts)[torch.as_tensor(np.argsort(order), device=self.model.device)]

    def _said(self, task: Task, texts: Sequence[str]) -> Tensor:
        reading = self.read(texts)
        head = self.heads[task]
        if self.specs[task].tower == "feed-forward" or reading.tokens is None:
            whole = reading.vectors
            steps, there = whole[:, None, :], whole.new_ones((len(whole), 1))
        else:
            there = reading.mask.float()
            steps = reading.tokens * there[:, :, None]
            whole = steps.sum(dim=1) / there.sum(dim=1, keepdim=True).clamp(min=1)
        return head(Steps(steps, there, whole))  # type: ignore[no-any-return]

    def _masked(self, examples: Examples, rows: Numbers, setting: losses.Setting) -> Tensor:
        said, hidden = self.guesses([examples.texts[n] for n in examples.left[rows, 0]], setting.seed)
        return losses.of_words(said, hidden)

    def guesses(self, texts: Sequence[str], seed: tuple[int, ...]) -> tuple[Tensor, Tensor]:
        """Log-odds of words (hidden, words) at the places that were hidden, and the words that stood there."""
        tokenizer = self.model.tokenizer
        given = self.model.preprocess(list(texts))
        shown, places, words = losses.hide(given, tokenizer, seed)
        tokens = self.read(texts, shown.to(self.model.device)).tokens
        assert tokens is not None, "checked when the head was made"
        found = tokens[places.to(tokens.device)]
        return self.heads["masked"](found, self._table()), words.to(tokens.device)

    def _targets(self, examples: Examples, rows: Numbers) -> Tensor:
        assert examples.targets is not None, "heads that answer have targets"
        return torch.as_tensor(examples.targets[rows], device=self.model.device)

    def vectors(self, texts: Sequence[str]) -> Tensor:
        """(texts, width), read a few at a time with texts of one length together: little is computed for padding."""
        order = sorted(range(len(texts)), key=lambda row: -len(texts[row]))
        parts = [
            self.read([texts[row] for row in order[at : at + READ_AT_ONCE]]).vectors
            for at in range(0, len(order), READ_AT_ONCE)
        ]
        return torch.cat(parts)[torch.as_tensor(np.argsort(order), device=self.model.device)]

    @torch.no_grad()
    def encode(self, texts: Sequence[str]) -> Floats:
        """(texts, width) vectors without training."""
        return np.asarray(self.vectors(texts).cpu().numpy(), dtype=np.float32)


def _text_head(spec: HeadSpec, inner: int, width: int, table: Tensor | None) -> nn.Module:
    """The head over what it reads: tokens are as wide as the transformer, vectors as wide as the encoder's."""
    return head_of(spec, inner if spec.reads_text else width, table)
