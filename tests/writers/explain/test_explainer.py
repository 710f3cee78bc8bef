"""What is said of an item whose every circumstance is known."""

import json

import pytest

from llm4rec.core import BrokenAnswerError, SettingsError
from llm4rec.testing import ScriptedGenerator
from llm4rec.writers.explain import Checker, rephrased
from llm4rec.writers.explain.facts import Facts

DRACULA, CARMILLA, TYPHOON, PERSUASION = 2, 3, 8, 1


def kinds(explanation):
    return [e.kind for e in explanation.evidence]


def test_history_attribute_and_own_words(explain):
    (why,) = explain([CARMILLA], gifts={(DRACULA, CARMILLA): 2.0, (0, 6): 1.0}, n=1)
    assert kinds(why) == ["history", "attribute", "own words", "without"]
    history, attribute, words, out = why.evidence
    assert (history.items, history.name, history.value, history.drop) == (("dracula",), "rating", "5", 2.0)
    assert (attribute.name, attribute.value, attribute.items) == ("subjects", "Vampires", ("dracula",))
    assert (attribute.count, attribute.total) == (1, 3)
    assert words.value == "The vampire is never seen in the castle by day"
    assert words.rows == (1,)
    assert (out.items, out.count) == (("dracula",), 1)
    assert why.text == (
        "Because you rated Dracula. It has the same subjects: Vampires. "
        "You wrote of Dracula: “The vampire is never seen in the castle by day”. "
        "Otherwise it would not be among the first 1."
    )


def test_somebody_else_is_quoted_where_the_asker_wrote_nothing(explain):
    (why,) = explain([CARMILLA], user=-1, history=[DRACULA], gifts={(DRACULA, CARMILLA): 2.0})
    (quote,) = why.of_kind("review")
    assert (quote.value, quote.rows) == ("The vampire is never seen in the castle by day", (3,))


def test_what_the_asker_wrote_is_not_somebody_elses(dataset):
    hints = frozenset(["vampire", "castle"])
    assert Facts(dataset).quote(CARMILLA, 0, hints).rows == (3,)
    assert Facts(dataset).quote(CARMILLA, 1, hints) is None


def test_blame_is_not_quoted_as_praise(dataset):
    facts = Facts(dataset)
    assert facts.quote(CARMILLA, 0, frozenset(["bore"])) is None
    assert Facts(dataset, feeling=lambda _: -1.0).quote(CARMILLA, 0, frozenset(["vampire", "castle"])) is None


def test_of_sentences_that_would_be_quoted_the_best_kind_one_is_and_no_other_is_asked_about(dataset):
    asked = []

    def feeling(sentence):
        asked.append(sentence)
        return -1.0 if "vampire" in sentence else 1.0

    facts, hints = Facts(dataset, feeling), frozenset(["vampire", "castle"])
    assert facts.quote(CARMILLA, 0, hints) is None
    assert facts.quote(CARMILLA, 0, hints) is None
    assert asked == [
        "The vampire is never seen in the castle by day"
    ]  # once, and none of what has nothing to say


def test_what_most_items_have_is_no_shared_attribute(explain):
    (why,) = explain([5], user=-1, history=[0, 1, 2], gifts={(0, 5): 1.0})
    assert why.of_kind("attribute") == ()


def test_an_item_that_nobody_took_is_called_new_and_compared_by_its_text(explain):
    (why,) = explain([TYPHOON], gifts={(DRACULA, TYPHOON): 1.0})
    assert kinds(why) == ["history", "new", "near"]
    near = why.evidence[2]
    assert (near.items, near.words) == (("walden",), ("lake",))
    assert 0.0 < near.share < 1.0
    assert why.text == (
        "Because you rated Dracula. It is new: nobody here has taken it yet. Its text is near that of Walden: lake."
    )


def test_a_new_item_whose_text_is_like_nothing_is_only_called_new(explain):
    (why,) = explain([TYPHOON], user=-1, history=[0])
    assert kinds(why) == ["new"]


