"""What anyone may rely on from the interest of a person in words."""

import numpy as np
import pytest

from llm4rec.core import FitContext, History, Holdout, KnownUsers, Request, SettingsError
from llm4rec.models.interest import DAY, Interest, InterestConfig
from llm4rec.testing import asking, best, checkerboard, context, fitted, shelf


def two_subjects():
    """Robots 0 1 and gardens 2 3, whose words have nothing in common."""
    return shelf("space robots", "space robots sequel", "garden soil", "garden soil handbook")


def interest(**options):
    return Interest(InterestConfig(**{"tune": False, "decay": None} | options))


def test_the_same_subject_comes_first():
    robots, robots_peace = 0, 1
    assert best(fitted(interest()), asking(robots)) == robots_peace


def test_interest_is_the_weighted_sum_of_the_texts_of_length_one():
    model = fitted(interest(decay=2.0))
    x = model.item_vectors()
    expected = np.exp(-1.0) * x[0] + np.exp(-0.5) * x[2] + x[0]
    found = model.user_vectors([asking(0, 2, 0)])[0]
    np.testing.assert_allclose(found, expected / np.linalg.norm(expected), rtol=1e-5)
    np.testing.assert_allclose(model.score([asking(0, 2, 0)])[0], x @ found, rtol=1e-5)


def test_without_a_decay_every_event_counts_alike_repeats_as_often_as_they_come():
    model = fitted(interest())
    x = model.item_vectors()
    expected = 2 * x[0] + x[2]
    found = model.user_vectors([asking(0, 2, 0)])[0]
    np.testing.assert_allclose(found, expected / np.linalg.norm(expected), rtol=1e-5)


@pytest.mark.parametrize(("half_life", "expected"), [(1.0, 3), (10_000.0, 1)])
def test_days_count_from_the_newest_event(half_life, expected):
    old_robots_new_garden = asking(0, 0, 2, days_ago=(60, 60, 0))
    assert best(fitted(interest(half_life_days=half_life), two_subjects()), old_robots_new_garden) == expected


def test_an_event_counts_half_after_its_half_life():
    model = fitted(interest(half_life_days=3.0))
    x = model.item_vectors()
    expected = 0.25 * x[0] + x[2]
    found = model.user_vectors([asking(0, 2, days_ago=(6, 0))])[0]
    np.testing.assert_allclose(found, expected / np.linalg.norm(expected), rtol=1e-5)


def test_a_long_absence_does_not_erase_taste():
    assert best(fitted(interest(half_life_days=1)), asking(2, days_ago=(3_000,))) == 3


def test_a_pause_of_thousands_of_half_lives_leaves_the_newest():
    assert best(fitted(interest(half_life_days=1)), asking(0, 2, days_ago=(3_000, 0))) == 3


def test_focus_makes_much_of_what_lies_in_the_middle():
    one_garden_among_robots = asking(0, 1, 2)
    shares = [
        fitted(interest(focus=f)).contributions(one_garden_among_robots, np.array([3]))[0] for f in (0, 9)
    ]
    assert shares[1][2] < 0.5 * shares[0][2], "gardens are the exception here"


def test_focus_is_a_softmax_over_the_closeness_to_the_centre():
    model = fitted(interest(focus=4.0, decay=3.0))
    x = model.item_vectors().astype(np.float64)
    base = np.exp(-np.array([2.0, 1.0, 0.0]) / 3.0)
    taken = x[[0, 2, 1]]
    centre = base @ taken / np.linalg.norm(base @ taken)
    expected = (base * np.exp(4.0 * taken @ centre)) @ taken
    found = model.user_vectors([asking(0, 2, 1)])[0]
    np.testing.assert_allclose(found, expected / np.linalg.norm(expected), rtol=1e-4)


