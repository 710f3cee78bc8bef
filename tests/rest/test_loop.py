"""Feedback over HTTP: kept once, counted in the next answer, still there after the service has gone; and the client."""

import pytest

from llm4rec.client import Client, ServiceError
from llm4rec.core import Impression, ProfileEdits, StoreBusyError, stream
from llm4rec.store import open_store

CLICKS = [{"user": "new", "item": f"item-{n}", "kind": "click"} for n in (1, 3)]


def test_feedback_counts_in_the_very_next_answer(running):
    service = running()
    with Client(service.url) as client:
        before = client.recommend(user="new", n=4)
        assert "not known" in before.degraded[0]
        told = client.feedback([{**one, "impression": before.impression} for one in CLICKS])
        assert (told["rows"], told["unknown_items"], told["unknown_impressions"]) == (2, [], [])
        after = client.recommend(user="new", n=4)
    assert set(after.titles) == {"odd number"}
    assert not set(after.items) & {"item-1", "item-3"}


def test_a_batch_under_one_key_is_kept_once(running):
    service = running()
    with service.client() as http:
        body = {"events": [{**one, "time": 5.0} for one in CLICKS]}
        first = http.post("/v1/feedback", json=body, headers={"Idempotency-Key": "b-1"}).json()
        again = http.post("/v1/feedback", json={**body, "key": "b-1"}).json()
        assert (first["repeated"], again["repeated"]) == (False, True)
        other = http.post("/v1/feedback", json={"events": body["events"][:1], "key": "b-1"})
        assert other.status_code == 422
        assert "another batch" in other.json()["error"]["what"]
        both = http.post("/v1/feedback", json={**body, "key": "b-1"}, headers={"Idempotency-Key": "b-2"})
        assert both.status_code == 422
    assert len(service.live.export("new")["Feedback"]) == 2


def test_what_tells_no_time_is_the_same_batch_whenever_it_comes_again(running):
    service = running()
    with Client(service.url) as client:
        for _ in range(2):
            told = [
                client.feedback(CLICKS, key="f"),
                client.upsert_items({"item-n": {"title": "odd number"}}, key="i"),
                client.upsert_users({"new": {"age": 31}}, key="u"),
                client.delete_items(["item-5"], key="d"),
            ]
        assert [one["repeated"] for one in told] == [True] * 4
        client.upsert_users({"new": {"age": 32}})
        client.upsert_users({"new": {"age": 31}}, key="u")
    (state,) = service.live.states.of({"new": "new"}).values()
    assert [str(one.item) for one in state.events] == ["item-1", "item-3"]
    assert state.attributes == {"age": 32}, "an old batch that comes again is no news"
    assert len(service.live.export("new")["Feedback"]) == 2


def test_what_a_person_said_of_their_profile_holds_in_every_worker_and_after_a_restart(running):
    service, beside = running(), running()
    edits = ProfileEdits(erased=True, keywords={"odd": 1.0})
    with Client(service.url) as client, Client(beside.url) as other:
        plain = other.recommend(user="user-4", n=5).items
        for _ in range(2):
            told = client.upsert_edits({"user-4": edits}, key="e")
        assert told["repeated"]
        assert client.edits("user-4") == other.edits("user-4") == edits
        steered = client.recommend(user="user-4", n=5).items
        assert steered == other.recommend(user="user-4", n=5).items != plain
    with Client(running().url) as later:
        assert later.edits("user-4") == edits
        assert later.recommend(user="user-4", n=5).items == steered
        later.delete_edits(["user-4"])
        assert later.edits("user-4").empty
        assert later.recommend(user="user-4", n=5).items == plain


def test_what_went_out_is_on_record_when_the_service_has_ended(running, tmp_path):
    service = running()
    with Client(service.url) as client:
        shown = [client.recommend(user="user-0", n=2).impression for _ in range(5)]
    service.server.should_exit = True
    while not service.app.state.house.pool._shutdown:
        pass
    with open_store(str(tmp_path / "shop.db")) as store:
        assert {one.id for one in stream(store, Impression)} >= set(shown)


def test_the_client_tries_again_and_keeps_once(running, monkeypatch):
    service, waits = running(), []
    real, left = service.live.store.append, [2]

    def flaky(rows, **more):
        if left[0]:
            left[0] -= 1
            raise StoreBusyError("locked")
        return real(rows, **more)

    monkeypatch.setattr(service.live.store, "append", flaky)
    with Client(service.url, sleep=waits.append) as client:
        assert client.feedback(CLICKS)["rows"] == 2
    assert waits == [1.0, 1.0]
    assert len(service.live.export("new")["Feedback"]) == 2


def test_the_client_tells_what_is_wrong(running):
    service = running(roles=("admin",))
    with Client(service.url) as client, pytest.raises(ServiceError, match="Bearer") as caught:
        client.recommend(user="a")
    assert (caught.value.status, caught.value.kind) == (401, "Unauthorized")
    with Client(service.url, service.keys["admin"]) as client:
        client.upsert_items({"item-n": {"title": "odd number"}})
        assert client.recommend(history=["item-1"], allowed=["item-n"]).items == ("item-n",)
        client.delete_items(["item-n"])
        client.upsert_users({"new": {"age": 5}})
        assert client.export("new")["UserVersion"]
        assert client.erase("new")["complete"]
        assert set(client.similar(["item-0"], 3).titles) == {"even number"}
        assert [len(one) for one in client.recommend_many([{"user": "a"}, {"user": "b", "n": 3}])] == [10, 3]
        assert client.get("models")["models"] == []
    waits = []
    nobody = Client("http://127.0.0.1:9", tries=3, sleep=waits.append)
    with nobody as client, pytest.raises(ServiceError, match="not reached"):
        client.recommend(user="a")
    assert waits == [0.1, 0.2]


def test_a_worker_sees_what_another_was_told(running):
    one, two = running(), running()
    with Client(one.url) as first, Client(two.url) as second:
        second.recommend(user="new")
        first.feedback(CLICKS)
        two.live.follow()
        assert set(second.recommend(user="new", n=4).titles) == {"odd number"}
