"""What anyone may rely on from models that look at the context of a question: right where it matters, and only there."""

from dataclasses import replace

import numpy as np
import pytest

from llm4rec.core import ComponentError, EventContexts, Holdout, Interactions, Request, Situated
from llm4rec.models.attention import Attention, AttentionConfig
from llm4rec.models.attention_batches import Asked, Columns, Events, Tokens
from llm4rec.models.attention_net import Network, Shape
from llm4rec.models.attention_reading_net import read, upcoming
from llm4rec.models.earlier import earlier_questions
from llm4rec.models.ensemble import Ensemble, EnsembleConfig
from llm4rec.models.evidence import Evidence
from llm4rec.models.habits import PRIOR, Habits
from llm4rec.models.hybrid import Hybrid, HybridConfig
from llm4rec.models.slates import Slates
from llm4rec.testing import asking, by_device, check_model, context, fitted, in_a_row
from models.stacking import learnt, world

QUICK = AttentionConfig(epochs=16, learning_rate=5e-3, dropout=0.1)
STEPS = 6
PLAIN = {"inputs": ("transition", "popular"), "form": "trees", "min_leaf": 5, "earlier": 0, "rounds": 30}


def without(data):
    """The same events, and nothing told of their contexts."""
    return replace(data, interactions=replace(data.interactions, contexts=None))


def on(device, *items):
    """These items taken on the phone or the desktop as the shelf has them, and a question on `device`."""
    told = ["desktop" if item % 2 else "phone" for item in items]
    history = replace(asking(*items).history, contexts=EventContexts.of({"device": told}))
    return Request(history, context={} if device is None else {"device": device})


def asked_everywhere(device):
    return [on(device, 2 * step, 2 * ((step + 1) % STEPS) + 1) for step in range(STEPS)]


def right(device):
    return [2 * ((step + 2) % STEPS) + (device == "desktop") for step in range(STEPS)]


def best_of(scores):
    return scores.argmax(axis=1).tolist()


@pytest.fixture(scope="module")
def knowing():
    return fitted(Attention(QUICK), by_device())


def test_attention_answers_for_the_device_that_is_asked_on(knowing):
    for device in ("phone", "desktop"):
        assert best_of(knowing.score(asked_everywhere(device))) == right(device)
    assert knowing.contexts == {"device": ("desktop", "phone")}
    assert isinstance(knowing, Situated)
    assert any("context-aware" in note and "device" in note for note in knowing.notes_)


def test_without_contexts_attention_cannot_tell():
    blind = fitted(Attention(QUICK), without(by_device()))
    np.testing.assert_array_equal(*(blind.score(asked_everywhere(d)) for d in ("phone", "desktop")))
    assert blind.contexts == {}
    assert not any("context" in note for note in blind.notes_)
    assert "tokens.contexts" not in blind.state()


def test_a_question_without_a_context_gets_both_things_of_the_next_step(knowing):
    silent = knowing.score(asked_everywhere(None))
    pairs = [{phone, phone + 1} for phone in right("phone")]
    assert [set(np.argsort(-row)[:2].tolist()) for row in silent] == pairs
    for strange in ({"device": "watch"}, {"mood": "good"}, {"device": None}):
        requests = [replace(r, context=strange) for r in asked_everywhere(None)]
        np.testing.assert_array_equal(knowing.score(requests), silent)


def test_a_context_written_otherwise_is_the_same(knowing):
    spaced = [replace(r, context={"device": " phone "}) for r in asked_everywhere(None)]
    np.testing.assert_array_equal(knowing.score(spaced), knowing.score(asked_everywhere("phone")))


def test_attention_comes_back_with_its_words(knowing):
    back = Attention(knowing.chosen).restore(knowing.state(), context(by_device()))
    assert back.contexts == knowing.contexts
    for device in ("phone", None):
        requests = asked_everywhere(device)
        np.testing.assert_array_equal(back.score(requests), knowing.score(requests))


def test_histories_may_have_other_words_in_another_order(knowing):
    request = on("phone", 2, 5)
    told = {"place": ["home", "work"], "device": ["phone", "desktop"], "mood": [None, "good"]}
    other = EventContexts.of(told).take(np.array([0, 1]))
    strange = replace(request, history=replace(request.history, contexts=other))
    np.testing.assert_array_equal(knowing.score([strange]), knowing.score([request]))
    together = knowing.score([strange, request, asking(2, 5)])
    np.testing.assert_allclose(together[:2], knowing.score([strange, request]), atol=1e-5)


def what_was_before(users=60):
    """After the same item comes item 1 where that was taken on the phone, item 2 where it was on the desktop."""
    data = in_a_row(3, users)
    devices = ["phone" if u % 2 else "desktop" for u in range(users)]
    items = np.array([[0, 1 if u % 2 else 2] for u in range(users)]).ravel()
    rows = data.interactions.take(np.flatnonzero(np.arange(len(data.interactions)) % 3 < 2))
    told = EventContexts.of({"device": [d for device in devices for d in (device, None)]})
    return replace(data, interactions=replace(rows, items=items, contexts=told))


