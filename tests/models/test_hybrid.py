"""What anyone may rely on from the stacker: it learns whom to trust, loses nothing, and says what it did."""

from dataclasses import replace

import numpy as np
import pytest

from llm4rec.core import ComponentError, Request
from llm4rec.models.hybrid import Hybrid, HybridConfig, LinearHybrid, LinearHybridConfig
from llm4rec.testing import asking, in_a_row, shelf
from models.stacking import learnt, share_right, walkers, world

SMALL = {"inputs": ("itemknn", "transition"), "min_leaf": 5, "earlier": 0, "rounds": 60}


@pytest.mark.parametrize(
    "model",
    [Hybrid(HybridConfig(form="trees", **SMALL)), LinearHybrid(LinearHybridConfig(**SMALL))],
    ids=["trees", "linear"],
)
def test_it_learns_to_trust_the_input_that_is_right(model):
    data, questions = walkers()
    model = learnt(model, data, questions)
    assert share_right(model.inputs_.base, questions) < 0.9
    assert share_right(model, questions) == 1.0
    ahead = asking(3, 4, 5)
    assert model.score([ahead])[0].argmax() == 6


def test_where_the_base_cannot_be_beaten_its_order_stands():
    data, questions = walkers()
    model = learnt(
        Hybrid(HybridConfig(inputs=("transition", "itemknn"), min_leaf=5, earlier=0, rounds=60)),
        data,
        questions,
    )
    assert model.form == "base"
    np.testing.assert_array_equal(
        model.score(questions.requests), model.inputs_.base.score(questions.requests)
    )
    assert "base 1.0000" in model.notes_[0]


def test_candidates_share_out_their_base_scores_and_all_others_keep_theirs():
    data, questions = walkers()
    model = learnt(Hybrid(HybridConfig(form="trees", depth=4, **SMALL)), data, questions)
    requests = questions.requests[:7]
    base, scores = model.inputs_.base.score(requests), model.score(requests)
    np.testing.assert_allclose(np.sort(scores, axis=1), np.sort(base, axis=1), rtol=1e-5)
    slates, _ = model._candidates(requests)
    untouched = np.ones(base.shape, dtype=bool)
    untouched[slates.rows, slates.items] = False
    assert untouched.any()
    np.testing.assert_array_equal(scores[untouched], base[untouched])
    assert (scores != base).any()


def test_the_base_is_asked_once_and_features_without_weight_do_not_count(monkeypatch):
    data, questions = walkers()
    model = learnt(LinearHybrid(LinearHybridConfig(**SMALL)), data, questions)
    base, asked = model.inputs_.base, []
    score = type(base).score
    monkeypatch.setattr(type(base), "score", lambda s, r, *more: asked.append(len(r)) or score(s, r, *more))
    found = model.score(questions.requests[:5])
    assert asked == [5]
    ranker = model.order_.ranker
    slates, features = model._candidates(questions.requests[:5])
    silent = np.setdiff1d(np.arange(features.shape[1]), ranker.looks_at)
    assert len(silent)
    features[:, silent] = np.nan
    reordered = score(base, questions.requests[:5]).copy()
    slates.reordered(reordered, ranker.predict(features))
    np.testing.assert_allclose(found, reordered, rtol=1e-6)


def grown_by_one():
    """A stacker that has learnt, and then took one more item."""
    data, questions = walkers()
    model = learnt(
        Hybrid(HybridConfig(inputs=("sequence", "itemknn"), form="trees", min_leaf=5, earlier=0, rounds=60)),
        data,
        questions,
    )
    newcomer = data.catalog.take(np.array([0]))
    longer = data.catalog.extended(type(newcomer)(type(newcomer.ids)(["newcomer"]), newcomer.columns))
    return model.grow(longer, world(data))


