"""What anyone may rely on about the gate: who is not worse passes, who is worse or cannot be judged does not."""

from dataclasses import replace

import numpy as np
import pytest

from llm4rec.core import Catalog, History, Holdout, Request, SettingsError, Vocabulary
from llm4rec.core.errors import CannotSayError
from llm4rec.engine import Engine, Settings
from llm4rec.evaluation.gate import Asked, Gate, gate
from llm4rec.testing import checkerboard

ITEMS = 40


class Right:
    """Puts the right answer first for a share of the questions, and last for the others."""

    def __init__(self, share, seed=0):
        self.share, self.seed = share, seed

    def score(self, requests):
        rng = np.random.default_rng(self.seed)
        hits = rng.random(1_000)[[request.user for request in requests]] < self.share
        scores = np.tile(np.arange(ITEMS, dtype=np.float32), (len(requests), 1))
        scores[:, 0] = np.where(hits, 1_000.0, -1.0)
        return scores


def asked(people):
    requests = [Request(History.of([ITEMS - 1]), user=user) for user in range(people)]
    return Holdout(requests, [np.array([0])] * people)


def judged(new, old, people=900, **options):
    return gate(new, old, asked(people), ITEMS, Gate(metric="hr@10", **options))


def test_the_same_passes_the_better_passes_the_worse_does_not():
    same = judged(Right(0.5), Right(0.5))
    assert (same.passes, same.low, same.new) == (True, 0.0, same.old)
    assert judged(Right(0.6), Right(0.5)).passes
    worse = judged(Right(0.4), Right(0.5))
    assert not worse.passes
    assert worse.low < worse.new - worse.old < -0.05
    assert "more than 5 % worse" in worse.reason


def test_what_may_be_worse_is_refused_until_there_are_more_people_or_a_larger_margin():
    """Two that are equally good and do not agree on whom: few people leave it open."""
    few = judged(Right(0.5, 1), Right(0.5, 2), people=60)
    assert not few.passes
    assert judged(Right(0.5, 1), Right(0.5, 2), people=60, margin=0.6).passes


def test_a_loss_of_just_the_margin_passes_as_seldom_as_said():
    """One in twenty, on average: of 40 hardly ever more than 7."""
    passed = [judged(Right(0.45, s), Right(0.5, s + 500), people=150, margin=0.1).passes for s in range(40)]
    assert sum(passed) <= 7


def test_too_few_people_and_wrong_metrics_say_nothing():
    with pytest.raises(CannotSayError, match="49 people"):
        judged(Right(0.5), Right(0.5), people=49)
    with pytest.raises(SettingsError, match="places of answers"):
        gate(Right(0.5), Right(0.5), asked(60), ITEMS, Gate(metric="coverage@10"))


def test_an_engine_is_asked_in_other_numbers_by_ids():
    data = checkerboard()
    engine = Engine(Settings(encoder={"name": "none"}), model="ease", reg=1.0, tune=False).fit(data)
    order = np.arange(len(data.catalog))[::-1]
    turned = Asked(engine, _turned(data, order))
    own = engine.score([Request(data.history(3), user=3)])[0]
    history = data.history(3)
    other = Request(History.of(len(order) - 1 - history.items, history.timestamps), user=3)
    np.testing.assert_allclose(turned.score([other])[0], own[order], rtol=1e-5)


def test_what_an_engine_does_not_know_stands_behind_all_that_it_knows():
    data = checkerboard()
    engine = Engine(Settings(encoder={"name": "none"}), model="ease", reg=1.0, tune=False).fit(data)
    grown = replace(data, catalog=Catalog(Vocabulary([*data.catalog.ids.ids, "item-new"]), {}))
    scores = Asked(engine, grown).score([Request(History.of([0, len(data.catalog)]))])[0]
    assert scores[-1] < scores[:-1].min()
    assert len(scores) == len(grown.catalog)


def _turned(data, order):
    events = replace(data.interactions, items=len(order) - 1 - data.interactions.items)
    return replace(data, catalog=data.catalog.take(order), interactions=events)
