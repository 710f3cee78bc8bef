"""What messages do before they are read for wishes, in English and Chinese."""

import pytest

from llm4rec.testing import shelf
from llm4rec.writers.asking.lexicon import Lexicon
from llm4rec.writers.chat.hearing import field_asked, heard, is_question, is_seeking, places, title_said


@pytest.mark.parametrize(
    ("text", "acts", "rest"),
    [
        ("hello", ("greet",), ""),
        ("Hi, something funny", ("greet",), "something funny"),
        ("hi there!", ("greet",), ""),
        ("none of these, no war", ("others",), "no war"),
        ("no war", (), "no war"),
        ("more like the second one", (), "more like the second one"),
        ("anything but horror", (), "anything but horror"),
        ("Thanks.", ("thanks",), ""),
        ("why the second one?", ("why",), "the second one?"),
        ("it doesn't matter", ("whatever",), ""),
        ("not that one", ("refuse",), ""),
        ("forget that, please", ("undo",), ""),
        ("你好，我想看喜剧", ("greet",), "我想看喜剧"),
        ("换一批", ("others",), ""),
        ("随便吧", ("whatever",), ""),
        ("不要恐怖", (), "不要恐怖"),
        ("", (), ""),
        ("?!", (), ""),
    ],
)
def test_acts_at_the_beginning(text, acts, rest):
    found = heard(text)
    assert (found.acts, found.text) == (acts, rest)


@pytest.mark.parametrize(
    ("text", "count", "found"),
    [
        ("the second one", 5, [1]),
        ("1 and 3", 5, [0, 2]),
        ("number 4 please", 5, [3]),
        ("the last one", 5, [4]),
        ("第二个", 5, [1]),
        ("number 9", 5, []),
        ("about the second world war", 5, []),
        ("films from 1995", 5, []),
    ],
)
def test_places_that_are_pointed_at(text, count, found):
    assert places(heard(text).words, count) == found


@pytest.mark.parametrize(
    ("text", "field", "rest"),
    [
        ("who directed Alien?", "director", "alien"),
        ("how long is the second one?", "duration", "is the second one"),
        ("What is The Moonstone about?", "description", "the moonstone"),
        ("how much does Red Whale cost", "price", "does red whale cost"),
        ("谁导演的这部", "director", "的 这 部"),
        ("多少钱", "price", ""),
    ],
)
def test_what_is_asked_of_an_item(text, field, rest):
    found, words = field_asked(heard(text))
    assert found.name == field
    assert [word for word in words if word != "?"] == rest.split()


def test_questions_and_searches_are_told_apart():
    assert is_question(heard("who wrote it?"))
    assert not is_seeking(heard("who wrote it?"))
    assert is_seeking(heard("can you recommend a novel?"))
    assert is_seeking(heard("which films are about war?"))
    assert not is_question(heard("no horror"))


@pytest.mark.parametrize(
    ("words", "shown", "found"),
    [
        ("stove", [0, 1], [1]),
        ("the stove", [0, 1], [1]),
        ("camping", [0, 1, 2], []),  # two titles: nobody knows which
        ("stove", [0], []),  # not in the list
        ("tent for camping", [0, 1, 2], [0]),
    ],
)
def test_a_part_of_one_title_of_the_list_names_it(words, shown, found):
    lexicon = Lexicon.of(shelf("Tent for camping", "Gas stove", "Camping lantern").catalog)
    assert title_said(words.split(), lexicon, shown)[0] == found
