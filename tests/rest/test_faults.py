"""What goes wrong around a running service: errors are typed and brief, it recovers by itself, and counts come out even.

Small forms of `python -m benchmarks.faults`, and what a benchmark cannot ask: full disks, locks, broken engines, dead models.
"""

import json
import os
import signal
import sqlite3
import time

import pytest
from benchmarks.live.killing import even, round_of
from benchmarks.live.promoting import promoted
from benchmarks.live.server import SERVE, Server
from benchmarks.live.shops import two

from llm4rec.client import Client, ServiceError
from llm4rec.core import Feedback, Impression, stream
from llm4rec.engine import Engine, Settings
from llm4rec.engine.live import open_live
from llm4rec.store import StoreConfig, open_store
from writers.serving import Reply, said, wait_until
from writers.serving import Server as Model

from .conftest import PLAIN, Running

BRIEF = 400  # characters of an error, at most
LEFT_ALONE = 1.0  # seconds after which a dead language model is asked again


def events(user, *items):
    return [{"user": user, "item": item, "kind": "click"} for item in items]


def refused(client, kind, status=503, **fields):
    """The error of a question: of a kind and a status, brief, with a remedy, and no word of where it broke inside."""
    with pytest.raises(ServiceError) as caught:
        client.post(fields.pop("route", "feedback"), **fields)
    error = caught.value
    assert (error.kind, error.status) == (kind, status), error
    assert error.remedy
    assert len(str(error)) < BRIEF
    assert "Traceback" not in str(error)
    return error


def ready(service):
    with service.client() as http:
        return http.get("/ready").json()


def impatient(service):
    """A client that tells the first error."""
    return Client(service.url, tries=1)


def test_nothing_acknowledged_is_lost_when_the_server_is_killed(board, tmp_path):
    board.save(tmp_path / "engine")
    store = str(tmp_path / "shop.db")
    with Server([*SERVE, "engine", "--store", store, "--port", "{port}"], tmp_path) as killed:
        told = round_of(killed, store, "round", posts=300, at=120)
    assert told["acknowledged_before_the_kill"] >= 120
    assert told["rows"] == 300
    assert even(told), told


