"""Diversity and novelty in the training of `attention`, or behind it: the whole front of each, and both at equal NDCG@10.

ml-100k, ratings of 4 and more, leave-last-out. Epochs are chosen on validation for every network; so are the strengths and weights that are
compared: for each term the largest gain at an NDCG loss within each limit. The test part is asked once a setting that was chosen.
Small trial: python -m benchmarks.tradeoff --small (few epochs, no figure to quote).
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.common import OUT, keep, loaded
from llm4rec.apps.cli.screen import Bars
from llm4rec.data import LoadedDataset
from llm4rec.data.splits import split
from llm4rec.engine import Settings
from llm4rec.evaluation.tradeoff import Row, Sweep, tradeoff

LIMITS = (0.02, 0.05, 0.10)
TERMS = {
    "ild@10": ("mmr", [{"diversity_reg": reg} for reg in (0.5, 1.0, 2.0, 4.0)]),
    "novelty@10": ("novel", [{"novelty_reg": reg} for reg in (0.25, 0.5, 1.0, 2.0)]),
}
"""What is gained: which reranker is made for it, and which weights in training."""
CURVES = {
    "ml-100k": ("leave-last-out", {"min_rating": 4}, "ease"),
    "amazon-games": ("leave-last-out", {}, "ease"),
    "goodbooks": ("leave-last-out", {}, "ease"),
}
"""Whole fronts: protocol, cleaning, and whose lists are reordered."""


def named(options: Mapping[str, Any]) -> str:
    """As a model is written on the command line."""
    return f"attention({';'.join(f'{key}={value}' for key, value in options.items())})"


def trained(data: LoadedDataset, axis: str, folder: Path, small: bool) -> dict[str, Row]:
    """Networks with a term beside the plain one, and the reranker behind the plain one, on the same questions."""
    reranker, options = TERMS[axis]
    base: dict[str, Any] = {"epochs": 3 if small else 32}
    settings = Settings(encoder={"name": "none"}).with_model("attention", base)
    others = tuple(named({**base, **one}) for one in options[: 2 if small else None])
    made = split(data.dataset, "leave-last-out", data.marks)
    sweep = Sweep(reranker, others, minutes=60.0)
    return dict(tradeoff(data.dataset, made, settings, sweep, folder, Bars()).rows)


def change(row: Row, metric: str) -> float:
    """The relative change of a figure against the plain network, on validation."""
    found = row.validation.get(metric, {}).get("change")
    return float("nan") if found is None else float(found)


def best(rows: Mapping[str, Row], axis: str, limit: float) -> str | None:
    """The row that gains most at a loss within the limit, on validation; None where all lose more."""
    cheap = [name for name, row in rows.items() if change(row, "ndcg@10") >= -limit]
    return max(cheap, key=lambda name: change(rows[name], axis), default=None)


def duel(data: LoadedDataset, folder: Path, small: bool) -> list[dict[str, Any]]:
    """In training and behind it, for each gain and limit: what was chosen and its figures on both parts."""
    lines = []
    for axis in TERMS:
        rows = trained(data, axis, folder, small)
        for limit in LIMITS:
            for side, curve in (("in training", "other models"), ("behind it", TERMS[axis][0])):
                name = best({n: row for n, row in rows.items() if row.curve == curve}, axis, limit)
                row = None if name is None else rows[name]
                parts = {part: None if row is None else getattr(row, part) for part in ("validation", "test")}
                lines.append({"gain": axis, "limit": limit, "side": side, "setting": name, **parts})
    return lines


def told(line: Mapping[str, Any]) -> str:
    """One line for the screen."""
    parts = [f"{line['gain']} at {line['limit']:.0%}, {line['side']}: {line['setting'] or 'nothing'}"]
    for part in ("validation", "test"):
        if line[part] is not None:
            figures = [
                f"{key} {100 * line[part][key]['change']:+.1f}% ({100 * line[part][key]['change_low']:+.1f} "
                f"{100 * line[part][key]['change_high']:+.1f})"
                for key in ("ndcg@10", line["gain"])
            ]
            parts.append(f"{part} {', '.join(figures)}")
    return "; ".join(parts)


def fronts(small: bool) -> dict[str, Any]:
    """The whole front of each data set, as `llm4rec tradeoff` makes it."""
    found = {}
    for name, (protocol, cleaning, model) in list(CURVES.items())[: 1 if small else None]:
        data = loaded(name, **cleaning)
        settings = Settings(encoder={"name": "none"}).with_model(model, {})
        sweep = Sweep("mmr,novel" if small else None, minutes=1.0 if small else 30.0)
        folder = Path(tempfile.mkdtemp()) if small else OUT / f"tradeoff-{name}"
        made = split(data.dataset, protocol, data.marks)
        traded = tradeoff(data.dataset, made, settings, sweep, folder, Bars())
        traded.write(folder)
        found[name] = traded.as_json()
        print(name, found[name]["recommended"], found[name]["volumes"], *traded.notes, sep="\n  ", flush=True)
    return found


def main() -> None:
    """The duel, then the fronts."""
    small = "--small" in sys.argv
    data = loaded("ml-100k", min_rating=4)
    folder = Path(tempfile.mkdtemp()) if small else OUT / "tradeoff-attention"
    lines = duel(data, folder, small)
    for line in lines:
        print(told(line), flush=True)
    curves = fronts(small)
    if not small:
        keep("tradeoff", {"duel": lines, "fronts": curves})


if __name__ == "__main__":
    main()
