"""Which question tells most, against figures worked out by hand."""

import numpy as np
import pytest
from scipy import sparse

from llm4rec.core import Catalog, Column, ColumnType, Vocabulary
from llm4rec.writers.asking import Lexicon, Shelf
from llm4rec.writers.chat.facets import Left, best_facet, chances, worth_of_list
from llm4rec.writers.chat.onboarding import splitting_items


def tags(*values):
    made = np.empty(len(values), dtype=object)
    made[:] = [tuple(value.split()) for value in values]
    return Column(ColumnType.TAGS, made)


def facet(items=(0, 1, 2, 3), closed=(), told=(), **columns):
    catalog = Catalog(Vocabulary(["a", "b", "c", "d"]), columns)
    lexicon = Lexicon.of(catalog)
    left = Left(np.array(items), frozenset(closed), frozenset(told))
    return best_facet(lexicon, Shelf.of(catalog, lexicon), left, 1)


def test_two_answers_tell_the_entropy_of_their_chances():
    """Places 1 to 4 have 12, 6, 4 and 3 parts of 25: the first two together 0.72."""
    found = facet(genre=tags("x", "x", "y", "y"))
    assert found.bits == pytest.approx(-0.72 * np.log2(0.72) - 0.28 * np.log2(0.28), abs=1e-4)
    assert [option.label for option in found.options] == ["x", "y"]


def test_what_every_item_has_alike_tells_nothing():
    assert facet(genre=tags("x y", "x y", "x y", "x y")).bits == pytest.approx(0.0, abs=1e-6)


def test_the_column_that_parts_better_is_asked():
    columns = {"genre": tags("x", "x", "x", "y"), "mood": tags("p", "q", "r", "s")}
    assert facet(**columns).column == "mood"
    assert facet(closed=["mood"], **columns).column == "genre"


def test_values_spoken_of_already_are_not_offered():
    found = facet(genre=tags("x y", "x z", "x y", "x z"), told=[("genre", "x")])
    assert {option.label for option in found.options} == {"y", "z"}


def test_years_are_asked_by_decade_and_hold_their_ends():
    years = Column(ColumnType.NUMBER, np.array([1989.0, 1990.0, 1999.0, np.nan]))
    found = facet(year=years)
    assert {option.label for option in found.options} == {"1980", "1990"}
    nineties = next(option.piece for option in found.options if option.label == "1990")
    assert (nineties.low, nineties.high, nineties.high_open) == (1990.0, 2000.0, True)


def test_nothing_to_ask():
    assert facet() is None
    assert facet(items=(), genre=tags("x", "x", "y", "y")) is None


def test_chances_fall_and_a_list_of_all_tells_all():
    likely = chances(4, 1)
    assert likely == pytest.approx(np.array([12, 6, 4, 3]) / 25)
    assert worth_of_list(likely, 4) > worth_of_list(likely, 1) > 0


def test_newcomers_are_asked_about_items_that_part_people():
    """Items 0 and 1 are taken by the same half, 2 by the other half, 3 by all, 4 by nobody."""
    taken = np.zeros((10, 5))
    taken[:5, :2] = taken[5:, 2] = taken[:, 3] = 1
    found = splitting_items(sparse.csr_matrix(taken), 2, np.arange(5))
    assert set(found.tolist()) in ({0, 2}, {1, 2})
    assert 0 not in splitting_items(sparse.csr_matrix(taken), 3, np.array([1, 2, 3]))
