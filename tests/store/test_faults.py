"""What goes wrong under a store: killed writers, locks, full disks, broken files, a server that restarts."""

import os
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from llm4rec.core import (
    DataError,
    Feedback,
    SettingsError,
    StoreBusyError,
    StoreError,
    StoreFullError,
    stream,
)
from llm4rec.store import StoreConfig, open_store
from llm4rec.store.database_sql import sqlite_file
from llm4rec.testing import clicks

WRITER = """
import sys
from llm4rec.store import open_store
from llm4rec.testing import clicks
with open_store(sys.argv[1]) as store:
    for batch in range(int(sys.argv[2]), 100_000):
        store.append(clicks(*((f"u{batch}", f"i{n}") for n in range(20))), key=f"batch-{batch}")
        print(batch, flush=True)
"""


def killed_writer(file, start, lines):
    """The last batch that a writer had acknowledged when it was killed in the middle of its work."""
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, file, str(start)], stdout=subprocess.PIPE, text=True
    )
    seen = [writer.stdout.readline() for _ in range(lines)]
    os.kill(writer.pid, signal.SIGKILL)
    seen += writer.stdout.readlines()
    writer.stdout.close()
    writer.wait()
    return int([line for line in seen if line.endswith("\n")][-1])


def test_nothing_acknowledged_is_lost_when_the_writer_is_killed(tmp_path):
    file, acknowledged = str(tmp_path / "shop.db"), -1
    for lines in (3, 40):
        acknowledged = killed_writer(file, max(acknowledged, 0), lines)
    with open_store(file) as store:
        kept = [(row.user, row.item) for row in stream(store, Feedback)]
        whole = len(kept) // 20
        assert whole > acknowledged >= 40
        assert kept == [(f"u{batch}", f"i{n}") for batch in range(whole) for n in range(20)]
        # Whoever heard nothing asks again, and the counts come out even.
        again = [
            store.append(clicks(*((f"u{b}", f"i{n}") for n in range(20))), key=f"batch-{b}")
            for b in (acknowledged, acknowledged + 1)
        ]
        assert again[0].repeated
        assert len([*stream(store, Feedback)]) == 20 * max(whole, acknowledged + 2)


def test_a_locked_database_is_busy_and_then_goes_on(tmp_path):
    with open_store(str(tmp_path / "shop.db"), StoreConfig(busy_seconds=0.1)) as store:
        store.append(clicks(("u", "a")))
        other = sqlite3.connect(tmp_path / "shop.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusyError, match=r"shop\.db is locked.*try again"):
            store.append(clicks(("u", "b")), key="b")
        assert len(store.read(Feedback).rows) == 1  # reading goes on
        other.execute("ROLLBACK")
        other.close()
        assert not store.append(clicks(("u", "b")), key="b").repeated
        assert [row.item for row in stream(store, Feedback)] == ["a", "b"]


def test_a_full_disk_is_told_and_left_behind(store):
    store.append(clicks(("u", "a")))
    with store.database.writer.connect() as connection:
        cursor = connection.connection.cursor()
        (pages,) = cursor.execute("PRAGMA page_count").fetchone()
        cursor.execute(f"PRAGMA max_page_count={pages + 2}")
    for _ in range(2):
        with pytest.raises(StoreFullError, match="no room"):
            store.append(clicks(*(("u", f"i{n}") for n in range(5_000))), key="big")
    assert [row.item for row in stream(store, Feedback)] == ["a"]
    with store.database.writer.connect() as connection:
        connection.connection.cursor().execute("PRAGMA max_page_count=1000000")
    assert not store.append(clicks(*(("u", f"i{n}") for n in range(5_000))), key="big").repeated
    assert len([*stream(store, Feedback)]) == 5_001


LIMITED = """
import resource, sys
from llm4rec.core import StoreFullError, Feedback, stream
from llm4rec.store import open_store
from llm4rec.testing import clicks
with open_store(sys.argv[1]) as store:
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
    kept = 0
    try:
        while True:
            kept += store.append(clicks(*(("u", f"i{n}") for n in range(200)))).rows
    except StoreFullError:
        pass
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    kept += store.append(clicks(("u", "last"))).rows
    print(kept, len([*stream(store, Feedback)]))
"""


def test_a_file_that_may_not_grow_is_full_and_recovers(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path / "shop.db")], capture_output=True, text=True, check=True
    )
    kept, read = map(int, done.stdout.split())
    assert kept == read > 200


def test_a_broken_file_is_named_with_a_remedy(tmp_path):
    file = tmp_path / "shop.db"
    file.write_bytes(b"this is no database, whatever its name may say" * 100)
    with pytest.raises(StoreError, match=r"shop\.db is broken; restore a backup"):
        open_store(str(file))


def test_a_database_of_something_else_is_left_alone(tmp_path):
    file = tmp_path / "other.db"
    other = sqlite3.connect(file)
    other.execute("CREATE TABLE meta (name TEXT, value TEXT)")
    other.commit()
    other.close()
    with pytest.raises(StoreError, match="something else"):
        open_store(str(file))
    assert sqlite3.connect(file).execute("SELECT name FROM sqlite_master").fetchall() == [("meta",)]


