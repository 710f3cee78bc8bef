"""Logs as files: what joins, what is lost, what is refused."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from llm4rec.core.errors import CannotSayError, DataError, NotFoundError, SettingsError
from llm4rec.evaluation.logs import log_of, read_log
from llm4rec.evaluation.offpolicy import judged

IMPRESSIONS = [
    {"id": "b", "user": "ann", "time": 2.0, "variant": "new", "slots": [["x", 1.0, 0.5], ["y", 0.5, 1.0]]},
    {
        "id": "a",
        "user": "bob",
        "time": 1.0,
        "variant": "old",
        "slots": [{"item": "x", "score": 1.0, "propensity": 0.25}],
    },
    {"id": "c", "user": None, "time": 3.0, "variant": "old", "slots": [["z", 1.0, None]]},
]
FEEDBACK = [
    {"impression": "b", "item": "y", "kind": "click", "user": "ann"},
    {"impression": "b", "item": "y", "kind": "purchase", "user": "ann"},
    {"impression": "b", "item": "x", "kind": "dislike", "user": "ann"},
    {"impression": "b", "item": "elsewhere", "kind": "click", "user": "ann"},
    {"impression": None, "item": "x", "kind": "click", "user": "ann"},
]


def test_feedback_finds_its_place():
    log = log_of(IMPRESSIONS, FEEDBACK)
    assert [row["id"] for row in log.impressions] == ["a", "b", "c"]
    assert log.filled.tolist() == [[True, False], [True, True], [True, False]]
    assert log.clicked.tolist() == [[0, 0], [0, 1], [0, 0]]
    assert log.converted.tolist() == [[0, 0], [0, 1], [0, 0]]
    assert log.lost == 2


def test_variants_are_of_people_who_are_known():
    answers = log_of(IMPRESSIONS, FEEDBACK).answers()
    assert answers.variants.tolist() == ["old", "new"]
    assert answers.figures["click-through"].tolist() == [0.0, 1.0]
    assert log_of(IMPRESSIONS, FEEDBACK).answers("policy").variants.tolist() == []


def test_variants_of_several_experiments_are_not_mixed():
    rows = [{**row, "experiment": name} for row, name in zip(IMPRESSIONS, ("one", "two", "two"), strict=True)]
    log = log_of(rows, [])
    with pytest.raises(SettingsError, match="one, two"):
        log.answers()
    assert log.answers(experiment="two").variants.tolist() == ["old"]


def test_empty_slates_are_a_log_of_nothing():
    log = log_of([{"id": "a", "user": "ann", "variant": "old", "slots": []}], [])
    assert log.answers().figures["click-through"].tolist() == [0.0]
    with pytest.raises(CannotSayError, match="no logged chance"):
        judged(log.slates(), log.drawn(), log.drawn())


def test_chances_are_those_of_the_log_and_a_missing_one_is_refused():
    log = log_of(IMPRESSIONS, FEEDBACK)
    np.testing.assert_array_equal(log.drawn().shown, [[0.25, np.nan], [0.5, 1.0], [np.nan, np.nan]])
    with pytest.raises(CannotSayError, match="1 of 4 shown places have no logged chance"):
        judged(log.slates(), log.drawn(), log.drawn())


def test_targets_and_teams_are_read_beside():
    row = {**IMPRESSIONS[0], "targets": {"next": [0.2, 1.0]}, "teams": [0, 1]}
    log = log_of([row, IMPRESSIONS[1]], FEEDBACK)
    assert log.targets == ("next",)
    np.testing.assert_array_equal(log.target("next").shown, [[np.nan, np.nan], [0.2, 1.0]])
    assert log.interleaved().second == 1


def test_files_of_both_kinds_are_the_same_log(tmp_path):
    lines = "\n".join(json.dumps(row) for row in [*IMPRESSIONS, *FEEDBACK])
    (tmp_path / "log.jsonl").write_text(lines)
    typed = [
        {
            **row,
            "slots": [
                dict(zip(("item", "score", "propensity"), slot, strict=True))
                if isinstance(slot, list)
                else slot
                for slot in row["slots"]
            ],
        }
        for row in IMPRESSIONS
    ]
    folder = tmp_path / "tables"
    folder.mkdir()
    pl.DataFrame(typed).write_parquet(folder / "impressions.parquet")
    pl.DataFrame(FEEDBACK).write_parquet(folder / "feedback.parquet")
    for paths in ([tmp_path / "log.jsonl"], [folder]):
        log = read_log(paths)
        np.testing.assert_array_equal(log.drawn().shown, log_of(IMPRESSIONS, FEEDBACK).drawn().shown)
        assert log.clicked.sum() == 1


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("{", "row 1"),
        ("[1]", "row 1"),
        ('{"id": 1, "slots": 7}', "row 1"),
        ("\x00" * 100_000, "row 1"),
        ("", "no impressions"),
    ],
)
def test_a_broken_log_is_refused_with_its_row(tmp_path, text, word):
    (tmp_path / "log.jsonl").write_text(text)
    with pytest.raises(DataError, match=word):
        read_log([tmp_path / "log.jsonl"])


def test_a_slot_or_a_chance_that_is_none_is_refused():
    with pytest.raises(DataError, match="slot 'x'"):
        log_of([{"id": "a", "slots": ["x"]}], [])
    with pytest.raises(DataError, match="not a number"):
        log_of([{"id": "a", "slots": [["x", 1.0, "often"]]}], []).drawn()
    with pytest.raises(NotFoundError, match="no file"):
        read_log([Path("nowhere.jsonl")])
