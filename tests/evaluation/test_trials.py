"""Experiments whose outcome is known: no difference, a difference, a wrong split; looked at again and again."""

import numpy as np
import pytest

from llm4rec.core.errors import NotFoundError, SettingsError
from llm4rec.evaluation.trials import Answers, counts_p, normal_look, preferred, share_look, trialled

BOTH = {"control": 0.5, "treatment": 0.5}


def answers(rng, people, rates, each=3):
    """Each person in a variant in turn, with `each` answers; clicks at the rate of the variant."""
    users = np.repeat(np.arange(people), each)
    names = np.array(list(rates), dtype=object)[users % len(rates)]
    clicks = rng.random(len(users)) < np.array([rates[name] for name in names])
    return Answers(names, users, {"click-through": clicks.astype(float)})


def test_figures_are_means_with_intervals_around_them():
    made = answers(np.random.default_rng(0), 4_000, {"control": 0.1, "treatment": 0.3})
    told = trialled(made, shares=BOTH)
    for name, rate in (("control", 0.1), ("treatment", 0.3)):
        one = told.figures[name]["click-through"]
        assert one.low < rate < one.high
        assert one.high - one.low == pytest.approx(2 * 1.96 * np.sqrt(rate * (1 - rate) / 6_000), rel=0.1)
    look = told.versus["treatment"]["click-through"]
    assert look.low > 0.1
    assert look.p < 1e-6
    assert told.mismatch == 1.0
    assert told.notes == ()


def test_looking_often_finds_nothing_where_nothing_is():
    rng = np.random.default_rng(1)
    alarms = 0
    for _ in range(300):
        outcomes = rng.random((2, 4_000)) < 0.2
        n = np.arange(200, 4_001, 100)
        rate = np.cumsum(outcomes, axis=1)[:, n - 1] / n
        error = np.sqrt((rate * (1 - rate) / n).sum(axis=0))
        looks = [normal_look(d, e, 0.02) for d, e in zip(rate[1] - rate[0], error, strict=True)]
        alarms += any(look.p < 0.05 for look in looks)
        assert all((look.p < 0.05) == (not look.low <= 0 <= look.high) for look in looks)
    assert alarms <= 0.05 * 300


def test_a_real_difference_is_found_in_the_end():
    rng = np.random.default_rng(2)
    found = [
        trialled(answers(rng, 20_000, {"control": 0.1, "treatment": 0.115}))
        .versus["treatment"]["click-through"]
        .p
        < 0.05
        for _ in range(5)
    ]
    assert sum(found) >= 4


def test_a_share_of_wins_is_exact_and_may_be_peeked_at():
    rng = np.random.default_rng(3)
    wins = np.cumsum(rng.random((150, 400)) < 0.5, axis=1)
    alarms = sum(
        any(share_look(int(row[n - 1]), n - int(row[n - 1])).p < 0.05 for n in range(5, 401, 20))
        for row in wins
    )
    assert alarms <= 0.05 * 150
    clear = share_look(80, 20)
    assert clear.low > 0.6
    assert clear.p < 0.001
    assert share_look(0, 0) == share_look(0, 0).__class__(0.5, 0.0, 1.0, 1.0)
    assert share_look(0, 20).high == pytest.approx(1 - share_look(20, 0).low)


def test_a_wrong_split_is_found_and_a_right_one_is_not():
    assert counts_p(np.array([5_000, 5_600]), np.array([0.5, 0.5])) < 0.001
    assert counts_p(np.array([5_000, 5_080]), np.array([0.5, 0.5])) > 0.05
    rng = np.random.default_rng(4)
    drawn = np.cumsum(rng.random((300, 5_000)) < 0.3, axis=1)
    alarms = sum(
        any(
            counts_p(np.array([row[n - 1], n - row[n - 1]]), np.array([0.3, 0.7])) < 0.05
            for n in range(50, 5_001, 50)
        )
        for row in drawn
    )
    assert alarms <= 0.05 * 300


def test_a_wrong_split_is_told_beside_the_figures():
    made = answers(np.random.default_rng(0), 4_000, {"control": 0.2, "treatment": 0.2})
    told = trialled(made, shares={"control": 0.6, "treatment": 0.4})
    assert told.mismatch < 0.001
    assert "not split as meant" in told.notes[0]


def test_people_who_saw_both_are_left_out():
    made = answers(np.random.default_rng(0), 1_000, {"control": 0.2, "treatment": 0.2})
    made.variants[0] = "treatment"
    told = trialled(made)
    assert told.people == {"control": 499, "treatment": 500}
    assert "1 people" in told.notes[0]


def test_too_early_is_said():
    told = trialled(answers(np.random.default_rng(0), 60, {"control": 0.5, "treatment": 0.5}))
    assert told.versus == {}
    assert "too early" in told.notes[0]
    assert (
        trialled(answers(np.random.default_rng(0), 60, {"a": 0.0, "b": 0.5})).figures["a"]["click-through"]
        is None
    )


def test_what_is_not_in_the_log_is_named():
    made = answers(np.random.default_rng(0), 60, {"control": 0.5, "treatment": 0.5})
    with pytest.raises(NotFoundError, match="did you mean 'control'"):
        trialled(made, control="kontrol")
    with pytest.raises(SettingsError, match="treatment"):
        trialled(made, shares={"control": 1.0})


def test_interleaving_counts_people_by_the_list_they_take_more_of():
    teams = np.array([[0, 1, -1], [0, 1, -1], [1, 0, -1], [0, 1, -1]])
    clicked = np.array([[1, 1, 1], [0, 1, 0], [0, 1, 1], [0, 0, 1]], dtype=bool)
    told = preferred(teams, clicked, np.array([7, 7, 8, 9]))
    assert (told.first, told.second, told.ties) == (1, 1, 1)
    many = preferred(np.tile([0, 1], (300, 1)), np.tile([False, True], (300, 1)), np.arange(300))
    assert many.look.low > 0.9
