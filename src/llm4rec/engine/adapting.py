"""A door to the adapting and distilling of encoders, for those who may not enter their room. Knows nothing of how it is done."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from llm4rec.core import Dataset, Progress, silent
from llm4rec.engine.build import component_from

ROOM = "llm4rec.encoders.adapting"


def adapt_encoder(
    dataset: Dataset,
    output: Path,
    options: Mapping[str, object],
    old: Dataset | None = None,
    device: str = "cpu",
    progress: Progress = silent,
) -> Any:
    """`llm4rec.encoders.adapting.adapt` with plain options: an `Adapted`. SettingsError names a wrong option."""
    config = component_from(f"{ROOM}:AdaptConfig").of(options, "adapt")
    world = component_from(f"{ROOM}:World")(device, progress, old)
    return component_from(f"{ROOM}:adapt")(dataset, output, config, world)


def distil_encoder(
    dataset: Dataset,
    output: Path,
    options: Mapping[str, object],
    device: str = "cpu",
    progress: Progress = silent,
) -> Any:
    """`llm4rec.encoders.distilling.distil` with plain options: a `DistilledEncoder`. SettingsError names a wrong option."""
    room = "llm4rec.encoders.distilling"
    config = component_from(f"{room}:EncoderConfig").of(options, "distil-encoder")
    return component_from(f"{room}:distil")(dataset, output, config, device, progress)
