"""A sweep over blocks is the sweep over the expanded design, and noise is what it says."""

import numpy as np
import pytest
from scipy import sparse
from scipy.special import ndtr

from llm4rec.models.fm_blocks import Block
from llm4rec.models.fm_chain import Chain
from llm4rec.models.fm_noise import Normal, Ordered, Scales, between, mass


class Expanded(Chain):
    """The same draws feature by feature over all events, as in Rendle's equations without blocks."""

    def _linear(self, member, errors, noise):
        self._visit(member, 0, errors, noise, np.ones(len(errors)))

    def _factor(self, factor, errors, noise):
        for member, one in zip(self.deep, noise, strict=True):
            others = sum(self.columns(m) @ m.weights[factor] for m in self.deep if m is not member)
            self._visit(member, factor, errors, one, others)

    def _visit(self, member, factor, errors, noise, others):
        weights = member.weights[factor]
        mean, precision = member.prior(factor, self.precision)
        for j, x in enumerate(self.columns(member).T):
            self._draw_one(weights, j, x * others, errors, (mean[j], precision[j], noise[0, j]))
        ids, design = member.block.groups[0], member.block.design.toarray()
        for j in range(ids, len(weights)):
            # Along the line on which feature j grows and the ids of its rows shrink only the priors speak.
            way = np.zeros(len(weights))
            way[:ids], way[j] = -design[:, j], 1.0
            size = way @ (precision * way)
            weights += way * (way @ (precision * (mean - weights)) / size + noise[1, j] / np.sqrt(size))

    @staticmethod
    def columns(member):
        return member.block.design.toarray()[member.block.index]

    def _draw_one(self, weights, j, h, errors, prior):
        mean, precision, noise = prior
        square = self.weights @ h**2 + precision
        new = (self.weights @ (h * (errors + h * weights[j])) + mean * precision) / square
        new += noise / np.sqrt(square)
        errors -= h * (new - weights[j])
        weights[j] = new


def blocks(rng, events=60):
    """Ids and five features, ids and a column of zeros, and a flat block of ids alone."""
    dense = np.round(rng.standard_normal((7, 5)) * (rng.random((7, 5)) < 0.7), 2)
    many = sparse.hstack([sparse.identity(7), sparse.csr_matrix(dense)]).tocsr()
    few = sparse.hstack([sparse.identity(4), sparse.csr_matrix((4, 1))]).tocsr()
    parts = [(many, (7, 3, 2), False), (few, (4, 1), False), (sparse.identity(3).tocsr(), (3,), True)]
    return [
        Block(rng.integers(design.shape[0], size=events).astype(np.int32), design, groups, flat)
        for design, groups, flat in parts
    ]


@pytest.mark.parametrize("ordered", [False, True], ids=["any order", "ordered by the first block"])
def test_a_block_sweep_is_the_expanded_sweep(ordered):
    rng = np.random.default_rng(3)
    made = blocks(rng)
    if ordered:
        made[0] = Block(np.sort(made[0].index), made[0].design, made[0].groups)
    values, weights = rng.standard_normal(60), rng.random(60) + 0.5
    found = []
    for kind in (Chain, Expanded):
        chain = kind(made, 3, np.random.default_rng(5))
        chain.weights, chain.precision = weights, 2.0
        errors = values - chain.predictions()
        draws = np.random.default_rng(6)
        for _ in range(3):
            chain.sweep(errors, draws)
        np.testing.assert_allclose(
            errors, values - chain.predictions(), atol=1e-9, err_msg="residuals keep up"
        )
        found.append(np.concatenate([m.weights.ravel() for m in chain.members]))
    np.testing.assert_allclose(found[0], found[1], atol=1e-9)


def test_predictions_are_those_of_the_formula():
    made = blocks(np.random.default_rng(0))
    chain = Chain(made, 2, np.random.default_rng(1))
    for member in chain.members:
        member.weights[0] = np.random.default_rng(2).standard_normal(member.weights.shape[1])
    chain.bias = 0.7
    rows = [m.block.design.toarray()[m.block.index] for m in chain.members]
    expected = 0.7 + sum(x @ m.weights[0] for x, m in zip(rows, chain.members, strict=True))
    first, second = chain.deep
    for j in range(rows[0].shape[1]):
        for k in range(rows[1].shape[1]):
            expected += (first.weights[1:, j] @ second.weights[1:, k]) * rows[0][:, j] * rows[1][:, k]
    np.testing.assert_allclose(chain.predictions(), expected)


