"""A door to the teaching of causal language models: lessons from a data set, then the loop of another room. Trains nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from llm4rec.core import Dataset, Progress, silent
from llm4rec.engine.build import component_from
from llm4rec.engine.fitting import fit_context
from llm4rec.engine.settings import Settings

LESSONS = "llm4rec.models.prompted_lessons"
ROOM = "llm4rec.writers.teaching"


def teach_recommending(
    dataset: Dataset,
    output: Path,
    options: Mapping[str, object],
    settings: Settings | None = None,
    device: str = "cpu",
    progress: Progress = silent,
) -> Any:
    """A causal model that recommends by names of items: lessons of the data set, taught. Returns a `Taught`.

    `options` are settings of the lessons (names, history, together, texts) and of teaching. SettingsError names a wrong one.
    """
    kind = component_from(f"{LESSONS}:LessonsConfig")
    ours = {key: value for key, value in options.items() if key in kind.model_fields}
    rest = {key: value for key, value in options.items() if key not in ours}
    lessons = kind.of(ours, "adapt --task recommend")
    config = component_from(f"{ROOM}:TeachConfig").of(rest, "adapt --task recommend")
    context, _ = fit_context(settings or Settings(), dataset, progress)
    course = component_from(f"{ROOM}:Course")(
        **component_from(f"{LESSONS}:course_of")(dataset, context, lessons)
    )
    world = component_from(f"{ROOM}:World")(device, progress)
    return component_from(f"{ROOM}:teach")(course, output, config, world)
