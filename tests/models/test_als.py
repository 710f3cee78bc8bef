"""What anyone may rely on from implicit ALS."""

from dataclasses import replace

import numpy as np
import pytest

from llm4rec.core import (
    ComponentError,
    FitContext,
    History,
    Holdout,
    Interactions,
    KnownUsers,
    Request,
    SettingsError,
)
from llm4rec.models.als import Als, AlsConfig
from llm4rec.testing import asking, best, checkerboard, fitted, shelf


def als(**options):
    return Als(AlsConfig(**{"decay": None, "tune": False} | options))


def closed_form(factors, items, weights, config, unobserved=None):
    """A person's vector by the normal equations, dense, in float64."""
    v = factors.astype(np.float64)
    a = config.unobserved if unobserved is None else unobserved
    w = np.asarray(weights, dtype=np.float64)
    shrink = config.reg * (w.sum() + a * len(v)) ** config.reg_exponent
    system = a * v.T @ v + (v[items] * w[:, None]).T @ v[items] + shrink * np.eye(v.shape[1])
    return np.linalg.solve(system, (v[items] * w[:, None]).sum(axis=0))


def busy(users=60, items=150, each=80, seed=0):
    """Everyone takes `each` things at random: rows far longer than those solved exactly."""
    rng = np.random.default_rng(seed)
    data = shelf(*[f"thing {n}" for n in range(items)])
    rows = [rng.choice(items, each, replace=False) for _ in range(users)]
    taken = Interactions.of(
        np.repeat(np.arange(users), each), np.concatenate(rows), timestamps=np.tile(np.arange(each), users)
    )
    people = type(data.users)(type(data.users.ids)([f"u{n}" for n in range(users)]))
    return type(data)(taken, data.catalog, people, "busy")


@pytest.mark.parametrize("user", range(6))
def test_the_withheld_square_of_the_checkerboard_comes_first(user):
    board = checkerboard()
    assert best(fitted(als(), board), Request(board.history(user))) == user


@pytest.mark.parametrize("data", [checkerboard(), busy()], ids=["short rows", "long rows"])
@pytest.mark.parametrize("exponent", [0.0, 1.0])
def test_a_vector_is_the_least_squares_solution(data, exponent):
    model = fitted(als(embedding_size=12, reg=0.02, unobserved=0.2, reg_exponent=exponent), data)
    request = Request(data.history(3))
    expected = closed_form(
        model.item_vectors(), request.history.items, np.ones(len(request.history)), model.config
    )
    np.testing.assert_allclose(model.user_vectors([request])[0], expected, rtol=1e-3, atol=2e-5)


def test_one_half_sweep_is_the_dense_solution_for_every_item():
    data = busy(users=30, items=40, each=8)
    model = als(embedding_size=6, unobserved=0.3, reg=0.05, epochs=1, solver_steps=50)
    model.fit(data, FitContext(rng=np.random.default_rng(3)))
    start = np.random.default_rng(3).standard_normal((40, 6)) * 0.1 / 6**0.5
    matrix = data.matrix().toarray()
    people = np.array([closed_form(start, np.flatnonzero(row), row[row > 0], model.config) for row in matrix])
    items = np.array(
        [closed_form(people, np.flatnonzero(column), column[column > 0], model.config) for column in matrix.T]
    )
    # Factors are equal up to a rotation, their products are equal.
    np.testing.assert_allclose(
        model.item_vectors() @ model.item_vectors().T, items @ items.T, rtol=1e-3, atol=1e-5
    )


def loss(data, model):
    people, items = model.user_vectors([Request(data.history(u)) for u in range(len(data.users))]), None
    items = model.item_vectors()
    scores, taken = people @ items.T, data.matrix().toarray()
    a, reg = model.config.unobserved, model.config.reg
    people_reg = reg * (taken.sum(axis=1) + a * taken.shape[1]) @ (people**2).sum(axis=1)
    items_reg = reg * (taken.sum(axis=0) + a * taken.shape[0]) @ (items**2).sum(axis=1)
    return (taken * (1 - scores) ** 2).sum() + a * (scores**2).sum() + people_reg + items_reg


def test_the_loss_falls_with_every_sweep():
    data = busy()
    losses = [loss(data, fitted(als(embedding_size=8, epochs=n), data)) for n in (1, 2, 4, 8)]
    assert losses == sorted(losses, reverse=True)


def test_the_latest_event_counts_most_where_the_history_fades():
    robots_then_garden = asking(0, 0, 0, 2)
    assert best(fitted(als(decay=0.5)), robots_then_garden) == 3
    assert best(fitted(als(decay=1e4)), robots_then_garden) == 1


def test_faded_events_weigh_less_in_the_same_equations():
    data = busy()
    model = fitted(als(embedding_size=10, decay=3.0), data)
    request = Request(data.history(1))
    ages = np.arange(len(request.history))[::-1]
    expected = closed_form(model.item_vectors(), request.history.items, np.exp(-ages / 3.0), model.config)
    np.testing.assert_allclose(model.user_vectors([request])[0], expected, rtol=1e-3, atol=2e-5)


