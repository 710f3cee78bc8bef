"""What anyone may rely on from typed columns, the catalog and its growth."""

import numpy as np
import pytest

from llm4rec.core import Catalog, Column, ColumnType, Users, Vocabulary


def objects(*values):
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


COLUMNS = {
    ColumnType.NUMBER: np.array([1.0, 2.0]),
    ColumnType.TIME: np.array([1.6e9, 1.7e9]),
    ColumnType.CATEGORY: objects("red", "blue"),
    ColumnType.TAGS: objects(("a", "b"), ("c",)),
    ColumnType.TEXT: objects("one", "two"),
    ColumnType.VECTOR: np.ones((2, 3), np.float32),
    ColumnType.MEDIA: objects("a.png", b"\x00"),
}


def test_every_type_is_tested_here():
    assert set(COLUMNS) == set(ColumnType)


@pytest.mark.parametrize("kind", COLUMNS)
def test_a_column_grows_by_missing_values(kind):
    column = Column(kind, COLUMNS[kind])
    grown = column.followed_by(None, 2)
    assert grown.missing().tolist() == [False, False, True, True]
    if kind in (ColumnType.CATEGORY, ColumnType.TEXT, ColumnType.MEDIA):
        assert grown.values[2] is None
    if kind is ColumnType.TAGS:
        assert grown.values[2] == ()
    assert grown.values.dtype == column.values.dtype
    assert grown.values.shape[1:] == column.values.shape[1:]
    assert len(column) == 2


@pytest.mark.parametrize("kind", COLUMNS)
def test_a_column_grows_by_another(kind):
    column = Column(kind, COLUMNS[kind])
    grown = column.followed_by(column.take(np.array([1])), 1)
    np.testing.assert_array_equal(grown.values[2], column.values[1])
    assert not grown.missing().any()


@pytest.mark.parametrize("kind", COLUMNS)
def test_a_column_only_the_newcomers_have_is_missing_in_the_old(kind):
    old = Catalog(Vocabulary(["x", "y", "z"]))
    new = Catalog(Vocabulary(["n", "m"]), {"extra": Column(kind, COLUMNS[kind])})
    grown = old.extended(new)
    assert grown.ids.ids == ("x", "y", "z", "n", "m")
    assert grown.columns["extra"].missing().tolist() == [True, True, True, False, False]


def test_a_column_the_newcomers_lack_is_missing_in_them():
    old = Catalog(Vocabulary(["x"]), {"colour": Column(ColumnType.CATEGORY, objects("red"))})
    grown = old.extended(Catalog(Vocabulary(["n"])))
    assert grown.columns["colour"].values.tolist() == ["red", None]
    assert len(old) == 1


def test_empty_text_and_no_tags_are_missing():
    assert Column(ColumnType.TEXT, objects("", None, "x")).missing().tolist() == [True, True, False]
    assert Column(ColumnType.TAGS, objects((), ("a",))).missing().tolist() == [True, False]


def test_a_column_of_another_length_is_refused():
    with pytest.raises(ValueError, match="column 'colour' has 1 rows for 2 ids"):
        Catalog(Vocabulary(["x", "y"]), {"colour": Column(ColumnType.CATEGORY, objects("red"))})


def test_users_grow_too():
    users = Users(Vocabulary([1]), {"age": Column(ColumnType.NUMBER, np.array([30.0]))})
    grown = users.extended(Users(Vocabulary([2])))
    assert grown.ids.ids == (1, 2)
    assert grown.columns["age"].missing().tolist() == [False, True]


@pytest.fixture
def books():
    return Catalog(
        Vocabulary(["d", "e", "f"]),
        {
            "blurb": Column(ColumnType.TEXT, objects("A count moves house.", "", None)),
            "year": Column(ColumnType.NUMBER, np.array([1897.0, 1815.0, np.nan])),
            "categories": Column(ColumnType.TAGS, objects(("Gothic", "Horror"), (), ())),
            "title": Column(ColumnType.TEXT, objects("Dracula", "Emma.", None)),
        },
    )


def test_a_text_is_title_then_categories_then_other_texts(books):
    assert books.texts == ["Dracula. Gothic, Horror. A count moves house", "Emma", ""]


def test_an_item_without_a_title_is_called_by_its_id(books):
    assert books.titles == ["Dracula", "Emma.", "f"]
    assert Catalog(Vocabulary([7])).titles == ["7"]


def test_items_are_taken_in_the_order_asked_for(books):
    taken = books.take(np.array([2, 0]))
    assert taken.ids.ids == ("f", "d")
    assert taken.columns["title"].values.tolist() == [None, "Dracula"]
