"""What the shape of a sentence says of all it names."""

import pytest

from .test_remarks import brief, read

AGAINST_WAR = [("-", "War")]


@pytest.mark.parametrize(
    "text",
    [
        "do I look like someone who'd watch war films",
        "since when do I watch war films?",
        "who still watches war films",
        "why would anyone want that many war films",
        "does everything have to be war?",
        "the wife vetoed war films",
        "if I see one more war film I'll shout",
        "war films, take them away please",
        "战争片谁敢看啊",
        "战争片，别给我推了",
        "怎么老是战争片",
    ],
)
def test_a_question_or_a_dismissal_of_such_a_shape_wants_less(text):
    assert brief(read(text)) == AGAINST_WAR


@pytest.mark.parametrize("text", ["why are there no war films?", "not a single war film on here?!"])
def test_what_the_list_lacks_is_missed(text):
    assert brief(read(text)) == [("+", "War")]


def test_doubled_marks_complain_of_what_the_list_has_and_of_nothing_else():
    assert brief(read("crime films??")) == [("-", "Crime")]
    assert brief(read("war films??")) != AGAINST_WAR
    assert brief(read("any crime films?")) != [("-", "Crime")]


@pytest.mark.parametrize("text", ["who has three hours for a film?", "片子都三个小时，谁坐得住啊"])
def test_a_length_that_is_complained_about_is_shorter_than_the_list(text):
    ranges = [step for step in brief(read(text)) if step[0] == "range"]
    assert ("range", "runtime", None, 120.0) in ranges
    assert all(low is None for _, _, low, _ in ranges)


@pytest.mark.parametrize("text", ["my train leaves in 95 minutes", "ninety five minutes, not a second more"])
def test_all_the_time_there_is_bounds_a_length(text):
    assert brief(read(text)) == [("range", "runtime", None, 95.0)]


def test_an_hour_and_some_in_chinese_is_less_than_the_next():
    assert brief(read("一个多小时能看完的")) == [("range", "runtime", None, 120.0)]


def test_things_joined_by_and_share_what_is_said_of_the_first():
    assert [step[0] for step in brief(read("too much crime and romance for my taste"))] == ["-", "-"]


def test_a_romantic_comedy_is_both():
    assert brief(read("romcoms please")) == [("+", "Comedy"), ("+", "Romance")]
    assert ("-", "Romance") in brief(read("fewer romcoms"))


@pytest.mark.parametrize(
    ("text", "item"),
    [("倒数第二个看过了", "i1"), ("third from the top: seen", "i2"), ("第1也看过", "i0")],
)
def test_places_are_counted_from_both_ends(text, item):
    assert brief(read(text)) == [("known", item)]


def test_the_same_is_true_of_a_further_place():
    assert brief(read("1 is on my shelf at home, 3 as well")) == [("known", "i0"), ("known", "i2")]


def test_an_item_that_was_named_before_is_sent_away():
    assert ("passed", "i1") in brief(read("the second one again. take it off the list"))


def test_demands_that_nothing_fulfils_together_are_wishes():
    assert brief(read("sea. comedy.")) == [("+", "Sea"), ("+", "Comedy")]


def test_what_somebody_else_has_got_is_no_item():
    assert brief(read("I've got work in the morning")) != [("known", "i0")]
    assert brief(read("I've got it")) == [("known", "i0")]
