"""Who gets which variant, and what two lists make when drawn into one."""

import numpy as np
import pytest

from llm4rec.core.errors import SettingsError
from llm4rec.core.experiment import HOLDOUT, NOBODY, Experiment, team_draft

PEOPLE = [f"u{number}" for number in range(8_000)]


def counted(experiment):
    found = [experiment.variant(user) for user in PEOPLE]
    return {name: found.count(name) / len(found) for name in experiment.shares}


def test_people_are_split_by_weight():
    experiment = Experiment("colour", {"a": 1.0, "b": 3.0}, holdout=0.2)
    assert counted(experiment) == pytest.approx(experiment.shares, abs=0.015)
    assert experiment.shares == pytest.approx({HOLDOUT: 0.2, "a": 0.2, "b": 0.6})


def test_a_person_keeps_the_variant_that_was_once_drawn():
    # Written down once: a change of the hash would move people between variants in the middle of experiments.
    experiment = Experiment("colour", {"a": 1.0, "b": 1.0})
    assert [experiment.variant(user) for user in ("ann", "bob", 7, "", "ü")] == PINNED


PINNED = ["a", "a", "a", "b", "b"]


def test_experiments_tenants_and_salts_do_not_lean_on_each_other():
    base = Experiment("one")
    for other, tenant in ((Experiment("two"), ""), (Experiment("one", salt="x"), ""), (base, "shop")):
        same = np.mean([base.variant(u) == other.variant(u, tenant) for u in PEOPLE])
        assert same == pytest.approx(0.5, abs=0.02)


def test_a_growing_holdout_moves_nobody_across():
    before, after = Experiment("one", holdout=0.1), Experiment("one", holdout=0.3)
    moved = {(before.variant(u), after.variant(u)) for u in PEOPLE}
    assert ("control", "treatment") not in moved
    assert (HOLDOUT, "control") not in moved


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ({"name": " "}, "name"),
        ({"name": "x", "variants": {"a": 1.0}}, "two variants"),
        ({"name": "x", "variants": {"a": 1.0, "b": float("nan")}}, "weight"),
        ({"name": "x", "variants": {"a": 1.0, HOLDOUT: 1.0}}, "holdout"),
        ({"name": "x", "holdout": 1.0}, "holdout"),
    ],
)
def test_an_experiment_that_makes_no_sense_is_refused(said, word):
    with pytest.raises(SettingsError, match=word):
        Experiment(**said)


def test_a_draft_takes_turns_and_repeats_nothing():
    items, teams = team_draft([1, 2, 3, 4], [5, 2, 1, 6], 4, np.random.default_rng(0))
    assert len(set(items)) == 4
    assert set(items[:2]) == {1, 5}
    for place in range(0, 4, 2):
        assert set(teams[place : place + 2]) == {0, 1}


def test_what_is_left_of_one_list_plays_for_nobody():
    items, teams = team_draft([1, 2, 3, 4], [5], 5, np.random.default_rng(0))
    assert dict(zip(items.tolist(), teams.tolist(), strict=True)) == {1: 0, 5: 1, 2: -1, 3: -1, 4: -1}


def test_what_both_agree_on_plays_for_nobody():
    items, teams = team_draft([1, 2, 3], [1, 2, 4], 4, np.random.default_rng(0))
    assert items[:2].tolist() == [1, 2]
    assert teams[:2].tolist() == [NOBODY, NOBODY]
    assert sorted(items[2:].tolist()) == [3, 4]


def test_a_draft_of_too_little_is_short():
    items, _ = team_draft([1, -1], [1, 2, -1], 5, np.random.default_rng(0))
    assert items.tolist() == [1, 2]
