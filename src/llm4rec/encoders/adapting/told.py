"""Which heads were learnt with an encoder, as its folder tells. Opens no weights."""

from __future__ import annotations

import json
from pathlib import Path

from llm4rec.core import FolderError, SettingsError
from llm4rec.encoders.adapting.config import Task
from llm4rec.encoders.adapting.folder import HEADS, HEADS_TOLD, INSIDE
from llm4rec.encoders.adapting.specs import HeadSpec


def heads_told(source: Path) -> dict[Task, HeadSpec]:
    """The heads in an encoder's folder, by task; none where it was not adapted. FolderError where it is damaged."""
    file = source / INSIDE / HEADS_TOLD
    if not file.is_file() or not (source / INSIDE / HEADS).is_file():
        return {}
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
        return {spec["task"]: HeadSpec.of(spec) for spec in told}
    except (ValueError, TypeError, KeyError, SettingsError) as error:
        raise FolderError(f"{file} is damaged ({error}); adapt the encoder anew") from error
