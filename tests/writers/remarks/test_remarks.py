"""What remarks about a small list are read as; the right reading is plain to anybody."""

import numpy as np
import pytest

from llm4rec.core import Catalog, Column, ColumnType, DataError, SettingsError, Vocabulary
from llm4rec.writers.asking import Lexicon, Range, Shelf, Values
from llm4rec.writers.remarks import Remarks, Setting, remarked

TITLES = ["Red Whale", "Quiet Murder", "Old Garden", "Lost Love", "Iron Bride", "Midnight"]
KINDS = [("Sea", "Drama"), ("Crime", "Thriller"), ("Nature",), ("Romance",), ("War", "Horror"), ("Comedy",)]
MINUTES = [100.0, 120.0, 140.0, 90.0, 80.0, np.nan]
AUTHORS = ["Ann Reed", "Bob Stone", "Ann Reed", "Cy Lark", "Bob Stone", "Dee Moss"]
SHOWN = (0, 1, 2)


def objects(values):
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return made


def setting(shown=SHOWN, about=()):
    columns = {
        "title": Column(ColumnType.TEXT, objects(TITLES)),
        "categories": Column(ColumnType.TAGS, objects(KINDS)),
        "runtime": Column(ColumnType.NUMBER, np.array(MINUTES)),
        "author": Column(ColumnType.CATEGORY, objects(AUTHORS)),
    }
    catalog = Catalog(Vocabulary([f"i{n}" for n in range(6)]), columns)
    lexicon = Lexicon.of(catalog)
    return Setting(lexicon, Shelf.of(catalog, lexicon), shown, about)


HERE = setting()


def read(text, shown=SHOWN, so_far=None, about=()):
    return remarked(text, HERE if shown == SHOWN and not about else setting(shown, about), so_far)


