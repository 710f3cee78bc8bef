"""What anyone may rely on of what they said of their own profile: it is kept, it steers, and it can be taken back."""

import json
import threading

import pytest

from llm4rec.core import DataError, EditsVersion, ProfileEdits, SettingsError, StoreBusyError, stream
from llm4rec.engine import Engine
from llm4rec.engine.live import open_live
from llm4rec.store import StoreConfig, open_store
from llm4rec.testing import checkerboard

ERASED = ProfileEdits(erased=True)
EVEN, ODD = "even number", "odd number"


@pytest.fixture
def live(growing, lively):
    """User-4 took all even numbers but one, and ann three odd ones; what they say of their profiles is kept."""
    live = lively(growing)
    live.feedback([{"user": "ann", "item": f"item-{n}", "kind": "click"} for n in (1, 3, 5)])
    return live


def titles(answer):
    return {title.partition(",")[0] for title in answer.titles}


def said(live, user="user-4", **edits):
    return live.upsert_edits([{"user": user, "edits": edits}])


def test_what_is_kept_steers_the_very_next_list_until_it_is_taken_back(live):
    before = live.recommend(user="ann", n=5)
    assert titles(before) == {ODD}
    assert said(live, "ann", removed=["odd"]).rows == 1
    assert live.edits("ann") == ProfileEdits(removed=("odd",))
    after = live.recommend(user="ann", n=5)
    own = live.recommend(user="ann", n=5, profile=ProfileEdits(removed=("odd",)))
    assert EVEN in titles(after)
    assert after.items == own.items
    assert live.delete_edits(["ann"]).rows == 1
    assert live.edits("ann").empty
    assert live.recommend(user="ann", n=5).items == before.items


def test_an_erased_profile_is_answered_as_a_strangers_is_everywhere_and_for_good(
    live, growing, lively, store
):
    said(live, erased=True)
    stranger = live.recommend(history=[], n=5, excluded=live.export("user-4") and _taken(live)).items
    for worker in (live, lively(growing), _reopened(growing, store)):
        assert worker.recommend(user="user-4", n=5).items == stranger
        assert worker.interests("user-4").topics == ()
        assert worker.chat("hello", user="user-4").dialogue.state.question is not None, (
            "asked as a newcomer is"
        )
        assert "nothing is known" in " ".join(worker.ask("number", "user-4").answer.degraded)
    live.delete_users(["user-4"])
    assert live.recommend(user="user-4", n=5).items == stranger, "deleted attributes bring no past back"


def _taken(live):
    return [event["item"] for event in live.export("user-4")["fitted"]]


def _reopened(engine, store):
    return open_live(engine, store)


def test_what_a_question_says_goes_before_what_is_kept(live):
    plain = live.recommend(user="user-4", n=5).items
    said(live, erased=True)
    assert live.recommend(user="user-4", n=5, profile=ProfileEdits()).items == plain
    assert live.interests("user-4", edits=ProfileEdits()).events == 9
    assert live.interests("user-4").events == 0
    history = ["item-0", "item-2"]
    assert titles(live.recommend(history=history, n=5)) == {EVEN}, "a bare history is nobody's"


def height(answer):
    """The score of the best odd number in a list."""
    return max(score for title, score in zip(answer.titles, answer.scores, strict=True) if title == ODD)


def test_all_that_is_said_to_a_person_knows_their_wishes(live):
    ways = {
        "ask": lambda **more: height(live.ask("number", "new", n=20, **more).answer),
        "chat": lambda **more: height(live.chat("number", user="new", **more).answer),
    }
    plain = {name: way() for name, way in ways.items()}
    for wish in (-1.0, 1.0):
        edits = {"keywords": {"odd": wish}}
        given = {name: way(profile=ProfileEdits(**edits)) for name, way in ways.items()}
        said(live, "new", **edits)
        assert {name: way() for name, way in ways.items()} == given, "as where a question says it"
        assert all(wish * (given[name] - plain[name]) > 0 for name in ways)
        profile = live.interests("new")
        likings = profile.keywords if wish > 0 else profile.disliked
        assert [entry.name for entry in likings if entry.edited] == ["odd"]
        live.delete_edits(["new"])
    (before,) = live.explain("ann", items=["item-7"])
    said(live, "ann", keywords={"odd": 1.0})
    (after,) = live.explain("ann", items=["item-7"])
    assert ("wishes" in before.text, "wishes" in after.text) == (False, True)


def test_other_workers_follow_and_agree_on_the_last_word(live, growing, lively, store, tmp_path):
    with open_store(str(tmp_path / "shop.db")) as over:
        other = lively(growing, over=over)
        plain = other.recommend(user="user-4", n=5).items
        said(live, erased=True)
        other.follow()
        assert other.recommend(user="user-4", n=5).items != plain
        other.upsert_edits([{"user": "user-4", "edits": {"removed": ["war"]}, "time": 5.0}])
        assert live.edits("user-4") == other.edits("user-4") == ProfileEdits(removed=("war",)), (
            "not the latest time"
        )
        live.follow()
        assert live.recommend(user="user-4", n=5).items == plain


