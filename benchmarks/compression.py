"""The text encoder as it is in fp32 against the same one compressed: size, speed, and what its vectors are worth.

python -m benchmarks.compression [amazon-beauty] [part=validation|test] [models=content(attributes=0),sequence]
                                 [precision=auto|int8|bf16|fp32] [KEY=VALUE ...]

Speed is that of one thread in one run, turns taken. Each model is fitted twice, with either encoder, and asked the same
questions: the change is a paired difference with its interval. Other KEY=VALUE are settings of compressing.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before any library reads it

from benchmarks.common import OUT, keep, loaded
from llm4rec.apps.cli.screen import Bars
from llm4rec.data import LoadedDataset, split
from llm4rec.engine import Engine, compress_encoder, parse_assignments, parse_variant, split_variants
from llm4rec.engine.settings import read_settings
from llm4rec.evaluation import Options, evaluate

MODELS = "content(attributes=0),sequence"
PROTOCOL = {"amazon-beauty": "official:split", "amazon-games": "official:split"}
METRIC = "ndcg@10"
BEFORE, AFTER = "fp32", "compressed"


def main() -> None:
    given = parse_assignments([word for word in sys.argv[1:] if "=" in word.split("(")[0]])
    names = [word for word in sys.argv[1:] if "=" not in word.split("(")[0]] or ["amazon-beauty"]
    part, models = given.pop("part", "validation"), given.pop("models", MODELS)
    for name in names:
        keep(f"compression-{name}", measured(name, part, split_variants(models), given))


def measured(name: str, part: str, models: list[str], given: dict[str, Any]) -> dict[str, Any]:
    """Compress on the texts and events for fitting alone, then ask the part named."""
    data = loaded(name)
    made = split(data.dataset, PROTOCOL.get(name, "leave-last-out"), data.marks)
    fold = made.folds[0]
    if part == "validation":
        # Settings are then chosen on events held out of the part for fitting, never on the questions asked here.
        asked = replace(fold, tests={"": fold.validation}, validation=None, refit=None)
        made = replace(made, folds=(asked,))
    folder = OUT / f"compressed-{name}"
    report = compress_encoder(folder, given, fold.train, Bars()).report
    for row in report["precisions"]:
        print({key: row[key] for key in row if key not in ("ndcg",)}, flush=True)
    print(f"{report['chosen']}: {report['why']}", flush=True)
    sources = {
        BEFORE: {"encoder.options.source": "minilm", "encoder.options.precision": "fp32"},
        AFTER: {"encoder.options.source": str(folder)},
    }
    return {
        "part": part,
        "compression": dict(report),
        "models": {model: change(data, made, model, sources) for model in models},
    }


def change(data: LoadedDataset, made: Any, model: str, sources: dict[str, Any]) -> dict[str, Any]:
    """One model with either encoder on the same questions: both figures, and the change as a share with its interval."""

    def engine_for(variant: str, seed: int) -> Engine:
        name, options = parse_variant(model)
        settings = read_settings(flags={"encoder.name": "sentence", **sources[variant]})
        return Engine(settings.with_model(name, options))

    found = evaluate(data.dataset, made, [BEFORE, AFTER], engine_for, Options(metrics=[METRIC]), Bars())
    rows = found.as_json()["models"]
    before, after = (rows[name]["metrics"][METRIC]["mean"] for name in (BEFORE, AFTER))
    one, other, sign = (BEFORE, AFTER, -1) if AFTER in rows[BEFORE]["versus"] else (AFTER, BEFORE, 1)
    paired = rows[one]["versus"][other][METRIC]
    low, high = sorted(sign * paired[end] / before for end in ("low", "high"))
    told = {BEFORE: before, AFTER: after, "change": after / before - 1, "low": low, "high": high}
    print(f"{model}: {METRIC} " + ", ".join(f"{key} {value:.5f}" for key, value in told.items()), flush=True)
    return told


if __name__ == "__main__":
    main()
