"""What anyone may rely on from a live engine: what came back counts in the very next answer, and nothing is lost."""

import sqlite3

import pytest
import sqlalchemy as sa

from llm4rec.core import (
    DataError,
    Feedback,
    Impression,
    LooksUpPeople,
    SettingsError,
    Shown,
    StoreError,
    stream,
)
from llm4rec.engine.live.states import States
from llm4rec.store import StoreConfig, open_store


def click(user, item, **more):
    return {"user": user, "item": item, "kind": "click", **more}


def parity(item):
    return int(item.split("-")[1]) % 2


def test_feedback_of_a_thousand_users_counts_in_their_very_next_answer(board, lively):
    live = lively(board)
    taken = {f"new-{place}": f"item-{place % 20}" for place in range(1000)}
    live.recommend_many([{"user": user, "n": 1} for user in taken])
    live.feedback([click(user, item) for user, item in taken.items()])
    for user, item in taken.items():
        answer = live.recommend(user=user, n=3)
        assert all(parity(shown) == parity(item) for shown in answer.items)
        assert item not in answer.items


def test_a_known_user_has_what_the_engine_knows_and_what_is_newer(board, lively):
    live = lively(board)
    assert live.recommend(user="user-4", n=1).items == ("item-4",)
    live.feedback([click("user-4", "item-4")])
    after = live.recommend(user="user-4", n=20)
    assert {parity(item) for item in after.items} == {1}, "every even item is taken now"


def test_events_that_the_engine_was_fitted_on_are_not_counted_twice(board, lively):
    live = lively(board)
    events = board.fitted.dataset.history(4)
    rows = [
        click("user-4", f"item-{i}", time=float(t))
        for i, t in zip(events.items, events.timestamps, strict=True)
    ]
    live.feedback(rows)
    _, (one,) = live.asked([{"user": "user-4"}])
    assert len(one.request.history) == len(events)


def test_what_another_worker_acknowledged_counts_here(board, lively, tmp_path):
    here = lively(board, sync_seconds=0)
    assert here.recommend(user="ann", n=1).degraded
    with open_store(str(tmp_path / "shop.db")) as other:
        there = lively(board, over=other)
        there.feedback([click("ann", "item-3")])
        answer = here.recommend(user="ann", n=3)
        assert all(parity(item) == 1 for item in answer.items)
        there.feedback([click("ann", "item-5", kind="hide")])
    assert "item-5" not in here.recommend(user="ann", n=20, seen="include").items


def test_a_restart_answers_the_same(growing, lively):
    live = lively(growing)
    live.feedback([click("ann", "item-3"), click("bob", "item-2")])
    live.upsert_items([{"item": "new-1", "attributes": {"title": "odd number"}}])
    live.delete_items(["item-7"])
    live.upsert_users([{"user": "ann", "attributes": {"age": 9}}])
    again = lively(growing)
    for user in ("ann", "bob", "user-3"):
        before, after = live.recommend(user=user, n=10), again.recommend(user=user, n=10)
        assert before.items == after.items
        assert before.scores == pytest.approx(after.scores, abs=1e-5)


def test_a_batch_is_counted_once_under_its_key(board, lively, store):
    live = lively(board)
    first = live.feedback([click("ann", "item-3")], key="batch-1")
    second = live.feedback([click("ann", "item-3")], key="batch-1")
    assert (first.repeated, second.repeated) == (False, True)
    assert len(list(stream(store, Feedback))) == 1


def test_unknown_items_and_impressions_are_kept_and_named(board, lively, store):
    live = lively(board)
    shown = live.recommend(user="ann", n=2)
    told = live.feedback(
        [
            click("ann", shown.items[0], impression=shown.impression),
            click("ann", "gone", impression="never"),
        ]
    )
    assert told.unknown_items == ("gone",)
    assert told.unknown_impressions == ("never",)
    assert [row.item for row in stream(store, Feedback)] == [shown.items[0], "gone"]


