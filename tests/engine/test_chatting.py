"""Conversations with an engine: what is done with each message, and what never happens."""

import numpy as np
import pytest

from llm4rec.core import DataError, SettingsError
from llm4rec.engine import Engine, Settings
from llm4rec.testing.generators import ScriptedGenerator
from llm4rec.writers.asking import Values
from llm4rec.writers.chat import Dialogue, Option, Question, State

from .test_wishes import dataset

HORROR = {"i1", "i5"}
SEA = Values(pairs=(("categories", "Sea"),))


@pytest.fixture
def talk(settings):
    """Make a conversation: talk(messages, user="ann") gives all replies."""

    def make(*messages, answers="", n=2, bits=0.1, dialogue=None, **more):
        own = {name: more.pop(name) for name in ("popularity", "fading", "known") if name in more}
        chat = settings.chat.model_copy(update={"n": n, "bits": bits, "answers": str(answers), **own})
        engine = Engine(settings.model_copy(update={"chat": chat}), model="ease", reg=1.0).fit(dataset())
        replies = []
        for message in messages:
            replies.append(engine.chat(message, dialogue, **more))
            dialogue = replies[-1].dialogue
        return replies

    return make


def test_a_newcomer_is_asked_first_and_the_answer_counts(talk):
    first, second = talk("hello", "1")
    assert first.act == "ask"
    assert first.question in first.text
    liked = first.dialogue.state.question.options[0].piece.items[0]
    assert second.act == "recommend"
    assert second.dialogue.state.liked == (liked,)
    assert liked not in second.answer.items
    assert len(second.answer) == 2


def test_somebody_known_is_shown_items_at_once(talk):
    (reply,) = talk("hello", user="ann")
    assert reply.act == "recommend"
    assert not {"i0", "i1"} & set(reply.answer.items)


def test_what_was_said_holds_for_all_later_turns(talk):
    for reply in talk("no horror", "a whale", "something else", "cheaper", "more", user="c")[1:]:
        assert not HORROR & set(reply.answer.items)


def test_cheaper_is_cheaper_than_what_was_shown(talk):
    first, second = talk("nature", "cheaper", user="ann", n=1)
    price = {"i0": 5.0, "i1": 15.0, "i2": 25.0, "i3": 35.0, "i4": 45.0}
    assert price[second.answer.items[0]] < price[first.answer.items[0]]


def test_the_newer_word_counts_where_nothing_is_both(talk):
    _, second = talk("sea", "crime", user="e")
    assert set(second.answer.items) <= {"i4", "i5"}
    assert "no longer: only Sea (categories)" in second.text
    assert len(second.dialogue.memory) == 1


def test_what_is_not_wanted_is_never_let_go(talk):
    (reply,) = talk("no sea, no nature, no crime")
    assert reply.act == "nothing"
    assert reply.answer.items == ()
    assert len(reply.dialogue.memory) == 3
    assert "Take one of them back" in reply.text


def test_questions_about_an_item_quote_its_data(talk):
    said = (
        "a whale",
        "how much is Red Whale?",
        "what is the price of Quiet Murder?",
        "how much is Purple Cow?",
    )
    _, known, empty, missing = talk(*said)
    assert known.act == "answer"
    assert known.text == "Red Whale: 5 (field “price”)."
    assert known.evidence[0]["item"] == "i0"
    assert empty.act == missing.act == "unknown"
    assert "do not know" in empty.text
    assert "Nothing here is called" in missing.text


def test_it_is_what_was_spoken_of(talk):
    replies = talk("a whale", "how much is Blue Whale?", "is it horror?", "is it about nature?", "why?")
    assert replies[2].text.startswith("Yes. Blue Whale: Sea, Horror")
    assert replies[3].text.startswith("Not according to its data. Blue Whale")
    assert replies[4].act == "explain"
    assert replies[4].evidence[0]["item"] == "i1"


def test_choosing_counts_as_liking(talk):
    first, second, third = talk("a whale", "I'll take the first one", "what do you remember?")
    assert second.act == "taken"
    assert second.dialogue.state.liked == first.answer.items[:1]
    assert first.answer.titles[0] in third.text


