"""Hand-written requests are read as intended, and no answer can break what was read."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm4rec.core.texts import cleaned
from llm4rec.writers.asking import Shelf, Soft, Understood, understood

from .reading import as_meant, cases, lexicon, notation, soft_pieces, table

CASES = cases()
READINGS = [understood(case.text, lexicon(case.table), 2026) for case in CASES]
ENOUGH = 0.9


def read(text, name="films"):
    return understood(text, lexicon(name), 2026)


def test_enough_requests_in_both_languages():
    chinese = sum(reading.language == "zh" for reading in READINGS)
    assert len(CASES) >= 150
    assert chinese >= 28


def test_nine_of_ten_are_read_as_intended():
    wrong = [case.text for case, reading in zip(CASES, READINGS, strict=True) if not as_meant(case, reading)]
    assert len(wrong) <= (1 - ENOUGH) * len(CASES), wrong


@pytest.mark.parametrize("name", ["books", "films"])
def test_no_item_that_is_allowed_breaks_a_constraint(name):
    """Held against the table itself, not against the index that the mask is made of."""
    shelf = Shelf.of(table(name), lexicon(name))
    for case, reading in zip(CASES, READINGS, strict=True):
        if case.table == name:
            opened, mask = shelf.opened(reading, 10)
            assert mask.any(), case.text
            broken = [(n, p) for n in np.flatnonzero(mask) for p in opened.hard if not holds(name, int(n), p)]
            assert not broken, (case.text, broken[:3])


def holds(name, number, piece):
    """Whether an item fulfils a piece, read from its row alone."""
    columns = table(name).columns
    if piece.kind == "values":
        has = [
            any(one(columns[c].values[number], v) for c, v in pairs) for pairs in (piece.pairs, *piece.both)
        ]
        return all(has) is piece.wanted
    value = columns[piece.column].values[number]
    if np.isnan(value):
        return False
    low = piece.low is None or value > piece.low or (value == piece.low and not piece.low_open)
    high = piece.high is None or value < piece.high or (value == piece.high and not piece.high_open)
    return (low and high) is not piece.unwanted


def one(value, wanted):
    return wanted in value if isinstance(value, tuple) else value == wanted


def test_every_piece_says_which_words_it_came_from():
    for case, reading in zip(CASES, READINGS, strict=True):
        assert reading.text == cleaned(case.text)[0]
        for piece in reading.pieces:
            assert 0 <= piece.start < piece.end <= len(reading.text)
            if isinstance(piece, Soft) and "Allan" not in piece.text:
                assert reading.words(piece) == piece.text


def test_a_reading_goes_to_json_and_back():
    for reading in READINGS:
        assert Understood.model_validate_json(reading.model_dump_json()) == reading


def test_a_piece_can_be_taken_away():
    reading = read("French comedies under 100 minutes")
    assert notation(reading.without(1)) == notation(reading) - {"+categories:Comedy"}
    assert reading.without() == reading


def test_the_account_names_every_piece_and_every_note():
    reading = read("comedies under 100 minutes, not by Tati, like Amelie, quiet, on 3 discs for 9 pesos")
    told = str(reading).splitlines()
    assert len(told) == len(reading.pieces) + len(reading.notes)
    assert told[:2] == ["only Comedy (categories)", "runtime < 100"]


def test_the_account_of_a_chinese_request_is_chinese():
    assert (
        str(read("法国喜剧，不要恐怖"))
        == "只要French（language）\n只要Comedy（categories）\n不要Horror（categories）"
    )


def test_a_misspelt_value_is_read_and_told():
    reading = read("a horor film")
    assert notation(reading) == {"+categories:Horror"}
    assert reading.notes == ("'horor' was read as Horror",)


def test_a_number_nothing_is_known_of_is_told_and_not_applied():
    reading = read("novels under 200 pages", "books")
    assert notation(reading) == {"+form:novel"}
    assert "nothing is known of the pages" in reading.notes[0]


def test_an_unknown_title_is_told_with_the_nearest():
    reading = read('like "Blade Rummer Reloaded"')
    assert any("Blade Rummer Reloaded" in note for note in reading.notes)
    assert notation(reading) == frozenset()
    assert soft_pieces(reading)[0].text == "Blade Rummer Reloaded"


def test_a_kind_that_no_item_is_marked_as_is_a_wish():
    reading = read("documentaries under 100 minutes")
    assert notation(reading) == {"runtime<100"}
    assert reading.wish() == "documentaries"


def test_an_unknown_author_is_told_and_searched_for():
    reading = read("a novel by Tolkien", "books")
    assert "nobody called 'Tolkien' is known here" in reading.notes[0]
    assert reading.wish() == "Tolkien"


def test_what_is_wanted_and_not_wanted_is_told():
    reading = read("horror but no horror")
    assert notation(reading) == {"-categories:Horror"}
    assert "both wanted and not wanted" in reading.notes[0]


def test_ranges_that_cannot_both_be_leave_the_last():
    reading = read("before 1950 and after 1990")
    assert notation(reading) == {"year>1990"}
    assert "'before 1950' was let go" in reading.notes[0]


@pytest.mark.parametrize(
    "text", ["before €", "under", "from the", "between 10 and", "like", "by", "an hour", '"']
)
def test_half_a_constraint_is_none(text):
    assert not any(piece.kind == "range" and piece.low == piece.high for piece in read(text).pieces)
    assert str(read(text))


@pytest.mark.parametrize("text", ["", "   ", "\x00\x07\u200b\u202e", "?!?", "...", "，。", "\ud800"])
def test_nothing_asked_for_is_said_kindly(text):
    reading = read(text)
    assert reading.pieces == ()
    assert any("nothing was asked for" in note or "没有用文字" in note for note in reading.notes)


def test_a_very_long_text_is_cut_and_told():
    reading = read("a dark story of the sea " * 5000)
    assert len(reading.text) <= 2000
    assert reading.notes[0].startswith("only the first 2,000 of 120,000 characters were read")


def test_a_long_description_is_a_wish_and_no_list_of_constraints():
    plot = (
        "In 1931 a German detective without a badge hunts a killer before the war. The city is afraid, the thieves lose "
        "money, and a blind man who sells balloons hears a tune that he has heard once already, on the day when the "
        "first girl disappeared from the park near the school."
    )
    reading = read(plot)
    assert notation(reading) == frozenset()
    assert reading.wish() == plot


def test_hidden_characters_change_no_reading():
    assert notation(read("no ho\u200brror\u202e, under 10 euros")) == {"-categories:Horror", "price<10"}


def test_wide_letters_are_read_as_plain_ones():
    assert notation(read("ｈｏｒｒｏｒ　ｂｅｆｏｒｅ　１９８０")) == {"+categories:Horror", "year<1980"}


def test_two_languages_in_one_request_are_both_read():
    reading = read("不要 horror，French 喜剧")
    assert notation(reading) == {"-categories:Horror", "+language:French", "+categories:Comedy"}


def test_a_year_is_counted_from_the_one_given():
    assert notation(read("from the last 30 years")) == {"year>=1996"}
    assert notation(understood("from the last 30 years", lexicon("films"))) == frozenset()


def test_the_same_text_is_always_read_alike():
    for case, reading in zip(CASES[:40], READINGS[:40], strict=True):
        assert understood(case.text, lexicon(case.table), 2026) == reading


WORDS = sorted({word for case in CASES for word in case.text.split()})


@settings(max_examples=120)
@given(st.one_of(st.text(max_size=120), st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join)))
def test_whatever_is_asked_is_read_and_told(text):
    reading = read(text)
    assert str(reading)
    assert Understood.model_validate_json(reading.model_dump_json()) == reading
    opened, mask = Shelf.of(table("films"), lexicon("films")).opened(reading, 5)
    assert mask.any()
    assert str(opened)
