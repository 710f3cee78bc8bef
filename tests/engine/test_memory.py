"""What fitting no longer needs goes back to the system."""

import sys
from pathlib import Path

import numpy as np
import pytest

from llm4rec.engine.memory import give_back

MEGABYTE = 2**20


def resident():
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc keeps free pages and can be asked for them")
def test_freed_blocks_between_used_ones_are_given_back():
    blocks = [np.ones(12_000) for _ in range(2_000)]  # too small to be mapped one by one: 190 MB in all
    kept = blocks[::100]
    before = resident()
    del blocks
    give_back()
    assert before - resident() > 100 * MEGABYTE
    assert all(block.sum() == 12_000 for block in kept)
