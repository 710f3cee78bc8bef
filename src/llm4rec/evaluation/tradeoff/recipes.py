"""Which rerankers are tried in which strengths: recipes, read from words or usual. Runs none of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product, zip_longest
from typing import Any

from llm4rec.core import Catalog, SettingsError, labels
from llm4rec.core.labels import KINDS
from llm4rec.engine import parse_variant, split_variants
from llm4rec.engine.ordering import build_reranker
from llm4rec.engine.settings import RerankSettings

ALONE = (1.0, 0.5, 1.25, 0.75, 1.5, 0.25, 2.0, 3.0)
TOGETHER = (1.0, 0.6, 1.4)
"""Multiples of a reranker's default strength that are tried, alone and beside others."""
PROVIDERS = ("provider", "seller", "brand", "author", "artist", "publisher", "store")
MIXED = ("mmr", "dpp", "xquad(even=1)")


@dataclass(frozen=True)
class Recipe:
    """Rerankers one behind the other with their options; `strength` among the options is fixed, else it is tried."""

    name: str
    steps: tuple[tuple[str, Mapping[str, Any]], ...]

    def settings(self) -> list[RerankSettings]:
        """Every setting that is tried, the default first. `depth` is left to whoever asks."""
        factors = ALONE if len(self.steps) == 1 else TOGETHER
        tried = [_strengths(name, options, factors) for name, options in self.steps]
        return [self._with(strengths) for strengths in product(*tried)]

    def _with(self, strengths: Sequence[float]) -> RerankSettings:
        pairs = zip(self.steps, strengths, strict=True)
        options = {name: {**given, "strength": strength} for (name, given), strength in pairs}
        return RerankSettings(order=tuple(name for name, _ in self.steps), options=options)


def _strengths(name: str, options: Mapping[str, Any], factors: Sequence[float]) -> list[float]:
    default = float(build_reranker(name, options).config.strength)  # type: ignore[attr-defined]
    if "strength" in options:
        return [default]
    return list(dict.fromkeys(min(round(factor * default, 4), 1.0) for factor in factors))


def read_recipes(text: str) -> list[Recipe]:
    """Recipes from "mmr,dpp(window=5),novel+mmr": commas part recipes, + puts one reranker behind another.

    SettingsError: a reranker without a strength (`rules`), one named twice in a recipe, a recipe named twice, or none.
    """
    recipes = [_recipe(part) for part in split_variants(text)]
    names = [recipe.name for recipe in recipes]
    if not recipes or len(set(names)) < len(names):
        raise SettingsError(f"name at least one reranker, each recipe once; not {text!r}")
    return recipes


def _recipe(text: str) -> Recipe:
    steps = tuple(parse_variant(part) for part in text.split("+"))
    order = [name for name, _ in steps]
    if len(set(order)) < len(order):
        raise SettingsError(f"{text!r} names a reranker twice; each has one strength in a settings file")
    for name, options in steps:
        if not hasattr(build_reranker(name, options).config, "strength"):
            raise SettingsError(
                f"reranker {name!r} has no strength to vary; put it into [rerank] of the settings"
            )
    return Recipe(text.replace(" ", ""), steps)


def usual(catalog: Catalog, comparable: bool, provider: str = "") -> list[Recipe]:
    """What suits a catalog: without categories none that needs them, without anything to compare by novelty alone.

    `comparable`: items have texts or tastes to be compared by where there are no categories. `provider` is the column
    that `fair` looks at; without one it is left out.
    """
    labelled = bool(labels(catalog).matrix.nnz)
    alone = ["novel"]
    alone += ["mmr", "dpp"] if labelled or comparable else []
    alone += ["ssd"] if comparable else []
    alone += ["xquad", "xquad(even=1)", "calibrated"] if labelled else []
    alone += [f"fair(field={provider!r})"] if provider else []
    mixed = [f"novel+{name}" for name in MIXED if name in alone]
    mixed += ["calibrated+mmr"] if labelled else []
    mixed += [f"novel+fair(field={provider!r})"] if provider else []
    return read_recipes(",".join(alone + mixed))


def provider_of(catalog: Catalog, asked: str | None) -> str:
    """The column of providers: the one asked for, else the first of PROVIDERS there is, else ""; "none" is none."""
    columns = [name for name, column in catalog.columns.items() if column.type in KINDS]
    if asked is None:
        return next((name for name in PROVIDERS if name in columns), "")
    if asked != "none":
        labels(catalog, asked)  # raises, with the nearest name
    return "" if asked == "none" else asked


def in_turn(recipes: Sequence[Recipe]) -> Iterator[tuple[Recipe, RerankSettings]]:
    """The first setting of every recipe, then the second of every one: a budget cuts all curves alike."""
    for row in zip_longest(*(recipe.settings() for recipe in recipes)):
        yield from ((recipe, one) for recipe, one in zip(recipes, row, strict=True) if one is not None)


def told(settings: RerankSettings) -> str:
    """The rerankers as they are written: "novel(strength=0.3)+mmr(strength=0.35)"."""
    parts = []
    for name in settings.order:
        given = ",".join(f"{key}={value}" for key, value in settings.options[name].items())
        parts.append(f"{name}({given})")
    return "+".join(parts)


def looking(recipes: Sequence[Recipe]) -> RerankSettings:
    """Settings that look at all that any of the recipes looks at; for making a context, not for reordering."""
    options: dict[str, dict[str, Any]] = {}
    for name, given in (step for recipe in recipes for step in recipe.steps):
        known = options.setdefault(name, {})
        kernels = {**known.get("kernel", {}), **given.get("kernel", {})}
        known.update({**given, "kernel": kernels} if kernels else given)
    return RerankSettings(order=tuple(options), options=options)
