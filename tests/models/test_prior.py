"""What anyone may rely on from a learnt prior and its posteriors."""

import numpy as np
import pytest
from scipy import sparse

from llm4rec.core import ComponentError
from llm4rec.models.prior import Posterior, Prior


def a_prior(rng, width=4):
    root = rng.standard_normal((width, width))
    return Prior(rng.standard_normal(width), root @ root.T + np.eye(width), 0.3)


def textbook(prior, vectors, precisions, values):
    """Bishop 2006, equations 3.50 and 3.51, for any normal prior."""
    inverse = np.linalg.inv(prior.covariance)
    weights = np.diag(precisions / prior.noise)
    covariance = np.linalg.inv(inverse + vectors.T @ weights @ vectors)
    return covariance @ (inverse @ prior.mean + vectors.T @ weights @ values), covariance


def folded(prior, vectors, precisions, values):
    known = prior.begun(1)
    for vector, precision, value in zip(vectors, precisions, values, strict=True):
        known = known.after(vector[None], np.array([precision]), np.array([value]))
    return known


@pytest.mark.parametrize("events", [1, 3, 12])
def test_one_event_after_the_other_is_the_textbook_posterior(events):
    rng = np.random.default_rng(events)
    prior = a_prior(rng)
    vectors, precisions = rng.standard_normal((events, 4)), rng.uniform(0.1, 3.0, events)
    values = rng.standard_normal(events)
    known = folded(prior, vectors, precisions, values)
    mean, covariance = textbook(prior, vectors, precisions, values)
    np.testing.assert_allclose(known.means[0], mean, rtol=1e-9)
    np.testing.assert_allclose(known.covariances[0], covariance, rtol=1e-8, atol=1e-10)


def test_the_order_of_events_does_not_matter():
    rng = np.random.default_rng(0)
    prior, vectors = a_prior(rng), rng.standard_normal((5, 4))
    precisions, values = rng.uniform(0.1, 3.0, 5), rng.standard_normal(5)
    there = folded(prior, vectors, precisions, values)
    back = folded(prior, vectors[::-1], precisions[::-1], values[::-1])
    np.testing.assert_allclose(there.means, back.means, rtol=1e-9)


def test_many_people_at_once_are_as_each_alone_and_precision_zero_says_nothing():
    rng = np.random.default_rng(1)
    prior, vectors = a_prior(rng), rng.standard_normal((3, 4))
    both = prior.begun(3).after(vectors, np.array([1.0, 0.0, 2.0]))
    for row, precision in enumerate([1.0, 0.0, 2.0]):
        alone = prior.begun(1).after(vectors[row : row + 1], np.array([precision]))
        np.testing.assert_allclose(both.means[row], alone.means[0], rtol=1e-12)
    np.testing.assert_array_equal(both.means[1], prior.mean)
    np.testing.assert_array_equal(both.covariances[1], prior.covariance)


def test_what_is_sure_gets_no_less_sure_and_most_so_where_it_was_observed():
    rng = np.random.default_rng(2)
    prior, vectors = a_prior(rng), np.eye(4)
    before = prior.begun(1)
    after = before.after(vectors[:1], np.array([5.0]))
    assert (after.spread(vectors) <= before.spread(vectors) + 1e-12).all()
    assert after.spread(vectors)[0, 0] == pytest.approx(
        textbook(prior, vectors[:1], np.array([5.0]), np.ones(1))[1][0, 0] ** 0.5
    )
    np.testing.assert_allclose(before.spread(vectors)[0], np.sqrt(np.diag(prior.covariance)))


def test_a_known_mean_covariance_and_noise_are_found_again():
    rng = np.random.default_rng(3)
    true = Prior(np.array([1.0, -0.5]), np.array([[0.6, 0.3], [0.3, 0.5]]), 0.8)
    vectors, people = rng.standard_normal((30, 2)), 1_500
    tastes = rng.multivariate_normal(true.mean, true.covariance, people)
    seen = np.sort(np.argsort(rng.random((people, 30)), axis=1)[:, :6], axis=1)
    values = np.einsum("pij,pj->pi", vectors[seen], tastes) + rng.normal(0, true.noise**0.5, seen.shape)
    bounds = np.arange(people + 1) * 6
    matrix = sparse.csr_matrix((values.ravel(), seen.ravel(), bounds), shape=(people, 30))
    found = Prior.learn(vectors, matrix, 0.0, 12)
    np.testing.assert_allclose(found.mean, true.mean, atol=0.08)
    np.testing.assert_allclose(found.covariance, true.covariance, atol=0.08)
    assert found.noise == pytest.approx(true.noise, rel=0.06)


def likelihood(prior, vectors, matrix, unobserved):
    """Log of the marginal likelihood, dense: a person's row is normal with mean V m and covariance V S V' + noise / precision."""
    total = 0.0
    for row in matrix.toarray():
        noise = np.where(row > 0, prior.noise, prior.noise / unobserved)
        covariance = vectors @ prior.covariance @ vectors.T + np.diag(noise)
        away = row - vectors @ prior.mean
        total -= np.linalg.slogdet(covariance)[1] + away @ np.linalg.solve(covariance, away)
    return total


def test_every_sweep_makes_what_was_seen_likelier():
    rng = np.random.default_rng(4)
    vectors = rng.standard_normal((12, 3))
    matrix = sparse.csr_matrix((rng.random((40, 12)) < 0.3).astype(np.float32))
    steps = [Prior.learn(vectors, matrix, 0.1, sweeps) for sweeps in range(6)]
    values = [likelihood(prior, vectors, matrix, 0.1) for prior in steps]
    assert (np.diff(values) > 0).all()


def test_nobody_to_learn_from_leaves_the_start():
    found = Prior.learn(np.ones((3, 2)), sparse.csr_matrix((5, 3), dtype=np.float32), 0.1, 3)
    np.testing.assert_array_equal(found.mean, [0, 0])
    np.testing.assert_array_equal(found.covariance, np.eye(2))


@pytest.mark.filterwarnings("ignore:.*:RuntimeWarning")
def test_vectors_that_are_not_finite_are_refused():
    matrix = sparse.csr_matrix(np.ones((2, 2), np.float32))
    with pytest.raises(ComponentError, match="too large"):
        Prior.learn(np.array([[1e200, 0.0], [0.0, 1.0]]), matrix, 0.1, 3)


def test_a_posterior_of_nobody_is_empty():
    known = Prior(np.zeros(2), np.eye(2), 1.0).begun(0)
    assert isinstance(known, Posterior)
    assert known.after(np.zeros((0, 2)), np.zeros(0)).means.shape == (0, 2)
    assert known.spread(np.eye(2)).shape == (0, 2)
