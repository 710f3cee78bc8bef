"""What anyone may rely on from the check: each thing that is wrong is named once, with its place and a remedy."""

import json
import math
from datetime import datetime, timedelta

import pandas as pd
import polars as pl
import pytest
from bad_tables import T, csv, events, notes, only_problem, place

from llm4rec.data import check, load, read_dataset


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [("userId", "user_id"), ("uid", "user_id"), ("movieId", "item_id"), ("asin", "item_id")],
)
def test_a_missing_column_is_told_with_the_lines_that_help(tmp_path, theirs, ours):
    header = {"user_id": "user_id", "item_id": "item_id"} | {ours: theirs}
    problem = only_problem(csv(tmp_path, f"{header['user_id']},{header['item_id']}\n1,2\n"))
    assert problem.file == "interactions.csv"
    assert problem.column == ours
    assert f"did you mean '{theirs}'?" in problem.message
    assert f'dataset.toml:\n[columns]\n{ours} = "{theirs}"' in problem.remedy
    (tmp_path / "dataset.toml").write_text(f'[columns]\n{ours} = "{theirs}"\n')
    assert check(tmp_path).ok, "the remedy helps"


def test_a_missing_column_of_a_frame_is_told_in_python():
    problem = only_problem(events().rename({"user_id": "userId"}))
    assert 'settings={"columns": {"user_id": "userId"}}' in problem.remedy


def test_an_unused_column_is_noted_and_one_that_looks_misspelt_is_suggested():
    told = notes(events(ratng=[1, 2, 3], colour=["x", "y", "z"]))
    assert "'ratng': was not used; did you mean 'rating'?" in told
    assert "'colour': was not used" in told


@pytest.mark.parametrize("value", ["", "  ", "nan", "None"])
def test_a_missing_id_in_a_file_is_named(tmp_path, value):
    problem = only_problem(csv(tmp_path, f"user_id,item_id\nann,1\n{value},2\n{value},3\n"))
    assert place(problem) == ("interactions.csv", "user_id", 2)
    assert problem.count == 2


@pytest.mark.parametrize("ids", [[1, None, 2], [1.0, math.nan, 2.0], ["a", None, "b"], ["a", " ", "b"]])
def test_a_missing_id_in_a_frame_is_named(ids):
    problem = only_problem(events(user_id=ids))
    assert place(problem) == ("interactions", "user_id", 2)
    assert "missing" in problem.message


def test_whole_numbers_and_text_stay_what_they_are():
    data = read_dataset(events())
    assert data.users.ids.ids == (1, 2)
    assert data.catalog.ids.ids == ("a", "b")
    assert read_dataset(events(item_id=["1", "2", "1"])).catalog.ids.ids == ("1", "2")


def test_numbers_in_csv_become_whole_numbers_unless_a_zero_leads_them(tmp_path):
    data = read_dataset(csv(tmp_path, "user_id,item_id\n7,007\n12,12\n"))
    assert data.users.ids.ids == (7, 12)
    assert data.catalog.ids.ids == ("007", "12")


def test_numbers_and_text_in_one_csv_column_are_all_text_with_a_note(tmp_path):
    source = csv(tmp_path, "user_id,item_id\n1,12\n1,abc\n")
    assert read_dataset(source).catalog.ids.ids == ("12", "abc")
    assert "some ids are whole numbers and some are text" in notes(source)


def test_floats_that_are_whole_become_whole_numbers_with_a_note(tmp_path):
    frame = pd.DataFrame({"user_id": [12.0, 7.0], "item_id": ["a", "b"]})
    assert read_dataset(frame).users.ids.ids == (12, 7)
    assert "12.0" in notes(frame)
    source = csv(tmp_path, "user_id,item_id\n12.0,1\n7,2\n")
    assert read_dataset(source).users.ids.ids == (12, 7)


@pytest.mark.parametrize("kind", ["frame", "csv"])
def test_floats_that_are_not_whole_are_named(tmp_path, kind):
    frame = pl.DataFrame({"user_id": [1.0, 2.5], "item_id": [1, 2]})
    problem = only_problem(frame if kind == "frame" else csv(tmp_path, frame.write_csv()))
    assert (problem.column, problem.row) == ("user_id", 2)
    assert "2.5" in problem.value


def test_ids_of_another_kind_are_refused():
    assert "not Boolean" in only_problem(events(user_id=[True, False, True])).message


def test_whole_numbers_that_meet_text_are_compared_as_text(tmp_path):
    source = csv(tmp_path, "user_id,item_id\n1,12\n1,13\n", items="item_id,title\n12,A\nabc,B\n")
    assert read_dataset(source).catalog.ids.ids == ("12", "abc", "13")
    assert "compared as text" in notes(source)


