"""Profiles over a catalog with two plain subjects, of people whose every event is known."""

import json

import numpy as np
import pytest

from llm4rec.core import (
    Catalog,
    Column,
    ColumnType,
    DataError,
    History,
    ProfileEdits,
    SettingsError,
    Vocabulary,
    unit_rows,
)
from llm4rec.models.kmeans import kmeans
from llm4rec.writers.interests import Behaviour, Profiler, Stars
from llm4rec.writers.interests.events import event_weights
from llm4rec.writers.interests.keywords import diverse
from llm4rec.writers.terms import Terms

SEA = ["A whale and a ship.", "The ship in a storm.", "A storm, a whale, a harbour.", "Harbour and ship."]
WAR = [
    "A soldier in battle.",
    "The battle of the general.",
    "A general and a soldier.",
    "Battle and soldier.",
]
KINDS = ("click", "rating", "dislike", "comment")
CLICK, RATING, DISLIKE, COMMENT = range(4)


@pytest.fixture(scope="module")
def profiler():
    texts, kinds = np.array([*SEA, *WAR], dtype=object), np.empty(8, dtype=object)
    kinds[:] = [("Sea",)] * 4 + [("War",)] * 4
    catalog = Catalog(
        Vocabulary([f"book-{n}" for n in range(8)]),
        {"description": Column(ColumnType.TEXT, texts), "subjects": Column(ColumnType.TAGS, kinds)},
    )
    return Profiler(catalog, None, kmeans, stars=Stars(1, 5))


def events(*rows):
    """(item, kind, value) of one person, oldest first."""
    items, kinds, values = zip(*rows, strict=True)
    return History(
        np.array(items),
        np.array(kinds),
        np.array(values, dtype=np.float32),
        np.arange(len(items), dtype=float),
        KINDS,
    )


def profile(profiler, *rows, texts=None, **given):
    written = None if texts is None else np.array(texts, dtype=object)
    return profiler.profile(Behaviour(events(*rows), written, np.arange(100, 100 + len(rows))), **given)


def test_topics_are_the_two_subjects_and_are_named_after_them(profiler):
    assert len(set(profiler.topics.of[:4].tolist())) == len(set(profiler.topics.of[4:].tolist())) == 1
    sea, war = (profiler.topics.labels[profiler.topics.of[i]] for i in (0, 4))
    assert sea.startswith("Sea: ")
    assert "ship" in sea
    assert war.startswith("War: ")
    assert "battle" in war


def test_weights_are_recency_times_kind_times_leaning():
    history = events((0, RATING, 5), (1, RATING, 1), (2, CLICK, np.nan), (3, DISLIKE, np.nan), (4, CLICK, 0))
    weights = event_weights(history, Stars(1, 5))
    ages = np.exp2(-np.array([4, 3, 2, 1, 0]) / 30)
    assert weights == pytest.approx(ages * np.array([1.0, -1.0, 0.4, -0.5, 0.0]))


def test_a_text_leans_as_it_feels_and_stars_go_before_it():
    history = events((0, COMMENT, np.nan), (1, RATING, 5))
    texts = np.array(["dreadful", "dreadful"], dtype=object)
    weights = event_weights(history, Stars(1, 5), texts, lambda text: -1.0 if text == "dreadful" else 1.0)
    assert np.sign(weights).tolist() == [-1.0, 1.0]


def test_what_is_liked_and_what_is_not(profiler):
    found = profile(
        profiler, (0, RATING, 5), (1, RATING, 5), (4, RATING, 1), (5, DISLIKE, np.nan), (2, CLICK, np.nan)
    )
    assert [t.name.split(":")[0] for t in found.topics] == ["Sea"]
    assert found.keywords[0].name in ("ship", "whale", "storm")
    assert all(k.name not in ("battle", "soldier", "general") for k in found.keywords)
    assert found.disliked[0].weight < 0
    assert {d.kind for d in found.disliked} == {"topic", "keyword"}
    assert found.disliked[0].proof[0].title == "book-4"
    assert found.text.startswith("Likes Sea: ")
    assert "Dislikes" in found.text


def test_every_entry_is_proved_by_events_about_it(profiler):
    found = profile(profiler, (0, RATING, 5), (1, RATING, 4), (3, CLICK, np.nan), (6, CLICK, np.nan))
    for entry in (*found.topics, *found.keywords):
        about = profiler.about(entry.name)
        assert entry.proof
        for proof in entry.proof:
            assert about[int(proof.item.removeprefix("book-"))]
            assert found.events > proof.row - 100 >= 0
    assert [p.weight for p in found.topics[0].proof] == sorted(
        (p.weight for p in found.topics[0].proof), reverse=True
    )


