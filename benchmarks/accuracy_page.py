"""What the page of figures says of known users and items: full ranking, the stacker, stars, other libraries. Measures nothing itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.blocks import Page
from benchmarks.cells import head, of_metric, ranged, row
from benchmarks.ratings import FOLDS
from benchmarks.versus.catalogue import TABLES
from benchmarks.versus.compare import page as compared


def warm(page: Page) -> Iterator[str]:
    """One table a data set."""
    yield "## Known users and items: `python -m benchmarks.warm`\n"
    yield (
        "Fitted on the training part alone; settings chosen on validation; the test part is asked once. `leave_out` rows are "
        "knock-outs: no text, no attributes, neither. Losing rows stay.\n"
    )
    for name in ("amazon-beauty", "amazon-games", "ml-100k"):
        yield from page.block(f"warm-{name}", warm_table)
    yield (
        "On the idle machine with both cores, `llm4rec evaluate` of `sequence` on `amazon-beauty`, reading, fitting, choosing and "
        "asking 22,363 users, takes 86 s and 3.8 GB with texts in the vector cache; reading the texts the first time adds about "
        "a minute and a half. Fit and peak columns above were taken beside other work.\n"
    )
    yield (
        "Published, Beauty, same split and rule (NDCG@10 / HR@10): SASRec with sampled softmax .0531 / .0921, eSASRec "
        ".0523 / .0928, HSTU .0439 / .0788, TIGER .0384 / .0648.\n"
    )


def warm_table(content: dict[str, Any]) -> Iterator[str]:
    """One data set."""
    yield protocol(content)
    yield head("model", "NDCG@10", "HR@10", "coverage@10", "fit s", "peak MB")
    for model, told in content["models"].items():
        yield row(model, *figures(told), f"{told['fit_seconds']:.0f}", f"{told['peak_rss_mb']:.0f}")
    yield ""


def protocol(content: dict[str, Any]) -> str:
    """Data set, protocol and its fingerprint."""
    told = content["protocol"]
    return f"`{told['dataset']}`, {told['name']}, fingerprint `{told['fingerprint']}`\n"


def figures(told: dict[str, Any]) -> list[str]:
    """Cells of both tables: two metrics with intervals, and coverage."""
    coverage = f"{told['metrics']['coverage@10']['mean']:.3f}"
    return [of_metric(told, "ndcg@10"), of_metric(told, "hr@10"), coverage]


def stacked(page: Page) -> Iterator[str]:
    """The stacker beside its inputs, with paired differences."""
    yield "## The stacker: `python -m benchmarks.stacked`\n"
    yield (
        "Fitted on the training part alone, the order of candidates learnt from validation questions, the test part asked once. Inputs "
        "are rows as they stand inside the stacker. *Difference*: NDCG@10 of the stacker less that of the row, paired over people. `auto` "
        "is what an engine does when no model is named. Epochs of `attention` are said with each table.\n"
    )
    for name in ("amazon-beauty", "amazon-games", "ml-100k", "ml-100k-temporal"):
        yield from page.block(f"stacked-{name}", stacked_table)


def stacked_table(content: dict[str, Any]) -> Iterator[str]:
    """One data set."""
    yield protocol(content)
    yield head("model", "NDCG@10", "HR@10", "coverage@10", "difference", "fit s")
    best = next(iter(content["models"]))
    epochs = content["models"][best]["settings"].get("options", {}).get("attention", {}).get("epochs", "?")
    for model, told in content["models"].items():
        yield row(model, *figures(told), difference(content, best, model), f"{told['fit_seconds']:.0f}")
    yield ""
    yield f"A schedule of {epochs} epochs.\n"
    for note in content.get("notes", []):
        yield f"{note}.\n"
    if chances := content.get("chances"):
        yield (
            f"Chances of the {chances['shown']:,} items shown: said {chances['said']:.4f} on average, came {chances['came']:.4f}, "
            f"expected calibration error {chances['ece@10']:.4f}.\n"
        )


def difference(content: dict[str, Any], one: str, other: str) -> str:
    """ "+0.0148 (+0.0060 to +0.0240), p .001", or nothing where the two were not compared."""
    for first, second, sign in ((one, other, 1), (other, one, -1)):
        found = content["models"][first]["versus"].get(second, {}).get("ndcg@10")
        if found:
            low, high = sorted((sign * found["low"], sign * found["high"]))
            return f"{ranged((sign * found['difference'], low, high), '+.4f')}, p {found['p_holm']:.4f}"
    return ""


def ratings(page: Page) -> Iterator[str]:
    """Stars: error and intervals by fold."""
    yield "## Stars: `python -m benchmarks ratings`\n"
    yield from page.block("ratings", ratings_table, needs=FOLDS, within="no dates/folds")


def ratings_table(content: dict[str, Any]) -> Iterator[str]:
    """By row and fold."""
    yield (
        "`fm` on the five official folds of `ml-100k`, fitted on the training part of each, every setting at its default. Intervals are "
        "asked for 90 %; *width* is in stars.\n"
    )
    folds = next(iter(content.values()))["folds"]
    yield head("row", "figure", *folds, "mean")
    for name, told in content.items():
        label = f"{name} (time-aware)" if name == "dates" else name
        for key, digits in (("rmse", 4), ("mae", 4), ("coverage", 4), ("width", 2)):
            values = [fold[key] for fold in told["intervals"]]
            yield row(label, key, *(f"{value:.{digits}f}" for value in (*values, float(np.mean(values)))))
    yield ""


def peers(page: Page) -> Iterator[str]:
    """Other libraries, one table a data set and protocol."""
    yield "## Beside other libraries: `python -m benchmarks.peers`\n"
    yield (
        "Same split, same candidates, same metrics code; each row fits, recommends and answers in a process of its own, with settings "
        "chosen on validation from the grid in `benchmarks/versus/catalogue.py`. A library is asked with the history at the time of "
        "asking where it takes one. *fit s* is one fit with the settings chosen; *all users s* is the library's own call for ten items "
        "for everybody it was fitted on; *peak MB* is the whole process, imports included. Losing rows stay.\n"
    )
    for name in TABLES:
        yield from page.block(f"peers-{name}", lambda content: [compared(content)])
