"""Languages by their letters, and words of texts with and without spaces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm4rec.core.languages import is_mixed, language_of, mostly_other, words_of
from llm4rec.core.texts import cleaned, near, stem, tokens


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("a quiet book", "en"),
        ("", "en"),
        ("1984 !!", "en"),
        ("un livre français", "en"),
        ("推荐一本小说", "zh"),
        ("推荐 Dracula 这样的书", "zh"),
        ("静かな本がほしい", "ja"),
        ("тихая книга", "ru"),
        ("كتاب هادئ", "ar"),
    ],
)
def test_language_by_letters(text, language):
    assert language_of(text) == language


def test_mixed_texts():
    assert is_mixed("不要 horror 的电影")
    assert not is_mixed("no horror")
    assert not is_mixed("不要恐怖的电影")


def test_a_catalog_is_of_another_script_where_most_texts_are():
    assert mostly_other(["红楼梦", "西游记", "Hamlet"])
    assert not mostly_other(["Hamlet", "Emma", "红楼梦"])
    assert not mostly_other(["", ""])


def test_chinese_is_parted_into_pairs_and_words_where_they_are_cut():
    assert words_of("科幻小说") == ["科幻", "幻小", "小说"]
    assert words_of("书") == ["书"]
    assert words_of("看科幻", lambda run: [run[:1], run[1:]]) == ["看", "科幻", "看科"]


def test_words_are_folded_and_plurals_cut():
    assert words_of("Čapek's Robots, 1920!") == ["capek", "robot", "1920"]


@pytest.mark.parametrize(
    ("word", "cut"),
    [
        ("comedies", "comedy"),
        ("children's", "children"),
        ("novels", "novel"),
        ("boxes", "box"),
        ("glass", "glass"),
    ],
)
def test_endings(word, cut):
    assert stem(word) == cut


@pytest.mark.parametrize(
    ("one", "other", "most", "same"),
    [
        ("horor", "horror", 1, True),
        ("hororr", "horror", 1, True),
        ("honor", "horror", 1, False),
        ("a", "abc", 1, False),
    ],
)
def test_near_words(one, other, most, same):
    assert near(one, other, most) is same


@given(st.text(max_size=300))
def test_any_text_can_be_cleaned_and_parted(text):
    clean, _ = cleaned(text)
    assert cleaned(clean)[0] == clean
    assert all(clean[t.start : t.end] for t in tokens(clean))
    assert isinstance(words_of(text), list)


def test_hidden_characters_go_and_are_told():
    assert cleaned("ho\u200brr\u202eor\x00") == ("horror", ("hidden",))
    assert cleaned("a\nb\tc  d") == ("a b c d", ())
    assert cleaned("x" * 50, most=10) == ("x" * 10, ("cut",))
