"""Word counts beside a head: followed where they know more, left out where they do not."""

import numpy as np
import pytest

from llm4rec.core import FolderError
from llm4rec.encoders.adapting import wordwise
from llm4rec.encoders.adapting.examples import Examples
from llm4rec.encoders.adapting.figures import macro_f1

WORDS = ("awful", "splendid")


def said(size=200):
    """Texts whose one telling word is in the middle of common ones; every fourth is held out."""
    rng = np.random.default_rng(0)
    labels = rng.integers(2, size=size)
    common = [f"c{n}" for n in range(30)]
    texts = [" ".join([*rng.choice(common, 4), WORDS[label], *rng.choice(common, 4)]) for label in labels]
    return Examples(
        "sentiment",
        tuple(texts),
        np.arange(size)[:, None],
        np.arange(size) % 4 == 0,
        targets=np.eye(2, dtype=np.float32)[labels],
        labels=("negative", "positive"),
    )


@pytest.fixture
def examples():
    return said()


def held_of(examples):
    return examples.rows(held=True)


def test_words_are_followed_where_the_network_knows_nothing(examples):
    held = held_of(examples)
    blind = np.full((len(held), 2), 0.5, np.float32)
    words = wordwise.learnt_beside(examples, held, blind)
    assert words.share > 0
    texts = [examples.texts[n] for n in held]
    assert macro_f1(words.beside(texts, blind), examples.targets[held]) == 1.0
    np.testing.assert_allclose(words.chances(texts).sum(axis=1), 1, atol=1e-5)


def test_words_are_left_out_where_the_network_knows_all(examples):
    held = held_of(examples)
    sure = np.where(examples.targets[held] > 0, 0.999_999, 0.000_001).astype(np.float32)
    assert wordwise.learnt_beside(examples, held, sure) is None


def test_too_few_held_out_choose_nothing(examples):
    held = held_of(examples)[:5]
    assert wordwise.learnt_beside(examples, held, np.full((5, 2), 0.5, np.float32)) is None


def test_a_label_without_examples_is_never_said(examples):
    three = np.pad(examples.targets, ((0, 0), (0, 1)))
    wide = Examples("sentiment", examples.texts, examples.left, examples.held, targets=three)
    held = held_of(wide)
    words = wordwise.learnt_beside(wide, held, np.full((len(held), 3), 1 / 3, np.float32))
    chances = words.chances(["splendid", "awful"])
    assert chances.argmax(axis=1).tolist() == [1, 0]
    assert (chances[:, 2] < 1e-4).all()


def test_from_file_they_say_the_same(examples, tmp_path):
    held = held_of(examples)
    words = wordwise.learnt_beside(examples, held, np.full((len(held), 2), 0.5, np.float32))
    wordwise.write(tmp_path, {"sentiment": words})
    again = wordwise.read(tmp_path, "sentiment")
    np.testing.assert_array_equal(again.chances(["awful c1"]), words.chances(["awful c1"]))
    assert wordwise.read(tmp_path, "category") is None
    assert wordwise.read(tmp_path / "nowhere", "sentiment") is None
    (tmp_path / wordwise.FILE).write_bytes(b"nothing")
    with pytest.raises(FolderError, match="is damaged"):
        wordwise.read(tmp_path, "sentiment")
    assert not list(tmp_path.glob("*.pkl"))


def test_texts_without_words_are_answered():
    words = wordwise.learnt_beside(said(), held_of(said()), np.full((50, 2), 0.5, np.float32))
    assert np.isfinite(words.chances(["", "   ", "。"])).all()
    both = np.array([[0.9, 0.1]]), np.array([[0.2, 0.8]])
    assert wordwise.mixed(*both, (1.0, 0.0)).argmax() == 0
    assert wordwise.mixed(*both, (0.0, 1.0)).argmax() == 1
    assert wordwise.mixed(*both, (0.5, 1.0)).argmax() == 1
    assert wordwise.mixed(*both, (1.0, 0.5)).argmax() == 0


def test_a_network_that_is_too_sure_is_trusted_less(examples):
    """Right in nine of ten, and always sure: what it says counts less than that of one who says nine of ten."""
    held = held_of(examples)
    right = examples.targets[held] > 0
    right[::10] = ~right[::10]
    sure, honest = (np.where(right, p, 1 - p).astype(np.float32) for p in (0.999, 0.9))
    counts = [wordwise.learnt_beside(examples, held, said) for said in (sure, honest)]
    assert counts[0].trust < counts[1].trust
