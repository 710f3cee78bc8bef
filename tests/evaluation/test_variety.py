"""Metrics of lists that look at categories, histories and answers."""

import numpy as np
import pytest

from llm4rec.core import (
    Catalog,
    Column,
    ColumnType,
    Dataset,
    History,
    Holdout,
    Interactions,
    Request,
    Users,
    Vocabulary,
)
from llm4rec.evaluation.beyond import content, ild, unit
from llm4rec.evaluation.names import RULES
from llm4rec.evaluation.variety import VARIETY, Shelf
from llm4rec.testing import shelf as bare


@pytest.fixture
def world():
    """Items 0 1 are red, 2 3 blue, 4 both, 5 nothing; most took 0, and those of 2 took 3."""
    tags = np.empty(6, dtype=object)
    tags[:] = [("red",), ("red",), ("blue",), ("blue",), ("red", "blue"), ()]
    catalog = Catalog(Vocabulary(range(6)), {"categories": Column(ColumnType.TAGS, tags)})
    rows = [[0, 1], [0, 4], [0, 5], [2, 3], [2, 3]]
    users = np.repeat(np.arange(5), 2)
    train = Dataset(
        Interactions.of(users, np.concatenate(rows)).sorted(), catalog, Users(Vocabulary(range(5))), "world"
    )
    holdout = Holdout([Request(History.of([1, 2]))], [np.array([3, 4])])
    return Shelf(catalog, train, holdout, unit(content(catalog)[0]))


def value(base, world, *items):
    return VARIETY[base](np.array([items]), world)[0]


def test_categories_of_a_list(world):
    assert value("breadth", world, 0, 1, -1) == 0.5
    assert value("breadth", world, 4) == 1.0
    assert value("entropy", world, 0, 1) == 0.0
    assert value("entropy", world, 0, 2) == value("entropy", world, 4, 4) == 1.0


def test_a_list_made_as_the_history_is_calibrated(world):
    assert value("calibration", world, 0, 3) == pytest.approx(0.0, abs=1e-6)
    assert value("calibration", world, 0, 1) > 1.0


def test_equal_items_span_nothing_and_count_once(world):
    assert value("vendi", world, 0, 1) == pytest.approx(1.0)
    assert value("vendi", world, 0, 2) == pytest.approx(2.0)
    assert value("volume", world, 0, 2) == pytest.approx(0.0)
    assert value("volume", world, 0, 1) < value("volume", world, 0, 4) < 0


def test_distance_is_to_the_history(world):
    assert value("distance", world, 0) == pytest.approx(0.5)
    assert value("distance", world, 5) == 1.0
    assert value("distance", world, 4) == pytest.approx(1 - 0.5**0.5)
    assert value("distance", world, -1) == 0.0


def test_serendipity_is_right_and_unexpected(world):
    world = Shelf(world.catalog, world.train, world.holdout, world.units)
    object.__setattr__(world, "primitive", np.array([[0, 3]]))
    assert value("unexpectedness", world, 0, 3, 4, 5) == 0.5
    assert value("serendipity", world, 0, 3, 4, 5) == 0.25
    assert value("serendipity", world, 3, 0) == 0.0


def test_the_primitive_list_is_what_is_popular_and_near(world):
    assert set(world.primitive[0].tolist()) >= {0, 3}
    assert not {1, 2} & set(world.primitive[0].tolist()), "what the history has is no part of it"


def test_without_categories_there_is_nothing_to_measure():
    data = bare()
    holdout = Holdout([Request(data.history(0))], [np.array([2])])
    lists = np.array([[2, 3]])
    empty = Shelf(data.catalog, data, holdout, None)
    assert [base for base in VARIETY if VARIETY[base](lists, empty) is None] == [
        "breadth",
        "entropy",
        "calibration",
        "volume",
        "vendi",
        "distance",
    ]


def test_every_metric_has_a_name_and_cosines_agree_with_ild(world):
    assert set(VARIETY) <= set(RULES)
    lists = np.array([[0, 4, 3]])
    from llm4rec.core.sets import mean_distance
    from llm4rec.evaluation.variety import _cosines

    assert mean_distance(_cosines(lists, world.units), lists >= 0) == pytest.approx(ild(lists, world.units))
