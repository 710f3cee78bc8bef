"""What each kind of feature block makes of a small table."""

import json
from datetime import UTC, datetime

import numpy as np
import pytest

from llm4rec.core import Catalog, Column, ColumnType, NotFittedError, SettingsError, Vocabulary
from llm4rec.data.blocks import Binned, MultiHot, OneHot, Place, PlaceConfig
from llm4rec.data.crosses import BLOCKS, Cross, CrossConfig, block_from
from llm4rec.data.text_blocks import Tfidf
from llm4rec.data.time_blocks import Age, DayOfWeek, TimeOfDay, Year


def at(*dates):
    return [np.nan if d is None else datetime.fromisoformat(d).replace(tzinfo=UTC).timestamp() for d in dates]


def table(rows=4, **columns):
    """A catalog of (type, values) columns."""
    made = {}
    for name, (kind, values) in columns.items():
        array = np.empty(rows, dtype=float if kind in ("number", "time") else object)
        array[:] = values if kind != "tags" else [None] * rows
        for row in range(rows if kind == "tags" else 0):
            array[row] = values[row]
        made[name] = Column(ColumnType(kind), array)
    return Catalog(Vocabulary(range(rows)), made)


SHOP = table(
    kind=("category", ["book", "film", None, "book"]),
    tags=("tags", [("new", "red"), ("red",), (), ("red", "red")]),
    price=("number", [1.0, 2.0, np.nan, 4.0]),
    made=("time", at("1995-02-03 09:30", "2024-01-06 23:00", None, "2023-12-31 00:00")),
    title=("text", ["The red robot", "Red, red roses", None, "a Robot war"]),
    north=("number", [48.9, 48.1, np.nan, -33.9]),
    east=("number", [2.3, 2.9, 5.0, 151.2]),
)


def dense(block, of=SHOP):
    return block.fit(SHOP).transform(of).toarray().tolist()


def test_one_hot_is_one_column_a_category_and_nothing_for_none():
    block = OneHot.of("kind")
    assert dense(block) == [[1, 0], [0, 1], [0, 0], [1, 0]]
    assert block.names == ["kind=book", "kind=film"]


def test_rare_and_surplus_values_get_no_column():
    assert OneHot.of("kind", min_count=2).fit(SHOP).names == ["kind=book"]
    assert MultiHot.of("tags", max_values=1).fit(SHOP).names == ["tags=red"]


def test_multi_hot_counts_a_tag_once():
    block = MultiHot.of("tags")
    assert dense(block) == [[1, 1], [0, 1], [0, 0], [0, 1]]
    assert block.names == ["tags=new", "tags=red"]


def test_bins_hold_equally_many_and_a_missing_number_has_none():
    block = Binned.of("price", bins=3)
    assert dense(block) == [[1, 0, 0], [0, 1, 0], [0, 0, 0], [0, 0, 1]]
    assert block.names == ["price=..2", "price=2..4", "price=4.."]
    extreme = table(2, price=("number", [-100.0, 1e9]))
    assert dense(block, extreme) == [[1, 0, 0], [0, 0, 1]]


def test_few_distinct_numbers_make_few_bins():
    flags = table(price=("number", [0.0, 1.0, 1.0, 0.0]))
    assert Binned.of("price").fit(flags).transform(flags).toarray().tolist() == [
        [1, 0],
        [0, 1],
        [0, 1],
        [1, 0],
    ]
    same = table(price=("number", [5.0] * 4))
    assert Binned.of("price").fit(same).names == ["price=.."]
    nothing = table(price=("number", [np.nan] * 4))
    assert Binned.of("price").fit(nothing).transform(nothing).shape == (4, 0)


def test_time_of_day_and_weekday_are_local():
    day = TimeOfDay.of("made", hours=12)
    assert dense(day) == [[1, 0], [0, 1], [0, 0], [1, 0]]
    assert day.names == ["made=00-12h", "made=12-24h"]
    week = DayOfWeek.of("made").fit(SHOP).transform(SHOP)
    assert week.indices.tolist() == [4, 5, 6], "Friday, Saturday, Sunday"
    later = DayOfWeek.of("made", utc_offset_hours=1).fit(SHOP).transform(SHOP)
    assert later.indices.tolist() == [4, 6, 6]
    with pytest.raises(SettingsError, match="divides 24"):
        TimeOfDay.of("made", hours=5)


def test_a_year_never_seen_counts_as_the_nearest():
    block = Year.of("made")
    assert dense(block) == [[1, 0, 0], [0, 0, 1], [0, 0, 0], [0, 1, 0]]
    assert block.names == ["made=1995", "made=2023", "made=2024"]
    others = table(3, made=("time", at("2031-01-01", "1960-01-01", "2008-01-01")))
    assert block.transform(others).indices.tolist() == [2, 0, 0]
    assert Year.of("made", years=10).fit(SHOP).names == ["made=1990", "made=2020"]


def test_age_counts_from_the_latest_time_of_fit():
    block = Age.of("made", bins=3, youngest_days=1, oldest_days=100)
    assert dense(block) == [[0, 0, 1], [1, 0, 0], [0, 0, 0], [0, 1, 0]]
    assert block.names == ["made=..1 days old", "made=1..100 days old", "made=100.. days old"]
    newer = table(1, made=("time", at("2030-01-01")))
    assert block.transform(newer).indices.tolist() == [0]