def test_undo_and_removing_by_id(talk):
    *_, second, undone = talk("no horror", "a whale", "undo")
    assert undone.act == "undo"
    assert [kept.words for kept in undone.dialogue.memory] == ["horror"]
    ids = [kept.id for kept in second.dialogue.memory]
    left = second.dialogue.without(ids[0])
    assert [kept.id for kept in left.memory] == ids[1:]
    assert left.undone().memory == second.dialogue.memory


def test_never_three_questions_in_a_row(talk):
    replies = talk(*["recommend something"] * 8, n=1, bits=0.0)
    asked = [bool(reply.question) for reply in replies]
    assert any(asked)
    assert not any(all(asked[at : at + 3]) for at in range(len(asked)))


def test_the_answer_to_a_question_is_kept(talk):
    """Of 15, 35 and 45 euros the last third is above 38.3: c does not know item 4, and it alone is dearer."""
    first, second = talk("recommend something", "> 38.3", user="c", n=1)
    assert "> 38.3" in first.question
    assert second.answer.items == ("i4",)
    assert second.dialogue.memory[0].piece.column == "price"
    open_, after = talk("recommend something", "it doesn't matter", user="c", n=1)
    assert after.dialogue.memory == ()
    assert after.dialogue.state.asked[0] == open_.dialogue.state.asked[0]


def test_what_was_passed_over_does_not_come_back_while_there_is_else(talk):
    replies = talk("recommend something", "none of these", "none of these", "none of these", user="ann")
    first, second, third, fourth = (set(reply.answer.items) for reply in replies)
    assert not first & second
    assert third
    assert third <= first | second or not third & first
    assert fourth


def test_chinese_is_answered_in_chinese(talk):
    replies = talk("你好", "不要恐怖", "换一批", "谢谢", user="c")
    assert replies[0].text.startswith("您好")
    for reply in replies[1:3]:
        assert not HORROR & set(reply.answer.items)
    assert replies[3].text.startswith("不客气")


def test_it_admits_not_to_know(talk):
    weather, unheard = talk("what is the capital of the moon?", "qqzxv", user="c")
    assert weather.act == "unknown"
    assert "do not know" in weather.text
    assert "qqzxv" in unheard.text
    assert unheard.dialogue.memory == ()


def test_prepared_answers_come_first_and_items_behind(talk, tmp_path):
    file = tmp_path / "answers.csv"
    file.write_text("question,answer\nHow can I return an item?,Within 30 days.\nDo you ship abroad?,Yes.\n")
    near, far = talk("how can I return an item", "how tall is the tower?", answers=file, user="c")
    assert near.act == "serve"
    assert "Within 30 days." in near.text
    assert len(near.answer) == 2
    assert near.evidence[0]["question"] == "How can I return an item?"
    assert far.act == "unknown"
    file.write_text("question,reply\na,b\n")
    with pytest.raises(DataError, match="no column 'answer'"):
        talk("how can I return an item?", answers=file)
    with pytest.raises(SettingsError, match="no such file"):
        talk("how can I return an item?", answers=tmp_path / "none.csv")


def test_a_prepared_answer_goes_before_a_question_about_no_item(talk, tmp_path):
    file = tmp_path / "answers.csv"
    file.write_text("question,answer\nHow long does delivery take?,Two days.\n")
    prepared, other = talk("how long does the delivery take?", "how long is the moon?", answers=file)
    assert prepared.act == "serve"
    assert "Two days." in prepared.text
    assert other.act == "unknown"


@pytest.mark.parametrize("broken", ["no JSON", {"values": 3}])
def test_a_language_model_that_lies_or_fails_changes_no_item(talk, broken):
    (plain,) = talk("a whale, no horror", user="c")
    (found,) = talk("a whale, no horror", user="c", generator=ScriptedGenerator(script=[broken] * 5))
    assert found.answer.items == plain.answer.items
    assert found.text == plain.text
    assert "language model" in found.degraded[0]


BAD = [
    "",
    "\x00\x1b[2J",
    "x" * 100_000,
    "ни 要 no",
    "horror but no horror",
    "???",
    "undo",
    "why",
    "1",
    "second",
    '"',
]


