"""A search and a session beside a history: they lift what fits, rule nothing out, and say what they could not do."""

from dataclasses import replace

import numpy as np
import pytest

from llm4rec.core import Interactions, SettingsError, Users, Vocabulary
from llm4rec.engine import Engine
from llm4rec.engine.intent import shares
from llm4rec.engine.settings import AskSettings
from llm4rec.testing import shelf

TITLES = (
    "space robots",
    "robots at war",
    "garden soil",
    "roses for the garden",
    "robots in love",
    "winter soil",
)


@pytest.fixture(scope="module")
def data():
    taken = [0, 1, 0, 4, 1, 4, 2, 3, 2, 5, 3, 5]
    people = Users(Vocabulary([f"user-{n}" for n in range(6)]))
    return replace(shelf(*TITLES), interactions=Interactions.of(np.arange(12) // 2, taken), users=people)


@pytest.fixture
def made(engine, data):
    return engine("sequence").fit(data)


def test_a_query_lifts_what_it_names_and_rules_nothing_out(made):
    usual = made.recommend(history=["item-0"], n=5)
    asked = made.recommend(history=["item-0"], n=5, query="roses")
    assert asked.scores[asked.items.index("item-3")] > usual.scores[usual.items.index("item-3")]
    assert set(asked.items) == set(usual.items)
    assert asked.degraded == ()


def test_how_far_it_lifts_is_set(data, settings):
    strong = settings.model_copy(update={"ask": AskSettings(intent=3.0)})
    off = settings.model_copy(update={"ask": AskSettings(intent=0.0)})
    first = [
        Engine(one, model="sequence").fit(data).recommend(history=["item-0"], n=1, query="roses").items[0]
        for one in (strong, off)
    ]
    assert first[0] == "item-3"
    assert first[1] != "item-3"


def test_taste_still_orders_what_fits_alike(made):
    for person, first in (("user-0", "item-4"), ("user-3", "item-5")):
        assert made.recommend(user=person, n=1, query="robots soil").items[0] == first


def test_a_session_goes_behind_the_history_of_a_known_user(made):
    before = made.recommend(user="user-0", n=4)
    after = made.recommend(user="user-0", n=4, session=["item-2", "item-3"])
    assert {"item-2", "item-3"}.isdisjoint(after.items)
    assert after.items[0] == "item-5"
    assert before.items[0] != "item-5"
    same = made.recommend(history=["item-0", "item-1", "item-2", "item-3"], n=4)
    assert after.items == same.items


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("", "no words"),
        ("  ?!\u202e ", "no words"),
        ("robots " * 20_000, "cut"),
    ],
)
def test_what_cannot_be_used_is_said(made, query, told):
    answer = made.recommend(history=["item-0"], n=3, query=query)
    assert any(told in note for note in answer.degraded)
    assert len(answer.items) == 3


def test_a_query_that_is_no_text_is_refused(made):
    with pytest.raises(SettingsError, match="query = 3"):
        made.recommend(history=["item-0"], query=3)


def test_strange_items_of_a_session_are_said(made):
    answer = made.recommend(user="user-0", session=["nothing"])
    assert any("['nothing']" in note for note in answer.degraded)


def test_shares_go_from_the_mean_to_the_best():
    np.testing.assert_allclose(shares(np.array([0.0, 1.0, 2.0, 5.0], np.float32)), [0, 0, 0, 1])
    assert not shares(np.full(3, 2.0, np.float32)).any()
    assert len(shares(np.zeros(0, np.float32))) == 0
