"""What anyone may rely on from few-shot: the base for who is known, a blend for who is not, and a word about it."""

import numpy as np
import pytest
from tests.models.test_fold_in import FEW, two_tastes

from llm4rec.core import ComponentError
from llm4rec.engine import Engine, Settings
from llm4rec.engine.build import build_model
from llm4rec.models.few_shot import FewShot, FewShotConfig
from llm4rec.testing import asking, best, context, in_a_row

FIXED = {"lengths": (1, 4), "shares": (1.0, 0.5), "tune": False, "inputs": ("popular", "fold-in")}


def few_shot(data=None, **options):
    data = data or two_tastes()
    own = {"options": {"fold-in": {"embedding_size": 8}}} | options
    return FewShot(FewShotConfig(**own)).fit(data, context(data, make=build_model))


def test_what_helps_newcomers_gets_its_share_and_what_they_see_is_better():
    model = few_shot(inputs=("popular", "fold-in"), lengths=(1, 3))
    assert min(model.shares) > 0, "popularity knows one taste, the data have two"
    assert best(model, asking(12)) in FEW
    assert "share of 'fold-in'" in model.notes_[0]


def test_what_does_not_help_gets_nothing_and_the_base_answers_alone():
    data = in_a_row(users=150)
    model = few_shot(data, inputs=("transition", "popular"), options={}, lengths=(1, 3))
    assert model.shares == (0.0, 0.0), "after i comes i + 1: there is nothing to gain"
    assert "answers alone" in model.notes_[0]
    base = model.inputs_.base.score([asking(1, 2)])
    np.testing.assert_array_equal(model.score([asking(1, 2)]), base)
    assert model.adapted([asking(1, 2)]) == [""]


def test_the_share_fades_with_the_logarithm_of_events():
    model = few_shot(**FIXED)
    found = model.share_of(np.array([0, 1, 2, 4, 8, 9]))
    np.testing.assert_allclose(found, [0.0, 1.0, 0.75, 0.5, 0.0, 0.0], atol=1e-12)


def test_the_blend_is_of_standard_scores_on_the_scale_of_the_base():
    model = few_shot(**FIXED)
    request = asking(0, 1, 2, 3)
    base = model.inputs_.base.score([request])[0]
    other = model.inputs_.models["fold-in"].score([request])[0]
    half = 0.5 * (base - base.mean()) / base.std() + 0.5 * (other - other.mean()) / other.std()
    np.testing.assert_allclose(
        model.score([request])[0], base.mean() + base.std() * half, rtol=1e-4, atol=1e-4
    )


def test_people_with_long_histories_are_the_base_s_to_the_last_digit():
    model = few_shot(**FIXED)
    known = asking(*range(9))
    np.testing.assert_array_equal(model.score([known]), model.inputs_.base.score([known]))
    assert model.adapted([known]) == [""]


def test_who_is_answered_by_the_rule_is_told_and_nobody_else():
    settings = Settings(encoder={"name": "none"}, fit={"tune": False})
    engine = Engine(settings, model="few-shot", **FIXED).fit(two_tastes())
    ids = engine.catalog.ids.ids
    answer = engine.recommend(history=[ids[12]], n=3)
    assert "events known: 1; 100% of the order is 'fold-in', the rest 'popular'" in answer.degraded
    assert {engine.catalog.ids.number(item) for item in answer.items} <= set(FEW)
    assert not any("events known" in told for told in engine.recommend(history=ids[:9], n=3).degraded)
    assert not any("events known" in told for told in engine.recommend(history=[], n=3).degraded)


def test_doubt_is_that_of_the_newcomers_part_and_none_where_the_base_stands_alone():
    model = few_shot(**FIXED)
    new, known = asking(12), asking(*range(9))
    base, other = (own.score([new])[0] for own in model.inputs_.models.values())
    doubt = model.inputs_.models["fold-in"].uncertainty([new])[0] * base.std() / other.std()
    found = model.uncertainty([new, known])
    np.testing.assert_allclose(found[0], doubt, rtol=1e-4)
    np.testing.assert_array_equal(found[1], 0.0)
    np.testing.assert_array_equal(model.uncertainty([new], np.array([3, 5]))[0], found[0, [3, 5]])


def test_what_events_gave_comes_on_the_scale_of_the_base():
    model = few_shot(**FIXED, options={"fold-in": {"embedding_size": 8, "decay": None}})
    request, items = asking(12, 13), np.array([3, 15])
    fold = model.inputs_.models["fold-in"]
    share = model.share_of(np.array([2]))[0]
    base, other = (own.score([request])[0] for own in model.inputs_.models.values())
    expected = fold.contributions(request, items)
    for found, gifts in zip(model.contributions(request, items), expected, strict=True):
        scale = share * base.std() / other.std()
        assert found == pytest.approx({item: gift * scale for item, gift in gifts.items()}, rel=1e-4)


def test_new_items_stand_where_the_base_puts_them():
    settings = Settings(encoder={"name": "none"}, fit={"tune": False})
    engine = Engine(settings, model="few-shot", **FIXED).fit(two_tastes())
    before = engine.model.score([asking(12)])
    engine.add_items([{"item_id": "new", "title": "new"}])
    after = engine.model.score([asking(12)])
    np.testing.assert_array_equal(after[:, :20], before)
    assert after[0, 20] == engine.model.inputs_.base.score([asking(12)])[0, 20]


def test_shares_without_lengths_are_refused():
    with pytest.raises(ComponentError, match="as many shares"):
        FewShot(FewShotConfig(lengths=(1, 2), shares=(0.5,)))
    with pytest.raises(ComponentError, match="lengths that ascend"):
        FewShot(FewShotConfig(lengths=(3, 1)))
    with pytest.raises(ComponentError, match="two inputs"):
        FewShot(FewShotConfig(inputs=("ease",)))
