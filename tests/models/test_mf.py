"""What anyone may rely on from biased matrix factorisation."""

from dataclasses import replace

import numpy as np
import pytest

from llm4rec.core import (
    Catalog,
    ComponentError,
    Dataset,
    FitContext,
    History,
    Interactions,
    KnownUsers,
    Request,
    SettingsError,
    Users,
    Vocabulary,
)
from llm4rec.models.mf import Mf, MfConfig
from llm4rec.models.mf_side import Ratings, Side
from llm4rec.testing import asking, checkerboard, fitted

NOISE = 0.3


def stars(users, items, values, names=("rating",), kinds=None):
    return Interactions.of(users, items, values=values, kind_names=names, kinds=kinds or np.zeros(len(users)))


def rated(interactions, users, items):
    return Dataset(
        interactions.sorted(),
        Catalog(Vocabulary([f"i{n}" for n in range(items)])),
        Users(Vocabulary([f"u{n}" for n in range(users)])),
    )


@pytest.fixture(scope="module")
def world():
    """True means, biases and three factors, ratings with noise of a known size, half of all pairs; and the rest."""
    rng = np.random.default_rng(0)
    users, items = 300, 120
    truth = 3.0 + rng.normal(0, 0.5, (users, 1)) + rng.normal(0, 0.7, (1, items))
    truth = truth + rng.normal(0, 0.6, (users, 3)) @ rng.normal(0, 0.8, (3, items))
    known = rng.random((users, items)) < 0.5
    who, what = np.nonzero(known)
    return (
        truth,
        known,
        rated(stars(who, what, (truth + rng.normal(0, NOISE, truth.shape))[known]), users, items),
    )


@pytest.fixture(scope="module")
def model(world):
    return fitted(Mf(MfConfig(embedding_size=6)), world[2])


def asked(data, users):
    return [Request(data.history(int(user)), user=int(user)) for user in users]


def test_what_was_not_rated_is_told_from_the_true_factors(world, model):
    truth, known, data = world
    scores = model.score(asked(data, range(300)))
    error = np.sqrt(np.mean((scores - truth)[~known] ** 2))
    spread = truth[~known].std()
    assert error < 0.2, f"of a spread of {spread:.2f}, and of ratings with noise of {NOISE}"
    assert spread > 1.0


def test_the_noise_is_learnt(model):
    assert model.noise_**0.5 == pytest.approx(NOISE, rel=0.05)


def test_factors_that_are_not_there_shrink_away(world, model):
    people = model.user_vectors(asked(world[2], range(300)))[:, :6]
    spread = np.sort(people.std(axis=0))
    assert spread[2] < 0.1 * spread[3], f"three of six are used: {spread}"


def test_rate_is_the_score_of_the_pair_within_the_range(world, model):
    _, _, data = world
    requests = asked(data, [5, 9])
    scores = model.score(requests)
    low, high = data.interactions.values.min(), data.interactions.values.max()
    items = np.arange(120)
    for row, request in enumerate(requests):
        found = model.rate([request] * 120, items)
        np.testing.assert_allclose(found, np.clip(scores[row], low, high), rtol=1e-5)
    wild = replace(requests[0], history=History(
        np.arange(120), np.zeros(120, np.int64), np.full(120, 500.0, np.float32), np.arange(120.0), ("rating",)
    ))  # fmt: skip
    assert model.rate([wild], np.array([3]))[0] == pytest.approx(high)


def test_a_person_is_the_posterior_of_their_ratings():
    """One rating at a time, by hand: with certain items the posterior is a ridge regression."""
    items = Side(np.array([[0.5, 1.0], [-0.5, 2.0]], np.float32), np.zeros((2, 3), np.float32))
    given = Ratings.of(np.array([0, 0]), np.array([0, 1]), np.array([1.0, -1.0], np.float32), 1)
    prior, noise = np.array([4.0, 2.0]), 0.5
    x, y = np.array([[1.0, 1.0], [1.0, 2.0]]), np.array([1.0 - 0.5, -1.0 + 0.5])
    precision = np.diag(prior) + x.T @ x / noise
    mean = np.linalg.solve(precision, x.T @ y / noise)
    found, errors = items.other_side(given, prior, noise)
    np.testing.assert_allclose(found.means[0], mean, rtol=1e-5)
    covariance = np.linalg.inv(precision)
    np.testing.assert_allclose(found.covariances[0], covariance[[0, 1, 1], [0, 0, 1]], rtol=1e-5)
    expected = ((y - x @ mean) ** 2).sum() + np.trace(x @ covariance @ x.T)
    np.testing.assert_allclose(errors, [expected], rtol=1e-5)


