"""A server, a generator that asks it, and no proxy between them."""

import pytest

from llm4rec.writers import RemoteConfig, RemoteGenerator
from llm4rec.writers.retrying import Clock

from . import tiny
from .serving import FakeTime, Server


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


LEARNT = {
    "the sky is": "blue",
    "roses are": "red",
    "a robot is a": "machine",
}
"""Beginnings of sentences and how they end, which a tiny causal model is taught."""


@pytest.fixture(scope="session")
def taught_folder(tmp_path_factory):
    """A causal model of 30,000 weights that knows LEARNT by heart, with a tokenizer of bytes."""
    folder = tmp_path_factory.mktemp("models") / "taught"
    tiny.teach(LEARNT, folder)
    return folder


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
