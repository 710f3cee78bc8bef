"""Light versions of models: they say what the models say, as far as they remember it, and take newcomers."""

from dataclasses import replace

import numpy as np
import pytest

from llm4rec.core import ComponentError, NotFittedError, Request, as_csr, zscore_rows
from llm4rec.models.attention import Attention, AttentionConfig
from llm4rec.models.ease import Ease, EaseConfig
from llm4rec.models.itemknn import ItemKnn
from llm4rec.models.light_fading import Fading
from llm4rec.models.light_maps import Cosines, LightMaps, kinds_of
from llm4rec.models.maps import SparseMap
from llm4rec.models.sequence import Sequence, SequenceConfig
from llm4rec.models.transition import Transition
from llm4rec.testing import asking, by_device, checkerboard, fitted, in_a_row

QUICK = AttentionConfig(epochs=2, learning_rate=3e-3)
ALL_PARTS = {"popularity": 0.3, "transition": 0.5, "ease": 0.4, "text": 0.2, "words": 0.3, "attributes": 0.6}
MODELS = {
    "ease": lambda: Ease(EaseConfig(propensity=0.5)),
    "itemknn": ItemKnn,
    "transition": Transition,
    "sequence": lambda: Sequence(SequenceConfig(weights=ALL_PARTS)),
    "attention": lambda: Attention(QUICK),
    "attention gated": lambda: Attention(QUICK.model_copy(update={"gated": True})),
    "attention deeper": lambda: Attention(QUICK.model_copy(update={"blocks": 2, "heads": 2})),
}


def rated(data):
    """Every other event liked more: events differ in their values."""
    values = 4.0 + np.arange(len(data.interactions)) % 2
    return replace(data, interactions=replace(data.interactions, values=values))


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("data", [checkerboard(), rated(in_a_row())], ids=["plain", "rated"])
def test_it_says_what_the_model_says(name, data):
    model = fitted(MODELS[name](), data)
    light = model.lighter(memory=100)
    known = [Request(data.history(user)) for user in range(3)]
    for request in [*known, asking(2), asking(3, 5, 3)]:
        said = light.answer(request)
        assert said.std() == pytest.approx(1.0, abs=1e-2)
        wanted = zscore_rows(model.score([request]))[0]
        np.testing.assert_allclose(said - said.mean(), wanted, atol=1e-2)


@pytest.mark.parametrize("name", MODELS)
def test_it_declines_what_has_no_history_and_is_saved_whole(name):
    model = fitted(MODELS[name](), checkerboard())
    light = model.lighter(memory=1).grown(np.array([[0, 2]]), np.array([[0.5, 0.5]], np.float32))
    again = MODELS[name]().lighter_from(light.state())
    np.testing.assert_array_equal(again.answer(asking(1, 20)), light.answer(asking(1, 20)))
    assert light.answer(asking()) is None


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("memory", [1, 100])
def test_a_newcomer_is_the_mean_of_its_likes(name, memory):
    light = fitted(MODELS[name](), in_a_row()).lighter(memory)
    grown = light.grown(np.array([[4, 7], [2, 2]]), np.array([[0.25, 0.75], [1.0, 0.0]], np.float32))
    before, after = light.answer(asking(3, 6)), grown.answer(asking(3, 6))
    np.testing.assert_allclose(after[:12], before, atol=1e-5, err_msg="nothing known changes")
    np.testing.assert_allclose(after[12], 0.25 * before[4] + 0.75 * before[7], atol=1e-3)
    np.testing.assert_allclose(
        grown.answer(asking(13))[:12], light.answer(asking(2)), atol=1e-2, err_msg="it speaks as its like"
    )


def test_little_memory_keeps_the_strongest_entries_and_the_spread_of_the_whole():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(40, 40)).astype(np.float32)
    light = LightMaps.of([(SparseMap(as_csr(rows)), 3)])
    said = light.heard(np.array([7]), Fading.none(1), np.ones(1))
    strongest = np.argsort(-np.abs(rows[7]))[:3]
    np.testing.assert_allclose(said[strongest], rows[7, strongest] / rows[7].std(), rtol=1e-3)
    assert np.count_nonzero(said) == 3


