"""What a process that runs for weeks asks of the C library: memory of large arrays goes back as soon as they are let go."""

from __future__ import annotations

import ctypes
import sys

LARGE = 4 << 20
"""Bytes from which a block is mapped by itself, and unmapped when it is freed."""
MAPPED_FROM = -3  # M_MMAP_THRESHOLD of mallopt(3)


def large_blocks_go_back() -> bool:
    """Ask for it; false where the C library does not know it (all but glibc), which changes nothing.

    glibc raises that bound to 32 MB as larger blocks are freed. Arrays below it then share the heap with small things that
    stay, and what was the largest need of a moment is held from then on.
    """
    if not sys.platform.startswith("linux"):
        return False
    option = getattr(ctypes.CDLL(None), "mallopt", None)
    return option is not None and bool(option(MAPPED_FROM, LARGE))
