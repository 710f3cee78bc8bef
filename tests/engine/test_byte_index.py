"""8-bit copies of all item vectors give the lists of the vectors themselves, served, saved and grown."""

import numpy as np
import pytest

from llm4rec.core import Catalog, ComponentError, Dataset, Interactions, SettingsError, Users, Vocabulary
from llm4rec.engine import Engine, Settings, byte_index, read_settings
from llm4rec.engine.byte_index import ByteIndex
from llm4rec.engine.products import has_bytes

ITEMS, PEOPLE = 300, 120


@pytest.fixture(scope="module")
def data():
    """Items in groups of ten; everyone takes six of a group and two from anywhere."""
    rng = np.random.default_rng(0)
    rows = [
        np.concatenate([10 * (user % 30) + rng.choice(10, 6, replace=False), rng.integers(0, ITEMS, 2)])
        for user in range(PEOPLE)
    ]
    taken = Interactions.of(np.repeat(np.arange(PEOPLE), 8), np.concatenate(rows))
    catalog = Catalog(Vocabulary([f"item-{n}" for n in range(ITEMS)]))
    return Dataset(taken.sorted(), catalog, Users(Vocabulary([f"user-{n}" for n in range(PEOPLE)])), "groups")


def made(data, **index):
    settings = Settings(encoder={"name": "none"}, index=index)
    return Engine(settings, model="als", embedding_size=16, tune=False).fit(data)


@pytest.fixture(scope="module")
def small(data):
    return made(data, above=ITEMS - 1, kind="int8")


def lists(engine, data):
    questions = [{"user": name, "n": 12} for name in data.users.ids.ids]
    return [engine.recommend(**question).items for question in questions]


def test_lists_are_exactly_those_without_an_index(small, data):
    assert isinstance(small.fitted.index, ByteIndex)
    assert lists(small, data) == lists(made(data, above=ITEMS), data)


@pytest.mark.parametrize("scale", [1.0, 1e-3])
def test_no_item_is_missed_however_near_the_products_are(scale):
    rng = np.random.default_rng(3)
    vectors = (1 + scale * rng.standard_normal((2_000, 24))).astype(np.float32)
    people = rng.standard_normal((40, 24), dtype=np.float32)
    found, products = ByteIndex(vectors).search(people, 50)
    exact = people.astype(np.float64) @ vectors.T.astype(np.float64)
    best = -np.sort(-exact, axis=1)[:, :50]
    np.testing.assert_allclose(products, best, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(np.take_along_axis(exact, found, axis=1), best, rtol=1e-4, atol=1e-4)


def test_what_it_takes_is_told(small):
    note = small.fitted.told[-1]
    assert "exact" in note
    if has_bytes():
        assert "8-bit copies of 300 vectors" in note
        assert small.fitted.index.shelf.bytes.nbytes * 4 == pytest.approx(16 * 4 * 320)


def test_without_the_instructions_lists_are_the_same(small, data, monkeypatch):
    expected = lists(small, data)
    monkeypatch.setattr(byte_index, "has_bytes", lambda: False)
    plain = made(data, above=ITEMS - 1, kind="int8")
    assert plain.fitted.index.shelf is None
    assert "no instructions" in plain.fitted.index.note
    assert lists(plain, data) == expected


def test_it_is_saved_and_read_back(small, data, tmp_path):
    small.save(tmp_path / "engine")
    again = Engine.load(tmp_path / "engine")
    assert isinstance(again.fitted.index, ByteIndex)
    assert again.fitted.told == small.fitted.told
    assert lists(again, data) == lists(small, data)
    with pytest.raises(ComponentError, match="300 vectors of 16 numbers"):
        ByteIndex.from_state(small.fitted.index.state(), np.zeros((3, 16), np.float32))


def test_the_index_follows_the_model(small, data):
    before = small.fitted
    left = Engine(small.settings)
    left._fitted = before
    left.forget("user-0")
    assert left.fitted.index.vectors is not before.index.vectors
    np.testing.assert_array_equal(left.fitted.index.vectors, left.model.item_vectors())


def test_a_wrong_kind_is_refused():
    with pytest.raises(SettingsError, match="kind"):
        read_settings(flags={"index.kind": "int4"}, environment={})
