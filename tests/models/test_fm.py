"""What anyone may rely on from the factorisation machine: known values come back, and it knows how sure it is."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from llm4rec.core import (
    Catalog,
    Column,
    ColumnType,
    DataError,
    Dataset,
    History,
    Interactions,
    NotFittedError,
    Request,
    SettingsError,
    Users,
    Vocabulary,
)
from llm4rec.models.fm import Fm, FmConfig
from llm4rec.testing import context

QUICK = {"epochs": 60, "samples": 10, "embedding_size": 3, "calibration": 0.0}
USERS, ITEMS, NOISE = 80, 60, 0.3
START = 1e9  # a real time, at the beginning of no day
DAY = 86_400.0


def people_and_things(rows, users=USERS, items=ITEMS):
    """A data set of these interactions without attributes."""
    names = Vocabulary([f"u{n}" for n in range(users)]), Vocabulary([f"i{n}" for n in range(items)])
    return Dataset(rows.sorted(), Catalog(names[1], {}), Users(names[0]))


def rated(users, items, values, times=None):
    return Interactions.of(
        users,
        items,
        values=values,
        kind_names=("rating",),
        timestamps=times if times is not None else np.arange(len(users)),
    )


@cache
def world(seed=0, share=0.4):
    """Who would give what (true), and a data set of a part of it with noise; with the others' rows."""
    rng = np.random.default_rng(seed)
    factors = rng.standard_normal((USERS, 2)), rng.standard_normal((ITEMS, 2))
    true = (
        3.0
        + 0.5 * rng.standard_normal((USERS, 1))
        + 0.5 * rng.standard_normal(ITEMS)
        + factors[0] @ factors[1].T
    )
    known = rng.random(true.shape) < share
    users, items = np.nonzero(known)
    values = true[known] + NOISE * rng.standard_normal(len(users))
    return true, known, people_and_things(rated(users, items, values))


def fitted(data, **options):
    return Fm(FmConfig(**(QUICK | {"task": "regression"} | options))).fit(data, context(data, features=None))


@cache
def known_world():
    return fitted(world()[2])


def unknown_pairs():
    true, known, data = world()
    users, items = np.nonzero(~known)
    histories = [data.history(u) for u in range(USERS)]
    return [Request(histories[u], user=u) for u in users.tolist()], items, true[~known]


def rmse(found, expected):
    return float(np.sqrt(np.mean((found - expected) ** 2)))


def test_values_of_a_factorisation_machine_are_found():
    requests, items, true = unknown_pairs()
    found = known_world().rate(requests, items)
    assert rmse(found, true) < NOISE, "24 noisy values a user: closer to the truth than one value is"
    assert rmse(true.mean(), true) > 4 * NOISE


def test_sure_where_it_should_be():
    requests, items, true = unknown_pairs()
    model = known_world()
    spread = model.spread(requests, items)
    wrong = true + NOISE * np.random.default_rng(1).standard_normal(len(true)) - model.rate(requests, items)
    assert np.mean((wrong / spread) ** 2) == pytest.approx(1.0, abs=0.25)
    order = np.argsort(spread)
    third = len(order) // 3
    assert np.abs(wrong[order[:third]]).mean() < np.abs(wrong[order[-third:]]).mean()


def test_a_person_never_seen_is_answered_like_a_known_one():
    true, known, data = world()
    strangers = np.arange(USERS) >= 70
    left = data.only(~strangers[data.interactions.users])
    model = fitted(left)
    users, items = np.nonzero(~known & strangers[:, None])
    requests = [Request(data.history(u)) for u in users.tolist()]
    found = model.rate(requests, items)
    assert rmse(found, true[users, items]) < 1.3 * NOISE
    among_all = known_world().rate([Request(data.history(u), user=u) for u in users.tolist()], items)
    assert rmse(found, among_all) < 0.6 * NOISE


def test_a_history_is_all_that_counts_and_a_new_value_counts_at_once():
    _, _, data = world()
    model = known_world()
    items = np.arange(ITEMS)
    same = [model.rate([Request(data.history(3), user=user)] * ITEMS, items) for user in (3, -1)]
    np.testing.assert_array_equal(*same)
    taken = data.history(3).items
    new = int(np.setdiff1d(items, taken)[0])
    before = model.rate([Request(data.history(3))], np.array([new]))[0]
    for step in (-1.0, 1.0):
        event = rated([0], [new], [before + step], [1e4]).sorted()
        longer = data.history(3).followed_by(
            History(event.items, event.kinds, event.values, event.timestamps, ("rating",))
        )
        after = model.rate([Request(longer)], np.array([new]))[0]
        assert 0.02 < (after - before) / step < 0.9, "towards the new value, not all the way"


