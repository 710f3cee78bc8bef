"""What the page of figures says of order: rerankers, knobs, terms in training, whole fronts. Measures nothing itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from statistics import median
from typing import Any

from benchmarks.blocks import block

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


def orders() -> Iterator[str]:
    """All that is measured of the order of lists."""
    yield from tables()
    yield from block("order-speed", speeds)
    yield "## Knobs: `python -m benchmarks.knob`\n"
    yield from block("knob", knobs)
    yield "## Diversity in training, or behind it: `python -m benchmarks.tradeoff duel`\n"
    yield from block("tradeoff/duel", duel)
    yield "## Whole fronts: `python -m benchmarks.tradeoff ml-100k amazon-games sample-shop`\n"
    yield "As `llm4rec tradeoff` makes them: other models, the own order and the recommended setting, changes on the test against the own order.\n"
    for name in ("ml-100k", "amazon-games", "sample-shop"):
        yield from block(f"tradeoff/{name}", front)


def tables() -> Iterator[str]:
    """What each reranker costs and gains, a table a catalog."""
    yield "## Reranking: `python -m benchmarks.order`\n"
    yield (
        "The best 100 reordered, lists of 10; changes against the ranker's own lists with 95 % intervals over people. Strengths: the largest gain "
        "of what a row is for at an NDCG loss of 2 % (`calibrated`: 1.2 %) on validation; chains that are for several gains: of the strengths that "
        "reach all that is asked (ild +7, genre coverage +12, catalog coverage +15 %) those that lose least. Losing rows stay.\n"
    )
    for name in ABOUT:
        yield from block(f"order/{name}", partial(table, name))


def table(name: str, found: Mapping[str, Any]) -> Iterator[str]:
    """One catalog."""
    keys = [key for key in SHOWN if key == "coverage" or key in found["own"]]
    own = ", ".join(f"{SHOWN[key]} {found['own'][key]:.3f}" for key in keys)
    yield f"`{name}`: {ABOUT[name]} {found['people']:,} lists. The ranker's own: {own}.\n"
    yield f"| rerankers | strengths | {' | '.join(SHOWN[key] for key in keys)} | ms a person |\n|{'---|' * (len(keys) + 3)}"
    for label, row in found["rows"].items():
        cells = [moved(row["changes"][key]) for key in keys]
        yield f"| {label} | {strengths(row['strengths'])} | {' | '.join(cells)} | {row['ms']:.2f} |"
    yield ""
    yield from firsts(found)
    if "exposure" in found:
        yield from exposures(found)


def strengths(parts: Sequence[Sequence[float]]) -> str:
    """Those of all parts, ".3, .35; .3, .4", one where they are alike."""
    told = [", ".join(f"{value:g}" for value in part) for part in parts]
    return "; ".join(dict.fromkeys(told))


def moved(value: Sequence[float]) -> str:
    """ "-1.6 % (-2.4 to -.7)"."""
    return "{:+.1f} % ({:+.1f} to {:+.1f})".format(*(100 * v for v in value))


def firsts(found: Mapping[str, Any]) -> Iterator[str]:
    """The chains on the first part alone: those that looked for them saw the rest."""
    chains = {
        n: row["first part"] for n, row in found["rows"].items() if ", then " in n and "first part" in row
    }
    if chains:
        yield (
            "Which rerankers to chain was looked for on validation parts of what is not the first part, that is on data of the other parts. The first part "
            "alone (it had been asked before for the rows of one and two rerankers, and once, at other strengths, for that of three):\n"
        )
        for name, row in chains.items():
            yield f"- {name}: {', '.join(f'{SHOWN[key]} {moved(row[key])}' for key in ASKED)}"
        yield ""


def exposures(found: Mapping[str, Any]) -> Iterator[str]:
    """Providers before and after `fair`."""
    yield "| providers | exposure over merit, least to most | of the worst part | within .8–1.25 | cold items' share of exposure | inside providers |\n|---|---|---|---|---|---|"
    for label, row in (("own order", found["exposure"]), ("fair", found["rows"]["fair"]["exposure"])):
        cold = " | ".join(
            "{:.2f} % ({:.2f}–{:.2f})".format(*(100 * v for v in row[k])) for k in ("cold", "cold inside")
        )
        worst = f"{min(low for low, _ in row['parts']):.2f}–{max(high for _, high in row['parts']):.2f}"
        yield f"| {label} | {row['least']:.2f}–{row['most']:.2f} | {worst} | {row['within']:.0%} of {row['providers']} | {cold} |"
    yield ""


def speeds(found: Mapping[str, Any]) -> Iterator[str]:
    """Time by number of candidates."""
    depths = list(next(iter(found.values()))["ms"])
    yield (
        "CPU milliseconds a person for a list of 10, 256 people at once, one thread, by candidates (`python -m benchmarks.order_speed`; vectors of 256 "
        "numbers). *Slope*: time grows as candidates to this power, 1 is linear.\n"
    )
    yield f"| reranker | {' | '.join(depths)} | slope |\n|{'---|' * (len(depths) + 2)}"
    for label, row in found.items():
        yield f"| {label} | {' | '.join(f'{value:.3f}' for value in row['ms'].values())} | {row['slope']:.2f} |"
    yield ""


def knobs(content: Mapping[str, Any]) -> Iterator[str]:
    """Each setting of each knob."""
    rows = [row for found in content.values() for row in found["rows"] if row["knob"]]
    halves = [(row["between"][1] - row["between"][0]) / 2 for row in rows]
    wide = median(half / max(row["reported"], 1e-9) for half, row in zip(halves, rows, strict=True))
    yield (
        "Engines fitted without a fifth of the events; people that knobs were neither calibrated nor priced on. Gain: share of that at 1 (`explore`: of "
        "the places with an item that the own list lacks). *Reported*: what answers say, with the 95 % interval that they give for as many other people as "
        "they were measured on (300); *lost*: NDCG@10 on held-out events, 95 % over the people asked. At 0 the list is the ranker's own in "
        f"{sum(found['own at 0'] for found in content.values())} of {len(content)} cases, gains rise at every step in "
        f"{sum(found['rises'] for found in content.values())}. What was lost lies within the reported interval (*holds*) in "
        f"{sum(row['holds'] for row in rows)} of {len(rows)} settings; the reported cost lies within the interval of what was lost, which knows no doubt "
        f"about the price (*near*), in {sum(row['within'] for row in rows)} of {len(rows)}. Half the reported interval is {100 * wide:.0f} % of the price in the "
        f"median, {100 * median(halves):.1f} points. How it is measured was chosen on parts of the training events ([EXPERIMENTS.md](../EXPERIMENTS.md)).\n"
    )
    yield "| data, knob | setting | share of the gain | reported | NDCG@10 lost | holds | near |\n|---|---|---|---|---|---|---|"
    for name, found in content.items():
        for row in found["rows"]:
            if row["knob"]:
                told = " | ".join(
                    "{:.1f}% ({:.1f} to {:.1f})".format(*(100 * share for share in shares))
                    for shares in ((row["reported"], *row["between"]), (row["ndcg lost"], *row["interval"]))
                )
                kept = " | ".join("yes" if row[key] else "no" for key in ("holds", "within"))
                yield f"| {name} | {row['knob']:g} | {row['share']:.2f} | {told} | {kept} |"
    yield ""


def duel(found: Mapping[str, Any]) -> Iterator[str]:
    """Terms in training against reranking, at equal NDCG."""
    yield (
        "`attention` on ml-100k, ratings of 4 and more, 16 epochs at most, the last fifth of each person's events as the test. For each gain the setting "
        "that gains most at an NDCG loss within the limit on validation; test figures against the plain network, 95 % over people.\n"
    )
    yield "| gain | limit | side | setting | NDCG@10, validation | gain | NDCG@10, test | gain |\n|---|---|---|---|---|---|---|---|"
    for line in found["chosen"]:
        cells = [
            "–"
            if line[part] is None
            else moved([line[part][key][end] for end in ("change", "change_low", "change_high")])
            for part in ("validation", "test")
            for key in ("ndcg@10", line["gain"])
        ]
        setting = line["setting"] or "none is within"
        yield f"| {line['gain']} | {line['limit']:.0%} | {line['side']} | {setting} | {' | '.join(cells)} |"
    yield ""


def front(found: Mapping[str, Any]) -> Iterator[str]:
    """A whole front in short: models and what is recommended, on the test."""
    axes = [axis for axis in AXES if axis in found["axes"]]
    told = found["protocol"]
    note = " (synthetic readers)" if told["synthetic"] else ""
    yield f"`{told['dataset']}`{note}, {told['name']}, fingerprint `{told['fingerprint']}`\n"
    yield f"| row | NDCG@10 | {' | '.join(axes)} |\n|{'---|' * (len(axes) + 2)}"
    for label, row in found["rows"].items():
        if row["curve"] in ("own order", "other models") or label == found["recommended"]["name"]:
            cells = [change(row["test"].get(key)) for key in ("ndcg@10", *axes)]
            yield f"| {label} | {' | '.join(cells)} |"
    yield ""
    yield from (f"- {line}" for line in found["notes"])
    yield ""


def change(found: Mapping[str, Any] | None) -> str:
    """The mean with its change, or nothing."""
    if not found or found["mean"] is None:
        return ""
    ends = [found.get(end) for end in ("change", "change_low", "change_high")]
    return f"{found['mean']:.4f}" + ("" if None in ends else f", {moved([v for v in ends if v is not None])}")
