"""Figures of an operator, on logs written by hand whose right answers are known."""

import json

import numpy as np
import pytest

from llm4rec.core import Feedback, Impression, SettingsError, Shown
from llm4rec.core.experiment import NOTE, Experiment
from llm4rec.engine import Engine, Settings
from llm4rec.engine.live import open_live
from llm4rec.evaluation.watching import Watcher, watch
from llm4rec.evaluation.watching.figures import figure, parts_of
from llm4rec.evaluation.watching.shown import reason_of
from llm4rec.store import open_store
from llm4rec.testing import checkerboard

NOW = 1_700_000_000.0
HOUR = 3_600.0
PLAIN = {"encoder": {"name": "none"}, "cache": {"folder": "none"}}


@pytest.fixture(scope="module")
def engine():
    return Engine(Settings(**PLAIN), model="sequence", tune=False).fit(checkerboard())


@pytest.fixture
def live(engine, tmp_path):
    with open_store(str(tmp_path / "shop.db")) as store, open_live(engine, store, now=lambda: NOW) as live:
        yield live


def shown(number, items=("item-0", "item-1"), hours=1.0, chance=None, **more):
    slots = tuple(Shown(item, 2.0 - at, chance) for at, item in enumerate(items))
    return Impression(f"i{number}", f"u{number}", NOW - hours * HOUR, slots, version="v1", **more)


def took(number, item="item-0", kind="click", hours=0.9, quotes=True):
    return Feedback(f"u{number}", item, kind, NOW - hours * HOUR, impression=f"i{number}" if quotes else None)


def test_rates_are_shares_of_lists_with_intervals_over_people(live):
    rows = [shown(n) for n in range(100)]
    rows += [took(n) for n in range(40)] + [took(n, kind="purchase", hours=0.8) for n in range(25)]
    live.store.append(rows)
    seen = watch(live, 1)
    assert (seen.answers, seen.click_through.count, seen.click_through.people) == (100, 100, 100)
    assert seen.click_through.value == pytest.approx(0.4)
    half = 1.984 * np.sqrt(0.4 * 0.6 / 99)  # Student, 99 degrees of freedom
    assert seen.click_through.low == pytest.approx(0.4 - half, abs=0.005)
    assert seen.click_through.high == pytest.approx(0.4 + half, abs=0.005)
    assert seen.conversion.value == pytest.approx(0.25)


def test_an_interval_is_refused_where_it_would_promise_too_much():
    ones, users = np.ones(100), np.arange(100)
    clicks = np.zeros(100)
    clicks[:3] = 1.0
    rare = figure(clicks, ones, users)
    assert (rare.value, rare.low) == (0.03, None)
    assert "3 rows stand out" in rare.why
    clicks[:50] = 1.0
    alone = figure(clicks, ones, np.zeros(100, np.int64))
    assert alone.low is None
    assert "1 people" in alone.why
    assert figure(clicks[:0], ones[:0], users[:0]).value is None


def test_traffic_by_the_hour_counts_everything_and_leaves_out_what_is_older(live):
    live.store.append([shown(0, hours=0.2), shown(1, hours=0.2), shown(2, hours=5), shown(3, hours=30)])
    live.store.append([took(0, hours=0.1), took(2, hours=4.9, kind="dislike")])
    seen = watch(live, 1)
    assert seen.answers == 3
    answers = [hour.answers for _, hour in seen.traffic if hour.answers]
    assert sorted(answers) == [1, 2]
    assert sum(hour.taken for _, hour in seen.traffic) == 1
    assert sum(hour.against for _, hour in seen.traffic) == 1
    assert all(later - earlier == HOUR for (earlier, _), (later, _) in zip(seen.traffic, seen.traffic[1:]))  # noqa: B905


def test_long_windows_are_told_by_days():
    assert len(parts_of(NOW - 7 * 24 * HOUR, NOW)) == 8
    assert parts_of(NOW - 7 * 24 * HOUR, NOW)[0] % (24 * HOUR) == 0


