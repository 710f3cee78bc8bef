"""Real services with the page on loopback, each a process of its own, and one real headless Chromium for all tests."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from llm4rec import Engine, sample_shop
from llm4rec.apps.rest import keys
from llm4rec.engine import Settings
from llm4rec.store import open_store

ROOT = Path(__file__).resolve().parents[2]
PLAIN = {"encoder": {"name": "none"}, "cache": {"folder": "none"}}


@dataclass
class Service:
    """A running service: its address, its store file, its keys by role."""

    url: str
    store: Path
    process: subprocess.Popen
    keys: dict[str, str] = field(default_factory=dict)

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


def _free():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def _begun(folder, engine, roles=(), more=(), port=None):
    """A service over the engine, begun; it is waited for by `_ready`."""
    store, port = folder / "shop.db", port or _free()
    with open_store(str(store)) as kept:
        made = {role: keys.create(kept, role) for role in roles}
    words = ["serve", str(engine), "--store", str(store), "--port", str(port), *more]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "llm4rec.apps.cli.main", *words],
            cwd=folder,
            env=os.environ | {"LLM4REC_ENCODER__NAME": "none"},
            stderr=log,
        )
    return Service(f"http://127.0.0.1:{port}", store, process, made)


def _ready(service):
    until = time.monotonic() + 60
    while service.process.poll() is None and time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"{service.url}/health", timeout=2):
                return service
        except OSError:
            time.sleep(0.05)
    raise AssertionError((service.store.parent / "log").read_text()[-2_000:])


@pytest.fixture(scope="session")
def shop_engine(tmp_path_factory):
    """A small engine of the sample shop, in a folder."""
    folder = tmp_path_factory.mktemp("web") / "engine"
    shop = sample_shop(readers=120, days=60)
    Engine(Settings(**PLAIN), model="sequence", tune=False).fit(shop).save(folder)
    return folder


@pytest.fixture(scope="session")
def services(shop_engine, tmp_path_factory):
    """Two services that start at once: one without keys, and one with a key of each role."""
    both = {
        "open": _begun(tmp_path_factory.mktemp("open"), shop_engine),
        "keyed": _begun(tmp_path_factory.mktemp("keyed"), shop_engine, ("read", "write", "admin")),
    }
    try:
        yield {name: _ready(one) for name, one in both.items()}
    finally:
        for one in both.values():
            one.stop()


@pytest.fixture(scope="session")
def service(services):
    """The service without keys."""
    return services["open"]


@pytest.fixture(scope="session")
def keyed(services):
    """The service with keys: `keyed.keys["admin"]`."""
    return services["keyed"]


@pytest.fixture(scope="session")
def chromium():
    """One browser."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("no chromium is installed; on Debian: apt-get install chromium")
    with playwright.sync_playwright() as tool:
        browser = tool.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visitor(chromium, service):
    """Open a page in a browser that has been nowhere: visitor("/chat"), visitor("/", width=390); it may have no errors."""
    opened, errors = [], []

    def visit(path="/", url=service.url, width=1280, height=900, **options):
        context = chromium.new_context(viewport={"width": width, "height": height}, base_url=url, **options)
        context.set_default_timeout(20_000)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda told: errors.append(told.text) if told.type == "error" else None)
        page.goto(path)
        opened.append(context)
        return page

    yield visit
    for context in opened:
        context.close()
    assert not errors


@pytest.fixture(scope="session")
def axe():
    """The script of axe-core, of the folder that AXE_CORE names or of node_modules."""
    folder = Path(os.environ.get("AXE_CORE", ROOT / "node_modules" / "axe-core"))
    if not (folder / "axe.min.js").is_file():
        pytest.skip("no axe-core: npm install --no-save axe-core, or set AXE_CORE to its folder")
    return (folder / "axe.min.js").read_text(encoding="utf-8")
