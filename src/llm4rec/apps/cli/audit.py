"""`llm4rec audit`: what models may know of people, and what a few accounts can do to everybody's lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from llm4rec.apps.cli import options as o

if TYPE_CHECKING:
    from collections.abc import Mapping


REMEDY = (
    "what helps: the caps on an account and the search for groups (fit.user_events, fit.user_repeats, fit.coordinated), the model "
    "sequence, or ease with support above 0, whose price is told in the documentation of fairness"
)


def audit(
    folder: o.Folder,
    model: Annotated[
        str | None, typer.Option("--model", help="Which model; default: that of the settings.")
    ] = None,
    targets: Annotated[
        int, typer.Option("--targets", min=1, help="How many items are pushed by each attack.")
    ] = 2,
    share: Annotated[float, typer.Option("--share", help="Fake profiles, as a share of the users.")] = 0.01,
    assignments: o.Assignments = None,
    clean: o.Cleaned = None,
    json: o.JsonFile = None,
) -> None:
    """Fit an engine and try it: protected attributes, swapped profiles, removed users, fake profiles."""
    from llm4rec.apps.cli.screen import Bars, to_json
    from llm4rec.core import SettingsError
    from llm4rec.evaluation.audit import Plan
    from llm4rec.evaluation.audit import audit as run
    from llm4rec.evaluation.partial import write_text

    if not 0.0 < share <= 0.5:
        raise SettingsError(f"--share {share}: fake profiles are a share of the users above 0 and up to 0.5")
    settings = o.settings_with(model, assignments)
    loaded, _ = o.load_clean(folder, clean)
    content = run(loaded.dataset, settings, Plan(share, targets), Bars())
    if json is not None and str(json) != "-":
        json.parent.mkdir(parents=True, exist_ok=True)
        write_text(json, to_json(content) + "\n")
    if str(json) == "-":
        typer.echo(to_json(content))
    else:
        show(content)


def show(content: Mapping[str, Any]) -> None:
    """The findings as tables."""
    from llm4rec.apps.cli.screen import say, table

    known = content["protected"]
    say(f"protected attributes held back: {', '.join(known['held_back']) or 'none'}")
    if known["seen"]:
        say(f"warning: models may see {', '.join(known['seen'])} (fit.protected)")
    heads = ["overlap", "rbo", "equal"]
    if content["counterfactual"]:
        rows = [[n, *(f"{f[h]:.3f}" for h in heads)] for n, f in content["counterfactual"].items()]
        table("lists with the attribute swapped", ["attribute", *heads], rows)
    rows = [[str(f["events"]), *(f"{f[h]:.3f}" for h in heads)] for f in content["influence"]["removed"]]
    table("lists of others without one of the busiest users", ["events", *heads], rows)
    found = content["manipulation"]
    rows = [
        [n, f"{100 * f['before']:.2f} %", f"{100 * f['after']:.2f} %"] for n, f in found["attacks"].items()
    ]
    verdict = "held" if found["held"] else "broken"
    table(
        f"lists that show a pushed item, {found['profiles']} fake profiles; limit 1 %: {verdict}",
        ["attack", "before", "after"],
        rows,
    )
    if not found["held"]:
        say(REMEDY)
