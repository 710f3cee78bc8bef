"""What the benchmarks share: where the data sets are, one evaluation, and results on disk and on screen."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from llm4rec.apps.cli.evaluate import measure, show
from llm4rec.apps.cli.screen import Bars
from llm4rec.data import Cleaning, LoadedDataset, clean_loaded, load
from llm4rec.engine import Settings, read_settings
from llm4rec.evaluation import Options

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"
OUT = ROOT / "out" / "benchmarks"


def folder(name: str) -> Path:
    """A data set's folder; exit code 3 and a sentence where it is missing."""
    found = DATA / name
    if not found.is_dir():
        print(f"the data set {name!r} is not at {found}; this benchmark needs it", file=sys.stderr)
        sys.exit(3)
    return found


def loaded(name: str, **cleaning: Any) -> LoadedDataset:
    """A data set, cleaned as asked."""
    data = load(folder(name))
    return clean_loaded(data, Cleaning(**cleaning))[0] if cleaning else data


def evaluated(
    data: LoadedDataset, protocol: str, models: str, settings: Settings | None = None, **options: Any
) -> dict[str, Any]:
    """One evaluation as its JSON, shown as a table."""
    asked = Options(marks=data.marks, **options)
    content = measure(data, protocol, models, settings or read_settings(), asked, Bars())
    show(content)
    return content


def result(name: str) -> Any:
    """A stored result; None where it was not measured."""
    path = OUT / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def keep(name: str, content: Any) -> None:
    """Write a result to out/benchmarks/NAME.json."""
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / f"{name}.json").write_text(
        json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    print(f"written: {OUT / f'{name}.json'}", flush=True)
