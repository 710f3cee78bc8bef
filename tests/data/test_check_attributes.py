"""What anyone may rely on when items and users are checked: types, media, and who is missing."""

import math
from datetime import date

import numpy as np
import polars as pl
import pytest
from bad_tables import T, csv, events, notes, only_problem, place

from llm4rec.core import ColumnType
from llm4rec.data import read_dataset


def column(values, name="x", **given):
    """The column of a catalog that these values become, by type and values; None where it was left out."""
    ids = [f"i{n}" for n in range(len(values))]
    frame = pl.DataFrame({"user_id": [1, 1], "item_id": ids[:2]})
    items = pl.DataFrame({"item_id": ids, name: values})
    found = read_dataset(frame, items=items, **given).catalog.columns.get(name)
    return found and (found.type, found.values.tolist())


@pytest.mark.parametrize(
    ("values", "kind", "first"),
    [
        ([1, 2], "number", 1.0),
        ([1.5, None], "number", 1.5),
        ([True, None], "category", "yes"),
        (["red", "blue"], "category", "red"),
        (
            ["a long tale of many words about a thing", "another long tale, no less wordy, and new"],
            "text",
            None,
        ),
        ([["a", "b"], []], "tags", ("a", "b")),
        ([[0.5, 1.5], None], "vector", [0.5, 1.5]),
        (["2001-09-09T01:46:40Z", None], "time", T),
        (["09-Sep-2001", "1-Jan-1970"], "time", T - 6400),
        ([date(2001, 9, 9), None], "time", T - 6400),
        ([b"\xff\xd8", None], "media", b"\xff\xd8"),
    ],
)
def test_types_are_inferred(values, kind, first):
    found, stored = column(values)
    assert found is ColumnType(kind)
    assert first is None or stored[0] == first


def test_types_are_inferred_in_csv_too(tmp_path):
    items = (
        "item_id,price,zip,new,day,tags,categories\na,1.5,01234,true,2001-09-09,x|y,p|q\nb,,10115,false,,z,\n"
    )
    source = csv(tmp_path, "user_id,item_id\n1,a\n1,b\n", items=items)
    columns = read_dataset(source).catalog.columns
    assert {name: c.type.value for name, c in columns.items()} == {
        "price": "number",
        "zip": "category",
        "new": "category",
        "day": "time",
        "tags": "category",
        "categories": "tags",
    }
    assert columns["price"].values[0] == 1.5
    assert math.isnan(columns["price"].values[1])
    assert columns["new"].values.tolist() == ["yes", "no"]
    assert columns["categories"].values.tolist() == [("p", "q"), ()]


def test_types_can_be_set(tmp_path):
    assert column(["1", "2"], settings={"types": {"x": "number"}}) == (ColumnType.NUMBER, [1.0, 2.0])
    assert column(["p|q", None], settings={"types": {"x": "tags"}}) == (ColumnType.TAGS, [("p", "q"), ()])
    assert column(["[1, 2]", "[3,4]"], settings={"types": {"x": "vector"}})[1] == [[1, 2], [3, 4]]
    assert column(["a", "b"], settings={"types": {"x": "text"}})[0] is ColumnType.TEXT
    assert column(["a", "b"], settings={"types": {"x": "ignore"}}) is None


@pytest.mark.parametrize(
    ("values", "kind", "what"),
    [
        (["1", "two"], "number", "is not a number"),
        (["2001-01-01", "soon"], "time", "is not a date"),
        (["[1]", "[x]"], "vector", "is not a list of numbers"),
        ([[1.0, 2.0], [1.0]], "vector", "has another length than the first, which has 2"),
        ([[1.0, 2.0], [1.0, math.inf]], "vector", "infinite"),
        ([1.0, math.inf], "number", "finite"),
    ],
)
def test_a_value_that_does_not_fit_its_type_is_named(values, kind, what):
    items = pl.DataFrame({"item_id": ["a", "b"], "x": values})
    problem = only_problem(events(), items=items, settings={"types": {"x": kind}})
    assert place(problem) == ("items", "x", 2)
    assert what in problem.message


def test_a_type_for_a_column_that_is_not_there_is_a_problem():
    problem = only_problem(events(), settings={"types": {"kinds": "text"}})
    assert "no table has this column" in problem.message


def test_a_column_that_looks_like_an_id_or_is_empty_is_left_out_with_a_note():
    many = [f"B00{n}X" for n in range(30)]
    assert column(many) is None
    assert column(many, settings={"types": {"x": "category"}})[0] is ColumnType.CATEGORY
    assert column([None, None]) is None
    items = pl.DataFrame({"item_id": many, "asin": many, "brand": [None] * 30})
    told = notes(pl.DataFrame({"user_id": [1, 1], "item_id": many[:2]}), items=items)
    assert "'asin': looks like an id" in told
    assert "'brand': is empty: left out" in told


def test_almost_a_number_is_noted(tmp_path):
    prices = "".join(f"{n},{n}.5\n" for n in range(19))
    source = csv(tmp_path, "user_id,item_id\n1,1\n1,2\n", items=f"item_id,price\n{prices}99,free\n")
    assert "would be a number but for these" in notes(source)


def test_titles_and_descriptions_are_text_however_short():
    assert column(["A", "B"], "title")[0] is ColumnType.TEXT
    assert column([1984, 2001], "title") == (ColumnType.TEXT, ["1984", "2001"])


def test_media_are_files_inside_the_folder(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"x")
    source = csv(tmp_path, "user_id,item_id\n1,a\n1,b\n", items="item_id,image\na,a.jpg\nb,\n")
    images = read_dataset(source).catalog.columns["image"]
    assert images.type is ColumnType.MEDIA
    assert images.values.tolist() == [str(tmp_path / "a.jpg"), None]


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("../secret.jpg", "out of the folder"),
        ("/etc/passwd", "out of the folder"),
        ("x/../../secret.jpg", "out of the folder"),
        ("..\\secret.jpg", "out of the folder"),
        ("C:\\secret.jpg", "out of the folder"),
        ("link/secret.jpg", "out of the folder"),
        ("gone.jpg", "no such file"),
        ("http://x.org/y.jpg", "no such file"),
        ("n" * 5000, "no such file"),
    ],
)
def test_media_outside_the_folder_or_missing_are_named(tmp_path, path, what):
    (tmp_path / "secret.jpg").write_bytes(b"x")
    inside = tmp_path / "data"
    inside.mkdir()
    (inside / "link").symlink_to(tmp_path)
    source = csv(inside, "user_id,item_id\n1,a\n1,b\n", items=f"item_id,image\na,\nb,{path}\n")
    problem = only_problem(source)
    assert place(problem) == ("items.csv", "image", 2)
    assert what in problem.message


def test_strangers_silence_and_missing_texts_are_counted():
    items = pl.DataFrame({"item_id": ["a", "z"], "title": ["A", None]})
    users = pl.DataFrame({"user_id": [1, 9], "age": [30, 40]})
    told = notes(events(), items=items, users=users)
    assert "1 items are not in items" in told
    assert "2 of 3 items have no text" in told
    assert "1 users are not in users" in told
    assert "1 of 3 items have never been touched" in told
    assert "1 of 3 users have no history" in told
    data = read_dataset(events(), items=items, users=users)
    assert data.users.ids.ids == (1, 9, 2)
    np.testing.assert_array_equal(data.users.columns["age"].values, [30, 40, np.nan])
