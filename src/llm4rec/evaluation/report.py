"""An evaluation to read: a Markdown table, and one HTML file that needs nothing else. Reads its JSON only."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from llm4rec.core import SettingsError
from llm4rec.evaluation.groups import gap, is_group, tables
from llm4rec.evaluation.names import lower_is_better
from llm4rec.evaluation.partial import write_text
from llm4rec.evaluation.plots import intervals, scatter

SURE = 0.05
Content = Mapping[str, Any]


def write_report(content: Content, path: Path) -> None:
    """Write `Evaluation.as_json()` as Markdown (.md) or HTML (.html), whole or not at all."""
    kinds = {".md": markdown, ".html": html}
    if path.suffix not in kinds:
        raise SettingsError(f"a report is a .md or .html file, not {path.name!r}")
    write_text(path, kinds[path.suffix](content))


def views(content: Content) -> dict[str, list[str]]:
    """Names of metrics by view, "" first, in the order in which they were measured; groups are no views."""
    found: dict[str, list[str]] = {"": []}
    for model in content["models"].values():
        for name in model["metrics"]:
            row = found.setdefault(name.rpartition("/")[0], [])
            if name not in row:
                row.append(name)
    return {view: names for view, names in found.items() if names and not is_group(view)}


def ranking(content: Content, metric: str) -> list[str]:
    """Models from best to worst by a metric; those without it stand last. Nobody is left out."""
    models = content["models"]
    sign = 1.0 if lower_is_better(metric) else -1.0

    def place(name: str) -> tuple[bool, float]:
        value = _mean(models[name], metric)
        return value is None, 0.0 if value is None else sign * value

    return sorted(models, key=place)


def winners(content: Content, metric: str) -> set[str]:
    """Models that beat every other under the same terms in a metric, p < 0.05 after Holm: at most one a terms.

    Models are not compared in metrics of all lists together (coverage, Gini); nobody wins there.
    """
    groups: dict[str, list[str]] = {}
    for name in ranking(content, metric):
        if _mean(content["models"][name], metric) is not None:
            groups.setdefault(content["models"][name]["fingerprint"], []).append(name)
    return {best for best, *rest in groups.values() if rest and _sure(content, metric, best, rest)}


def _sure(content: Content, metric: str, best: str, rest: list[str]) -> bool:
    against = [content["models"][name]["versus"].get(best, {}).get(metric) for name in rest]
    return all(found is not None and found["p_holm"] < SURE for found in against)


def label(content: Content, name: str) -> str:
    """The name of a model, and whether it looked at when and in which context the questions were asked."""
    seen = [what for what in ("time", "context") if content["models"][name].get(f"{what}_aware")]
    return f"{name} ({', '.join(f'{what}-aware' for what in seen)})" if seen else name


def figure(model: Content, metric: str) -> str:
    """ "0.1234 (0.1200–0.1270)", or a dash."""
    return estimated(model["metrics"].get(metric))


def estimated(found: Content | None) -> str:
    """An estimate as text, or a dash."""
    if found is None or found["mean"] is None:
        return "–"
    return f"{found['mean']:.4f} ({found['low']:.4f}–{found['high']:.4f})"


def _mean(model: Content, metric: str) -> float | None:
    found = model["metrics"].get(metric)
    return None if found is None else found["mean"]


def table(content: Content, names: list[str]) -> dict[str, Any]:
    """Heads (without the view) and rows of one view's table; a cell is (text, whether it won)."""
    won = {metric: winners(content, metric) for metric in names}
    rows = [
        (label(content, name), [(figure(content["models"][name], m), name in won[m]) for m in names])
        for name in ranking(content, names[0])
    ]
    return {"heads": [metric.rpartition("/")[2] for metric in names], "rows": rows}


def group_tables(content: Content) -> dict[str, dict[str, Any]]:
    """A table an attribute by its caption: groups as rows, models as columns, and the gap where groups are of people.

    Of accuracy the first metric that was measured, of exposure all; the JSON has the rest.
    """
    made: dict[str, dict[str, Any]] = {}
    known: set[str] = set()
    for (attribute, metric), models in tables(content).items():
        shared = lower_metric(metric) in ("exposure", "parity")
        if attribute in known and not shared:
            continue
        known.add(attribute)
        groups = list(dict.fromkeys(group for found in models.values() for group in found))
        rows = [(g, [(estimated(of.get(g)), False) for of in models.values()]) for g in groups]
        rows += [] if shared else [("gap", [(estimated(gap(of)), False) for of in models.values()])]
        made[f"Groups {metric} by {attribute}"] = {"heads": [label(content, n) for n in models], "rows": rows}
    return made


def lower_metric(name: str) -> str:
    """The name of a metric without its cut-off."""
    return name.partition("@")[0]