def test_coverage_concentration_and_cold_items(live):
    live.upsert_items([{"item": "brand-new", "attributes": {"title": "odd"}}])
    size = len(live.serving.engine.catalog)
    live.store.append([shown(n, ("item-0", "brand-new")) for n in range(30)])
    seen = watch(live, 1)
    assert (seen.spread.items, seen.spread.shown, seen.spread.places) == (size, 2, 60)
    assert seen.spread.top_share == pytest.approx(0.5)  # one item is 1 % of so few
    assert seen.spread.gini == pytest.approx(1 - 2 / size, abs=1e-9)
    assert seen.cold.value == pytest.approx(0.5)


def test_degraded_answers_by_reason_name_nobody(live):
    live.store.append([shown(n, degraded=(f"user 'secret-{n}' is not known",)) for n in range(25)])
    live.store.append([shown(n) for n in range(25, 100)])
    seen = watch(live, 1)
    assert seen.degraded.value == pytest.approx(0.25)
    assert seen.reasons == {"user … is not known": 25}
    assert "secret" not in json.dumps(seen.as_json())
    assert reason_of('3 of 12 "items" of 1,000') == "N of N … of N"


def test_quality_is_the_place_of_what_was_taken_next(live):
    live.store.append([shown(n) for n in range(90)])
    first = [took(n, "item-0", quotes=False) for n in range(30)]
    second = [took(n, "item-1", quotes=False) for n in range(30, 60)]
    elsewhere = [took(n, "item-5", quotes=False) for n in range(60, 90)]
    again = [took(0, "item-0", "purchase", hours=0.5)]
    before = [took(1, "item-1", hours=2)]
    live.store.append([*first, *second, *elsewhere, *again, *before])
    seen = watch(live, 1)
    assert seen.prequential.count == 90
    assert seen.prequential.value == pytest.approx((30 * 1.0 + 30 / np.log2(3)) / 90)
    assert seen.prequential.low < seen.prequential.value < seen.prequential.high


def test_clicks_that_stop_are_an_alarm_and_steady_ones_are_none(live):
    rng = np.random.default_rng(0)
    clicked = rng.random(2_000) < np.where(np.arange(2_000) < 1_200, 0.5, 0.1)
    live.store.append([shown(n, hours=20 - n / 200) for n in range(2_000)])
    live.store.append([took(n, hours=20 - n / 200 - 0.001) for n in np.flatnonzero(clicked).tolist()])
    found = {signal.name: signal for signal in watch(live, 2).drift}
    assert found["click-through"].state == "alarm"
    assert "went down" in found["click-through"].why
    assert found["kinds of feedback"].state == "steady"


def test_drift_says_when_there_is_too_little(live):
    live.store.append([shown(0)])
    assert {signal.state for signal in watch(live, 1).drift} == {"too little data"}


def test_experiments_say_whether_they_may_stop(live):
    setup = {"variants": {"control": 1.0, "treatment": 1.0}, "holdout": 0.0, "salt": ""}
    live.store.note({NOTE + "order": json.dumps(setup), NOTE + "idle": json.dumps(setup)})
    rows = []
    for number in range(1_200):
        better = number % 2
        rows.append(shown(number, experiment="order", variant="treatment" if better else "control"))
        if number % 10 < (6 if better else 2):
            rows.append(took(number))
    live.store.append(rows)
    found = {one.name: one for one in watch(live, 1).experiments}
    assert found["idle"].stop == "no data"
    assert found["order"].stop == "decided"
    assert found["order"].result["control"] == "control"
    look = found["order"].result["variants"]["treatment"]["versus"]["click-through"]
    assert look["low"] > 0
    assert found["order"].shares == Experiment("order").shares


def test_a_wrong_split_is_told_before_any_difference(live):
    setup = {"variants": {"control": 1.0, "treatment": 1.0}, "holdout": 0.0, "salt": ""}
    live.store.note({NOTE + "order": json.dumps(setup)})
    names = ["treatment" if n < 900 else "control" for n in range(1_200)]
    live.store.append([shown(n, experiment="order", variant=name) for n, name in enumerate(names)])
    assert watch(live, 1).experiments[0].stop == "wrong split"


