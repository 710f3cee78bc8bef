"""The base of every component's options: frozen, typed, unknown keys refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from llm4rec.core.errors import SettingsError, suggest


class Config(BaseModel):
    """Options of one component. Immutable; a wrong or unknown key is refused by name."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @classmethod
    def of(cls, options: Mapping[str, object], owner: str = "") -> Self:
        """The config with `options` set; SettingsError names the key, the value and the nearest known key."""
        try:
            return cls.model_validate(dict(options))
        except ValidationError as error:
            raise SettingsError(describe(error, cls, owner or cls.__name__)) from None


def describe(error: ValidationError, kind: type[BaseModel], owner: str) -> str:
    """One line a problem: which key, what is wrong, what it may be."""
    lines = []
    for problem in error.errors():
        key = ".".join(str(part) for part in problem["loc"]) or "(all)"
        if problem["type"] == "extra_forbidden":
            near = suggest(key, kind.model_fields)
            known = ", ".join(kind.model_fields) or "none"
            lines.append(f"{owner} has no setting {key!r}{near or f'; it has: {known}'}")
        else:
            lines.append(wrong_value(key, problem, owner))
    return "\n".join(lines)


def wrong_value(key: str, problem: Mapping[str, Any], owner: str) -> str:
    """One line for a known key whose value will not do."""
    return f"{owner}: setting {key!r} = {problem.get('input')!r}: {problem['msg']}"
