"""Measured points in files, one each, so that an interrupted sweep goes on where it stopped. Measures nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llm4rec.core import FolderError
from llm4rec.evaluation.partial import write_text

FOLDER = "points"
FORMAT = 1


@dataclass(frozen=True)
class Points:
    """Figures by what was measured, in `folder`/points; `terms` name everything that the figures depend on."""

    folder: Path
    terms: Mapping[str, Any]

    def of(self, about: Mapping[str, Any], measure: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
        """The figures that are kept under these terms, else measured now and kept."""
        key = {"format": FORMAT, "terms": dict(self.terms), **about}
        path = self._path(key)
        known = self._read(path, key)
        if known is not None:
            return known
        figures = dict(measure())
        write_text(path, json.dumps({"key": key, "figures": figures}, ensure_ascii=False) + "\n")
        return figures

    def has(self, about: Mapping[str, Any]) -> bool:
        """Whether the figures are kept already."""
        key = {"format": FORMAT, "terms": dict(self.terms), **about}
        return self._read(self._path(key), key) is not None

    def _path(self, key: Mapping[str, Any]) -> Path:
        digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:16]
        return self.folder / FOLDER / f"{digest}.json"

    @staticmethod
    def _read(path: Path, key: Mapping[str, Any]) -> dict[str, Any] | None:
        """The figures of a file; None where there is none. FolderError: it cannot be read, or is of something else."""
        if not path.is_file():
            return None
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            figures: dict[str, Any] = content["figures"]
            same = content["key"] == json.loads(json.dumps(key))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise FolderError(f"{path} holds no point that can be read ({error}); remove it") from error
        if not same or not isinstance(figures, dict):
            raise FolderError(f"{path} holds a point of something else; remove it")
        return figures
