"""Frozen against learning in a world where the truth is known."""

import numpy as np
import pytest

from llm4rec.evaluation.livesim import LiveConfig, Lived, live, stage, told

CONFIG = LiveConfig(readers=40, before=40, rounds=6, n=5, refit_every=2, flip_round=3)


@pytest.fixture(scope="module")
def scene():
    return stage(CONFIG)


class Fixed:
    """The same order for everybody, whatever they did."""

    def __init__(self, met):
        self.met = met

    def fit(self, dataset):
        self.items = len(dataset.catalog)
        self.met.append(dataset)

    def score(self, requests):
        self.met.append([len(request.history) for request in requests])
        return np.tile(-np.arange(self.items, dtype=np.float32), (len(requests), 1))


class Knows(Fixed):
    """Knows the truth about everybody once they have done something."""

    def __init__(self, met, scene):
        super().__init__(met)
        self.scene = scene

    def score(self, requests):
        plain = super().score(requests)
        items = np.tile(np.arange(self.items), (len(requests), 1))
        wished = self.scene.simulation.truth.attraction(self.scene.moments(0), items)
        there = np.array([len(request.history) > 0 for request in requests])
        return np.where(there[:, None], wished, plain).astype(np.float32)


def test_who_learns_nothing_gains_nothing(scene):
    both = {f"x, {how}": live(scene, lambda: Fixed([]), how == "learning") for how in ("frozen", "learning")}
    np.testing.assert_array_equal(both["x, frozen"].rewards, both["x, learning"].rewards)
    over = told(CONFIG, both)["models"]["x, learning"]["over_frozen"]
    assert (over["mean"], over["low"], over["high"]) == (1.0, 1.0, 1.0)


def test_who_learns_gains_until_tastes_turn_over(scene):
    both = {how: live(scene, lambda: Knows([], scene), how == "learning") for how in ("frozen", "learning")}
    frozen, learning = (both[how].rewards.mean(axis=1) for how in ("frozen", "learning"))
    assert frozen[0] == learning[0]
    assert learning[2] > 1.3 * frozen[2]
    assert learning[3] < 0.8 * learning[2]


def test_histories_grow_and_refits_see_newcomers_without_their_future(scene):
    met = []
    found = live(scene, lambda: Fixed(met), True)
    fits = [one for one in met if not isinstance(one, list)]
    asked = [one for one in met if isinstance(one, list)]
    assert len(fits) == 3
    assert asked[0] == [0] * 40
    assert (np.diff(found.interactions, axis=0) >= 0).all()
    assert found.interactions[-1].sum() > 0
    new = fits[1].interactions.users >= 40
    assert not (fits[0].interactions.users >= 40).any()
    assert new.sum() == sum(asked[2])
    assert fits[1].interactions.timestamps.max() < scene.moments(2).times[0]


def test_a_frozen_engine_hears_nothing(scene):
    met = []
    live(scene, lambda: Fixed(met), False)
    assert {length for one in met if isinstance(one, list) for length in one} == {0}


def test_rewards_are_told_by_how_much_was_known(scene):
    found = live(scene, lambda: Fixed([]), False)
    rows = told(CONFIG, {"x, frozen": found})["models"]["x, frozen"]["by_interactions"]
    assert rows[0]["from"] == 0
    assert sum(row["requests"] for row in rows) == 6 * 40


class Sees(Fixed):
    """Is told the moment, and knows the truth about everybody in it."""

    def __init__(self, scene):
        super().__init__([])
        self.scene, self.asked = scene, 0

    def score(self, requests):
        items = np.tile(np.arange(self.items), (len(requests), 1))
        found = self.scene.simulation.truth.attraction(self.scene.moments(self.asked), items)
        self.asked += 1
        return found.astype(np.float32)


def test_the_best_list_is_what_the_truth_would_show(scene):
    seer = Sees(scene)
    knowing, blind = live(scene, lambda: seer, True), live(scene, lambda: Fixed([]), True)
    np.testing.assert_allclose(knowing.rewards, knowing.best, rtol=1e-5)
    assert (blind.rewards < blind.best).all()
    assert (blind.best[0] == knowing.best[0]).all()


def test_recovery_counts_events_from_the_turn_of_tastes():
    shares = np.array([0.2, 0.8, 0.8, 0.8, 0.3, 0.6, 0.73, 0.9])
    events = np.tile(np.arange(8)[:, None] * np.array([[2, 4]]), (1, 20))
    one = Lived(np.tile(shares[:, None], (1, 40)), np.ones((8, 40)), events)
    config = LiveConfig(rounds=8, flip_round=4)
    found = told(config, {"x, learning": one})["models"]["x, learning"]["recovery"]
    assert found == {"before": pytest.approx(0.8), "at_once": pytest.approx(0.3), "events": 6.0}
    never = Lived(np.where(np.arange(8)[:, None] < 4, one.rewards, 0.1), one.best, events)
    assert told(config, {"x, learning": never})["models"]["x, learning"]["recovery"]["events"] is None
