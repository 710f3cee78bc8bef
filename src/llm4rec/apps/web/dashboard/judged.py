"""What figures come to: drift, experiments, other policies, reasons of degraded answers, latency by route."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llm4rec.apps.web.elements import Tag
from llm4rec.apps.web.notes import worded
from llm4rec.apps.web.numbers import NONE, between, decimal, percent, seconds, signed, whole
from llm4rec.apps.web.plots import table
from llm4rec.apps.web.words import Words

Seen = dict[str, Any]
STATES = {
    **{"alarm": "bad", "steady": "good", "decided": "good", "wrong split": "bad", "too early": "wait"},
    **{"running": "wait", "no data": "wait", "cannot be judged": "bad", "too little data": "wait"},
    **{"serving": "good", "refused": "bad", "shadow": "wait", "before": "", "registered": ""},
}


def state(words: Words, name: str) -> None:
    """A state as a word in a coloured badge."""
    Tag(
        "span", words.either(f"state.{name.replace(' ', '_')}", name), f"state {STATES.get(name, '')}".strip()
    )


def drift(words: Words, seen: Seen) -> None:
    """Every signal with its threshold."""
    Tag("h2", words("drift.heading"))
    Tag("p", words("drift.about"), "soft")
    with Tag("ul", classes="signals"):
        for one in seen["drift"]:
            with Tag("li"):
                with Tag("div", classes="line-of"):
                    Tag(
                        "strong",
                        words.either(f"drift.{one['name'].replace(' ', '_').replace('-', '_')}", one["name"]),
                    )
                    state(words, one["state"])
                if one["limit"]:
                    _meter(words, one)
                Tag("p", one["why"], "soft small-text")


def _meter(words: Words, one: Seen) -> None:
    """How near a value is to its threshold, which stands at two thirds."""
    far = min(one["value"] / one["limit"] * 2 / 3, 1.0)
    told = words("drift.of", value=decimal(one["value"]), limit=decimal(one["limit"]))
    with Tag("div", classes="meter", role="img", aria_label=told):
        Tag("span", classes="fill" + (" over" if one["value"] > one["limit"] else "")).style(
            f"width:{100 * far:.0f}%"
        )
    Tag("span", told, "soft small-text")


def experiments(words: Words, seen: Seen) -> None:
    """Every variant with its intervals, and whether the experiment may stop."""
    Tag("h2", words("trial.heading"))
    if not seen["experiments"]:
        Tag("p", words("trial.none"), "hollow")
        return
    Tag("p", words("trial.about"), "soft")
    for one in seen["experiments"]:
        with Tag("div", classes="line-of"):
            Tag("h3", one["name"])
            state(words, one["stop"])
        if one["result"] is not None:
            with Tag("div", classes="wide", tabindex="0", role="region", aria_label=one["name"]):
                _variants(words, one["result"])
        if one["why"]:
            Tag("p", one["why"], "note")


def _variants(words: Words, result: Seen) -> None:
    heads = [words(f"trial.{name}") for name in ("variant", "people", "lists")]
    for figure in ("click_through", "conversion"):
        heads += [words(f"tile.{figure}"), words("trial.versus", control=result["control"])]
    rows = []
    for name, row in result["variants"].items():
        cells = [name, whole(row["people"]), whole(row["impressions"])]
        for figure in ("click-through", "conversion"):
            cells.append(NONE if row.get(figure) is None else between(row[figure]))
            look = row["versus"].get(figure)
            cells.append(NONE if look is None else difference(look))
        rows.append(cells)
    table(heads, rows)


def difference(look: Seen) -> str:
    """ "+1.2 (-0.1 – +2.5)", in points of a hundred."""
    return f"{signed(look['value'])} ({signed(look['low'])} – {signed(look['high'])})"


def estimates(words: Words, seen: Seen) -> None:
    """What other policies would have brought, with the effective sample size; or why that cannot be said."""
    Tag("h2", words("policy.heading"))
    Tag("p", words("policy.about"), "soft")
    known = [one for one in seen["estimates"] if one["value"] is not None]
    if known:
        heads = [words(f"policy.{name}") for name in ("policy", "value", "lists", "ess")]
        rows = [
            [_policy(words, one), between(one, decimal), whole(one["slates"]), _ess(one)] for one in known
        ]
        with Tag("div", classes="wide", tabindex="0", role="region", aria_label=words("policy.heading")):
            table(heads, rows)
    told = (
        f"{one['variant']}: {one['why']}" if one["variant"] else one["why"]
        for one in seen["estimates"]
        if one["why"]
    )
    for why in dict.fromkeys(told):
        Tag("p", why, "note")


def _policy(words: Words, one: Seen) -> str:
    told = words.either(f"policy.{one['policy'].replace(' ', '_')}", one["policy"])
    return f"{one['variant']}, {told}" if one["variant"] else told


def _ess(one: Seen) -> str:
    return f"{whole(one['ess'])} ({percent(one['ess'] / max(one['slates'], 1))})"


def reasons(words: Words, seen: Seen) -> None:
    """Why answers fell short, as bars."""
    Tag("h2", words("reason.heading"))
    if not seen["reasons"]:
        Tag("p", words("reason.none"), "hollow")
        return
    Tag("p", words("reason.about"), "soft")
    most = max(seen["reasons"].values())
    with Tag("ul", classes="counts"):
        for reason, count in seen["reasons"].items():
            with Tag("li"):
                Tag("span", worded(reason, words))
                Tag("strong", whole(count))
                with Tag("div", classes="meter", aria_hidden="true"):
                    Tag("span", classes="fill").style(f"width:{100 * count / most:.0f}%")


def latency(words: Words, seen: Seen) -> None:
    """Percentiles by route since the process began."""
    Tag("h2", words("latency.heading"))
    Tag("p", words("latency.about"), "soft")
    heads: Sequence[str] = [words(f"latency.{name}") for name in ("route", "count", "p50", "p95", "p99")]
    rows = [
        [row["route"], whole(row["count"]), *(seconds(row[p]) for p in ("p50", "p95", "p99"))]
        for row in seen["latency"]
        if row["count"]
    ]
    with Tag("div", classes="wide", tabindex="0", role="region", aria_label=words("latency.heading")):
        table(heads, rows)
