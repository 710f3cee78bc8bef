"""What anyone may rely on from the columns of what people did."""

import numpy as np
import pytest

from llm4rec.core import NEGATIVE_KINDS, History, Interactions

NAN = float("nan")


def test_sorting_is_by_user_then_time_and_ties_keep_their_order():
    events = Interactions.of([1, 0, 1, 1, 0], [10, 11, 12, 13, 14], timestamps=[5, 9, 5, 1, 9])
    ordered = events.sorted()
    assert ordered.users.tolist() == [0, 0, 1, 1, 1]
    assert ordered.items.tolist() == [11, 14, 13, 10, 12]
    assert ordered.is_sorted()
    assert not events.is_sorted()
    assert events.items.tolist() == [10, 11, 12, 13, 14], "the events given stay as they are"


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match=r"different lengths: \[1, 2\]"):
        Interactions.of([0, 1], [3])


def test_one_log_behind_another_matches_kinds_by_name():
    first = Interactions.of([0, 0], [1, 2], kinds=[0, 1], kind_names=("click", "like"))
    second = Interactions.of([1, 1], [3, 4], kinds=[0, 1], kind_names=("like", "dislike"))
    both = first.followed_by(second)
    assert [both.kind_names[k] for k in both.kinds] == ["click", "like", "like", "dislike"]
    assert both.items.tolist() == [1, 2, 3, 4]


def test_texts_that_only_one_log_has_are_missing_in_the_other():
    first = Interactions.of([0], [1])
    second = Interactions.of([0], [2], texts=np.array(["loved it"], dtype=object))
    assert first.followed_by(second).texts.tolist() == [None, "loved it"]
    assert second.followed_by(first).texts.tolist() == ["loved it", None]
    assert first.followed_by(first).texts is None


def test_an_empty_log_behind_or_before_changes_nothing():
    empty = Interactions.of([], [], kind_names=())
    some = Interactions.of([0], [4], kinds=[0], kind_names=("like",))
    assert some.followed_by(empty).items.tolist() == [4]
    assert empty.followed_by(some).kind_names == ("like",)


@pytest.mark.parametrize(
    ("kind", "value", "speaks_for_it"),
    [
        ("click", NAN, True),
        ("click", 1.0, True),
        ("click", 0.0, False),
        ("purchase", NAN, True),
        ("rating", 5.0, True),
        ("rating", 1.0, True),
        ("rating", 0.0, True),
        ("impression", NAN, False),
        ("impression", 0.0, False),
        ("impression", 1.0, True),
        ("dislike", NAN, False),
        ("dislike", 1.0, False),
        ("hide", NAN, False),
        ("skip", 1.0, False),
        ("remove", NAN, False),
    ],
)
def test_which_events_speak_for_their_item(kind, value, speaks_for_it):
    # Another kind before it, so that a rule that confuses the name's place is found.
    events = Interactions.of([0, 0], [0, 1], kinds=[0, 1], kind_names=("like", kind), values=[NAN, value])
    assert events.positive.tolist() == [True, speaks_for_it]


def test_every_negative_kind_has_its_row_above():
    assert {"dislike", "hide", "skip", "impression", "remove"} == NEGATIVE_KINDS


def test_rows_are_taken_by_mask_or_number():
    events = Interactions.of([0, 0, 1], [5, 6, 7], texts=np.array(["a", "b", "c"], dtype=object))
    assert events.take(np.array([True, False, True])).texts.tolist() == ["a", "c"]
    assert events.take(np.array([2, 0])).items.tolist() == [7, 5]


def test_a_bare_history_is_clicks_in_the_order_given():
    history = History.of([4, 2, 4])
    assert history.liked.tolist() == [4, 2, 4]
    assert (np.diff(history.timestamps) > 0).all()


def test_liked_leaves_out_what_was_disliked():
    history = History(
        np.array([1, 2, 3]),
        np.array([0, 1, 0]),
        np.full(3, NAN, np.float32),
        np.arange(3.0),
        ("like", "hide"),
    )
    assert history.liked.tolist() == [1, 3]
    assert history.take(slice(1, 3)).liked.tolist() == [3]


def test_a_history_is_the_interactions_of_one_user():
    history = History.of([4, 2], [10.0, 20.0])
    events = history.interactions(user=3)
    assert events.users.tolist() == [3, 3]
    assert events.items.tolist() == [4, 2]
    longer = history.followed_by(History.of([9], [30.0]))
    assert longer.items.tolist() == [4, 2, 9]
    assert longer.timestamps.tolist() == [10.0, 20.0, 30.0]


class Looked(np.ndarray):
    """Times that count how often all of them were looked through."""

    times = 0

    def max(self, *args, **kwargs):
        Looked.times += 1
        return super().max(*args, **kwargs)


def test_whether_there_is_a_clock_is_looked_up_once():
    Looked.times = 0
    stamps = (1.7e9 + np.arange(3.0)).view(Looked)
    events = Interactions.of([0, 0, 1], [0, 1, 2], timestamps=stamps)
    object.__setattr__(events, "timestamps", stamps)  # as they are, not as a plain array
    assert [events.has_clock for _ in range(5)] == [True] * 5
    assert Looked.times == 1, "what every request asks may not cost as much as there are events"
    assert not Interactions.of([0], [0]).has_clock
