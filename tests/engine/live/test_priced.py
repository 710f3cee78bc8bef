"""Prices that a service measures in another process: the same as here, and a service that ends or a process that fails leaves nothing."""

import sys
import tempfile
import threading
import time
from dataclasses import replace

import pytest

from llm4rec import Engine, sample_shop
from llm4rec.core import ComponentError
from llm4rec.engine import Settings
from llm4rec.engine.live.preparer import Preparer
from llm4rec.engine.live.priced import SHORT, Stopped, priced
from llm4rec.engine.preparing import LISTS
from llm4rec.engine.pricing import PARTS, prices


@pytest.fixture(scope="module")
def engine():
    plain = Settings(encoder={"name": "none"}, cache={"folder": "none"}, rerank={"order": ["novel"]})
    return Engine(plain, model="sequence", tune=False).fit(sample_shop(readers=120, days=60))


@pytest.fixture
def slow(engine):
    """Whose fits take as long as another process is worth."""
    return replace(engine.fitted, seconds=1.01 * SHORT / PARTS)


@pytest.fixture
def scratch(tmp_path, monkeypatch):
    """Where temporary folders are made."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def program(tmp_path, monkeypatch, body):
    """`body` of a shell script in place of Python."""
    file = tmp_path / "other"
    file.write_text(f"#!/bin/sh\n{body}\n")
    file.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(file))


def test_they_are_those_that_would_be_measured_here(engine, slow, scratch):
    here = prices(replace(engine.fitted))
    found = priced(slow, threading.Event())
    assert found.by_knob.keys() == {"diversity", "novelty", "explore"}
    assert found.state() == here.state()
    assert slow.made.get("prices") is found
    assert [*scratch.iterdir()] == []


def test_while_they_are_measured_lists_say_so_and_are_not_kept_waiting(engine, slow):
    made = Engine(engine.settings, model="sequence", tune=False)
    made._fitted = slow
    asked = threading.Thread(target=priced, args=(slow, threading.Event()))
    asked.start()
    time.sleep(0.3)
    told = made.recommend("reader-001", n=5, diversity=0.5)
    assert asked.is_alive()
    assert "being measured" in told.trade.unpriced
    asked.join()
    assert made.recommend("reader-001", n=5, diversity=0.5).trade.unpriced == ""


def test_a_service_that_ends_waits_for_no_price_and_leaves_nothing(
    slow, scratch, tmp_path_factory, monkeypatch
):
    program(tmp_path_factory.mktemp("bin"), monkeypatch, "sleep 60")
    preparer = Preparer(lambda: slow, LISTS)
    preparer.start()
    while not [*scratch.glob("llm4rec-prices-*/said")]:
        time.sleep(0.05)
    began = time.monotonic()
    preparer.stop()
    assert time.monotonic() - began < 5.0
    assert preparer.trouble == ""
    assert slow.made.get("prices") is None
    assert [*scratch.iterdir()] == []


def test_a_stop_is_told_to_who_measures(slow):
    stopped = threading.Event()
    stopped.set()
    with pytest.raises(Stopped):
        priced(slow, stopped)


def test_a_process_that_fails_is_told_with_what_it_said_last(slow, scratch, tmp_path_factory, monkeypatch):
    program(
        tmp_path_factory.mktemp("bin"),
        monkeypatch,
        "cat > /dev/null; echo first >&2; echo no room >&2; exit 3",
    )
    with pytest.raises(ComponentError, match="ended with code 3: no room"):
        priced(slow, threading.Event())
    preparer = Preparer(lambda: slow, LISTS)
    preparer.step()
    assert "no room" in preparer.trouble
    assert slow.made.get("prices") is None
    assert [*scratch.iterdir()] == []


def test_short_fits_need_no_other_process(engine, tmp_path, monkeypatch):
    program(tmp_path, monkeypatch, "exit 3")
    assert priced(replace(engine.fitted, seconds=0.9 * SHORT / PARTS), threading.Event()).by_knob


def test_what_takes_too_long_is_not_begun(engine, tmp_path, monkeypatch):
    program(tmp_path, monkeypatch, "exit 3")
    found = priced(replace(engine.fitted, seconds=1000.0), threading.Event())
    assert "rerank.price_seconds allows 60" in found.why
