"""What anyone may rely on from EASE."""

import numpy as np
import pytest
from pydantic import ValidationError

from llm4rec.core import History, Holdout, Request
from llm4rec.models.ease import Ease, EaseConfig
from llm4rec.testing import asking, best, checkerboard, context, fitted, shelf

FORMS = [EaseConfig(reg=1.0), EaseConfig(reg=1.0, dense_limit=5)]
IDS = ["dense", "sparse"]


@pytest.mark.parametrize("config", FORMS, ids=IDS)
def test_what_a_user_of_the_checkerboard_lacks_comes_first(config):
    data = checkerboard()
    model = fitted(Ease(config), data)
    assert [best(model, Request(data.history(u))) for u in range(20)] == list(range(20))


def test_the_map_is_that_of_the_paper():
    data = checkerboard(8)
    taken = data.matrix().toarray().astype(np.float64)
    inverse = np.linalg.inv(taken.T @ taken + 3.0 * np.eye(8))
    expected = inverse / -np.diagonal(inverse)
    np.fill_diagonal(expected, 0.0)
    model = fitted(Ease(EaseConfig(reg=3.0, decay=None)), data)
    found = model.score([asking(n) for n in range(8)])
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(("decay", "expected"), [(0.5, 3), (None, 1)])
def test_a_fading_history_follows_the_latest(decay, expected):
    # Three robots long ago, one garden now: without fading robots win by number.
    data = shelf()
    model = fitted(Ease(EaseConfig(reg=1.0, decay=decay)), data)
    scores = model.score([Request(History.of([0, 0, 2]))])[0]
    if decay is None:
        assert scores[1] == pytest.approx(scores[3])
    else:
        assert scores[3] > 2 * scores[1]
    assert best(model, asking(0, 0, 2)) == expected


@pytest.mark.parametrize("config", FORMS, ids=IDS)
def test_contributions_sum_to_the_score(config):
    data = checkerboard()
    model = fitted(Ease(config), data)
    request = Request(History.of([4, 2, 4, 9]))
    given = model.contributions(request, np.array([6, 4]))
    assert [set(row) for row in given] == [{4, 2, 9}] * 2
    scores = model.score([request], np.array([6, 4]))[0]
    np.testing.assert_allclose([sum(row.values()) for row in given], scores, rtol=1e-4)


def test_many_small_updates_do_not_drift():
    data = checkerboard()
    model = fitted(Ease(EaseConfig(reg=1.0)), data)
    requests = [Request(data.history(u)) for u in range(20)]
    start = model.score(requests)
    for step in range(60):
        visitor = History.of([step % 20, (step * 7 + 3) % 20, (step * 3 + 1) % 20])
        model = model.partial_fit([History.of([])], [visitor])
        model = model.forget([visitor])
    np.testing.assert_allclose(model.score(requests), start, atol=2e-3)


def test_the_decay_that_answers_held_out_questions_is_chosen_and_said():
    # Robots twice, then a garden, then the other garden: unfaded it is a tie, faded slowly robots win.
    data = shelf()
    questions = Holdout([asking(0, 0, 2)] * 5, [np.array([3])] * 5)
    config = EaseConfig(reg=1.0, decay=20.0, decays=(20.0, None, 0.5))
    model = Ease(config).fit(data, context(data, holdout=questions))
    assert model.decay == model.chosen.decay == 0.5
    assert model.config == config, "the config given stays"
    assert best(model, asking(0, 0, 2)) == 3


def test_nothing_is_chosen_where_that_is_switched_off():
    data = shelf()
    questions = Holdout([asking(0, 0, 2)] * 5, [np.array([3])] * 5)
    model = Ease(EaseConfig(decay=20.0, decays=(0.5,), tune=False))
    assert model.fit(data, context(data, holdout=questions)).decay == 20.0


def test_wrong_settings_are_refused_by_name():
    with pytest.raises(ValidationError, match="reg"):
        EaseConfig(reg=0.0)
    with pytest.raises(ValidationError, match="decay"):
        EaseConfig(decay=-1.0)
