"""Stores of both kinds: SQLite files, and databases of the PostgreSQL server that runs for the time of the tests."""

import pytest

from llm4rec.store import open_store


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
