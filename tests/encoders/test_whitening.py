"""What anyone may rely on from Whitening: known answers on data whose right answer is obvious."""

import numpy as np
import pytest

from llm4rec.core import DataError, SettingsError
from llm4rec.encoders import WhitenedEncoder, Whitening
from llm4rec.testing import WordEncoder, check_encoder


def cone(rows=2000, width=12, seed=0):
    """Correlated vectors far from the origin: every cosine is high, as with sentence vectors."""
    rng = np.random.default_rng(seed)
    return (rng.standard_normal((rows, width)) @ rng.standard_normal((width, width)) + 20).astype(np.float32)


def mean_cosine(vectors):
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return (unit @ unit.T)[~np.eye(len(unit), dtype=bool)].mean()


def test_spread_is_one_in_every_direction():
    vectors = cone()
    projected = Whitening.fit(vectors, 12, shrink=0.0).project(vectors)
    np.testing.assert_allclose(np.cov(projected.T, bias=True), np.eye(12), atol=2e-3)
    np.testing.assert_allclose(projected.mean(axis=0), 0, atol=1e-3)


def test_the_strongest_directions_are_kept():
    vectors = np.random.default_rng(1).standard_normal((500, 5)).astype(np.float32) * [1, 9, 2, 7, 3]
    whitening = Whitening.fit(vectors.astype(np.float32), 2)
    assert whitening.width == 2
    assert set(np.abs(whitening.matrix * [[1], [9], [2], [7], [3]]).argmax(axis=0)) == {1, 3}


def test_cosines_mean_something_afterwards():
    vectors = cone()[:200]
    assert mean_cosine(vectors) > 0.8
    assert abs(mean_cosine(Whitening.fit(vectors, 12).transform(vectors))) < 0.05


def test_rows_have_length_one_and_are_float32():
    vectors = cone()
    found = Whitening.fit(vectors, 6).transform(vectors)
    assert found.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)


def test_empty_texts_teach_nothing_and_stay_zero():
    vectors = cone(300)
    holes = np.concatenate([vectors, np.zeros((300, 12), np.float32)])
    with_holes, without = Whitening.fit(holes, 4), Whitening.fit(vectors, 4)
    np.testing.assert_allclose(with_holes.matrix, without.matrix, rtol=1e-4)
    assert not with_holes.transform(holes)[300:].any()


@pytest.mark.parametrize(("rows", "expected"), [(5, 4), (2, 1), (40, 8)])
def test_no_more_columns_than_the_rank(rows, expected):
    vectors = cone(rows)
    whitening = Whitening.fit(vectors, 8)
    assert whitening.width == expected
    assert np.isfinite(whitening.transform(vectors)).all()


def test_copies_add_no_rank():
    assert Whitening.fit(np.repeat(cone(4), 50, axis=0), 8).width == 3


@pytest.mark.parametrize(
    "vectors", [cone(1), np.repeat(cone(1), 7, axis=0), np.zeros((3, 12), np.float32), cone(0)]
)
def test_rows_that_do_not_differ_leave_vectors_as_they_are(vectors):
    whitening = Whitening.fit(vectors, 4)
    other = cone(6, seed=3)
    np.testing.assert_allclose(
        whitening.transform(other), other / np.linalg.norm(other, axis=1, keepdims=True), rtol=1e-5
    )


def test_a_handful_of_rows_keeps_its_neighbours():
    robots, gardens = WordEncoder(64).encode(["robots space", "garden soil"])
    noise = np.random.default_rng(2).standard_normal((4, 64)) * 0.03
    vectors = (np.stack([robots, robots, gardens, gardens]) + noise).astype(np.float32)
    kept = Whitening.fit(vectors, 64).transform(vectors)
    assert kept[0] @ kept[1] > 0.5 > kept[0] @ kept[2]
    torn = Whitening.fit(vectors, 64, shrink=0.0).transform(vectors)
    assert abs(torn[0] @ torn[1] - torn[0] @ torn[2]) < 0.05, "plain whitening makes all distances equal"


def test_with_many_rows_shrinking_is_slight():
    vectors = cone(20_000)
    chosen, plain = (Whitening.fit(vectors, 12, shrink=s).transform(vectors[:100]) for s in (None, 0.0))
    assert (chosen * plain).sum(axis=1).min() > 0.99


def test_drawing_all_the_way_only_centres():
    vectors = cone(100)
    found = Whitening.fit(vectors, 12, shrink=1.0).transform(vectors)
    centred = vectors - vectors.mean(axis=0)
    centred /= np.linalg.norm(centred, axis=1, keepdims=True)
    np.testing.assert_allclose(found @ found.T, centred @ centred.T, atol=1e-4)


def test_scale_does_not_matter():
    vectors = cone(100)
    small = (vectors * 1e-4).astype(np.float32)
    expected = Whitening.fit(vectors, 5).transform(vectors)
    np.testing.assert_allclose(Whitening.fit(small, 5).transform(small), expected, atol=1e-2)


def test_is_saved_as_plain_arrays():
    whitening = Whitening.fit(cone(), 3)
    again = Whitening.from_state({name: array.copy() for name, array in whitening.state().items()})
    np.testing.assert_array_equal(again.transform(cone(5)), whitening.transform(cone(5)))
    assert again.digest() == whitening.digest()


def test_a_whitened_encoder_keeps_the_contract_and_names_its_whitening():
    base = WordEncoder(16)
    vectors = base.encode([f"word{n} word{n + 1} common" for n in range(60)])
    first, second = (WhitenedEncoder(base, Whitening.fit(vectors[:n], 6)) for n in (60, 40))
    check_encoder(first)
    assert first.name.startswith("words-16+white6-")
    assert first.name != second.name
    assert not first.encode([""]).any()


def test_a_whitening_of_another_width_is_refused():
    with pytest.raises(SettingsError, match=r"12 numbers.*gives 32"):
        WhitenedEncoder(WordEncoder(), Whitening.fit(cone(), 4)).encode(["a text"])


@pytest.mark.parametrize(("width", "shrink", "culprit"), [(0, None, "width 0"), (3, 1.5, "shrink = 1.5")])
def test_wrong_settings_are_refused(width, shrink, culprit):
    with pytest.raises(SettingsError, match=culprit):
        Whitening.fit(cone(), width, shrink)


@pytest.mark.parametrize("vectors", [np.ones(3, np.float32), np.full((2, 3), np.nan, np.float32)])
def test_what_is_no_table_of_numbers_is_refused(vectors):
    with pytest.raises(DataError, match="finite"):
        Whitening.fit(vectors, 2)
