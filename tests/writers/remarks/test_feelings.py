"""How kind texts are, on sentences of which nobody doubts it."""

import numpy as np
import pytest

from llm4rec.writers.remarks import Feelings

FEELINGS = Feelings()


@pytest.mark.parametrize(
    "text",
    [
        "A wonderful film.",
        "I really enjoyed this book",
        "not bad at all",
        "The start is slow, but the ending is brilliant.",
        "I could not put it down",
        "nothing but praise: superb",
        "很好看，强烈推荐",
        "不错",
        "开头有点慢，但是结局很感人",
    ],
)
def test_kind_words_are_kind(text):
    assert FEELINGS(text) > 0.1


@pytest.mark.parametrize(
    "text",
    [
        "terrible",
        "It was not good.",
        "I didn't enjoy it",
        "Good actors, but the plot is boring and the film is far too long.",
        "hardly interesting",
        "a waste of time",
        "不好看",
        "太无聊了",
        "画面不错，但是剧情很无聊，浪费时间",
    ],
)
def test_hard_words_are_hard(text):
    assert FEELINGS(text) < -0.1


@pytest.mark.parametrize("text", ["", "A man walks into a town in 1920.", "第二次世界大战", "\x00" * 9])
def test_what_is_told_without_feeling_is_nothing(text):
    assert FEELINGS(text) == 0.0


def test_degrees_order_feelings():
    said = FEELINGS.many(["a bit boring", "boring", "very boring", "extremely boring and awful"])
    assert (np.diff(said) < 0).all()
    assert (np.abs(said) <= 1).all()


def test_clauses_say_what_they_are_about():
    text = "The acting is superb, but the plot is dull. 音乐很好听。"
    assert [c.feeling > 0 for c in FEELINGS.clauses(text)] == [True, False, True]
    about = FEELINGS.about(text)
    assert about["acting"] > 0 > about["story"]
    assert about["sound"] > 0


def test_a_head_goes_before_the_lexicon_and_stays_within_bounds():
    feelings = Feelings(lambda texts: np.array([7.0 if "tree" in t else np.nan for t in texts]))
    assert feelings.many(["tree", "awful", ""]).tolist() == [1.0, 0.0, 0.0]


def test_a_long_text_is_read_to_its_bound():
    assert FEELINGS("good " * 100_000) > 0
