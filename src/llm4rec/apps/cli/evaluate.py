"""`llm4rec evaluate`: which model is better on this data, under which protocol, and how sure is that."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from llm4rec.apps.cli import options as o

if TYPE_CHECKING:
    from llm4rec.core import Progress
    from llm4rec.data import LoadedDataset
    from llm4rec.engine import Settings
    from llm4rec.evaluation import Options

TRADITIONAL = "sequence,transition,ease,itemknn,popular"


def evaluate(  # noqa: PLR0913, PLR0917 - one parameter an option
    folder: o.Folder,
    protocol: o.Protocol = "leave-last-out",
    models: o.Models = TRADITIONAL,
    metrics: o.Metrics = None,
    by: o.GroupedBy = None,
    propensity: o.Propensity = 0.5,
    seeds: o.Seeds = 1,
    refit: o.Refit = False,
    target_time: o.TargetTime = False,
    encoder: o.EncoderName = None,
    assignments: o.Assignments = None,
    settings_file: o.SettingsFile = None,
    clean: o.Cleaned = None,
    json: o.JsonFile = None,
    report: o.ReportFolder = None,
    resume: o.Resume = None,
) -> None:
    """Compare models by full ranking, with intervals, ties at their expected value, leaks named."""
    from llm4rec.apps.cli.screen import Bars
    from llm4rec.evaluation import Options

    assigned = [*o.encoder_settings(encoder), *(assignments or ())]
    settings, given = o.settings_and_options(assigned, settings_file)
    loaded, steps = o.load_clean(folder, clean)
    options = Options(
        metrics=_listed(metrics),
        by=_listed(by) or (),
        propensity=propensity,
        seeds=seeds,
        refit=refit,
        target_time=target_time,
        marks=loaded.marks,
        **_kept(resume),
        facts={"cleaning": [str(step) for step in steps]},
        stamp=settings.model_dump_json(),
    )
    content = measure(loaded, protocol, models, with_options(settings, models, given), options, Bars())
    write(content, json, report)
    if str(json) != "-":
        show(content)


def _kept(file: Path | None) -> dict[str, Any]:
    """Where finished models are kept and whether to go on from there; in a folder it is finished.json."""
    return {
        "partial": file / "finished.json" if file is not None and file.is_dir() else file,
        "resume": file is not None,
    }


def _listed(text: str | None) -> list[str] | None:
    return None if text is None else [part.strip() for part in text.split(",") if part.strip()]


def measure(
    loaded: LoadedDataset,
    protocol: str,
    models: str,
    settings: Settings,
    options: Options,
    progress: Progress,
) -> dict[str, Any]:
    """The evaluation as its JSON; `models` is the comma-separated list of the command line."""
    from llm4rec.engine import Engine, parse_variant, split_variants
    from llm4rec.evaluation import evaluate as run

    def engine_for(variant: str, seed: int) -> Any:
        name, options_of_model = parse_variant(variant)
        one = settings.with_model(name, options_of_model)
        return Engine(
            one.model_copy(update={"fit": one.fit.model_copy(update={"seed": one.fit.seed + seed})})
        )

    variants = split_variants(models)
    for variant in variants:
        engine_for(variant, 0).check()
    found = run(loaded.dataset, resolved(protocol, loaded), variants, engine_for, options, progress)
    content = found.as_json()
    content["protocol"]["dataset"] = loaded.dataset.name
    content["protocol"]["synthetic"] = loaded.dataset.synthetic
    return content


def with_options(settings: Settings, models: str, given: Mapping[str, Any]) -> Settings:
    """The settings with each of the given options set for every compared model that has it.

    SettingsError where none has it.
    """
    from llm4rec.core import SettingsError, suggest
    from llm4rec.engine import parse_variant, split_variants
    from llm4rec.engine.registry import component

    names = {parse_variant(variant)[0] for variant in split_variants(models)}
    fields = {name: set(component("model", name).config_type.model_fields) for name in sorted(names)}
    for key, value in given.items():
        having = [name for name, known in fields.items() if key in known]
        if not having:
            near = suggest(key, set().union(*fields.values()))
            raise SettingsError(f"none of {', '.join(fields)} has a setting {key!r}{near}")
        for name in having:
            settings = settings.with_options(name, {key: value})
    return settings


def resolved(protocol: str, loaded: LoadedDataset) -> str:
    """The protocol with the name of a split of dataset.toml replaced by the columns that hold it."""
    name, _, argument = protocol.partition(":")
    columns = loaded.splits.get(argument.strip(), ())
    if name not in ("official", "folds") or argument in loaded.marks or not columns:
        return protocol
    return f"folds:{','.join(columns)}" if len(columns) > 1 else f"{name}:{columns[0]}"


def write(content: Mapping[str, Any], json: Path | None, report: Path | None) -> None:
    """The JSON and the report where they are wanted, each whole or not at all."""
    from llm4rec.apps.cli.screen import say, to_json
    from llm4rec.evaluation import write_report
    from llm4rec.evaluation.partial import write_text

    if json is not None and str(json) == "-":
        typer.echo(to_json(content))
    elif json is not None:
        json.parent.mkdir(parents=True, exist_ok=True)
        write_text(json, to_json(content) + "\n")
    if report is not None:
        report.mkdir(parents=True, exist_ok=True)
        for suffix in ("html", "md"):
            write_report(content, report / f"report.{suffix}")
        say(f"report: {report / 'report.html'}")


def show(content: Mapping[str, Any], most: int = 6) -> None:
    """The main figures as a table with intervals, and what the evaluator warns of."""
    from llm4rec.apps.cli.screen import say, table
    from llm4rec.evaluation.report import figure, group_tables, label, ranking, views

    protocol = content["protocol"]
    for warning in protocol["warnings"]:
        say(f"warning: {warning}")
    for view, names in views(content).items():
        shown = names[:most]
        title = f"{protocol['name']} {view or ''} (fingerprint {protocol['fingerprint']})"
        rows = [
            [
                label(content, model),
                *(figure(content["models"][model], name) for name in shown),
                f"{content['models'][model]['fit_seconds']:.1f}",
            ]
            for model in ranking(content, names[0])
        ]
        table(title, ["model", *(n.rpartition("/")[2] for n in shown), "fit s"], rows)
    for caption, made in group_tables(content).items():
        rows = [[name, *(text for text, _ in cells)] for name, cells in made["rows"]]
        table(caption, ["group", *made["heads"]], rows)
