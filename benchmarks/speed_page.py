"""What the page of figures says of time and memory. Measures nothing itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmarks.blocks import Page
from benchmarks.cells import head, row
from benchmarks.live.page import served
from benchmarks.memory import MODELS

SHARES = ("p50", "p95", "p99")
PEAKS = ("reading_mb", "fitting_mb", "ranking_mb")


def speed(page: Page) -> Iterator[str]:
    """Latency, start-up, the service, encoding, lists for everybody, full ranking."""
    yield "## Speed\n"
    yield from page.block("latency", latency)
    yield from page.block("startup", startup)
    yield from page.block("store", stored)
    yield from served(page)
    yield from page.block("encoder-throughput", encoding)
    yield from page.block("als_speed", sweeps)
    yield from page.block("recommend_all", lists_for_all)
    yield from page.block("growth", growth)
    yield from page.block("memory", memory, needs=MODELS)


def latency(found: dict[str, Any]) -> Iterator[str]:
    """One request through the engine."""
    yield (
        f"One request through `Engine.recommend` at {found['items']:,} items on one core, {found['requests']:,} requests "
        "(`python -m benchmarks.latency`), milliseconds:\n"
    )
    yield head("request", *SHARES)
    for kind in ("known_user", "bare_history"):
        yield row(kind.replace("_", " "), *(found[kind][share] for share in SHARES))
    yield ""


def startup(found: dict[str, Any]) -> Iterator[str]:
    """Whole processes."""
    told = ", ".join(f"`{what}` {took['median']} s (best {took['best']} s)" for what, took in found.items())
    yield f"Start-up, whole process, median of nine (`python -m benchmarks.startup`): {told}.\n"


def stored(found: dict[str, Any]) -> Iterator[str]:
    """What a store acknowledges a second."""
    yield "The store, one process, every row durable when it is acknowledged (`python -m benchmarks.store`):\n"
    asked = ("feedback a second, batches of 100", "impressions of ten slots a second, 64 in flight")
    yield head("store", *asked, "feedback a second, one by one", "last 50 events of a user, ms")
    for kind, told in found.items():
        yield row(kind, *(f"{value:,}" for value in told.values()))
    yield ""


def encoding(found: dict[str, Any]) -> Iterator[str]:
    """Texts a second, beside the bare library."""
    yield (
        f"Encoding the catalog beside the bare library, in turns (`python -m benchmarks.encoder_throughput`): "
        f"{found['ours_texts_per_s']:.0f} texts a second against {found['library_texts_per_s']:.0f}, ratio {found['ratio']:.2f}.\n"
    )


def sweeps(found: dict[str, Any]) -> Iterator[str]:
    """ALS beside implicit's, least times of several, in turns."""
    yield "One sweep of `als` over people and items beside implicit's, seconds (`python -m benchmarks als_speed`):\n"
    yield head("data", "factors", "threads", "ours", "implicit", "ratio")
    for name, told in found.items():
        for one in told["speed"]:
            cells = [f"{one['ours_s']:.3f}", f"{one['implicit_s']:.3f}", f"{one['ratio']:.2f}"]
            yield row(name, one["factors"], one["threads"], *cells)
    yield ""
    accuracy = [
        f"{name}, {one['factors']} factors: ours {one['ours']:.4f}, with fading histories {one['ours_fading']:.4f}, implicit "
        f"{one['implicit']:.4f}"
        for name, told in found.items()
        for one in told["accuracy"]
    ]
    if accuracy:
        yield f"NDCG@10 on validation, settings of both chosen there: {'; '.join(accuracy)}.\n"


def lists_for_all(found: list[dict[str, Any]]) -> Iterator[str]:
    """Ten items for everybody, beside implicit's."""
    yield (
        "Ten items for everybody, `Engine.recommend_all` of `als` from histories to ids beside implicit's `recommend` from its user "
        "factors to numbers (`python -m benchmarks recommend_all`):\n"
    )
    took = ("ours s", "implicit s", "times faster")
    yield head("data", "factors", "threads", *took, "added MB, ours", "added MB, implicit")
    for one in found:
        cells = [f"{one['ours_s']:.2f}", f"{one['implicit_s']:.2f}", f"{one['times_faster']:.1f}"]
        cells += [f"{one['ours_added_mb']:.0f}", f"{one['implicit_added_mb']:.0f}"]
        yield row(one["data"], one["factors"], one["threads"], *cells)
    yield ""


def growth(found: dict[str, Any]) -> Iterator[str]:
    """Ranking everything at three sizes."""
    sizes = [f"{one['users']:,} × {one['items']:,}" for one in next(iter(found.values()))]
    yield "Full ranking, CPU seconds a million pairs of user and item (`python -m benchmarks.growth`):\n"
    yield head("model", *sizes)
    for model, rows in found.items():
        yield row(model, *(f"{one['per_million_pairs']:.4f}" for one in rows))
    yield ""


def memory(found: dict[str, Any]) -> Iterator[str]:
    """Peaks by model and step."""
    yield "Peak MB on `amazon-games`, 50,546 people × 16,859 items, by step (`python -m benchmarks.memory`):\n"
    yield head("model", "reading", "fitting", "full ranking")
    for model, told in found.items():
        yield row(model, *(f"{told[key]:.0f}" if key in told else "failed" for key in PEAKS))
    yield ""
