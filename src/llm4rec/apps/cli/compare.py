"""`llm4rec compare`: which variant or policy is better, from a log of impressions and feedback, or why that cannot be said."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llm4rec.apps.cli import options as o

if TYPE_CHECKING:
    from llm4rec.evaluation.logs import Log
    from llm4rec.evaluation.trials import Answers

Logs = Annotated[
    list[Path],
    typer.Argument(metavar="LOG…", help="Files (.jsonl, .parquet) or a folder of them.", show_default=False),
]
By = Annotated[str, typer.Option("--by", help="What tells sides apart: variant or policy.")]
Control = Annotated[str | None, typer.Option("--control", help="Which side to compare with.")]
ExperimentName = Annotated[
    str | None, typer.Option("--experiment", help="Whose variants, where the log has several.")
]
Share = Annotated[
    list[str] | None,
    typer.Option("--share", metavar="SIDE=SHARE", help="How people were to be split. Repeatable."),
]
Conversion = Annotated[
    list[str] | None,
    typer.Option("--conversion", help="A kind that is a conversion; default: purchase. Repeatable."),
]
Reward = Annotated[str, typer.Option("--reward", help="What estimates count: clicked or converted.")]
EstimatorName = Annotated[str, typer.Option("--estimator", help="snips, ips or clipped.")]
FormName = Annotated[str, typer.Option("--form", help="What a place's reward depends on: cascade or slate.")]
Places = Annotated[int | None, typer.Option("--places", min=1, help="Judge the first so many places.")]


def compare(  # noqa: PLR0913, PLR0917 - one parameter an option
    logs: Logs,
    by: By = "variant",
    experiment: ExperimentName = None,
    control: Control = None,
    share: Share = None,
    conversion: Conversion = None,
    reward: Reward = "clicked",
    estimator: EstimatorName = "snips",
    form: FormName = "cascade",
    places: Places = None,
    json: o.JsonFile = None,
) -> None:
    """Click-through and conversion by variant, and what other policies would have brought."""
    from llm4rec.apps.cli.replay import written
    from llm4rec.evaluation.logs import CONVERSIONS, read_log

    _one_of("by", by, ("variant", "policy"))
    _one_of("reward", reward, ("clicked", "converted"))
    _one_of("form", form, ("cascade", "slate"))
    log = read_log(logs, tuple(conversion or CONVERSIONS))
    content: dict[str, Any] = {"impressions": len(log), "feedback_lost": log.lost}
    content["sides"] = sides(log.answers(by, experiment), control, shares_of(share))
    content["policies"] = policies(log, reward, (estimator, form), places)
    content["interleaving"] = interleaving(log)
    written(content, json)
    if str(json) != "-":
        _show(content, by, reward)


def _one_of(option: str, said: str, known: tuple[str, ...]) -> None:
    from llm4rec.core import SettingsError, suggest

    if said not in known:
        raise SettingsError(f"--{option} {said}{suggest(said, known)}; it is one of: {', '.join(known)}")


def shares_of(given: list[str] | None) -> dict[str, float] | None:
    """Shares from SIDE=SHARE; SettingsError names one that is none."""
    from llm4rec.core import SettingsError

    found = {}
    for one in given or ():
        name, equals, value = one.rpartition("=")
        try:
            found[name] = float(value)
        except ValueError:
            equals = ""
        if not equals or not name or not 0 < found[name] < float("inf"):
            raise SettingsError(f"--share {one}: it is SIDE=SHARE, such as treatment=0.5")
    return found or None


def sides(answers: Answers, control: str | None, shares: dict[str, float] | None) -> Any:
    """Variants (or policies) side by side; None where the log tells none apart."""
    from llm4rec.evaluation.trials import trialled

    if not len(answers.users) and control is None and shares is None:
        return None
    return trialled(answers, control, shares).as_json()


def policies(log: Log, reward: str, how: tuple[str, str], places: int | None) -> dict[str, Any]:
    """The logged policy and each target, with figures or the reason why they cannot be said."""
    from llm4rec.core.errors import CannotSayError
    from llm4rec.evaluation.offpolicy import judged
    from llm4rec.evaluation.offpolicy.slates import checked_form

    estimator, form = how[0], checked_form(how[1])
    width = min(places or log.filled.shape[1], log.filled.shape[1])
    slates, drawn = log.slates(reward).first(width), log.drawn(form).first(width)
    found: dict[str, Any] = {}
    for name in ("logged", *log.targets):
        chances = drawn if name == "logged" else log.target(name, form).first(width)
        try:
            found[name] = judged(slates, drawn, chances, estimator).as_json()
        except CannotSayError as error:
            found[name] = {"cannot_say": str(error)}
    return found


def interleaving(log: Log) -> Any:
    """Which of two interleaved lists people prefer; None where none were."""
    from llm4rec.core.errors import CannotSayError

    try:
        return log.interleaved().as_json()
    except CannotSayError:
        return None


def _show(content: Any, by: str, reward: str) -> None:
    from llm4rec.apps.cli.screen import say, table

    trial, figures = content["sides"], ("click-through", "conversion")
    if trial is not None:
        rows = [
            [name, row["people"], row["impressions"], *(_figure(row[f]) for f in figures)]
            + [_look(row["versus"].get(f)) for f in figures]
            for name, row in trial["variants"].items()
        ]
        heads = [by, "people", "impressions", *figures, *(f"{f} less {trial['control']}" for f in figures)]
        table("Sides; differences hold at every look", heads, rows)
        for note in trial["notes"]:
            say(f"warning: {note}")
    judged = {name: row for name, row in content["policies"].items() if "mean" in row}
    if judged:
        rows = [
            [name, _figure(row), f"{row['ess']:.2f}", f"{row['weight_max']:.1f}"]
            for name, row in judged.items()
        ]
        table(
            f"Policies by the log: {reward} a slate",
            ["policy", reward, "effective share", "largest weight"],
            rows,
        )
    for name, row in content["policies"].items():
        if "cannot_say" in row:
            say(f"{name}: cannot say: {row['cannot_say']}")
    if content["interleaving"] is not None:
        told = content["interleaving"]
        say(
            f"interleaving: {told['second']} people prefer the second list, {told['first']} the first; share "
            f"{told['value']:.3f} ({told['low']:.3f}–{told['high']:.3f}), p = {told['p']:.2g}"
        )


def _figure(one: Any) -> str:
    return "too few" if one is None else f"{one['mean']:.4f} ({one['low']:.4f}–{one['high']:.4f})"


def _look(one: Any) -> str:
    return (
        ""
        if one is None
        else f"{one['value']:+.4f} ({one['low']:+.4f}–{one['high']:+.4f}), p = {one['p']:.2g}"
    )
