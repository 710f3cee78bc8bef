"""What a conversation keeps: ids that last, newer words that win, JSON without loss, steps that can be taken back."""

import pytest

from llm4rec.core import DataError, SettingsError
from llm4rec.writers.asking import Items, Lean, Range, Soft, Values
from llm4rec.writers.chat.dialogue import Dialogue, Remembered, State
from llm4rec.writers.chat.memory import MOST, remembering
from llm4rec.writers.remarks import Event, Wish

CRIME, WAR = (("genre", "Crime"),), (("genre", "War"),)
SINGLE = frozenset({"language"})


def kept(*pieces, state=None):
    """What is left of pieces said one after the other."""
    state, _ = remembering(state or State(), [(piece, "words") for piece in pieces], SINGLE)
    return state


def test_what_was_wanted_last_counts():
    assert kept(Values(pairs=CRIME, wanted=False), Values(pairs=CRIME)).kept == (Values(pairs=CRIME),)
    both = Values(pairs=(*CRIME, *WAR))
    assert kept(both, Values(pairs=WAR, wanted=False)).kept == (
        Values(pairs=CRIME),
        Values(pairs=WAR, wanted=False),
    )


def test_of_a_column_with_one_value_the_second_replaces_the_first():
    french, german = (Values(pairs=(("language", name),)) for name in ("French", "German"))
    assert kept(french, german).kept == (german,)
    assert len(kept(Values(pairs=CRIME), Values(pairs=WAR)).kept) == 2


@pytest.mark.parametrize(
    ("first", "second", "left"),
    [
        (Range(column="price", high=20), Range(column="price", high=10), 1),
        (Range(column="price", low=5), Range(column="price", high=10), 2),
        (Range(column="price", low=15), Range(column="price", high=10), 1),
        (Range(column="price", high=10), Range(column="pages", high=10), 2),
    ],
)
def test_a_range_gives_way_where_a_newer_one_says_the_same_side_or_leaves_nothing(first, second, left):
    found = kept(first, second).kept
    assert len(found) == left
    assert found[-1] == second


def test_an_item_has_one_role_and_a_leaning_one_direction():
    liked = Items(items=("a", "b"), titles=("A", "B"))
    assert kept(liked, Items(items=("b",), titles=("B",), role="disliked")).kept[0].items == ("a",)
    assert len(kept(Lean(column="price", more=True), Lean(column="price", more=False)).kept) == 1
    assert kept(Event(what="liked", items=("a",)), Event(what="disliked", items=("a",))).kept[0].what == (
        "disliked"
    )


def test_a_limit_ends_the_wish_that_says_otherwise():
    less = Wish(more=False, text="crime", pairs=CRIME)
    assert kept(less, Values(pairs=CRIME)).kept == (Values(pairs=CRIME),)


def test_ids_last_and_each_thing_can_be_removed():
    state = kept(Values(pairs=CRIME), Soft(text="sea"), Values(pairs=WAR))
    assert [one.id for one in state.memory] == [1, 2, 3]
    after = kept(Soft(text="rain"), state=state.without(2))
    assert [one.id for one in after.memory] == [1, 3, 4]
    with pytest.raises(SettingsError, match="nothing is remembered under 2"):
        after.without(2)


def test_memory_is_bounded_and_what_is_not_wanted_goes_last():
    barred = Values(pairs=WAR, wanted=False)
    state = kept(barred, *(Soft(text=f"wish {n}") for n in range(2 * MOST)))
    assert len(state.memory) == MOST
    assert state.kept[0] == barred
    assert state.kept[-1].text == f"wish {2 * MOST - 1}"


def test_json_and_back():
    state = kept(Values(pairs=CRIME), Event(what="known", items=(3,)), Wish(text="dark", more=False))
    dialogue = Dialogue().followed_by(state.with_changes(shown=("a", 2)))
    assert Dialogue.read(dialogue.to_json()) == dialogue
    assert str(dialogue).splitlines()[0] == "1. only Crime (genre)"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("{", DataError),
        ("[]", DataError),
        ('{"state": {"turn": -1}}', SettingsError),
        ('{"x": 1}', SettingsError),
    ],
)
def test_what_is_no_conversation_is_refused_by_name(text, error):
    with pytest.raises(error, match="the conversation"):
        Dialogue.read(text)


def test_undo_goes_back_before_the_last_thing_that_was_remembered():
    first = kept(Values(pairs=CRIME))
    second = kept(Values(pairs=WAR), state=first)
    dialogue = Dialogue().followed_by(first).followed_by(second).followed_by(second.with_changes(focus="a"))
    assert dialogue.undone().state == first
    assert Dialogue().undone() == Dialogue()


def test_what_was_said_is_kept_but_of_a_refusal_only_what_is_wanted():
    state = State(turn=1).hearing("something about whales")
    state = state.with_changes(turn=2).hearing("crime, but no horror")
    memory = (
        Remembered(id=1, piece=Values(pairs=(("kind", "Crime"),)), turn=2),
        Remembered(id=2, piece=Values(pairs=(("kind", "Horror"),), wanted=False), turn=2),
    )
    state = state.with_changes(memory=memory)
    assert state.spoken == ("something about whales", "Crime")
    assert state.without(1, 2).spoken == ("something about whales",)


def test_a_number_says_nothing_by_itself_and_long_messages_are_cut():
    assert State(turn=1).hearing("1").spoken == ()
    assert len(State(turn=1).hearing("x" * 5000).spoken[0]) == 300
