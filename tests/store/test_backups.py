"""A backup is the store again: while others write, from either kind into either kind, without who was erased since."""

import threading

import numpy as np
import pytest

from llm4rec.core import Erasure, Feedback, NotFoundError, StoreError, stream, unbroken
from llm4rec.store import StoreConfig, back_up, open_store, restore
from llm4rec.testing import clicks, one_of_each


def filled(url):
    store = open_store(url)
    store.append(one_of_each(), key="k")
    store.append(clicks(*((f"u{n % 9}", f"i{n}") for n in range(2_500))), tenant="other")
    store.put_vectors("m", ["a", "b"], np.array([[1, 0.1], [0, 1]], np.float32), tenant="other")
    store.note({"name": "a shop"})
    store.erase("u8", tenant="other")
    return store


def same(one, other):
    """Whether two stores hold the same rows, under the same clock, keys and proofs."""
    assert one.clock() == other.clock()
    for row in one_of_each():
        assert one.read(type(row)).rows == other.read(type(row)).rows
    assert list(stream(one, Feedback, tenant="other")) == list(stream(other, Feedback, tenant="other"))
    assert one.read(Erasure, tenant="other") == other.read(Erasure, tenant="other")
    assert one.notes() == other.notes()
    for here, there in zip(one.vectors("m", tenant="other"), other.vectors("m", tenant="other"), strict=True):
        np.testing.assert_array_equal(here, there)
    assert other.append(one_of_each(), key="k").repeated
    assert other.subject("u") == one.subject("u")


def test_a_backup_restores_into_either_kind(new_url, tmp_path, request, kind):
    url, backup = new_url(), tmp_path / "backup.db"
    others = [str(tmp_path / "again.db")]
    if kind == "postgresql":
        others.append(request.getfixturevalue("new_database")())
    with filled(url) as store:
        back_up(url, backup)
        for target in others:
            assert restore(backup, target) == 0
            with open_store(target) as again:
                same(store, again)
                assert again.append(clicks(("u", "new"))).first == store.clock() + 1
    assert sorted(
        file.name for file in tmp_path.iterdir() if not file.name.startswith("again.db-")
    ) == sorted(["backup.db", "again.db"])


@pytest.mark.postgres
def test_a_file_grows_into_a_database(tmp_path, new_database):
    url, target = str(tmp_path / "shop.db"), new_database()
    with filled(url) as store:
        back_up(url, tmp_path / "backup.db")
        restore(tmp_path / "backup.db", target)
        with open_store(target) as shared:
            same(store, shared)
    with pytest.raises(StoreError, match="not empty"):
        restore(tmp_path / "backup.db", target)


def test_a_backup_is_one_moment_while_others_write(tmp_path):
    url = str(tmp_path / "shop.db")
    stop = threading.Event()
    with open_store(url) as store:

        def write():
            number = 0
            while not stop.is_set():
                store.append(clicks(*((f"u{number}", f"i{n}") for n in range(20))))
                number += 1

        writer = threading.Thread(target=write)
        writer.start()
        try:
            while store.clock() < 200:
                pass
            back_up(url, tmp_path / "backup.db")
        finally:
            stop.set()
            writer.join()
    with open_store(str(tmp_path / "backup.db")) as backup:
        rows = [*stream(backup, Feedback)]
        assert len(rows) == backup.clock() >= 200
        assert len(rows) % 20 == 0, "whole batches only"


def test_the_erased_do_not_come_back_with_an_old_backup(tmp_path):
    url = str(tmp_path / "shop.db")
    with open_store(url) as store:
        store.append(clicks(("margarethe", "a"), ("v", "b")))
        back_up(url, tmp_path / "old.db")
        store.erase("margarethe")
        proofs = store.read(Erasure).rows
    assert restore(tmp_path / "old.db", str(tmp_path / "again.db"), erased=proofs) == 1
    with open_store(str(tmp_path / "again.db")) as again:
        assert [row.user for row in stream(again, Feedback)] == ["v"]
        assert unbroken(again.read(Erasure).rows)
    assert b"margarethe" not in (tmp_path / "again.db").read_bytes()


def test_nothing_is_overwritten_and_what_is_missing_is_named(tmp_path):
    url, backup = str(tmp_path / "shop.db"), tmp_path / "backup.db"
    with pytest.raises(NotFoundError, match=r"no store at .*shop\.db"):
        back_up(url, backup)
    open_store(url).close()
    back_up(url, backup)
    with pytest.raises(StoreError, match="exists already"):
        back_up(url, backup)
    with pytest.raises(StoreError, match="exists already"):
        restore(backup, url)
    with pytest.raises(NotFoundError, match="no backup"):
        restore(tmp_path / "absent.db", str(tmp_path / "new.db"))


def test_a_broken_backup_is_refused(tmp_path):
    url, backup = str(tmp_path / "shop.db"), tmp_path / "backup.db"
    with open_store(url) as store:
        store.append(clicks(*((f"u{n}", f"i{n}") for n in range(3_000))))
        back_up(url, backup)
    content = bytearray(backup.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 8_192] = b"\xff" * 8_192
    backup.write_bytes(content)
    with pytest.raises(StoreError, match="broken"):
        restore(backup, str(tmp_path / "again.db"))
    assert not (tmp_path / "again.db").exists()


def test_a_copy_needs_no_key_of_pseudonyms(tmp_path, monkeypatch):
    monkeypatch.setenv("A_KEY", "a key of enough letters")
    config = StoreConfig(pseudonym_key_env="A_KEY")
    with open_store(str(tmp_path / "shop.db"), config) as store:
        store.append(clicks(("u", "a")))
    back_up(str(tmp_path / "shop.db"), tmp_path / "backup.db")
    restore(tmp_path / "backup.db", str(tmp_path / "again.db"))
    with open_store(str(tmp_path / "again.db"), config) as again:
        assert len(again.recent(Feedback, ["u"])[0]) == 1
