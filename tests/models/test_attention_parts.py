"""The parts that Attention is made of: packing, tokens, losses, early stopping."""

import numpy as np
import pytest
import torch

from llm4rec.core import History
from llm4rec.models import attention_training_net
from llm4rec.models.attention import AttentionConfig
from llm4rec.models.attention_batches import Asked, Columns, Events, Tokens, pack, time_codes
from llm4rec.models.attention_loss_net import full_softmax, sampled_softmax
from llm4rec.models.attention_net import Batch, Network, Shape
from llm4rec.models.attention_reading_net import moments, read
from llm4rec.models.attention_training_net import Course, batch_places, batches, shifted, train


def rows_of(lengths, items=50):
    """Events of random items, one row a length."""
    rng = np.random.default_rng(0)
    size = int(sum(lengths))
    bounds = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return Events(
        rng.integers(0, items, size), np.zeros((size, 0), np.int64), np.arange(size, dtype=float), bounds
    )


@pytest.mark.parametrize(
    "lengths",
    [
        np.random.default_rng(1).geometric(0.12, 500),
        [1] * 30,
        [33] * 9 + [1],
        [50, 1, 1, 1],
        [200, 150, 3, 2],
    ],
    ids=["as in life", "ones", "one short", "one long", "few"],
)
def test_cost_follows_interactions(lengths):
    packed = pack(rows_of(lengths))
    assert len(packed.events.items) == sum(lengths)
    assert packed.slots <= 1.1 * sum(lengths)
    assert sum(group.stop - group.start for group in packed.groups) == sum(lengths)


def test_a_batch_of_many_lengths_is_each_row_alone():
    shape = Shape(50, 0, 0, 16, 2, 2, 20, (), True, True, 0.0, 0.0)
    torch.manual_seed(0)
    network = Network(shape).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.normal_(std=0.3)
    events = rows_of([7, 3, 20, 1, 6, 6])
    vectors = torch.randn(50, 16)

    def run(some):
        packed = pack(some)
        batch = Batch(packed, "cpu", packed.events.times + 1.5)
        return packed, network(vectors[batch.items], batch).detach().numpy()

    packed, together = run(events)
    for place, row in enumerate(packed.order):
        _, alone = run(events.take(np.array([row])))
        bounds = packed.events.bounds
        np.testing.assert_allclose(together[bounds[place] : bounds[place + 1]], alone, atol=1e-5)


def test_no_place_sees_what_comes_after_it():
    torch.manual_seed(0)
    network = Network(Shape(9, 0, 0, 8, 2, 1, 10, (), False, False, 0.0, 0.0)).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.normal_(std=0.5)
    batch = Batch(pack(rows_of([6], items=9)), "cpu")
    vectors = torch.randn(6, 8)
    before = network(vectors, batch)
    vectors[4:] = torch.randn(2, 8)
    after = network(vectors, batch)
    assert torch.equal(before[:4], after[:4])
    assert not torch.allclose(before[4:], after[4:])


def test_every_event_but_the_first_is_asked_for_once():
    events = rows_of([1, 2, 9, 10, 23])
    events = Events(np.arange(45), events.tokens, events.times, events.bounds)
    inputs, targets = shifted(events.pieces(4))
    firsts = set(events.bounds[:-1].tolist())
    assert sorted(targets.items.tolist()) == [n for n in range(45) if n not in firsts]
    assert (targets.items - inputs.items == 1).all()
    assert inputs.lengths.max() == 4


def test_windows_share_no_event_and_stand_newest_first():
    events = rows_of([0, 3, 7, 4])
    events = Events(np.arange(14), events.tokens, events.times, events.bounds)
    windows, owners = events.windows(3)
    rows = [windows.items[a:b].tolist() for a, b in zip(windows.bounds[:-1], windows.bounds[1:], strict=True)]
    assert rows == [[0, 1, 2], [7, 8, 9], [4, 5, 6], [3], [11, 12, 13], [10]]
    assert owners.tolist() == [1, 2, 2, 2, 3, 3]
    asked = moments(windows, owners, np.array([90.0, 91.0, 92.0, 93.0]))
    assert asked.tolist() == [1, 2, 91, 8, 9, 92, 5, 6, 7, 4, 12, 13, 93, 11]


def test_the_last_place_of_a_long_history_is_that_of_its_end():
    torch.manual_seed(0)
    network = Network(Shape(50, 0, 0, 16, 1, 2, 5, (), False, False, 0.0, 0.0))
    events, vectors = rows_of([12, 3]), np.random.default_rng(0).standard_normal((50, 16)).astype(np.float32)
    end = Events(events.items[7:], events.tokens[7:], events.times[7:], np.array([0, 5, 8]))
    whole, short = (read(network, vectors, some, Asked(), "cpu") for some in (events, end))
    np.testing.assert_allclose(whole[0], short[0], atol=1e-6)
    np.testing.assert_allclose(whole[1][1], short[1][1], atol=1e-6)
    assert np.abs(whole[1][0] - short[1][0]).max() > 1e-3


