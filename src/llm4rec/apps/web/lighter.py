"""The document of the page's library without what no page of ours uses: its Quasar parts, its styles and fonts.

Where another version of the library writes it otherwise, it stays as it is: pages are then slower, not broken.
"""

from __future__ import annotations

import re

UNUSED = re.compile(
    rb'@import url\("[^"]*/(?:fonts|nicegui|quasar[\w.]*)\.css"\)[^;]*;'
    rb'|<script defer src="[^"]*/(?:quasar[\w.]*|lang/[\w.-]+)\.js"></script>'
)


def lighter(document: bytes) -> bytes:
    """The document without it."""
    head, mark, rest = document.partition(b'<div id="early"')
    return UNUSED.sub(b"", head) + mark + rest
