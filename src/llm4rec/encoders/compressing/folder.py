"""The folder of a compressed encoder: written beside, then put in its place in one move. Knows nothing of what is in it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from llm4rec.core import FolderError
from llm4rec.encoders.weights import COMPRESSION


def begin(output: Path) -> Path:
    """An empty folder beside `output` to work in; a folder that is not ours is refused, never emptied.

    What an interrupted run left is cleared away, and a swap that was interrupted is undone.
    """
    aside, work = _aside(output), _work(output)
    if aside.is_dir() and not output.exists():
        aside.rename(output)
    if output.exists() and not output.is_dir():
        raise FolderError(f"{output} is a file; name a folder for the encoder")
    if output.is_dir() and any(output.iterdir()) and not (output / COMPRESSION).is_file():
        raise FolderError(
            f"{output} holds other things than a compressed encoder, so it is left alone; name another folder"
        )
    for leftover in (aside, work):
        shutil.rmtree(leftover, ignore_errors=True)
    try:
        work.mkdir(parents=True)
    except OSError as error:
        raise FolderError(f"{work} cannot be written ({error}); name another folder") from error
    return work


def finish(output: Path, chosen: Path, report: Mapping[str, Any]) -> None:
    """The folder `chosen` with its report in place of `output`, and the rest of the work gone."""
    text = json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False)
    (chosen / COMPRESSION).write_text(text + "\n", encoding="utf-8")
    aside = _aside(output)
    if output.exists():
        output.rename(aside)
    chosen.rename(output)
    shutil.rmtree(aside, ignore_errors=True)
    give_up(output)


def give_up(output: Path) -> None:
    """Nothing is left of the work."""
    shutil.rmtree(_work(output), ignore_errors=True)


def megabytes(folder: Path) -> float:
    """Size of what decides a vector: not the report, not what tells of training."""
    beside = ("adapting", "onnx", "openvino", COMPRESSION)
    files = [
        file
        for file in folder.rglob("*")
        if file.is_file() and file.relative_to(folder).parts[0] not in beside
    ]
    return round(sum(file.stat().st_size for file in files) / 1e6, 2)


def _aside(output: Path) -> Path:
    return output.with_name(f".{output.name}.old")


def _work(output: Path) -> Path:
    return output.with_name(f".{output.name}.new")
