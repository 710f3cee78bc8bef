"""A process gives the memory of large arrays back, whatever small things were made between them."""

import subprocess
import sys

import pytest

HELD = """
import os
import numpy as np
from llm4rec.apps.rest.memory import large_blocks_go_back

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

if {asked} and not large_blocks_go_back():
    print("unknown")
    raise SystemExit
for _ in range(3):
    np.ones(3_900_000)  # 31 MB, freed at once
before = resident()
arrays, small = [], []
for _ in range(8):
    arrays.append(np.ones(2_000_000))
    small.append(bytes(100_000))
arrays.clear()
print(resident() - before)
"""


def held(asked):
    done = subprocess.run(
        [sys.executable, "-c", HELD.format(asked=asked)], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the C library is another elsewhere")
def test_large_arrays_go_back():
    told = held(asked=True)
    if told == "unknown":
        pytest.skip("this C library has no such option")
    assert float(held(asked=False)) > 60  # else there is nothing to ask for
    assert float(told) < 20
