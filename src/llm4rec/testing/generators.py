"""A stand-in for language models that write, and the contract check of every generator. No model, no network."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from pydantic import NonNegativeInt, PositiveInt

from llm4rec.core import Config, Generator, Message, SettingsError

Schema = Mapping[str, Any]
Script = Iterable[Any] | Callable[[Sequence[Message], Schema | None], Any]


class ScriptedConfig(Config):
    """`words` of an answer in free text; `seed` changes which words and values are taken."""

    words: PositiveInt = 12
    seed: NonNegativeInt = 0


class ScriptedGenerator:
    """Gives the answers of a script, and after them answers by rule; the same question has the same answer by rule.

    A script is a list of answers, or a function (messages, schema) -> answer. An answer that is an exception is raised.
    By rule: words of the last message in an order drawn from it, or the smallest value of the schema, choices drawn
    likewise. `asked` keeps every question as (messages, schema).
    """

    config_type = ScriptedConfig

    def __init__(self, config: ScriptedConfig | None = None, script: Script = ()) -> None:
        self.config = config or ScriptedConfig()
        self.asked: list[tuple[list[Message], Schema | None]] = []
        self._function = script if callable(script) else None
        self._answers: Iterator[Any] = iter(()) if callable(script) else iter(script)

    def complete(self, messages: Sequence[Message], schema: Schema | None = None) -> Any:
        """The next answer of the script, or one by rule. Answers of a script are given as they are."""
        if not messages:
            raise SettingsError("complete needs at least one message")
        self.asked.append((list(messages), schema))
        missing = object()
        answer = self._function(messages, schema) if self._function else next(self._answers, missing)
        if isinstance(answer, Exception):
            raise answer
        return self._by_rule(messages, schema) if answer is missing else answer

    def _by_rule(self, messages: Sequence[Message], schema: Schema | None) -> Any:
        text = "\n".join(f"{m.role}: {m.content}" for m in messages)
        rng = np.random.default_rng([self.config.seed, zlib.crc32(text.encode("utf-8", "replace"))])
        if schema is not None:
            return smallest(schema, schema, rng)
        words = list(dict.fromkeys(messages[-1].content.split())) or ["nothing"]
        order = rng.permutation(len(words))[: self.config.words]
        return " ".join(words[place] for place in order)


def smallest(schema: Schema, root: Schema, rng: np.random.Generator) -> Any:
    """The smallest value of a JSON schema; among allowed values one is drawn."""
    while "$ref" in schema:
        schema = root["$defs"][str(schema["$ref"]).rpartition("/")[2]]
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][int(rng.integers(len(schema["enum"])))]
    for key in ("anyOf", "allOf"):
        if key in schema:
            return smallest(schema[key][0], root, rng)
    kind = schema.get("type", "object" if "properties" in schema else "string")
    kind = kind if isinstance(kind, str) else kind[0]
    if kind == "object":
        known = schema.get("properties", {})
        return {name: smallest(known.get(name, {}), root, rng) for name in schema.get("required", known)}
    if kind == "array":
        return _elements(schema, root, rng)
    if kind == "string":
        return "x" * schema.get("minLength", 1)
    if kind in ("integer", "number"):
        return _number(schema, kind == "integer")
    return False if kind == "boolean" else None


def _elements(schema: Schema, root: Schema, rng: np.random.Generator) -> list[Any]:
    """As few as allowed; different ones where they must be and the choices allow it."""
    inner, count = schema.get("items", {}), schema.get("minItems", 0)
    if schema.get("uniqueItems") and "enum" in inner:
        order = rng.permutation(len(inner["enum"]))[:count]
        return [inner["enum"][place] for place in order]
    return [smallest(inner, root, rng) for _ in range(count)]


def _number(schema: Schema, whole: bool) -> float:
    """The allowed number nearest to zero from above its lower limit."""
    low, high = schema.get("minimum", schema.get("exclusiveMinimum")), schema.get("maximum")
    step = 1 if whole else 0.5
    if low is None:
        return 0 if high is None or high >= 0 else int(high)
    value = low if "minimum" in schema else low + step
    return int(np.ceil(value)) if whole else float(value)


def check_generator(generator: Generator) -> None:
    """A generator that passes writes text, keeps to a schema, repeats itself and refuses an empty question."""
    question = [Message("system", "You name colours."), Message("user", "Name a colour: red or blue?")]
    text = generator.complete(question)
    assert isinstance(text, str), "without a schema the answer is text"
    assert text.strip(), "an answer is never empty"
    assert generator.complete(question) == text, "the same question has the same answer"
    schema = {
        "type": "object",
        "properties": {"colour": {"enum": ["red", "blue"]}},
        "required": ["colour"],
        "additionalProperties": False,
    }
    value = generator.complete(question, schema)
    assert value in ({"colour": "red"}, {"colour": "blue"}), "with a schema the answer fits it"
    refused = ""
    try:
        generator.complete([])
    except SettingsError as error:
        refused = str(error)
    assert "message" in refused, "a question without messages raises SettingsError, which says so"
