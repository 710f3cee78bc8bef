"""Text of others made plain: one form, visible characters, no markup, a cap, a fence. Judges nothing."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence

TITLE, QUERY = 120, 300  # most characters of an item's name, and of what a person wrote
_LINK = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_MARKUP = re.compile(r"<\|?[^<>\n]{0,200}\|?>|\[/?(?:INST|SYS)\]", re.IGNORECASE)
_LOOK = dict(
    zip(
        "АВЕЅЗКМНОРСТУХІЈаеорсухіјѕһԁԛԝԍΑΒΕΖΗΙΚΜΝΟΡΤΥΧαορνικτεуԌɡɑıⅼ",
        "ABES3KMHOPCTYXIJaeopcyxijshdqwgABEZHIKMNOPTYXaopvikteyGgail",
        strict=True,
    )
)
"""Letters that look like Latin ones, by the letter that a reader takes them for (a small part of Unicode TS 39)."""


def plain(text: str, most: int = TITLE) -> str:
    """One line of visible characters: NFKC; no control, zero-width or direction characters, markup or links; cut at `most`."""
    # Normalising can make a text eighteen times as long, and markup is cut away: some more is read than kept.
    text = text[: 4 * most + 1_000].encode("utf-8", "replace").decode()
    seen = text
    if not (text.isascii() and text.isprintable()):
        spaced = (" " if c.isspace() else c for c in unicodedata.normalize("NFKC", text))
        seen = "".join(c for c in spaced if c.isprintable() or unicodedata.category(c)[0] != "C")
    seen = _MARKUP.sub(" ", _LINK.sub(" ", seen))
    return " ".join(seen.split())[:most].rstrip()


def fenced(lines: Sequence[str], what: str) -> str:
    """Lines of data between marks that none of them can hold: the marks are drawn from the lines themselves."""
    mark = hashlib.blake2b("\n".join(lines).encode(), digest_size=6).hexdigest()
    return "\n".join([f"<{what} {mark}>", *lines, f"</{what} {mark}>"])


def latin(text: str) -> str:
    """Letters that look like Latin ones as those, accents gone, one character for one: for matching, not for showing."""
    return text if text.isascii() else "".join(c if c.isascii() else _base(c) for c in text)


def skeleton(text: str) -> str:
    """`latin` in small letters, as long as the text: what a reader takes a plain text for."""
    if text.isascii():
        return text.lower()
    return "".join(c if len(c) == 1 else c[0] for c in (letter.lower() for letter in latin(text)))


def looks_latin(letter: str) -> bool:
    """Whether a letter of another script is taken for a Latin one."""
    return letter in _LOOK and not unicodedata.name(letter).startswith("LATIN")


def _base(letter: str) -> str:
    found = _LOOK.get(letter) or unicodedata.normalize("NFKD", letter)[0]
    return _LOOK.get(found, found)
