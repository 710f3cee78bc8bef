"""What may be searched: KEY=LOW:HIGH[:log] and KEY=A|B|C, read and checked against the settings. Draws nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from pydantic import ValidationError

from llm4rec.core import Config, SettingsError, suggest
from llm4rec.core.config import describe
from llm4rec.engine.registry import component
from llm4rec.engine.settings import Settings, parse_assignments
from llm4rec.engine.spaces import SPACES

BETWEEN = 0.381966  # a place inside a range that is no whole number, to learn whether fractions are taken


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, both included; `log`: as many between 1 and 10 as between 10 and 100."""

    low: float
    high: float
    log: bool = False
    whole: bool = False

    def __str__(self) -> str:
        return f"{self.low:g}:{self.high:g}" + (":log" if self.log else "")


@dataclass(frozen=True)
class Choices:
    """One of `values`."""

    values: tuple[Any, ...]

    def __str__(self) -> str:
        return "|".join("none" if value is None else str(value) for value in self.values)


Space: TypeAlias = Mapping[str, Range | Choices]


def usual_space(settings: Settings) -> Space:
    """What is worth searching of the model of the settings; SettingsError where nothing is known to be."""
    name = settings.fit.model
    texts = [f"{key}={text}" for key, text in SPACES.get(name, {}).items()]
    if not texts:
        raise SettingsError(
            f"model {name!r} has no usual search space; say what to search, as in reg=1:100:log"
        )
    return parse_space(texts, settings)


def parse_space(texts: Sequence[str], settings: Settings) -> Space:
    """The space of texts such as "reg=1:1000:log" and "decay=none|5|20".

    Keys are options of the model, "weights.text" inside one, or of the program by section, as in "encoder.width".
    SettingsError names an unknown key, an end or a choice that the setting does not take, or that there is no text.
    """
    if not texts:
        raise SettingsError("there is nothing to search; say what, as in reg=1:100:log or decay=none|5|20")
    space: dict[str, Range | Choices] = {}
    for text in texts:
        key, equals, values = (part.strip() for part in text.partition("="))
        if not (key and equals and values):
            raise SettingsError(f"{text!r} is not KEY=LOW:HIGH[:log] or KEY=A|B|C")
        if key in space:
            raise SettingsError(f"{key!r} is to be searched twice; give each key once")
        space[key] = _read(text, key, values, settings)
    return space


def _read(text: str, key: str, values: str, settings: Settings) -> Range | Choices:
    if "|" in values:
        choices = tuple(_typed(part) for part in values.split("|"))
        if len(set(map(repr, choices))) < max(2, len(choices)):
            raise SettingsError(f"{text!r}: give two different values or more, as in {key}=5|20")
        for value in choices:
            with_values(settings, {key: value}, alone=True)
        return Choices(choices)
    low, high, log = _ends(text, values)
    for value in (low, high):
        with_values(settings, {key: value}, alone=True)
    return Range(low, high, log, _whole(settings, key, low, high))


def _ends(text: str, values: str) -> tuple[float, float, bool]:
    parts = values.split(":")
    low, high = (_typed(part) for part in (*parts[:2], "")[:2])
    numbers = all(isinstance(end, int | float) and not isinstance(end, bool) for end in (low, high))
    if not numbers or len(parts) not in (2, 3) or parts[2:] not in ([], ["log"]) or not low < high:
        raise SettingsError(
            f"{text!r}: a range is LOW:HIGH or LOW:HIGH:log with LOW below HIGH; choices are A|B"
        )
    if parts[2:] and low <= 0:
        raise SettingsError(f"{text!r}: a range on a log scale begins above 0, not at {low:g}")
    return low, high, bool(parts[2:])


def _typed(text: str) -> Any:
    return parse_assignments([f"value={text}"])["value"]


def _whole(settings: Settings, key: str, low: float, high: float) -> bool:
    """Whether the setting takes whole numbers only."""
    if not (isinstance(low, int) and isinstance(high, int)):
        return False
    try:
        with_values(settings, {key: low + BETWEEN * (high - low) + 0.01 * BETWEEN}, alone=True)
    except SettingsError:
        return True
    now = current(settings, [key])[key]
    return isinstance(now, int) and not isinstance(now, bool) and "." in key


def current(settings: Settings, keys: Sequence[str]) -> dict[str, Any]:
    """The values that the settings give to these keys now; None for what they do not say."""
    program = settings.model_dump(mode="json")
    model = _options(settings, _kind(settings)) if any(not _of_program(key) for key in keys) else {}
    return {key: _at(program if _of_program(key) else model, key) for key in keys}


def with_values(settings: Settings, values: Mapping[str, Any], alone: bool = False) -> Settings:
    """The settings with `values` by key; SettingsError where the model or the program does not take them.

    With `alone`, a value is not blamed for what else is set: only for what its own key takes.
    """
    program = {key: value for key, value in values.items() if _of_program(key)}
    changed = settings.with_flags(program) if program else settings
    own = {key: value for key, value in values.items() if not _of_program(key)}
    if not own:
        return changed
    name, kind = changed.fit.model, _kind(changed)
    options = _options(changed, kind)
    given = dict(changed.models.get(name, {}))
    for key, value in own.items():
        top = key.split(".")[0]
        given[top] = _placed({top: given.get(top, options.get(top))}, key, value, name)[top]
    _refuse(kind, name, given, own if alone else None)
    return changed.with_options(name, given)


def _of_program(key: str) -> bool:
    return "." in key and key.partition(".")[0] in Settings.model_fields


def _kind(settings: Settings) -> type[Config]:
    kind: type[Config] = component("model", settings.fit.model).config_type
    return kind


def _options(settings: Settings, kind: type[Config]) -> Mapping[str, Any]:
    """All options of the model of the settings, with their values."""
    name = settings.fit.model
    return kind.of(settings.models.get(name, {}), f"model {name!r}").model_dump(mode="json")


def _at(tree: Any, key: str) -> Any:
    for step in key.split("."):
        tree = tree.get(step) if isinstance(tree, Mapping) else None
    return tree


def _placed(tree: Mapping[str, Any], key: str, value: Any, owner: str) -> dict[str, Any]:
    """`tree` with the value at a dotted key; SettingsError where its last step is unknown beside others."""
    step, dot, rest = key.partition(".")
    if not dot:
        return {**tree, step: value}
    inner = tree.get(step)
    inner = inner if isinstance(inner, Mapping) else {}
    last = rest.partition(".")[0]
    if inner and last not in inner and not any(isinstance(v, Mapping) for v in inner.values()):
        near = suggest(last, inner) or f"; there are: {', '.join(inner)}"
        raise SettingsError(f"setting {step!r} of model {owner!r} has no {last!r}{near}")
    return {**tree, step: _placed(inner, rest, value, owner)}


def _refuse(
    kind: type[Config], name: str, options: Mapping[str, Any], only: Mapping[str, Any] | None
) -> None:
    """SettingsError for options that the model does not take; with `only`, for what is wrong with these keys."""
    try:
        kind.model_validate(dict(options))
    except ValidationError as error:
        blamed = {str(problem["loc"][0]) for problem in error.errors() if problem["loc"]}
        if only is None or blamed & {key.split(".")[0] for key in only}:
            raise SettingsError(describe(error, kind, f"model {name!r}")) from None