def test_newcomers_stand_where_the_base_puts_them():
    grown = grown_by_one()
    request = asking(3, 4, 20, 5)
    found, base = grown.score([request])[0], grown.inputs_.base.score([request])[0]
    assert found[20] == base[20]
    np.testing.assert_allclose(np.sort(found), np.sort(base), rtol=1e-5)
    without = Request(request.history, excluded=np.array([20, 7]))
    assert np.isfinite(grown.score([without])).all()


def test_a_base_that_takes_no_new_items_is_named():
    data, questions = walkers()
    model = learnt(Hybrid(HybridConfig(**SMALL)), data, questions)
    with pytest.raises(ComponentError, match="'itemknn'"):
        model.grow(data.catalog, world(data))


def test_without_questions_the_order_of_the_base_stands_and_a_note_says_so():
    data = shelf()
    model = Hybrid().fit(data, world(data))
    assert model.notes_ == ("no held-out questions: the order of 'sequence' stands",)
    np.testing.assert_array_equal(model.score([asking(0)]), model.inputs_.base.score([asking(0)]))


def test_refitting_keeps_what_the_questions_taught():
    data, questions = walkers()
    model = learnt(Hybrid(HybridConfig(form="trees", **SMALL)), data, questions)
    whole = in_a_row(20, 120)
    again = model.refit(whole, world(whole))
    assert again.order_ is model.order_
    assert again.inputs_.models["transition"] is not model.inputs_.models["transition"]
    assert share_right(again, questions) == 1.0


def test_when_it_is_asked_counts_only_if_it_may_look_at_the_clock():
    data, questions = walkers()
    now = [replace(r, time=float(r.history.timestamps[-1]) + 3600) for r in questions.requests[:5]]
    plain = learnt(Hybrid(HybridConfig(form="trees", **SMALL)), data, questions)
    np.testing.assert_array_equal(plain.score(now), plain.score(questions.requests[:5]))
    assert "habit of the moment" not in plain.importance()


def test_importance_names_every_feature_and_sums_to_one():
    data, questions = walkers()
    told = learnt(Hybrid(HybridConfig(form="trees", **SMALL)), data, questions).importance()
    assert sum(told.values()) == pytest.approx(1.0, abs=1e-5)
    best = max(told, key=lambda name: told[name])
    assert "transition" in best


def test_inputs_are_named_once():
    with pytest.raises(ValueError, match="each once"):
        HybridConfig(inputs=("ease", "ease"))
    assert HybridConfig(inputs="sequence+ease").inputs == ("sequence", "ease")


def test_chances_speak_for_candidates_and_say_where_the_data_do_not():
    grown = grown_by_one()
    items = np.array([[6, 2, 20], [6, 2, 20]])
    chances, sure = grown.chances([asking(3, 4, 5), asking()], items)
    assert chances[0, 0] > 0.5 > chances[0, 1]
    assert np.isnan(chances[0, 2])
    assert np.isnan(chances[1]).all()
    assert sure.tolist() == [True, False]


def test_without_questions_no_chance_is_known():
    data = shelf()
    chances, sure = Hybrid().fit(data, world(data)).chances([asking(0)], np.array([[1, 2]]))
    assert np.isnan(chances).all()
    assert not sure.any()


def test_earlier_events_teach_where_questions_are_few():
    data, questions = walkers(users=30)
    few = Hybrid(HybridConfig(inputs=("itemknn", "transition"), form="trees", min_leaf=5, rounds=60))
    assert share_right(learnt(few, data, questions), questions) == 1.0
    lessons = few._earlier(data, world(data))
    assert len(lessons) > 5 * len(questions)


def test_reasons_are_what_the_base_says():
    data, questions = walkers()
    model = learnt(Hybrid(HybridConfig(form="trees", **SMALL)), data, questions)
    items = np.array([6, 7])
    assert model.contributions(asking(3, 4, 5), items) == model.inputs_.base.contributions(
        asking(3, 4, 5), items
    )
    silent = Hybrid(HybridConfig(inputs=("popular", "transition"), form="base")).fit(data, world(data))
    assert silent.contributions(asking(3), items) == [{}, {}]
