"""The folder of an adapted encoder: an ordinary sentence-transformers folder with `adapting/` inside. No torch.

Inside `adapting/`: heads.safetensors and heads.json, report.json, TensorBoard's files, and the checkpoint while it runs.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from llm4rec.core import FolderError

INSIDE = "adapting"
HEADS, HEADS_TOLD, REPORT, RUNS = "heads.safetensors", "heads.json", "report.json", "runs"


def begin(output: Path) -> Path:
    """The folder inside `output` for what a run keeps; a folder that is not ours is refused, never emptied.

    A swap that was interrupted is undone first.
    """
    aside = _aside(output)
    if aside.is_dir() and not output.exists():
        aside.rename(output)
    if output.exists() and not output.is_dir():
        raise FolderError(f"{output} is a file; name a folder for the encoder")
    if output.is_dir() and any(output.iterdir()) and not (output / INSIDE).is_dir():
        raise FolderError(
            f"{output} holds other things than an adapted encoder, so it is left alone; name another folder"
        )
    inside = output / INSIDE
    inside.mkdir(parents=True, exist_ok=True)
    return inside


def finish(output: Path, save: Callable[[Path], None], report: Mapping[str, Any]) -> None:
    """Write encoder and heads by `save`, and the report, beside `output`; then put it in its place in one move.

    What the run kept (checkpoints) goes with the old folder; TensorBoard's files stay.
    """
    fresh, aside = output.with_name(f".{output.name}.new"), _aside(output)
    for leftover in (fresh, aside):
        shutil.rmtree(leftover, ignore_errors=True)
    (fresh / INSIDE).mkdir(parents=True)
    save(fresh)
    text = json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False)
    (fresh / INSIDE / REPORT).write_text(text + "\n", encoding="utf-8")
    output.rename(aside)
    fresh.rename(output)
    if (aside / INSIDE / RUNS).is_dir():
        (aside / INSIDE / RUNS).rename(output / INSIDE / RUNS)
    shutil.rmtree(aside)


def _aside(output: Path) -> Path:
    return output.with_name(f".{output.name}.old")