def test_uncertain_items_are_averaged_over():
    """The moments of a side are those of many draws from it."""
    rng = np.random.default_rng(1)
    root = np.array([[0.3, 0.0, 0.0], [0.2, 0.4, 0.0], [-0.1, 0.2, 0.5]])
    mean, covariance = np.array([0.5, 1.0, -2.0]), root @ root.T
    items = Side(mean[None].astype(np.float32), covariance[np.tril_indices(3)][None].astype(np.float32))
    draws = mean + rng.standard_normal((50_000, 3)) @ root.T
    x = np.column_stack([np.ones(len(draws)), draws[:, 1:]])
    prior, noise, y = np.array([1.0, 2.0, 3.0]), 0.7, 1.3
    precision = np.diag(prior) + (x.T @ x) / len(x) / noise
    expected = np.linalg.solve(precision, (x * (y - draws[:, :1])).mean(axis=0) / noise)
    given = Ratings.of(np.array([0]), np.array([0]), np.array([y], np.float32), 1)
    found, errors = items.other_side(given, prior, noise)
    np.testing.assert_allclose(found.means[0], expected, atol=0.02)
    people = expected + rng.standard_normal((50_000, 3)) @ np.linalg.cholesky(np.linalg.inv(precision)).T
    squared = (y - draws[:, 0] - (people * x).sum(axis=1)) ** 2
    assert errors[0] == pytest.approx(squared.mean(), rel=0.05)


def test_no_rating_expects_the_mean_and_the_bias_of_the_item(world, model):
    nobody = Request(History.of([]))
    assert np.isneginf(model.score([nobody])).all()
    found = model.rate([nobody] * 2, np.array([4, 7]))
    bias = model.item_vectors()[[4, 7], 6]
    np.testing.assert_allclose(found, model.mean_ + bias, rtol=1e-5)
    assert np.isnan(model.user_vectors([nobody])).all()


def test_an_event_without_stars_is_no_rating_where_others_have_some(world, model):
    _, _, data = world
    history = data.history(3)
    views = History.of([100, 101])
    both = history.followed_by(views)
    np.testing.assert_array_equal(model.score([Request(both)]), model.score([Request(history)]))
    assert np.isneginf(model.score([Request(views)])).all()


def test_a_low_rating_says_something(world, model):
    def one(value):
        return Request(History(
            np.array([8]), np.zeros(1, np.int64), np.array([value], np.float32), np.zeros(1), ("rating",)
        ))  # fmt: skip

    scores = model.score([one(0.5), one(5.5)])
    assert scores[0, 8] < scores[1, 8]
    assert scores[0].mean() < scores[1].mean() - 0.1


def test_columns_of_known_users_are_single_requests(world, model):
    _, _, data = world
    users = np.array([4, 4, 17])
    np.testing.assert_array_equal(
        model.user_vectors(KnownUsers(data, users)), model.user_vectors(asked(data, users))
    )


def test_clicks_tell_nothing_apart_and_that_is_told():
    model = fitted(Mf(), checkerboard())
    scores = model.score([asking(0, 2)])
    np.testing.assert_array_equal(scores, np.ones_like(scores))
    assert any("no event has a value" in note for note in model.notes_)


def test_constant_ratings_are_expected_and_told():
    data = rated(stars([0, 0, 1], [0, 1, 1], [4.0, 4.0, 4.0]), 2, 3)
    model = fitted(Mf(), data)
    np.testing.assert_allclose(model.score(asked(data, [0, 1])), 4.0)
    assert any("all values are 4" in note for note in model.notes_)


def test_one_rating_a_person_is_enough_to_fit():
    data = rated(stars([0, 1, 2], [0, 1, 1], [1.0, 5.0, 3.0]), 3, 4)
    scores = fitted(Mf(), data).score(asked(data, [0, 1, 2]))
    assert np.isfinite(scores).all()


def test_more_factors_than_items_are_clipped_and_said_so():
    data = rated(stars([0, 1, 0], [0, 1, 1], [1.0, 5.0, 2.0]), 2, 2)
    model = fitted(Mf(MfConfig(embedding_size=9)), data)
    assert model.item_vectors().shape == (2, 2 + 2)
    assert "embedding_size 9 is more than there are items: 2" in model.notes_[0]


def test_threads_change_no_bit(world, monkeypatch):
    found = []
    for crew in ("1", "2"):
        monkeypatch.setenv("OMP_NUM_THREADS", crew)
        found.append(fitted(Mf(MfConfig(epochs=2)), world[2]).item_vectors())
    np.testing.assert_array_equal(*found)


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value")
def test_numbers_that_are_not_finite_name_reg():
    data = rated(stars([0, 1, 0, 1], [0, 1, 1, 0], [1e38, -1e38, 3e37, 1.0]), 2, 2)
    with pytest.raises(ComponentError, match="raise reg"):
        fitted(Mf(), data)


@pytest.mark.parametrize("options", [{"reg": -1}, {"loss": "hinge"}, {"embedding_size": 0}])
def test_a_wrong_setting_is_refused_by_name(options):
    with pytest.raises(SettingsError, match=next(iter(options))):
        MfConfig.of(options)


def test_an_interruption_passes_through(world):
    def impatient(steps, label, total=None):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Mf().fit(world[2], FitContext(progress=impatient))
