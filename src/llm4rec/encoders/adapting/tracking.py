"""Who is told how training goes: TensorBoard, MLflow or W&B, loaded only when asked for. Keeps no state of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from llm4rec.core import ComponentError
from llm4rec.encoders.adapting.config import AdaptConfig


class Tracker(Protocol):
    """Takes figures by step."""

    def log(self, step: int, figures: Mapping[str, float]) -> None: ...
    def close(self) -> None: ...


class Untracked:
    """Tells nobody."""

    def log(self, step: int, figures: Mapping[str, float]) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


class _Tracked:
    """Any library behind two functions."""

    def __init__(self, write: Callable[[int, Mapping[str, float]], Any], end: Callable[[], Any]) -> None:
        self._write, self._end = write, end

    def log(self, step: int, figures: Mapping[str, float]) -> None:
        self._write(step, figures)

    def close(self) -> None:
        self._end()


def tracker(config: AdaptConfig, folder: Path, step: int, name: str) -> Tracker:
    """The tracker of the settings; `folder` takes what is written locally, `step` is where a resumed run goes on.

    ComponentError where its package is not installed.
    """
    if config.tracking is None:
        return Untracked()
    made = {"tensorboard": _tensorboard, "mlflow": _mlflow, "wandb": _wandb}
    try:
        return made[config.tracking](config, folder, step, name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("tensorboard", "mlflow", "wandb"):
            raise
        raise ComponentError(
            f"tracking = {config.tracking!r} needs the package {error.name}: pip install {error.name}, "
            "or set tracking = none"
        ) from error


def _tensorboard(config: AdaptConfig, folder: Path, step: int, name: str) -> Tracker:
    del config
    from torch.utils.tensorboard import SummaryWriter

    # What an interrupted run wrote behind its last checkpoint is hidden, not shown twice.
    writer: Any = SummaryWriter(str(folder / name), purge_step=step)

    def write(at: int, figures: Mapping[str, float]) -> None:
        for key, value in figures.items():
            writer.add_scalar(key, value, at)

    return _Tracked(write, writer.close)


def _mlflow(config: AdaptConfig, folder: Path, step: int, name: str) -> Tracker:
    del folder, step
    import mlflow

    mlflow.start_run(run_name=name)
    mlflow.log_params({key: str(value) for key, value in config.model_dump().items()})
    return _Tracked(lambda at, figures: mlflow.log_metrics(dict(figures), step=at), mlflow.end_run)


def _wandb(config: AdaptConfig, folder: Path, step: int, name: str) -> Tracker:
    del step
    import wandb

    run = wandb.init(name=name, dir=str(folder), config=config.model_dump(mode="json"))
    return _Tracked(lambda at, figures: run.log(dict(figures), step=at), run.finish)