def markdown(content: Content) -> str:
    """Tables with 95 % intervals; bold is better than all the rest after Holm."""
    protocol = content["protocol"]
    title = _cell(f"{protocol.get('dataset', '')}, {protocol['name']}")
    lines = [f"### {title}", "", f"Protocol `{_cell(protocol['fingerprint'])}`.", ""]
    for caption, made in captioned(content).items():
        kind, _, name = caption.partition(" ")
        lines += [f"{kind} `{_cell(name)}`:", ""] if caption else []
        lines += [
            f"| {corner(caption)} | {' | '.join(_cell(h) for h in made['heads'])} |",
            "|" + "---|" * (len(made["heads"]) + 1),
        ]
        for name, cells in made["rows"]:
            shown = " | ".join(f"**{text}**" if won else text for text, won in cells)
            lines.append(f"| {_cell(name)} | {shown} |")
        lines.append("")
    lines += [_costs(content), ""]
    lines += [f"- Warning: {_cell(line)}" for line in protocol.get("warnings", [])]
    lines += [f"- Note: {_cell(line)}" for line in protocol.get("notes", [])]
    for name, model in content["models"].items():
        lines += [f"- {_cell(name)}: {_cell(line)}" for line in model.get("degraded", [])]
    lines.append(
        "- Mean (95 % interval over people). Bold: better than every other model under the same"
        " terms, p < 0.05 after Holm."
    )
    return "\n".join(lines) + "\n"


def captioned(content: Content) -> dict[str, dict[str, Any]]:
    """All tables by caption: the main view (""), other views, groups."""
    of_views = {
        f"View {view}" if view else "": table(content, names) for view, names in views(content).items()
    }
    return of_views | group_tables(content)


def corner(caption: str) -> str:
    """What the rows of a table are."""
    return "group" if caption.startswith("Groups ") else "model"


def _costs(content: Content) -> str:
    rows = [
        f"| {_cell(label(content, name))} | {m['fit_seconds']:.2f} | {m['score_seconds']:.2f} | {m['peak_rss_mb']:.0f} |"
        for name, m in content["models"].items()
    ]
    return "\n".join(["| model | fit, s | score, s | peak memory, MB |", "|---|---|---|---|", *rows])


def _cell(text: object) -> str:
    """Text that changes neither the table nor the page around it."""
    plain = " ".join(str(text).split())
    for sign, written in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("|", "\\|"), ("`", "'")):
        plain = plain.replace(sign, written)
    return plain


def html(content: Content) -> str:
    """One page with tables and pictures inside it: no script, no address outside, all text escaped."""
    shared = {"fingerprint", "warnings", "notes"}
    return rendered(
        "report.html.j2",
        protocol=content["protocol"],
        facts={k: v for k, v in content["protocol"].items() if k not in shared},
        models={label(content, name): model for name, model in content["models"].items()},
        tables=[(caption, corner(caption), made) for caption, made in captioned(content).items()],
        pictures=pictures(content),
        significant=SURE,
    )


def rendered(name: str, **values: Any) -> str:
    """A page of the templates with these values in it, all text escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("llm4rec.evaluation"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name).render(**values)


def pictures(content: Content) -> list[dict[str, str]]:
    """Caption and both themes as data addresses: the first metric with intervals, against coverage, against time."""
    models, names = content["models"], views(content).get("", [])
    if not names:
        return []
    first = names[0]
    ordered = {name: models[name] for name in ranking(content, first)}
    drawn: list[tuple[str, Callable[[str], str]]] = [
        (f"{first} with 95 % intervals", lambda theme: intervals(ordered, first, theme))
    ]
    broad = next((n for n in names if n.startswith("coverage@")), None)
    if broad is not None:
        across = ("metrics", broad, "mean")
        drawn.append((f"{first} against {broad}", lambda theme: scatter(ordered, across, first, theme)))
    for (attribute, metric), found in tables(content).items():
        if metric in (first, "parity@10"):
            apart = {
                f"{name}, {group}": {"metrics": {metric: e}}
                for name, groups in found.items()
                for group, e in groups.items()
            }
            drawn.append((f"{metric} by {attribute}", partial(_by_group, apart, metric)))
    timed = ("fit_seconds",)
    drawn.append((f"{first} against time to fit", lambda theme: scatter(ordered, timed, first, theme, True)))
    return [
        {"caption": caption, "light": address(draw("light")), "dark": address(draw("dark"))}
        for caption, draw in drawn
    ]


def _by_group(apart: Content, metric: str, theme: str) -> str:
    return intervals(apart, metric, theme)


def address(svg: str) -> str:
    """An image that can be shown but cannot run anything."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
