"""Off-policy estimates on logs that hold every order as often as it is likely, so that the truth comes out exactly."""

from itertools import permutations

import numpy as np
import pytest
from scipy import stats

from llm4rec.core.errors import CannotSayError, DataError, SettingsError
from llm4rec.core.plackett import drawn_places, place_chances, taken
from llm4rec.evaluation.offpolicy import Chances, Slates, judged, plackett_luce
from llm4rec.evaluation.ratios import Ratio, ratio

ORDERS = np.array(list(permutations(range(3), 2)))
COPIES = 20
TARGET = np.log([1.0, 2.0, 5.0])


def log_of(reward):
    """Every order of two of three items, equally often: what a policy that draws blindly leaves behind."""
    columns = np.repeat(ORDERS, COPIES, axis=0)
    rewards = np.array([reward(*order) for order in columns], dtype=np.float64)
    items = np.tile(np.arange(3), (len(columns), 1))
    filled = np.ones(columns.shape, dtype=bool)
    return Slates(rewards, filled, np.arange(len(columns)), columns, items)


def truth_of(reward):
    weights = np.exp(TARGET)
    chance = [weights[a] / 8 * weights[b] / (8 - weights[a]) for a, b in ORDERS]
    return sum(c * sum(reward(a, b)) for c, (a, b) in zip(chance, ORDERS, strict=True))


def by_item(first, second):
    return (0.2 + first) * 1.0, (0.2 + second) * 0.5


def by_what_stood_before(first, second):
    return first, float(first == 2) * (1 + second)


def by_the_whole(first, second):
    return float(second == 2), float(first == 1)


def found(slates, form, estimator, logits=TARGET):
    rows = len(slates)
    logged = plackett_luce(np.zeros((rows, 3)), slates.columns, form)
    target = plackett_luce(np.tile(logits, (rows, 1)), slates.columns, form)
    return judged(slates, logged, target, estimator)


@pytest.mark.parametrize(
    ("reward", "forms"),
    [
        (by_item, ("position", "cascade", "slate")),
        (by_what_stood_before, ("cascade", "slate")),
        (by_the_whole, ("slate",)),
    ],
)
@pytest.mark.parametrize("estimator", ["ips", "clipped", "snips", "dr"])
def test_a_complete_log_gives_the_truth(reward, forms, estimator):
    for form in forms:
        if (form, estimator) != ("slate", "dr"):
            assert found(log_of(reward), form, estimator).ratio.value == pytest.approx(truth_of(reward))


def test_a_form_that_assumes_too_much_is_wrong():
    value = found(log_of(by_the_whole), "position", "ips").ratio.value
    assert abs(value - truth_of(by_the_whole)) > 0.05


def test_the_policy_of_the_log_is_worth_what_the_log_brought():
    slates = log_of(by_item)
    one = found(slates, "slate", "ips", np.zeros(3))
    assert one.ratio.value == pytest.approx(slates.rewards.sum(axis=1).mean())
    assert (one.ess, one.weight_mean, one.weight_max) == pytest.approx((1.0, 1.0, 1.0))


def test_clipping_bounds_what_one_slate_counts():
    slates = log_of(by_item)
    logged, target = (
        plackett_luce(np.tile(x, (len(slates), 1)), slates.columns, "slate") for x in (np.zeros(3), TARGET)
    )
    weights = np.prod(target.shown / logged.shown, axis=1)
    expected = (np.minimum(weights, 1.5) * slates.rewards.sum(axis=1)).mean()
    assert judged(slates, logged, target, "clipped", clip=1.5).ratio.value == pytest.approx(expected)


def test_slates_that_are_shorter_count_only_where_they_are_filled():
    slates = log_of(by_item)
    filled = slates.filled.copy()
    filled[:, 1] = False
    rewards = np.where(filled, slates.rewards, np.nan)
    short = Slates(rewards, filled, slates.users, slates.columns, slates.items)
    expected = sum(np.exp(TARGET[item]) / 8 * by_item(item, 0)[0] for item in range(3))
    for estimator in ("ips", "snips", "dr"):
        assert found(short, "position", estimator).ratio.value == pytest.approx(expected)
    assert found(slates.first(1), "cascade", "snips").ratio.value == pytest.approx(expected)


def test_the_difference_of_two_policies_is_surer_than_each():
    slates = log_of(by_item)
    one, other = (found(slates, "position", "snips", TARGET + shift) for shift in ([0, 0, 0], [0, 0, 0.1]))
    apart = other.less(one)
    assert apart.mean == pytest.approx(other.ratio.value - one.ratio.value)
    assert apart.low > 0
    assert apart.high - apart.low < 0.2 * (one.estimate.high - one.estimate.low)


def chances(values):
    return Chances("cascade", np.asarray(values, dtype=np.float64))


@pytest.mark.parametrize(
    ("logged", "target", "word"),
    [
        (np.nan, 0.5, "no logged chance"),
        (0.0, 0.5, "not in"),
        (1.5, 0.5, "not in"),
        (0.5, np.nan, "no target chance"),
        (0.5, 0.2, "not 1"),
    ],
)
def test_a_log_without_sound_chances_is_refused(logged, target, word):
    slates = log_of(by_item)
    shape = slates.rewards.shape
    with pytest.raises(CannotSayError, match=word):
        judged(slates, chances(np.full(shape, logged)), chances(np.full(shape, target)))


