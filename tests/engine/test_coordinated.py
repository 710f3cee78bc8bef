"""Accounts that echo each other about a thing: found where they are, and nobody else is taken for one."""

from dataclasses import replace

import numpy as np
import pytest

from llm4rec.core import Catalog, Dataset, Interactions, Users, Vocabulary
from llm4rec.engine import Engine, Settings
from llm4rec.engine.coordinated import echoes
from llm4rec.engine.settings import FitSettings
from llm4rec.engine.shield import Shield

PEOPLE, THINGS, TARGET = 200, 60, 60
ON = Shield.of(FitSettings())


def drawn(seed=0):
    """200 people with 12 of 60 things each."""
    rng = np.random.default_rng(seed)
    return [rng.choice(THINGS, 12, replace=False).tolist() for _ in range(PEOPLE)]


def told(rows, **columns):
    """Interactions of these histories, one second a step, person after person."""
    users = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    items = [item for row in rows for item in row]
    return Interactions.of(users, items, timestamps=np.arange(len(items)), **columns).sorted()


def shop(rows):
    return Dataset(
        told(rows),
        Catalog(Vocabulary([f"thing-{n}" for n in range(THINGS + 1)])),
        Users(Vocabulary([f"person-{n}" for n in range(len(rows))])),
    )


def favourites(rows, size=20):
    """What is taken most: nobody alone has it."""
    return np.argsort(-np.bincount(np.concatenate(rows)), kind="stable")[:size].tolist()


def marked(rows):
    """(user, item) of the echoes."""
    events = told(rows)
    found = echoes(events)
    return sorted(zip(events.users[found].tolist(), events.items[found].tolist(), strict=True))


def test_a_group_that_pushes_a_thing_counts_for_it_once_and_for_all_else_as_ever():
    rows = drawn()
    rows[3] = [*rows[3], TARGET]
    fakes = [[*favourites(rows), TARGET] for _ in range(5)]
    assert marked([*rows, *fakes]) == [(user, TARGET) for user in (201, 202, 203, 204)]


def test_the_one_that_counts_is_the_first_in_time():
    rows = drawn()
    fakes = [[*favourites(rows), TARGET] for _ in range(4)]
    events = told([*rows, *fakes])
    times = events.timestamps.copy()
    times[events.users == 201] -= 1e6
    found = echoes(replace(events, timestamps=times).sorted())
    assert sorted(events.users[found].tolist()) == [200, 202, 203]


def test_repeats_and_noise_do_not_hide_a_group():
    """Each account begins with something else, has the target twice, and dislikes things in between."""
    rows, rng = drawn(), np.random.default_rng(1)
    popular = favourites(rows)
    rest = [n for n in range(THINGS) if n not in popular]
    fakes = [[*rng.choice(rest, 3, replace=False).tolist(), *popular, TARGET, TARGET] for _ in range(4)]
    assert marked([*rows, *fakes]) == [(user, TARGET) for user in (201, 202, 203) for _ in range(2)]
    events = told([*rows, *fakes])
    dislikes = Interactions.of(
        np.repeat([200, 201, 202, 203], 20), rng.integers(0, THINGS, 80), kind_names=("dislike",)
    )
    loud = events.followed_by(dislikes).sorted()
    found = echoes(loud)
    assert set(loud.users[found].tolist()) == {201, 202, 203}
    assert set(loud.items[found].tolist()) == {TARGET}


@pytest.mark.parametrize(
    ("fakes", "size", "why"),
    [
        (3, 20, "three friends"),
        (30, 20, "a taste that one in eight shares"),
        (5, 3, "the target comes first, and leads from nowhere"),
    ],
)
def test_these_are_no_group(fakes, size, why):
    rows = drawn()
    assert marked([*rows, *[[TARGET, *favourites(rows, size)] for _ in range(fakes)]]) == [], why


def led(rows, before, seed=2):
    """The histories, and behind them accounts that took other things, then each what it should, then the target."""
    rng = np.random.default_rng(seed)
    free = np.setdiff1d(np.arange(THINGS), np.concatenate(before).astype(int))
    return [*rows, *[[*rng.choice(free, 12, replace=False).tolist(), *own, TARGET] for own in before]]