def test_batches_hold_each_row_once_and_about_as_many_places_as_asked():
    pieces = rows_of(np.random.default_rng(2).integers(2, 12, 300))
    made = list(batches(pieces, 100, np.random.default_rng(0)))
    assert sorted(np.concatenate(made).tolist()) == list(range(300))
    assert max(int((pieces.lengths[rows] - 1).sum()) for rows in made) < 100 + 12


def test_small_data_gets_small_batches():
    assert [batch_places(n, 1_024) for n in (10, 800, 1_000_000)] == [32, 100, 1_024]


def histories():
    kinds = np.array([0, 1, 0, 2])
    values = np.array([5.0, 1.0, np.nan, 3.0], np.float32)
    times = np.array([0.0, 0.0, 60.0, 86_460.0])
    return [History(np.arange(4), kinds, values, times, ("click", "purchase", "view"))]


def test_tokens_tell_what_differs_and_keep_zero_for_the_unknown():
    columns = Columns.of(histories())
    tokens = Tokens.of(columns)
    assert tokens.kinds == ("click", "purchase", "view")
    codes = tokens.codes(columns)
    assert codes[:, 0].tolist() == [1, 2, 1, 3]
    assert codes[:, 1].tolist() == [3, 1, 0, 2]
    assert codes[0, 2] == 0
    assert len(set(codes[1:, 2].tolist())) == 3
    stranger = Columns.of(
        [
            History(
                np.arange(1), np.zeros(1, np.int64), np.full(1, np.nan, np.float32), np.zeros(1), ("share",)
            )
        ]
    )
    assert tokens.codes(stranger).tolist() == [[0, 0, 0]]
    assert Tokens.from_state(tokens.state()) == tokens


def test_what_is_the_same_everywhere_is_no_token():
    tokens = Tokens.of(Columns.of([History.of([1, 2, 3]), History.of([4, 5])]))
    assert tokens == Tokens()
    assert tokens.sizes == ()


def test_time_is_read_on_a_scale_that_doubles():
    assert time_codes(np.array([0.0, 1.0, 2.0, 4.0, 1e30, np.nan])).tolist() == [1, 2, 3, 4, 31, 0]
    spans = np.concatenate([np.arange(1.0, 5000.0), 2.0 ** np.arange(1, 28) - 1e-3, [-3.0]])
    np.testing.assert_array_equal(time_codes(spans), np.floor(np.log2(np.maximum(spans, 0.5))) + 2)


def problem():
    torch.manual_seed(0)
    return torch.randn(30, 8), torch.randn(100, 8), torch.randint(0, 100, (30,))


def gradients(loss, *inputs):
    return torch.autograd.grad(loss * 2.0, inputs)


@pytest.mark.parametrize(("half", "tolerance"), [(False, 1e-5), (True, 2e-2)])
def test_the_loss_in_blocks_is_the_cross_entropy(monkeypatch, half, tolerance):
    monkeypatch.setattr("llm4rec.models.attention_loss_net.CELLS", 700)
    places, items, targets = problem()
    places.requires_grad_()
    items.requires_grad_()
    ours, theirs = (
        full_softmax(places, items, targets, half),
        torch.nn.functional.cross_entropy(places @ items.T, targets),
    )
    torch.testing.assert_close(ours, theirs, rtol=tolerance, atol=tolerance)
    for one, other in zip(gradients(ours, places, items), gradients(theirs, places, items), strict=True):
        torch.testing.assert_close(one, other, rtol=tolerance, atol=tolerance)


def test_the_sampled_loss_over_all_items_is_the_full_one():
    places, items, targets = problem()
    sampled = sampled_softmax(places, items, targets, torch.arange(100), 100)
    torch.testing.assert_close(sampled, full_softmax(places, items, targets, False))


def test_the_sampled_loss_of_few_items_is_near_the_full_one():
    places, items, targets = problem()
    torch.manual_seed(1)
    drawn = [sampled_softmax(places, items / 4, targets, torch.randperm(100)[:25], 100) for _ in range(200)]
    full = full_softmax(places, items / 4, targets, False)
    assert abs(float(torch.stack(drawn).mean() - full)) < 0.05


def test_training_stops_when_nothing_is_gained_and_keeps_the_best(monkeypatch):
    monkeypatch.setattr(attention_training_net, "one_epoch", lambda course, *_: grow_by_one(course))
    network = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.zeros_(network.weight)
    course = Course(network, network, torch.optim.SGD(network.parameters()))
    scores = iter([0.1, 0.3, 0.2, 0.3, 0.9])
    lesson = type("L", (), {"device": "cpu", "seed": 0})
    config = AttentionConfig(patience=2, epochs=10)
    train(course, lesson, config, lambda steps, *_: steps, lambda _: next(scores))
    assert (course.epoch, course.best_epoch) == (4, 2)
    assert course.best["weight"].item() == 2.0


def grow_by_one(course):
    with torch.no_grad():
        course.network.weight += 1.0
