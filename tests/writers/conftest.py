"""A server, a generator that asks it, and no proxy between them."""

import pytest

from llm4rec.writers import RemoteConfig, RemoteGenerator
from llm4rec.writers.retrying import Clock

from .serving import FakeTime, Server


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def time():
    return FakeTime()


@pytest.fixture
def serve(time):
    """serve(*replies, **options): the server and a generator that asks it, with waits that take no time."""
    opened = []

    def start(*replies, answer=None, environment=None, **options):
        server = Server(replies, answer).__enter__()
        config = RemoteConfig.of({"base_url": server.url, "model": "tiny", **options})
        clock = Clock(now=time.now, sleep=time.sleep, chance=lambda: 1.0)
        generator = RemoteGenerator(config, environment or {}, clock)
        opened.append((server, generator))
        return server, generator

    yield start
    for server, generator in opened:
        generator.close()
        server.__exit__()
