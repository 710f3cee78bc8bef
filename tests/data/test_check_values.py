"""What anyone may rely on when times, kinds and values of interactions are checked."""

import math
from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import polars as pl
import pytest
from bad_tables import T, csv, events, notes, only_problem, place

from llm4rec.data import load, read_dataset


@pytest.mark.parametrize(
    ("times", "what", "row"),
    [
        ([T, -5, T], "negative", 2),
        ([T, T, math.inf], "finite", 3),
        ([T, math.nan, T], "missing", 2),
        ([T, None, T], "missing", 2),
        ([T, T, 5_000_000_000], "after the year 2100", 3),
        ([datetime(2000, 1, 1), datetime(1960, 1, 1), datetime(2001, 1, 1)], "before 1970", 2),
        ([datetime(2000, 1, 1), datetime(2001, 1, 1), datetime(2200, 1, 1)], "after the year 2100", 3),
        (["2001-01-01", "yesterday", "2001-01-03"], "neither a number nor an ISO date", 2),
        (["2001-01-01", "2001-02-31", "2001-01-03"], "neither a number nor an ISO date", 2),
        (["2001-01-01", "2001-01-01T25:00", "2001-01-03"], "neither a number nor an ISO date", 2),
        (["2001-01-01", str(T), "2001-01-03"], "some are dates", 2),
        (["2001-01-01", "", "2001-01-03"], "missing", 2),
    ],
)
def test_an_impossible_time_is_named(times, what, row):
    problem = only_problem(events(timestamp=times))
    assert place(problem) == ("interactions", "timestamp", row)
    assert what in problem.message


def test_a_time_that_is_no_time_is_refused():
    assert "not Boolean" in only_problem(events(timestamp=[True, False, True])).message
    assert (
        "not Duration" in only_problem(events(timestamp=[timedelta(1), timedelta(2), timedelta(3)])).message
    )


def test_mixed_units_are_named_by_a_row_of_each():
    problem = only_problem(events(timestamp=[T, T * 1000, T * 1000]))
    assert f"row 1 is in seconds ({T})" in problem.message
    assert f"row 2 is in milliseconds ({T * 1000})" in problem.message
    assert problem.count == 1, "the fewer"


@pytest.mark.parametrize(
    ("unit", "factor"), [("milliseconds", 10**3), ("microseconds", 10**6), ("nanoseconds", 10**9)]
)
def test_a_whole_column_in_another_unit_becomes_seconds_with_a_note(unit, factor):
    frame = events(timestamp=[T * factor, (T + 1) * factor, (T + 2) * factor])
    assert sorted(read_dataset(frame).interactions.timestamps) == [T, T + 1, T + 2]
    assert f"was in {unit}" in notes(frame)


MOMENT = datetime(2001, 9, 9, 1, 46, 40, tzinfo=UTC)  # second 1e9 of the unix clock


@pytest.mark.parametrize(
    "moment",
    [
        MOMENT,
        MOMENT.astimezone(timezone(timedelta(hours=-5))),
        MOMENT.replace(tzinfo=None),
        "2001-09-09T01:46:40Z",
        "2001-09-09 01:46:40",
        "2001-09-09T03:46:40+02:00",
        "2001-09-08T20:16:40.000-0530",
        str(T),
    ],
)
def test_moments_of_every_kind_become_utc_seconds(moment):
    frame = pl.DataFrame({"user_id": [1], "item_id": [1], "timestamp": [moment]})
    assert read_dataset(frame).interactions.timestamps.tolist() == [T]


def test_times_without_a_zone_are_noted_as_utc():
    frame = pl.DataFrame({"user_id": [1, 1], "item_id": [1, 2]})
    for naive in (["2001-09-09", "2001-09-10"], [date(2001, 9, 9), date(2001, 9, 10)]):
        assert "taken as UTC" in notes(frame.with_columns(timestamp=pl.Series(naive)))
    assert "taken as UTC" not in notes(frame.with_columns(timestamp=pl.Series(["2001-09-09T00:00Z"] * 2)))


def test_a_small_counter_is_an_order():
    frame = events(timestamp=[2, 1, 1])
    loaded = load(frame)
    assert loaded.dataset.interactions.timestamps.tolist() == [1, 2, 1]
    assert loaded.report.counts["time"] == "counter"
    assert "taken as an order" in notes(frame)


def test_without_times_the_order_of_the_rows_counts():
    frame = events().drop("timestamp")
    assert read_dataset(frame).interactions.timestamps.tolist() == [0, 1, 2]
    assert "order of the rows" in notes(frame)


def test_zero_among_real_times_is_noted():
    assert "zero often stands for an unknown time [1 rows]" in notes(events(timestamp=[T, 0, T]))


def test_ties_in_time_are_counted_and_keep_the_order_of_the_file():
    frame = events(timestamp=[T, T, T])
    assert read_dataset(frame).interactions.items.tolist() == [0, 1, 0]
    assert "same user and time as another: the order of the file decides [1 rows]" in notes(frame)


def test_a_rating_that_is_a_word_is_named(tmp_path):
    rows = "".join(f"{n},a{n},{n % 5}\n" for n in range(16)) + "16,x,five\n17,y,six\n"
    problem = only_problem(csv(tmp_path, f"user_id,item_id,rating\n{rows}"))
    assert place(problem) == ("interactions.csv", "rating", 17)
    assert (problem.value, problem.count) == ("'five'", 2)
    assert "Write a number" in problem.remedy


def test_an_infinite_value_is_named_and_a_missing_one_is_counted():
    assert only_problem(events(value=[1.0, math.inf, 1.0])).row == 2
    frame = events(rating=[5.0, None, math.nan])
    assert "rows without a value were kept [2 rows]" in notes(frame)
    np.testing.assert_array_equal(read_dataset(frame).interactions.values, [5, np.nan, np.nan])


def test_a_rating_outside_its_range_is_named():
    problem = only_problem(events(rating=[1, 5, 6]), settings={"rating": [1, 5]})
    assert place(problem) == ("interactions", "rating", 3)
    assert "outside 1 to 5" in problem.message


def test_kinds_come_from_the_column_the_rating_or_are_clicks():
    assert read_dataset(events()).interactions.kind_names == ("click",)
    assert read_dataset(events(rating=[1, 2, 3])).interactions.kind_names == ("rating",)
    mixed = read_dataset(events(kind=["view", "cart", "view"])).interactions
    assert [mixed.kind_names[k] for k in mixed.kinds] == ["view", "cart", "view"]


def test_a_missing_kind_is_named():
    assert place(only_problem(events(kind=["view", "", None]))) == ("interactions", "kind", 2)


def test_kinds_in_capitals_and_unknown_kinds_are_noted():
    told = notes(events(kind=["Dislike", "dislik", "click"]))
    assert "lower case [1 rows]" in told
    assert "'dislik' is not one we know and speaks for its item; did you mean 'dislike'?" in told


def test_a_rating_and_a_value_are_joined():
    frame = events(kind=["rating", "listen", "rating"], rating=[4, None, 3], value=[None, 17, None])
    assert read_dataset(frame).interactions.values.tolist() == [4, 17, 3]


def test_texts_arrive_and_blank_ones_are_none():
    assert read_dataset(events(text=["good", " ", None])).interactions.texts.tolist() == ["good", None, None]
    assert read_dataset(events()).interactions.texts is None
