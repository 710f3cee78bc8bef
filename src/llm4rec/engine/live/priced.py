"""Prices of the knobs of what serves, measured by a process of its own: answers share neither threads nor memory with the fits."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event

from llm4rec.core import ComponentError, Saves
from llm4rec.engine.fitted import PRICES, Fitted
from llm4rec.engine.prices import Prices
from llm4rec.engine.pricing import needed, prices, refused
from llm4rec.engine.reports import Reports
from llm4rec.engine.saving import load, save
from llm4rec.engine.settings import Settings

SHORT = 3.0  # seconds of fits below which another process would take longer to begin than to measure
POLITE = 10  # how far it stands back behind what answers (nice)
LOOK = 0.1  # seconds between two looks at it


class Stopped(Exception):
    """The service ends before the prices are there."""


def priced(fitted: Fitted, stopped: Event) -> Prices:
    """The prices that `pricing.prices` measures, by another process where that takes long and the model can be saved.

    They are kept in `fitted.made`, whose lock is held meanwhile. Stopped once `stopped` is set; ComponentError where the other
    process failed, and then nothing is kept.
    """
    if (
        needed(fitted) < SHORT
        or not isinstance(fitted.model, Saves)
        or not isinstance(fitted.fallback, Saves)
    ):
        return prices(fitted)
    return fitted.made.once(PRICES, lambda: refused(fitted) or _elsewhere(fitted, stopped))


def _elsewhere(fitted: Fitted, stopped: Event) -> Prices:
    settings = fitted.settings
    assert settings is not None
    with tempfile.TemporaryDirectory(prefix="llm4rec-prices-", ignore_cleanup_errors=True) as name:
        folder, said = Path(name), Path(name) / "said"
        save(fitted, settings, folder / "engine", Reports())
        with said.open("w") as trouble, _process(folder, settings, trouble.fileno()) as process:
            while process.poll() is None:
                if stopped.wait(LOOK):
                    raise Stopped
            assert process.stdout is not None
            found = process.stdout.read()
        if process.returncode:
            last = said.read_text(errors="replace").strip().splitlines()[-1:]
            why = ": ".join((f"the process that measures prices ended with code {process.returncode}", *last))
            raise ComponentError(why)
    return Prices.from_state(json.loads(found))


@contextmanager
def _process(folder: Path, settings: Settings, trouble: int) -> Iterator[subprocess.Popen[str]]:
    """It, killed where it still runs at the end; what it is told goes through a pipe, for it may hold a key."""
    words = [sys.executable, "-m", "llm4rec.engine.live.priced"]
    pipe = subprocess.PIPE
    told = {"folder": str(folder), "settings": settings.model_dump(mode="json")}
    with subprocess.Popen(
        words, stdin=pipe, stdout=pipe, stderr=trouble, text=True, start_new_session=True
    ) as process:
        try:
            assert process.stdin is not None
            # One that has ended already says why by its code.
            with suppress(BrokenPipeError), process.stdin as to:
                json.dump(told, to)
            yield process
        finally:
            process.kill()


def main() -> None:
    """Measure the prices of the engine that standard input names, and tell them on standard output.

    Its folder is removed as soon as it is read: whoever wrote it may be gone by the end.
    """
    told = json.load(sys.stdin)
    if hasattr(os, "nice"):
        os.nice(POLITE)
    folder = Path(told["folder"])
    try:
        _, fitted, _ = load(folder / "engine", Settings.model_validate(told["settings"]))
    finally:
        shutil.rmtree(folder / "engine", ignore_errors=True)
    json.dump(prices(fitted).state(), sys.stdout)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
