"""What anyone may rely on from CachedEncoder: the second run is free, and a cache is never wrong in silence."""

import multiprocessing
import sqlite3

import numpy as np
import pytest

from llm4rec.core import DataError, FolderError
from llm4rec.encoders import CachedEncoder, cache
from llm4rec.encoders.vectorfile import VectorFile
from llm4rec.testing import WordEncoder, check_encoder

TEXTS = ["space robots", "garden soil", "", "roses and soil"]


class Counting:
    """A word encoder that counts the texts it reads; `breaks_at` is the call at which it fails."""

    def __init__(self, name="words", breaks_at=None):
        self.name, self.read, self.calls, self.breaks_at = name, 0, 0, breaks_at
        self.inner = WordEncoder(8)

    @property
    def width(self):
        self.calls += 1
        return self.inner.width

    def encode(self, contents):
        self.calls += 1
        self.read += len(contents)
        if self.breaks_at is not None and self.read > self.breaks_at:
            raise KeyboardInterrupt
        return self.inner.encode(contents)


def test_keeps_the_encoder_contract(tmp_path):
    check_encoder(CachedEncoder(WordEncoder(), tmp_path))


def test_the_second_run_does_not_touch_the_encoder(tmp_path):
    first = CachedEncoder(Counting(), tmp_path).encode(TEXTS)
    untouched = Counting()
    again = CachedEncoder(untouched, tmp_path)
    np.testing.assert_array_equal(again.encode(TEXTS[::-1]), first[::-1])
    assert again.width == 8
    assert again.encode([]).shape == (0, 8)
    assert untouched.calls == 0
    np.testing.assert_array_equal(first, WordEncoder(8).encode(TEXTS))


def test_only_new_texts_are_read_and_equal_ones_once(tmp_path):
    counting = Counting()
    cached = CachedEncoder(counting, tmp_path)
    cached.encode(TEXTS)
    cached.encode([*TEXTS, "new", "new"])
    assert counting.read == len(TEXTS) + 1


def test_an_interrupted_job_goes_on_where_it_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "WRITTEN_AT_ONCE", 10)
    texts = [f"text {n}" for n in range(50)]
    with pytest.raises(KeyboardInterrupt):
        CachedEncoder(Counting(breaks_at=35), tmp_path).encode(texts)
    second = Counting()
    vectors = CachedEncoder(second, tmp_path).encode(texts)
    assert second.read == 20
    np.testing.assert_array_equal(vectors, WordEncoder(8).encode(texts))


def test_two_encoders_do_not_mix(tmp_path):
    narrow, wide = CachedEncoder(WordEncoder(4), tmp_path), CachedEncoder(WordEncoder(16), tmp_path)
    narrow.encode(TEXTS)
    np.testing.assert_array_equal(wide.encode(TEXTS), WordEncoder(16).encode(TEXTS))
    np.testing.assert_array_equal(narrow.encode(TEXTS), WordEncoder(4).encode(TEXTS))


def test_one_name_for_two_widths_is_refused(tmp_path):
    CachedEncoder(Counting(), tmp_path).encode(["a"])
    other = Counting()
    other.inner = WordEncoder(16)
    with pytest.raises(FolderError, match=r"8 numbers.*now gives 16.*another name"):
        CachedEncoder(other, tmp_path).encode(["b"])


def test_more_texts_than_one_statement_takes(tmp_path):
    texts = [f"text {n}" for n in range(2500)]
    cached = CachedEncoder(WordEncoder(4), tmp_path)
    np.testing.assert_array_equal(cached.encode(texts), cached.encode(texts))


def test_progress_counts_the_parts(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "WRITTEN_AT_ONCE", 2)
    totals = []

    def progress(steps, label, total=None):
        totals.append(total)
        return steps

    CachedEncoder(WordEncoder(4), tmp_path, progress).encode(["a", "b", "c"])
    assert totals == [2]


def test_odd_texts_are_kept_apart(tmp_path):
    cached = CachedEncoder(WordEncoder(4), tmp_path)
    assert len({cache._key(text) for text in ["\ud800", "?", " ", ""]}) == 4
    with pytest.raises(DataError, match="row 0"):
        cached.encode([None])
    with pytest.raises(DataError, match="pass"):
        cached.encode("one text")


def test_a_file_that_is_no_cache_is_refused_with_the_remedy(tmp_path):
    (tmp_path / "vectors.sqlite").write_bytes(b"this is no database at all, not even a bit of one" * 50)
    with pytest.raises(FolderError, match=r"vectors.sqlite is damaged.*delete the file"):
        CachedEncoder(WordEncoder(), tmp_path).encode(TEXTS)


def test_damage_inside_the_file_is_found(tmp_path):
    CachedEncoder(WordEncoder(8), tmp_path).encode([f"text {n}" for n in range(500)])
    with sqlite3.connect(tmp_path / "vectors.sqlite") as file:
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    file.close()
    whole = bytearray((tmp_path / "vectors.sqlite").read_bytes())
    whole[4096 * 3 :] = bytes(len(whole) - 4096 * 3)
    (tmp_path / "vectors.sqlite").write_bytes(whole)
    with pytest.raises(FolderError, match=r"damaged.*delete the file"):
        CachedEncoder(WordEncoder(8), tmp_path).encode([f"text {n}" for n in range(500)])


@pytest.mark.parametrize("blob", [b"short", np.ones(8, "<f4").tobytes(), "text"])
def test_a_vector_that_has_changed_is_found(tmp_path, blob):
    CachedEncoder(WordEncoder(8), tmp_path).encode(["a"])
    with sqlite3.connect(tmp_path / "vectors.sqlite") as file:
        file.execute("UPDATE vectors SET vector = ?", (blob,))
    file.close()
    with pytest.raises(FolderError, match="differs from its check sum"):
        CachedEncoder(WordEncoder(8), tmp_path).encode(["a"])


def test_a_file_of_another_format_is_refused(tmp_path):
    with sqlite3.connect(tmp_path / "vectors.sqlite") as file:
        file.execute("PRAGMA user_version = 99")
    file.close()
    with pytest.raises(FolderError, match="format 99"):
        CachedEncoder(WordEncoder(8), tmp_path).encode(["a"])


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(FolderError, match="cannot be used"):
        CachedEncoder(WordEncoder(8), tmp_path / "file" / "inside").encode(["a"])


def test_asking_makes_no_file(tmp_path):
    assert CachedEncoder(WordEncoder(8), tmp_path / "new").width == 8
    assert VectorFile(tmp_path / "new" / "x").read("words", [b"k"]) == {}
    assert not (tmp_path / "new").exists()


def _fill(folder, start, failures):
    try:
        cached = CachedEncoder(WordEncoder(8), folder)
        for at in range(start, start + 60, 5):
            cached.encode([f"text {n}" for n in range(at, at + 40)])
    except Exception as error:  # handed to the parent, which fails
        failures.put(repr(error))


def test_processes_may_share_a_file(tmp_path):
    spawn = multiprocessing.get_context("spawn")
    failures = spawn.Queue()
    workers = [spawn.Process(target=_fill, args=(tmp_path, 20 * n, failures)) for n in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(100)
    assert [worker.exitcode for worker in workers] == [0] * 3
    assert failures.empty()
    untouched = Counting(name="words-8")
    CachedEncoder(untouched, tmp_path).encode([f"text {n}" for n in range(130)])
    assert untouched.calls == 0
