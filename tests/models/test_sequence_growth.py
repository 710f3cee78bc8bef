"""What anyone may rely on when new items enter the default model, and how content shapes rare items."""

import numpy as np
import pytest

from llm4rec.core import Catalog, Column, ColumnType, History, Request, Vocabulary
from llm4rec.models.newcomers import NewcomerConfig
from llm4rec.models.sequence import Sequence, SequenceConfig
from llm4rec.models.sequence_parts import likeness
from llm4rec.testing import asking, best, checkerboard, context, fitted, shelf

FORMS = [SequenceConfig(), SequenceConfig(dense_limit=5)]
IDS = ["dense", "sparse"]


def new_items(*titles):
    column = np.empty(len(titles), dtype=object)
    column[:] = titles
    names = Vocabulary([f"new-{n}" for n in range(len(titles))])
    return Catalog(names, {"title": Column(ColumnType.TEXT, column)})


def grown(model, data, *titles):
    return model.grow(data.catalog.extended(new_items(*titles)), context(data))


@pytest.mark.parametrize("config", FORMS, ids=IDS)
def test_of_two_newcomers_each_reader_gets_the_one_of_their_parity(config):
    data = checkerboard()
    model = grown(fitted(Sequence(config), data), data, "even number", "odd number")
    scores = model.score([Request(data.history(u)) for u in range(20)])
    assert (20 + scores[:, 20:].argmax(axis=1)).tolist() == [20, 21] * 10


@pytest.mark.parametrize(("shift", "first", "last"), [(9.0, 4, None), (-9.0, None, 5)])
def test_the_shift_says_where_newcomers_stand_and_content_which_of_them_is_first(shift, first, last):
    data = shelf()
    config = SequenceConfig(newcomers=NewcomerConfig(shift=shift))
    model = grown(fitted(Sequence(config), data), data, "space robots", "cooking")
    scores = model.score([asking(0, 1)])[0]
    assert scores[4] > scores[5]
    assert first is None or scores.argmax() == first
    assert last is None or scores.argmin() == last


@pytest.mark.parametrize("config", FORMS, ids=IDS)
def test_known_items_keep_their_order(config):
    data = checkerboard()
    model = fitted(Sequence(config), data)
    requests = [Request(data.history(u)) for u in range(20)]
    before = model.score(requests)
    after = grown(model, data, "even number", "odd number", "even number").score(requests)[:, :20]
    # Scores may move and stretch a row as a whole, because spreads are taken over more items.
    for old, new in zip(before, after, strict=True):
        clear = np.abs(old[:, None] - old[None, :]) > 0.05
        assert ((old[:, None] < old[None, :]) == (new[:, None] < new[None, :]))[clear].all()


def test_a_newcomer_in_the_history_speaks_by_its_text():
    data = checkerboard()
    model = grown(fitted(Sequence(), data), data, "even number", "odd number")
    scores = model.score([asking(20), asking(21)])[:, :20]
    even = scores[:, ::2].mean(axis=1) - scores[:, 1::2].mean(axis=1)
    assert even[0] > 0.5
    assert even[1] < -0.5


def test_growing_twice_is_growing_once():
    data = checkerboard()
    model = fitted(Sequence(), data)
    both = model.grow(data.catalog.extended(new_items("even number", "odd number")), context(data))
    first = data.catalog.extended(new_items("even number"))
    last = first.extended(Catalog(Vocabulary(["new-1"]), new_items("odd number").columns))
    twice = model.grow(first, context(data)).grow(last, context(data))
    requests = [Request(data.history(u)) for u in range(4)]
    np.testing.assert_allclose(twice.score(requests), both.score(requests), atol=1e-5)


def test_a_grown_model_comes_back_from_its_state():
    data = checkerboard()
    model = grown(fitted(Sequence(), data), data, "even number")
    back = Sequence(model.config).restore(model.state(), context(data))
    requests = [Request(data.history(u)) for u in range(4)]
    np.testing.assert_array_equal(back.score(requests), model.score(requests))


def test_a_grown_model_learns_and_forgets_as_before():
    data = checkerboard()
    model = grown(fitted(Sequence(), data), data, "even number")
    visitor = History.of([1, 2, 3])
    again = model.partial_fit([History.of([])], [visitor]).forget([visitor])
    requests = [Request(data.history(u)) for u in range(4)]
    np.testing.assert_allclose(again.score(requests), model.score(requests), atol=1e-3)


def test_explanations_of_a_newcomer_name_what_it_is_like():
    data = checkerboard()
    model = grown(fitted(Sequence(), data), data, "even number")
    given = model.contributions(asking(3, 4), np.array([20]))[0]
    assert given[4] > given[3]


def predicted_columns(model):
    """(items, items): what content predicts of every column of the EASE map, nobody leading to itself."""
    content = likeness(model.content_, (), len(model.content_))
    behaviour = model.behaviour_
    predicted = behaviour.bridges["ease"].columns.matrix @ content.T * behaviour.loudness(content)
    np.fill_diagonal(predicted, 0.0)
    return predicted


def behaviour_of(strength):
    """The fitted maps, and what content predicts of their columns."""
    data = checkerboard()
    model = fitted(Sequence(SequenceConfig(strength=strength)), data)
    return model, predicted_columns(model)


def test_the_more_content_is_worth_the_closer_columns_are_to_what_it_predicts():
    distances = []
    for strength in (0.0, 5.0, 1e6):
        model, predicted = behaviour_of(strength)
        distances.append(float(np.abs(model.behaviour_.ease.matrix - predicted).max()))
    assert distances[0] > distances[1] > distances[2]
    assert distances[2] < 1e-4


def test_rare_items_move_further_towards_content_than_common_ones():
    data = checkerboard()
    often = data.only(~((data.interactions.items == 0) & (data.interactions.users > 4)))
    assert often.counts[0] == 2 < often.counts[2]
    plain, folded = (fitted(Sequence(SequenceConfig(strength=s)), often) for s in (0.0, 5.0))
    way = predicted_columns(plain) - plain.behaviour_.ease.matrix
    moved = folded.behaviour_.ease.matrix - plain.behaviour_.ease.matrix
    share = [float((moved[:, n] @ way[:, n]) / (way[:, n] @ way[:, n])) for n in (0, 2)]
    assert share[0] == pytest.approx(5 / (2 + 5), abs=1e-3)
    assert share[1] == pytest.approx(5 / (9 + 5), abs=1e-3)


def test_an_item_of_the_catalog_that_nobody_took_is_found_by_its_text():
    data = shelf("space robots", "garden soil", "space robots again", "garden soil again")
    model = fitted(Sequence(), data)
    assert best(model, asking(0)) == 2
