"""`llm4rec simulate`: what learning while serving is worth, among made-up readers whose wishes are known."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated, Any

import typer

from llm4rec.apps.cli import options as o
from llm4rec.apps.cli.replay import Model, Plot, checked_plot, draw, engines, written

Readers = Annotated[int, typer.Option("--readers", min=20, help="Newcomers, who ask once a round.")]
Before = Annotated[int, typer.Option("--before", min=20, help="Readers whose past the engine knows.")]
Rounds = Annotated[int, typer.Option("--rounds", min=1, help="How often each newcomer asks.")]
Length = Annotated[int, typer.Option("-n", min=1, help="Items a list.")]
RefitEvery = Annotated[
    int, typer.Option("--refit-every", min=0, help="Rounds until the engine is fitted again; 0: never.")
]
FlipRound = Annotated[
    int, typer.Option("--flip-round", min=0, help="Round at which all tastes turn over; 0: never.")
]
Service = Annotated[
    bool,
    typer.Option(
        "--service/--no-service",
        help="Also as a whole service: `Live` with a store, caps and exploration as section [live] says.",
    ),
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Of the world and its readers.")]


def simulate(  # noqa: PLR0913, PLR0917 - one parameter an option
    model: Model = ["sequence", "popular"],  # noqa: B006 - typer copies it
    readers: Readers = 200,
    before: Before = 600,
    rounds: Rounds = 30,
    n: Length = 10,
    refit_every: RefitEvery = 0,
    flip_round: FlipRound = 0,
    seed: Seed = 0,
    service: Service = True,
    assignments: o.Assignments = None,
    settings_file: o.SettingsFile = None,
    json: o.JsonFile = None,
    plot: Plot = None,
) -> None:
    """Frozen engines against learning ones, by expected clicks a request. Synthetic: no people were measured."""
    from llm4rec.apps.cli.screen import Bars
    from llm4rec.evaluation.livesim import LiveConfig, stage, told

    checked_plot(plot)
    given = {"readers": readers, "before": before, "rounds": rounds, "n": n}
    given |= {"refit_every": refit_every, "flip_round": flip_round, "seed": seed}
    config = LiveConfig.of(given, "simulate")
    settings, options = o.settings_and_options(assignments, settings_file)
    makers = engines(settings, model, options)
    scene = stage(config)
    ways = ("frozen", "learning", "service") if service else ("frozen", "learning")
    jobs = [(f"{name}, {how}", make, how) for name, make in makers.items() for how in ways]
    found = {label: _lived(scene, make, how) for label, make, how in Bars()(jobs, "simulate")}
    content = told(config, found)
    written(content, json)
    course = {name: row["rounds"] for name, row in content["models"].items()}
    draw(course, "round", ("round", "expected clicks a request"), plot)
    if str(json) != "-":
        _show(content)


def _lived(scene: Any, make: Any, how: str) -> Any:
    from llm4rec.apps.cli.living import Served
    from llm4rec.evaluation.livesim import live, lived

    if how != "service":
        return live(scene, make, how == "learning")
    with closing(Served(scene, make)) as service:
        return lived(scene, service)


def _show(content: Any) -> None:
    from llm4rec.apps.cli.screen import say, table

    say("synthetic data: readers and behaviour are simulated")
    rows = []
    for name, row in content["models"].items():
        reward, over = row["reward"], row.get("over_frozen")
        late = "" if over is None else f"{over['mean']:.2f} ({over['low']:.2f}–{over['high']:.2f})"
        last = row["rounds"][-1]
        cells = [f"{reward['mean']:.4f}", f"{row['rounds'][0]['mean']:.4f}", f"{last['mean']:.4f}"]
        cells += [f"{row['of_best']:.2f}", f"{last['interactions']:.1f}", late]
        rows.append([name, *cells, *_recovered(row)])
    heads = ["model", "clicks a request", "first round", "last round", "of the best", "interactions"]
    heads += ["over frozen, late", *(["events until 90 % is back"] if len(rows[0]) > len(heads) + 1 else [])]
    table(
        f"{content['simulate']['rounds']} rounds of {content['simulate']['readers']} newcomers", heads, rows
    )


def _recovered(row: Any) -> list[str]:
    if "recovery" not in row:
        return []
    events = row["recovery"]["events"]
    return ["never" if events is None else f"{events:.1f}"]
