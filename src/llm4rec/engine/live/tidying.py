"""Folders that refits left behind: the newest stay, and whatever serves or may have to serve again. Removes no others."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from llm4rec.engine.folder import MANIFEST
from llm4rec.engine.live.registry import Registry

OWN = re.compile(r"(-refit-\d+-[0-9a-f]{6})+$")
"""How the name of a folder ends that a refit made."""


def tidied(registry: Registry, keep: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Remove engine folders of refits but the newest `keep`; names of those removed, and what could not be, with the reason.

    The versions that serve, are shadows, or that a rollback leads to stay, however old. Their records stay all the same.
    """
    standing = registry.standing()
    needed = {standing.serving, standing.before, standing.shadow}
    made = [record for record in standing.known.values() if OWN.search(Path(record.folder).name)]
    newest = sorted(made, key=lambda record: record.time)[::-1]
    gone, left = [], []
    for record in newest[keep:]:
        folder = Path(record.folder)
        if record.version in needed or not (folder / MANIFEST).is_file():
            continue
        try:
            shutil.rmtree(folder)
            gone.append(folder.name)
        except OSError as error:
            left.append(f"{folder.name}: {error.strerror or error}")
    return tuple(gone), tuple(left)
