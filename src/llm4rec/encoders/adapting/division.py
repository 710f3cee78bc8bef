"""What is held out inside training: whole texts, items or users, by a hash. Knows nothing of tasks.

A hash, not a draw: a text falls into the same part in every task, in old and in new data, and however often it stands there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import DataError

SPAN = float(2**64)


def plain(text: str) -> str:
    """A text as it is compared with others: lower case, white space of one kind."""
    return " ".join(text.lower().split())


def held_out(groups: Sequence[str], share: float, seed: int, task: str) -> NDArray[np.bool_]:
    """Which rows are for validation, (groups,): all rows of about `share` of the groups.

    At least one group is held out and one is not; DataError where there are not two.
    """
    chance = {group: _chance(group, seed) for group in dict.fromkeys(groups)}
    if len(chance) < 2:
        raise DataError(
            f"task {task!r} has examples of {len(chance)} distinct text, item or user, but needs two: "
            "one to learn from and one to check with. Bring more data, or leave the task out"
        )
    ordered = sorted(chance, key=lambda group: (chance[group], group))
    bound = min(max(share, chance[ordered[0]]), chance[ordered[-2]])
    return np.array([chance[group] <= bound for group in groups], dtype=bool)


def _chance(group: str, seed: int) -> float:
    key = seed.to_bytes(16, "little")
    digest = hashlib.blake2b(group.encode("utf-8", "surrogatepass"), digest_size=8, key=key).digest()
    return int.from_bytes(digest, "little") / SPAN
