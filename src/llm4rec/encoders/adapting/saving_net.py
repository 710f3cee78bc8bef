"""The trained encoder and its heads to files. Knows nothing of training."""

from __future__ import annotations

import json
from pathlib import Path

from safetensors.torch import save_file

from llm4rec.encoders import loading
from llm4rec.encoders.adapting.course_net import Course
from llm4rec.encoders.adapting.folder import HEADS, HEADS_TOLD, INSIDE


def save(course: Course, folder: Path) -> None:
    """An ordinary sentence-transformers folder with all that was learnt in plain weights, and the heads inside it."""
    network = course.network
    model = course.trained.merge()
    with loading._no_progress_bars():
        model.save_pretrained(str(folder), create_model_card=False)
    state = {name: value.detach().cpu().contiguous() for name, value in network.heads.state_dict().items()}
    save_file(state, folder / INSIDE / HEADS)
    told = [spec.model_dump(mode="json") for spec in network.specs.values()]
    (folder / INSIDE / HEADS_TOLD).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