def test_a_place_that_cannot_be_written_is_told(tmp_path):
    with pytest.raises(StoreError, match="may not be opened"):
        open_store(str(tmp_path / "no" / "such" / "shop.db"))


@pytest.mark.parametrize("url", ["", "mysql://u@h/d", "sqlite://", "postgresql://h:port/d", "a\0b"])
def test_what_is_no_store_is_said_at_the_door(url):
    with pytest.raises(SettingsError, match=r"a store is|postgresql://USER"):
        open_store(url)


def test_a_server_that_is_not_there_is_busy_and_its_password_stays_secret():
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    with pytest.raises(StoreBusyError) as caught:
        open_store("postgresql://shop:hush@127.0.0.1:1/shop", StoreConfig(busy_seconds=0.5))
    assert "hush" not in str(caught.value)
    assert "127.0.0.1" in str(caught.value)


def test_too_much_at_once_is_busy_not_memory(tmp_path):
    with open_store(str(tmp_path / "shop.db"), StoreConfig(waiting_rows=100, busy_seconds=10)) as store:
        other = sqlite3.connect(tmp_path / "shop.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        sent = [store.append_soon(clicks(*(("u", f"i{n}") for n in range(60))))]
        while store._pending._rows:  # until the thread has taken it and waits for the lock
            time.sleep(0.01)
        sent.append(store.append_soon(clicks(*(("u", f"i{n}") for n in range(60)))))
        with pytest.raises(StoreBusyError, match="60 rows wait"):
            store.append_soon(clicks(*(("u", f"i{n}") for n in range(60))))
        other.execute("ROLLBACK")
        other.close()
        assert [one.result().rows for one in sent] == [60, 60]


def test_a_closed_store_says_so_and_what_was_handed_over_is_written(tmp_path):
    store = open_store(str(tmp_path / "shop.db"))
    sent = [store.append_soon(clicks((f"u{n}", "a"))) for n in range(50)]
    store.close()
    assert all(one.result().rows == 1 for one in sent)
    with pytest.raises(StoreError, match="closed"):
        store.append(clicks(("u", "a")))


def test_a_store_does_not_cross_into_another_process(store):
    store._pending._process = -1
    with pytest.raises(StoreError, match="another process"):
        store.append(clicks(("u", "a")))
    store._pending._process = os.getpid()


def test_two_processes_write_one_file_and_repeat_one_batch(tmp_path):
    file = str(tmp_path / "shop.db")
    open_store(file).close()
    code = WRITER.replace("100_000", "30")
    both = [
        subprocess.Popen([sys.executable, "-c", code, file, "0"], stdout=subprocess.PIPE) for _ in range(2)
    ]
    for one in both:
        one.communicate()
        assert one.returncode == 0
    with open_store(file) as store:
        assert len([*stream(store, Feedback)]) == 30 * 20


@pytest.mark.postgres
def test_a_server_restarted_in_mid_stream_loses_nothing(postgres, new_database, start_again):
    with open_store(new_database(), StoreConfig(busy_seconds=3)) as store:
        heard, restarts, batch, killed = [], 0, 0, False
        while restarts == 0 or batch < 40:
            if batch == 20 and not killed:
                os.kill(postgres.get_pid(), signal.SIGQUIT)  # PostgreSQL's own word for: at once
                killed = True
            try:
                heard.append(store.append(clicks((f"u{batch}", "a")), key=f"{batch}"))
                batch += 1
            except StoreBusyError:
                start_again()
                restarts += 1
        assert restarts >= 1
        assert len({one.first for one in heard}) == batch
        assert [row.user for row in stream(store, Feedback)] == [f"u{n}" for n in range(batch)]


def test_a_url_is_a_file_unless_it_names_postgresql(tmp_path):
    assert (
        sqlite_file(f"sqlite:///{tmp_path}/a.db") == tmp_path / "a.db" == sqlite_file(str(tmp_path / "a.db"))
    )
    assert sqlite_file("postgresql://h/d") is None


def test_a_refused_batch_costs_its_neighbours_nothing(store):
    futures = [store.append_soon(clicks((f"u{n}", "a")), key="same") for n in range(3)]
    refused = [one.exception() for one in futures[1:]]
    assert futures[0].result().rows == 1
    assert all(isinstance(error, DataError) for error in refused)


def test_rows_that_nobody_waits_for_gather_and_go_along_with_the_next_that_somebody_does(tmp_path):
    with open_store(str(tmp_path / "shop.db"), StoreConfig(gather_seconds=60)) as store:
        soon = [store.append_soon(clicks((f"u{n}", "a"))) for n in range(3)]
        now = store.append(clicks(("late", "a")))
        assert [one.result(timeout=0).first for one in soon] == [now.first - 3, now.first - 2, now.first - 1]
        left = store.append_soon(clicks(("last", "a")))
        with pytest.raises(TimeoutError):
            left.result(timeout=0.2)
    assert left.result(timeout=0).rows == 1


def test_rows_that_nobody_waits_for_are_written_without_anybody_asking(tmp_path):
    with open_store(str(tmp_path / "shop.db"), StoreConfig(gather_seconds=0.01)) as store:
        assert store.append_soon(clicks(("u", "a"))).result(timeout=10).rows == 1
