"""What is let go where nothing fits, on the small table of films."""

import numpy as np

from llm4rec.writers.asking import Range, Shelf, Understood, Values, understood

from .reading import films, lexicon, notation

SHELF = Shelf.of(films(), lexicon("films"))


def opened(text, n=3):
    reading, mask = SHELF.opened(understood(text, lexicon("films"), 2026), n)
    return reading, [films().ids.ids[i] for i in np.flatnonzero(mask)]


def test_what_is_not_known_is_not_under_ten_euros():
    assert "unknown-reel" not in opened("under 100 euros")[1]


def test_what_is_not_known_is_not_known_to_be_horror():
    assert "unknown-reel" in opened("no horror")[1]


def test_a_price_nothing_has_is_widened_to_the_nearest():
    reading, items = opened("under 3 euros", n=2)
    assert set(items) == {"toy-story", "unforgiven"}
    assert reading.notes == ("nothing that is left is price < 3; the nearest are price 6–7",)


def test_a_range_is_widened_before_a_value_is_let_go():
    reading, items = opened("westerns before 1960")
    assert items == ["unforgiven"]
    assert notation(reading) == {"+categories:Western", "year:1992..1992"}


def test_of_values_the_one_that_leaves_most_is_let_go():
    reading, items = opened("a French western comedy")
    assert set(items) == {"amelie", "playtime"}
    assert "categories Western; that was let go" in reading.notes[0]


def test_what_is_not_wanted_is_kept_longest():
    reading, items = opened("westerns but not dramas")
    assert notation(reading) == {"-categories:Drama"}
    assert "unforgiven" not in items


def test_two_pieces_go_where_one_is_not_enough():
    reading = Understood(
        pieces=(
            Values(pairs=(("categories", "Western"),)),
            Values(pairs=(("language", "French"),)),
            Values(pairs=(("director", "Zhang Yimou"),)),
        )
    )
    opened_reading, mask = SHELF.opened(reading, 3)
    assert len(opened_reading.hard) == 1
    assert mask.any()


def test_no_french_comedies_bars_only_what_is_both():
    _, items = opened("no French comedies")
    assert "amelie" not in items
    assert {"singin", "toy-story"} <= set(items)


def test_a_column_that_is_gone_is_fulfilled_by_nothing():
    assert not SHELF.fulfil(Range(column="weight", high=3.0)).any()


def test_items_that_may_not_be_shown_do_not_count():
    free = np.ones(len(films()), dtype=bool)
    free[films().ids.number("unforgiven")] = False
    reading, mask = SHELF.opened(understood("westerns", lexicon("films")), 3, free)
    assert mask.any()
    assert "that was let go" in reading.notes[0]
