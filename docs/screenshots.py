"""Take the pictures of the documentation from a running service: `python docs/screenshots.py`. Nothing in them is drawn by hand.

It stands with the pages whose pictures it makes. The sample shop is fitted, lives through a week of simulated readers
(`--readers`), is served on loopback, and looked at by a headless Chromium. Needs the extras `serve` and `dev`, and Chromium.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from llm4rec.core import DAY, AuditEntry
from llm4rec.core.experiment import NOTE
from llm4rec.data import Moments, WorldConfig, load, shop_simulation, write_folder
from llm4rec.engine import Engine, Settings
from llm4rec.engine.live import Live, open_live
from llm4rec.store import open_store

IMAGES = Path(__file__).parent / "images"
PLAIN = Settings(encoder={"name": "none"}, cache={"folder": "none"})
EXPLORING = {"explore": "plackett-luce", "explore_share": 0.1}
WEEK = 7
MOST = 150_000  # bytes of a picture
BASKET = 40  # readers who ask at the same moment
KINDS = ("click", "purchase", "rating", "dislike")


class Clock:
    """A clock that the week moves."""

    def __init__(self, time: float) -> None:
        self.time = time

    def __call__(self) -> float:
        return self.time


@dataclass(frozen=True)
class Stage:
    """What is served: a folder with engine, store and reports, and a reader with a past."""

    folder: Path
    store: Path
    reader: str


def staged(folder: Path, readers: int) -> Stage:
    """The shop with its engines, a week behind it, and two reports."""
    made = shop_simulation(WorldConfig(readers=readers, days=365), np.random.default_rng(0))
    shop = made.dataset
    for name, model in (("first", {"model": "itemknn"}), ("second", {"model": "sequence", "tune": False})):
        Engine(PLAIN, **model).fit(shop).save(folder / name)
    write_folder(shop, folder / "shop")
    clock = Clock(time.time() - WEEK * DAY)
    given = PLAIN.model_copy(update={"live": type(PLAIN.live)(**EXPLORING)})
    with open_store(str(folder / "shop.db")) as store:
        with open_live(folder / "first", store, settings=given, now=clock) as live:
            _week(live, made, clock, folder / "second")
        counted = np.bincount(shop.interactions.users)
    _reports(folder)
    return Stage(folder, folder / "shop.db", str(shop.users.ids.ids[int(counted.argsort()[-8])]))


def _week(live: Live, made: Any, clock: Clock, second: Path) -> None:
    """Readers ask and take what the truth of the simulation says; half of the week another engine serves."""
    rng = np.random.default_rng(1)
    split = {"variants": {"control": 1.0, "varied": 1.0}, "holdout": 0.0, "salt": ""}
    live.store.note({NOTE + "more-variety": json.dumps(split)})
    begin, opens = clock.time, made.world.config.start + 366 * DAY
    slots = np.sort(rng.uniform(0.0, WEEK, size=WEEK * 18))
    # Evenings are busier than nights.
    slots = slots[rng.random(len(slots)) < 0.35 + 0.65 * np.sin(np.pi * (slots % 1.0)) ** 2]
    for place, day in enumerate(slots.tolist()):
        if live.serving.engine.fitted.name != "sequence" and day > WEEK / 2:
            live.promote(live.register(second, {"ndcg@10": 0.118}).version, "better on held-out events")
        clock.time = begin + day * DAY
        users = rng.choice(len(made.dataset.users), BASKET, replace=False)
        _asked(live, made, users, np.full(BASKET, opens + day * DAY), rng)
        if place == len(slots) // 3:
            live.upsert_items([NEW])
    _reported(live, made)
    live.store.append([AuditEntry("screenshots", "everything before this is written", clock.time)])


NEW = {
    "item": "the-lamp-at-skerry-point",
    "attributes": {
        "title": "The Lamp at Skerry Point",
        "author": "A New Author",
        "categories": ["Sea", "Ghosts"],
        "description": "A retired smuggler keeps a lighthouse on a drowned coast.",
    },
}


def _asked(live: Live, made: Any, users: Any, times: Any, rng: np.random.Generator) -> None:
    """Some readers at one moment."""
    ids = made.dataset.users.ids.ids
    variants = ["varied" if user % 2 else "control" for user in users.tolist()]
    questions = [
        {"user": ids[user], "n": 10, "diversity": 0.6 if variant == "varied" else 0.0}
        | {"experiment": "more-variety", "variant": variant}
        for user, variant in zip(users.tolist(), variants, strict=True)
    ]
    answers = live.recommend_many(questions)
    known = made.dataset.catalog.ids
    slates = np.array([[known.number(item) for item in answer.items] for answer in answers], dtype=np.int64)
    found = made.world.react(Moments(users, times), slates, rng)
    rows = [
        {
            "user": ids[int(users[row])],
            "item": answers[row].items[place],
            "kind": KINDS[found.kinds[row, place]],
        }
        | {"impression": answers[row].impression}
        for row, place in zip(*np.nonzero(found.clicked), strict=True)
    ]
    if rows:
        live.feedback(rows)


def _reported(live: Live, made: Any) -> None:
    """Two books that readers complain about."""
    ids = made.dataset.users.ids.ids
    for user in ids[:2]:
        live.report("dracula", user, "violence", "Too bloody for the list of a twelve-year-old.")
    live.report("moby-dick", ids[3], "other", "The description gives the end away.")


def _reports(folder: Path) -> None:
    """What the commands `evaluate` and `tradeoff` say of the shop, as the page opens them."""
    from llm4rec.core import silent
    from llm4rec.data.splits import split
    from llm4rec.evaluation import Options, evaluate
    from llm4rec.evaluation.tradeoff import Sweep, tradeoff

    loaded = load(folder / "shop")

    def engine_for(name: str, seed: int) -> Engine:
        own = PLAIN.with_model(name, {})
        return Engine(own.model_copy(update={"fit": own.fit.model_copy(update={"seed": seed})}))

    found = evaluate(
        loaded.dataset,
        "leave-last-out",
        ["popular", "itemknn", "ease", "als"],
        engine_for,
        Options(by=("activity",)),
    )
    (folder / "reports" / "shop").mkdir(parents=True)
    (folder / "reports" / "shop" / "figures.json").write_text(json.dumps(found.as_json()))
    asked = split(loaded.dataset, "leave-last-out", loaded.marks)
    sweep = Sweep("mmr,novel", ("popular",), None, 0.02, 3.0)
    traded = tradeoff(
        loaded.dataset, asked, PLAIN.with_model("ease", {}), sweep, folder / "reports" / "ease", silent
    )
    traded.write(folder / "reports" / "ease")


@contextmanager
def served(stage: Stage) -> Iterator[str]:
    """The service over the stage, at an address of loopback."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [
        "serve",
        "--store",
        str(stage.store),
        "--port",
        str(port),
        "--reports",
        str(stage.folder / "reports"),
    ]
    given = {f"LLM4REC_LIVE__{name.upper()}": str(value) for name, value in EXPLORING.items()}
    process = subprocess.Popen(
        [sys.executable, "-m", "llm4rec.apps.cli.main", *words],
        cwd=stage.folder,
        env=os.environ | given | {"LLM4REC_ENCODER__NAME": "none"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + 60
        while time.monotonic() < until and process.poll() is None:
            try:
                urllib.request.urlopen(f"{url}/health", timeout=2).close()
                break
            except OSError:
                time.sleep(0.1)
        else:
            raise RuntimeError("the service did not start")
        yield url
    finally:
        process.terminate()
        process.wait(20)


def main() -> None:
    """Take all pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readers", type=int, default=300)
    parser.add_argument("--output", type=Path, default=IMAGES)
    parser.add_argument("--stage", type=Path, help="a folder of an earlier run, served again")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = given.stage or Path(made)
        fresh = not (folder / "stage.json").is_file()
        if fresh:
            folder.mkdir(parents=True, exist_ok=True)
            stage = staged(folder, given.readers)
            (folder / "stage.json").write_text(json.dumps({"reader": stage.reader}))
        stage = Stage(folder, folder / "shop.db", json.loads((folder / "stage.json").read_text())["reader"])
        with served(stage) as url:
            _called(url)
            photographed(url, stage, given.output)


def _called(url: str) -> None:
    """Some questions over HTTP, so that there is a latency to show."""
    body = json.dumps({"history": ["emma", "dracula"], "n": 10}).encode()
    for _ in range(20):
        asked = urllib.request.Request(f"{url}/v1/recommend", body, {"Content-Type": "application/json"})
        urllib.request.urlopen(asked, timeout=30).close()


def photographed(url: str, stage: Stage, output: Path) -> None:
    """Every picture, and how large it is."""
    from playwright.sync_api import sync_playwright

    output.mkdir(parents=True, exist_ok=True)
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        raise SystemExit("no Chromium is installed; on Debian: apt-get install chromium")
    with sync_playwright() as tool:
        browser = tool.chromium.launch(executable_path=found, args=["--no-sandbox"])
        for shot in SHOTS:
            page = _opened(browser, url, shot)
            shot.act(page, stage)
            page.wait_for_timeout(700)
            data = _small(page.screenshot())
            (output / f"{shot.name}.png").write_bytes(data)
            print(f"{shot.name}.png {len(data):,} bytes")
            assert len(data) < MOST, f"{shot.name}.png has {len(data):,} bytes; {MOST:,} at most"
            page.context.close()
        browser.close()


def _opened(browser: Any, url: str, shot: Shot) -> Any:
    context = browser.new_context(
        viewport={"width": shot.width, "height": shot.height},
        base_url=url,
        color_scheme=shot.light,
        locale="en-US",
    )
    context.set_default_timeout(60_000)
    page = context.new_page()
    page.goto(shot.path)
    return page


def _small(data: bytes) -> bytes:
    """The picture with 128 colours: text and flat colours lose nothing that can be seen."""
    from PIL import Image

    out = io.BytesIO()
    Image.open(io.BytesIO(data)).convert("RGB").quantize(128, dither=Image.Dither.NONE).save(
        out, "PNG", optimize=True
    )
    return out.getvalue()


def _reader(page: Any, stage: Stage) -> None:
    """The shop window of a reader with a past, a knob turned; its price is measured beside answers, and waited for."""
    page.goto(f"/users/{stage.reader}")
    page.get_by_role("button", name="See the list").click()
    page.locator(".card").first.wait_for()
    knob = page.get_by_role("slider", name="Diversity")
    knob.focus()
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    for step in range(60):
        page.wait_for_timeout(3_000)
        if "% of relevance" in page.locator(".price").inner_text():
            return
        page.keyboard.press(("ArrowRight", "ArrowLeft")[step % 2])
    raise SystemExit("the price of the knob is not known after minutes")


def _wish(page: Any, stage: Stage) -> None:
    """A wish in words, read as chips."""
    page.get_by_label("What are you looking for?").fill("like Emma but darker, no romance")
    page.keyboard.press("Enter")
    page.locator(".chip").first.wait_for()
    page.wait_for_timeout(3_000)


def _talk(page: Any, stage: Stage) -> None:
    page.get_by_label("Your message").fill("crime novels, no horror")
    page.keyboard.press("Enter")
    page.locator(".memory .chip").first.wait_for()
    page.wait_for_timeout(3_000)


def _person(page: Any, stage: Stage) -> None:
    page.goto(f"/users/{stage.reader}")
    page.locator("h2").first.wait_for()
    page.wait_for_timeout(3_000)


def _figures(page: Any, stage: Stage) -> None:
    page.locator(".tile").first.wait_for()
    page.locator(".skeleton").first.wait_for(state="detached")


def _drift(page: Any, stage: Stage) -> None:
    _figures(page, stage)
    page.locator(".signals").scroll_into_view_if_needed()
    page.get_by_role("heading", name="Drift").evaluate(
        "one => window.scrollTo(0, one.getBoundingClientRect().top + scrollY - 90)"
    )


def _compare(page: Any, stage: Stage) -> None:
    page.get_by_role("button", name="figures.json").click()
    page.get_by_role("group", name="Models").wait_for()


def _curve(page: Any, stage: Stage) -> None:
    page.get_by_role("button", name="tradeoff.json").click()
    page.locator("circle.spot").first.wait_for()


@dataclass(frozen=True)
class Shot:
    """A picture: its name, where, what is done first, how large and in which light."""

    name: str
    path: str
    act: Callable[[Any, Stage], None]
    width: int = 1280
    height: int = 860
    light: str = "light"


SHOTS = (
    Shot("shop", "/users", _reader),
    Shot("wish", "/", _wish),
    Shot("phone", "/", _wish, 390, 844, "dark"),
    Shot("chat", "/chat", _talk),
    Shot("person", "/users", _person),
    Shot("dashboard", "/dashboard", _figures),
    Shot("dashboard-dark", "/dashboard", _drift, light="dark"),
    Shot("evaluation", "/reports", _compare),
    Shot("tradeoff", "/reports", _curve),
)


if __name__ == "__main__":
    main()
