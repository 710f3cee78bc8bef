"""Columns of pictures and sounds: bytes, or paths inside the folder of the data set. Opens none of them."""

from __future__ import annotations

from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from llm4rec.data.report import Findings
from llm4rec.data.sheet import Sheet


def read_media(sheet: Sheet, column: str, root: Path | None, findings: Findings) -> NDArray[Any]:
    """Bytes as they are; paths as absolute paths of files that exist below `root`, anything else is a problem.

    Without a root (frames) paths are kept as they are, which is noted.
    """
    values = sheet.frame[column]
    empty = np.full(len(values), None, dtype=object)
    if values.dtype == pl.Binary:
        return np.fromiter((v or None for v in values.to_list()), dtype=object, count=len(values))
    if values.dtype != pl.String:
        message = f"media are paths or bytes, not {values.dtype}"
        findings.bad(sheet, column, values.is_not_null(), message, "Write paths, or rename the column.")
        return empty
    words = values.set(values.str.strip_chars() == "", None)
    if root is None:
        findings.note(sheet.file, "paths of media in a frame were not checked", sheet.told(column))
        return np.fromiter(words.to_list(), dtype=object, count=len(words))
    return _paths(sheet, column, words, root.resolve(), findings)


def _paths(sheet: Sheet, column: str, words: pl.Series, root: Path, findings: Findings) -> NDArray[Any]:
    found: list[str | None] = []
    outside, absent = [], []
    for word in words.to_list():
        place = None if word is None else _inside(word, root)
        outside.append(word is not None and place is None)
        absent.append(place is not None and not _is_file(place))
        found.append(None if place is None else str(place))
    remedy = "Name files inside the folder of the data set."
    message = "a path leads out of the folder of the data set"
    findings.bad(sheet, column, pl.Series(outside, dtype=pl.Boolean), message, remedy)
    remedy = "Put the file there, leave the value empty, or rename the column if it is no file."
    findings.bad(sheet, column, pl.Series(absent, dtype=pl.Boolean), "there is no such file", remedy)
    return np.fromiter(found, dtype=object, count=len(found))


def _inside(word: str, root: Path) -> Path | None:
    """The file below root that a path names; None where it names one outside."""
    if PurePosixPath(word).is_absolute() or PureWindowsPath(word).drive or "\0" in word:
        return None
    if ".." in PurePosixPath(word.replace("\\", "/")).parts:
        return None
    try:
        # A link may lead out as well.
        place = (root / word).resolve()
    except (OSError, RuntimeError):
        return None
    return place if place.is_relative_to(root) else None


def _is_file(place: Path) -> bool:
    try:
        return place.is_file()
    except OSError:  # a name too long for the file system
        return False
