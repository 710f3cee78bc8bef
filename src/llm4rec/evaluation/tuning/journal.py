"""Finished trials in a file of lines, so that a search goes on after a kill; and a lock, so that only one writes."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from llm4rec.core import FolderError, SettingsError
from llm4rec.evaluation.tuning.outcome import Outcome

FILE, LOCK = "trials.jsonl", ".lock"
FORMAT = 1


class Journal:
    """The trials of one search in `folder`: a first line that says which search, then a line a finished trial.

    A line is on disk before `add` returns. A kill while writing leaves half a line at most, which is dropped.
    """

    def __init__(self, folder: Path, about: Mapping[str, Any]) -> None:
        self.path = folder / FILE
        self.about = json.loads(json.dumps({"format": FORMAT, **about}))

    def read(self) -> dict[int, Outcome]:
        """Finished trials by number; begins the file where there is none.

        SettingsError: the file is of a search over something else. FolderError: it cannot be read.
        """
        lines = self._whole_lines()
        if not lines:
            self._write(json.dumps(self.about, ensure_ascii=False) + "\n", "w")
            return {}
        try:
            known = json.loads(lines[0])
            trials = [Outcome.read(line) for line in lines[1:]]
            kept = known["format"]
        except (ValueError, KeyError, TypeError) as error:
            raise FolderError(
                f"{self.path} holds no trials that can be read ({error}); remove it, or choose another folder"
            ) from error
        if known != self.about:
            other = sorted(k for k in {*known, *self.about} if known.get(k) != self.about.get(k))
            raise SettingsError(
                f"{self.path.parent} holds a search under other terms ({', '.join(other)} differ, format {kept}); "
                "choose another folder, or remove it"
            )
        return {trial.number: trial for trial in trials}

    def add(self, outcome: Outcome) -> None:
        """Keep a finished trial."""
        self._write(outcome.line() + "\n", "a")

    def _whole_lines(self) -> list[str]:
        """The lines that were written to their end; what follows them is cut off."""
        if not self.path.is_file():
            return []
        content = self.path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            os.truncate(self.path, len(whole))
        return whole.decode("utf-8", errors="replace").splitlines()

    def _write(self, text: str, mode: str) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open(mode, encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Only one search at a time may write to a folder; FolderError for the second. A kill frees the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    # A database that nothing is written to: its lock is let go by the system with the process, on every system.
    lock = sqlite3.connect(folder / LOCK, timeout=0.0, isolation_level=None)
    try:
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            raise FolderError(
                f"another search is at work in {folder}; wait, or choose another folder"
            ) from error
        yield
    finally:
        lock.close()
