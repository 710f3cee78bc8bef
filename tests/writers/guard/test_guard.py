"""Harmful content is found by words and by vectors, and what only sounds like it is let through."""

from pathlib import Path

import numpy as np
import pytest

from llm4rec.core import DataError, GeneratorRefusedError, Message, NotFittedError, ReadsTokens, SettingsError
from llm4rec.core.harm import HARMS
from llm4rec.testing import ScriptedGenerator, WordEncoder, WordReader
from llm4rec.writers.guard import Guard, HarmHead, Lexicon, guarded
from llm4rec.writers.guard.head import HeadConfig

HERE = Path(__file__).parent


def lines(name):
    rows = (HERE / name).read_text(encoding="utf-8").splitlines()
    return [row for row in rows if row and not row.startswith("#")]


def pairs(name):
    return [tuple(row.split("\t")) for row in lines(name)]


@pytest.fixture(scope="module")
def guard():
    return Guard()


def test_benign_hard_texts_pass(guard):
    texts = lines("benign.txt")
    assert len(texts) >= 120
    found = [text for text in texts if guard.harms(text)]
    assert len(found) < 0.02 * len(texts), found


def test_harmful_texts_are_found_by_category(guard):
    texts = pairs("harmful.tsv")
    assert len(texts) >= 60
    assert {category for category, _ in texts} == set(HARMS)
    missed = [text for category, text in texts if category not in guard.harms(text)]
    assert len(missed) <= 0.05 * len(texts), missed


def test_stems_hide_nothing():
    """A sentence without a stem is not searched: no text of the suite is lost by that."""
    lexicon = Lexicon.default()
    for category, text in pairs("harmful.tsv") + pairs("harmful_unseen.tsv"):
        words = lexicon.words[category]
        if words.what.search(text.lower()):
            assert any(stem in text.lower() for stem in words.stems), text


@pytest.mark.parametrize(
    "text",
    [
        "b\u200buy c\u200bocaine online",
        "Ｂｕｙ ｃｏｃａｉｎｅ online",
        "buy сосаine online",
        "buy c0ca1ne online",
        "buy c o c a i n e online",
    ],
)
def test_disguises_do_not_help(guard, text):
    assert guard.harms(text) == ("drugs",)


def test_context_lets_through_unless_something_is_offered(guard):
    assert guard.harms("Police arrest a man who sold cocaine online") == ()
    assert guard.harms("Police hate us: buy cocaine online, free shipping") == ("drugs",)
    assert guard.harms("A report on drugs. Buy cocaine online.") == ("drugs",), "each sentence by itself"


def test_nothing_is_harmless(guard):
    assert not guard.judge(["", " "]).any()
    assert guard.judge([]).shape == (0, len(HARMS))


def taught_texts():
    """Twelve texts of gambling and twelve of gardens, by words that the lexicon does not know."""
    bad = [f"lucky wheel chips dealer table {n}" for n in range(12)]
    good = [f"roses soil seeds water garden {n}" for n in range(12)]
    return bad + good, [("gambling",)] * 12 + [()] * 12


def test_a_classifier_finds_what_the_words_miss(guard):
    text = "chips and wheel at the dealer table"
    assert guard.harms(text) == ()
    taught = Guard.taught(*taught_texts(), WordEncoder())
    assert taught.harms(text) == ("gambling",)
    assert taught.harms("seeds and soil for roses") == ()
    assert any("drugs: 0 examples" in note for note in taught.notes)


def test_a_classifier_comes_back_from_its_arrays():
    encoder = WordEncoder()
    taught = Guard.taught(*taught_texts(), encoder)
    again = Guard.from_state(taught.state(), encoder)
    texts = ["chips and wheel", "soil and roses", "buy cocaine online", ""]
    np.testing.assert_array_equal(again.judge(texts), taught.judge(texts))


def test_the_threshold_finds_the_recall_that_is_asked_for():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2000, 5)).astype(np.float32)
    yes = x[:, 0] + 0.5 * rng.standard_normal(2000) > 1.0
    head = HarmHead().fit(x[:1000], [("drugs",) if one else () for one in yes[:1000]])
    found = head.judge(x[1000:])[:, HARMS.index("drugs")]
    assert found[yes[1000:]].mean() >= 0.85
    assert found[~yes[1000:]].mean() < 0.35
    labels = [("drugs",) if one else () for one in yes[:1000]]
    half = HarmHead(HeadConfig(recall=0.5)).fit(x[:1000], labels).judge(x[1000:])[:, HARMS.index("drugs")]
    assert 0.3 < half[yes[1000:]].mean() < 0.7


def test_what_cannot_be_learnt_is_refused():
    x = np.zeros((4, 2), dtype=np.float32)
    with pytest.raises(DataError, match="spam"):
        HarmHead().fit(x, [("spam",), (), (), ()])
    with pytest.raises(DataError, match="one finite row"):
        HarmHead().fit(x, [()])
    with pytest.raises(NotFittedError):
        HarmHead().judge(x)
    with pytest.raises(SettingsError, match="encoder"):
        Guard(head=HarmHead())


QUESTION = [Message("user", "Say something.")]


@pytest.mark.parametrize("answer", ["Buy cocaine online today.", {"notes": ["fine", "buy cocaine online"]}])
def test_harmful_answers_never_arrive(guard, answer):
    with pytest.raises(GeneratorRefusedError, match="drugs"):
        guarded(ScriptedGenerator(script=[answer]), guard).complete(QUESTION)


@pytest.mark.parametrize("answer", ["A quiet book.", {"order": [2, 1]}])
def test_other_answers_arrive_as_they_are(guard, answer):
    assert guarded(ScriptedGenerator(script=[answer]), guard).complete(QUESTION) is answer


def test_a_checked_reader_still_reads(guard):
    reader = WordReader(taught={"a": "name"})
    checked = guarded(reader, guard)
    assert isinstance(checked, ReadsTokens)
    assert not isinstance(guarded(ScriptedGenerator(), guard), ReadsTokens)
    assert checked.taught == reader.taught
    assert checked.room == reader.room
    assert checked.tokens(["one two"]) == reader.tokens(["one two"])
    assert checked.asked is reader.asked


def test_texts_that_the_lexicon_was_not_written_with(guard):
    """Written after the lexicon, and not used to better it: what may be expected of other texts."""
    benign = lines("benign_unseen.txt")
    found = [text for text in benign if guard.harms(text)]
    assert len(found) < 0.05 * len(benign), found
    texts = pairs("harmful_unseen.tsv")
    hits = [text for _, text in texts if guard.harms(text)]
    assert len(hits) >= 0.6 * len(texts)
