"""What anyone may rely on from contexts: matched by name, in step with their events, nothing where nothing is told."""

import numpy as np
import pytest

from llm4rec.core import (
    Dataset,
    EventContexts,
    History,
    Interactions,
    KnownUsers,
    Users,
    Vocabulary,
    asked_codes,
    context_word,
)
from llm4rec.testing import shelf

DEVICES = EventContexts.of({"device": ["phone", None, "tv"], "rainy": [True, False, None]})


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ("phone", "phone"),
        (" phone ", "phone"),
        (True, "true"),
        ("False", "false"),
        (np.bool_(True), "true"),
        (2, "2"),
        (2.0, "2"),
        ("2.0", "2"),
        ("007", "007"),
        ("2.50", "2.50"),
        (None, ""),
        (float("nan"), ""),
        ("  ", ""),
    ],
)
def test_a_value_is_one_word_however_it_is_written(value, word):
    assert context_word(value) == word


def test_codes_name_words_and_zero_is_not_told():
    assert DEVICES.values == (("phone", "tv"), ("false", "true"))
    assert DEVICES.codes.tolist() == [[1, 2], [0, 1], [2, 0]]
    assert [DEVICES.told(row) for row in range(3)] == [
        {"device": "phone", "rainy": "true"},
        {"rainy": "false"},
        {"device": "tv"},
    ]
    assert DEVICES.column("device").tolist() == ["phone", None, "tv"]


def test_contexts_of_different_origin_are_matched_by_name_and_word():
    other = EventContexts.of({"place": ["home", "work"], "device": ["tv", "watch"]})
    both = EventContexts.joined([DEVICES, None, other], [3, 1, 2])
    assert [both.told(row) for row in range(6)] == [
        *(DEVICES.told(row) for row in range(3)),
        {},
        {"place": "home", "device": "tv"},
        {"place": "work", "device": "watch"},
    ]
    np.testing.assert_array_equal(both.codes[:3, :2], DEVICES.codes)
    assert EventContexts.joined([None, None], [1, 2]) is None


def test_codes_of_other_words():
    known = {"rainy": ("true",), "device": ("tv", "phone"), "mood": ("good",)}
    assert DEVICES.coded(known).tolist() == [[1, 2, 0], [0, 0, 0], [0, 1, 0]]
    asked = [{"device": "phone", "rainy": True}, {"device": "watch"}, {}]
    assert asked_codes(asked, known).tolist() == [[1, 2, 0], [0, 0, 0], [0, 0, 0]]


def events(users, items, contexts=None):
    return Interactions.of(users, items, contexts=contexts)


def test_events_keep_their_contexts_when_they_are_taken_sorted_and_joined():
    rows = events([1, 0, 0], [0, 1, 2], DEVICES)
    assert [rows.sorted().context(row).get("device") for row in range(3)] == [None, "tv", "phone"]
    assert rows.take(np.array([2])).context(0) == {"device": "tv"}
    joined = rows.followed_by(events([2], [3])).followed_by(
        events([2], [3], EventContexts.of({"device": ["watch"]}))
    )
    assert [joined.context(row).get("device") for row in range(5)] == ["phone", None, "tv", None, "watch"]
    assert events([0], [0]).followed_by(events([0], [0])).contexts is None
    assert events([0], [0]).context(0) == {}


def test_contexts_are_as_many_as_events():
    with pytest.raises(ValueError, match="different lengths"):
        events([0, 1], [0, 1], DEVICES)
    with pytest.raises(ValueError, match="names"):
        EventContexts(("device",), (), np.zeros((2, 1), np.int64))


def test_histories_carry_the_contexts_of_their_events():
    plain = shelf()
    rows = events([0, 0, 1], [0, 1, 2], DEVICES)
    data = Dataset(rows, plain.catalog, Users(Vocabulary(["a", "b"])))
    assert data.history(0).contexts.told(0) == {"device": "phone", "rainy": "true"}
    assert data.history(1).contexts.told(0) == {"device": "tv"}
    assert data.history(0).take(slice(1, 2)).contexts.told(0) == {"rainy": "false"}
    assert data.history(0).interactions(7).context(0)["device"] == "phone"
    both = History.of([3]).followed_by(data.history(1))
    assert [both.contexts.told(row) for row in range(2)] == [{}, {"device": "tv"}]
    every, _ = KnownUsers(data, np.array([1, 0])).events
    assert every.contexts.column("device").tolist() == ["tv", "phone", None]
    assert plain.history(0).contexts is None
