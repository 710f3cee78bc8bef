"""What the page of figures says of the running service. Measures nothing itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmarks.blocks import Page
from benchmarks.cells import head, row
from benchmarks.faults import PARTS


def served(page: Page) -> Iterator[str]:
    """What the service answers a second over HTTP."""
    yield from page.block("serving", serving)
    yield from page.block("page-speed", page_speed)
    yield from page.block("faults", faults, needs=(*PARTS, "kills_postgresql"))


def serving(found: dict[str, Any]) -> Iterator[str]:
    """Loads, and what an answer costs at other sizes."""
    yield (
        f"The service, one worker, engine `sequence` on {found['items']:,} items and {found['users']:,} drawn users, SQLite, "
        f"impressions logged; load from a second process over {found['connections']} connections, {found['cores']} cores "
        f"for both, {found['busy']:.1f} processes already running (`python -m benchmarks.serving`):\n"
    )
    yield head("load", "answers a second", "median, ms", "slowest hundredth, ms", "failed")
    rows = {
        "recommend, as fast as it goes": found["recommend"],
        **(
            {"recommend, two workers": found["recommend_two_workers"]}
            if "recommend_two_workers" in found
            else {}
        ),
        "recommend, 300 a second": found["recommend_at_300"],
        "feedback, batches of 100": found["feedback"],
        "a bare FastAPI route, before": found["bare"][0],
        "a bare FastAPI route, after": found["bare"][1],
        **({} if "missing" in found["cornac"] else {"Cornac's server": found["cornac"]}),
    }
    for name, told in rows.items():
        yield row(name, f"{told['per_s']:,}", told["p50_ms"], told["p99_ms"], told["failed"])
    yield f"\nThat is {found['ratio_to_bare']} of the bare route, and {found['feedback_rows_per_s']:,} rows of feedback a second.\n"
    yield from sized(found)


def sized(found: dict[str, Any]) -> Iterator[str]:
    """What a request costs at other sizes, and which other server there was."""
    yield (
        "What one answer costs the processor of the server, all of it, under the first load; and the slowest hundredth at 300 a second for "
        "the first seconds of a service, which prepares lists with knobs and measures their prices then:\n"
    )
    yield head(
        "items", "users", "ms of the processor", "answers a second", "slowest hundredth at the start, ms"
    )
    for told in sorted(found["sizes"], key=lambda one: (one["users"], one["items"])):
        size = [f"{told[what]:,}" for what in ("items", "users")]
        yield row(*size, told["processor_ms"], f"{told['per_s']:,}", told.get("p99_ms_at_the_start", ""))
    yield ""
    if "missing" in found["cornac"]:
        yield f"No other library's server was measured: {found['cornac']['missing']}\n"
    else:
        yield (
            "Cornac's row is its own serving application (Flask) under gunicorn, one worker of four threads, BPR on the same rows: "
            "it logs nothing, and knows nothing that came after the fit.\n"
        )


WHILE = {
    "alone": "no page is open",
    "with_pages": "pages are open, by a process that draws nothing",
    "alone_after": "they are gone again",
    "beside_blank_pages": "a browser on the same machine has as many blank pages open",
    "beside_browser": "the browser draws the pages",
}


LOOKED = {
    "first_paint_ms": "first paint of the shop window with its list, ms",
    "usable_ms": "shop window can be used (parts drawn, socket open), ms",
    "slider_ms": "slider moved to new list, ms",
}


def page_speed(found: dict[str, Any]) -> Iterator[str]:
    """The page in a browser, and what open pages cost."""
    memory = found["memory_mb"]
    ways = {name: found[f"rest_{name}"] for name in WHILE}
    yield "The page in headless Chromium on the same machine, sample shop (`python -m benchmarks.page_speed`):\n"
    yield head("what", "median", "95th of 100", "largest", "times")
    for name, took in ((told, found[key]) for key, told in LOOKED.items() if key in found):
        yield row(name, *(f"{took[which]:.0f}" for which in ("p50", "p95", "most")), took["times"])
    yield (
        f"\n{found['pages']} open pages with their sockets: resident memory from {memory['before']:.0f} to {memory['with_pages']:.0f} MB. "
        "REST at 100 a second meanwhile:\n"
    )
    yield head("while", "median, ms", "slowest hundredth, ms")
    for name, told in WHILE.items():
        yield row(told, ways[name]["p50_ms"], ways[name]["p99_ms"])
    yield ""


def faults(found: dict[str, Any]) -> Iterator[str]:
    """A service that is killed, promoted under load, and watched."""
    yield "A running service put to the test (`python -m benchmarks.faults`), SQLite unless said otherwise:\n"
    yield head("what", "how much", "result")
    for name, store in (("kills", "SQLite"), ("kills_postgresql", "PostgreSQL")):
        rounds = found[name]["rounds"]
        lost, doubled, unheard = (sum(one[what] for one in rounds) for what in ("lost", "doubled", "unheard"))
        yield row(
            f"`kill -9` while feedback is posted, {store}",
            f"{len(rounds)} rounds of {rounds[0]['posts']:,} posts",
            f"{lost} lost, {doubled} kept twice; {unheard} kept whose answer nobody heard, all told to be there when sent again; "
            f"counts even in {found[name]['even']} rounds",
        )
    told = found["promotions"]
    yield row(
        "promotions under load",
        f"{told['promotions']}, {told['answers']:,} answers",
        f"{told['failed']} failed, {told['mixed']} mixed versions, {told['stale']} of an older version after the promotion",
    )
    told = found["seen"]
    asked = f"{told['users']:,} people"
    yield row("feedback in the very next answer", asked, f"{told['users'] - told['not_seen']:,}")
    told = found["soak"]
    yield row(
        "a long run",
        f"{told['minutes']} minutes, {told['asked']:,} questions",
        f"{told['failed']} failed; resident memory from {told['first_mb']} to {told['last_mb']} MB ({told['growth']:+.1%}), once all "
        "that is bounded was full",
    )
    yield ""
