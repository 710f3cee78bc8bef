"""What people say of their own profiles, beside the tables of a data set: a line of JSON a person. Learnt from by nobody."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from llm4rec.core import DataError, ProfileEdits, SettingsError

FILE = "edits.jsonl"


def write_edits(edits: Mapping[str, ProfileEdits], folder: Path) -> None:
    """Write the edits of a folder, where there are any."""
    lines = [
        json.dumps({"user_id": user, "edits": told.as_json()}, ensure_ascii=False)
        for user, told in edits.items()
    ]
    if lines:
        (folder / FILE).write_text("\n".join(lines) + "\n", encoding="utf-8")


def read_edits(folder: str | Path) -> dict[str, ProfileEdits]:
    """The edits of a folder by user, none where it has no such file; DataError names the line that is wrong."""
    file = Path(folder) / FILE
    if not file.is_file():
        return {}
    found = {}
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise DataError(f"{file} is not text in UTF-8: {error}") from None
    for number, line in enumerate(lines, 1):
        try:
            told = json.loads(line)
            found[str(told["user_id"])] = ProfileEdits.of(told["edits"], "edits")
        except (ValueError, KeyError, TypeError, RecursionError, SettingsError) as error:
            raise DataError(
                f'{file}, line {number}: it is {{"user_id": …, "edits": {{…}}}}: {error}'
            ) from None
    return found
