"""A sweep to look at: one picture an axis, and one HTML page that needs nothing else. Reads its JSON only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llm4rec.evaluation.plots import Line, curves
from llm4rec.evaluation.report import address, rendered

Content = Mapping[str, Any]
OWN, OTHERS = "own order", "other models"


def pictures(content: Content) -> list[dict[str, str]]:
    """One picture an axis, light and dark, as SVG text: accuracy up, the axis across, a line a recipe."""
    found = []
    for axis, said in content["axes"].items():
        lines = _lines(content, axis)
        worse = " (less is better)" if said["lower_is_better"] else ""
        words = (f"{axis}: {said['about']}{worse}", f"{content['accuracy']}, 95 % interval")
        drawn = {theme: curves(lines, words, theme) for theme in ("light", "dark")}
        name = "tradeoff-" + axis.partition("@")[0].replace(" ", "-")
        found.append({"name": name, "caption": f"{content['accuracy']} against {said['about']}", **drawn})
    return found


def _lines(content: Content, axis: str) -> list[Line]:
    """On validation: the other models as dots, and each recipe from the model's own order to its dearest strength."""
    by_curve: dict[str, list[tuple[float, float, float, float]]] = {}
    names: dict[str, str] = {}
    for name, row in content["rows"].items():
        figures = row["validation"]
        if axis not in figures or figures[content["accuracy"]]["mean"] is None:
            continue
        up = figures[content["accuracy"]]
        key = name if row["curve"] == OTHERS else row["curve"]
        names[key] = name if row["curve"] in (OWN, OTHERS) else key
        by_curve.setdefault(key, []).append((figures[axis]["mean"], up["mean"], up["low"], up["high"]))
    ordered = {key: sorted(points, key=lambda one: -one[1]) for key, points in by_curve.items()}
    return [Line(names[key], points, len(points) > 1) for key, points in ordered.items()]


def html(content: Content, drawn: list[dict[str, str]]) -> str:
    """One page with tables and pictures inside it: no script, no address outside, all text escaped."""
    return rendered(
        "tradeoff.html.j2",
        content=content,
        protocol=content["protocol"],
        tables=[table(content, part) for part in ("validation", "test")],
        volumes=content["volumes"],
        pictures=[{**one, "light": address(one["light"]), "dark": address(one["dark"])} for one in drawn],
    )


def table(content: Content, part: str) -> dict[str, Any]:
    """Heads and rows (name, whether recommended, cells) of one part, from the most accurate down."""
    metrics = [content["accuracy"], "recall@10", *content["axes"]]
    asked = {name: row[part] for name, row in content["rows"].items() if row[part] is not None}
    order = sorted(asked, key=lambda name: -(asked[name][content["accuracy"]]["mean"] or 0.0))
    chosen = content["recommended"]["name"]
    rows = [(name, name == chosen, [cell(asked[name].get(metric)) for metric in metrics]) for name in order]
    return {"part": part, "heads": metrics, "rows": rows}


def cell(found: Mapping[str, Any] | None) -> str:
    """ "0.323 (0.310–0.336), -1.6 % (-2.4–-0.7)": figure and change with their intervals, or a dash."""
    if found is None or found["mean"] is None:
        return "–"
    text = f"{found['mean']:.4f} ({found['low']:.4f}–{found['high']:.4f})"
    if found["change"] is None:
        return text
    return f"{text}, {100 * found['change']:+.1f} % ({change_interval(found)})"


def change_interval(found: Mapping[str, Any]) -> str:
    """The interval of a change in per cent."""
    return f"{100 * found['change_low']:+.1f} to {100 * found['change_high']:+.1f}"
