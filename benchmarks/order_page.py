"""What the page of figures says of order: rerankers, knobs, terms in training, whole fronts. Measures nothing itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from statistics import median
from typing import Any

from benchmarks.blocks import Page
from benchmarks.cells import head, percents, row
from benchmarks.knob import DATA, KNOBS

SHOWN = {
    "ndcg": "NDCG@10",
    "ild": "ild",
    "genres": "genre coverage",
    "kl": "KL to history",
    "text ild": "ild of texts",
    "coverage": "catalog coverage",
    "novelty": "novelty",
}
ASKED = ("ndcg", "ild", "genres", "coverage")
ABOUT = {
    "ml-100k": "Ratings of 4 and more; each fifth of them drawn is the test once, strengths chosen on sixths of the rest; EASE (reg 200), genres.",
    "amazon-games": "Last items of people drawn with seed 0, strengths chosen on the items before; EASE, whitened vectors of titles. No providers in the data.",
    "goodbooks": "The 10,000 real books with **made-up readers** (the data hold no ratings), who like clusters of these texts; last items; EASE, "
    "whitened vectors of texts, first authors as providers.",
}
AXES = ("ild@10", "breadth@10", "novelty@10", "coverage@10", "calibration@10", "provider gap@10")


def orders(page: Page) -> Iterator[str]:
    """All that is measured of the order of lists."""
    yield from tables(page)
    yield from page.block("order-speed", speeds)
    yield "## Knobs: `python -m benchmarks.knob`\n"
    yield from page.block("knob", knobs, needs=[f"{data}, {knob}" for data in DATA for knob in KNOBS])
    yield "## Diversity in training, or behind it: `python -m benchmarks.tradeoff duel`\n"
    yield from page.block("tradeoff/duel", duel)
    yield "## Whole fronts: `python -m benchmarks.tradeoff ml-100k amazon-games sample-shop`\n"
    yield "As `llm4rec tradeoff` makes them: other models, the own order and the recommended setting, changes on the test against the own order.\n"
    for name in ("ml-100k", "amazon-games", "sample-shop"):
        yield from page.block(f"tradeoff/{name}", front)


def tables(page: Page) -> Iterator[str]:
    """What each reranker costs and gains, a table a catalog."""
    yield "## Reranking: `python -m benchmarks.order`\n"
    yield (
        "The best 100 reordered, lists of 10; changes against the ranker's own lists with 95 % intervals over people. Strengths: the largest gain "
        "of what a row is for at an NDCG loss of 2 % (`calibrated`: 1.2 %) on validation; chains that are for several gains: of the strengths that "
        "reach all that is asked (ild +7, genre coverage +12, catalog coverage +15 %) those that lose least. Losing rows stay.\n"
    )
    for name in ABOUT:
        yield from page.block(f"order/{name}", partial(table, name))


def table(name: str, found: Mapping[str, Any]) -> Iterator[str]:
    """One catalog."""
    keys = [key for key in SHOWN if key == "coverage" or key in found["own"]]
    own = ", ".join(f"{SHOWN[key]} {found['own'][key]:.3f}" for key in keys)
    yield f"`{name}`: {ABOUT[name]} {found['people']:,} lists. The ranker's own: {own}.\n"
    yield head("rerankers", "strengths", *(SHOWN[key] for key in keys), "ms a person")
    for label, told in found["rows"].items():
        cells = [percents(told["changes"][key]) for key in keys]
        yield row(label, strengths(told["strengths"]), *cells, f"{told['ms']:.2f}")
    yield ""
    yield from firsts(found)
    if "exposure" in found:
        yield from exposures(found)


def strengths(parts: Sequence[Sequence[float]]) -> str:
    """Those of all parts, ".3, .35; .3, .4", one where they are alike."""
    told = [", ".join(f"{value:g}" for value in part) for part in parts]
    return "; ".join(dict.fromkeys(told))


def firsts(found: Mapping[str, Any]) -> Iterator[str]:
    """The chains on the first part alone: those that looked for them saw the rest."""
    chains = {
        n: told["first part"] for n, told in found["rows"].items() if ", then " in n and "first part" in told
    }
    if chains:
        yield (
            "Which rerankers to chain was looked for on validation parts of what is not the first part, that is on data of the other parts. The first part "
            "alone (it had been asked before for the rows of one and two rerankers, and once, at other strengths, for that of three):\n"
        )
        for name, told in chains.items():
            yield f"- {name}: {', '.join(f'{SHOWN[key]} {percents(told[key])}' for key in ASKED)}"
        yield ""


def exposures(found: Mapping[str, Any]) -> Iterator[str]:
    """Providers before and after `fair`."""
    columns = ("exposure over merit, least to most", "of the worst part", "within .8–1.25")
    yield head("providers", *columns, "cold items' share of exposure", "inside providers")
    for label, told in (("own order", found["exposure"]), ("fair", found["rows"]["fair"]["exposure"])):
        worst = f"{min(low for low, _ in told['parts']):.2f}–{max(high for _, high in told['parts']):.2f}"
        cells = [
            f"{told['least']:.2f}–{told['most']:.2f}",
            worst,
            f"{told['within']:.0%} of {told['providers']}",
        ]
        yield row(label, *cells, *(percents(told[key], ".2f") for key in ("cold", "cold inside")))
    yield ""


def speeds(found: Mapping[str, Any]) -> Iterator[str]:
    """Time by number of candidates."""
    depths = list(next(iter(found.values()))["ms"])
    yield (
        "CPU milliseconds a person for a list of 10, 256 people at once, one thread, by candidates (`python -m benchmarks.order_speed`; vectors of 256 "
        "numbers). *Slope*: time grows as candidates to this power, 1 is linear.\n"
    )
    yield head("reranker", *depths, "slope")
    for label, told in found.items():
        yield row(label, *(f"{value:.3f}" for value in told["ms"].values()), f"{told['slope']:.2f}")
    yield ""


def knobs(content: Mapping[str, Any]) -> Iterator[str]:
    """Each setting of each knob."""
    turned = [(name, told) for name, found in content.items() for told in found["rows"] if told["knob"]]
    rows = [told for _, told in turned]
    halves = [(told["between"][1] - told["between"][0]) / 2 for told in rows]
    wide = median(half / max(told["reported"], 1e-9) for half, told in zip(halves, rows, strict=True))
    yield (
        "Engines fitted without a fifth of the events; people that knobs were neither calibrated nor priced on. Gain: share of that at 1 (`explore`: of "
        "the places with an item that the own list lacks). *Reported*: what answers say, with the 95 % interval that they give for as many other people as "
        "they were measured on (300); *lost*: NDCG@10 on held-out events, 95 % over the people asked. At 0 the list is the ranker's own in "
        f"{sum(found['own at 0'] for found in content.values())} of {len(content)} cases, gains rise at every step in "
        f"{sum(found['rises'] for found in content.values())}. What was lost lies within the reported interval (*holds*) in "
        f"{sum(told['holds'] for told in rows)} of {len(rows)} settings; the reported cost lies within the interval of what was lost, which knows no doubt "
        f"about the price (*near*), in {sum(told['within'] for told in rows)} of {len(rows)}. Half the reported interval is {100 * wide:.0f} % of the price in the "
        f"median, {100 * median(halves):.1f} points. How it is measured was chosen on parts of the training events ([EXPERIMENTS.md](../EXPERIMENTS.md)).\n"
    )
    yield head("data, knob", "setting", "share of the gain", "reported", "NDCG@10 lost", "holds", "near")
    for name, told in turned:
        costs = ((told["reported"], *told["between"]), (told["ndcg lost"], *told["interval"]))
        kept = ["yes" if told[key] else "no" for key in ("holds", "within")]
        setting = [f"{told['knob']:g}", f"{told['share']:.2f}"]
        yield row(name, *setting, *(lost(cost) for cost in costs), *kept)
    yield ""


def lost(told: Sequence[float]) -> str:
    """ "1.1% (-0.8 to 3.4)": a loss has no sign of a change, and its low end may lie below none."""
    return "{:.1f}% ({:.1f} to {:.1f})".format(*(100 * share for share in told))


def duel(found: Mapping[str, Any]) -> Iterator[str]:
    """Terms in training against reranking, at equal NDCG."""
    yield (
        "`attention` on ml-100k, ratings of 4 and more, 16 epochs at most, the last fifth of each person's events as the test. For each gain the setting "
        "that gains most at an NDCG loss within the limit on validation; test figures against the plain network, 95 % over people.\n"
    )
    columns = ("NDCG@10, validation", "gain", "NDCG@10, test", "gain")
    yield head("gain", "limit", "side", "setting", *columns)
    for line in found["chosen"]:
        cells = [
            "–"
            if line[part] is None
            else percents([line[part][key][end] for end in ("change", "change_low", "change_high")])
            for part in ("validation", "test")
            for key in ("ndcg@10", line["gain"])
        ]
        setting = line["setting"] or "none is within"
        yield row(line["gain"], f"{line['limit']:.0%}", line["side"], setting, *cells)
    yield ""


def front(found: Mapping[str, Any]) -> Iterator[str]:
    """A whole front in short: models and what is recommended, on the test."""
    axes = [axis for axis in AXES if axis in found["axes"]]
    told = found["protocol"]
    note = " (synthetic readers)" if told["synthetic"] else ""
    yield f"`{told['dataset']}`{note}, {told['name']}, fingerprint `{told['fingerprint']}`\n"
    yield head("row", "NDCG@10", *axes)
    for label, one in found["rows"].items():
        if one["curve"] in ("own order", "other models") or label == found["recommended"]["name"]:
            yield row(label, *(change(one["test"].get(key)) for key in ("ndcg@10", *axes)))
    yield ""
    yield from (f"- {line}" for line in found["notes"])
    yield ""


def change(found: Mapping[str, Any] | None) -> str:
    """The mean with its change, or nothing."""
    if not found or found["mean"] is None:
        return ""
    ends = [found.get(end) for end in ("change", "change_low", "change_high")]
    return f"{found['mean']:.4f}" + (
        "" if None in ends else f", {percents([v for v in ends if v is not None])}"
    )