def brief(remarks):
    """The latest steps in short."""
    found = []
    for step in remarks.latest:
        if step.kind == "event":
            found.append((step.what, *step.items))
        elif step.kind == "wish":
            sign = "+" if step.more else "-"
            found.append((sign, *(step.items or [step.column or ",".join(sorted(v for _, v in step.pairs))])))
        elif isinstance(step.piece, Values):
            found.append(("must" if step.piece.wanted else "never", *sorted(v for _, v in step.piece.pairs)))
        else:
            found.append(("range", step.piece.column, step.piece.low, step.piece.high))
    return found


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("too long", [("range", "runtime", None, 120.0)]),
        ("too short", [("range", "runtime", 120.0, None)]),
        ("太长了", [("range", "runtime", None, 120.0)]),
        ("shorter than the second one", [("range", "runtime", None, 120.0)]),
        ("the first one is too long", [("range", "runtime", None, 100.0)]),
        ("like Old Garden but shorter", [("+", "i2"), ("range", "runtime", None, 140.0)]),
        ("at most 95 minutes", [("range", "runtime", None, 95.0)]),
        ("already have it", [("known", "i0")]),
        ("已经看过了", [("known", "i0")]),
        ("I have seen the second one", [("known", "i1")]),
        ("seen the first and the third", [("known", "i0", "i2")]),
        ("I've read all of these", [("known", "i0", "i1", "i2")]),
        ("I've read the second one and hated it", [("disliked", "i1")]),
        ("more like the second one", [("+", "i1")]),
        ("多来点像第二个的", [("+", "i1")]),
        ("nothing like number 3", [("-", "i2")]),
        ("I loved Iron Bride", [("liked", "i4")]),
        ("Quiet Murder was boring", [("disliked", "i1")]),
        ("the first is wonderful, but the third is dreadful", [("liked", "i0"), ("disliked", "i2")]),
        ("the second one looks good", [("+", "i1")]),
        ("我讨厌最后一个", [("disliked", "i2")]),
        ("5 stars for the first", [("liked", "i0")]),
        ("2/10 for the third", [("disliked", "i2")]),
        ("none of these", [("passed", "i0", "i1", "i2")]),
        ("换一批", [("passed", "i0", "i1", "i2")]),
        ("not another crime story", [("never", "Crime")]),
        ("I don't like horror", [("never", "Horror")]),
        ("I love comedies", [("+", "Comedy")]),
        ("more comedies, less crime", [("+", "Comedy"), ("-", "Crime")]),
        ("too much crime", [("-", "Crime")]),
        ("comedies bore me", [("-", "Comedy")]),
        ("剧情片太多了", [("-", "Drama")]),
        ("please stop showing me horror", [("never", "Horror")]),
        ("I have the first one already", [("known", "i0")]),
        ("I would give Midnight two stars", [("disliked", "i5")]),
        ("Midnight was boring", [("disliked", "i5")]),
        ("can it be something gloomy?", [("+", "Crime,Horror,Thriller,War")]),
        ("only comedies", [("must", "Comedy")]),
        ("不要恐怖片", [("never", "Horror")]),
        ("nothing violent please", [("-", "Crime,Horror,Thriller,War")]),
        ("不要暴力的", [("-", "Crime,Horror,Thriller,War")]),
        ("not funny enough", [("+", "Comedy")]),
        ("I don't like this author", [("never", "Ann Reed")]),
        ("nothing by the author of the second one", [("never", "Bob Stone")]),
        ("comedy isn't my thing", [("-", "Comedy")]),
        ("comedies do nothing for me", [("-", "Comedy")]),
        ("violence makes me cringe", [("-", "Crime,Horror,Thriller,War")]),
        ("ugh, another war film", [("-", "War")]),
        ("dont like horror", [("never", "Horror")]),
        ("she can't handle horror", [("never", "Horror")]),
        ("Seen 1 and 3", [("known", "i0", "i2")]),
        ("stop with the comedies", [("never", "Comedy")]),
        ("cut down on the drama", [("-", "Drama")]),
        ("why so many thrillers?", [("-", "Thriller")]),
        ("way to long", [("range", "runtime", None, 120.0)]),
        ("remove the second one please", [("passed", "i1")]),
        ("don't care for the author of the second one", [("never", "Bob Stone")]),
        ("couldn't finish Iron Bride", [("disliked", "i4")]),
        ("same vibe as number 2", [("+", "i1")]),
        ("nothing remotely like number 3", [("-", "i2")]),
        ("the 2nd one put me to sleep", [("disliked", "i1")]),
        ("Iron Bride is the best book I've ever read", [("liked", "i4")]),
        ("what is this crap, I asked for comedies", [("must", "Comedy")]),
        ("喜剧片我没兴趣", [("-", "Comedy")]),
        ("爱情片看腻了", [("-", "Romance")]),
        ("喜剧片看腻了", [("-", "Comedy")]),
        ("喜剧片就算了", [("-", "Comedy")]),
        ("血腥的不要", [("-", "Crime,Horror,Thriller,War")]),
        ("跟第三个差不多的有吗", [("+", "i2")]),
        ("第二本书的作者", [("must", "Bob Stone")]),
        ("horor films please", [("must", "Horror")]),
        ("no thrillrs", [("never", "Thriller")]),
        ("drop #3 please", [("passed", "i2")]),
        ("take the 2nd off", [("passed", "i1")]),
        ("numbers 1 and 3 bored me", [("disliked", "i0", "i2")]),
        ("2 is rubbish", [("disliked", "i1")]),
        ("the first and third are great, 2 is terrible", [("liked", "i0", "i2"), ("disliked", "i1")]),
        ("who wrote the second one? I'd like others from the same author", [("must", "Bob Stone")]),
        ("you never show me comedies", [("+", "Comedy")]),
        ("don't give me fewer comedies, give me more", [("+", "Comedy")]),
        ("it's not that I hate comedies, but there are too many here", [("-", "Comedy")]),
        ("Bob Stone is too gloomy for my taste", [("-", "Bob Stone"), ("-", "Crime,Horror,Thriller,War")]),
        ("I prefer comedies over crime", [("must", "Comedy"), ("never", "Crime")]),
        ("swap the crime for some comedy", [("never", "Crime"), ("must", "Comedy")]),
        ("not too long", [("-", "runtime")]),
        ("enough shooting already", [("-", "Crime,Horror,Thriller,War")]),
        ("these are so gloomy", [("-", "Crime,Horror,Thriller,War")]),
        ("I only have an hour and a half", [("range", "runtime", None, 90.0)]),
        ("start over with a fresh list", [("passed", "i0", "i1", "i2")]),
        ("swap number 2 for something else", [("passed", "i1")]),
        ("第一和第三部我都看过", [("known", "i0", "i2")]),
        ("第三部删掉吧", [("passed", "i2")]),
        ("跟第三个差不多的就别推了", [("-", "i2")]),
        ("片子越短越好", [("range", "runtime", None, 120.0)]),
        ("不想看太长的", [("-", "runtime")]),
        ("我对战争片没什么兴趣", [("-", "War")]),
    ],
)
def test_a_remark_is_read_as_meant(text, meant):
    assert brief(read(text)) == meant


def test_it_is_what_was_spoken_of_last():
    first = read("I loved the second one")
    again = remarked("already have it", setting(about=(1,)), first)
    assert brief(again) == [("known", "i1")]


def test_one_item_shown_is_what_is_meant_and_of_more_the_first_which_is_said():
    assert read("already have it", shown=(3,)).notes == ()
    assert "'Red Whale'" in read("already have it").notes[0]


def test_steps_gather_and_each_can_be_taken_back():
    remarks = read("too long", so_far=read("no horror"))
    assert [step.id for step in remarks.steps] == [1, 2]
    assert [step.kind for step in remarks.without(1).steps] == ["must"]
    assert isinstance(remarks.without(1).steps[0].piece, Range)
    third = read("more comedies", so_far=remarks.without(2))
    assert [step.id for step in third.steps] == [1, 3], "an id is never given twice"
    with pytest.raises(SettingsError, match="no step 9 to take back; there are: 1, 2"):
        remarks.without(9)