def test_the_context_in_which_an_event_happened_is_read():
    model = fitted(Attention(QUICK.model_copy(update={"parts": ()})), what_was_before())
    assert best_of(model.score([on(None, 0), on(None, 0)])) == [1, 1]
    history = replace(asking(0).history, contexts=EventContexts.of({"device": ["desktop"]}))
    assert best_of(model.score([Request(history)])) == [2]


def test_stopping_early_asks_in_the_context_of_the_question(knowing):
    data = by_device()
    requests = asked_everywhere("desktop")
    questions = Holdout(requests, [np.array([item]) for item in right("desktop")])
    model = Attention(QUICK).fit(data, replace(context(data), holdout=questions))
    assert model.chosen.stop <= QUICK.epochs
    again = Attention(model.chosen).fit(data, context(data))
    np.testing.assert_array_equal(again.score(requests), model.score(requests))


def test_a_killed_fit_with_contexts_goes_on_as_if_it_had_not_been(tmp_path):
    data, requests = by_device(), asked_everywhere("phone")
    short = QUICK.model_copy(update={"epochs": 4})
    straight = fitted(Attention(short), data)
    kept = short.model_copy(update={"checkpoint": str(tmp_path)})
    for _ in range(2):  # the second begins at the end of the first
        np.testing.assert_array_equal(fitted(Attention(kept), data).score(requests), straight.score(requests))
    swapped = EventContexts.of({"device": ["phone", "desktop"] * (len(data.interactions) // 2)})
    other = replace(data, interactions=replace(data.interactions, contexts=swapped))
    fitted(Attention(kept), other)
    assert len(list(tmp_path.iterdir())) == 2, "other contexts are another fit"


def test_contexts_that_never_differ_are_no_tokens():
    columns = Columns.of([replace(asking(0, 1).history, contexts=EventContexts.of({"a": ["x", "x"]}))])
    assert Tokens.of(columns).contexts == {}
    differs = replace(columns, contexts=EventContexts.of({"a": ["x", None]}))
    tokens = Tokens.of(differs)
    assert tokens.contexts == {"a": ("x",)}
    assert tokens.codes(differs)[:, -1].tolist() == [1, 0]
    assert tokens.codes(replace(differs, contexts=None))[:, -1].tolist() == [0, 0]
    assert Tokens.from_state(tokens.state()) == tokens
    assert set(Tokens().state()) == {"kinds", "edges", "gaps"}


def test_every_place_answers_for_the_context_of_the_next_event():
    codes = np.arange(14)
    events = Events(codes, codes[:, None], np.zeros(14), np.array([0, 0, 3, 10, 14]))
    windows, owners = events.windows(3)
    found = upcoming(windows.tokens[:, 0], windows, owners, np.array([90, 91, 92, 93]))
    assert found.tolist() == [1, 2, 91, 8, 9, 92, 5, 6, 7, 4, 12, 13, 93, 11]


def test_a_long_history_is_read_in_windows_with_the_contexts_of_its_own_events():
    network = Network(Shape(9, 0, 0, 8, 1, 1, 2, (3,), False, False, 0.0, 0.0, (3,)))
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((9, 8)).astype(np.float32)
    events = Events(np.arange(6), rng.integers(0, 3, (6, 1)), np.zeros(6), np.array([0, 6]))
    _, mean = read(network, vectors, events, Asked(contexts=np.array([[2]])), "cpu")
    ends = np.append(events.tokens[2::2, 0], 2)  # the event after each window, and the question
    alone = [
        read(network, vectors, events_of(events, at), Asked(contexts=np.array([[end]])), "cpu")[1][0]
        for at, end in zip((0, 2, 4), ends, strict=True)
    ]
    np.testing.assert_allclose(mean[0], np.mean(alone, axis=0), atol=1e-6)


def events_of(events, at):
    return Events(events.items[at : at + 2], events.tokens[at : at + 2], events.times[:2], np.array([0, 2]))


def test_the_habit_of_a_context_is_the_shrunk_log_lift():
    rows = by_device().interactions
    habits = Habits.of(rows, 2 * STEPS)
    requests = [on("phone", 0), on("desktop", 0), on(None, 0), replace(on(None, 0), context={"device": "tv"})]
    (lift,) = habits.features(np.array([0, 1, 0, 2, 3]), np.array([2, 2, 3, 2, 2]), requests)
    on_phone = np.mean(rows.items % 2 == 0)
    usual = (on_phone * len(rows) + 1) / (len(rows) + 2)
    taken = np.sum(rows.items == 2)
    assert lift[0] == pytest.approx(np.log((taken + PRIOR * usual) / (taken + PRIOR) / usual), rel=1e-5)
    assert lift[0] > 0 > lift[1]
    assert lift[2] < 0
    assert np.isnan(lift[3:]).all()
    assert Habits.from_state(habits.state(), 2 * STEPS).names() == ["habit of device"]


def test_each_context_has_a_habit_of_its_own():
    told = {"device": ["phone"] * 3 + ["tv"] * 3, "place": ["home", "work", None] * 2}
    rows = Interactions.of([0] * 6, [0, 0, 0, 1, 1, 1], contexts=EventContexts.of(told))
    habits = Habits.of(rows, 2)
    request = Request(asking(0).history, context={"device": "tv", "place": "work"})
    device, place = habits.features(np.zeros(2, np.int64), np.array([0, 1]), [request])
    usual = 4 / 8
    expected = [np.log((n + PRIOR * usual) / (3 + PRIOR) / usual) for n in (0, 3)]
    assert device.tolist() == pytest.approx(expected, rel=1e-5)
    usual = 3 / 6
    expected = np.log((1 + PRIOR * usual) / (2 + PRIOR) / usual)
    assert place.tolist() == pytest.approx([expected, expected], rel=1e-5)
    assert habits.names() == ["habit of device", "habit of place"]


def test_earlier_events_are_asked_for_in_their_own_context():
    _, questions = earlier_questions(by_device(), 2, 1_000)
    assert len(questions) > 100
    for request, target in zip(questions.requests, questions.targets, strict=True):
        assert request.context == {"device": "desktop" if target[0] % 2 else "phone"}


def test_columns_do_not_depend_on_which_words_a_part_of_the_data_has():
    rows = by_device().interactions
    half = Habits.of(rows.take(rows.items % 2 == 0), 2 * STEPS)
    assert half.names() == ["habit of device"]
    both = half.features(np.array([0, 1]), np.array([2, 2]), [on("phone", 0), on("desktop", 0)])[0]
    assert np.isfinite(both[0])
    assert np.isnan(both[1]), "a word that was never seen says nothing"
    assert Habits.of(replace(rows, contexts=None), 3).names() == []


def test_evidence_has_one_feature_a_context():
    data = by_device()
    evidence = Evidence.read(data, context(data), time_aware=False)
    request = [on("phone", 0)]
    scored = {"one": np.zeros((1, 2 * STEPS), np.float32)}
    slates = Slates.proposed(scored, request, depth=2 * STEPS)
    told = dict(zip(evidence.names(["one"]), evidence.features(slates, scored, request).T, strict=True))
    assert ((told["habit of device"] > 0) == (slates.items % 2 == 0)).all()
    plain = Evidence.read(without(data), context(data), time_aware=False)
    assert set(evidence.names(["one"])) - set(plain.names(["one"])) == {"habit of device"}
    assert not [key for key in plain.state() if "habits" in key]
    back = Evidence.from_state(evidence.state())
    np.testing.assert_array_equal(
        back.features(slates, scored, request), evidence.features(slates, scored, request)
    )


def next_ones():
    """Walks without their last stop, and that stop as the question, asked in its context."""
    data = by_device(users=100)
    ends = data.offsets[1:] - 1
    keep = np.ones(len(data.interactions), dtype=bool)
    keep[ends] = False
    left = data.only(keep)
    requests = [
        Request(left.history(u), user=u, context=data.interactions.context(int(end)))
        for u, end in enumerate(ends)
    ]
    return left, Holdout(requests, [data.interactions.items[end : end + 1] for end in ends])


def share(model, questions):
    scores = model.score(questions.requests)
    return np.mean([s.argmax() == t[0] for s, t in zip(scores, questions.targets, strict=True)])


def test_the_stacker_learns_what_the_device_says():
    data, questions = next_ones()
    model = learnt(Hybrid(HybridConfig(**PLAIN)), data, questions)
    assert share(model, questions) > 0.95
    blind = learnt(Hybrid(HybridConfig(**PLAIN)), without(data), questions)
    assert share(blind, questions) < 0.8
    silent = Holdout([replace(r, context={}) for r in questions.requests], questions.targets)
    assert share(model, silent) < 0.8
    assert model.contexts == {"device": ("desktop", "phone")}
    assert model.importance()["habit of device"] > 0.1
    assert any("context-aware" in note for note in model.notes_)
    assert "habit of device" not in blind.importance()


def test_a_stacker_is_refitted_on_the_same_columns_only():
    data, questions = next_ones()
    model = learnt(Hybrid(HybridConfig(**PLAIN)), data, questions)
    again = model.refit(data, world(data))
    assert share(again, questions) > 0.95
    with pytest.raises(ComponentError, match="habit of device"):
        model.refit(without(data), world(data))


def test_a_blend_looks_at_what_its_inputs_look_at():
    data = by_device()
    options = {"attention": {"epochs": 1}}
    model = Ensemble(EnsembleConfig(inputs=("transition", "attention"), options=options)).fit(
        data, world(data)
    )
    assert model.contexts == {"device": ("desktop", "phone")}
    assert Ensemble(EnsembleConfig(inputs=("transition",))).fit(data, world(data)).contexts == {}


@pytest.mark.parametrize(
    "model",
    [
        Attention(AttentionConfig(epochs=2)),
        Hybrid(HybridConfig(inputs=("sequence", "attention"), options={"attention": {"epochs": 1}})),
    ],
    ids=["attention", "hybrid"],
)
def test_the_contract_holds_on_data_with_contexts(model):
    check_model(model, by_device(users=30), world)
