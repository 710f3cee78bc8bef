"""What anyone may rely on from the default model: known answers, exact explanations, chosen weights."""

from dataclasses import replace

import numpy as np
import pytest

from llm4rec.core import (
    Catalog,
    Column,
    ColumnType,
    Dataset,
    Features,
    History,
    Holdout,
    Interactions,
    Request,
    Users,
    Vocabulary,
    zscore_rows,
)
from llm4rec.models.sequence import PARTS, Sequence, SequenceConfig
from llm4rec.testing import asking, best, checkerboard, context, fitted, in_a_row, shelf

BEHAVIOUR_ONLY = ("attributes", "text", "words", "popularity")


def test_what_a_user_of_the_checkerboard_lacks_comes_first():
    data = checkerboard()
    model = fitted(Sequence(), data)
    assert [best(model, Request(data.history(u))) % 2 for u in range(20)] == [u % 2 for u in range(20)]
    alone = fitted(Sequence(SequenceConfig(leave_out=BEHAVIOUR_ONLY, ease_reg=1.0)), data)
    assert [best(alone, Request(data.history(u))) for u in range(20)] == list(range(20))


@pytest.mark.parametrize("limit", [20_000, 5], ids=["dense", "sparse"])
def test_after_a_stop_comes_the_next_stop(limit):
    config = SequenceConfig(transition_reg=5.0, leave_out=BEHAVIOUR_ONLY, dense_limit=limit)
    model = fitted(Sequence(config), in_a_row())
    assert [best(model, asking(n - 2, n - 1, n)) for n in range(2, 11)] == list(range(3, 12))


@pytest.mark.parametrize(("decay", "expected"), [(0.3, 3), (1e6, 1)])
def test_short_memory_follows_the_latest_event(decay, expected):
    faded = dict.fromkeys(("transition", "ease", "attributes", "text", "words"), decay)
    model = fitted(Sequence(SequenceConfig(decays=faded)))
    assert best(model, asking(0, 0, 0, 2)) == expected


def test_scores_are_the_weighted_sum_of_zscored_parts():
    weights = {"transition": 0.3, "ease": 0.2, "text": 0.7, "popularity": 0.1}
    model = fitted(Sequence(SequenceConfig(weights=weights)))
    requests = [asking(0), asking(3, 1)]
    expected = sum(w * zscore_rows(model.part(name, requests)) for name, w in weights.items())
    np.testing.assert_allclose(model.score(requests), expected, atol=1e-5)


@pytest.mark.parametrize("left_out", ["text", "ease", "attributes"])
def test_a_part_left_out_is_not_used(left_out):
    model = fitted(Sequence(SequenceConfig(leave_out=(left_out,))))
    assert set(model.used_parts()) == set(PARTS) - {left_out, "popularity", "trend"}


def test_texts_left_out_are_as_if_there_were_none():
    data = shelf()
    blind = Sequence(SequenceConfig(leave_out=("text",))).fit(data, context(data))
    other = Sequence().fit(data, context(data, encoder=None, raw_encoder=None))
    requests = [asking(0), asking(1, 2)]
    np.testing.assert_allclose(blind.score(requests), other.score(requests), atol=1e-5)
    seeing = fitted(Sequence())
    assert np.abs(seeing.score(requests) - blind.score(requests)).max() > 0.01


def test_without_any_content_behaviour_answers():
    data = in_a_row()
    nothing = context(data, encoder=None, raw_encoder=None, features=None, words=None)
    model = Sequence(SequenceConfig(transition_reg=5.0)).fit(data, nothing)
    assert set(model.used_parts()) == {"transition", "ease"}
    assert best(model, asking(3, 4, 5)) == 6


@pytest.mark.parametrize("limit", [20_000, 5], ids=["dense", "sparse"])
def test_contributions_sum_exactly_to_the_history_part(limit):
    data = checkerboard()
    weights = {name: 0.5 + place for place, name in enumerate(PARTS)}
    model = fitted(Sequence(SequenceConfig(weights=weights, dense_limit=limit)), data)
    request = Request(History.of([4, 7, 4, 12, 3]))
    items = np.array([0, 5, 4, 19])
    given = model.contributions(request, items)
    assert [set(row) for row in given] == [{3, 4, 7, 12}] * 4
    nobodys = weights["popularity"] * zscore_rows(model.part("popularity", [request]))[0]
    expected = (model.score([request])[0] - nobodys)[items]
    np.testing.assert_allclose([sum(row.values()) for row in given], expected, atol=1e-4)


def test_the_history_item_that_gave_most_is_the_one_that_leads_there():
    model = fitted(Sequence(SequenceConfig(transition_reg=5.0)), in_a_row())
    given = model.contributions(asking(2, 9), np.array([3, 10]))
    assert given[0][2] > given[0][9]
    assert given[1][9] > given[1][2]


def test_nobody_contributed_to_what_has_no_history():
    assert fitted(Sequence()).contributions(asking(), np.array([0, 1])) == [{}, {}]


def visitors(size, steps):
    for step in range(steps):
        yield History.of([step % size, (step * 7 + 3) % size, (step * 3 + 1) % size])