def ends(rows, size=6):
    """Things that many histories end with."""
    return np.argsort(-np.bincount(np.concatenate([row[-3:] for row in rows])), kind="stable")[:size].tolist()


def test_different_people_with_the_same_things_right_before_the_target_are_a_group():
    rows = drawn()
    a, b, c, *_ = ends(rows)
    assert marked(led(rows, [[a, b, c]] * 4)) == [(user, TARGET) for user in (201, 202, 203)]
    assert marked(led(rows, [[a], [a], [a], [b], [c]])) == []
    assert marked(led(rows, [[a]] * 4 + [[b], [c]])) == [(user, TARGET) for user in (201, 202, 203)]


def test_three_teams_are_three_groups_where_two_things_before_are_the_same():
    """Four of twelve are too few with one thing in common, and enough with two."""
    rows = drawn()
    a, b, c, d, e, f = ends(rows)
    assert marked(led(rows, [[a, b], [c, d], [e, f]] * 4)) == [(user, TARGET) for user in range(203, 212)]


def test_one_thing_before_in_common_is_a_group_only_with_most_who_took_the_target():
    rows = drawn()
    a, b, c, *_ = ends(rows)
    assert marked(led(rows, [[a], [b]] * 5)) == [(user, TARGET) for user in range(202, 210)]
    assert marked(led(rows, [[a], [b], [c]] * 4)) == []


def test_what_leads_nobody_astray_is_let_be():
    """Five of 1005 histories end with the thing before, less than one in 200: hardly a list is made from it."""
    rows = [[n for n in row if n != 5] for seed in range(5) for row in drawn(seed)]
    assert marked(led(rows[:900], [[5]] * 5)) == [(user, TARGET) for user in range(901, 905)]
    assert marked(led(rows, [[5]] * 5)) == []


def test_a_new_hit_among_different_people_stays():
    rows = drawn()
    for user in range(9):
        rows[user] = [*rows[user], TARGET]
    assert marked(rows) == []


def test_alike_people_who_took_what_many_took_stay():
    rows = drawn()
    assert marked([*rows, *[favourites(rows) for _ in range(6)]]) == []


def test_nobody_is_suspected_where_people_are_few_or_silent():
    fakes = [[*range(20), TARGET] for _ in range(5)]
    assert marked([*drawn()[:40], *fakes]) == []
    assert echoes(Interactions.of([], [])).tolist() == []


def test_only_the_push_is_left_out_of_fitting_and_the_engine_says_so():
    rows = drawn()
    data = shop([*rows, *[[*favourites(rows), TARGET] for _ in range(5)]])
    settings = Settings(fit={"model": "ease", "tune": False}, encoder={"name": "none"})
    made = Engine(settings).fit(data)
    assert made.model.gram_[TARGET, TARGET] == 1
    assert len(ON.data(data).interactions) == len(data.interactions) - 4
    note = next(line for line in made.fitted.notes if "fit.coordinated" in line)
    assert note.startswith("4 accounts look coordinated with others")
    assert note.endswith("thing-60")
    assert TARGET in made.fitted.dataset.history(204).items, "an own history is never touched"
    assert "thing-60" not in made.recommend(user="person-204", n=50).items
    off = Settings(fit={"model": "ease", "tune": False, "coordinated": False}, encoder={"name": "none"})
    assert Engine(off).fit(data).model.gram_[TARGET, TARGET] == 5


@pytest.mark.parametrize("leaves", ["person-200", "person-203", "person-7"])
def test_forgetting_is_exact_whoever_of_a_group_leaves(leaves):
    """Person 200 is the one of four that counts: without them three are left, who are no group, and all count."""
    rows = drawn()
    data = shop([*rows, *[[*favourites(rows), TARGET] for _ in range(4 if leaves == "person-200" else 5)]])
    settings = Settings(fit={"model": "ease", "tune": False}, encoder={"name": "none"})
    made = Engine(settings).fit(data).forget(leaves)
    again = Engine(settings).fit(data.without_user(data.users.ids.number(leaves)))
    np.testing.assert_array_equal(made.model.gram_.toarray(), again.model.gram_.toarray())
    np.testing.assert_allclose(made.model.map_.inverse, again.model.map_.inverse, atol=1e-5)
