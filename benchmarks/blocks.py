"""The page of figures in blocks: what was measured here is written anew, the rest stands as the page has it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from benchmarks.common import ROOT, result

PAGE = ROOT / "docs" / "benchmarks.md"
END = "<!-- end -->"
BLOCK = re.compile(rf"^<!-- result: (\S+) -->\n(.*?)\n{END}$", re.DOTALL | re.MULTILINE)


def block(key: str, write: Callable[[Any], Iterator[str]]) -> Iterator[str]:
    """The lines that `write` makes of the result NAME, or of its part in NAME/PART; those of the page where there is none."""
    found = measured(key)
    yield f"<!-- result: {key} -->"
    if found is None:
        yield standing().get(key, f"`{key}`: not measured yet.\n")
    else:
        yield from write(found)
    yield f"{END}\n"


def measured(key: str) -> Any:
    """What out/benchmarks holds under NAME or NAME/PART; None where it was not measured here."""
    name, _, part = key.partition("/")
    content = result(name)
    return content.get(part) if content and part else content


@cache
def standing() -> Mapping[str, str]:
    """The text of each block of the page as it is."""
    text = PAGE.read_text(encoding="utf-8") if PAGE.is_file() else ""
    return dict(BLOCK.findall(text))
