"""Work on the rows of an array by all cores at once. Knows nothing of what the work is.

Threads, not processes: for work that releases Python's lock, as numpy and compiled kernels do. How the rows are parted
never changes a result as long as a row is worked on by itself.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION as AT_AN_ERROR
from concurrent.futures import ThreadPoolExecutor, wait

BLOCKS = 8  # blocks a thread: rows of different length even out


def threads() -> int:
    """Cores this process may use; OMP_NUM_THREADS says otherwise, as for other numerical libraries."""
    told = os.environ.get("OMP_NUM_THREADS", "")
    if told.isdecimal() and int(told) > 0:
        return int(told)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def by_blocks(work: Callable[[int, int], object], rows: int, least: int = 256) -> None:
    """work(start, stop) for consecutive blocks that cover `rows`, at least `least` rows each.

    An exception or an interruption passes through once the blocks at work are done; those not begun are dropped.
    """
    crew = threads()
    size = max(least, -(-rows // (BLOCKS * crew)))
    starts = range(0, rows, size)
    if crew == 1 or len(starts) <= 1:
        for start in starts:
            work(start, min(start + size, rows))
        return
    pool = ThreadPoolExecutor(min(crew, len(starts)))
    try:
        jobs = [pool.submit(work, start, min(start + size, rows)) for start in starts]
        for job in wait(jobs, return_when=AT_AN_ERROR).done:
            job.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
