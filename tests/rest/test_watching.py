"""Figures for many who watch: a look is shared, for longer where it is dear, and ends with a decision."""

import pytest

from llm4rec.apps.rest import watching
from llm4rec.apps.rest.watching import Watching
from llm4rec.engine.live import open_live
from llm4rec.store import open_store


class Clock:
    def __init__(self):
        self.time, self.cost = 100.0, 0.0

    def __call__(self):
        return self.time


@pytest.fixture
def looked(monkeypatch):
    """A watching whose looks are numbered and cost what its clock says."""
    clock, looks = Clock(), []

    def watch(live, days, watcher):
        looks.append(days)
        clock.time += clock.cost
        return len(looks)

    monkeypatch.setattr(watching, "watch", watch)
    return Watching(clock), clock


@pytest.fixture
def live(board, tmp_path):
    with open_store(str(tmp_path / "shop.db")) as store, open_live(board, store) as live:
        yield live


def test_a_look_is_shared_for_seconds(looked, live):
    watching, clock = looked
    assert [watching.look(live, 7.0) for _ in range(3)] == [1, 1, 1]
    clock.time += 3.9
    assert watching.look(live, 7.0) == 1
    clock.time += 0.2
    assert watching.look(live, 7.0) == 2


def test_a_dear_look_is_shared_for_longer(looked, live):
    watching, clock = looked
    clock.cost = 1.0
    assert watching.look(live, 7.0) == 1
    clock.time += 19.9
    assert watching.look(live, 7.0) == 1
    clock.time += 0.2
    assert watching.look(live, 7.0) == 2


def test_another_window_and_a_decision_are_looked_at_anew(looked, live):
    watching, _ = looked
    assert watching.look(live, 7.0) == 1
    assert watching.look(live, 1.0) == 2
    watching.changed(live)
    assert watching.look(live, 1.0) == 3


def test_tenants_have_figures_of_their_own(looked, live):
    watching, _ = looked
    assert watching.look(live, 7.0) == 1
    assert watching.look(live.tenant("acme"), 7.0) == 2
    assert watching.look(live, 7.0) == 1