def test_a_later_remark_wins_over_what_it_contradicts():
    remarks = read("more horror", so_far=read("no horror"))
    assert brief(remarks) == [("+", "Horror")]
    assert len(remarks.steps) == 1
    assert "no Horror (categories) no longer counts" in remarks.notes[0]


def test_saying_it_twice_says_it_once():
    remarks = read("less crime", so_far=read("less crime"))
    assert [step.id for step in remarks.steps] == [2]


def test_words_take_back_too():
    two = read("no crime", so_far=read("no horror"))
    assert brief(read("never mind", so_far=two)) == []
    assert [step.id for step in read("never mind", so_far=two).steps] == [1]
    assert read("重新开始", so_far=two).steps == ()
    assert read("undo").notes == ("there is nothing to take back",)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "nothing was said"),
        ("\u202e\u200b\x00", "characters that cannot be seen"),
        ("z" * 100_000, "only the first 2,000"),
        ("xyzzy qwrtp", "no item here speaks of it"),
        ("cheaper", "nothing is known of the price"),
        ("I don't like this director", "nothing is known of it here"),
        ("the twelfth one is great", "only 3 were shown"),
        ("I loved Xanadu Nights", "nothing here is called 'Xanadu Nights'"),
        ("great, thanks", "thank you"),
        ("please", "could be read as a remark"),
    ],
)
def test_what_cannot_be_read_is_said_kindly_and_changes_nothing(text, told):
    remarks = read(text)
    assert remarks.steps == ()
    assert any(told in note for note in remarks.notes), remarks.notes


def test_without_a_list_that_is_said():
    assert "none was shown" in read("I loved the second one", shown=()).notes[0]


def test_json_there_and_back(tmp_path):
    remarks = read("I hated the first one, no crime, shorter")
    file = tmp_path / "remarks.json"
    file.write_text(remarks.model_dump_json())
    assert Remarks.read(file) == remarks


@pytest.mark.parametrize(
    "content", ["no", "[]", '{"steps": [{"kind": "event", "what": "liked", "items": [1]}]}']
)
def test_a_file_of_something_else_is_refused(tmp_path, content):
    file = tmp_path / "remarks.json"
    file.write_text(content)
    with pytest.raises(DataError, match=r"remarks\.json"):
        Remarks.read(file)


def test_the_account_numbers_its_steps_in_the_language_of_the_remark():
    assert str(read("no horror")) == "1. no Horror (categories)"
    assert str(read("不要恐怖片")) == "1. 不要Horror（categories）"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        # weariness
        ("kind of over romance", [("never", "Romance")]),
        ("I've had my fill of war", [("never", "War")]),
        # a kind said again and again is complained about, unless it is asked for
        ("drama drama drama", [("-", "Drama")]),
        ("war, war and more war", [("-", "War")]),
        # letters drawn out
        ("these are sooo looong", [("range", "runtime", None, 120.0)]),
        # what stands apart
        ("keep the horror away from me", [("never", "Horror")]),
        # questions that are no refusals
        ("don't you have any comedy?", [("must", "Comedy")]),
        ("have you no comedy?", [("must", "Comedy")]),
        # places of every form
        ("I hated the second to last", [("disliked", "i1")]),
        ("I've seen the one in second place", [("known", "i1")]),
        ("the third!! more of that!!", [("+", "i2")]),
        ("less like the first one", [("-", "i0")]),
        # what goes with what is taken away goes too
        ("the second is awful, get rid of it and anything like it", [("disliked", "i1"), ("-", "i1")]),
        # a word before a kind goes with it
        ("more actual drama", [("+", "Drama")]),
        ("too many gory horror films", [("-", "Crime,Horror,Thriller,War"), ("-", "Horror")]),
        # in Chinese a comma ends what is refused, and 少一点 stands behind
        ("爱情片看够了，来点喜剧", [("-", "Romance"), ("+", "Comedy")]),
        ("战争片少一点，想看喜剧", [("-", "War"), ("must", "Comedy")]),
        ("都好长啊", [("range", "runtime", None, 120.0)]),
        ("不想再看恐怖片", [("never", "Horror")]),
    ],
)
def test_ways_of_saying_that_stand_apart_or_are_doubled(text, meant):
    assert brief(read(text)) == meant


@pytest.mark.parametrize(
    "text", ["got anything for my 6 yr old?", "hi im 9", "she just turned 8", "有适合七岁看的吗"]
)
def test_the_age_of_a_child_asks_for_what_suits_children(text):
    wishes = [step for step in read(text).latest if step.kind == "wish" and step.more]
    assert any(("categories", "War") in step.against for step in wishes)


@pytest.mark.parametrize("text", ["I'm 45", "I have 9 of them", "in 8 years"])
def test_other_numbers_are_no_age_of_a_child(text):
    assert all(("categories", "War") not in getattr(step, "against", ()) for step in read(text).latest)


def test_more_drama_three_times_is_asked_for():
    assert brief(read("give me drama drama drama"))[0] != ("-", "Drama")