def test_a_policy_that_goes_where_the_log_never_went_is_refused():
    slates = log_of(by_item)
    rows = len(slates)
    logged = plackett_luce(np.tile([0.0, 0.0, 0.0], (rows, 1)), slates.columns, "position")
    blind = Chances("position", logged.shown, np.where(np.arange(3) == 2, 0.0, logged.over))
    target = plackett_luce(np.tile(TARGET, (rows, 1)), slates.columns, "position")
    with pytest.raises(CannotSayError, match="never shown"):
        judged(slates, blind, target)


def test_policies_too_far_apart_are_refused_with_the_place():
    rng = np.random.default_rng(0)
    logits = np.tile(np.linspace(0, 6, 12), (2_000, 1))
    columns = drawn_places(logits, 3, rng)
    slates = Slates(np.ones(columns.shape), columns >= 0, np.arange(2_000), columns)
    logged, target = (plackett_luce(x, columns, "slate") for x in (logits, -logits))
    with pytest.raises(CannotSayError, match="too far apart"):
        judged(slates, logged, target)


def test_nothing_came_of_anything_yet():
    slates = log_of(lambda first, second: (0.0, 0.0))
    with pytest.raises(CannotSayError, match="brought anything"):
        found(slates, "position", "snips")


def test_few_people_with_many_answers_are_few():
    slates = log_of(by_item)
    few = Slates(slates.rewards, slates.filled, np.arange(len(slates)) % 5, slates.columns, slates.items)
    with pytest.raises(CannotSayError, match="5 people"):
        found(few, "position", "snips")


def test_what_does_not_fit_is_refused_by_name():
    slates = log_of(by_item)
    with pytest.raises(SettingsError, match="snips"):
        judged(slates, chances([[1.0]]), chances([[1.0]]), "snip")
    with pytest.raises(SettingsError, match="position"):
        plackett_luce(np.zeros((1, 2)), np.array([[0]]), "positions")
    with pytest.raises(DataError, match="do not match"):
        Slates(np.zeros((2, 1)), np.ones((2, 1), bool), np.zeros(3, np.int64))


def test_intervals_hold_where_values_are_skewed():
    # Exponential values of mean one in samples of thirty: Student's interval covers 92 %.
    drawn = np.random.default_rng(0).exponential(size=(800, 30))
    found = [Ratio(row.mean(), row - row.mean()).interval() for row in drawn]
    assert 0.94 <= np.mean([low <= 1.0 <= high for low, high in found]) <= 0.97


def test_rows_of_one_person_are_one_draw():
    values = np.random.default_rng(0).random(50)
    once = ratio(values, np.ones(50), np.arange(50))
    often = ratio(np.repeat(values, 9), np.ones(450), np.repeat(np.arange(50), 9))
    assert often.value == pytest.approx(once.value)
    assert often.interval() == pytest.approx(once.interval())


def test_an_interval_without_skewness_is_students():
    values = np.tile([0.0, 1.0], 13)
    low, high = Ratio(0.5, values - 0.5).interval()
    assert (low + high) / 2 == pytest.approx(0.5)
    assert (high - low) / 2 == pytest.approx(2.0595 * values.std(ddof=1) / np.sqrt(26), rel=1e-4)


def test_self_normalised_estimates_cover_the_truth():
    rng = np.random.default_rng(5)
    people, n = 50, 2
    logits = rng.normal(size=(people, 6))
    other = logits + rng.normal(size=logits.shape)
    click = rng.random((people, 6)) * 0.4
    truth = float((place_chances(other, n) * click[:, None, :]).sum(axis=(1, 2)).mean())
    before, after = place_chances(logits, n), place_chances(other, n)
    inside = {"snips": 0, "dr": 0}
    for _ in range(60):
        who = rng.integers(0, people, 1_500)
        columns = drawn_places(logits[who], n, rng)
        rewards = (rng.random(columns.shape) < taken(np.repeat(click[who, None], n, 1), columns)).astype(
            float
        )
        slates = Slates(rewards, columns >= 0, np.full(1_500, -1), columns, np.tile(np.arange(6), (1_500, 1)))
        logged, target = (
            Chances("position", taken(over[who], columns), over[who]) for over in (before, after)
        )
        for name in inside:
            found = judged(slates, logged, target, name).estimate
            inside[name] += found.low <= truth <= found.high
    assert all(53 <= count <= 60 for count in inside.values()), inside


def test_influence_is_what_leaving_a_person_out_does():
    rng = np.random.default_rng(0)
    tops, bottoms = rng.random(30), rng.pareto(1.0, 30) + 0.1
    found = ratio(tops, bottoms, np.arange(30))
    without = [np.delete(tops, n).sum() / np.delete(bottoms, n).sum() for n in range(30)]
    assert found.influence == pytest.approx(30 * (found.value - np.array(without)))


def test_one_person_who_holds_everything_is_no_ground_for_an_interval():
    with pytest.raises(CannotSayError, match="one person"):
        ratio(np.ones(30), np.eye(30)[0], np.arange(30))


def test_where_two_people_make_all_the_spread_it_is_known_as_well_as_from_four():
    influence = np.zeros(100)
    influence[:2] = 1.0, -1.0  # kurtosis 50: 2 · 100 / 49 degrees of freedom
    low, high = Ratio(0.0, influence).interval()
    error = np.sqrt(2.0 / 99.0 / 100.0)
    assert high == pytest.approx(error * stats.t.ppf(0.975, 200.0 / 49.0))
    assert low == pytest.approx(-high)


def test_without_outliers_degrees_of_freedom_are_people_less_one():
    influence = np.tile([1.0, -1.0], 50)
    _, high = Ratio(0.0, influence).interval()
    assert high == pytest.approx(np.sqrt(100.0 / 99.0 / 100.0) * stats.t.ppf(0.975, 99))
