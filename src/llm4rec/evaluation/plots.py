"""Pictures of an evaluation as SVG text, one for light paper and one for dark. Reads its JSON, nothing else."""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK = {"light": ("#1f2933", "#1f6feb"), "dark": ("#e6edf3", "#6cb6ff")}
# Readable on both papers; marks and colours have coprime cycles, so that seventy models stay apart.
COLOURS = (
    "#1f77d0",
    "#e0731d",
    "#2e9e4f",
    "#d0454c",
    "#8f6bd8",
    "#a8694a",
    "#d264b6",
    "#7f8b99",
    "#a59b1e",
    "#19a3b5",
)
MARKS = ("o", "s", "^", "D", "v", "P", "X")
Models = Mapping[str, Mapping[str, Any]]


def intervals(models: Models, metric: str, theme: str) -> str:
    """Each model's metric with its interval, best on top as the table has it."""
    names = [name for name in models if _known(models[name], metric)]

    def draw(axes: Axes, ink: str, accent: str) -> None:
        for place, name in enumerate(reversed(names)):
            found = models[name]["metrics"][metric]
            axes.plot([found["low"], found["high"]], [place, place], color=ink, linewidth=1.5)
            axes.plot([found["mean"]], [place], "o", color=accent)
        axes.set_yticks(range(len(names)), [literal(name) for name in reversed(names)])
        axes.set_xlabel(literal(f"{metric}, 95 % interval"))
        axes.margins(y=0.5 / max(len(names), 1))

    return svg(draw, theme, height=1.1 + 0.34 * len(names))


def scatter(models: Models, across: Sequence[str], up: str, theme: str, logarithmic: bool = False) -> str:
    """One dot a model; `across` is a path into its JSON ("metrics", "coverage@10", "mean"), `up` a metric."""
    dots = {
        name: (_at(model, across), model["metrics"][up]["mean"])
        for name, model in models.items()
        if _known(model, up) and _at(model, across) is not None
    }

    def draw(axes: Axes, ink: str, accent: str) -> None:
        for place, (name, (x, y)) in enumerate(dots.items()):
            colour, mark = COLOURS[place % len(COLOURS)], MARKS[place % len(MARKS)]
            axes.plot([x], [y], mark, color=colour, label=literal(name), alpha=0.9)
        if logarithmic and all(x > 0 for x, _ in dots.values()):
            axes.set_xscale("log")
        axes.set_xlabel(literal(across[1] if across[0] == "metrics" else across[0].replace("_", " ")))
        axes.set_ylabel(literal(up))
        axes.margins(x=0.1, y=0.1)
        axes.legend(loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False, fontsize=8)

    return svg(draw, theme, height=max(3.4, 0.6 + 0.19 * len(dots)))


@dataclass(frozen=True)
class Line:
    """A curve: points (x, y, low y, high y), joined in their order, or single dots."""

    name: str
    points: Sequence[tuple[float, float, float, float]]
    joined: bool = True


def curves(lines: Sequence[Line], labels: tuple[str, str], theme: str) -> str:
    """Curves with the intervals of what goes up; `labels` of what goes across and up."""

    def draw(axes: Axes, ink: str, accent: str) -> None:
        del accent
        for place, line in enumerate(lines):
            colour, mark = COLOURS[place % len(COLOURS)], MARKS[place % len(MARKS)]
            across, up, low, high = zip(*line.points, strict=True)
            axes.vlines(across, low, high, color=ink, linewidth=0.6, alpha=0.35)
            style = "-" if line.joined else "none"
            axes.plot(across, up, mark, linestyle=style, color=colour, label=literal(line.name), markersize=4)
        axes.set_xlabel(literal(labels[0]))
        axes.set_ylabel(literal(labels[1]))
        axes.margins(x=0.05, y=0.05)
        axes.legend(loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False, fontsize=8)

    return svg(draw, theme, height=max(3.6, 0.6 + 0.19 * len(lines)))


def shares(parts: Mapping[str, float], label: str, theme: str = "light") -> str:
    """One bar a name, the largest on top."""
    names = sorted(parts, key=lambda name: parts[name])

    def draw(axes: Axes, ink: str, accent: str) -> None:
        del ink
        axes.barh(range(len(names)), [parts[name] for name in names], color=accent, height=0.6)
        axes.set_yticks(range(len(names)), [literal(name) for name in names])
        axes.set_xlim(0.0, 1.0)
        axes.set_xlabel(literal(label))

    return svg(draw, theme, height=1.1 + 0.34 * len(names))


Points = Sequence[tuple[float, float, float, float]]


def lines(series: Mapping[str, Points], across: str, up: str, theme: str = "light") -> str:
    """One line a name through (place, mean, low, high), its interval as a band."""

    def draw(axes: Axes, ink: str, accent: str) -> None:
        del ink, accent
        for place, (name, points) in enumerate(series.items()):
            colour, (x, mean, low, high) = COLOURS[place % len(COLOURS)], zip(*points, strict=True)
            axes.plot(
                x, mean, marker=MARKS[place % len(MARKS)], markersize=3, color=colour, label=literal(name)
            )
            axes.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)
        axes.set_xlabel(literal(across))
        axes.set_ylabel(literal(up))
        axes.legend(loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False, fontsize=8)

    return svg(draw, theme, height=max(3.4, 0.6 + 0.19 * len(series)))


def literal(text: str) -> str:
    """Text that matplotlib draws as it stands, instead of reading formulas in it."""
    return text.replace("$", r"\$")


def _known(model: Mapping[str, Any], metric: str) -> bool:
    found = model["metrics"].get(metric)
    return found is not None and None not in (found["mean"], found["low"], found["high"])


def _at(model: Mapping[str, Any], path: Sequence[str]) -> Any:
    found: Any = model
    for step in path:
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


def svg(draw: Any, theme: str, height: float) -> str:
    """What `draw(axes, ink, accent)` draws, as SVG text that is the same each time."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    ink, accent = INK[theme]
    colours: dict[Any, Any] = dict.fromkeys(
        ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), ink
    )
    fixed: dict[Any, Any] = {
        "svg.hashsalt": "llm4rec",
        "font.family": ["DejaVu Sans"],
        "axes.unicode_minus": False,
    }
    # A name in letters that the font lacks is drawn as boxes; the table beside has it in full.
    with rc_context({**colours, **fixed}), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        figure = Figure(figsize=(6.4, height), layout="constrained")
        axes = figure.add_subplot()
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.2)
        draw(axes, ink, accent)
        out = io.StringIO()
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return out.getvalue()
