"""BM25 and fusion on texts whose order is known."""

import numpy as np
import pytest

from llm4rec.writers.asking import Bm25, fused
from llm4rec.writers.asking.chinese import segmented

TEXTS = ["the whale and the sea", "a whale", "gardens in spring", "", "海洋里的鲸鱼", "法国的花园"]


def test_rare_words_and_short_texts_earn_more():
    found = Bm25.of(TEXTS).scores("whale")
    assert found[1] > found[0] > 0
    assert not found[2:].any()


def test_the_weight_of_a_word_is_that_of_the_formula():
    found = Bm25.of(["red fish", "blue fish", "blue bird"]).scores("red")
    rarity = np.log1p((3 - 1 + 0.5) / (1 + 0.5))
    assert found[0] == pytest.approx(rarity * 2.2 / (1 + 1.2), rel=1e-5)


def test_chinese_words_are_found_without_spaces():
    found = Bm25.of(TEXTS).scores("讲鲸鱼的书")
    assert found.argmax() == 4


def test_chinese_words_are_cut_by_the_dictionary():
    assert segmented("我喜欢科幻小说") == ["我", "喜欢", "科幻小说"]


def test_letters_forgive_misspelling():
    assert not Bm25.of(TEXTS).scores("gardns").any()
    assert Bm25.of(TEXTS, grams=True).scores("gardns").argmax() == 2


def test_no_texts_and_no_words_earn_nothing():
    assert Bm25.of([]).scores("whale").shape == (0,)
    assert not Bm25.of(TEXTS).scores("").any()


def test_a_long_question_is_its_rarest_words():
    common = [f"the story of word{n}" for n in range(20)]
    index = Bm25.of([*common, "the the the story of", "zebra"])
    question = " ".join(["the story of", *(f"word{n}" for n in range(11)), "zebra"])
    assert index.scores(question)[21] > 0
    assert index.scores(question)[20] == 0


def test_fusion_adds_what_each_row_says_in_its_own_spread():
    found = fused([np.array([100.0, 300.0]), np.array([2.0, 1.0])], [1.0, 0.5])
    assert found == pytest.approx([-1 + 0.5, 1 - 0.5])


def test_a_row_that_tells_nothing_apart_says_nothing():
    assert not fused([np.zeros(3, np.float32)], [1.0]).any()
    assert fused([], []).shape == (0,)
