"""Rows set against one of them: differences with intervals, Holm, cost ratios; as JSON and as a page. Measures nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.cells import ends, head, ranged, row
from llm4rec.evaluation import Trial, bootstrap, holm, interval, p_value
from llm4rec.evaluation.names import lower_is_better

SURE = 0.05
COSTS = {"fit_seconds": "fit s", "recommend_seconds": "all users s", "peak_mb": "peak MB"}


def against(trials: Mapping[str, Trial], reference: str, metric: str) -> dict[str, dict[str, Any]]:
    """Every other row less `reference`: paired bootstrap over people, Holm over all of these comparisons.

    `says` is "better", "worse" or "not apart", at p < 0.05 after Holm, whichever way the metric goes.
    """
    names = [name for name in trials if metric in trials[name].samples]
    if reference not in names or len(names) < 2:
        return {}
    draws = bootstrap([trials[name].samples[metric] for name in names], np.random.default_rng(0))
    base = names.index(reference)
    others = [(place, name) for place, name in enumerate(names) if place != base]
    apart = {name: draws[:, place] - draws[:, base] for place, name in others}
    raw = [p_value(apart[name]) for _, name in others]
    found = {}
    for (_, name), p, corrected in zip(others, raw, holm(raw), strict=True):
        low, high = interval(apart[name])
        difference = trials[name].samples[metric].mean - trials[reference].samples[metric].mean
        better = (difference < 0) == lower_is_better(metric)
        says = "not apart" if corrected >= SURE else "better" if better else "worse"
        found[name] = {
            "difference": difference,
            "low": low,
            "high": high,
            "p": p,
            "p_holm": corrected,
            "says": says,
        }
    return found


def ratios(costs: Mapping[str, Any], of_reference: Mapping[str, Any]) -> dict[str, float]:
    """Seconds and memory over those of the reference; below 1 is cheaper than ours."""
    return {
        key: costs[key] / of_reference[key]
        for key in COSTS
        if costs.get(key) is not None and of_reference.get(key)
    }


def page(content: Mapping[str, Any]) -> str:
    """One table as Markdown, with what was chosen, who is better and who is cheaper, in words."""
    return (
        "\n".join([*_head(content), *_table(content), "", *_words(content), "", *_settings(content)]) + "\n"
    )


def _head(content: Mapping[str, Any]) -> Iterator[str]:
    protocol, reference = content["protocol"], content["reference"]
    yield f"### {content['table']}: {protocol['name']}\n"
    yield (
        f"Fingerprint `{protocol['fingerprint']}`. Mean (95 % interval over people). Differences and ratios are against "
        f"`{reference}`; p after Holm over the rows. {content['threads']} thread(s) a process, every row in a process of its own."
    )
    if content["time_aware"]:
        yield "\n**Time-aware**: rows may know when a test rating was given."
    yield ""


def _table(content: Mapping[str, Any]) -> Iterator[str]:
    main = content["metrics"][:2]
    costs = [key for key in COSTS if any(told.get(key) is not None for told in content["rows"].values())]
    heads = [*main, f"{main[0]} − ours", *(f"{COSTS[key]} (×)" for key in costs)]
    yield head("row", *heads)
    for name in ranking(content):
        told = content["rows"][name]
        cells = [_figure(told["metrics"].get(metric)) for metric in main]
        cells.append(_difference(told["against"].get(main[0]), name == content["reference"]))
        cells += [_cost(told, key) for key in costs]
        mark = "**" if told["home"] == "ours" else ""
        star = "\\*" if told.get("by_row") else ""
        yield row(f"{mark}{name}{mark}{star}", *cells)
    for name in content["failed"]:
        yield f"| {name} | failed |{' |' * (len(heads) - 1)}"


def ranking(content: Mapping[str, Any]) -> list[str]:
    """Rows, the best in the first metric first."""
    first = content["metrics"][0]
    return sorted(
        content["rows"],
        key=lambda name: content["rows"][name]["metrics"][first]["mean"],
        reverse=not lower_is_better(first),
    )


def _figure(found: Mapping[str, Any] | None) -> str:
    return "–" if found is None else ranged(ends(found))


def _difference(found: Mapping[str, Any] | None, is_reference: bool) -> str:
    if found is None:
        return "reference" if is_reference else "–"
    p = f"p {found['p_holm']:.3f}" if found["p_holm"] >= 0.001 else "p < .001"
    return f"{ranged(ends(found, 'difference'), '+.4f')}, {p}, **{found['says']}**"


def _cost(told: Mapping[str, Any], key: str) -> str:
    if told.get(key) is None:
        return "–"
    value = f"{told[key]:.0f}" if told[key] >= 100 or key.endswith("_mb") else f"{told[key]:.2f}"
    ratio = told["ratios"].get(key)
    return value if ratio is None else f"{value} ({ratio:.2f})"


def _words(content: Mapping[str, Any]) -> Iterator[str]:
    """Who wins, plainly; nothing is left for the reader to find."""
    reference, rows = content["reference"], content["rows"]
    others = {name: told for name, told in rows.items() if told["home"] != "ours"}
    for metric in content["metrics"][:2]:
        parts = [
            f"{says}: {_named(others, lambda told, m=metric, s=says: told['against'].get(m, {}).get('says') == s)}"
            for says in ("better", "not apart", "worse")
        ]
        yield f"- Against `{reference}` in {metric}. {'; '.join(parts).capitalize()}."
    for key, label in COSTS.items():
        cheaper = _named(others, lambda told, k=key: told["ratios"].get(k, 1.0) < 1.0)
        yield f"- Below `{reference}` in {label}: {cheaper}."
    if any(told.get("by_row") for told in rows.values()):
        yield (
            "- \\* knows people only as rows of its fit, so it was fitted on train and validation; all others were fitted on train "
            "alone and asked with histories that reach up to the test."
        )
    for name, message in content["failed"].items():
        lines = [line.strip() for line in message.strip().splitlines()]
        yield f"- `{name}` failed: {' … '.join(dict.fromkeys((lines[0], lines[-1])))}"


def _named(rows: Mapping[str, Any], holds: Any) -> str:
    found = [f"`{name}`" for name, told in rows.items() if holds(told)]
    return ", ".join(found) or "none"


def _settings(content: Mapping[str, Any]) -> Iterator[str]:
    yield "Settings, chosen on validation alone:\n"
    for name in ranking(content):
        told = content["rows"][name]
        tried = len(told["tuning"]) or 1
        said = told["setting"] if told["home"] != "ours" else told["setting"].get("chosen") or "as fitted"
        yield f"- `{name}` ({told.get('versions', '')}; {tried} tried): {_plain(said)}"


def _plain(setting: Any) -> str:
    if not isinstance(setting, Mapping):
        return str(setting)
    return ", ".join(f"{key} {value}" for key, value in setting.items()) or "defaults"


def reference_of(wanted: Sequence[str], measured: Sequence[str]) -> str:
    """The first of `wanted` that was measured; else the first row there is."""
    return next((name for name in wanted if name in measured), measured[0])
