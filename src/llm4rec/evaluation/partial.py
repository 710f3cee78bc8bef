"""Finished trials in a file, so that an interrupted evaluation goes on where it stopped. Compares nothing."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np

from llm4rec.core import FolderError
from llm4rec.evaluation.samples import Sample, Whole
from llm4rec.evaluation.trial import Trial

FORMAT = 1


@dataclass
class Partial:
    """Trials by name under one key; written to `path` after each, where there is one."""

    path: Path | None
    key: str
    trials: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, path: Path | None, key: str, resume: bool) -> Self:
        """What is there already, if it is to be resumed and was measured under the same key."""
        made = cls(path, key)
        if path is None or not resume or not path.is_file():
            return made
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            if content["format"] == FORMAT and content["key"] == key:
                made.trials = dict(content["trials"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise FolderError(
                f"{path} holds no finished models that can be read ({error}); remove it"
            ) from error
        return made

    def get(self, name: str) -> Trial | None:
        """The finished trial of that name, if there is one."""
        found = self.trials.get(name)
        return None if found is None else _read(found)

    def put(self, name: str, trial: Trial) -> None:
        """Keep a trial, on disk as well."""
        if self.path is not None:
            self.trials[name] = _written(trial)
            content = {"format": FORMAT, "key": self.key, "trials": self.trials}
            write_text(self.path, json.dumps(content))


def write_text(path: Path, text: str) -> None:
    """Write a file as a whole or not at all: beside it first, then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(beside, 0o666 & ~_umask())
        os.replace(beside, path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def _umask() -> int:
    """The mask that an ordinary new file would get; a temporary file is closed to others without it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _written(trial: Trial) -> dict[str, Any]:
    plain = dict(vars(trial))
    plain["samples"] = {
        key: {"totals": s.totals.tolist(), "counts": s.counts.tolist(), "root": s.root}
        for key, s in trial.samples.items()
    }
    plain["wholes"] = {k: {"value": w.value, "draws": w.draws.tolist()} for k, w in trial.wholes.items()}
    return plain


def _read(plain: Mapping[str, Any]) -> Trial:
    samples = {
        key: Sample(np.array(s["totals"]), np.array(s["counts"]), bool(s["root"]))
        for key, s in plain["samples"].items()
    }
    wholes = {key: Whole(float(w["value"]), np.array(w["draws"])) for key, w in plain["wholes"].items()}
    rest = {k: v for k, v in plain.items() if k not in ("samples", "wholes", "degraded")}
    return Trial(samples=samples, wholes=wholes, degraded=tuple(plain["degraded"]), **rest)