def test_places_are_categories_or_cells_of_a_grid():
    grid = Place(PlaceConfig(latitude="north", longitude="east", degrees=2.0))
    assert dense(grid) == [[0, 1], [0, 1], [0, 0], [1, 0]]
    assert grid.names == ["north,east=-34,150", "north,east=48,2"]
    around = table(2, north=("number", [48.9, 95.0]), east=("number", [362.3, 2.3]))
    assert dense(grid, around) == [[0, 1], [0, 0]], "the earth is round and has two poles"
    assert Place.of("kind").fit(SHOP).names == ["kind=book", "kind=film"]
    with pytest.raises(SettingsError, match="both 'latitude' and 'longitude'"):
        Place.of("kind", latitude="north")


def test_tfidf_is_the_usual_one():
    vectorizer = pytest.importorskip("sklearn.feature_extraction.text").TfidfVectorizer
    texts = ["The red robot", "Red, red roses", "", "a Robot war"]
    oracle = vectorizer(sublinear_tf=True, min_df=2, token_pattern=r"[^\W_]+")
    expected = oracle.fit_transform(texts).toarray()
    block = Tfidf.of("title")
    np.testing.assert_allclose(dense(block), expected, rtol=1e-6)
    assert block.names == [f"title={word}" for word in oracle.get_feature_names_out()]


def test_tfidf_reads_any_script_several_columns_and_tags():
    words = table(2, title=("text", ["Müller ÉTÉ", "книга"]), tags=("tags", [("été",), ("a_b",)]))
    block = Tfidf.of("title", "tags", min_rows=1).fit(words)
    assert [name.split("=")[1] for name in block.names] == ["a", "b", "müller", "été", "книга"]
    assert Tfidf.of("title", max_words=1).fit(SHOP).names == ["title=red"]


def test_a_cross_keeps_the_combinations_that_occurred():
    cross = Cross(OneHot.of("kind"), MultiHot.of("tags"))
    assert dense(cross) == [[1, 1, 0], [0, 0, 1], [0, 0, 0], [0, 1, 0]]
    assert cross.names == ["kind=book & tags=new", "kind=book & tags=red", "kind=film & tags=red"]
    other = table(1, kind=("category", ["film"]), tags=("tags", [("new",)]))
    assert dense(cross, other) == [[0, 0, 0]]
    often = Cross(OneHot.of("kind"), MultiHot.of("tags"), CrossConfig(min_count=2))
    assert often.fit(SHOP).names == ["kind=book & tags=red"]


def test_a_cross_multiplies_values_row_by_row():
    rng = np.random.default_rng(0)
    first, second = Tfidf.of("title", min_rows=1), MultiHot.of("tags")
    words = table(
        6,
        title=("text", [" ".join(rng.choice(list("abcd"), 3)) for _ in range(6)]),
        tags=("tags", [tuple(rng.choice(list("xyz"), 2)) for _ in range(6)]),
    )
    made = Cross(first, second).fit(words).transform(words).toarray()
    a, b = first.transform(words).toarray(), second.transform(words).toarray()
    product = np.einsum("ri,rj->rij", a, b).reshape(6, -1)
    np.testing.assert_allclose(made, product[:, (product > 0).any(axis=0)], rtol=1e-6)


ALL = [
    OneHot.of("kind"),
    MultiHot.of("tags"),
    Binned.of("price", bins=3),
    Tfidf.of("title", min_rows=1),
    TimeOfDay.of("made"),
    DayOfWeek.of("made"),
    Year.of("made"),
    Age.of("made"),
    Place(PlaceConfig(latitude="north", longitude="east")),
    Cross(Cross(OneHot.of("kind"), Binned.of("price")), MultiHot.of("tags")),
]


@pytest.mark.parametrize("block", ALL, ids=lambda block: block.kind)
def test_every_block_serves_what_it_fitted_and_survives_json(block):
    whole = block.fit(SHOP).transform(SHOP)
    assert whole.dtype == np.float32
    assert whole.shape == (4, len(block.names))
    again = block_from(json.loads(json.dumps(block.state())))
    assert list(again.names) == list(block.names)
    assert again.state() == block.state()
    for row in range(4):
        alone = again.transform(SHOP.take(np.array([row])))
        np.testing.assert_array_equal(alone.toarray(), whole[row].toarray())


@pytest.mark.parametrize("block", ALL, ids=lambda block: block.kind)
def test_a_missing_column_is_zeros_when_serving(block):
    block.fit(SHOP)
    bare = block.transform(table(2, other=("number", [1.0, 2.0])))
    assert bare.shape == (2, len(block.names))
    assert bare.nnz == 0


def test_every_kind_is_tested_here():
    assert {block.kind for block in ALL} == set(BLOCKS)


@pytest.mark.parametrize("block", [OneHot.of("kind"), Cross(OneHot.of("kind"), MultiHot.of("tags"))])
def test_a_block_asked_before_fit_says_so(block):
    fresh = type(block)(*((block.config,) if isinstance(block, OneHot) else (block.first, block.second)))
    assert list(fresh.names) == []
    with pytest.raises(NotFittedError, match="needs fit first"):
        fresh.transform(SHOP)
    with pytest.raises(NotFittedError, match="needs fit first"):
        fresh.state()


def test_a_wrong_column_is_named():
    with pytest.raises(SettingsError, match="no column 'knid'; did you mean 'kind'"):
        OneHot.of("knid").fit(SHOP)
    with pytest.raises(SettingsError, match="reads a column of category, but 'tags' is tags"):
        OneHot.of("tags").fit(SHOP)
    with pytest.raises(SettingsError, match="min_cuont"):
        OneHot.of("kind", min_cuont=2)
