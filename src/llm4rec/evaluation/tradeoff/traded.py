"""What a sweep found: rows, fronts and the recommended setting as JSON, a settings file and pictures. Measures nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llm4rec.engine import Settings
from llm4rec.engine.settings import RerankSettings
from llm4rec.evaluation.fingerprint import plain
from llm4rec.evaluation.partial import write_text
from llm4rec.evaluation.tradeoff.front import Choice
from llm4rec.evaluation.tradeoff.measures import ACCURATE, AXES
from llm4rec.evaluation.tradeoff.recipes import told

SETTINGS, FACTS, PAGE = "settings.toml", "tradeoff.json", "report.html"


@dataclass
class Row:
    """One setting: whose lists, which curve it is a point of, its rerankers, and its figures; `test` where it was asked."""

    model: str
    curve: str
    rerank: RerankSettings
    validation: Mapping[str, Mapping[str, Any]]
    test: Mapping[str, Mapping[str, Any]] | None = None


@dataclass(frozen=True)
class Traded:
    """All rows by name. `fronts`: axis -> names from accurate to gained; `volumes`: curve -> axis -> area."""

    settings: Settings
    protocol: Mapping[str, Any]
    base: str
    rows: Mapping[str, Row]
    fronts: Mapping[str, list[str]]
    volumes: Mapping[str, Mapping[str, float]]
    choice: Choice
    notes: tuple[str, ...] = ()

    @property
    def recommended(self) -> Settings:
        """The settings of the sweep with the rerankers of the recommended setting."""
        chosen = self.rows[self.choice.name].rerank.model_copy(update={"depth": self.settings.rerank.depth})
        return self.settings.model_copy(update={"rerank": chosen})

    def as_json(self) -> dict[str, Any]:
        """Everything, as plain values."""
        content = {
            "protocol": dict(self.protocol),
            "base": self.base,
            "axes": {
                axis: {"about": AXES[axis][0], "lower_is_better": AXES[axis][1]} for axis in self.fronts
            },
            "accuracy": ACCURATE,
            "recommended": {
                "name": self.choice.name,
                "rule": self.choice.rule,
                "share_of_gain": self.choice.gain,
            },
            "fronts": dict(self.fronts),
            "volumes": {curve: dict(row) for curve, row in self.volumes.items()},
            "rows": {name: self._row(name, row) for name, row in self.rows.items()},
            "notes": list(self.notes),
        }
        found: dict[str, Any] = plain(content)
        return found

    def _row(self, name: str, row: Row) -> dict[str, Any]:
        return {
            "model": row.model,
            "curve": row.curve,
            "rerankers": told(row.rerank),
            "rerank": row.rerank.model_dump(mode="json"),
            "front": [axis for axis, names in self.fronts.items() if name in names],
            "validation": row.validation,
            "test": row.test,
        }

    def write(self, folder: Path) -> None:
        """The settings file, the JSON, the pictures and the page, each whole or not at all."""
        from llm4rec.evaluation.tradeoff.page import html, pictures

        content = self.as_json()
        write_text(folder / SETTINGS, self._about() + self.recommended.as_toml())
        write_text(folder / FACTS, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
        drawn = pictures(content)
        for picture in drawn:
            write_text(folder / f"{picture['name']}.svg", picture["light"])
        write_text(folder / PAGE, html(content, drawn))

    def _about(self) -> str:
        """What the settings file says of itself."""
        return (
            f"# {self.choice.rule}, on validation; {self.protocol['name']}, {self.protocol['fingerprint']}.\n"
        )
