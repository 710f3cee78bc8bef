"""What is not known of an item: kept in conversations, behind what is known to fit, unless somebody insists."""

import numpy as np
import pytest

from llm4rec.writers.asking import Lenient, Range, Shelf, Values

HORROR, DRAMA, FRENCH = ("kind", "horror"), ("kind", "drama"), ("language", "French")


@pytest.fixture
def shelf():
    """Items 0 and 1 are horror, 2 and 3 drama; nothing is known of 4. Item 1 alone is French, the language of 0 is another."""
    rows = {HORROR: [0, 1], DRAMA: [2, 3], FRENCH: [1], ("language", "English"): [0]}
    years = np.array([1980.0, 1990.0, np.nan, 2000.0, np.nan])
    return Lenient.like(Shelf(5, {pair: np.array(items) for pair, items in rows.items()}, {"year": years}))


def fit(shelf, *pieces):
    return np.flatnonzero(shelf.allowed(pieces)).tolist()


def test_a_wanted_value_bars_what_is_known_to_be_something_else(shelf):
    assert fit(shelf, Values(pairs=(HORROR,))) == [0, 1, 4]


def test_what_is_sure_bars_what_is_not_known(shelf):
    assert fit(shelf, Values(pairs=(HORROR,), sure=True)) == [0, 1]
    assert fit(shelf, Range(column="year", low=1985, sure=True)) == [1, 3]


def test_what_is_not_wanted_bars_only_what_is_known_to_be_it(shelf):
    assert fit(shelf, Values(pairs=(HORROR,), wanted=False)) == [2, 3, 4]


def test_a_number_that_is_not_known_may_lie_inside_and_outside(shelf):
    assert fit(shelf, Range(column="year", low=1985)) == [1, 2, 3, 4]
    assert fit(shelf, Range(column="year", low=1985, unwanted=True)) == [0, 2, 4]


def test_each_side_of_both_is_held_by_itself(shelf):
    """The languages of 2, 3 and 4 are not known, but 2 and 3 are no horror."""
    assert fit(shelf, Values(pairs=(HORROR,), both=((FRENCH,),))) == [1, 4]


def test_the_rarer_a_value_the_further_ahead_is_what_is_known_to_have_it(shelf):
    """Of four items of known kind two are horror: log 2; of three known years two are late: log 1.5."""
    pieces = [Values(pairs=(HORROR,)), Range(column="year", low=1985)]
    late, horror = np.log(1.5), np.log(2)
    np.testing.assert_allclose(shelf.surprise(pieces), [horror, horror + late, 0, late, 0], rtol=1e-6)


def test_what_is_known_of_all_tells_nothing_apart():
    shelf = Lenient.like(Shelf(2, {HORROR: np.array([0]), DRAMA: np.array([1])}, {}))
    np.testing.assert_array_equal(shelf.surprise([Values(pairs=(HORROR,))]), [0, 0])