def test_kinds_and_values_weigh_events():
    model = fitted(interest(kinds={"view": 0.5}, value_weight=2.0))
    events = History(
        np.array([0, 2]),
        np.array([0, 1]),
        np.array([np.nan, 3.0], np.float32),
        np.arange(2.0),
        ("view", "buy"),
    )
    x = model.item_vectors()
    expected = 0.5 * x[0] + (1 + 2 * np.log(4.0)) * x[2]
    found = model.user_vectors([Request(events)])[0]
    np.testing.assert_allclose(found, expected / np.linalg.norm(expected), rtol=1e-5)


def test_what_history_items_gave_adds_up_to_the_score():
    model = fitted(interest(decay=2.0, focus=3.0, half_life_days=2.0))
    request, items = asking(0, 2, 0, 1), np.array([3, 1])
    given = model.contributions(request, items)
    assert set(given[0]) == {0, 1, 2}
    np.testing.assert_allclose(
        [sum(one.values()) for one in given], model.score([request], items)[0], rtol=1e-5
    )


def test_columns_of_known_users_give_the_vectors_of_single_requests():
    data = checkerboard()
    model = fitted(interest(focus=2.0, half_life_days=3.0, decay=4.0), data)
    users = np.array([3, 3, 12])
    singles = [Request(data.history(int(u))) for u in users]
    np.testing.assert_array_equal(model.user_vectors(KnownUsers(data, users)), model.user_vectors(singles))


def test_a_new_item_is_found_at_once():
    old, new = (
        shelf(),
        shelf("space robots", "robots and peace", "garden soil", "roses and soil", "space robots again"),
    )
    model = fitted(interest(), old)
    grown = model.grow(new.catalog, context(new))
    assert best(grown, asking(0)) == 4
    np.testing.assert_array_equal(grown.item_vectors()[:4], model.item_vectors())


def test_what_was_chosen_stays_when_items_come():
    data = two_subjects()
    questions = Holdout([asking(0, 0, 2)], [np.array([1])])
    config = InterestConfig(decay=0.1, decays=(50.0,), focuses=(1.0,), half_lives=(4.0,))
    model = Interest(config).fit(data, context(data, holdout=questions))
    grown = model.grow(data.catalog, context(data))
    np.testing.assert_array_equal(grown.score([asking(0, 2)]), model.score([asking(0, 2)]))
    assert grown.chosen == model.chosen


def test_items_without_text_say_nothing():
    data = shelf("space robots", "", "garden soil")
    model = fitted(interest(), data)
    assert np.isneginf(model.score([asking(1)])).all()
    assert model.score([asking(0)])[0, 1] == 0.0


def test_decay_and_focus_are_chosen_together_on_the_holdout():
    # Robots are the centre, the latest event is the exception: the answer is what came before.
    questions = Holdout([asking(0, 0, 2)], [np.array([1])])
    config = InterestConfig(decays=(0.2, 50.0), focuses=(0.0, 8.0), half_lives=(None, 1.0))
    model = Interest(config).fit(two_subjects(), context(holdout=questions))
    assert (model.chosen.decay, model.chosen.focus, model.chosen.half_life_days) == (50.0, 0.0, None)
    assert not model.chosen.tune


def test_the_half_life_is_chosen_on_the_holdout():
    asked = [asking(0, 0, 2, days_ago=(9, 9, 0))]
    config = InterestConfig(decays=(None,), focuses=(0.0,), half_lives=(None, 1.0))
    model = Interest(config).fit(two_subjects(), context(holdout=Holdout(asked, [np.array([3])])))
    assert model.chosen.half_life_days == 1.0


def test_without_an_encoder_there_is_nothing_to_compare():
    model = interest().fit(shelf(), FitContext())
    assert "compares item texts" in model.notes_[0]
    assert np.isneginf(model.score([asking(0)])).all()


@pytest.mark.parametrize(
    "options", [{"half_life_days": 0}, {"focus": -1}, {"focus": 1e9}, {"kinds": {"a": -1}}]
)
def test_a_wrong_setting_is_refused_by_name(options):
    with pytest.raises(SettingsError, match=next(iter(options))):
        InterestConfig.of(options)


def test_a_day_is_a_day():
    assert DAY == 24 * 60 * 60