def test_kinds_and_values_weigh_events():
    data = shelf()
    kinds = History(
        np.array([0, 2]),
        np.array([0, 1]),
        np.array([np.nan, 3.0], np.float32),
        np.arange(2.0),
        ("view", "buy"),
    )
    model = fitted(als(kinds={"view": 0.5, "buy": 2.0}, value_weight=1.0), data)
    expected = closed_form(model.item_vectors(), [0, 2], [0.5, 2.0 * (1 + np.log(4.0))], model.config)
    np.testing.assert_allclose(model.user_vectors([Request(kinds)])[0], expected, rtol=1e-3, atol=2e-5)


def test_a_kind_that_weighs_nothing_says_nothing():
    model = fitted(als(kinds={"click": 1.0, "view": 0.0}))
    view = History(np.array([0]), np.array([0]), np.array([np.nan], np.float32), np.zeros(1), ("view",))
    assert np.isneginf(model.score([Request(view)])).all()


def test_what_history_items_gave_adds_up_to_the_score():
    data = busy()
    model = fitted(als(embedding_size=10, decay=4.0), data)
    request = Request(data.history(2))
    items = np.array([5, 17])
    given = model.contributions(request, items)
    np.testing.assert_allclose(
        [sum(one.values()) for one in given], model.score([request], items)[0], rtol=1e-3
    )


def test_columns_of_known_users_give_the_vectors_of_single_requests():
    data = busy()
    users = np.array([5, 2, 2, 40])
    for options in ({"decay": 2.0}, {"decay": None}, {"value_weight": 0.5, "kinds": {"click": 2.0}}):
        model = fitted(als(embedding_size=8, **options), data)
        singles = [Request(data.history(int(u))) for u in users]
        np.testing.assert_array_equal(
            model.user_vectors(KnownUsers(data, users)), model.user_vectors(singles)
        )


def test_more_factors_than_items_are_clipped_and_said_so():
    model = fitted(als(embedding_size=64))
    assert model.item_vectors().shape == (4, 4)
    assert "embedding_size 64 is more than there are items: 4" in model.notes_[0]
    assert fitted(als(embedding_size=3)).notes_ == ()


@pytest.mark.parametrize("options", [{"reg": -1.0}, {"reg": 0.0}, {"unobserved": 0.0}, {"los": "bpr"}])
def test_a_wrong_setting_is_refused_by_name(options):
    with pytest.raises(SettingsError, match=next(iter(options))):
        AlsConfig.of(options)


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value", "ignore:divide by zero")
@pytest.mark.parametrize("size", [1e30, 3e38])
def test_factors_that_are_not_finite_name_reg(size):
    with pytest.raises(ComponentError, match="raise reg"):
        fitted(als(kinds={"click": size}, reg_exponent=0))


def test_factors_that_shrink_to_nothing_are_told():
    model = fitted(als(reg=1e6, embedding_size=2))
    assert "shrunk to nothing" in model.notes_[0]
    assert np.isfinite(model.score([asking(0)])).all()


def test_an_interruption_passes_through():
    def impatient(steps, label, total=None):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        als().fit(shelf(), FitContext(progress=impatient))


def test_every_sweep_is_shown():
    seen = []

    def watch(steps, label, total=None):
        for step in steps:
            seen.append((label, step, total))
            yield step

    als(epochs=3).fit(shelf(), FitContext(progress=watch))
    assert seen == [("als", 0, 3), ("als", 1, 3), ("als", 2, 3)]


def test_decay_and_unobserved_are_chosen_on_the_holdout():
    data = shelf()
    # The answer follows the latest event, whatever came before: only a fast fading finds it.
    questions = Holdout([asking(0, 0, 0, 2), asking(2, 2, 2, 0)], [np.array([3]), np.array([1])])
    config = AlsConfig(decays=(1e4, 0.5), unobserved_values=(1e4, 0.1))
    model = Als(config).fit(data, FitContext(holdout=questions))
    assert (model.chosen.decay, model.chosen.unobserved, model.chosen.tune) == (0.5, 0.1, False)


def test_nobody_who_took_one_thing_breaks_the_fit():
    one = shelf().only(np.array([0, 2]))
    model = fitted(als(), one)
    assert np.isfinite(model.score([asking(0)])).all()


def test_threads_change_no_bit(monkeypatch):
    data = busy(users=600, items=300, each=5)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    one = fitted(als(embedding_size=8, epochs=2), data).item_vectors()
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    np.testing.assert_array_equal(fitted(als(embedding_size=8, epochs=2), data).item_vectors(), one)


def test_new_random_numbers_change_the_start_only():
    data = busy()
    some = als(embedding_size=4, epochs=1).fit(data, FitContext(rng=np.random.default_rng(1)))
    other = als(embedding_size=4, epochs=1).fit(data, replace(FitContext(), rng=np.random.default_rng(2)))
    assert not np.array_equal(some.item_vectors(), other.item_vectors())
