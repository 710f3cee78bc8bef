"""What is said of a value in words the grammar does not know: a wish, in the direction of the words."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from llm4rec.writers.remarks import Polarity, remarked
from llm4rec.writers.remarks.polarity import meanings, told
from llm4rec.writers.remarks.wordlists import wordlists

from .test_remarks import HERE, brief, read


def apart(texts):
    """An encoder by which the examples of a direction are all alike, and unlike the others."""
    listed = told("kinds")
    return np.array([[text in listed[name] for name in listed] for text in texts], dtype=np.float32)


def judged(direction=None, item=None, meaning=None):
    """A setting whose readers of phrases always say so, and the phrases they were given."""
    asked = []

    def answering(answer):
        def reader(phrase, leaning=0.0):
            asked.append(phrase)
            return answer

        return reader

    readers = SimpleNamespace(kinds=answering(direction), items=answering(item), meanings=answering(meaning))
    return replace(HERE, polarity=readers), asked


@pytest.mark.parametrize(
    "text", ["comedies? seriously? no", "a comedy for my aunt", "comedies give me a migraine"]
)
def test_a_value_that_is_only_mentioned_is_no_demand_and_that_is_said(text):
    remarks = read(text)
    assert brief(remarks) == [("+", "Comedy")]
    assert any("taken as a wish for more; not sure" in note for note in remarks.notes)


@pytest.mark.parametrize("text", ["I want a comedy for my aunt", "only comedies for my aunt", "comedy"])
def test_a_demand_stays_one(text):
    setting, asked = judged("less")
    assert brief(remarked(text, setting)) == [("must", "Comedy")]
    assert "this kind" not in " ".join(asked)


@pytest.mark.parametrize(
    ("direction", "meant"),
    [("more", [("+", "Comedy")]), ("less", [("-", "Comedy")]), ("known", [("-", "Comedy")]), ("neither", [])],
)
def test_the_words_around_decide_the_direction(direction, meant):
    setting, asked = judged(direction)
    assert brief(remarked("comedies? seriously? no", setting)) == meant
    kinds = [phrase for phrase in asked if "this kind" in phrase]
    assert kinds == ["this kind? seriously? no"], "the value says nothing, and each phrase is read once"


def test_a_refusal_is_not_asked_about():
    setting, asked = judged("more")
    assert brief(remarked("no horror for my aunt", setting))[0] == ("never", "Horror")
    assert "this kind" not in " ".join(asked)


def test_example_phrases_are_encoded_once_and_learnt():
    calls = []

    def encode(texts):
        calls.append(len(texts))
        return apart(texts)

    reader = Polarity(encode).kinds
    assert reader("this kind gives me a headache") == "less"
    assert reader("I can't get enough of this kind") == "more"
    assert reader("this kind gives me a headache") == "less"
    assert calls == [sum(map(len, told("kinds").values())), 1, 1]
    assert np.allclose(reader.chances(["this kind"]).sum(axis=1), 1.0)


@pytest.mark.parametrize(
    ("topic", "about"), [("kinds", "this kind"), ("items", "this one"), ("meanings", "")]
)
def test_each_phrase_speaks_of_its_topic_and_stands_once(topic, about):
    phrases = [phrase for listed in told(topic).values() for phrase in listed]
    assert all(about in phrase for phrase in phrases)
    assert len(set(phrases)) == len(phrases)


def test_a_meaning_stands_for_an_aspect_that_there_is():
    assert {meaning.aspect for meaning in meanings().values()} - {""} <= set(wordlists().named)


@pytest.mark.parametrize(
    ("item", "meant"),
    [
        ("liked", [("+", "i1")]),
        ("disliked", [("disliked", "i1")]),
        ("known", [("known", "i1")]),
        ("away", [("passed", "i1")]),
        ("neither", []),
    ],
)
def test_what_is_said_of_an_item_in_other_words_is_read_by_phrases(item, meant):
    setting, asked = judged(item=item)
    assert brief(remarked("the 2nd gets a smile at home", setting)) == meant
    assert asked == ["this one gets a smile at home"], (
        "the item says nothing, and the words beside it are no wish"
    )


def test_a_word_of_feeling_goes_before_the_phrases():
    setting, _ = judged(item="disliked")
    assert brief(remarked("the second one was wonderful", setting)) == [("liked", "i1")]


@pytest.mark.parametrize(
    ("meaning", "meant"),
    [
        ("nothing", []),
        ("sad", [("+", "Drama,War")]),
        ("shorter", [("range", "runtime", None, 120.0)]),
    ],
)
def test_a_fragment_is_read_by_what_it_means(meaning, meant):
    setting, asked = judged(meaning=meaning)
    assert brief(remarked("something for handkerchiefs", setting)) == meant
    assert asked[0] == "handkerchiefs"


def test_what_nobody_reads_is_no_wish_beside_something_understood():
    setting, _ = judged()
    remarks = remarked("no horror, the garden calls", setting)
    assert brief(remarks) == [("never", "Horror")]
    assert any("changes nothing" in note for note in remarks.notes)