def test_scores_rank_as_ratings_do():
    _, _, data = world()
    model = known_world()
    request = Request(data.history(5))
    scores = model.score([request])[0]
    ratings = model.rate([request] * ITEMS, np.arange(ITEMS))
    np.testing.assert_allclose(np.clip(scores, model.learnt_.low, model.learnt_.high), ratings, rtol=1e-5)


def stars(seed=0):
    """The same world in whole stars."""
    true, known, _ = world(seed)
    users, items = np.nonzero(known)
    given = np.clip(np.round(true + NOISE * np.random.default_rng(seed).standard_normal(true.shape)), 1, 5)
    return given, known, people_and_things(rated(users, items, given[known]))


@cache
def in_stars(task):
    return fitted(stars()[2], task=task, epochs=120)


def star_pairs(some=slice(None), seed=0):
    given, known, data = stars(seed)
    users, items = np.nonzero(~known)
    requests = [Request(data.history(u), user=u) for u in users[some].tolist()]
    return requests, items[some], given[users[some], items[some]]


def test_levels_have_probabilities_that_come_true():
    requests, items, given = star_pairs()
    levels, chances = in_stars("probit").distribution(requests, items)
    np.testing.assert_array_equal(levels, [1, 2, 3, 4, 5])
    np.testing.assert_allclose(chances.sum(axis=1), 1.0, atol=1e-5)
    seen = given[:, None] == levels
    np.testing.assert_allclose(chances.mean(axis=0), seen.mean(axis=0), atol=0.03)
    likely = chances > 0.6
    assert seen[likely].mean() == pytest.approx(chances[likely].mean(), abs=0.05)


def test_expected_stars_are_the_mean_of_their_distribution():
    requests, items, _ = star_pairs(slice(0, 300))
    model = in_stars("probit")
    levels, chances = model.distribution(requests, items)
    np.testing.assert_allclose(model.rate(requests, items), chances @ levels, rtol=1e-4)
    spread = np.sqrt(chances @ levels**2 - (chances @ levels) ** 2)
    np.testing.assert_allclose(model.spread(requests, items), spread, atol=2e-3)


def test_the_average_is_the_mean_of_its_parts():
    requests, items, given = star_pairs(seed=2)
    learnt = calibrated().learnt_
    each = [part.expect(learnt.reader.read(requests), items) for part in learnt.parts]
    mean = np.mean([part.means for part in each], axis=0)
    np.testing.assert_allclose(calibrated().rate(requests, items), np.clip(mean, 1, 5), rtol=1e-5)
    assert rmse(mean, given) < np.mean([rmse(part.means, given) for part in each])
    between = np.var([part.means for part in each], axis=0)
    within = np.mean([part.variances for part in each], axis=0)
    np.testing.assert_allclose(calibrated().spread(requests, items) ** 2, within + between, rtol=1e-4)


def test_levels_score_what_they_rate():
    data = stars()[2]
    model = in_stars("probit")
    request = Request(data.history(5))
    ratings = model.rate([request] * ITEMS, np.arange(ITEMS))
    np.testing.assert_allclose(model.score([request])[0], ratings, rtol=1e-4)


@cache
def calibrated():
    return fitted(stars(2)[2], calibration=0.2, task="average", epochs=100)


@pytest.mark.parametrize("coverage", [0.5, 0.9])
def test_intervals_hold_as_often_as_they_say(coverage):
    requests, items, given = star_pairs(seed=2)
    low, high = calibrated().interval(requests, items, coverage).T
    held = np.mean((low <= given) & (given <= high))
    assert held == pytest.approx(coverage, abs=0.06)
    assert (low >= 1).all()
    assert (high <= 5).all()
    assert (high - low).mean() < 3.0, "and say something"


def test_a_higher_promise_is_a_wider_interval():
    requests, items, _ = star_pairs(slice(0, 50))
    narrow, wide = (calibrated().interval(requests, items, coverage) for coverage in (0.5, 0.95))
    assert (wide[:, 0] <= narrow[:, 0]).all()
    assert (wide[:, 1] >= narrow[:, 1]).all()


def test_a_model_with_intervals_comes_back_from_its_state():
    requests, items, _ = star_pairs(slice(0, 50))
    model = calibrated()
    back = Fm(model.config).restore(model.state(), context())
    np.testing.assert_array_equal(back.rate(requests, items), model.rate(requests, items))
    np.testing.assert_array_equal(back.interval(requests, items), model.interval(requests, items))
    np.testing.assert_array_equal(
        back.distribution(requests, items)[1], model.distribution(requests, items)[1]
    )


