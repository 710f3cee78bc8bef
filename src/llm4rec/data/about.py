"""dataset.toml: what a folder says of itself. Unknown keys are noted, wrong ones are problems."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from llm4rec.core import ColumnType, Problem, suggest
from llm4rec.data.report import Findings, shown

FILE = "dataset.toml"
IGNORE = "ignore"


class About(BaseModel):
    """Name, origin and meaning of a data set.

    `time` is for readers; `columns` maps our names to theirs; `types` sets the type of an attribute ("ignore"
    leaves it out); `splits` names the columns of interactions that hold official splits.
    """

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)

    name: str = ""
    about: str = ""
    licence: str = ""
    time: str = ""
    rating: tuple[float, float] | None = None
    synthetic: bool = False
    columns: dict[str, str] = {}
    types: dict[str, str] = {}
    splits: dict[str, str | list[str]] = {}
    notes: dict[str, str] = {}

    @field_validator("rating", mode="before")
    @classmethod
    def _range(cls, value: Any) -> Any:
        if not isinstance(value, list | tuple):
            return value
        if len(value) != 2 or not all(isinstance(v, int | float) for v in value) or value[0] >= value[1]:
            raise ValueError("is [lowest, highest]")
        return (float(value[0]), float(value[1]))

    @field_validator("types")
    @classmethod
    def _known_types(cls, types: dict[str, str]) -> dict[str, str]:
        known = [*(kind.value for kind in ColumnType), IGNORE]
        for column, kind in types.items():
            if kind not in known:
                raise ValueError(f"{column} = {kind!r}{suggest(kind, known)} one of {', '.join(known)}")
        return types

    def split_columns(self) -> dict[str, tuple[str, ...]]:
        """The columns of every official split by its name."""
        return {name: (c,) if isinstance(c, str) else tuple(c) for name, c in self.splits.items()}


def read_about(folder: Path, findings: Findings) -> dict[str, Any]:
    """The keys of dataset.toml; empty where there is none or where it is broken (which is a problem)."""
    path = folder / FILE
    if not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_bytes().removeprefix(b"\xef\xbb\xbf").decode("utf-8"))
    except tomllib.TOMLDecodeError as error:
        findings.problem(FILE, f"is not TOML: {error}", "Correct the line.")
    except UnicodeDecodeError as error:
        findings.problem(
            FILE, f"is not UTF-8: byte {error.start + 1} of the file", "Convert the file to UTF-8."
        )
    return {}


def about_of(keys: Mapping[str, Any], findings: Findings) -> About:
    """The keys as an About; keys that are wrong become problems and are dropped."""
    try:
        about = About.model_validate(dict(keys))
    except ValidationError as error:
        wrong = {str(problem["loc"][0]) for problem in error.errors()}
        for problem in error.errors():
            key = ".".join(str(part) for part in problem["loc"] if str(part) not in ("str", "list[str]"))
            told = (problem["msg"], f"Correct {key} in {FILE} (or in settings).")
            findings.problems.append(Problem(FILE, key, None, shown(problem.get("input")), *told))
        return about_of({key: value for key, value in keys.items() if key not in wrong}, findings)
    for key in about.model_extra or {}:
        findings.note(FILE, f"key {key!r} is not known and not used{suggest(key, About.model_fields)}")
    for key, text in about.notes.items():
        findings.note(FILE, f"{key}: {text}")
    return about


def merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Both, `second` before `first`; tables inside are merged, not replaced."""
    both = dict(first)
    for key, value in second.items():
        old = both.get(key)
        both[key] = {**old, **value} if isinstance(old, dict) and isinstance(value, Mapping) else value
    return both
