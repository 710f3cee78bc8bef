"""What the page of figures says of time and memory. Measures nothing itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmarks.blocks import block
from benchmarks.live.page import served

PEAKS = ("reading_mb", "fitting_mb", "ranking_mb")


def speed() -> Iterator[str]:
    """Latency, start-up, the service, encoding, lists for everybody, full ranking."""
    yield "## Speed\n"
    yield from block("latency", latency)
    yield from block("startup", startup)
    yield from block("store", stored)
    yield from served()
    yield from block("encoder-throughput", encoding)
    yield from block("als_speed", sweeps)
    yield from block("recommend_all", lists_for_all)
    yield from block("growth", growth)
    yield from block("memory", memory)


def latency(found: dict[str, Any]) -> Iterator[str]:
    """One request through the engine."""
    yield (
        f"One request through `Engine.recommend` at {found['items']:,} items on one core, {found['requests']:,} requests "
        "(`python -m benchmarks.latency`), milliseconds:\n"
    )
    yield "| request | p50 | p95 | p99 |\n|---|---|---|---|"
    for kind in ("known_user", "bare_history"):
        row = found[kind]
        yield f"| {kind.replace('_', ' ')} | {row['p50']} | {row['p95']} | {row['p99']} |"
    yield ""


def startup(found: dict[str, Any]) -> Iterator[str]:
    """Whole processes."""
    told = ", ".join(f"`{what}` {row['median']} s (best {row['best']} s)" for what, row in found.items())
    yield f"Start-up, whole process, median of nine (`python -m benchmarks.startup`): {told}.\n"


def stored(found: dict[str, Any]) -> Iterator[str]:
    """What a store acknowledges a second."""
    yield "The store, one process, every row durable when it is acknowledged (`python -m benchmarks.store`):\n"
    yield (
        "| store | feedback a second, batches of 100 | impressions of ten slots a second, 64 in flight | "
        "feedback a second, one by one | last 50 events of a user, ms |\n|---|---|---|---|---|"
    )
    for kind, row in found.items():
        yield f"| {kind} | {' | '.join(f'{value:,}' for value in row.values())} |"
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
    yield "| data | factors | threads | ours | implicit | ratio |\n|---|---|---|---|---|---|"
    for name, told in found.items():
        for row in told["speed"]:
            cells = [f"{row['ours_s']:.3f}", f"{row['implicit_s']:.3f}", f"{row['ratio']:.2f}"]
            yield f"| {name} | {row['factors']} | {row['threads']} | {' | '.join(cells)} |"
    yield ""
    accuracy = [
        f"{name}, {row['factors']} factors: ours {row['ours']:.4f}, with fading histories {row['ours_fading']:.4f}, implicit "
        f"{row['implicit']:.4f}"
        for name, told in found.items()
        for row in told["accuracy"]
    ]
    if accuracy:
        yield f"NDCG@10 on validation, settings of both chosen there: {'; '.join(accuracy)}.\n"


def lists_for_all(found: list[dict[str, Any]]) -> Iterator[str]:
    """Ten items for everybody, beside implicit's."""
    yield (
        "Ten items for everybody, `Engine.recommend_all` of `als` from histories to ids beside implicit's `recommend` from its user "
        "factors to numbers (`python -m benchmarks recommend_all`):\n"
    )
    yield (
        "| data | factors | threads | ours s | implicit s | times faster | added MB, ours | added MB, implicit |\n"
        "|---|---|---|---|---|---|---|---|"
    )
    for row in found:
        cells = [f"{row['ours_s']:.2f}", f"{row['implicit_s']:.2f}", f"{row['times_faster']:.1f}"]
        cells += [f"{row['ours_added_mb']:.0f}", f"{row['implicit_added_mb']:.0f}"]
        yield f"| {row['data']} | {row['factors']} | {row['threads']} | {' | '.join(cells)} |"
    yield ""


def growth(found: dict[str, Any]) -> Iterator[str]:
    """Ranking everything at three sizes."""
    sizes = [f"{row['users']:,} × {row['items']:,}" for row in next(iter(found.values()))]
    yield "Full ranking, CPU seconds a million pairs of user and item (`python -m benchmarks.growth`):\n"
    yield f"| model | {' | '.join(sizes)} |\n|{'---|' * (len(sizes) + 1)}"
    for model, rows in found.items():
        yield f"| {model} | {' | '.join(format(row['per_million_pairs'], '.4f') for row in rows)} |"
    yield ""


def memory(found: dict[str, Any]) -> Iterator[str]:
    """Peaks by model and step."""
    yield "Peak MB on `amazon-games`, 50,546 people × 16,859 items, by step (`python -m benchmarks.memory`):\n"
    yield "| model | reading | fitting | full ranking |\n|---|---|---|---|"
    for model, row in found.items():
        cells = [format(row[key], ".0f") if key in row else "failed" for key in PEAKS]
        yield f"| {model} | {' | '.join(cells)} |"
    yield ""
