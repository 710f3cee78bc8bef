"""A real server on loopback over a small engine: its own thread, its own store, a client for each role."""

import socket
import threading
import time
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
import uvicorn

from llm4rec.apps.rest import keys
from llm4rec.apps.rest.app import create_app
from llm4rec.apps.rest.options import ServeSettings
from llm4rec.engine import Engine, Settings
from llm4rec.engine.live import open_live
from llm4rec.store import StoreConfig, open_store
from llm4rec.testing import checkerboard

PLAIN = {"encoder": {"name": "none"}, "cache": {"folder": "none"}}


@pytest.fixture(scope="session")
def board():
    """Content on the checkerboard: whoever took items of one parity is shown more of it; new items by their titles."""
    return Engine(Settings(**PLAIN), model="sequence", tune=False).fit(checkerboard())


@dataclass
class Service:
    """What a test talks to."""

    url: str
    live: Any
    app: Any
    server: Any

    def client(self, key=None):
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return httpx2.Client(base_url=self.url, headers=headers, timeout=30)


class Running:
    """One server in a thread, from `start` to `stop`."""

    def __init__(self, live, settings=ServeSettings()):  # noqa: B008
        self.app = create_app(live, settings)
        config = uvicorn.Config(self.app, log_config=None, access_log=False, ws="none")
        self.server = uvicorn.Server(config)
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self.socket]}, daemon=True)
        self.thread.start()
        until = time.monotonic() + 30
        while not self.server.started:
            assert self.thread.is_alive(), "the server ended while it started"
            assert time.monotonic() < until
            time.sleep(0.005)
        self.service = Service(
            f"http://127.0.0.1:{self.socket.getsockname()[1]}", live, self.app, self.server
        )

    def stop(self):
        self.server.should_exit = True
        self.thread.join(30)
        self.socket.close()


@pytest.fixture
def running(board, tmp_path):
    """Start services: running(rate=1); each over the same store file."""
    begun = []

    def start(engine=None, roles=(), **options):
        store = open_store(str(tmp_path / "shop.db"), StoreConfig(busy_seconds=0.3))
        made = {role: keys.create(store, role) for role in roles}
        live = open_live(engine or board, store)
        one = Running(live, ServeSettings(**options))
        begun.append((one, store))
        one.service.keys = made
        return one.service

    yield start
    for one, store in begun:
        one.stop()
        store.close()


@pytest.fixture(scope="module")
def open_house(board, tmp_path_factory):
    """One service without keys for all tests of a file that only look."""
    with open_store(str(tmp_path_factory.mktemp("rest") / "shop.db")) as store:
        one = Running(open_live(board, store))
        yield one.service
        one.stop()


@pytest.fixture
def http(open_house):
    with open_house.client() as client:
        yield client
