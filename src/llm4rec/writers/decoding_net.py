"""Token after token: which comes next, and which may. Loads torch; imported inside functions only."""

from __future__ import annotations

import json
import time
from typing import Any

import numpy as np
import torch
from transformers import GenerationConfig, LogitsProcessor, LogitsProcessorList

from llm4rec.core import ComponentError, GeneratorError, GeneratorTimeoutError, SettingsError
from llm4rec.writers.schema import Schema


class Chooser(LogitsProcessor):
    """Prepares the scores of the next token so that the highest one is the choice: limits, mask, chance.

    Chance by the Gumbel-max trick (Gumbel 1954): the highest of logit / temperature + noise is a draw from the softmax.
    The noise comes from a generator of its own, so nothing global is seeded.
    """

    def __init__(
        self, who: str, late_at: float, temperature: float, seed: int, matcher: Matcher | None
    ) -> None:
        self.who = who
        self.late_at = late_at
        self.temperature = temperature
        self.rng = np.random.default_rng(seed)
        self.matcher = matcher
        self.begun = False

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """(1, vocabulary) scores in, the same out, with -inf where no token may come."""
        if time.monotonic() > self.late_at:
            raise GeneratorTimeoutError(
                f"{self.who} was not ready in time; raise timeout, or lower max_tokens"
            )
        if torch.isnan(scores).any():
            raise ComponentError(f"{self.who} gives numbers that are not finite; set precision = 'fp32'")
        scores = scores.float()
        if self.temperature > 0:
            noise = self.rng.gumbel(size=scores.shape[-1]).astype(np.float32)
            scores = scores / self.temperature + torch.from_numpy(noise).to(scores.device)
        if self.matcher is not None:
            if self.begun:
                self.matcher.take(int(input_ids[0, -1]))
            scores = scores.masked_fill(~self.matcher.allowed().to(scores.device), -torch.inf)
        self.begun = True
        return scores


class Grammar:
    """Schemas as machines over the tokens of one model; made once, because it reads the whole vocabulary."""

    def __init__(self, model: Any, tokenizer: Any, ends: list[int], who: str) -> None:
        try:
            from llguidance.hf import from_tokenizer
        except ModuleNotFoundError as error:
            raise ComponentError(
                f"{who} needs {error.name} for constrained answers: pip install 'llm4rec[generation]', "
                "or set constrained = false"
            ) from error
        if not ends:
            raise ComponentError(
                f"{who}: its tokenizer has no token that ends a text; set constrained = false"
            )
        self.who = who
        self.size = int(model.get_output_embeddings().weight.shape[0])
        try:
            self.tokens = from_tokenizer(tokenizer, n_vocab=self.size, eos_token=ends, slices=[])
        except ValueError as error:
            raise ComponentError(
                f"{who}: its tokenizer cannot be constrained ({error}); set constrained = false"
            ) from error

    def matcher(self, schema: Schema) -> Matcher:
        """At the beginning of an answer; SettingsError where a schema cannot be enforced."""
        from llguidance import LLMatcher

        # No free white space: a small model would write nothing else. Lenient: what no grammar can hold (that elements
        # differ) is checked when the answer is there.
        grammar = LLMatcher.grammar_from_json_schema(
            json.dumps(schema), overrides={"whitespace_flexible": False, "lenient": True}
        )
        inner = LLMatcher(self.tokens, grammar, log_level=0)
        if inner.is_error():
            raise SettingsError(
                f"{self.who} cannot be held to this schema ({inner.get_error()}); set constrained = false"
            )
        return Matcher(inner, self.size, self.who)


class Matcher:
    """Where an answer stands in its schema."""

    def __init__(self, inner: Any, size: int, who: str) -> None:
        self.inner = inner
        self.size = size
        self.who = who

    def take(self, token: int) -> None:
        """The token came."""
        if not self.inner.consume_token(token):
            raise GeneratorError(
                f"{self.who} left its schema ({self.inner.get_error()}); set constrained = false"
            )

    def allowed(self) -> Any:
        """(vocabulary,) bool: tokens that may come next."""
        bits = np.frombuffer(self.inner.compute_bitmask(), dtype=np.uint8)
        mask = np.zeros(self.size, dtype=bool)
        found = np.unpackbits(bits, bitorder="little")[: self.size].astype(bool)
        mask[: len(found)] = found
        return torch.from_numpy(mask)


def write(model: Any, prompt: list[int], ends: list[int], most: int, chooser: Chooser) -> list[int]:
    """At most `most` tokens that follow the prompt, an end among them included."""
    settings = GenerationConfig(  # type: ignore[no-untyped-call]
        do_sample=False,
        num_beams=1,
        max_new_tokens=most,
        eos_token_id=ends or None,
        pad_token_id=ends[0] if ends else None,
    )
    ids = torch.tensor([prompt], device=model.device)
    with torch.inference_mode():
        found = model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            generation_config=settings,
            logits_processor=LogitsProcessorList([chooser]),
        )
    return [int(token) for token in found[0, len(prompt) :]]
