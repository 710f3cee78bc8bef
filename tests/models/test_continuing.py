"""What anyone may rely on when a model begins from an earlier fit: it knows what it knew, under other numbers too."""

from dataclasses import replace

import numpy as np
import pytest

from llm4rec.core import Before, Continues, Dataset, Request
from llm4rec.engine.build import build_model
from llm4rec.engine.registry import TABLE
from llm4rec.models.als import Als, AlsConfig
from llm4rec.models.attention import Attention, AttentionConfig
from llm4rec.models.continuing import carried, fewer
from llm4rec.models.mf import Mf, MfConfig
from llm4rec.testing import best, by_device, checkerboard, context, fitted, in_a_row

from .test_mf import rated, stars

ONE = AttentionConfig(epochs=10, learning_rate=3e-3, dropout=0.1)


def world(data):
    return context(data, make=build_model)


def renumbered(data, places):
    """The same data with item n at places[n]."""
    events, back = data.interactions, np.argsort(places)
    moved = replace(events, items=places[events.items])
    return Dataset(moved, data.catalog.take(back), data.users, data.name), back


def goes_on(model, before, data, items=None):
    """Continued on `data`, whose item n was called items[n]."""
    numbers = np.arange(len(data.catalog)) if items is None else np.asarray(items)
    return model.continued(data, world(data), Before(world(before), numbers))


def test_rows_go_where_their_things_are_now():
    fresh, earlier = np.zeros((4, 2)), np.arange(6.0).reshape(3, 2)
    found = carried(fresh, earlier, np.array([2, -1, 0, 3]))
    assert found.tolist() == [[4, 5], [0, 0], [0, 1], [0, 0]]
    assert not fresh.any()
    assert [fewer(n) for n in (1, 4, 5, 32)] == [1, 1, 2, 8]


def test_who_can():
    can = {name for name in TABLE["model"] if isinstance(build_model(name, {}), Continues)}
    assert can == {"als", "mf", "attention", "few-shot", "ensemble", "hybrid", "hybrid.linear"}


@pytest.mark.parametrize("places", [np.arange(20), np.random.default_rng(0).permutation(20)], ids=str)
def test_als_keeps_its_answers_in_one_sweep_whatever_the_numbers(places):
    board = checkerboard()
    model = fitted(Als(AlsConfig(decay=None, tune=False, epochs=4)), board)
    data, back = renumbered(board, places)
    found = goes_on(model, board, data, back)
    assert [best(found, Request(data.history(user))) for user in range(6)] == places[:6].tolist()
    assert found.begun_ == "1 of 4 sweeps from where the fit before ended"
    wrong = goes_on(model, board, data, np.roll(back, 1))
    assert not np.allclose(wrong.item_vectors(), found.item_vectors(), atol=1e-3)


def test_als_takes_in_what_is_new_and_lets_go_of_what_is_gone():
    board = checkerboard()
    known = board.interactions.items < 16
    part = Dataset(board.interactions.take(known), board.catalog.take(np.arange(16)), board.users, "part")
    model = fitted(Als(AlsConfig(decay=None, tune=False, embedding_size=8)), part)
    grown = goes_on(model, part, board, [*range(16), -1, -1, -1, -1])
    assert [best(grown, Request(board.history(user))) for user in (17, 18)] == [17, 18]
    less = goes_on(grown, board, part, range(16))
    assert len(less.item_vectors()) == 16
    assert best(less, Request(part.history(3))) == 3


def test_als_with_another_number_of_factors_begins_from_the_start():
    board = checkerboard()
    small = fitted(Als(AlsConfig(tune=False)), in_a_row(size=12))
    found = goes_on(small, in_a_row(size=12), board, [-1] * 20)
    assert found.begun_ == "from the start: 20 factors instead of 12"
    np.testing.assert_array_equal(
        found.item_vectors(), Als(AlsConfig(tune=False)).fit(board, world(board)).item_vectors()
    )


def test_attention_keeps_what_it_learnt_in_epochs_that_teach_nothing_by_themselves():
    data = in_a_row()
    model = fitted(Attention(ONE), data)
    asked = [Request(data.history(user).take(slice(0, 3))) for user in range(9)]
    rightly = [(user + 3) % 12 for user in range(9)]
    few = AttentionConfig(**{**ONE.model_dump(), "epochs": 3, "learning_rate": 1e-3})
    cold = fitted(Attention(few), data)
    assert sum(best(cold, one) == item for one, item in zip(asked, rightly, strict=True)) < 9
    places = np.random.default_rng(1).permutation(12)
    other, back = renumbered(data, places)
    found = goes_on(model, data, other, back)
    there = [Request(other.history(user).take(slice(0, 3))) for user in range(9)]
    assert [best(found, one) for one in there] == [int(places[item]) for item in rightly]
    assert found.begun_ == "3 of 10 epochs from where the fit before ended"
    assert found.chosen == model.chosen, "the next fit from the start takes as many epochs as before"


