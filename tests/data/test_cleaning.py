"""What anyone may rely on from cleaning: only what is asked for, in known steps, with nothing out of step."""

from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm4rec.core import SettingsError
from llm4rec.data import Cleaning, clean, clean_loaded, load, read_dataset

DAY = 86_400
T = 1_000_000_000


def data(pairs, **columns):
    """Interactions of (user, item), a day apart in the order given."""
    frame = pl.DataFrame({"user_id": [u for u, _ in pairs], "item_id": [i for _, i in pairs]})
    times = [T + DAY * n for n in range(len(pairs))]
    return frame.with_columns(**{name: pl.Series(v) for name, v in ({"timestamp": times} | columns).items()})


def pairs(dataset):
    i = dataset.interactions
    return list(zip(dataset.users.ids.names(i.users), dataset.catalog.ids.names(i.items), strict=True))


ABC = [("u", "a"), ("u", "b"), ("v", "a")]


def test_nothing_is_cleaned_unless_asked():
    before = read_dataset(data(ABC))
    after, steps = clean(before, Cleaning())
    assert steps == ()
    assert pairs(after) == ABC


def test_low_ratings_go_and_users_and_items_stay():
    before = read_dataset(data(ABC, rating=[5, 2, 3]))
    after, (step,) = clean(before, Cleaning(min_rating=3))
    assert pairs(after) == [("u", "a"), ("v", "a")]
    assert after.catalog.ids.ids == ("a", "b")
    assert (step.rows, step.users, step.items) == ((3, 2), (2, 2), (2, 1))
    assert str(step) == "min_rating = 3.0: interactions 3 -> 2, users 2 -> 2, items 2 -> 1"
    assert after.notes[-1] == f"cleaning: {step}"


def test_a_minimum_rating_judges_ratings_only():
    before = read_dataset(data(ABC, kind=["rating", "listen", "rating"], value=[1.0, 1.0, None]))
    assert pairs(clean(before, Cleaning(min_rating=3))[0]) == [("u", "b"), ("v", "a")]


def test_kinds_to_keep():
    before = read_dataset(data(ABC, kind=["click", "view", "click"]))
    assert pairs(clean(before, Cleaning(kinds=("view",)))[0]) == [("u", "b")]
    with pytest.raises(SettingsError, match="'clik'; did you mean 'click'"):
        clean(before, Cleaning(kinds=("clik",)))


@pytest.mark.parametrize("second", [T + DAY, "2001-09-10T01:46:40Z"])
def test_since_is_included_and_until_is_not(second):
    before = read_dataset(data(ABC))
    assert pairs(clean(before, Cleaning(since=second))[0]) == [("u", "b"), ("v", "a")]
    assert pairs(clean(before, Cleaning(until=second))[0]) == [("u", "a")]


def test_a_wrong_date_is_refused_by_name():
    with pytest.raises(SettingsError, match=r"'since' = 'May'.*ISO date"):
        Cleaning.of({"since": "May"})


def test_duplicates_keep_the_first():
    twice = [("u", "a"), ("u", "a"), ("u", "a"), ("u", "b")]
    frame = data(twice, timestamp=[T + DAY, T, T + DAY, T], rating=[4.0, 3.0, 4.0, None])
    before = read_dataset(frame)
    exact, _ = clean(before, Cleaning(drop_duplicates="exact"))
    np.testing.assert_array_equal(exact.interactions.values, [3, np.nan, 4])
    pair, _ = clean(before, Cleaning(drop_duplicates="pair"))
    np.testing.assert_array_equal(pair.interactions.values, [3, np.nan])


def test_texts_count_for_exact_duplicates():
    frame = data([("u", "a")] * 3, timestamp=[T] * 3, text=["x", "y", "x"])
    after, _ = clean(read_dataset(frame), Cleaning(drop_duplicates="exact"))
    assert after.interactions.texts.tolist() == ["x", "y"]


def test_a_core_is_taken_until_nothing_changes_and_shortens_the_catalog():
    square = [(u, i) for u in "xyz" for i in "abc"]
    # w holds d up, and d holds w up only together with e, which nobody else has: both fall in turn.
    chain = [("w", "d"), ("w", "a"), ("x", "d"), ("w", "e")]
    items = pl.DataFrame({"item_id": [*"edcba", "never"], "title": [*"EDCBA", "Never"]})
    before = read_dataset(data(square + chain), items=items)
    after, (step,) = clean(before, Cleaning(k_core=3))
    assert sorted(pairs(after)) == square
    assert after.catalog.ids.ids == ("c", "b", "a")
    assert after.catalog.titles == ["C", "B", "A"]
    assert after.users.ids.ids == ("x", "y", "z")
    assert (step.users, step.items) == ((4, 3), (5, 3))


def test_a_core_of_nothing_is_empty():
    after, _ = clean(read_dataset(data(ABC)), Cleaning(k_core=5))
    assert (len(after.interactions), len(after.catalog), len(after.users)) == (0, 0, 0)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=40), st.integers(1, 4))
def test_a_core_keeps_its_promise_and_is_the_largest(rows, k):
    after, _ = clean(read_dataset(data(rows)), Cleaning(k_core=k))
    left = pairs(after)
    for side in (0, 1):
        counts = {name: sum(row[side] == name for row in left) for name in {row[side] for row in left}}
        assert all(count >= k for count in counts.values())
    expected = rows
    while True:  # one row at a time, as one would by hand
        fewer = [
            r
            for r in expected
            if sum(o[0] == r[0] for o in expected) >= k and sum(o[1] == r[1] for o in expected) >= k
        ]
        if fewer == expected:
            break
        expected = fewer
    assert sorted(left) == sorted(expected)


def test_steps_come_in_one_order_and_chain():
    before = read_dataset(data(ABC * 2, rating=[5, 1, 5, 5, 5, 5]))
    _, steps = clean(before, Cleaning(k_core=2, min_rating=2, drop_duplicates="pair"))
    assert [step.name.split(" =")[0] for step in steps] == ["min_rating", "drop_duplicates", "k_core"]
    assert all(a.rows[1] == b.rows[0] for a, b in pairwise(steps))


def test_marks_stay_in_step():
    frame = data(ABC, rating=[5, 1, 5], part=["train", "valid", "test"])
    loaded = load(frame, settings={"splits": {"official": "part"}})
    cleaned, steps = clean_loaded(loaded, Cleaning(min_rating=2))
    assert pairs(cleaned.dataset) == [("u", "a"), ("v", "a")]
    assert cleaned.marks["part"].tolist() == ["train", "test"]
    assert len(steps) == 1
    assert loaded.marks["part"].tolist() == ["train", "valid", "test"], "the input is left alone"
