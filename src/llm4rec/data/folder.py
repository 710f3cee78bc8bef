"""Where the tables of a data set are: a folder, a file or frames. Finds and reads them, checks nothing in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from llm4rec.core import DataError, NotFoundError, suggest
from llm4rec.data.about import FILE, About, about_of, merged, read_about
from llm4rec.data.files import SUFFIXES, read_table
from llm4rec.data.frames import sheet_of
from llm4rec.data.kept_edits import FILE as EDITS
from llm4rec.data.report import Findings
from llm4rec.data.sheet import Sheet

LATER = ("item_relations", "user_relations")
TABLES = ("interactions", "items", "users")


@dataclass(frozen=True, eq=False)
class Source:
    """The tables of one data set as they were read, and what its folder says of itself.

    `root` is the folder that media may be named in. `absent` says in words why there are no interactions.
    """

    name: str
    about: About = field(default_factory=About)
    tables: Mapping[str, Sheet] = field(default_factory=dict)
    root: Path | None = None
    absent: str = ""

    def renamed(self, findings: Findings) -> Source:
        """The same tables under our names, as `columns` says."""
        names = dict(self.about.columns)
        for ours, theirs in self.about.columns.items():
            if ours == "kind":
                # A kind is a column, or the word that holds for every row (see events.py).
                here = self.tables.get("interactions")
                if here is None or "kind" in here or theirs not in here or theirs in ("rating", "value"):
                    del names[ours]
            elif not _can_rename(self, ours, theirs, findings):
                del names[ours]
        return replace(self, tables={name: sheet.renamed(names) for name, sheet in self.tables.items()})


def _can_rename(source: Source, ours: str, theirs: str, findings: Findings) -> bool:
    if ours == theirs:
        return False
    sheets = [sheet for sheet in source.tables.values() if theirs in sheet]
    both = next((sheet for sheet in sheets if ours in sheet), None)
    if both is not None:
        message = f"has both {ours!r} and {theirs!r}, but columns.{ours} = {theirs!r}"
        findings.problem(both.file, message, f"Rename one of them, or remove the line from {FILE}.", ours)
    elif not sheets and source.tables:
        known = {column for sheet in source.tables.values() for column in sheet.frame.columns}
        message = f"columns.{ours} = {theirs!r} names a column that is in no table{suggest(theirs, known)}"
        findings.problem(FILE, message, f"The tables have: {', '.join(sorted(known))}.", ours)
    return both is None and bool(sheets)


def open_source(
    source: object,
    tables: Mapping[str, object],
    settings: Mapping[str, Any],
    findings: Findings,
    main: str = "interactions",
) -> Source:
    """Read every table of a folder; of a file or a frame, which is the `main` one; or of `tables` by name."""
    given = {name: thing for name, thing in tables.items() if thing is not None}
    if isinstance(source, str | Path) and not Path(source).is_file():
        opened = _open_folder(Path(source), given, settings, findings)
    else:
        about = about_of(settings, findings)
        sheets = _read_given({main: source, **given}, findings)
        path = Path(source) if isinstance(source, str | Path) else None
        name = about.name or (path.stem if path else "dataset")
        opened = Source(name, about, sheets, path.parent if path else None)
    return opened.renamed(findings)


def _open_folder(
    path: Path, given: Mapping[str, object], settings: Mapping[str, Any], findings: Findings
) -> Source:
    if not path.is_dir():
        there = sorted(p.name for p in path.parent.iterdir()) if path.parent.is_dir() else []
        listed = f"; there is: {', '.join(there[:20])}" if there else ""
        raise NotFoundError(f"no folder or file {path}{suggest(path.name, there)}{listed}")
    about = about_of(merged(read_about(path, findings), settings), findings)
    places = _find_tables(path, findings)
    sheets = _read_given({**places, **given}, findings)
    absent = "" if "interactions" in {*places, *given} else _nothing_there(path)
    return Source(about.name or path.resolve().name, about, sheets, path, absent)


def _read_given(places: Mapping[str, object], findings: Findings) -> dict[str, Sheet]:
    """Every table that can be read; what cannot is in `findings`."""
    sheets = {}
    for name, thing in places.items():
        try:
            if isinstance(thing, str | Path):
                sheets[name] = read_table(thing, findings)
            else:
                sheets[name] = sheet_of(thing, name, findings)
        except DataError as error:
            findings.problems.extend(error.problems)
    return sheets


def _find_tables(folder: Path, findings: Findings) -> dict[str, Path]:
    """The file of every table; two files for one table are a problem that names both."""
    places: dict[str, Path] = {}
    for path in sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES):
        if path.name == EDITS:
            continue
        if path.stem in LATER:
            findings.note(path.name, "kept for later, not read")
        elif path.stem not in TABLES:
            near = suggest(path.stem, TABLES)
            findings.note(path.name, f"is not a table of a data set and was not read{near}")
        elif path.stem in places:
            both = f"{places[path.stem].name} and {path.name} are both the {path.stem}"
            findings.problem(path.name, both, "Remove one of them.")
        else:
            places[path.stem] = path
    return places


def _nothing_there(folder: Path) -> str:
    there = sorted(p.name for p in folder.iterdir())
    near = suggest("interactions.csv", there)
    listed = ", ".join(there[:20]) or "nothing"
    wanted = ", ".join(f"interactions{suffix}" for suffix in SUFFIXES[:3])
    return f"no interactions in {folder} (one of {wanted}){near}; there is: {listed}"
