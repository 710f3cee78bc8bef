"""What anyone may rely on from linear transitions."""

import numpy as np
import pytest

from llm4rec.core import History, Holdout
from llm4rec.models.transition import Transition, TransitionConfig, past_and_future, transition_counts
from llm4rec.testing import asking, best, context, fitted, in_a_row

FORMS = [TransitionConfig(reg=5.0), TransitionConfig(reg=5.0, dense_limit=5)]
IDS = ["dense", "sparse"]


@pytest.mark.parametrize("config", FORMS, ids=IDS)
def test_after_a_stop_comes_the_next_stop(config):
    model = fitted(Transition(config), in_a_row())
    assert [best(model, asking(n)) for n in range(12)] == [(n + 1) % 12 for n in range(12)]


@pytest.mark.parametrize("config", FORMS, ids=IDS)
def test_order_matters(config):
    model = fitted(Transition(config), in_a_row())
    assert best(model, asking(3, 8)) == 9
    assert best(model, asking(8, 3)) == 4


def test_places_of_a_history_are_counted_as_written():
    config = TransitionConfig(decay=2.0, ahead=2, window=30)
    past, future = past_and_future(np.array([0, 1, 2, 3, 0]), np.array([0, 3, 5]), 4, config)
    fade = np.exp(-1 / 2.0)
    assert past.shape == (5, 4)
    np.testing.assert_allclose(past.toarray()[1], [1, 0, 0, 0])  # before event 1 stood item 0
    np.testing.assert_allclose(past.toarray()[2], [fade, 1, 0, 0], rtol=1e-6)
    np.testing.assert_allclose(past.toarray()[4], [0, 0, 0, 1])  # the next user begins anew
    np.testing.assert_allclose(future.toarray()[1], [0, 1, np.exp(-1), 0], rtol=1e-6)
    np.testing.assert_allclose(future.toarray()[2], [0, 0, 1, 0])  # nothing follows across users
    assert not past.toarray()[[0, 3]].any()
    assert not future.toarray()[[0, 3]].any(), "nothing stands before the first event"


def test_the_window_bounds_the_past():
    config = TransitionConfig(window=1, ahead=1)
    past, _ = past_and_future(np.array([0, 1, 2]), np.array([0, 3]), 3, config)
    assert past.toarray()[2].tolist() == [0, 1, 0]


def test_counts_do_not_depend_on_how_many_users_are_counted_at_once(monkeypatch):
    items = np.random.default_rng(0).integers(0, 6, 60)
    bounds = np.arange(0, 61, 5)
    whole = transition_counts(items, bounds, 6, TransitionConfig())
    monkeypatch.setattr("llm4rec.models.transition.CHUNK", 1)
    single = transition_counts(items, bounds, 6, TransitionConfig())
    for one, other in zip(whole, single, strict=True):
        np.testing.assert_allclose(one.toarray(), other.toarray(), rtol=1e-5)


def test_the_map_solves_the_ridge_regression_of_what_follows_on_the_past():
    config = TransitionConfig(reg=3.0)
    items, bounds = np.random.default_rng(0).integers(0, 6, 60), np.arange(0, 61, 5)
    past, future = (side.toarray().astype(np.float64) for side in past_and_future(items, bounds, 6, config))
    expected = np.linalg.solve(past.T @ past + 3.0 * np.eye(6), past.T @ future)
    from llm4rec.core import silent
    from llm4rec.models.transition import transition_map

    found = transition_map(*transition_counts(items, bounds, 6, config), config, silent)
    np.testing.assert_allclose(found.matrix, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("config", FORMS, ids=IDS)
def test_learning_and_forgetting_a_visitor_again_and_again_does_not_drift(config):
    model = fitted(Transition(config), in_a_row())
    requests = [asking(n, (n + 5) % 12) for n in range(12)]
    start = model.score(requests)
    for step in range(30):
        visitor = History.of([step % 12, (step * 5) % 12, (step * 7 + 2) % 12])
        model = model.partial_fit([History.of([])], [visitor]).forget([visitor])
    np.testing.assert_allclose(model.score(requests), start, atol=1e-3)


def test_the_scoring_decay_that_answers_held_out_questions_is_chosen_and_said():
    # Faded slowly, three calls at stop 0 outweigh the latest at stop 6.
    data = in_a_row()
    questions = Holdout([asking(0, 0, 0, 6)] * 4, [np.array([7])] * 4)
    config = TransitionConfig(reg=5.0, decay=30.0, score_decays=(30.0, 0.5))
    slow = fitted(Transition(config), data)
    assert best(slow, asking(0, 0, 0, 6)) == 1
    model = Transition(config).fit(data, context(data, holdout=questions))
    assert model.chosen.score_decay == model.decay == 0.5
    assert best(model, asking(0, 0, 0, 6)) == 7


def test_contributions_sum_to_the_score():
    model = fitted(Transition(), in_a_row())
    given = model.contributions(asking(1, 5, 1), np.array([2, 6]))
    scores = model.score([asking(1, 5, 1)], np.array([2, 6]))[0]
    np.testing.assert_allclose([sum(row.values()) for row in given], scores, rtol=1e-4)
    assert given[1][5] > given[1][1]