@pytest.mark.parametrize(
    ("row", "culprit"),
    [
        ({"user": "ann", "item": "item-1"}, "kind"),
        ({"user": "ann", "item": "item-1", "kind": ""}, "kind"),
        ({"user": "", "item": "item-1", "kind": "click"}, "user"),
        ({"user": "ann", "item": "item-1", "kind": "click", "time": float("nan")}, "time"),
        ({"user": "ann", "item": "item-1", "kind": "click", "vlaue": 3}, "value"),
        ("click", "mapping"),
    ],
)
def test_a_row_that_is_none_keeps_nothing_and_is_named(board, lively, store, row, culprit):
    live = lively(board)
    with pytest.raises(DataError, match=f"row 2.*{culprit}"):
        live.feedback([click("ann", "item-1"), row])
    assert not list(stream(store, Feedback))


def test_every_answer_is_logged_as_it_went_out(board, lively, store):
    live = lively(board)
    answer = live.recommend(user="user-4", n=3, context={"device": "phone"}, experiment="colour", variant="b")
    store.append([Feedback("x", "y", "click", 1.0)])  # behind the impression, which is durable now
    (row,) = stream(store, Impression)
    assert (row.id, row.user, row.version) == (answer.impression, "user-4", live.version)
    assert [slot.item for slot in row.slots] == list(answer.items)
    assert [slot.score for slot in row.slots] == pytest.approx(list(answer.scores))
    assert (row.experiment, row.variant, row.policy) == ("colour", "b", "plain")
    assert row.context == {"device": "phone"}
    assert row.degraded == answer.degraded