def test_a_locked_database_is_busy_lists_go_on_and_it_recovers(running, tmp_path):
    service = running()
    with impatient(service) as client:
        client.feedback(events("ann", "item-0"))
        other = sqlite3.connect(tmp_path / "shop.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        refused(client, "StoreBusyError", events=events("ann", "item-2"), key="b")
        assert client.recommend(user="ann", n=3).items
        wait_until(lambda: ready(service)["status"] == "degraded")
        assert "impression not logged" in client.recommend(user="ann", n=3).degraded[-1]
        other.execute("ROLLBACK")
        other.close()
        assert not client.feedback(events("ann", "item-2"), key="b")["repeated"]
        wait_until(lambda: ready(service)["status"] == "ready")
        assert client.recommend(user="ann", n=3).degraded == ()
        shown = service.live.log
        wait_until(lambda: shown.figures.logged == 3)
        assert (len(shown), shown.figures.dropped) == (0, 0)
    assert [row.item for row in stream(service.live.store, Feedback)] == ["item-0", "item-2"]


def test_a_full_disk_is_told_lists_go_on_and_it_recovers(running):
    service = running()

    def most(pages):
        with service.live.store.database.writer.connect() as connection:
            connection.connection.cursor().execute(f"PRAGMA max_page_count={pages}")

    many = [event for n in range(900) for event in events(f"u{n}", "item-0")]
    with impatient(service) as client:
        client.feedback(events("ann", "item-0"))
        most(1)  # SQLite takes that for the pages there are
        error = refused(client, "StoreFullError", events=many, key="many")
        assert "room" in str(error)
        assert client.recommend(user="ann", n=3).items
        most(1_000_000)
        assert not client.feedback(many, key="many")["repeated"]
        wait_until(lambda: ready(service)["status"] == "ready")
    assert len([*stream(service.live.store, Feedback)]) == 901


def test_a_broken_new_engine_is_refused_and_the_old_one_goes_on(running, board, tmp_path):
    board.save(tmp_path / "one")
    newer = board.over(board.fitted)
    newer.add_items([{"item_id": "item-x", "title": "odd number"}])
    newer.save(tmp_path / "two")
    service = running(str(tmp_path / "one"))
    first, second = service.live.version, service.live.register(tmp_path / "two").version
    largest = max((tmp_path / "two").iterdir(), key=lambda file: file.stat().st_size)
    whole = largest.read_bytes()
    largest.write_bytes(whole[: len(whole) // 2])
    with impatient(service) as client:
        error = refused(client, "FolderError", 409, route="models/promote", version=second)
        assert "register" in error.remedy or "fit" in error.remedy
        assert client.recommend(user="user-0").version == first
        states = {row["version"]: row["state"] for row in client.get("models")["models"]}
        assert states == {first: "serving", second: "refused"}
        # Somebody else promotes it past this worker: it is refused there as well, and said.
        service.live.registry.promote(second)
        wait_until(lambda: ready(service)["trouble"] == ["engine"])
        assert client.recommend(user="user-0").version == first
        largest.write_bytes(whole)
        service.live.register(tmp_path / "two", {"mended": 1.0})
        assert client.post("models/promote", version=second)["version"] == second
        assert client.recommend(user="user-0").version == second
        wait_until(lambda: ready(service)["status"] == "ready")


@pytest.fixture
def helped(running, tmp_path, board):
    """A service whose engine asks a language model that is there, and `model`, which may fail."""
    board.save(tmp_path / "engine")
    empty = {"values": [], "ranges": [], "titles": [], "unwanted": []}
    with Model([said(json.dumps(empty))]) as model:
        options = {
            "base_url": model.url,
            "model": "tiny",
            "attempts": 1,
            "timeout": 0.5,
            "breaker_failures": 2,
        }
        named = {"name": "openai", "options": {**options, "breaker_seconds": LEFT_ALONE}}
        service = running(Engine.load(tmp_path / "engine", Settings(**PLAIN, generator=named)))
        yield service, model
        for one in service.live.serving.engine._generators.values():
            one.close()  # the model ends when nobody is connected any more


def test_a_dead_language_model_is_said_not_waited_for_and_asked_again_later(helped):
    service, model = helped
    wish = {"text": "something to warm my heart", "history": ["item-0"], "n": 3}
    with impatient(service) as client:
        assert client.ask(**wish).degraded == ()
        assert len(model.asked) == 1
        alive, model.replies = model.replies, [Reply(b"", status=503)]
        begun = time.monotonic()
        told = [client.ask(**wish) for _ in range(8)]
        again = int((time.monotonic() - begun) / LEFT_ALONE)  # on a slow machine its time may have come
        assert all(len(one) == 3 for one in told)
        assert all("language model" in one.degraded[0] and len(one.degraded[0]) < BRIEF for one in told)
        assert 3 <= len(model.asked) <= 3 + again, "two failures in a row, then it is left alone"
        assert sum("was not asked" in one.degraded[0] for one in told) >= 6 - again
        assert client.recommend(user="user-0").degraded == ()
        model.replies = alive
        wait_until(lambda: client.ask(**wish).degraded == ())


def test_promotions_under_load_fail_nobody_and_no_answer_mixes_versions(tmp_path):
    store = str(tmp_path / "shop.db")
    marks = two(tmp_path, store, items=100, users=40)
    one = Running(open_live(None, store))
    try:
        told = promoted(one.service.url, marks, times=6, users=40)
    finally:
        one.stop()
    assert (told["failed"], told["mixed"], told["stale"]) == (0, 0, 0), told["told"]
    assert told["promotions"] == 6
    assert len(told["by_route"]) == 5


def test_an_answer_in_words_names_the_version_that_said_it(tmp_path):
    store = str(tmp_path / "shop.db")
    marks = two(tmp_path, store, items=100, users=40)
    with open_live(None, store) as live:
        first, second = marks
        engine = live.serving.engine

        def slow(*asked, **more):
            found = Engine.explain(engine, *asked, **more)
            live.promote(second)
            return found

        engine.explain = slow
        version, said_ = live.spoken("explain", user="u1", n=2)
        assert (version, live.version) == (first, second)
        assert all(str(one.item).startswith(marks[first]) for one in said_)


def test_feedback_of_a_thousand_people_counts_in_their_very_next_answers(running):
    service = running()
    people = [f"new-{n}" for n in range(1_000)]
    asked = [{"user": user, "n": 3} for user in people]
    taken = [(n % 2, n % 2 + 2) for n in range(1_000)]
    with Client(service.url) as client:
        before = client.recommend_many(asked)
        rows = [
            {"user": user, "item": f"item-{items[place]}", "kind": "click", "impression": one.impression}
            for place in (0, 1)
            for user, items, one in zip(people, taken, before, strict=True)
        ]
        told = [client.feedback(rows[:1_000]), client.feedback(rows[1_000:])]
        assert [(one["rows"], one["unknown_impressions"]) for one in told] == [(1_000, [])] * 2
        after = client.recommend_many(asked)
    for answer, items in zip(after, taken, strict=True):
        assert set(answer.titles) == {("even number", "odd number")[items[0]]}
        assert not {f"item-{item}" for item in items} & set(answer.items)


@pytest.fixture
def on_postgres(board, new_database):
    """A service over PostgreSQL, and the URL of its database."""
    url = new_database()
    with open_store(url, StoreConfig(busy_seconds=2)) as store:
        one = Running(open_live(board, store))
        yield one.service, url
        one.stop()


@pytest.mark.postgres
def test_the_whole_loop_on_postgresql(on_postgres):
    service, url = on_postgres
    with Client(service.url) as client:
        shown = client.recommend(user="new", n=4)
        rows = [{**one, "impression": shown.impression} for one in events("new", "item-1", "item-3")]
        assert client.feedback(rows, key="k")["unknown_impressions"] == []
        assert client.feedback(rows, key="k")["repeated"]
        assert set(client.recommend(user="new", n=4).titles) == {"odd number"}
        client.upsert_items({"item-n": {"title": "odd number"}})
        assert client.recommend(history=["item-1"], allowed=["item-n"]).items == ("item-n",)
        client.post("reports", item="item-0", user="new")
        assert len(client.export("new")["Feedback"]) == 2
        assert client.erase("new")["complete"]
        assert client.export("new")["Feedback"] == []
        client.recommend(user="other", n=2)
        wait_until(lambda: service.live.log.figures.logged == 4)
    with open_store(url) as store:
        assert [one.user for one in stream(store, Impression)] == [None, "other"]


@pytest.mark.postgres
def test_postgresql_restarted_in_mid_stream_loses_nothing(on_postgres, postgres, start_again):
    service, _ = on_postgres
    restarts, number = 0, 0
    with impatient(service) as client, Client(service.url) as patient:
        while number < 40:
            if number == 20 and not restarts:
                os.kill(postgres.get_pid(), signal.SIGQUIT)  # PostgreSQL's own word for: at once
                wait_until(
                    lambda: ready(service)["status"] != "ready"
                )  # a quick service may ask before it is gone
                refused(client, "StoreBusyError", events=events(f"u{number}", "item-0"), key=f"{number}")
                answer = client.recommend(user="user-0", n=3)
                assert len(answer.items) == 3
                assert answer.degraded
                start_again()
                restarts += 1
            told = patient.feedback(events(f"u{number}", "item-0"), key=f"{number}")
            assert not told["repeated"]
            number += 1
        wait_until(lambda: ready(service)["status"] == "ready")
        assert client.recommend(user="u1", n=3).degraded == ()
    kept = [row.user for row in stream(service.live.store, Feedback)]
    assert kept == [f"u{n}" for n in range(40)]