def test_many_at_once_end_with_what_stands_last_in_the_store(live, store):
    live.recommend(user="user-4")
    each = [ProfileEdits(keywords={"odd": wish / 40}) for wish in range(1, 41)]

    def told(own):
        for edits in own:
            live.upsert_edits([{"user": "user-4", "edits": edits}])
            live.follow()

    threads = [threading.Thread(target=told, args=(each[n::4],)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert live.states.held("user-4").edits == [*stream(store, EditsVersion)][-1].edits
    assert len([*stream(store, EditsVersion)]) == 40


def test_a_batch_is_kept_once_under_its_key(live, clock, store):
    rows = [{"user": "user-4", "edits": {"erased": True}}, {"user": "user-5", "edits": {"removed": ["odd"]}}]
    first = live.upsert_edits(rows, key="k")
    clock.time += 60
    again = live.upsert_edits(rows, key="k")
    assert (first.rows, first.repeated, again.repeated) == (2, False, True)
    assert len([*stream(store, EditsVersion)]) == 2
    assert live.upsert_edits([]).rows == 0
    with pytest.raises(DataError, match="key"):
        live.delete_edits(["user-4"], key="k")


def test_a_person_gets_them_and_takes_them_along_when_erased(live, store):
    said(live, removed=["odd"])
    said(live, erased=True)
    live.recommend(user="user-4")
    told = json.loads(json.dumps(live.export("user-4")))["EditsVersion"]
    assert [row["edits"] for row in told] == [{"removed": ["odd"]}, {"erased": True}]
    proof = live.erase("user-4")
    assert (proof.store.before["edits"], proof.store.after["edits"], proof.memory["edits"]) == (2, 0, 1)
    assert [*stream(store, EditsVersion)] == []
    assert live.edits("user-4").empty
    assert live.export("user-4")["EditsVersion"] == []


def test_tenants_keep_their_own(live):
    said(live, erased=True)
    assert live.tenant("acme").edits("user-4").empty


def test_pseudonyms_at_rest_hide_whose_they_are_and_still_steer(growing, tmp_path, monkeypatch):
    monkeypatch.setenv("LLM4REC_TEST_PSEUDONYMS", "a key of enough letters")
    config = StoreConfig(pseudonym_key_env="LLM4REC_TEST_PSEUDONYMS")
    click = {"user": "margarethe", "item": "item-0", "kind": "click"}
    for turn in range(2):
        with open_store(str(tmp_path / "hidden.db"), config) as store:
            live = open_live(growing, store)
            if not turn:
                live.feedback([click])
                live.upsert_edits([{"user": "margarethe", "edits": {"keywords": {"odd": 1.0}}}])
            assert live.edits("margarethe") == ProfileEdits(keywords={"odd": 1.0})
            assert live.interests("margarethe").events == 1, "events too are found again"
    assert b"margarethe" not in b"".join(file.read_bytes() for file in tmp_path.glob("hidden.db*"))


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ({"user": "u"}, None),
        ({"user": "", "edits": {}}, "user"),
        ({"user": "u", "edits": 5}, "edits are int"),
        ({"user": "u", "edits": {"topcis": {}}}, "topcis"),
        ({"user": "u", "edits": {"topics": {"a": 2.0}}}, "topics"),
        ({"user": "u", "edits": {"topics": {"a": float("nan")}}}, "topics"),
        ({"user": "u", "edits": {"removed": ["x" * 100_000]}}, "removed"),
        ({"user": "u", "edits": {"removed": ["x"] * 1_000}}, "removed"),
        ({"user": "u", "edits": {"removed": ["a\0b"]}}, "edits"),
        ({"user": "u", "edits": {}, "deleted": True}, "deleted"),
    ],
)
def test_what_are_no_edits_is_refused_by_name(live, store, row, what):
    if what is None:
        assert live.upsert_edits([row]).rows == 1, "nothing said is nothing edited"
        return
    with pytest.raises((DataError, SettingsError), match=what):
        live.upsert_edits([row])
    assert [*stream(store, EditsVersion)] == []


def test_what_edited_lists_wait_for_is_made_before_they_are_asked_for(growing, lively):
    def prepared(engine):
        engine.preparer.step()
        return engine.serving.engine.fitted.made.names

    fresh = Engine(growing.settings, model="popular").fit(checkerboard())
    assert "profiler" not in prepared(lively(fresh))
    said(lively(fresh), erased=True)
    assert "profiler" in prepared(lively(fresh))
    assert "profiler" not in prepared(
        lively(Engine(fresh.settings, model="popular").fit(checkerboard()), prepare="nothing")
    )


def test_without_the_store_lists_go_on_and_say_what_they_could_not_look_up(live, store, monkeypatch):
    def away(*given, **more):
        raise StoreBusyError("locked")

    said(live, erased=True)
    live.states.drop("user-4")
    monkeypatch.setattr(store, "people", away)
    assert "edits could not be read: locked" in live.recommend(user="user-4").degraded[0]
    with pytest.raises(StoreBusyError):
        live.edits("user-4")


def test_topics_of_another_engine_count_by_their_words_and_that_is_said(live):
    said(live, topics={"odd / other": 1.0}, removed=["even / number / odd"])
    (note,) = [one for one in live.recommend(user="user-4").degraded if "topics" in one]
    assert "'odd / other', 'even / number / odd'" in note
