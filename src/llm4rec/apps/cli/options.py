"""Options that several commands share: cleaning, and settings by KEY=VALUE."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from llm4rec.data import CleaningStep, LoadedDataset
    from llm4rec.engine import Settings

Folder = Annotated[
    Path, typer.Argument(help="A dataset folder, or one interactions file.", show_default=False)
]
KeyName = Annotated[
    str,
    typer.Option(
        "--pseudonym-key-env",
        help="Environment variable that holds the key under which ids of people are kept.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Assignments = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="A setting: of the model (reg=200), or of the program by its section (fit.seed=1). Repeatable.",
    ),
]
SettingsFile = Annotated[
    Path | None,
    typer.Option("--settings", help="A settings file; default: llm4rec.toml in the working folder."),
]
Cleaned = Annotated[
    list[str] | None,
    typer.Option(
        "--clean",
        metavar="RULE=VALUE",
        help="Clean before use: min_rating=4, k_core=5, drop_duplicates=exact|pair, since=DATE, until=DATE, "
        "kinds=click+purchase, harmful=drop. Repeatable; every step is reported.",
    ),
]


EncoderName = Annotated[
    str | None,
    typer.Option(
        "--encoder",
        help="What reads texts: minilm, none, or a folder (as `llm4rec adapt` makes) or hub name.",
    ),
]
Protocol = Annotated[
    str,
    typer.Option(
        "--protocol",
        help="leave-last-out, official:COLUMN, folds:COL,COL,…, k-fold:K, leave-one-out, temporal, cold-items, "
        "cold-users; `llm4rec list protocol` tells more.",
    ),
]
Models = Annotated[
    str,
    typer.Option("--models", help="Names, with settings in brackets: sequence,'ease(decay=none)',popular."),
]
Metrics = Annotated[str | None, typer.Option("--metrics", help="Such as ndcg@10,hr@10,coverage@10.")]
GroupedBy = Annotated[
    str | None,
    typer.Option(
        "--by",
        help="Attributes of people (accuracy of each group) or of items (exposure of each): gender,popularity.",
    ),
]
Propensity = Annotated[
    float,
    typer.Option(
        "--propensity", help="Power of popularity that ips_ metrics take for the chance of being seen."
    ),
]
Seeds = Annotated[int, typer.Option("--seeds", min=1, help="How many seeds.")]
Refit = Annotated[bool, typer.Option("--refit", help="Add rows that are also fitted on the validation part.")]
TargetTime = Annotated[
    bool, typer.Option("--target-time", help="Models may see the moment of the item to predict (labelled).")
]
JsonFile = Annotated[Path | None, typer.Option("--json", help="Write the figures to this file; '-' prints.")]
ReportFolder = Annotated[Path | None, typer.Option("--report", help="Write report.html and report.md here.")]
Resume = Annotated[
    Path | None, typer.Option("--resume", help="Keep finished models here, and go on from it.")
]


def load_clean(folder: Path, rules: Sequence[str] | None) -> tuple[LoadedDataset, tuple[CleaningStep, ...]]:
    """The data of a folder after the cleaning asked for, and what each step did."""
    from llm4rec.apps.cli.screen import say
    from llm4rec.core import SettingsError
    from llm4rec.data import Cleaning, clean_loaded, load, without_harmful
    from llm4rec.engine import parse_assignments
    from llm4rec.engine.safety import default_guard

    loaded = load(folder)
    steps: tuple[CleaningStep, ...] = ()
    if rules:
        asked = parse_assignments(rules)
        drop = asked.pop("harmful", None)
        if drop not in (None, "drop"):
            raise SettingsError(f"--clean harmful={drop}: it is harmful=drop")
        if isinstance(asked.get("kinds"), str):
            asked["kinds"] = tuple(asked["kinds"].split("+"))
        loaded, steps = clean_loaded(loaded, Cleaning.of(asked, "--clean"))
        for step in steps:
            say(f"cleaning: {step}")
        if drop:
            loaded, told = without_harmful(loaded, default_guard())
            say(f"cleaning: {told}")
    if loaded.dataset.synthetic:
        say("synthetic data: readers and behaviour are simulated")
    return loaded, steps


def settings_and_options(
    assignments: Sequence[str] | None, file: Path | None = None
) -> tuple[Settings, dict[str, Any]]:
    """The program's settings (of `file`) with the flags of a command over them, and the flags meant for a model."""
    from llm4rec.engine import Settings, parse_assignments, read_settings

    given = parse_assignments(assignments or ())
    sections = {key: value for key, value in given.items() if key.split(".")[0] in Settings.model_fields}
    options = {key: value for key, value in given.items() if key not in sections}
    return read_settings(file, flags=sections), options


def encoder_settings(encoder: str | None) -> list[str]:
    """`--encoder` as assignments: the name of an encoder, else a folder or a name on the hub."""
    from llm4rec.engine.registry import names

    if encoder is None:
        return []
    if encoder == "none" or encoder in names("encoder"):
        return [f"encoder.name={encoder!r}"]
    return ["encoder.name='sentence'", f"encoder.options.source={encoder!r}"]


def settings_with(model: str | None, assignments: Sequence[str] | None, file: Path | None = None) -> Settings:
    """The settings of one engine: `model`, or the one the settings name, with the flags meant for it."""
    settings, options = settings_and_options(assignments, file)
    return settings.with_model(model or settings.fit.model, options)