def test_what_lists_without_exploring_would_have_brought(live):
    """The middle place holds the best item (score 1) or, half of the time, a drawn one; only the best is ever taken."""
    rng = np.random.default_rng(1)
    rows = []
    for number in range(2_000):
        drawn = rng.random() < 0.5
        middle = Shown("item-9", 0.1, 0.5) if drawn else Shown("item-1", 1.0, 0.5)
        last = Shown("item-1", 1.0, 1.0) if drawn else Shown("item-2", 0.5, 1.0)
        slots = (Shown("item-0", 2.0, 1.0), middle, last)
        rows.append(Impression(f"i{number}", f"u{number}", NOW - HOUR, slots, policy="plackett-luce:0.1"))
        if not drawn and rng.random() < 0.6:
            rows.append(took(number, "item-1"))
    live.store.append(rows)
    logged, without = watch(live, 1).estimates
    assert logged.value == pytest.approx(0.3, abs=0.03)
    assert logged.ess == pytest.approx(2_000)
    assert without.low < 0.6 < without.high
    assert without.ess == pytest.approx(1_000, rel=0.1)


def test_no_estimate_without_chances_and_none_where_scores_do_not_tell(live):
    live.store.append([shown(n) for n in range(30)])
    assert all("no place was drawn" in one.why for one in watch(live, 1).estimates)
    rising = tuple(Shown(f"item-{at}", float(at), 0.5 if at == 1 else 1.0) for at in range(4))
    live.store.append([Impression(f"r{n}", f"u{n}", NOW - HOUR, rising) for n in range(30)])
    assert "reordered" in watch(live, 1).estimates[1].why


def test_reports_are_worked_through(live):
    for user in ("ann", "bob"):
        live.report("item-3", user, "hate", "it says …")
    live.report("item-4", "ann")
    rows = watch(live, 1).reports
    assert [(row["item"], row["people"], row["hidden"]) for row in rows] == [
        ("item-3", 2, False),
        ("item-4", 1, False),
    ]
    live.report("item-3", "operator", action="hide")
    live.report("item-4", "operator", action="clear")
    rows = watch(live, 1).reports
    assert [(row["item"], row["hidden"]) for row in rows] == [("item-3", True)]
    assert "item-3" not in live.recommend(n=50).items
    assert "item-4" in live.recommend(n=50).items
    live.report("item-3", "operator", action="clear")
    assert "item-3" in live.recommend(n=50).items
    assert watch(live, 1).reports == ()


def test_versions_with_their_lineage(live, engine, tmp_path):
    first = live.register(engine.save(tmp_path / "one"))
    live.promote(first.version)
    live.store.append([shown(n) for n in range(3)])
    (row,) = watch(live, 1).versions
    assert (row["version"], row["state"], row["model"]) == (first.version, "serving", "sequence")
    assert row["click_through"]["why"] == "no answer in this window"


def test_a_kept_watcher_reads_only_what_is_new_and_holds_no_more_than_it_may(live):
    watcher = Watcher(live.store, live.name, most=50)
    live.store.append([shown(n, hours=3) for n in range(100)])
    seen = watch(live, 1, watcher)
    assert seen.answers == 50
    assert sum(hour.answers for _, hour in seen.traffic) == 100
    assert any("newest 50 lists" in note for note in seen.notes)
    live.store.append([shown(200)])
    assert watcher.step() == 1
    assert watcher.step() == 0
    few = Watcher(live.store, live.name, read=20)
    assert watch(live, 1, few).answers == 20
    assert any("newest 20 rows" in note for note in watch(live, 1, few).notes)


def test_whoever_is_erased_is_not_held(live):
    watcher = Watcher(live.store, live.name)
    live.store.append([shown(1), shown(2), took(1), took(2)])
    watcher.step()
    live.erase("u1")
    watcher.step()
    assert {row["user"] for row in watcher.log(0, NOW).impressions} == {"u2"}
    assert {row["user"] for row in watcher.feedback(0, NOW)} == {"u2"}


def test_an_empty_store_has_figures_too(live):
    seen = watch(live, 7)
    assert seen.answers == 0
    assert seen.click_through.value is None
    assert seen.spread.gini is None
    json.dumps(seen.as_json(), allow_nan=False)


@pytest.mark.parametrize("days", [0, -1, 32, float("nan"), float("inf")])
def test_a_window_that_is_none_is_refused(live, days):
    with pytest.raises(SettingsError, match="days"):
        watch(live, days)
