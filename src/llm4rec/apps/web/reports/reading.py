"""The reports of one folder, as the commands `evaluate` and `tradeoff` wrote them. A visitor names none of its paths."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from llm4rec.core import FolderError

MOST, BYTES = 200, 20_000_000
POINTS = "points"  # where a sweep keeps what it measured
Kind = Literal["evaluation", "tradeoff"]


@dataclass(frozen=True, eq=False)
class Report:
    """One report: where in the folder, of which kind, when it was written, and what it says."""

    name: str
    kind: Kind
    time: float
    content: Mapping[str, Any]


def reports_in(folder: str) -> tuple[tuple[Report, ...], tuple[str, ...]]:
    """The reports of a folder and all below it, the newest first; and files that are none, with the reason.

    FolderError where there is no such folder. Links that lead out of it are not followed.
    """
    root = Path(folder).resolve()
    if not root.is_dir():
        raise FolderError(f"no folder {root.name!r} of reports; serve with --reports FOLDER")
    found: list[Report] = []
    refused: list[str] = []
    files = [path for path in sorted(root.rglob("*.json")) if POINTS not in path.relative_to(root).parts]
    for path in files[:MOST]:
        name = str(path.relative_to(root))
        if not path.resolve().is_relative_to(root):
            refused.append(f"{name}: leads out of the folder")
            continue
        told = _read(path)
        if isinstance(told, str):
            refused.append(f"{name}: {told}")
        else:
            found.append(Report(name, told[0], path.stat().st_mtime, told[1]))
    if len(files) > MOST:
        refused.append(f"{len(files) - MOST} further files are left out")
    return tuple(sorted(found, key=lambda one: -one.time)), tuple(refused)


def _read(path: Path) -> tuple[Kind, Mapping[str, Any]] | str:
    """What a file says, or why it is no report."""
    if path.stat().st_size > BYTES:
        return f"more than {BYTES // 1_000_000} MB"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return "cannot be read as JSON"
    kind = _kind(content)
    return "no report of evaluate or tradeoff" if kind is None else (kind, content)


def _kind(content: object) -> Kind | None:
    if not isinstance(content, Mapping) or not isinstance(content.get("protocol"), Mapping):
        return None
    models, rows = content.get("models"), content.get("rows")
    if isinstance(models, Mapping) and all(
        isinstance(one, Mapping) and {"metrics", "versus", "fingerprint"} <= set(one)
        for one in models.values()
    ):
        return "evaluation"
    if isinstance(rows, Mapping) and {"axes", "accuracy", "recommended", "fronts", "base"} <= set(content):
        return "tradeoff"
    return None
