"""Weights against popularity: what few took counts more, forgetting stays exact, and nothing changes at 0."""

import numpy as np
import pytest

from llm4rec.core import Dataset, FitContext, Interactions, Request, Users, Vocabulary
from llm4rec.models.als import Als, AlsConfig
from llm4rec.models.ease import Ease, EaseConfig
from llm4rec.models.propensity import inverse_propensity, scaled
from llm4rec.testing import asking, checkerboard, fitted, shelf


def skewed():
    """Whoever took 0 took 1 (popular, twenty people) or 2 (rare, two people), each as often as 0 allows."""
    rows = [[0, 1]] * 20 + [[0, 2]] * 2 + [[1, 3]] * 20
    data = shelf("a", "b", "c", "d")
    users = np.repeat(np.arange(len(rows)), 2)
    people = Users(Vocabulary([f"u{n}" for n in range(len(rows))]))
    return Dataset(Interactions.of(users, np.concatenate(rows)).sorted(), data.catalog, people)


MODELS = {
    "ease": lambda p: Ease(EaseConfig(reg=1.0, decay=None, tune=False, propensity=p)),
    "ease, sparse": lambda p: Ease(EaseConfig(reg=1.0, decay=None, tune=False, dense_limit=2, propensity=p)),
    "als": lambda p: Als(AlsConfig(embedding_size=3, decay=None, tune=False, propensity=p)),
}


@pytest.mark.parametrize("name", MODELS)
def test_what_few_took_gains_on_what_many_took(name):
    plain, weighed = (fitted(MODELS[name](power), skewed()).score([asking(0)])[0] for power in (0.0, 0.5))
    assert weighed[2] / weighed[1] > 1.1 * plain[2] / plain[1]


def test_weights_have_a_mean_of_one_over_interactions():
    matrix = skewed().matrix()
    weights = inverse_propensity(matrix, 0.5)
    assert scaled(matrix, weights).sum() == pytest.approx(matrix.sum())
    assert weights[2] / weights[1] == pytest.approx((41 / 3) ** 0.5)
    assert inverse_propensity(matrix, 0.0) is None


def test_the_map_is_that_of_the_scaled_matrix():
    data = skewed()
    model = fitted(MODELS["ease"](0.7), data)
    scale = np.sqrt(inverse_propensity(data.matrix(), 0.7))
    taken = data.matrix().toarray() * scale
    inverse = np.linalg.inv(taken.T @ taken + np.eye(4))
    expected = scale[:, None] * (np.eye(4) - inverse / np.diagonal(inverse))
    np.testing.assert_allclose(model.score([asking(n) for n in range(4)]), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_it_is_labelled_saved_and_read_back(name):
    model = fitted(MODELS[name](0.5), skewed())
    assert any("popularity^0.5" in line for line in model.notes_)
    back = type(model)(model.config).restore(model.state(), FitContext())
    np.testing.assert_allclose(back.score([asking(0, 1)]), model.score([asking(0, 1)]), rtol=1e-6)
    given = model.contributions(asking(0, 1), np.array([2]))[0]
    assert sum(given.values()) == pytest.approx(float(model.score([asking(0, 1)])[0, 2]), rel=1e-3, abs=1e-5)


def test_forgetting_keeps_the_weights_of_the_first_fit():
    board = checkerboard()
    model = fitted(MODELS["ease"](0.5), board)
    left = model.forget([board.history(3)])
    matrix = scaled(board.without_user(3).matrix(), model.scale_)
    np.testing.assert_allclose(left.gram_.toarray(), (matrix.T @ matrix).toarray(), rtol=1e-5)
    again = Ease(model.config)
    again.scale_, again.map_ = model.scale_, left.map_
    np.testing.assert_allclose(
        again.score([Request(board.history(5))]), left.score([Request(board.history(5))])
    )