def test_more_events_make_surer_and_contradicting_ones_less_so(profiler):
    one = profile(profiler, (0, RATING, 5))
    many = profile(profiler, *[(i, RATING, 5) for i in (0, 1, 2, 3)])
    torn = profile(profiler, (0, RATING, 5), (1, RATING, 5), (2, RATING, 1), (3, RATING, 5))
    assert one.sure < many.sure < 1.0
    assert torn.topics[0].sure < many.topics[0].sure
    assert "Not sure yet" in one.text


def test_own_words_become_keywords(profiler):
    rows = ((0, RATING, 5), (1, RATING, 5))
    plain = profile(profiler, *rows)
    written = profile(profiler, *rows, texts=["Give me a general any day", "the general again"])
    assert "general" not in [k.name for k in plain.keywords]
    general = next(k for k in written.keywords if k.name == "general")
    assert [p.item for p in general.proof] == ["book-1", "book-0"]


def test_the_vector_is_the_weighted_sum_of_the_items(profiler):
    found = profile(profiler, (0, RATING, 5), (4, RATING, 1))
    summed = np.exp2(-1 / 30) * profiler.vectors[0] - profiler.vectors[4]
    assert found.vector == pytest.approx(unit_rows(summed[None, :])[0], abs=1e-5)


def test_nothing_known(profiler):
    empty = profiler.profile(Behaviour(History.of([])))
    assert (empty.topics, empty.keywords, empty.sure, empty.text) == ((), (), 0.0, "Nothing is known.")


def test_keywords_are_telling_and_not_twice_the_same():
    terms = Terms(["whale whales sea", "whale whales sea", "war", "sea"], frozenset())
    tried = np.array([terms.places[w] for w in ("whale", "whales", "sea")])
    chosen = diverse(terms, tried, np.array([1.0, 0.9, 0.5], np.float32), 3)
    assert [terms.names[tried[i]] for i in chosen] == ["whale", "sea"]


def test_relevance_by_vectors_decides_between_words_that_tell_alike():
    terms = Terms(["whale war", "whale war"], frozenset())
    tried = np.array([terms.places["war"], terms.places["whale"]])
    read = np.array([[1.0, 0.0], [0.0, 1.0]], np.float32)
    chosen = diverse(terms, tried, np.ones(2, np.float32), 1, (read, np.array([0.1, 1.0], np.float32)))
    assert [terms.names[tried[i]] for i in chosen] == ["whale"]


def test_edits_are_shown_first_and_removed_ones_leave_no_trace(profiler):
    rows = [(0, RATING, 5), (1, RATING, 5), (4, RATING, 5)]
    war = next(label for label in profiler.topics.labels if label.startswith("War"))
    edits = ProfileEdits(keywords={"harbour": 0.5, "storm": -1.0}, removed=(war,))
    found = profile(profiler, *rows, edits=edits)
    assert (found.keywords[0].name, found.keywords[0].edited) == ("harbour", True)
    assert found.disliked[0].name == "storm"
    assert [t.name for t in found.topics if t.name == war] == []
    assert all(k.name not in ("battle", "soldier") for k in found.keywords)
    assert found.events == 2


def test_an_erased_profile_is_empty(profiler):
    found = profile(profiler, (0, RATING, 5), edits=ProfileEdits(erased=True))
    assert (found.topics, found.keywords, found.disliked, found.sure) == ((), (), (), 0.0)
    assert not found.vector.any()


def test_wishes_tilt_what_is_about_them_and_stay_within_bounds(profiler):
    war = next(label for label in profiler.topics.labels if label.startswith("War"))
    tilt = profiler.tilt(ProfileEdits(keywords={"whale": 1.0, "ship": 0.8}, topics={war: -0.4}), 0.5)
    assert tilt == pytest.approx([0.5, 0.4, 0.5, 0.4, -0.2, -0.2, -0.2, -0.2])


def test_a_wish_for_what_no_text_speaks_of_moves_nothing(profiler):
    assert not profiler.tilt(ProfileEdits(keywords={"spaceship": 1.0, "": 1.0}), 0.5).any()


def test_chinese(profiler):
    assert profile(profiler, (0, RATING, 5), code="zh").text.startswith("喜欢Sea: ")


def test_as_json(profiler):
    told = json.loads(json.dumps(profile(profiler, (0, RATING, 5)).as_json(), allow_nan=False))
    assert told["topics"][0]["proof"][0] == {
        "item": "book-0",
        "title": "book-0",
        "kind": "rating",
        "weight": 1.0,
        "row": 100,
    }


@pytest.mark.parametrize(
    ("content", "kind", "message"),
    [
        ("{", DataError, "is not JSON"),
        ("[1]", DataError, "holds list"),
        ('{"keyword": {}}', SettingsError, "did you mean 'keywords'"),
        ('{"topics": {"a": 3}}', SettingsError, "less than or equal to 1"),
    ],
)
def test_edits_that_cannot_be_read_are_refused(tmp_path, content, kind, message):
    file = tmp_path / "edits.json"
    file.write_text(content)
    with pytest.raises(kind, match=message):
        ProfileEdits.read(file)