@pytest.mark.parametrize("memory", [2, 40])
def test_maps_stand_side_by_side_each_with_its_own_fading_and_share(memory):
    rng = np.random.default_rng(0)
    maps = [SparseMap(as_csr(rng.normal(size=(40, 40)).astype(np.float32))) for _ in range(2)]
    items, decays = np.arange(10), [0.8, 2.0]
    together = Fading.of(decays, window=8)
    assert list(together.reach) == [3, 6]
    both = LightMaps.of([(one, memory) for one in maps]).heard(items, together, np.array([2.0, 0.3]))
    alone = [
        LightMaps.of([(one, memory)]).heard(items, Fading.of([decay], window=8), np.ones(1))
        for one, decay in zip(maps, decays, strict=True)
    ]
    assert all(said.any() for said in alone)
    np.testing.assert_allclose(both, 2.0 * alone[0] + 0.3 * alone[1], rtol=1e-4, atol=1e-5)


def test_what_is_too_old_to_count_is_not_read():
    fading = Fading.of([4.0, 100.0], window=50)
    assert list(fading.reach) == [12, 50]
    left_out = np.exp(-np.arange(12, 1000) / 4.0).sum() / np.exp(-np.arange(1000) / 4.0).sum()
    assert 0.04 < left_out <= 0.05
    np.testing.assert_allclose(fading.weights[:3, 0], np.exp([0, -0.25, -0.5]), rtol=1e-6)
    assert not fading.weights[12:, 0].any()
    assert fading.weights[:, 1].all()


@pytest.mark.parametrize("memory", [2, 40])
def test_old_events_change_nothing_and_young_ones_do(memory):
    rows = np.random.default_rng(1).normal(size=(40, 40)).astype(np.float32)
    light = LightMaps.of([(SparseMap(as_csr(rows)), memory)])
    items, fading = np.arange(30), Fading.of([4.0], window=50)
    said = light.heard(items, fading, np.ones(1))
    older, younger = items.copy(), items.copy()
    older[12:], younger[11] = 39, 39
    np.testing.assert_array_equal(light.heard(older, fading, np.ones(1)), said)
    assert not np.array_equal(light.heard(younger, fading, np.ones(1)), said)


@pytest.mark.parametrize(("memory", "columns"), [(1, 3), (100, 36)])
def test_items_that_are_alike_share_a_row(memory, columns):
    rows = np.random.default_rng(0).normal(size=(12, 6)).astype(np.float32)
    traits = as_csr(np.tile(rows, (3, 1)))
    kinds, first = kinds_of(traits)
    assert kinds.tolist() == [*range(12)] * 3
    assert first.tolist() == [*range(12)]
    shared = LightMaps.of([(Cosines(traits[first]), memory)], kinds)
    assert len(shared.codes) == 12
    whole = LightMaps.of([(Cosines(traits), 100)])
    for item in (3, 15):
        said = shared.heard(np.array([item]), Fading.none(1), np.ones(1))
        wanted = whole.heard(np.array([item]), Fading.none(1), np.ones(1))
        assert np.count_nonzero(said) == columns
        np.testing.assert_allclose(said[said != 0], wanted[said != 0], rtol=1e-2)


def test_what_says_the_same_of_all_has_no_spread():
    light = LightMaps.of([(SparseMap(as_csr(np.ones((30, 30), np.float32))), 2)])
    assert not light.heard(np.array([0, 1]), Fading.none(2), np.ones(1)).any()


@pytest.mark.parametrize(
    ("model", "data", "words"),
    [
        (Attention(QUICK.model_copy(update={"time_aware": True})), in_a_row(), "when a question is asked"),
        (Attention(QUICK), by_device(users=10), "the context of a question"),
    ],
    ids=["time", "context"],
)
def test_what_has_no_light_version_is_said(model, data, words):
    model = fitted(model, data)
    with pytest.raises(ComponentError, match=words):
        model.lighter(memory=10)


@pytest.mark.parametrize("model", [Ease(), Attention(), Sequence()])
def test_only_what_is_fitted_is_made_light(model):
    with pytest.raises(NotFittedError):
        model.lighter(memory=10)


def test_newcomers_stay_behind_when_more_come():
    light = fitted(Ease(), checkerboard()).lighter(memory=1)
    ones = np.ones((1, 1), np.float32)
    grown = light.grown(np.array([[0]]), ones).grown(np.array([[1]]), ones)
    said = grown.answer(asking(2))
    np.testing.assert_allclose(said[20:], said[:2], atol=1e-3)
