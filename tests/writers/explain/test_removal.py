"""What an item loses when things are taken out of a history, on a model whose every weight is known."""

from dataclasses import replace

import numpy as np
import pytest

from llm4rec.core import History, Request
from llm4rec.writers.explain.removal import LOOKED, Question

ITEMS = 60


class Adding:
    """A score is the sum of what each history item gives, plus what the context gives; nothing known: popularity."""

    def __init__(self):
        self.gives = np.zeros((ITEMS, ITEMS), np.float32)
        self.popular = np.linspace(0.0, 1.0, ITEMS, dtype=np.float32)

    def __call__(self, requests):
        rows = []
        for request in requests:
            known = np.unique(request.history.liked)
            row = self.gives[known].sum(axis=0) if len(known) else self.popular.copy()
            if request.context.get("place") == "train":
                row[40] += 2.0
            rows.append(row)
        return np.stack(rows), np.array([len(r.history.liked) == 0 for r in requests])


@pytest.fixture
def model():
    return Adding()


def ask(model, history, items, **given):
    request = replace(Request(History.of(history)), **given)
    return Question(request, np.array(items), model).losses()


def test_the_costliest_are_cited_and_what_each_costs_is_exact(model):
    model.gives[[0, 1, 2, 3], 50] = [1.0, 8.0, 4.0, 0.1]
    (found,) = ask(model, [0, 1, 2, 3], [50])
    assert found.cited == (1, 2)  # the others cost less than a fifth of the costliest
    assert found.alone == pytest.approx((8.0, 4.0))
    assert found.shares == pytest.approx((8 / 13.1, 4 / 13.1))
    assert found.together == pytest.approx(12.0)


def test_what_speaks_against_an_item_is_not_cited(model):
    model.gives[[0, 1], 50] = [-3.0, 1.0]
    (found,) = ask(model, [0, 1], [50])
    assert found.cited == (1,)


def test_an_item_without_which_another_falls_out_is_named_and_no_more_than_needed(model):
    model.gives[[0, 1, 2], 50] = [5.0, 2.0, 1.0]
    model.gives[3, 30:33] = 4.0  # three others at 4; item 50 stands at 8
    one, two = ask(model, [0, 1, 2, 3], [50, 50], n=3)
    assert one.place == 1
    assert one.without == two.without == (0,)  # 3 left: three others are above it


def test_two_are_named_where_one_is_not_enough(model):
    model.gives[[0, 1, 2], 50] = [5.0, 2.5, 1.5]
    model.gives[3, 30:33] = 3.0
    (found,) = ask(model, [0, 1, 2, 3], [50], n=3)
    assert found.without == (0, 1)


def test_none_is_named_where_the_item_stays_or_was_not_there(model):
    model.gives[[0, 1, 2], 50] = 5.0
    model.gives[3, 30:33] = 1.0
    stays, outside = ask(model, [0, 1, 2, 3, 4], [50, 59], n=3)
    assert stays.place == 1
    assert outside.place > 3
    assert (len(stays.without), outside.without) == (3, ())  # without all three it has nothing
    model.gives[0, 59] = 0.5
    (outside,) = ask(model, [0, 1, 2, 3, 4], [59], n=3)
    assert (outside.cited, outside.without) == ((0,), ())
    model.gives[4, 50] = 5.0
    (stays,) = ask(model, [0, 1, 2, 3, 4], [50], n=3)
    assert stays.without == ()


def test_what_was_taken_out_does_not_come_back_to_push_the_item_out(model):
    model.gives[[0, 1], 50] = [2.0, 2.0]
    model.gives[1, 0] = 9.0  # item 0 would stand first if it could be shown
    (found,) = ask(model, [0, 1], [50], n=1)
    assert set(found.without) == {0, 1}


def test_an_old_event_is_found_where_it_matters_most(model):
    history = list(range(1, 50))
    model.gives[3, 55] = 7.0
    model.gives[49, 55] = 0.5
    (found,) = ask(model, [*history], [55])
    assert len(history) - LOOKED > 3
    assert found.cited == (3,)


def test_the_context_is_taken_out_too(model):
    model.gives[0, 40] = 1.0
    (with_place,) = ask(model, [0], [40], context={"place": "train", "device": "phone"})
    assert with_place.context == {"place": pytest.approx(2.0)}


def test_two_rounds_of_scoring_are_enough_for_a_list(model):
    model.gives[[0, 1, 2], 50] = [5.0, 2.5, 1.5]
    rounds = []

    def counting(requests):
        rounds.append(len(requests))
        return model(requests)

    request = Request(History.of([0, 1, 2, 3]), context={"place": "train"}, n=3)
    Question(request, np.array([50, 51, 52]), counting).losses()
    assert rounds == [1 + 4 + 1, 2]  # as it is, each thing alone, the context; then two and three together


def test_nothing_is_cited_of_a_history_that_says_nothing(model):
    (found,) = ask(model, [], [59], n=3)
    assert (found.place, found.cited, found.without) == (1, (), ())


def test_one_event_carries_everything(model):
    """Without it nothing is known, and scores are of another kind: the item loses all it had above the least."""
    model.gives[0, 30] = 2.0
    (found,) = ask(model, [0], [30], n=2)
    assert (found.cited, found.together, found.without) == ((0,), pytest.approx(2.0), (0,))
