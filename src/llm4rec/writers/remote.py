"""A language model behind an OpenAI-compatible server: settings, limits, retries. Nothing is contacted that is not set."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import partial
from ipaddress import ip_address
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from llm4rec.core import (
    BreakerOpenError,
    BrokenAnswerError,
    Config,
    GeneratorRefusedError,
    GeneratorUnavailableError,
    Message,
    SettingsError,
)
from llm4rec.writers.breaker import Breaker
from llm4rec.writers.retrying import Clock, Patience, patiently
from llm4rec.writers.schema import Schema, check_schema, is_closed
from llm4rec.writers.spending import Bill, Caps, Purse, Spent
from llm4rec.writers.structured import Answer, checked, instructed, structured, written
from llm4rec.writers.wire import Wire

A_MESSAGE = 16
"""Tokens that a chat template may put around a message, at most."""


class RemoteConfig(Config):
    """Which server and model, and how much patience, tokens and money they may take.

    base_url          address of the server, as "http://127.0.0.1:8000/v1"; empty: there is none, and nothing is contacted
    model             name of the model on that server
    api_key_env       name of the environment variable that holds the key; empty: no key is sent
    plain_http        whether a key may travel unencrypted to another machine
    temperature, seed 0 is the likeliest answer each time; none: not sent, for servers that refuse them
    max_tokens        most tokens of one answer
    limit_key         what the server calls that limit
    structured        how a schema is handed over: enforced by the server ("json_schema"), as a mode that gives any JSON
                      ("json_object"), or in words only ("prompt"); the answer is checked here in any case
    timeout           seconds that an attempt may take
    deadline          seconds that a question may take, with all attempts and waits
    attempts          how often a question is asked when the server fails; a refusal is final
    max_wait          most seconds between two attempts
    breaker_failures  after so many failures in a row the server is not asked for breaker_seconds
    cap_tokens        most tokens read and written by this generator; none: no cap
    cap_cost          most money, by price_prompt and price_answer for a million tokens; none: no cap
    """

    base_url: str = ""
    model: str = ""
    api_key_env: str = ""
    plain_http: bool = False
    temperature: NonNegativeFloat | None = 0.0
    seed: NonNegativeInt | None = 0
    max_tokens: PositiveInt = 512
    limit_key: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    structured: Literal["json_schema", "json_object", "prompt"] = "json_schema"
    timeout: PositiveFloat = 30.0
    deadline: PositiveFloat = 120.0
    attempts: int = Field(default=3, ge=1, le=10)
    max_wait: PositiveFloat = 20.0
    breaker_failures: PositiveInt = 5
    breaker_seconds: PositiveFloat = 30.0
    cap_tokens: PositiveInt | None = None
    cap_cost: PositiveFloat | None = None
    price_prompt: NonNegativeFloat = 0.0
    price_answer: NonNegativeFloat = 0.0

    @model_validator(mode="after")
    def _cost_needs_prices(self) -> Self:
        if self.cap_cost is not None and not (self.price_prompt or self.price_answer):
            raise ValueError(
                "cap_cost needs price_prompt or price_answer: without a price nothing is ever spent"
            )
        return self


class RemoteGenerator:
    """Asks a server that speaks the chat completions of OpenAI (vLLM, Ollama, llama.cpp, hosted ones).

    Failures are typed (`GeneratorError` and below). Only outages are asked again: no connection, no answer in time, too
    many requests, a broken server. What a request may cost at most is put aside before it is sent; what the server says
    it used replaces that, and where it does not say, the most is charged. Safe under threads.
    """

    config_type = RemoteConfig

    def __init__(
        self,
        config: RemoteConfig | None = None,
        environment: Mapping[str, str] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.config = config = config or RemoteConfig()
        clock = clock or Clock()
        _check_address(config)
        # What went wrong is told to whoever asks, who need not know where the server stands.
        self.who = f"generator 'openai' (model {config.model!r})"
        key = _key(config, os.environ if environment is None else environment)
        self._wire = Wire(config.base_url.rstrip("/"), key, self.who, clock.now)
        self._clock = clock
        self._breaker = Breaker(config.breaker_failures, config.breaker_seconds, clock.now)
        self._purse = Purse(
            Caps(config.cap_tokens, config.cap_cost, config.price_prompt, config.price_answer)
        )
        self._patience = Patience(config.attempts, config.timeout, config.max_wait, config.deadline)

    @property
    def spent(self) -> Spent:
        """Requests, tokens and cost up to now."""
        return self._purse.spent

    def close(self) -> None:
        """Give the connections back; the next question opens new ones."""
        self._wire.close()

    def complete(self, messages: Sequence[Message], schema: Schema | None = None) -> Any:
        """Text of at most max_tokens tokens, or a value that fits `schema`; GeneratorError where there is none."""
        messages = checked(messages)
        if schema is None:
            return written(self._ask(messages), self.who)
        check_schema(schema)
        if self.config.structured != "json_schema":
            messages = instructed(messages, schema)
        return structured(partial(self._ask, schema=schema), messages, schema, self.who)

    def _ask(self, messages: Sequence[Message], schema: Schema | None = None) -> Answer:
        body = self._body(messages, schema)
        most = sum(len(m.content.encode("utf-8", "replace")) + A_MESSAGE for m in messages)
        if "response_format" in body:
            most += len(str(body["response_format"]).encode())

        def attempt(seconds: float) -> Answer:
            with self._purse.pay(most, self.config.max_tokens, self.who) as bill:
                return self._once(body, seconds, bill)

        return patiently(attempt, self._patience, self._clock)

    def _body(self, messages: Sequence[Message], schema: Schema | None) -> dict[str, Any]:
        config = self.config
        body: dict[str, Any] = {
            "model": config.model,
            "messages": [{"role": m.role, "content": m.content} for m in messages],
            config.limit_key: config.max_tokens,
        }
        body |= {
            key: value
            for key, value in (("temperature", config.temperature), ("seed", config.seed))
            if value is not None
        }
        if schema is not None and config.structured == "json_schema":
            named = {"name": "answer", "schema": dict(schema), "strict": is_closed(schema)}
            body["response_format"] = {"type": "json_schema", "json_schema": named}
        elif schema is not None and config.structured == "json_object":
            body["response_format"] = {"type": "json_object"}
        return body

    def _once(self, body: Mapping[str, Any], seconds: float, bill: Bill) -> Answer:
        try:
            # Asked before each attempt: whoever waits for a retry learns that others found the server down.
            with self._breaker.guard(self.who):
                reply = self._wire.post("/chat/completions", body, seconds)
        except BreakerOpenError:
            bill.cancel()
            raise
        except (GeneratorRefusedError, GeneratorUnavailableError):
            bill.settle(0, 0)  # after anything else it may have worked for us: charged in full
            raise
        used = reply.get("usage")
        if isinstance(used, dict):
            read, wrote = used.get("prompt_tokens"), used.get("completion_tokens")
            if isinstance(read, int) and isinstance(wrote, int) and read >= 0 and wrote >= 0:
                bill.settle(read, wrote)
        return self._answer(reply)

    def _answer(self, reply: Mapping[str, Any]) -> Answer:
        """What the first choice says; BrokenAnswerError where the reply has another shape."""
        try:
            choice = reply["choices"][0]
            message, reason = choice["message"], choice.get("finish_reason")
            text, refusal = message.get("content"), message.get("refusal")
        except (KeyError, IndexError, TypeError, AttributeError):
            has = self._wire.quoted(", ".join(reply)) or "nothing"
            raise BrokenAnswerError(
                f"{self.who} answered with JSON that is no chat completion (it has: {has}); check base_url"
            ) from None
        if refusal or reason == "content_filter":
            why = self._wire.quoted(str(refusal or reason))
            raise GeneratorRefusedError(f"{self.who} declined to answer: {why}; ask differently")
        if not isinstance(text, str):
            raise BrokenAnswerError(
                f"{self.who} answered without text (it stopped for {reason!r}); ask differently"
            )
        return Answer(text, cut=reason == "length")


def _check_address(config: RemoteConfig) -> None:
    """SettingsError unless address and model are set and the address is one that may be quoted in messages."""
    if not config.base_url or not config.model:
        missing = "base_url" if not config.base_url else "model"
        raise SettingsError(
            f"generator 'openai': {missing} is empty, so nothing is contacted; set generator.options.{missing}"
        )
    try:
        parts = urlsplit(config.base_url)
        host = parts.hostname if parts.port is None or parts.port else None
    except ValueError:  # a port that is no number, a bracket that is not closed
        raise SettingsError(
            "generator 'openai': base_url is not an address; write http://HOST:PORT/v1"
        ) from None
    if parts.username or parts.password:
        raise SettingsError(
            "generator 'openai': base_url holds a user or a password; use api_key_env for a key"
        )
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment:
        raise SettingsError(
            f"generator 'openai': base_url = {config.base_url!r} is not an address such as http://127.0.0.1:8000/v1"
        )
    if config.api_key_env and parts.scheme == "http" and not (config.plain_http or _is_here(host)):
        raise SettingsError(
            f"generator 'openai': the key would travel unencrypted to {host}; "
            "use https, or set plain_http = true"
        )


def _is_here(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _key(config: RemoteConfig, environment: Mapping[str, str]) -> str:
    """The key, or '' where none is named; SettingsError names the variable, never its value."""
    name = config.api_key_env
    if not name:
        return ""
    key = environment.get(name, "").strip()
    if not key:
        raise SettingsError(f"generator 'openai': the environment variable {name} (api_key_env) is not set")
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise SettingsError(
            f"generator 'openai': the value of {name} has characters that no key has; set it anew"
        )
    return key
