"""A small fitted engine and a store file of the test's own."""

import pytest

from llm4rec.engine import Engine, Settings
from llm4rec.engine.live import open_live
from llm4rec.store import StoreConfig, open_store
from llm4rec.testing import checkerboard

PLAIN = {"encoder": {"name": "none"}, "cache": {"folder": "none"}}


@pytest.fixture(scope="session")
def board():
    """EASE on the checkerboard: whoever took things of one parity is shown more of it."""
    return Engine(Settings(**PLAIN), model="ease", reg=1.0, tune=False).fit(checkerboard())


@pytest.fixture(scope="session")
def growing():
    """Content on the checkerboard, a model that takes new items: titles name the parity."""
    return Engine(Settings(**PLAIN), model="sequence", tune=False).fit(checkerboard())


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self):
        self.time = 1_700_000_000.0

    def __call__(self):
        return self.time


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(tmp_path):
    with open_store(str(tmp_path / "shop.db"), StoreConfig(busy_seconds=0.2)) as store:
        yield store


@pytest.fixture
def lively(store, clock):
    """Make a live engine: lively(engine, cap=2)."""

    def make(engine, over=None, **live):
        given = engine.settings.model_copy(update={"live": type(engine.settings.live)(**live)})
        return open_live(engine, over or store, settings=given, now=clock)

    return make
