"""Settings into parts: the encoder with its cache, the model with its options. Knows nothing of requests."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from llm4rec.core import Config, Encoder, Generator, Model, Progress, SettingsError
from llm4rec.engine.registry import component, names
from llm4rec.engine.settings import Settings


def build_model(name: str, options: Mapping[str, object]) -> Model:
    """A model, not yet fitted; SettingsError names a wrong option."""
    kind = component("model", name)
    config: Config = kind.config_type.of(options, f"model {name!r}")
    model: Model = kind(config)
    return model


def maker(settings: Settings) -> Callable[[str, Mapping[str, Any]], Model]:
    """What models made of models build their parts with: a name and options over what the settings say of it."""
    return lambda name, options: build_model(name, {**settings.models.get(name, {}), **options})


def build_encoder(settings: Settings, progress: Progress) -> Encoder | None:
    """The encoder of the settings, behind the vector cache; None where the settings say 'none'."""
    name = settings.encoder.name
    if name == "none":
        return None
    known = names("encoder")
    if name not in known:
        component("encoder", name)  # raises, with the nearest name
    kind = component("encoder", name)
    config = kind.config_type.of(settings.encoder.options, f"encoder {name!r}")
    encoder: Encoder = kind(config, progress=progress)
    folder = cache_folder(settings)
    if folder is None:
        return encoder
    cached: Encoder = component_from("llm4rec.encoders:CachedEncoder")(encoder, folder)
    return cached


def build_generator(settings: Settings) -> Generator | None:
    """The language model that writes; None where the settings say 'none'. Nothing is loaded or contacted yet.

    What it writes is checked where the settings ask for that: a harmful answer is an error.
    """
    name = settings.generator.name
    if name == "none":
        return None
    kind = component("generator", name)
    config = kind.config_type.of(settings.generator.options, f"generator {name!r}")
    generator: Generator = kind(config)
    if settings.safety.harm:
        guard = component_from("llm4rec.writers.guard:Guard")()
        generator = component_from("llm4rec.writers.guard:guarded")(generator, guard)
    return generator


def whitened(encoder: Encoder, whitening: Any) -> Encoder:
    """The encoder with a fitted whitening behind it."""
    result: Encoder = component_from("llm4rec.encoders:WhitenedEncoder")(encoder, whitening)
    return result


def component_from(where: str) -> Any:
    """The object at "module:Name" inside the package."""
    module, _, attribute = where.partition(":")
    return getattr(import_module(module), attribute)


def cache_folder(settings: Settings) -> Path | None:
    """Where vectors are kept; None where the settings say 'none'."""
    given = settings.cache.folder
    if given == "none":
        return None
    if given:
        return Path(given).expanduser()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "llm4rec"


def parse_variant(text: str) -> tuple[str, dict[str, Any]]:
    """ "ease(decay=none;reg=50)" as a name and typed options; settings are parted by semicolons or commas."""
    from llm4rec.engine.settings import parse_assignments

    name, bracket, rest = text.strip().partition("(")
    if bracket and not rest.endswith(")"):
        raise SettingsError(f"{text!r}: the bracket after {name!r} is not closed")
    inside = rest[:-1].strip()
    return name.strip(), parse_assignments(
        [p for p in re.split("[;,]", inside) if p.strip()]
    ) if inside else {}


def split_variants(text: str) -> list[str]:
    """A comma-separated list of models whose commas inside brackets do not count."""
    parts, depth, current = [], 0, ""
    for letter in text:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            parts.append(current)
            current = ""
        else:
            current += letter
    parts.append(current)
    return [part.strip() for part in parts if part.strip()]
