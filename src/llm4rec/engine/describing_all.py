"""A whole catalog described into a file of lines that is only ever added to: a killed job goes on where it was."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llm4rec.core import FolderError, Generator, Id, Progress, SettingsError, silent
from llm4rec.core.catalog import Catalog
from llm4rec.engine.build import component_from
from llm4rec.engine.describing import describer
from llm4rec.engine.fitted import Fitted

AT_ONCE = 32
"""Items that are read together. Always the same ones, so that a job that was stopped says what it would have said."""

BEGINNING = b'{"engine": '
NEEDED = frozenset(
    ("engine", "asked", "item", "text", "overlap", "length", "readability", "rephrased", "degraded")
)


@dataclass(frozen=True)
class Told:
    """What a file of descriptions holds: how many, how they were put, and means over those that say something."""

    items: int
    described: int
    rephrased: int
    degraded: int
    highest_overlap: float
    mean_length: float
    mean_readability: float
    with_notes: int


@dataclass(frozen=True)
class Job:
    """How a catalog is to be described, and by whom: what must be the same when a job goes on."""

    style: str = "plain"
    language: str = "auto"
    generator: Generator | None = None

    def terms(self, fitted: Fitted) -> dict[str, str]:
        """What stands in every line of the file."""
        return {"engine": _print(fitted), "asked": f"{self.style}, {self.language}, {self._by()}"}

    def _by(self) -> str:
        """Who puts the words: the class of the language model, and eight digits of its settings."""
        if self.generator is None:
            return "templates"
        asked: Any = getattr(self.generator, "generator", self.generator)  # what stands behind a guard
        config = getattr(asked, "config", None)
        told = "" if config is None else json.dumps(config.model_dump(mode="json"), sort_keys=True)
        return f"{type(asked).__name__} {hashlib.blake2b(told.encode(), digest_size=4).hexdigest()}"


def describe_all(fitted: Fitted, path: Path, job: Job, progress: Progress = silent) -> Told:
    """Describe every item into `path` (.jsonl), one line each in the order of the catalog; goes on with a file that is there.

    SettingsError: the file was made on other terms. FolderError: it cannot be read or written.
    """
    writer, told = describer(fitted), component_from("llm4rec.writers.describe:Overlaps")()
    component_from("llm4rec.writers.describe:style_of")(
        job.style
    )  # a wrong name is said before a file is made
    terms, catalog = job.terms(fitted), fitted.catalog
    there, size = _whole_lines(path)
    _check(path, there, terms, catalog)
    if path.exists() and size < path.stat().st_size:
        os.truncate(path, size)
    done = len(there)
    for line in there[: done - done % AT_ONCE]:
        told.add(line["item"], line["text"])
    starts = range(done - done % AT_ONCE, len(catalog), AT_ONCE)
    for start in progress(starts, "describing", len(starts)):
        items = range(start, min(start + AT_ONCE, len(catalog)))
        found = writer.describe(items, job.style, job.language, job.generator, told)
        _append(path, [{**terms, **one.as_json()} for one in found[max(done - start, 0) :]])
    return tally(path)


def read_descriptions(path: Path) -> Iterator[tuple[Id, str]]:
    """Item and text of every line of a file of descriptions."""
    for line in _whole_lines(path)[0]:
        yield line["item"], line["text"]


def tally(path: Path) -> Told:
    """What a file of descriptions holds."""
    lines, _ = _whole_lines(path)
    said = [line for line in lines if line["text"]]
    return Told(
        items=len(lines),
        described=len(said),
        rephrased=sum(line["rephrased"] for line in lines),
        degraded=sum(line["degraded"] for line in lines),
        highest_overlap=max((line["overlap"] for line in lines), default=0.0),
        mean_length=round(sum(line["length"] for line in said) / max(len(said), 1), 2),
        mean_readability=round(sum(line["readability"] for line in said) / max(len(said), 1), 2),
        with_notes=sum(bool(line["notes"]) for line in lines),
    )


def _whole_lines(path: Path) -> tuple[list[dict[str, Any]], int]:
    """The lines that were written to their end, and how many bytes they are: a kill leaves half a line behind them."""
    if not path.exists():
        return [], 0
    try:
        content = path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        found = [json.loads(line) for line in whole.decode("utf-8").split("\n")[:-1]]
        if not all(isinstance(line, dict) and set(line) >= NEEDED for line in found):
            raise ValueError("a line is no description")
        if not found and not BEGINNING.startswith(content[: len(BEGINNING)]):
            raise ValueError("it begins with something else")
    except (ValueError, OSError) as error:
        raise FolderError(
            f"{path} holds no descriptions that can be read ({error}); remove it, or choose another file"
        ) from error
    return found, len(whole)


def _check(path: Path, lines: list[dict[str, Any]], terms: Mapping[str, str], catalog: Catalog) -> None:
    """SettingsError where lines are not the first ones of this job."""
    for line in lines:
        other = next((name for name in terms if line[name] != terms[name]), None)
        if other is not None:
            raise SettingsError(
                f"{path} was made on other terms ({other}: {line[other]!r}, not {terms[other]!r}); choose another "
                "file, or remove it"
            )
    if [line["item"] for line in lines] != list(catalog.ids.ids[: len(lines)]):
        raise SettingsError(
            f"{path} holds other items, or in another order; choose another file, or remove it"
        )


def _append(path: Path, lines: list[dict[str, Any]]) -> None:
    """Write lines; on disk before this returns."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise FolderError(f"cannot write {path}: {error}") from error


def _print(fitted: Fitted) -> str:
    """Twelve hexadecimal digits of the data that descriptions are made of."""
    sums = hashlib.blake2b(fitted.version.encode(), digest_size=6)
    for name, column in fitted.catalog.columns.items():
        sums.update(f"{name} {column.type}".encode())
        sums.update(json.dumps(column.values.tolist(), default=str).encode("utf-8", "replace"))
    texts = fitted.dataset.interactions.texts
    sums.update(json.dumps([] if texts is None else texts.tolist()).encode("utf-8", "replace"))
    return sums.hexdigest()
