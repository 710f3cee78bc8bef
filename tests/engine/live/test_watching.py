"""What anyone may rely on after a promotion: a version that does worse is put out by itself, says so, and stays out."""

import shutil

import numpy as np
import pytest

from llm4rec.core import AuditEntry, Feedback, Impression, Shown, stream
from llm4rec.engine import Engine, Settings
from llm4rec.engine.live import open_live
from llm4rec.engine.live.watching import Watch
from llm4rec.engine.live_settings import LiveSettings
from llm4rec.testing import checkerboard

from .conftest import PLAIN

HOUR = 3_600.0


@pytest.fixture(scope="session")
def pair(tmp_path_factory):
    """Two engines that differ in a setting."""
    root = tmp_path_factory.mktemp("pair")
    return [
        Engine(Settings(**PLAIN), model="ease", reg=reg, tune=False)
        .fit(checkerboard())
        .save(root / f"e{reg:g}")
        for reg in (1.0, 2.0)
    ]


@pytest.fixture
def promoted(pair, store, clock):
    """A live engine whose second version was promoted just now, and both versions: promoted(guard=0.9)."""

    def make(**live):
        given = Settings(**PLAIN, live=live)
        made = open_live(pair[0], store, settings=given, now=clock)
        first, second = made.version, made.register(pair[1]).version
        made.promote(second)
        return made, first, second

    return make


def shown(store, version, time, rate, many=600, late=0.0, seed=0):
    """So many people were each shown a list by a version; a share of them took something of it, `late` seconds later."""
    rng = np.random.default_rng(seed)
    users = [f"{version}-{seed}-{n}" for n in range(many)]
    store.append(
        [
            Impression(user, user, time, (Shown("item-1", 1.0), Shown("item-2", 0.5)), "plain", version)
            for user in users
        ]
    )
    took = [Feedback(u, "item-2", "click", time + late, impression=u) for u in users if rng.random() < rate]
    if took:
        store.append(took)


def test_a_version_that_is_taken_less_is_rolled_back_by_itself_and_says_so(promoted, store, clock):
    live, first, second = promoted()
    shown(store, first, clock.time - 5 * HOUR, 0.30)
    shown(store, second, clock.time - HOUR, 0.05, seed=1)
    live._look()
    assert live.version == live.registry.standing().serving == first
    assert "click-through" in live.registry.standing().refused[second]
    assert second in live.figures()["trouble"]["guard"]
    assert [
        e.subject for e in stream(store, AuditEntry) if (e.actor, e.action) == ("guard", "engine rolled back")
    ] == [second]
    live._look()
    assert live.version == first
    assert len(list(stream(store, AuditEntry))) == 1, "said once"
    with open_live(None, store, now=clock) as again:
        assert again.version == first
        again._look()
        assert "guard" in again.figures()["trouble"]


def test_a_version_that_does_as_well_stays(promoted, store, clock):
    live, first, second = promoted()
    shown(store, first, clock.time - 5 * HOUR, 0.30)
    shown(store, second, clock.time - HOUR, 0.30, seed=1)
    live._look()
    assert live.version == second
    assert "guard" not in live.figures()["trouble"]


@pytest.mark.parametrize(
    ("why", "options", "many", "ago"),
    [
        ("too few answers", {}, 60, HOUR),
        ("people had no time yet to take anything", {}, 600, 60.0),
        ("the guard is off", {"guard": 0.0}, 600, HOUR),
        ("it was promoted long ago", {"guard_days": 1e-9}, 600, HOUR),
    ],
)
def test_nothing_is_done_where_nothing_can_be_said(promoted, store, clock, why, options, many, ago):
    live, first, second = promoted(**options)
    clock.time += 1.0
    shown(store, first, clock.time - 5 * HOUR, 0.30)
    shown(store, second, clock.time - ago, 0.0, many=many, seed=1)
    live._look()
    assert live.version == second, why


def test_both_versions_have_the_same_time_to_be_taken(clock):
    """A click counts within half an hour, whoever's list it was."""
    watch = Watch("new", "old", 0.0, LiveSettings(guard_minutes=30.0))
    rows = [
        Impression(name, "ann", 0.0, (Shown("a", 1.0),), version="old")
        for name in ("in time", "late", "other")
    ]
    watch.take_shown(rows)
    watch.take_feedback(
        [
            Feedback("ann", "a", "click", 1_700.0, impression="in time"),
            Feedback("ann", "a", "click", 1_900.0, impression="late"),
            Feedback("ann", "b", "click", 10.0, impression="other"),
            Feedback("ann", "a", "dislike", 10.0, impression="other"),
        ]
    )
    values, _ = watch._values("old", 10_000.0)
    assert sorted(values) == [0.0, 0.0, 1.0]
    assert len(watch._values("old", 1_000.0)[0]) == 0


def test_what_was_put_out_is_promoted_by_hand_alone(promoted, store, clock, pair, tmp_path):
    live, first, second = promoted()
    live.registry.put_out(second, "click-through fell")
    live.work()
    assert live.version == first
    standing = live.registry.standing()
    assert (standing.state(second), standing.fallen) == ("refused", second)
    live.promote(second)
    assert live.registry.standing().serving == live.version == second
    assert live.registry.standing().fallen == ""


def test_a_version_whose_answers_fail_is_rolled_back(promoted, store, clock, monkeypatch):
    live, first, second = promoted()
    live._look()

    def breaks(*given, **more):
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr("llm4rec.engine.live.answering.Desk.answers", breaks)
        for _ in range(25):
            with pytest.raises(ZeroDivisionError):
                live.recommend_many([{"user": "user-1"}] * 10)
    live._look()
    assert live.version == first
    assert "failed answers" in live.registry.standing().refused[second]


def test_a_night_that_comes_to_a_version_put_out_before_does_not_promote_it(promoted, store, clock, tmp_path):
    from llm4rec.engine.live.refitting import Night, Outcome, _entered
    from llm4rec.engine.live.registry import Registry

    live, first, second = promoted()
    live.registry.put_out(second, "click-through fell")
    folder = tmp_path / "again"
    shutil.copytree(live.registry.record(second).folder, folder)
    registry = Registry(store, now=clock)
    night = Night(store, "default", registry, Settings(**PLAIN))
    found = _entered(night, first, folder, Outcome("ready", "better", facts={"gate": {}}))
    assert found.state == "refused"
    assert "click-through fell" in found.reason
    assert registry.standing().serving == first
