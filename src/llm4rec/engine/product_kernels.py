"""Keeping the best of many products a row, compiled. Knows nothing of people, requests or ids."""

from __future__ import annotations

from typing import Any, NamedTuple

from llm4rec.engine.numba_kernels import compiled

BLOCK = 32  # scores looked at together: most blocks hold nothing that matters


class Lists(NamedTuple):
    """Row by row: the best items so far, best first, and their values (rows, k), equal values in the order of item
    numbers; and the items that are passed over, `hidden[bounds[row]:bounds[row + 1]]`, ascending.
    """

    best: Any
    values: Any
    bounds: Any
    hidden: Any


@compiled
def keep_best(lists: Lists, rows: Any, numbers: Any, scores: Any) -> None:
    """Offer `scores` (rows, numbers) of the items `numbers` to the lists of `rows`."""
    for place in range(len(rows)):
        row, line = rows[place], scores[place]
        least = lists.values[row, -1]
        for start in range(0, len(numbers), BLOCK):
            stop = min(start + BLOCK, len(numbers))
            if _highest(line, start, stop) < least:
                continue
            for column in range(start, stop):
                if line[column] >= least and offer(lists, row, numbers[column], line[column]):
                    least = lists.values[row, -1]


@compiled
def _highest(line: Any, start: int, stop: int) -> Any:
    highest = line[start]
    if stop - start == BLOCK:  # a length known in advance is one or two instructions
        for step in range(BLOCK):
            highest = max(highest, line[start + step])
    else:
        for column in range(start, stop):
            highest = max(highest, line[column])
    return highest


@compiled
def offer(lists: Lists, row: int, item: int, value: Any) -> bool:
    """Put an item into the list of a row where it belongs; the last one falls out. Whether it was put there."""
    best, values = lists.best[row], lists.values[row]
    place = len(best) - 1
    if value < values[place] or (value == values[place] and item > best[place]):
        return False
    if _among(item, lists.hidden, lists.bounds[row], lists.bounds[row + 1]):
        return False
    while place > 0 and (
        values[place - 1] < value or (values[place - 1] == value and best[place - 1] > item)
    ):
        values[place] = values[place - 1]
        best[place] = best[place - 1]
        place -= 1
    values[place] = value
    best[place] = item
    return True


@compiled
def _among(item: int, items: Any, low: int, end: int) -> bool:
    """Whether `item` stands in items[low:end], ascending."""
    high = end
    while low < high:
        middle = (low + high) // 2
        if items[middle] < item:
            low = middle + 1
        else:
            high = middle
    return low < end and items[low] == item
