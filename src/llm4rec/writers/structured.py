"""Answers of a language model as text or as checked JSON, with one repair. Knows nothing of servers and weights."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from llm4rec.core import BrokenAnswerError, Message, SettingsError
from llm4rec.writers.schema import Schema, check_schema, problems, short

TOLD = 8
"""So many problems are told, to the model and in the error."""
QUOTED = 2000
"""So many characters of a broken answer are shown to the model that is to repair it."""
_FENCE = re.compile(r"```(?:json)?\s*\n(.*?)```", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True)
class Answer:
    """What a model wrote; `cut` when it stopped because it had reached its limit of tokens."""

    text: str
    cut: bool = False


def checked(messages: Sequence[Message]) -> list[Message]:
    """The messages, if there are any; else SettingsError. Halves of surrogate pairs become question marks."""
    if not messages:
        raise SettingsError("complete needs at least one message")
    for place, message in enumerate(messages):
        if not isinstance(message, Message) or not isinstance(message.content, str):
            raise SettingsError(f"message {place} is {short(message)}, not a Message with text")
    return [Message(m.role, m.content.encode("utf-8", "replace").decode()) for m in messages]


def written(answer: Answer, who: str) -> str:
    """The text; an empty one is an error."""
    if not answer.text.strip():
        raise BrokenAnswerError(f"{who} answered with nothing; ask it differently, or raise max_tokens")
    return answer.text


def structured(
    ask: Callable[[Sequence[Message]], Answer], messages: Sequence[Message], schema: Schema, who: str
) -> Any:
    """The value of `schema` that the model gives: at first, or told once what was wrong with its answer."""
    check_schema(schema)
    answer = ask(messages)
    value, wrong = _read(answer, schema, who)
    if not wrong:
        return value
    answer = ask([*messages, *_complaint(answer, wrong)])
    value, wrong = _read(answer, schema, who)
    if wrong:
        raise BrokenAnswerError(
            f"{who} gave no answer that fits the schema, nor when told what was wrong: "
            f"{'; '.join(wrong[:TOLD])}; it wrote {short(answer.text, 200)}. Use a simpler schema or another model"
        )
    return value


def instructed(messages: Sequence[Message], schema: Schema) -> list[Message]:
    """The messages with the schema behind the last one, for models that are given it in no other way."""
    *before, last = messages
    asked = (
        f"{last.content}\n\nAnswer with one JSON value that fits this JSON schema, and with nothing else:\n"
        f"{json.dumps(schema, ensure_ascii=False)}"
    )
    return [*before, Message(last.role, asked)]


def _complaint(answer: Answer, wrong: Sequence[str]) -> list[Message]:
    listed = "\n".join(f"- {line}" for line in wrong[:TOLD])
    return [
        Message("assistant", answer.text[:QUOTED] or "(nothing)"),
        Message(
            "user",
            f"That answer cannot be used:\n{listed}\nAnswer again, with JSON that fits the schema and nothing else.",
        ),
    ]


def _read(answer: Answer, schema: Schema, who: str) -> tuple[Any, list[str]]:
    """The value in an answer, and what is wrong with it. An answer that was cut off is not worth a repair."""
    try:
        value = parse(answer.text)
        return value, problems(value, schema)
    except ValueError as error:
        if answer.cut:
            raise BrokenAnswerError(
                f"{who} was cut off before its JSON was complete; raise max_tokens, or ask for less"
            ) from None
        return None, [f"it is not JSON: {error}"]
    except RecursionError:
        return None, ["it is nested too deeply"]


def parse(text: str) -> Any:
    """The JSON value in a text, be it bare, in a fence or among words; ValueError says why there is none."""
    inside = _FENCE.search(text)
    tries = [text.strip(), *([inside[1].strip()] if inside else [])]
    start = re.search(r"[{\[]", text)
    reason: ValueError | None = None
    for candidate in tries:
        try:
            return _DECODER.decode(candidate)
        except ValueError as error:
            reason = reason or error
    if start is not None:
        try:
            return _DECODER.raw_decode(text, start.start())[0]
        except ValueError as error:
            reason = error
    raise ValueError(str(reason))


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(f"{digits} is no finite number")
    return value


_DECODER = json.JSONDecoder(parse_float=_finite, parse_constant=_finite)