@pytest.mark.parametrize("text", BAD)
def test_bad_input_has_a_kind_answer_before_and_after_a_list(talk, text):
    for who in ({}, {"user": "ann"}, {"user": "nobody"}):
        first, _, again = talk(text, "a whale", text, **who)
        assert first.text
        assert again.text
        assert set(again.answer.items) <= {f"i{n}" for n in range(6)}


def test_a_conversation_travels_as_json(talk, settings):
    (reply,) = talk("no horror, a whale", user="c")
    engine = Engine(settings, model="ease", reg=1.0).fit(dataset())
    by_value = engine.chat("more", reply.dialogue, user="c")
    assert engine.chat("more", reply.dialogue.to_json(), user="c") == by_value
    assert engine.chat("more", reply.dialogue.model_dump(mode="json"), user="c") == by_value
    strange = reply.dialogue.to_json().replace('"i0"', '"gone"')
    assert "gone" not in engine.chat("why?", Dialogue.read(strange), user="c").answer.items
    with pytest.raises(SettingsError, match="dialogue is int"):
        engine.chat("more", 3)


def test_settings_and_languages_are_checked(talk):
    assert Settings().chat.questions == 2
    with pytest.raises(SettingsError, match="no language 'xx'"):
        talk("hello", language="xx")
    (reply,) = talk("hello", language="zh", user="c")
    assert reply.text.startswith("您好")


def test_what_the_data_does_not_tell_stays_and_is_said(talk):
    (reply,) = talk("under 40 euros", user="ann", n=6)
    assert set(reply.answer.items) == {"i2", "i3", "i5"}
    assert "(Of 1 of these the data does not tell that: price < 40.)" in reply.text


def test_what_is_known_to_fit_goes_before_what_may(talk):
    """Of five known prices four are below 40, so that knowing it is worth log 5/4."""
    told = [talk("under 40 euros", user="ann", n=6, known=weight)[0].answer for weight in (0.0, 10.0)]
    ways = [dict(zip(answer.items, answer.scores, strict=True)) for answer in told]
    ahead = [scores["i3"] - scores["i5"] for scores in ways]
    assert ahead[1] - ahead[0] == pytest.approx(10 * np.log(5 / 4), rel=1e-4)


@pytest.mark.parametrize("words", ["only under 40 euros", "it must be under 40 euros"])
def test_who_insists_is_shown_nothing_of_which_it_is_not_known(talk, words):
    (reply,) = talk(words, user="ann", n=6)
    assert set(reply.answer.items) == {"i2", "i3"}
    assert "does not tell" not in reply.text


def test_a_story_demands_nothing(talk):
    story, demand = (
        talk(words, user="ann")[0].dialogue.state for words in ("I used to read horror", "horror")
    )
    assert not story.reading.hard
    assert demand.reading.hard


def test_a_question_tells_nothing_of_taste(talk):
    told, asked = (
        talk("nature", words, user="ann", n=1)[1].dialogue.state
        for words in ("I liked it", "Did you like it")
    )
    assert told.events
    assert not asked.events


def test_a_value_that_was_not_offered_answers_too(talk):
    question = Question(column="categories", options=(Option(label="Sea", piece=SEA),))
    before = Dialogue(state=State(question=question, shown=("i2",)))
    (reply,) = talk("crime", dialogue=before)
    assert reply.dialogue.state.pieces == (Values(pairs=(("categories", "Crime"),), sure=True),)


def test_the_weight_of_popularity_orders_what_newcomers_are_shown(talk):
    """The words name i5, which two took; four others were taken by three."""
    words, many = (set(talk("quiet", popularity=weight)[0].answer.items) for weight in (0.0, 100.0))
    assert "i5" in words
    assert "i5" not in many


def test_the_last_word_counts_most_for_nearness_in_meaning(talk):
    ways = [talk("a garden", "a whale", user="ann", fading=f, n=6)[1].answer for f in (0.01, 1e6)]
    late, equal = (dict(zip(answer.items, answer.scores, strict=True)) for answer in ways)
    assert late["i2"] < equal["i2"]
