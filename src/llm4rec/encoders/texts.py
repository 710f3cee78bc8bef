"""What is and is not a batch of texts. Changes none."""

from __future__ import annotations

from collections.abc import Sequence

from llm4rec.core import DataError


def checked(contents: Sequence[str]) -> Sequence[str]:
    """The batch as it is, if it is one: a text alone, or a None among texts, is refused."""
    if isinstance(contents, str):
        raise DataError("encode takes many texts; for one, pass [text]")
    for row, text in enumerate(contents):
        if not isinstance(text, str):
            raise DataError(f"encode takes texts, but row {row} is {text!r}; pass '' where there is none")
    return contents