def test_priors_of_a_group_are_drawn_from_their_posterior():
    # 4,000 weights of one group around 2 with spread 0.5: mean and precision are known within a few percent.
    design = sparse.identity(4_000).tocsr()
    chain = Chain(
        [Block(np.arange(4_000, dtype=np.int32), design, (4_000,), True)], 0, np.random.default_rng(0)
    )
    rng = np.random.default_rng(1)
    member = chain.members[0]
    member.weights[0] = 2.0 + 0.5 * rng.standard_normal(4_000)
    drawn = []
    for _ in range(50):
        member.draw_priors(rng)
        drawn.append((member.means[0, 0], member.precisions[0, 0]))
    np.testing.assert_allclose(np.mean(drawn[5:], axis=0), [2.0, 4.0], rtol=0.05)


class Still:
    """A chain that predicts nothing: only its noise moves."""

    def __init__(self, events):
        self.weights, self.precision, self.members = np.ones(events), 1.0, ()

    def predictions(self):
        return np.zeros(len(self.weights))


def alike(events):
    """A few people and things of many events each, all equally noisy."""
    return Scales(np.arange(events) % 10, np.arange(events) % 7, (10, 7))


def test_cut_points_are_recovered():
    rng = np.random.default_rng(0)
    true = np.array([-1.2, -0.3, 0.9])
    sums = rng.standard_normal(20_000)
    levels = np.searchsorted(true, sums + rng.standard_normal(20_000))
    noise, chain = Ordered(levels, 4, alike(20_000)), Still(20_000)
    noise.start(chain)
    errors = noise.target - sums
    drawn = []
    for _ in range(150):
        noise.draw(chain, errors, rng, settled=True)
        drawn.append(noise.cuts)
        np.testing.assert_allclose(noise.target - errors, sums, atol=1e-9)
    np.testing.assert_allclose(np.mean(drawn[30:], axis=0), true, atol=0.04)
    low = np.concatenate([[-np.inf], noise.cuts])[levels]
    assert (noise.target >= low - 1e-9).all(), "latent values stay within their level"


def test_noisy_people_and_things_are_found():
    rng = np.random.default_rng(0)
    users, items = np.repeat(np.arange(40), 100), np.tile(np.arange(100), 40)
    spread = np.where(users < 20, 0.5, 1.0) * np.where(items < 50, 0.5, 1.0)
    scales = Scales(users, items, (40, 100))
    noise, chain = Normal(spread * rng.standard_normal(4_000), scales), Still(4_000)
    errors = noise.start(chain)
    found = []
    for _ in range(60):
        noise.draw(chain, errors, rng, settled=True)
        found.append(chain.precision * chain.weights)
    precision = np.mean(found[10:], axis=0)
    quiet, loud = precision[spread == 0.25].mean(), precision[spread == 1.0].mean()
    assert 6.0 < quiet / loud < 18.0, "sixteen times as precise, drawn together by the prior"
    both = spread == 0.5
    assert 3.0 < precision[both].mean() < 5.5


@pytest.mark.parametrize("shift", [0.0, 9.0, -9.0, 30.0])
def test_draws_between_bounds_are_exact_in_the_tails(shift):
    low, high = np.full(50_000, shift - 0.5), np.full(50_000, shift + 0.5)
    drawn = between(low, high, np.random.default_rng(0).random(50_000))
    assert ((drawn >= low) & (drawn <= high)).all()
    # Far out the density falls like exp(-shift x): the mean excess over the near bound is close to 1 / bound.
    near = abs(shift) - 0.5
    expected = 0.0 if shift == 0.0 else np.sign(shift) * (near + 1.0 / near)
    assert drawn.mean() == pytest.approx(expected, abs=0.03)


def test_mass_is_exact_in_both_tails():
    low, high = np.array([-np.inf, -1.0, 8.0, -9.0]), np.array([0.0, 1.0, 9.0, -8.0])
    tail = ndtr(-8.0) - ndtr(-9.0)
    np.testing.assert_allclose(mass(low, high), [0.5, ndtr(1.0) - ndtr(-1.0), tail, tail], rtol=1e-9)
