"""What people report about items: an append-only record, and which items it hides. Judges nothing itself."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

from llm4rec.core import FolderError, Id, Report, SettingsError, suggest
from llm4rec.core.harm import HARMS
from llm4rec.core.plain import plain
from llm4rec.core.records import OTHER, ReportAction
from llm4rec.engine.policy import SafetySettings

TEXT = 500  # characters of a report that are kept


class Reports:
    """The record, oldest first; written line by line to `file` where there is one."""

    def __init__(self, file: Path | None = None, known: Iterable[Report] = ()) -> None:
        self.file = file
        self._all = [*known]
        if file is not None and file.is_file():
            self._all += read_reports(file)

    def __len__(self) -> int:
        return len(self._all)

    @property
    def all(self) -> tuple[Report, ...]:
        """Every line: what was reported, withdrawn and cleared, by whom and when."""
        return tuple(self._all)

    def add(self, report: Report) -> Report:
        """Append, on disk first; SettingsError for a category that there is not. The text is made plain and cut."""
        if report.action not in get_args(ReportAction):
            raise SettingsError(f"action {report.action!r}: it is one of {', '.join(get_args(ReportAction))}")
        if report.category not in (*HARMS, OTHER):
            known = (*HARMS, OTHER)
            raise SettingsError(
                f"category {report.category!r}{suggest(report.category, known)}; there are: {', '.join(known)}"
            )
        kept = Report(**{**asdict(report), "text": plain(report.text, TEXT)})
        if self.file is not None:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with self.file.open("a", encoding="utf-8") as file:
                file.write(_line(kept))
        self._all.append(kept)
        return kept

    def open(self) -> dict[Id, set[Id]]:
        """Users whose report of an item stands, by item: not withdrawn, and not decided since."""
        standing: dict[Id, set[Id]] = {}
        for one in self._all:
            users = standing.setdefault(one.item, set())
            if one.action == "report":
                users.add(one.user)
            elif one.action == "withdraw":
                users.discard(one.user)
            else:
                users.clear()
        return {item: users for item, users in standing.items() if users}

    def decided(self) -> set[Id]:
        """Items that somebody decided to hide, and has not cleared since."""
        found: set[Id] = set()
        for one in self._all:
            if one.action == "hide":
                found.add(one.item)
            elif one.action == "clear":
                found.discard(one.item)
        return found

    def under_review(self, at: int) -> list[Id]:
        """Items that `at` different users or more have reported, or that were decided to be hidden."""
        found = self.decided()
        return [*found, *(i for i, users in self.open().items() if len(users) >= at and i not in found)]

    def text(self) -> str:
        """The record as JSON lines."""
        return "".join(_line(one) for one in self._all)


def read_reports(file: Path) -> list[Report]:
    """The lines of a record; FolderError names the first that is none."""
    found = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        try:
            one = Report(**json.loads(line))
        except (TypeError, ValueError) as error:
            raise FolderError(f"{file}, line {number} is no report ({error}); remove or mend it") from None
        if one.action not in get_args(ReportAction):
            raise FolderError(f"{file}, line {number}: no action {one.action!r}; remove or mend it")
        found.append(one)
    return found


def reports_of(settings: SafetySettings, known: Iterable[Report] = ()) -> Reports:
    """The record in the file of the settings; what is `known` already counts only where there is no file."""
    if settings.reports:
        return Reports(Path(settings.reports).expanduser())
    return Reports(None, known)


def reported(reports: Reports, item: Id, user: Id, said: Mapping[str, Any]) -> Report:
    """Append what was said; SettingsError where it is no report."""
    known = ("action", "category", "text", "time")
    strange = next((name for name in said if name not in known), None)
    if strange is not None:
        raise SettingsError(
            f"a report has no {strange!r}{suggest(strange, known)}; it has: {', '.join(known)}"
        )
    told = {"action": "report", "time": time.time(), **said}
    return reports.add(Report(item=item, user=user, **told))


def _line(report: Report) -> str:
    return json.dumps(asdict(report), ensure_ascii=False) + "\n"