def test_an_item_that_is_not_recommended_is_not_said_to_be(explain):
    gifts = {(DRACULA, CARMILLA): 2.0, (0, 6): 3.0}
    (why,) = explain([CARMILLA], gifts=gifts, n=1)
    assert why.text.startswith(
        "It stands at place 2, not among the first 1. What speaks for it: you rated Dracula. "
    )
    (why,) = explain([CARMILLA], gifts=gifts, n=1, language="zh")
    assert why.text.startswith("它排在第2名，不在前1名之内。对它有利的是：您评价过《Dracula》。")


def test_nothing_known_is_said_with_how_many_took_it(explain):
    (why,) = explain([0], user=-1, history=[])
    assert why.text == "Nothing is known of you yet. 1 of 3 people here have taken it."


def test_an_item_that_nothing_of_the_history_speaks_for_is_not_said_to_be_because_of_it(explain):
    (why,) = explain([6])
    assert why.of_kind("history", "without", "unknown") == ()
    assert why.text == "1 of 3 people here have taken it."


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_claim_passes_the_checker(explain, language):
    gifts = {
        (DRACULA, CARMILLA): 2.0,
        (0, PERSUASION): 1.0,
        (4, TYPHOON): 1.0,
        (0, TYPHOON): 0.9,
        (0, CARMILLA): 1.5,
    }
    for n in (1, 3):
        for why in explain([CARMILLA, PERSUASION, TYPHOON, 6], gifts=gifts, n=n, language=language):
            claims = Checker(why.title, why.evidence, language).claims(why.text)
            assert len(claims) >= len(why.evidence)
            assert [c.text for c in claims if not c.supported] == []


def test_chinese(explain):
    (why,) = explain([CARMILLA], gifts={(DRACULA, CARMILLA): 2.0, (0, 6): 1.0}, n=1, language="zh-CN")
    assert why.text.startswith("因为您评价过《Dracula》。subjects相同：Vampires。您这样评价《Dracula》：")
    assert why.text.endswith("否则它不会进入前1名。")


def test_a_language_that_is_not_there_is_refused_by_name(explain):
    with pytest.raises(SettingsError, match=r"no language 'xx'.*en, zh"):
        explain([0], language="xx")


def test_evidence_is_plain_json(explain):
    (why,) = explain([CARMILLA], gifts={(DRACULA, CARMILLA): 2.0}, n=1)
    told = json.loads(json.dumps(why.as_json(), allow_nan=False))
    assert told["item"] == "carmilla"
    assert told["evidence"][0] == {
        "kind": "history",
        "items": ["dracula"],
        "titles": ["Dracula"],
        "name": "rating",
        "value": "5",
        "share": 1.0,
        "drop": 2.0,
    }


@pytest.fixture
def plain(explain):
    return explain([CARMILLA, PERSUASION], gifts={(DRACULA, CARMILLA): 2.0, (0, PERSUASION): 1.0})


def test_a_rephrasing_without_new_claims_is_taken_and_one_with_is_not(plain):
    better = "Since you gave Dracula 5 stars, Carmilla is recommended: it has the same subjects, Vampires."
    invented = "Because you looked at Emma, Austen's finest book."
    found = rephrased(plain, ScriptedGenerator(script=[{"texts": [better, invented]}]))
    assert (found[0].text, found[0].rephrased, found[0].evidence) == (better, True, plain[0].evidence)
    assert (found[1].text, found[1].rephrased) == (plain[1].text, False)
    assert "no evidence for" in found[1].notes[0]


@pytest.mark.parametrize(
    "answer",
    [
        BrokenAnswerError("it broke"),
        {"texts": ["one only"]},
        {"texts": ["", ""]},
        {"texts": ["You rated Dracula. " * 99] * 2},
    ],
)
def test_the_plain_words_stand_where_the_model_fails(plain, answer):
    found = rephrased(plain, ScriptedGenerator(script=[answer]))
    assert [e.text for e in found] == [e.text for e in plain]
    assert all(e.notes and e.notes[0].startswith("not rephrased") for e in found)
