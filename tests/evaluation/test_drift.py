"""Drift on streams that change at a known moment or never, and guards that may be asked all the time."""

import numpy as np
import pytest
from pydantic import ValidationError

from llm4rec.core.errors import CannotSayError
from llm4rec.evaluation.drift import DriftConfig, alarms, scores_shift, shares_shift
from llm4rec.evaluation.guards import Guard


def clicks(rng, *parts):
    """Ones at given rates: (how many, rate) one behind the other."""
    return np.concatenate([rng.random(n) < rate for n, rate in parts]).astype(float)


def test_false_alarms_come_no_more_often_than_said():
    config = DriftConfig(every=5_000)
    rng = np.random.default_rng(0)
    found = sum(len(alarms(clicks(rng, (20_000, 0.3)), config)) for _ in range(8))
    assert found <= 8 * 20_000 / 5_000


@pytest.mark.parametrize(("after", "way"), [(0.1, "down"), (0.6, "up")])
def test_a_change_is_noticed_soon_and_dated(after, way):
    stream = clicks(np.random.default_rng(1), (3_000, 0.3), (1_000, after))
    (alarm,) = alarms(stream)
    assert alarm.way == way
    assert 3_000 <= alarm.at < 3_200
    assert abs(alarm.since - 3_000) < 60
    assert alarm.before == pytest.approx(0.3, abs=0.06)
    assert alarm.after == pytest.approx(after, abs=0.15)


def test_after_an_alarm_the_new_level_is_normal():
    stream = clicks(np.random.default_rng(2), (2_000, 0.5), (6_000, 0.2))
    assert len(alarms(stream)) == 1


def test_a_stream_that_is_too_short_or_still_is_calm():
    assert alarms(np.ones(5_000)) == []
    assert alarms(np.arange(50.0)) == []


def test_shares_that_stay_give_false_alarms_as_rarely_as_said():
    rng = np.random.default_rng(3)
    shares = np.array([0.5, 0.3, 0.15, 0.05])
    pairs = [(rng.multinomial(400, shares), rng.multinomial(300, shares)) for _ in range(2_000)]
    p = np.array([shares_shift(*pair).p for pair in pairs])
    assert np.mean(p < 0.05) == pytest.approx(0.05, abs=0.02)
    assert not any(shares_shift(*pair).alarm for pair in pairs[:200])


def test_shares_that_move_are_seen_and_small_moves_do_not_matter():
    before, moved = np.array([5_000, 3_000, 2_000, 0]), np.array([2_000, 3_000, 3_000, 2_000])
    assert shares_shift(before, moved).alarm
    slightly = shares_shift(before * 100, np.array([510_000, 295_000, 195_000, 0]))
    assert slightly.p < 1e-6
    assert not slightly.alarm


def test_scores_are_compared_by_tenths():
    rng = np.random.default_rng(4)
    assert not scores_shift(rng.normal(size=2_000), rng.normal(size=2_000)).alarm
    assert scores_shift(rng.normal(size=2_000), rng.normal(1.0, size=2_000)).alarm
    assert not scores_shift(np.zeros(200), np.zeros(200)).alarm
    with pytest.raises(CannotSayError, match="99 scores"):
        scores_shift(np.zeros(99), np.zeros(200))


@pytest.mark.parametrize(
    ("rate", "side", "state"),
    [
        (0.3, "at least", "fine"),
        (0.1, "at least", "breach"),
        (0.3, "at most", "breach"),
        (0.1, "at most", "fine"),
    ],
)
def test_a_guard_calls_a_breach_where_the_bound_is_broken(rate, side, state):
    guard = Guard(metric="click-through", bound=0.2, side=side)
    values = clicks(np.random.default_rng(0), (3_000, rate))
    verdict = guard.verdict(values)
    assert verdict.state == state
    assert "click-through" in verdict.reason


def test_a_guard_waits_for_enough():
    guard = Guard(metric="click-through", bound=0.2)
    assert guard.verdict(np.zeros(199)).state == "too little data"
    assert guard.verdict(np.zeros(300), np.arange(300) % 7).state == "too little data"
    relative = Guard(metric="click-through", bound=0.9, relative=True)
    assert relative.verdict(np.ones(500), before=np.ones(10)).state == "too little data"


def test_a_relative_guard_looks_at_what_was_before():
    guard = Guard(metric="click-through", bound=0.9, relative=True)
    rng = np.random.default_rng(5)
    before = clicks(rng, (4_000, 0.4))
    assert guard.verdict(clicks(rng, (4_000, 0.4)), before=before).state == "fine"
    assert guard.verdict(clicks(rng, (4_000, 0.25)), before=before).state == "breach"


def test_only_the_window_counts():
    guard = Guard(metric="click-through", bound=0.2, window=1_000)
    assert guard.verdict(clicks(np.random.default_rng(6), (20_000, 0.5), (1_000, 0.05))).state == "breach"


def test_a_guard_asked_all_the_time_hardly_ever_cries_wolf():
    guard = Guard(metric="click-through", bound=0.2, alpha=0.05)
    rng = np.random.default_rng(7)
    cried = 0
    for _ in range(100):
        values = clicks(rng, (3_000, 0.2))
        cried += any(guard.verdict(values[:n]).state == "breach" for n in range(200, 3_001, 200))
    assert cried <= 5


def test_a_guard_that_makes_no_sense_is_refused():
    with pytest.raises(ValidationError, match="alpha"):
        Guard(metric="x", bound=1.0, alpha=0.0)