def test_ids_that_never_match_are_a_problem():
    items = pl.DataFrame({"item_id": ["item-1", "item-2"]})
    problem = only_problem(events(item_id=[1, 2, 1]), items=items)
    assert place(problem) == ("interactions", "item_id", 1)
    assert "are text there and whole numbers here" in problem.message
    assert "same way" in problem.remedy


@pytest.mark.parametrize("column", ["items", "users"])
def test_an_id_that_stands_twice_is_named_with_both_rows(column):
    ids = {"items": ("item_id", ["a", "b", "a", "a"]), "users": ("user_id", [1, 2, 1, 1])}[column]
    problem = only_problem(events(), **{column: pl.DataFrame({ids[0]: ids[1]})})
    assert "stands in row 1 and again in row 3" in problem.message
    assert problem.count == 2


def test_one_user_or_one_item_loads_and_is_noted():
    assert "one user only" in notes(events(user_id=[1, 1, 1]))
    assert "one item only" in notes(events(item_id=["a", "a", "a"]))


def test_no_rows_are_a_problem(tmp_path):
    assert "no rows" in only_problem(events().clear()).message
    assert "header but no rows" in only_problem(csv(tmp_path, "user_id,item_id\n")).message


def test_rows_that_repeat_are_counted_with_the_way_to_remove_them():
    frame = pl.concat([events(rating=[1, 2, None]), events(rating=[1, 9, None])])
    assert "Cleaning(drop_duplicates='exact') removes them [2 rows]" in notes(frame)
    assert "drop_duplicates='pair'" in notes(frame.drop("timestamp"))


def test_a_million_bad_rows_are_one_problem():
    frame = pl.DataFrame({"user_id": [""] * 1_000_000, "item_id": 1})
    problem = only_problem(frame)
    assert (problem.count, problem.row) == (1_000_000, 1)


def test_values_in_messages_are_short_and_harmless():
    problem = only_problem(events(rating=["1", "\x1b[31m\n" + "x" * 500, "2"]))
    assert len(problem.value) <= 60
    assert problem.value.isprintable()


def test_everything_is_told_at_once():
    frame = events(user_id=[1, None, 2], rating=["1", "x", "2"], timestamp=[T, -1, T])
    report = check(frame, items=pl.DataFrame({"item_id": ["a", "a"]}))
    assert {(p.file, p.column) for p in report.problems} == {
        ("interactions", "user_id"),
        ("interactions", "rating"),
        ("interactions", "timestamp"),
        ("items", "item_id"),
    }


def test_the_report_reads_for_people_and_for_programs():
    report = check(events(rating=[1, 2, 3]))
    content = json.loads(report.to_json())
    assert content["ok"] is True
    assert (content["counts"]["users"], content["counts"]["items"]) == (2, 2)
    assert content["counts"]["density"] == 0.75
    assert content["counts"]["kinds"] == {"rating": 3}
    assert content["counts"]["first_time"] == "2001-09-09T01:46:40Z"
    assert "interactions: 3" in str(report)
    wrong = check(events(user_id=[1, None, 2]))
    assert json.loads(wrong.to_json())["problems"][0]["row"] == 2
    assert "problem: interactions, row 2, column 'user_id'" in str(wrong)
    assert load(events()).dataset.notes == tuple(map(str, check(events()).notes))


ODD = {
    "lists": [["a"], [], None],
    "lists of lists": [[["a"]], [[]], None],
    "records": [{"a": 1}, {"a": 2}, None],
    "spans": [timedelta(1), None, timedelta(2)],
    "bytes": [b"x", b"", None],
    "nothing": [None, None, None],
    "far dates": [datetime(9999, 1, 1), datetime(1, 1, 1), None],
    "far zones": ["2001-01-01T00:00:00+99:99", "\x00", "9999-12-31"],
    "floats": [math.nan, -math.inf, 1e300],
}


@pytest.mark.parametrize("values", ODD.values(), ids=ODD)
@pytest.mark.parametrize(
    "name", ["user_id", "item_id", "timestamp", "kind", "rating", "text", "part", "colour"]
)
def test_whatever_a_column_holds_is_reported_and_never_raised(name, values):
    frame = events(part=["train", "train", "test"]).with_columns(pl.Series(name, values))
    report = check(frame, settings={"splits": {"official": "part"}})
    if not report.ok:
        assert {problem.column for problem in report.problems} == {name}
    items = pl.DataFrame({"item_id": ["a", "b", "c"], "x": values})
    for kind in ("number", "time", "category", "tags", "text", "vector", "media", "ignore"):
        report = check(events(), items=items, settings={"types": {"x": kind}})
        assert {problem.column for problem in report.problems} <= {"x"}