def moody():
    """Everyone rates on two days and is 1 higher on one of them: the items are all alike."""
    rng = np.random.default_rng(0)
    users, items = (
        np.repeat(np.arange(USERS), 20),
        np.concatenate([rng.permutation(ITEMS)[:20] for _ in range(USERS)]),
    )
    day = np.tile(np.repeat([0, 3], 10), USERS)
    good = rng.permuted(np.tile([-0.5, 0.5], (USERS, 1)), axis=1)
    mood = good[users, day // 3]
    values = 3.0 + mood + 0.1 * rng.standard_normal(len(users))
    return people_and_things(rated(users, items, values, START + day * DAY)), good


def test_the_day_of_a_request_counts():
    data, good = moody()
    model = fitted(data)
    late = np.full(USERS, 0)
    for day, column in ((0, 0), (3, 1)):
        requests = [Request(data.history(u), user=u, time=START + day * DAY + 60) for u in range(USERS)]
        np.testing.assert_allclose(model.rate(requests, late), 3.0 + good[:, column], atol=0.25)


@pytest.mark.parametrize("day", [None, 100])
def test_without_a_known_day_the_shifts_are_averaged(day):
    data, _ = moody()
    model = fitted(data)
    time = None if day is None else START + day * DAY
    requests = [Request(data.history(u), user=u, time=time) for u in range(USERS)]
    found = model.rate(requests, np.zeros(USERS, int))
    np.testing.assert_allclose(found, 3.0, atol=0.35)
    assert rmse(found, 3.0) < 0.12
    known = [replace(r, time=START) for r in requests]
    assert (model.spread(requests, np.zeros(USERS, int)) > model.spread(known, np.zeros(USERS, int))).all()


def test_the_day_counts_nothing_where_dates_are_left_out():
    data, _ = moody()
    model = fitted(data, date=False)
    asked = [Request(data.history(0), user=0, time=time) for time in (None, START, START + 3 * DAY)]
    first, *others = model.rate(asked, np.zeros(3, int))
    assert others == [first, first]


def test_an_order_is_not_a_date():
    data = world()[2]
    assert fitted(data, date=True).notes_ == ("there is no time of day to learn from: date is left out",)
    assert fitted(data, date=False).notes_ == ()


def test_what_only_tells_that_it_was_taken_ranks_what_is_alike_first():
    rows = [[i for i in range(u % 2, 20, 2) if i != u] for u in range(20)]
    users = np.repeat(np.arange(20), [len(r) for r in rows])
    data = people_and_things(Interactions.of(users, np.concatenate(rows)), 20, 20)
    model = fitted(data, epochs=150)
    assert model.notes_[0].startswith("no values")
    scores = model.score([Request(data.history(u)) for u in range(20)])
    own = np.arange(20) % 2 == np.arange(20)[:, None] % 2
    assert np.mean(scores[own]) > np.mean(scores[~own]) + 0.5
    with pytest.raises(SettingsError, match="no intervals"):
        model.interval([Request(data.history(0))], np.array([1]))


def test_clicks_become_probabilities():
    rng = np.random.default_rng(0)
    chance = np.where(np.arange(USERS)[:, None] % 2 == np.arange(ITEMS) % 2, 0.9, 0.1)
    shown = rng.random(chance.shape) < 0.5
    users, items = np.nonzero(shown)
    clicked = (rng.random(chance.shape) < chance)[shown].astype(float)
    data = people_and_things(Interactions.of(users, items, values=clicked, kind_names=("impression",)))
    model = fitted(data, task="average", epochs=120)
    users, items = np.nonzero(~shown)
    found = model.rate([Request(data.history(u), user=u) for u in users.tolist()], items)
    assert ((found >= 0) & (found <= 1)).all()
    assert found[chance[~shown] > 0.5].mean() == pytest.approx(0.9, abs=0.06)
    assert found[chance[~shown] < 0.5].mean() == pytest.approx(0.1, abs=0.06)


def test_a_new_thing_is_known_by_what_it_is_like():
    rng = np.random.default_rng(0)
    titles = [("red" if n % 2 else "blue") + " thing" for n in range(ITEMS + 2)]
    column = Column(ColumnType.TEXT, np.array(titles, dtype=object))
    names = Vocabulary([f"i{n}" for n in range(ITEMS + 2)])
    catalog = Catalog(names, {"title": column})
    likes = 3.0 + np.where(np.arange(USERS)[:, None] % 3 == 0, 1.0, -0.5) * np.where(
        np.arange(ITEMS + 2) % 2, 1, -1
    )
    users, items = np.nonzero(rng.random((USERS, ITEMS)) < 0.4)
    rows = rated(users, items, likes[users, items] + 0.1 * rng.standard_normal(len(users)))
    known = Dataset(
        rows.sorted(), catalog.take(np.arange(ITEMS)), Users(Vocabulary([f"u{n}" for n in range(USERS)]))
    )
    here = context(known)
    model = Fm(FmConfig(**(QUICK | {"calibration": 0.1, "epochs": 100}))).fit(known, here)
    grown = model.grow(catalog, here)
    requests = [Request(known.history(u), user=u) for u in range(USERS)]
    for new in (ITEMS, ITEMS + 1):
        asked = np.full(USERS, new)
        assert rmse(grown.rate(requests, asked), likes[:, new]) < 0.35, "its like differ by 1 and more"
        assert (grown.spread(requests, asked) > model.spread(requests, asked - 2)).mean() > 0.9, "less sure"
        assert np.isfinite(grown.interval(requests, asked)).all()
    old = np.arange(USERS) % ITEMS
    np.testing.assert_allclose(grown.rate(requests, old), model.rate(requests, old), rtol=1e-6)
    event = rated([0], [ITEMS], [5.0], [1e5])
    longer = known.history(0).followed_by(
        History(event.items, event.kinds, event.values, event.timestamps, ("rating",))
    )
    assert grown.rate([Request(longer)], np.array([0]))[0] != model.rate([Request(longer)], np.array([0]))[0]


def test_constant_values_are_said_and_predicted():
    users, items = np.nonzero(world()[1])
    data = people_and_things(rated(users, items, np.full(len(users), 4.0)))
    model = fitted(data, calibration=0.1)
    requests = [Request(data.history(0)), Request(History.of([]))]
    assert model.notes_[-1] == "all values are 4: that is what is predicted"
    np.testing.assert_array_equal(model.rate(requests, np.array([1, 2])), [4, 4])
    np.testing.assert_array_equal(model.spread(requests, np.array([1, 2])), [0, 0])
    np.testing.assert_array_equal(model.interval(requests, np.array([1, 2])), [[4, 4], [4, 4]])
    back = Fm(model.config).restore(model.state(), context())
    np.testing.assert_array_equal(back.score(requests), model.score(requests))


def test_people_with_one_value_and_nobody_are_answered():
    data = people_and_things(rated(np.arange(30), np.arange(30) % 7, 1.0 + np.arange(30) % 5), 30, 7)
    model = fitted(data, task="average", embedding_size=20, calibration=0.1)
    requests = [
        *(Request(data.history(u), user=u) for u in range(30)),
        Request(History.of([])),
        Request(History.of([6])),
    ]
    items = np.arange(32) % 7
    for answer in (
        model.rate(requests, items),
        model.spread(requests, items),
        model.interval(requests, items),
    ):
        assert np.isfinite(answer).all()
    assert "too few to calibrate" in model.notes_[-1]
    np.testing.assert_array_equal(model.interval(requests, items), np.tile([1, 5], (32, 1)))


def test_far_values_stay_finite():
    users, items = np.nonzero(world()[1])
    values = np.random.default_rng(0).standard_normal(len(users)) * 1e6 - 1e7
    data = people_and_things(rated(users, items, values))
    requests = [Request(data.history(u)) for u in range(USERS)]
    found = fitted(data).rate(requests, np.zeros(USERS, int))
    assert np.isfinite(found).all()
    assert ((found > -1.5e7) & (found < -0.5e7)).all()


def test_nothing_to_learn_is_an_error():
    hidden = Interactions.of([0, 1], [0, 1], kind_names=("dislike",))
    with pytest.raises(DataError, match="nothing to learn"):
        fitted(people_and_things(hidden))


def test_values_that_are_no_levels_are_no_task_for_probit():
    data = world()[2]
    with pytest.raises(DataError, match="use task='regression'"):
        fitted(data, task="probit")
    model = fitted(data, task="average", epochs=10)
    assert "regression alone" in model.notes_[-1]
    with pytest.raises(SettingsError, match="knows no levels"):
        model.distribution([Request(data.history(0))], np.array([0]))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"embedding_size": 0}, "embedding_size"),
        ({"epochs": 9}, "epochs"),
        ({"calibration": -0.1}, "calibration"),
        ({"text": -1}, "text"),
        ({"task": "mf"}, "task"),
        ({"reg": 1.0}, "no setting 'reg'"),
    ],
)
def test_wrong_settings_are_refused_by_name(options, said):
    with pytest.raises(SettingsError, match=said):
        FmConfig.of(options, "fm")


@pytest.mark.parametrize("coverage", [0.0, 1.0, 90])
def test_a_coverage_is_a_share(coverage):
    with pytest.raises(SettingsError, match="between 0 and 1"):
        calibrated().interval([Request(History.of([0]))], np.array([0]), coverage)


def test_it_refuses_before_fit():
    with pytest.raises(NotFittedError, match="fit"):
        Fm().rate([Request(History.of([0]))], np.array([0]))


def test_an_interruption_passes_through():
    def interrupted(steps, label, total=None):
        del label, total
        for number, step in enumerate(steps):
            if number == 3:
                raise KeyboardInterrupt
            yield step

    data = world()[2]
    with pytest.raises(KeyboardInterrupt):
        Fm(FmConfig(**QUICK)).fit(data, context(data, features=None, progress=interrupted))
