"""The page of figures in blocks: one whose results are here is written anew, any other stands as it was. Knows no benchmark.

A block lies between the lines `<!-- result: NAME -->` and `<!-- end -->`, which a reader of the page does not see. NAME is that of a
file in out/benchmarks, NAME/PART what stands there under PART.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from benchmarks.common import result
from llm4rec.core import DataError

MARK = re.compile(r"<!-- result: (\S+) -->")
END = "<!-- end -->"
ABSENT = "not measured for this page yet"


class Page:
    """A page as it stood, and what of it is written anew.

    `anew` are the blocks that were, `lacking` those that stood although something of theirs is here, with what is missing.
    """

    def __init__(self, text: str) -> None:
        self.stood = dict(blocks_of(text))
        self.anew: list[str] = []
        self.lacking: dict[str, list[str]] = {}
        self._asked: set[str] = set()

    def block(
        self, key: str, write: Callable[[Any], Iterable[str]], needs: Collection[str] = (), within: str = ""
    ) -> Iterator[str]:
        """The lines that `write` makes of what was measured, where all that `needs` names is there; else the block as it stood.

        `needs` are keys of the result, or of its part `within`: without them a table would lose rows that others measured.
        """
        name, _, part = key.partition("/")
        found = inner(result(name), part)
        missing = [one for one in needs if one not in (inner(found, within) or ())]
        if found is None:
            yield from self.marked(key)
        elif missing:
            self.lacking[key] = missing
            yield from self.marked(key)
        else:
            self.anew.append(key)
            yield from self.marked(key, "\n".join(write(found)).strip("\n") + "\n")

    def marked(self, key: str, text: str | None = None) -> Iterator[str]:
        """A block with this text; without one, with what stood there."""
        self._asked.add(key)
        yield f"<!-- result: {key} -->"
        yield self.stood.get(key, f"`{key}`: {ABSENT}.\n") if text is None else text
        yield f"{END}\n"

    def whole(self, lines: Iterable[str]) -> str:
        """The new page. DataError where a block that stood is in none of `lines`: its figures would be lost."""
        text = "\n".join(lines).rstrip() + "\n"
        lost = [key for key in self.stood if key not in self._asked]
        if lost:
            raise DataError(
                f"nothing writes the block {lost[0]!r} of the page any more; name it anew there or take it out"
            )
        return text


def blocks_of(text: str) -> Iterator[tuple[str, str]]:
    """Names and texts of the blocks of a page; DataError where one is open, is not opened, or is there twice."""
    name, inside, seen = "", list[str](), set[str]()
    for number, line in enumerate(text.split("\n"), 1):
        mark = MARK.fullmatch(line)
        if (mark and name) or (line == END and not name):
            raise DataError(
                f"line {number} of the page: {line!r} {f'inside {name!r}' if name else 'ends nothing'}"
            )
        if mark:
            name, inside = mark[1], []
            if name in seen:
                raise DataError(f"line {number} of the page: {name!r} is there twice")
            seen.add(name)
        elif line == END:
            yield name, "\n".join(inside)
            name = ""
        else:
            inside.append(line)
    if name:
        raise DataError(f"the block {name!r} of the page has no {END!r}")


def inner(found: Any, way: str) -> Any:
    """What stands under A/B of nested mappings, everything under ""; None where there is nothing."""
    for step in filter(None, way.split("/")):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found
