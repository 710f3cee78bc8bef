"""One SQLite file of vectors by encoder and content hash. Knows nothing of texts or models.

Safe for several processes and threads: each call opens the file anew, writes are one transaction.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from llm4rec.core import Floats, FolderError

FORMAT = 1
WAIT_SECONDS = 120.0
ASKED_AT_ONCE = 900  # SQLite takes at least 999 variables in a statement

_TABLES = (
    "CREATE TABLE IF NOT EXISTS encoders (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, width INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS vectors (encoder INTEGER NOT NULL, key BLOB NOT NULL, vector BLOB NOT NULL,"
    " check_sum INTEGER NOT NULL, UNIQUE (encoder, key))",
)


class VectorFile:
    """float32 vectors on disk, each with a check sum; made when first written to."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def width(self, encoder: str) -> int | None:
        """Width of the vectors of an encoder, or None where it has not written yet."""
        if not self.path.exists():
            return None
        with self._opened() as file:
            row = file.execute("SELECT width FROM encoders WHERE name = ?", (encoder,)).fetchone()
        return None if row is None else int(row[0])

    def read(self, encoder: str, keys: Sequence[bytes]) -> dict[bytes, Floats]:
        """The vectors that are there, by key."""
        found: dict[bytes, Floats] = {}
        if not self.path.exists():
            return found
        with self._opened() as file:
            row = file.execute("SELECT id, width FROM encoders WHERE name = ?", (encoder,)).fetchone()
            if row is None:
                return found
            for start in range(0, len(keys), ASKED_AT_ONCE):
                part = keys[start : start + ASKED_AT_ONCE]
                marks = ",".join("?" * len(part))
                asked = f"SELECT key, vector, check_sum FROM vectors WHERE encoder = ? AND key IN ({marks})"
                for key, blob, check_sum in file.execute(asked, (row[0], *part)):
                    found[key] = self._vector(blob, check_sum, int(row[1]))
        return found

    def write(self, encoder: str, width: int, vectors: Mapping[bytes, Floats]) -> None:
        """All of them or none; a key that is there already stays as it is."""
        rows = [(key, np.ascontiguousarray(v, dtype="<f4").tobytes()) for key, v in vectors.items()]
        with self._opened() as file, _transaction(file):
            file.execute("INSERT OR IGNORE INTO encoders (name, width) VALUES (?, ?)", (encoder, width))
            known = file.execute("SELECT id, width FROM encoders WHERE name = ?", (encoder,)).fetchone()
            if known[1] != width:
                raise FolderError(
                    f"vector cache {self.path} has vectors of {known[1]} numbers for encoder {encoder!r}, "
                    f"which now gives {width}; give the encoder another name, or delete the file"
                )
            file.executemany(
                "INSERT OR IGNORE INTO vectors (encoder, key, vector, check_sum) VALUES (?, ?, ?, ?)",
                [(known[0], key, blob, zlib.crc32(blob)) for key, blob in rows],
            )

    def _vector(self, blob: object, check_sum: object, width: int) -> Floats:
        if not isinstance(blob, bytes) or len(blob) != 4 * width or zlib.crc32(blob) != check_sum:
            raise self._broken("a vector differs from its check sum")
        return np.frombuffer(blob, dtype="<f4").astype(np.float32, copy=False)

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            file = sqlite3.connect(self.path, timeout=WAIT_SECONDS, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise self._unusable(error) from error
        try:
            self._prepare(file)
            yield file
        except sqlite3.OperationalError as error:
            raise self._unusable(error) from error
        except sqlite3.DatabaseError as error:
            raise self._broken(str(error)) from error
        finally:
            file.close()

    def _prepare(self, file: sqlite3.Connection) -> None:
        """Tables, where the file is new; a file of another format is refused."""
        version = file.execute("PRAGMA user_version").fetchone()[0]
        if version == FORMAT:
            return
        if version != 0:
            raise FolderError(
                f"vector cache {self.path} has format {version}, this version reads {FORMAT}; "
                "delete the file (it is filled again), or use the version that wrote it"
            )
        file.execute("PRAGMA journal_mode = WAL")
        with _transaction(file):
            for table in _TABLES:
                file.execute(table)
            file.execute(f"PRAGMA user_version = {FORMAT}")

    def _broken(self, reason: str) -> FolderError:
        return FolderError(
            f"vector cache {self.path} is damaged ({reason}); delete the file: "
            "nothing is lost, it is filled again at the next run"
        )

    def _unusable(self, error: Exception) -> FolderError:
        return FolderError(
            f"vector cache {self.path} cannot be used ({error}); check that the folder can be written, "
            "that the disk is not full and that no other process holds the file, or name another folder"
        )


@contextmanager
def _transaction(file: sqlite3.Connection) -> Iterator[None]:
    """Everything inside happens or nothing does; writers wait for each other at the door."""
    file.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if file.in_transaction:  # a full disk has rolled back already
            file.execute("ROLLBACK")
        raise
    file.execute("COMMIT")