@pytest.mark.parametrize("limit", [20_000, 5], ids=["dense", "sparse"])
@pytest.mark.parametrize("strength", [0.0, 3.0])
def test_many_updates_do_not_drift(limit, strength):
    data = checkerboard()
    model = fitted(Sequence(SequenceConfig(dense_limit=limit, strength=strength)), data)
    requests = [Request(data.history(u)) for u in range(20)]
    start = model.score(requests)
    for visitor in visitors(20, 12):
        model = model.partial_fit([History.of([])], [visitor]).forget([visitor])
    np.testing.assert_allclose(model.score(requests), start, atol=1e-3)


@pytest.mark.parametrize("strength", [0.0, 3.0])
def test_learning_bit_by_bit_is_fitting_on_all(strength):
    data = in_a_row()
    config = SequenceConfig(strength=strength)
    early = data.only(data.interactions.timestamps < 2 * 86_400)
    step = fitted(Sequence(config), early)
    for user in range(0, 40, 10):
        people = range(user, user + 10)
        step = step.partial_fit([early.history(u) for u in people], [data.history(u) for u in people])
    whole = fitted(Sequence(config), data)
    requests = [asking(n, (n + 3) % 12) for n in range(12)]
    np.testing.assert_allclose(step.score(requests), whole.score(requests), atol=2e-3)


def test_the_model_updated_stays_as_it_was():
    model = fitted(Sequence())
    before = model.score([asking(0)])
    model.partial_fit([History.of([])], [History.of([0, 3])])
    np.testing.assert_array_equal(model.score([asking(0)]), before)


class Nonsense:
    """An encoder whose vectors are drawn anew for each text: content that says nothing."""

    name, width = "nonsense", 16

    def encode(self, contents):
        rng = np.random.default_rng(3)
        return rng.standard_normal((len(contents), self.width)).astype(np.float32)


def tuned(data, encoder):
    """The default model, weights chosen on everyone's last event; content is what `encoder` reads alone."""
    ends = data.offsets[1:] - 1
    keep = np.ones(len(data.interactions), dtype=bool)
    keep[ends] = False
    left = data.only(keep)
    requests = [Request(left.history(u), user=u) for u in range(len(data.users))]
    questions = Holdout(requests, [data.interactions.items[e : e + 1] for e in ends])
    world = context(data, encoder=encoder, raw_encoder=encoder, features=None, words=None)
    model = Sequence().fit(left, replace(world, holdout=questions))
    return model, questions


def subjects(readers=120, size=30):
    """Three subjects named in the titles; everyone reads five things of one subject in any order."""
    rng = np.random.default_rng(0)
    words = ("robots", "gardens", "ships")
    titles = np.array([words[n % 3] for n in range(size)], dtype=object)
    rows = [rng.permutation(np.arange(u % 3, size, 3))[:5] for u in range(readers)]
    events = Interactions.of(
        np.repeat(np.arange(readers), 5), np.concatenate(rows), timestamps=np.tile(np.arange(5.0), readers)
    )
    catalog = Catalog(Vocabulary(range(size)), {"title": Column(ColumnType.TEXT, titles)})
    return Dataset(events, catalog, Users(Vocabulary(range(readers))), "subjects")


def test_texts_that_say_nothing_get_hardly_any_weight():
    model, questions = tuned(subjects(), Nonsense())
    weights = model.chosen.weights
    assert weights["text"] <= 0.1
    assert max(weights["transition"], weights["ease"]) >= 0.4
    found = [best(model, r) % 3 for r in questions.requests]
    assert found == [int(t[0]) % 3 for t in questions.targets]


def test_texts_that_name_the_subject_keep_their_weight():
    data = subjects()
    model, questions = tuned(data, context(data).encoder)
    content = {name: model.chosen.weights.get(name, 0.0) for name in ("text", "attributes", "words")}
    found = [best(model, r) % 3 for r in questions.requests]
    asked = [int(t[0]) % 3 for t in questions.targets]
    assert found == asked
    assert content["text"] > 0


def test_what_was_chosen_stands_in_chosen_and_the_config_given_stays():
    model, _ = tuned(subjects(), Nonsense())
    assert model.config == SequenceConfig()
    assert not model.chosen.tune
    assert model.config_type(**model.chosen.model_dump()) == model.chosen


def test_many_items_are_answered_in_bounded_memory_and_that_is_said():
    model = fitted(Sequence(SequenceConfig(dense_limit=5, neighbours=3)), checkerboard())
    assert "20 items: above 5" in model.notes_[0]
    assert fitted(Sequence(), checkerboard()).notes_ == ()


def test_fakes_stand_where_features_stand():
    assert isinstance(context().features, Features)


def test_many_items_are_kept_in_half_the_memory_and_answer_alike(monkeypatch):
    data = in_a_row(30, 60)
    plain = fitted(Sequence(), data)
    monkeypatch.setattr("llm4rec.models.maps.PACKED", 10)
    packed = fitted(Sequence(), data)
    assert packed.behaviour_.ease.codes.nbytes * 2 == plain.behaviour_.ease.matrix.nbytes
    requests = [asking(3), asking(4, 5, 6)]
    np.testing.assert_allclose(packed.score(requests), plain.score(requests), atol=1e-3)
    back = Sequence(packed.chosen).restore(packed.state(), context(data))
    np.testing.assert_array_equal(back.score(requests), packed.score(requests))
    history = data.history(0)
    np.testing.assert_allclose(
        packed.forget([history]).score(requests), plain.forget([history]).score(requests), atol=1e-3
    )
