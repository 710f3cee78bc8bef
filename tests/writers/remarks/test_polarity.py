"""What is said of a value in words the grammar does not know: a wish, in the direction of the words."""

from dataclasses import replace

import numpy as np
import pytest

from llm4rec.writers.remarks import Polarity, remarked
from llm4rec.writers.remarks.polarity import DIRECTIONS, told

from .test_remarks import HERE, brief, read


def apart(texts):
    """An encoder by which the examples of a direction are all alike, and unlike the others."""
    return np.array([[text in told()[name] for name in DIRECTIONS] for text in texts], dtype=np.float32)


def judged(direction):
    """A setting whose reader of phrases always says so, and the phrases it was given."""
    asked = []

    def polarity(phrase):
        asked.append(phrase)
        return direction

    return replace(HERE, polarity=polarity), asked


@pytest.mark.parametrize(
    "text", ["comedies? seriously? no", "a comedy for my niece", "comedies give me a migraine"]
)
def test_a_value_that_is_only_mentioned_is_no_demand_and_that_is_said(text):
    remarks = read(text)
    assert brief(remarks) == [("+", "Comedy")]
    assert any("taken as a wish for more; not sure" in note for note in remarks.notes)


@pytest.mark.parametrize("text", ["I want a comedy for my niece", "only comedies for my niece", "comedy"])
def test_a_demand_stays_one(text):
    setting, asked = judged("less")
    assert brief(remarked(text, setting)) == [("must", "Comedy")]
    assert asked == []


@pytest.mark.parametrize(
    ("direction", "meant"),
    [("more", [("+", "Comedy")]), ("less", [("-", "Comedy")]), ("known", [("-", "Comedy")]), ("neither", [])],
)
def test_the_words_around_decide_the_direction(direction, meant):
    setting, asked = judged(direction)
    assert brief(remarked("comedies? seriously? no", setting)) == meant
    assert asked == ["this kind? seriously? no"], "the value says nothing, and each phrase is read once"


def test_a_refusal_is_not_asked_about():
    setting, asked = judged("more")
    assert brief(remarked("no horror for my niece", setting))[0] == ("never", "Horror")
    assert asked == []


def test_example_phrases_are_encoded_once_and_learnt():
    calls = []

    def encode(texts):
        calls.append(len(texts))
        return apart(texts)

    polarity = Polarity(encode)
    assert polarity("this kind gives me a headache") == "less"
    assert polarity("I can't get enough of this kind") == "more"
    assert calls == [sum(map(len, told().values())), 1, 1]
    assert np.allclose(polarity.chances(["this kind"]).sum(axis=1), 1.0)


def test_each_phrase_speaks_of_a_kind_and_stands_once():
    phrases = [phrase for name in DIRECTIONS for phrase in told()[name]]
    assert all("this kind" in phrase for phrase in phrases)
    assert len(set(phrases)) == len(phrases)
