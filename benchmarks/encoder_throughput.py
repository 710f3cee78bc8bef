"""Texts a second of our encoder beside the bare sentence-transformers library, on the same texts and weights.

The library gets the same precision and the best of several batch sizes; both are warm, and turns are taken,
so that a busy machine slows both alike. Prints one JSON object. Ends with 3 where the data set is missing.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.common import keep
from llm4rec.encoders import SentenceConfig, SentenceEncoder
from llm4rec.encoders.weights import packaged

ITEMS = Path(__file__).resolve().parents[2] / "shared" / "data" / "goodbooks" / "items.parquet"
TEXTS = 3000
TURNS = 3
BATCH_SIZES = (16, 32, 64)


def book_texts() -> list[str]:
    if not ITEMS.is_file():
        sys.stderr.write(f"data set missing: {ITEMS}; lay the shared data folder beside the project\n")
        raise SystemExit(3)
    books = pl.read_parquet(ITEMS).head(TEXTS)
    return [f"{title}. {authors}" for title, authors in zip(books["title"], books["authors"], strict=True)]


def bare_library(precision: str) -> Any:
    import torch
    from sentence_transformers import SentenceTransformer

    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    return SentenceTransformer(
        str(packaged()), device="cpu", local_files_only=True, model_kwargs={"dtype": dtype}
    )


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the wall and on the processor."""
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - processor


def best_batch_size(library: Any, texts: list[str]) -> int:
    def cost(size: int) -> float:
        return timed(lambda: library.encode(texts, batch_size=size, show_progress_bar=False))[1]

    return min(BATCH_SIZES, key=cost)


def measure() -> dict[str, Any]:
    texts = book_texts()
    encoder = SentenceEncoder(SentenceConfig())
    library = bare_library(encoder.precision)
    ours, theirs = encoder.encode(texts[:500]), library.encode(texts[:500], show_progress_bar=False)
    size = best_batch_size(library, texts[:1000])
    turns = [
        (
            timed(lambda: encoder.encode(texts)),
            timed(lambda: library.encode(texts, batch_size=size, show_progress_bar=False)),
        )
        for _ in range(TURNS)
    ]
    wall, processor = np.median(np.array(turns), axis=0).T  # each (ours, library)
    cosines = (ours * theirs).sum(axis=1) / np.linalg.norm(ours, axis=1) / np.linalg.norm(theirs, axis=1)
    return {
        "ours_texts_per_s": round(len(texts) / wall[0], 1),
        "library_texts_per_s": round(len(texts) / wall[1], 1),
        "ratio": round(wall[1] / wall[0], 3),
        "ratio_of_processor_time": round(processor[1] / processor[0], 3),
        "ours_texts_per_core_s": round(len(texts) / processor[0], 1),
        "library_batch_size": size,
        "precision": encoder.precision,
        "smallest_cosine_between_both": round(float(cosines.min()), 5),
        "texts": len(texts),
        "turns": TURNS,
    }


def main() -> None:
    result = measure()
    keep("encoder-throughput", result)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
