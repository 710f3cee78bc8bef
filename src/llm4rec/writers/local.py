"""A causal language model in a folder on this machine. Nothing is fetched, and no code of the folder is run."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any, Literal

from pydantic import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from llm4rec.core import (
    ComponentError,
    Config,
    GeneratorError,
    GeneratorRefusedError,
    Message,
    Reading,
    SettingsError,
)
from llm4rec.writers import folders
from llm4rec.writers.schema import Schema, check_schema
from llm4rec.writers.structured import Answer, checked, instructed, structured, written

if TYPE_CHECKING:
    from llm4rec.writers.decoding_net import Grammar


class LocalConfig(Config):
    """Which model, and how it writes.

    folder       a Hugging Face folder of a causal model with a tokenizer (safetensors)
    precision    of the weights in memory
    max_tokens   most tokens of one answer
    temperature  0 is the likeliest token each time; above it tokens are drawn
    seed         of what is drawn: the same question has the same answer
    constrained  whether a schema decides which tokens may come (needs llguidance); false: it is told in words only
    timeout      seconds that a question may take
    """

    folder: str = ""
    precision: Literal["fp32", "bf16"] = "fp32"
    max_tokens: PositiveInt = 256
    temperature: NonNegativeFloat = 0.0
    seed: NonNegativeInt = 0
    constrained: bool = True
    timeout: PositiveFloat = 120.0


class LocalGenerator:
    """Writes with a causal model through transformers: greedy by default, so that an answer repeats bit for bit.

    Loads at the first question, not before. Messages go through the chat template of the model, or, where it has none,
    as lines "role: text". With `constrained`, only tokens that keep the answer within the schema can come out
    (Willard and Louf 2023; here by llguidance). One question at a time: a pass keeps every core busy anyway.
    """

    config_type = LocalConfig

    def __init__(self, config: LocalConfig | None = None, device: str = "cpu") -> None:
        self.config = config or LocalConfig()
        self.device = device
        if not self.config.folder:
            raise SettingsError(
                "generator 'local': folder is empty; set generator.options.folder to that of a model"
            )
        # What went wrong is told to whoever asks, who need not know where the folder stands.
        self.who = f"generator 'local' (in {Path(self.config.folder).name})"
        self._lock = RLock()
        self._opened: tuple[Any, Any] | None = None
        self._grammar: Grammar | None = None

    def complete(self, messages: Sequence[Message], schema: Schema | None = None) -> Any:
        """Text of at most max_tokens tokens, or a value that fits `schema`; GeneratorError where there is none."""
        messages = checked(messages)
        if schema is None:
            return written(self._ask(messages), self.who)
        check_schema(schema)
        return structured(partial(self._ask, schema=schema), instructed(messages, schema), schema, self.who)

    @property
    def room(self) -> int:
        """How many tokens the model can look at; the folder is opened for it."""
        with self._lock:
            model, tokenizer = self._loaded()
            return int(getattr(model.config, "max_position_embeddings", None) or tokenizer.model_max_length)

    @property
    def taught(self) -> Mapping[str, str]:
        """Names that the model was taught for items, by id; none where it was taught by others."""
        return folders.taught_names(self.config.folder, self.who)

    def has_learnt(self, events: Sequence[tuple[str, str]]) -> list[bool]:
        """Whether lessons held these events, as `teach` left their marks in the folder."""
        marks = folders.event_marks(self.config.folder, self.who)
        return [mark in marks for mark in folders.marks_of(events)]

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """Each text by itself, without tokens that begin or end a document."""
        with self._lock:
            _, tokenizer = self._loaded()
            if not texts:
                return []
            return [list(row) for row in tokenizer(list(texts), add_special_tokens=False)["input_ids"]]

    def read(self, prompts: Sequence[Sequence[int]]) -> Reading:
        """Prompts as tokens, read at once; GeneratorRefusedError where one is empty or leaves no room for an answer."""
        from llm4rec.writers.reading_net import ReadPrompts

        with self._lock:
            model, tokenizer = self._loaded()
            opening = folders.opening_tokens(tokenizer)
            rows = [[*opening, *prompt] for prompt in prompts]
            longest, room = max(map(len, rows), default=0), self.room
            if not rows or not all(rows) or longest >= room:
                raise GeneratorRefusedError(
                    f"{self.who}: a prompt has {longest} tokens, and it reads 1 to {room - 1}; ask for less history"
                )
            try:
                return ReadPrompts(model, rows, self.who, self._lock)
            except (RuntimeError, ValueError, IndexError) as error:
                raise GeneratorError(
                    f"{self.who} failed while reading ({type(error).__name__}: {str(error)[:200]}); "
                    "shorten the prompt, or look whether folder and tokenizer belong together"
                ) from error

    def _ask(self, messages: Sequence[Message], schema: Schema | None = None) -> Answer:
        with self._lock:
            model, tokenizer = self._loaded()
            tokens = folders.prompt_tokens(tokenizer, messages, self.who)
            self._check_room(len(tokens))
            return self._write(model, tokenizer, tokens, schema)

    def _loaded(self) -> tuple[Any, Any]:
        if self._opened is None:
            self._opened = folders.open_folder(
                self.config.folder, self.config.precision, self.device, self.who
            )
        return self._opened

    def _check_room(self, prompt: int) -> None:
        room = self.room
        if prompt + self.config.max_tokens > room:
            raise GeneratorRefusedError(
                f"{self.who}: a prompt of {prompt} tokens and an answer of {self.config.max_tokens} do not fit into its "
                f"{room}; shorten the prompt, or lower max_tokens"
            )

    def _write(self, model: Any, tokenizer: Any, tokens: list[int], schema: Schema | None) -> Answer:
        from llm4rec.writers import decoding_net

        ends = folders.end_tokens(model, tokenizer)
        matcher = None
        if schema is not None and self.config.constrained:
            self._grammar = self._grammar or decoding_net.Grammar(model, tokenizer, ends, self.who)
            matcher = self._grammar.matcher(schema)
        chooser = decoding_net.Chooser(
            self.who,
            late_at=time.monotonic() + self.config.timeout,
            temperature=self.config.temperature,
            seed=self.config.seed,
            matcher=matcher,
        )
        try:
            new = decoding_net.write(model, tokens, ends, self.config.max_tokens, chooser)
        except (RuntimeError, ValueError, IndexError) as error:
            raise GeneratorError(
                f"{self.who} failed while writing ({type(error).__name__}: {str(error)[:200]}); "
                "shorten the prompt, or look whether folder and tokenizer belong together"
            ) from error
        cut = len(new) == self.config.max_tokens and new[-1] not in ends
        return Answer(_decoded(tokenizer, new, self.who), cut)


def _decoded(tokenizer: Any, tokens: list[int], who: str) -> str:
    try:
        return str(tokenizer.decode(tokens, skip_special_tokens=True))
    except (OverflowError, IndexError, TypeError, KeyError) as error:
        raise ComponentError(
            f"{who}: its tokenizer does not know the tokens of its model ({error})"
        ) from error