def test_while_the_log_cannot_be_written_answers_say_so_and_nothing_is_lost(board, lively, store, tmp_path):
    live = lively(board)
    live.recommend(user="user-4")
    other = sqlite3.connect(tmp_path / "shop.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    store.append_soon([Feedback("x", "y", "click", 1.0)]).exception()
    live.recommend(user="user-4")
    store.append_soon([Feedback("x", "y", "click", 1.0)]).exception()
    marked = live.recommend(user="user-4")
    assert any(note.startswith("impression not logged") for note in marked.degraded)
    store.append_soon([Feedback("x", "y", "click", 1.0)]).exception()
    other.execute("ROLLBACK")
    other.close()
    live.work()
    assert not any("not logged" in note for note in live.recommend(user="user-4").degraded)
    store.append([Feedback("x", "y", "click", 1.0)])
    assert len({row.id for row in stream(store, Impression)}) == 4


def test_answers_are_refused_while_they_cannot_be_logged_where_that_is_set(board, lively, tmp_path):
    live = lively(board, impressions="wait", unlogged="refuse")
    live.recommend(user="user-4")
    other = sqlite3.connect(tmp_path / "shop.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError):
        live.recommend(user="user-4")
    other.execute("ROLLBACK")
    other.close()
    live.work()
    assert live.recommend(user="user-4").degraded == ()


def test_a_dead_store_is_said_and_what_the_engine_knows_is_shown(board, lively, tmp_path):
    dead = open_store(str(tmp_path / "other.db"), StoreConfig(busy_seconds=0.1))
    live = lively(board, over=dead)
    dead.close()
    answer = live.recommend(user="user-4", n=1)
    assert answer.items == ("item-4",)
    assert any("not logged" in note for note in answer.degraded)
    with pytest.raises(StoreError):
        live.feedback([click("user-4", "item-1")])


def test_a_new_item_is_shown_next_and_a_deleted_one_never(growing, lively):
    live = lively(growing)
    told = live.upsert_items([{"item": "new-1", "attributes": {"title": "odd number"}}])
    assert told.rows == 1
    assert told.notes == ()
    answer = live.recommend(user="user-3", n=20)
    assert "new-1" in answer.items
    assert answer.titles[answer.items.index("new-1")] == "odd number"
    live.delete_items(["new-1", "item-3"])
    assert not {"new-1", "item-3"} & set(live.recommend(user="user-3", n=20).items)
    live.upsert_items([{"item": "new-1", "attributes": {"title": "odd number, second edition"}}])
    answer = live.recommend(user="user-3", n=20)
    assert answer.titles[answer.items.index("new-1")] == "odd number, second edition"
    assert "item-3" not in answer.items


def test_known_items_get_their_new_words(board, lively):
    live = lively(board)
    live.upsert_items([{"item": "item-4", "attributes": {"title": "renamed"}}])
    answer = live.recommend(user="user-4", n=1)
    assert (answer.items, answer.titles) == (("item-4",), ("renamed",))
    assert board.recommend(user="user-4", n=1).titles == ("even number",), "the engine that was given stays"


def test_where_a_model_takes_no_new_items_they_wait_and_that_is_told(board, lively):
    live = lively(board)
    told = live.upsert_items([{"item": "new-1", "attributes": {"title": "odd number"}}])
    assert "wait for the next fit" in told.notes[0]


def test_price_availability_and_age_limit_the_answer(board, lively):
    live = lively(board)
    offers = {"item-4": {"price": 5.0}, "item-2": {"price": 50.0}, "item-6": {"price": 7, "available": "no"}}
    offers |= {"item-8": {"price": 6.0, "min_age": 18}}
    live.upsert_items([{"item": item, "attributes": told} for item, told in offers.items()])

    def shown(**limits):
        return set(live.recommend(history=["item-0"], n=20, **limits).items)

    assert shown(price=(None, 10)) == {"item-4"}
    assert shown(price=(None, 10), available=False) == {"item-4", "item-6"}
    assert shown(price=(4, 60), context={"age": 30}) == {"item-4", "item-2", "item-8"}
    assert "item-6" not in shown()
    live.upsert_users([{"user": "ann", "attributes": {"age": 40}}])
    assert "item-8" in live.recommend(user="ann", n=20).items
    with pytest.raises(SettingsError, match="price"):
        shown(price="cheap")


def test_hidden_and_disliked_items_stay_away_until_they_are_taken(board, lively):
    live = lively(board)
    live.feedback([click("user-4", "item-4", kind="hide")])
    assert "item-4" not in live.recommend(user="user-4", n=20, seen="include").items
    live.feedback([click("user-4", "item-4", time=1_700_000_100.0)])
    assert "item-4" in live.recommend(user="user-4", n=20, seen="include").items


def test_only_some_kinds_rule_an_item_out_where_that_is_set(board, lively):
    live = lively(board, seen=("purchase",))
    live.feedback([click("ann", "item-2"), click("ann", "item-6", kind="purchase")])
    shown = live.recommend(user="ann", n=20).items
    assert "item-2" in shown
    assert "item-6" not in shown


def test_an_item_is_not_shown_more_often_than_the_cap_unless_it_is_taken(board, lively, clock, store):
    live = lively(board, cap=2, cap_days=1.0)
    for _ in range(2):
        assert live.recommend(user="user-4", n=1).items == ("item-4",)
    assert live.recommend(user="user-4", n=1).items != ("item-4",)
    store.append([Feedback("x", "y", "click", 1.0)])  # behind the impressions, which are durable now
    again = lively(board, cap=2, cap_days=1.0)
    assert again.recommend(user="user-4", n=1).items != ("item-4",), "a restart has not forgotten it"
    clock.time += 2 * 86_400
    assert live.recommend(user="user-4", n=1).items == ("item-4",)


def test_what_was_taken_counts_anew_against_the_cap(board, lively, clock):
    live = lively(board, cap=1)
    live.recommend(user="user-4", n=1, seen="include", allowed=["item-4", "item-1"])
    assert live.recommend(user="user-4", n=1, seen="include", allowed=["item-4", "item-1"]).items == (
        "item-1",
    )
    clock.time += 1
    live.feedback([click("user-4", "item-4")])
    assert live.recommend(user="user-4", n=1, seen="include", allowed=["item-4", "item-1"]).items == (
        "item-4",
    )


def test_a_cap_gives_way_where_too_little_would_be_left_and_says_so(board, lively):
    live = lively(board, cap=1)
    first = live.recommend(user="user-4", n=11)
    second = live.recommend(user="user-4", n=11)
    assert set(first.items) == set(second.items)
    assert any(note.startswith("cap") for note in second.degraded)


def test_a_cool_down_lets_an_item_rest(board, lively, clock):
    live = lively(board, cooldown_minutes=10)
    live.recommend(user="user-4", n=1)
    assert live.recommend(user="user-4", n=1).items != ("item-4",)
    clock.time += 601
    assert live.recommend(user="user-4", n=1).items == ("item-4",)


def test_memory_of_users_is_bounded_and_loses_nothing(board, lively):
    live = lively(board, users=5)
    for place in range(30):
        live.feedback([click(f"u{place}", f"item-{place % 20}")])
        live.recommend(user=f"u{place}", n=1)
    assert len(live.states) == 5
    assert "item-0" not in live.recommend(user="u0", n=20).items


def test_people_who_ask_at_a_time_are_read_in_one_look_and_then_known(board, lively, store):
    live, looks = lively(board, cap=3), []
    live.feedback([click("u3", "item-3"), click("u4", "item-4")])
    live.upsert_users([{"user": "u4", "attributes": {"age": 31}}])
    live.upsert_edits([{"user": "u5", "edits": {"removed": ["war"]}}])
    sa.event.listen(store.database.reader, "begin", looks.append)
    names = {f"u{place}": f"u{place}" for place in range(9)}
    states = live.states.of(names)
    assert len(looks) == 1
    assert [len(states[user].events) for user in names] == [0, 0, 0, 1, 1, 0, 0, 0, 0]
    assert states["u4"].attributes == {"age": 31}
    assert states["u5"].edits.removed == ("war",)
    assert live.states.of(names) == states
    assert len(looks) == 1, "of whom nothing is kept, that is known as well"


def test_a_store_that_looks_nobody_up_at_once_tells_the_same(board, lively, store):
    class Plain:
        """The promises of every store, and no more."""

        read, recent, current = store.read, store.recent, store.current
        append, append_soon, clock, close = store.append, store.append_soon, store.clock, store.close

    live, plain = lively(board, cap=3), lively(board, over=Plain(), cap=3)
    assert not isinstance(plain.store, LooksUpPeople)
    live.feedback([click("ann", "item-3"), click("ann", "item-5", kind="hide")])
    live.upsert_users([{"user": "ann", "attributes": {"age": 31}}])
    store.append([Impression("m", "ann", 1.0, (Shown("item-1", 0.5),))])
    names = {"ann": "ann", "nobody": "nobody"}
    told, said = (States(one, "default", live.settings).of(names) for one in (store, plain.store))
    for user in names:
        for field in ("events", "shown", "attributes", "deleted", "edits"):
            assert getattr(told[user], field) == getattr(said[user], field)
    assert len(told["ann"].events) == 2


def test_tenants_share_an_engine_and_nothing_else(growing, lively):
    live = lively(growing)
    other = live.tenant("acme")
    live.feedback([click("ann", "item-3")])
    live.upsert_items([{"item": "ours", "attributes": {"title": "odd number"}}])
    live.delete_items(["item-9"])
    assert any("not known" in note for note in other.recommend(user="ann", n=1).degraded)
    assert any("not known" in note for note in other.recommend(user="user-4", n=1).degraded)
    shown = other.recommend(history=["item-3"], n=20).items
    assert "ours" not in shown
    assert "item-9" in shown
    assert live.tenant("acme") is other


def test_words_are_spoken_over_the_newest_events(board, lively):
    live = lively(board)
    live.feedback([click("ann", "item-3"), click("ann", "item-5")])
    assert len(live.explain(user="ann", items=["item-7"])) == 1
    assert live.similar(["item-3"], n=3).items[0] != "item-3"
    answer = live.ask("an odd number", user="ann", n=3).answer
    assert answer.impression
    assert {parity(item) for item in answer.items} == {1}


def test_words_list_nothing_that_is_gone_or_was_turned_down(board, lively):
    live = lively(board)
    shown = live.chat("hello, recommend me something", user="user-4").answer.items
    live.delete_items([shown[0]])
    live.feedback([click("user-4", shown[1], kind="hide")])
    again = live.chat("hello, recommend me something", user="user-4").answer.items
    assert again
    assert not set(shown[:2]) & set(again)
    assert not set(shown[:2]) & set(live.remark("not the first one", user="user-4").shown)
