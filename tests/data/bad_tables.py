"""Small tables to spoil, and what the tests of the check ask of a report."""

import polars as pl
import pytest

from llm4rec.core import DataError
from llm4rec.data import check, read_dataset

T = 1_000_000_000


def events(**columns):
    """Three rows of two users and two items; columns replace or join these."""
    return pl.DataFrame(
        {"user_id": [1, 1, 2], "item_id": ["a", "b", "a"], "timestamp": [T, T + 1, T + 2]} | columns,
        strict=False,
    )


def csv(tmp_path, text, name="interactions.csv", **others):
    """A folder of CSV text; `toml` is its dataset.toml."""
    (tmp_path / name).write_text(text)
    for table, content in others.items():
        (tmp_path / ("dataset.toml" if table == "toml" else f"{table}.csv")).write_text(content)
    return tmp_path


def only_problem(source, **given):
    """The one problem, which has a remedy and is raised as well."""
    report = check(source, **given)
    assert not report.ok
    (problem,) = report.problems
    assert len(problem.remedy) > 10
    with pytest.raises(DataError) as caught:
        read_dataset(source, **given)
    assert caught.value.problems == report.problems
    return problem


def notes(source, **given):
    report = check(source, **given)
    assert report.ok, report
    return "\n".join(map(str, report.notes))


def place(problem):
    return problem.file, problem.column, problem.row