def test_attention_knows_its_columns_by_name():
    from llm4rec.models.attention_content import ItemSource
    from llm4rec.models.attention_earlier_net import SIDE, Earlier
    from llm4rec.models.attention_reading_net import weights_of

    data = in_a_row()
    model = fitted(Attention(ONE), data)
    names = ItemSource.names(context(data), ONE.parts)
    assert len(names) == model.network_.shape.sparse > 2
    earlier = Earlier(model.network_, model.tokens_, names, np.arange(12))
    course = _begun(model)
    earlier.into(course, [names[1], "attributes: never heard of", *names[2:]])
    known, found = weights_of(model.network_)[SIDE], weights_of(course.network)[SIDE]
    np.testing.assert_array_equal(found[0], known[1])
    assert not found[1].any()
    np.testing.assert_array_equal(found[2:], known[2:])
    np.testing.assert_array_equal(weights_of(course.averaged)[SIDE], found)


def test_attention_begins_from_the_start_where_events_come_in_other_contexts():
    plain, told = in_a_row(size=12), by_device()
    model = fitted(Attention(AttentionConfig(epochs=1)), plain)
    found = goes_on(model, plain, told)
    assert found.begun_ == "from the start: events come with other kinds, values or contexts"
    assert set(found.contexts["device"]) == {"desktop", "phone"}


def test_mf_keeps_its_ratings_and_takes_in_new_ones():
    rng = np.random.default_rng(0)
    truth = 3.0 + rng.normal(0, 0.7, (1, 40)) + rng.normal(0, 0.6, (150, 2)) @ rng.normal(0, 0.8, (2, 40))
    seen = rng.random(truth.shape) < 0.6
    who, what = np.nonzero(seen)
    late = rng.random(len(who)) < 0.1
    rows = stars(who, what, (truth + rng.normal(0, 0.2, truth.shape))[seen])
    first, whole = rated(rows.take(~late), 150, 40), rated(rows, 150, 40)
    model = fitted(Mf(MfConfig(embedding_size=4)), first)
    cold, warm = fitted(Mf(MfConfig(embedding_size=4)), whole), goes_on(model, first, whole)
    users, items = np.nonzero(~seen)
    asked = [Request(whole.history(int(user))) for user in users]

    def error(one):
        return float(np.sqrt(np.mean((one.rate(asked, items) - truth[~seen]) ** 2)))

    start = fitted(Mf(MfConfig(embedding_size=4, epochs=1)), whole)
    assert error(warm) < 1.02 * error(cold)
    assert error(start) > 1.2 * error(warm), "so few sweeps are not enough from the start"
    assert warm.begun_ == "7 of 25 sweeps from where the fit before ended"
    clicks = checkerboard()
    assert goes_on(model, first, clicks, [-1] * 20).begun_.startswith("from the start")


@pytest.mark.parametrize("name", ["ensemble", "hybrid.linear", "few-shot"])
def test_models_made_of_models_say_what_each_began_from(name):
    board = checkerboard()
    given = {"inputs": ["sequence", "als"]}
    if name == "few-shot":
        given["shares"] = [0.5] * 6
    model = build_model(name, {**given, "options": {"als": {"tune": False}}, "tune": False}).fit(
        board, world(board)
    )
    found = goes_on(model, board, board)
    assert found.begun_ == "sequence: from the start; als: 3 of 10 sweeps from where the fit before ended"
    asked = [Request(board.history(user)) for user in range(4)]
    assert [best(found, one) for one in asked] == [best(model, one) for one in asked] == [0, 1, 2, 3]
    assert found.chosen == model.chosen


def _begun(model):
    import torch

    from llm4rec.models.attention_net import Network
    from llm4rec.models.attention_training_net import Course

    with torch.random.fork_rng(devices=[]):
        one, other = Network(model.network_.shape), Network(model.network_.shape)
    return Course(one, other.requires_grad_(False), torch.optim.SGD(one.parameters(), lr=0.1))


def test_als_on_the_same_data_stays_where_it_was():
    board = checkerboard()
    model = fitted(Als(AlsConfig(decay=None, tune=False, epochs=100)), board)
    products = [one.item_vectors() @ one.item_vectors().T for one in (goes_on(model, board, board), model)]
    np.testing.assert_allclose(*products, atol=0.02)
