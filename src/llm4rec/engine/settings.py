"""The one tree of settings: defaults < llm4rec.toml < LLM4REC_… environment < flags. Read once, at the door."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from llm4rec.core import Config, NotFoundError, SettingsError, suggest
from llm4rec.core.config import wrong_value
from llm4rec.engine.live_settings import LiveSettings
from llm4rec.engine.policy import SafetySettings

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Knob = Share | Literal["auto"]
FILE = "llm4rec.toml"
PREFIX = "LLM4REC_"
PROTECTED = (
    "age",
    "birth",
    "birthday",
    "birthdate",
    "birthyear",
    "caste",
    "citizenship",
    "disability",
    "ethnicity",
    "gender",
    "health",
    "marital",
    "nationality",
    "orientation",
    "politics",
    "pregnancy",
    "race",
    "religion",
    "sex",
    "sexuality",
)


class FitSettings(Config):
    """How an engine learns."""

    model: str = Field(
        "auto",
        description="which model; `llm4rec list model` shows them; auto: what suits the data and `budget`",
    )
    budget: PositiveFloat = Field(10.0, description="minutes that choosing a model may take")
    seed: NonNegativeInt = Field(0, description="of everything random")
    tune: bool = Field(
        True, description="choose the model's settings on held-out last events, then fit on everything"
    )
    questions: PositiveInt = Field(3000, description="at most so many held-out events to choose on")
    protected: tuple[str, ...] = Field(
        PROTECTED,
        description="words in the names of user attributes and contexts that no model may see; []: models see all",
    )
    user_events: PositiveInt = Field(
        1000, description="at most so many events of one user count in fitting, the latest"
    )
    user_repeats: PositiveInt | Literal["auto"] = Field(
        "auto",
        description="and at most so many of them with the same item, so that nobody lifts it alone; "
        "auto: as many as 98 of 100 people have at most, never above 10",
    )
    coordinated: bool = Field(
        True,
        description="accounts that seem to push an item together count as one account for that item",
    )


class EncoderSettings(Config):
    """How item texts become vectors."""

    name: str = Field("minilm", description="which encoder; 'none' leaves texts unread")
    width: PositiveInt = Field(128, description="numbers a text after centring and whitening")
    whiten: bool = Field(True, description="false: vectors are compared as the language model gives them")
    options: dict[str, Any] = Field({}, description="the encoder's own settings, such as source or precision")


class GeneratorSettings(Config):
    """Which language model writes. Nothing is contacted unless the options name an address."""

    name: str = Field(
        "none", description="which generator; `llm4rec list generator` shows them; 'none': none"
    )
    options: dict[str, Any] = Field(
        {}, description="the generator's own settings, such as base_url and model, or folder"
    )


class FeatureSettings(Config):
    """Which attributes of items are used."""

    exclude: tuple[str, ...] = Field((), description="columns that no model may see")
    idf: bool = Field(True, description="weigh rare values more, as in text retrieval")


class IndexSettings(Config):
    """How large catalogs are searched, where the model has vectors."""

    above: PositiveInt = Field(
        50_000, description="more items are searched by an index; up to so many exactly"
    )
    kind: Literal["cells", "int8"] = Field(
        "cells",
        description="cells: some of the items are looked at, `recall` is reached; int8: 8-bit copies of all, lists exact",
    )
    recall: float = Field(
        0.95,
        gt=0.0,
        le=1.0,
        description="share of the exact best 100 items that the index must give, at least",
    )


class RerankSettings(Config):
    """How the best items of the model are put into a better order."""

    order: tuple[str, ...] = Field(
        (),
        description="rerankers, applied one behind the other, such as novel and mmr; empty: the model's order",
    )
    depth: PositiveInt = Field(100, description="how many of the model's best items are reordered")
    diversity: Knob = Field(
        0.0,
        description="knob from 0 to 1 where a request says nothing; 'auto': less for people of narrow taste",
    )
    novelty: Share = Field(0.0, description="knob from 0 to 1 where a request says nothing")
    explore: Share = Field(0.0, description="knob from 0 to 1 where a request says nothing")
    price_seconds: NonNegativeFloat = Field(
        60.0,
        description="what turning a knob costs is measured on held-out events by itself, where the fits that it takes need at most "
        "so many seconds: by a service beside its answers, else when one is first turned if that takes ten at most; 0: never",
    )
    options: dict[str, dict[str, Any]] = Field({}, description="settings by reranker, such as strength")


class AskSettings(Config):
    """How requests in plain language are answered. Constraints always hold; these order what is left."""

    meaning: float = Field(1.0, ge=0.0, description="weight of nearness in meaning, by the encoder")
    words: float = Field(0.1, ge=0.0, description="weight of shared words (BM25), beside meaning")
    letters: float = Field(0.5, ge=0.0, description="weight of titles written alike")
    taste: float = Field(
        0.3, ge=0.0, description="weight of what the model thinks the user likes, beside what was asked for"
    )
    popularity: float = Field(0.1, ge=0.0, description="the same where nothing is known of who asks")
    intent: float = Field(
        1.0,
        ge=0.0,
        description="how far the query of `recommend` lifts what fits it; 1: to the best of the model",
    )


class ChatSettings(Config):
    """How conversations are led. `ask` says how their wishes order items, but for the weight of taste."""

    n: int = Field(5, ge=1, le=100, description="items a list")
    questions: int = Field(2, ge=0, description="questions asked in a row at most; 0: none")
    bits: float = Field(
        1.0, ge=0.0, description="information that a question must promise to be asked, in bits"
    )
    taste: float = Field(
        1.0, ge=0.0, description="weight of what the model thinks the user likes, beside what was said"
    )
    popularity: float = Field(
        1.0, ge=0.0, description="the same where the model says nothing about who speaks: what is popular"
    )
    fading: PositiveFloat = Field(
        2.0, description="words said so many messages ago count half, for nearness in meaning"
    )
    known: float = Field(
        0.5, ge=0.0, description="how far items known to fit go before those of which it is not known"
    )
    answers: str = Field(
        "", description="a file of prepared answers (csv, jsonl or parquet: question, answer); empty: none"
    )


class CacheSettings(Config):
    """Where vectors are kept between runs."""

    folder: str = Field("", description="empty: llm4rec in the user's cache folder; 'none': nothing is kept")


class Settings(BaseSettings):
    """All settings of the program. Unknown keys are errors that name the file, the key and the nearest key."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix=PREFIX, env_nested_delimiter="__", env_ignore_empty=True
    )

    fit: FitSettings = FitSettings()
    encoder: EncoderSettings = EncoderSettings()
    generator: GeneratorSettings = GeneratorSettings()
    features: FeatureSettings = FeatureSettings()
    index: IndexSettings = IndexSettings()
    rerank: RerankSettings = RerankSettings()
    ask: AskSettings = AskSettings()
    chat: ChatSettings = ChatSettings()
    safety: SafetySettings = SafetySettings()
    live: LiveSettings = LiveSettings()
    cache: CacheSettings = CacheSettings()
    models: dict[str, dict[str, Any]] = Field(
        {}, description="options by model, as in [models.ease] reg = 200.0"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what is handed over: `read_settings` reads the environment, so that Settings() is the default."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)

    def with_model(self, name: str, options: Mapping[str, object]) -> Settings:
        """These settings with `name` as the model and `options` over what is set for it already."""
        fit = self.fit.model_copy(update={"model": name})
        return self.with_options(name, options).model_copy(update={"fit": fit})

    def with_options(self, name: str, options: Mapping[str, object]) -> Settings:
        """These settings with `options` over what is set for the model `name` already."""
        merged = {**self.models.get(name, {}), **options}
        return self.model_copy(update={"models": {**self.models, name: merged}})

    def with_flags(self, flags: Mapping[str, object]) -> Settings:
        """These settings with dotted keys of the program ("encoder.width") over them; SettingsError names a bad one."""
        return _validated(_merged(self.model_dump(), _nested(flags)), "the values asked for")

    def as_toml(self) -> str:
        """What differs from the default, as a settings file that `read_settings` reads back; the cache is left out."""
        import tomli_w

        return tomli_w.dumps(
            _none_as_text(self.model_dump(mode="json", exclude_defaults=True, exclude={"cache"}))
        )


def read_settings(
    file: Path | None = None,
    flags: Mapping[str, object] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Settings:
    """Settings from the file (default: llm4rec.toml in the working folder, where there is one), environment and flags.

    `flags` are dotted keys ("fit.seed"). SettingsError names where the bad key stands.
    """
    environment = os.environ if environment is None else environment
    tree: dict[str, Any] = {}
    sources = [(_file_name(file), _read_file(file)), ("the environment", _read_environment(environment))]
    sources.append(("the command line", _nested(flags or {})))
    for source, values in sources:
        _validated(values, source)
        tree = _merged(tree, values)
    return _validated(tree, "the settings together")


def _validated(values: Mapping[str, Any], source: str) -> Settings:
    try:
        return Settings(**values)
    except ValidationError as error:
        raise SettingsError(f"in {source}: {_explained(error)}") from None


def _explained(error: ValidationError) -> str:
    lines = []
    for problem in error.errors():
        where = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden":
            section = (
                Settings if len(problem["loc"]) == 1 else type(getattr(Settings(), str(problem["loc"][0])))
            )
            known = section.model_fields
            near = suggest(problem["loc"][-1], known) or f"; known here: {', '.join(known)}"
            lines.append(f"no setting {where!r}{near}")
        else:
            lines.append(wrong_value(where, problem, "settings"))
    return "\n".join(lines)


def _file_name(file: Path | None) -> str:
    return str(file or FILE)


def _read_file(file: Path | None) -> dict[str, Any]:
    path = file or Path(FILE)
    if not path.is_file():
        if file is not None:
            raise NotFoundError(f"no settings file {file}")
        return {}
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid TOML: {error}") from None
    # TOML has no word for "no value"; options of models are written as on the command line.
    return tree | ({"models": _text_as_none(tree["models"])} if "models" in tree else {})


def _text_as_none(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _text_as_none(value) for key, value in tree.items()}
    return None if tree == "none" else tree


def _none_as_text(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _none_as_text(value) for key, value in tree.items()}
    return "none" if tree is None else tree


def _read_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    flat = {
        k[len(PREFIX) :].lower().replace("__", "."): v for k, v in environment.items() if k.startswith(PREFIX)
    }
    return _nested({key: _typed(value) for key, value in flat.items()})


def _typed(text: str) -> Any:
    """A value as TOML would read it, or plain text."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def parse_assignments(assignments: Sequence[str]) -> dict[str, Any]:
    """KEY=VALUE texts as typed values; "none" is None."""
    result: dict[str, Any] = {}
    for text in assignments:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise SettingsError(f"{text!r} is not KEY=VALUE, such as reg=200")
        result[key.strip()] = None if value.strip().lower() == "none" else _typed(value.strip())
    return result


def _nested(flat: Mapping[str, object]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for key, value in flat.items():
        *path, last = key.split(".")
        branch = tree
        for step in path:
            branch = branch.setdefault(step, {})
            if not isinstance(branch, dict):
                raise SettingsError(f"{key!r} cannot be set: {step!r} = {branch!r} is a value, not a section")
        branch[last] = value
    return tree


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _merged(merged[key], value) if both else value
    return merged


def commented_default() -> str:
    """The default settings as a TOML file, each line preceded by its meaning."""
    lines = ["# llm4rec.toml: every setting with its default. Remove what you do not change.", ""]
    for section, field in Settings.model_fields.items():
        value = field.default
        if isinstance(value, Config):
            lines += [f"# {type(value).__doc__}", f"[{section}]"]
            for name, inner in type(value).model_fields.items():
                lines += [f"# {inner.description}", f"{name} = {_toml(getattr(value, name))}"]
            lines.append("")
    lines += [
        "# Options by model: `llm4rec list model NAME` shows what each has.",
        "# [models.ease]",
        "# reg = 200.0",
    ]
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    import tomli_w

    if value == {}:
        return "{}"
    if isinstance(value, tuple):
        return f"[{', '.join(_toml(one) for one in value)}]"
    return tomli_w.dumps({"value": value}).removeprefix("value = ").strip()
