"""The page in a real browser: first paint of its list, when it can be used, a slider's move until the new list, and what 50 open pages cost the service.

python -m benchmarks.page_speed [PAGES] [SECONDS]: the sample shop with engine `sequence` and the embedded encoder, SQLite, one worker, headless
Chromium on the same machine. Memory and REST times are taken without pages and with PAGES of them open, sockets included, in one run:
opened by another process that draws nothing, as for visitors with machines of their own, and in the browser here, whose drawing takes
processor from the service; what it takes with as many blank pages stands beside it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import ROOT, keep
from benchmarks.live.server import SERVE, Server
from benchmarks.serving import load
from llm4rec import Engine, sample_shop

PAGES, SECONDS, RATE = 50, 20.0, 100.0
VISITS = 10
OPENING = 30.0  # seconds until a page has to be usable
LEAVING = 10.0  # seconds until pages that are gone are forgotten
MOVE = """async () => {
  const times = [], knob = document.querySelector('.knob input');
  for (const value of [0.3, 0.6, 0.9, 0.2, 0.7, 1, 0.4, 0.8]) {
    const price = document.querySelector('.price'), begin = performance.now();
    const done = new Promise((resolve) => {
      const seen = new MutationObserver(() => { seen.disconnect(); resolve(performance.now() - begin); });
      seen.observe(price, {childList: true, characterData: true, subtree: true});
      setTimeout(() => resolve(-1), 4000);
    });
    knob.value = value;
    knob.dispatchEvent(new Event('input', {bubbles: true}));
    times.push(await done);
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  return times;
}"""
"""Moves of the first slider, and the milliseconds until what it costs stands there: it is written with the new list."""
WATCH = """(() => {
  const times = window.paintTimes = {};
  const painted = (name, where) => {
    const found = () => {
      const title = document.querySelector(where);
      return title !== null && title.textContent !== '' && title.checkVisibility();
    };
    const seen = new MutationObserver(() => {
      if (!found()) return;
      seen.disconnect();
      requestAnimationFrame(() => {
        const after = new MessageChannel();
        after.port1.onmessage = () => { times[name] = performance.now(); };
        after.port2.postMessage(0);
      });
    });
    seen.observe(document, {childList: true, subtree: true, attributes: true, characterData: true});
  };
  painted('list', '.card:not(.bone) h2');
  painted('parts', '#app .card:not(.bone) h2');
  let open = false;
  Object.defineProperty(window, 'did_handshake', {
    get: () => open,
    set: (value) => { open = value; if (value) times.socket ??= performance.now(); },
  });
  new PerformanceObserver((told) => {
    for (const one of told.getEntriesByName('first-contentful-paint')) times.content = one.startTime;
  }).observe({type: 'paint', buffered: true});
})()"""
"""Notes, in milliseconds since the visit began: the first paint of anything, the frame in which titles of items stand, the frame
in which those stand that can be clicked, and the moment when the socket is open."""


def main() -> None:
    given = [float(word) for word in sys.argv[1:]]
    pages, seconds = (*given, *(PAGES, SECONDS)[len(given) :])[:2]
    keep("page-speed", measured(int(pages), seconds))


def measured(pages: int, seconds: float) -> dict[str, Any]:
    """All figures of one service."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shop = sample_shop()
        Engine(model="sequence", tune=False).fit(shop).save(folder / "engine")
        asked = [{"user": user, "n": 10} for user in shop.users.ids.ids[:500]]
        (folder / "asked.json").write_text(json.dumps(asked))
        words = (*SERVE, "engine", "--store", "shop.db", "--port", "{port}")
        with Server(words, folder) as server:
            rest(server, folder, 3.0)
            told = {"pages": pages, "seconds": seconds, "busy": os.getloadavg()[0]}
            told["rest_alone"] = rest(server, folder, seconds)
            return told | visited(server, folder, pages, seconds) | looked(server, folder, pages, seconds)


def visited(server: Server, folder: Path, pages: int, seconds: float) -> dict[str, Any]:
    """What many visitors cost whose browsers are elsewhere."""
    words = [sys.executable, "-m", "benchmarks.workers.open_pages", server.url, str(pages)]
    before = server.resident_mb
    with subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as visitors:
        assert visitors.stdin is not None
        assert visitors.stdout is not None
        assert visitors.stdout.readline() == b"open\n"
        after, beside = server.resident_mb, rest(server, folder, seconds)
        visitors.stdin.close()
    time.sleep(LEAVING)
    return {
        "memory_mb": {"before": before, "with_pages": after},
        "rest_with_pages": beside,
        "rest_alone_after": rest(server, folder, seconds),
    }


def looked(server: Server, folder: Path, pages: int, seconds: float) -> dict[str, Any]:
    """What somebody at the browser sees, and what the service is left by a browser that draws many pages beside it."""
    from playwright.sync_api import sync_playwright

    where = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=where, args=["--no-sandbox"])
        visits, moves = [], []
        for _ in range(VISITS):
            with browser.new_context(base_url=server.url) as context:
                context.add_init_script(WATCH)
                page = opened(context.new_page())
                visits.append(page.evaluate("window.paintTimes"))
                moves += page.evaluate(MOVE)
        contexts = [browser.new_context(base_url=server.url) for _ in range(pages)]
        shown = [context.new_page() for context in contexts]
        blank = rest(server, folder, seconds)
        for page in shown:
            opened(page)
        beside = rest(server, folder, seconds)
        for context in contexts:
            context.close()
        browser.close()
    return {
        "first_paint_ms": spread([max(one["content"], one["list"]) for one in visits]),
        "usable_ms": spread([max(one["parts"], one["socket"]) for one in visits]),
        "slider_ms": spread(moves),
        "rest_beside_blank_pages": blank,
        "rest_beside_browser": beside,
    }


def opened(page: Any) -> Any:
    """The shop window with its list, as it can be used."""
    page.goto("/")
    page.locator("#app .card:not(.bone)").first.wait_for()
    until = time.monotonic() + OPENING
    while not page.evaluate("window.did_handshake && (!window.paintTimes || 'parts' in window.paintTimes)"):
        if time.monotonic() > until:
            raise TimeoutError(f"no socket within {OPENING:g} seconds")
        page.wait_for_timeout(20)
    return page


def spread(values: list[float]) -> dict[str, float]:
    """Median, 95th percentile, largest and how many."""
    p50, p95, most = np.percentile(values, [50, 95, 100]).tolist()
    return {"p50": p50, "p95": p95, "most": most, "times": len(values)}


def rest(server: Server, folder: Path, seconds: float) -> dict[str, Any]:
    """Requests over REST at a steady rate from another process: their times."""
    return load(server, "/v1/recommend", folder / "asked.json", seconds, RATE)


if __name__ == "__main__":
    main()
