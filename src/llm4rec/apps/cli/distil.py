"""`llm4rec distil` and `llm4rec distil-encoder`: what a large engine or encoder knows, in one light enough to serve."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llm4rec.apps.cli.options import AsJson, Cleaned, Folder, load_clean

if TYPE_CHECKING:
    from llm4rec.engine.distilling import Distilled

Teacher = Annotated[
    Path, typer.Argument(help="The teacher: an engine folder made by `llm4rec fit`.", show_default=False)
]
Output = Annotated[
    Path, typer.Option("--output", "-o", help="The student's engine folder to write.", show_default=False)
]
Student = Annotated[
    str | None, typer.Option("--student", help="blend, transition, sequence, two-tower or auto (default).")
]
Unseen = Annotated[
    Path | None,
    typer.Option(
        "--questions", help="A data folder with later events: NDCG@10 of both on what neither has seen."
    ),
]
Seed = Annotated[int | None, typer.Option("--seed", min=0, help="Of everything random.")]
Device = Annotated[str, typer.Option("--device", help="Where it learns: cpu, cuda.")]
Options = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="A setting of distilling or of the student. Repeatable."),
]
EncoderOutput = Annotated[
    Path, typer.Option("--output", "-o", help="The encoder folder to write.", show_default=False)
]
Layers = Annotated[int | None, typer.Option("--layers", min=1, help="Layers of the student; default 2.")]
Source = Annotated[str | None, typer.Option("--from", help="The large encoder; default: minilm.")]


def distil(  # noqa: PLR0913, PLR0917 - one parameter an option
    engine: Teacher,
    output: Output,
    student: Student = None,
    questions: Unseen = None,
    seed: Seed = None,
    device: Device = "cpu",
    assignments: Options = None,
    clean: Cleaned = None,
    json: AsJson = False,
) -> None:
    """Teach a small model to answer as an engine does, and write it as an engine of its own."""
    from llm4rec.apps.cli.screen import Bars, as_json
    from llm4rec.engine import Engine
    from llm4rec.engine.distilling import Classroom, distil_folder
    from llm4rec.engine.unseen import unseen

    holdout = None
    if questions is not None:
        holdout = unseen(Engine.load(engine).fitted.dataset, load_clean(questions, clean)[0].dataset)
    made = distil_folder(
        engine, output, _options(assignments, student, seed), Classroom(holdout, device, Bars())
    )
    as_json(dict(made.report)) if json else _show(made, output)


def _options(assignments: list[str] | None, student: str | None, seed: int | None) -> dict[str, Any]:
    """Settings of distilling by their names; all others are the student's."""
    from llm4rec.engine import parse_assignments
    from llm4rec.engine.distilling import DistilConfig

    given = parse_assignments(assignments or ())
    own = {key: value for key, value in given.items() if key in DistilConfig.model_fields}
    flags = {"student": student, "seed": seed}
    own |= {key: value for key, value in flags.items() if value is not None}
    return own | {"options": {key: value for key, value in given.items() if key not in own}}


def _show(made: Distilled, output: Path) -> None:
    """How near each student came, and where the best is, for people."""
    from llm4rec.apps.cli.screen import say, table

    for note in made.report["notes"]:
        say(note)
    teacher = made.report["teacher"]
    rows = [(f"{teacher['name']}, the teacher", None, teacher["ndcg@10"], None)]
    trial = made.report["trial"]
    tried = trial["students"] if len(trial["students"]) > 1 else {}
    named = {f"{form}, on {trial['lists']} lists": told for form, told in tried.items()}
    named[f"{made.report['student']}, as written"] = made.report["figures"]
    rows += [(name, told["agreement@10"], told["ndcg@10"], told["share"]) for name, told in named.items()]
    shown = [tuple("" if value is None else value for value in row) for row in rows]
    table("people whose lists no student had seen", ["student", "agreement@10", "ndcg@10", "share"], shown)
    typer.echo(
        f"student {made.report['student']} written to {output}; use it as any engine: llm4rec recommend {output}"
    )


def distil_encoder(  # noqa: PLR0913, PLR0917 - one parameter an option
    folder: Folder,
    output: EncoderOutput,
    layers: Layers = None,
    source: Source = None,
    seed: Seed = None,
    device: Device = "cpu",
    assignments: Options = None,
    clean: Cleaned = None,
    json: AsJson = False,
) -> None:
    """Teach a text encoder with fewer layers to read a folder's texts as a large one does, and write it."""
    from llm4rec.apps.cli.screen import Bars, as_json
    from llm4rec.engine import parse_assignments
    from llm4rec.engine.adapting import distil_encoder as work

    flags = {"layers": layers, "source": source, "seed": seed}
    options = parse_assignments(assignments or ())
    options |= {key: value for key, value in flags.items() if value is not None}
    made = work(load_clean(folder, clean)[0].dataset, output, options, device, Bars())
    as_json(dict(made.report)) if json else _show_encoder(made.report, output)


def _show_encoder(report: Mapping[str, Any], output: Path) -> None:
    """What it costs and how near it comes, for people."""
    from llm4rec.apps.cli.screen import say

    for note in report["notes"]:
        say(note)
    probe = report["probe"]
    typer.echo(
        f"{report['layers']} layers of {report['source_layers']}: likeness to the large encoder's vectors "
        f"{report['likeness']['before']:.3f} before, {report['likeness']['after']:.3f} after; similarity probe "
        f"{probe['teacher']:.1f} and {probe['student']:.1f}; written to {output} in {report['seconds']} s"
    )
