"""What the page of figures says of words: descriptions, explanations, wishes, conversations, remarks. Measures nothing itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.blocks import block

SHARES = (
    "cited costs more than random",
    "coverage",
    "atomic claims with evidence",
    "evidence that the raw data confirm",
    "with a counterfactual",
)
"""What is told of explanations, in the order of the columns."""


def words() -> Iterator[str]:
    """All that is measured of what an engine reads and writes."""
    for title, key, write in (
        ("Descriptions", "descriptions", descriptions),
        ("Explanations", "explanations", explanations),
        ("Requests in plain language", "asking", wishes),
        ("Conversations", "conversation", talks),
        ("Words steer", "remarks", words_steer),
    ):
        yield f"## {title}: `python -m benchmarks.{key}`\n"
        yield from block(key, write)


def descriptions(content: dict[str, Any]) -> Iterator[str]:
    """What is said of films and books, and whether it helps cold items."""
    yield (
        "By templates alone. Claims are looked up in the raw rows by a checker that knows nothing of the writer; the overlap is the "
        "highest of all pairs of the whole catalog.\n"
    )
    for name in ("films", "books"):
        told = {key: f"{v:.4g}" if isinstance(v, float) else v for key, v in content.get(name, {}).items()}
        if told:
            yield f"- {name}: {'; '.join(f'{key} {value}' for key, value in told.items())}"
    if "cold" in content:
        yield "\nRecall@20 of cold items of `ml-100k` whose plots and taglines are hidden, mean over the draws:\n"
        ways = list(next(iter(content["cold"].values())))
        yield f"| model | {' | '.join(ways)} |\n|---|{'---|' * len(ways)}"
        for model, found in content["cold"].items():
            cells = [
                f"{np.mean(values):.4f} ({np.mean(np.array(values) - np.array(found[ways[0]])):+.4f})"
                for values in found.values()
            ]
            yield f"| {model} | {' | '.join(cells)} |"
    yield ""


def explanations(content: dict[str, Any]) -> Iterator[str]:
    """Whether what explanations cite matters, and whether what they claim is so."""
    yield (
        "A thousand recommended items each. *Cited matters*: taking what is cited out of the history lowers the item's score by more than "
        "taking out as many other things at random. *Grounded*: claims that the checker finds evidence for; *confirmed*: that the raw rows confirm.\n"
    )
    yield (
        "| items of, engine | cited matters | coverage | claims | grounded | confirmed | with a counterfactual | ms each in a list, median | "
        "95th of 100 | ms of one alone, median | 95th of 100 |\n|---|---|---|---|---|---|---|---|---|---|---|"
    )
    for name, told in content.items():
        claims = told["atomic claims with evidence"]
        shares = [f"{told[key]['share']:.4f}" for key in SHARES]
        shares.insert(2, f"{claims['of']:,}")
        times = [told[f"milliseconds, {how}"] for how in ("in a list of ten", "one alone")]
        took = " | ".join(f"{time['median']:.2f} | {time['p95']:.2f}" for time in times)
        yield f"| {name} | {' | '.join(shares)} | {took} |"
    yield ""


def wishes(content: dict[str, Any]) -> Iterator[str]:
    """Requests in plain language: what is found, and whether they are understood."""
    yield (
        "Films: the plot of a film is the request, hidden from the index in turn. Books and games: half the words of a title, one misspelt, for "
        "books with the author's last name and the decade. recall@10 of questions that chose no weight (95 %), and `ask` less the better other way:\n"
    )
    yield "| items | questions | BM25 | bare encoder | ask | ask above the better |\n|---|---|---|---|---|---|"
    for name, row in content.items():
        if name != "requests":
            least = min(row["ask above"].values(), key=lambda told: float(told[0]))
            cells = [ranged(told) for told in (row["bm25"], row["bare encoder"], row["ask"], least)]
            yield f"| {name} | {row['questions']} | {' | '.join(cells)} |"
    asked = content.get("requests")
    if asked:
        yield (
            f"\n{asked['requests']:.0f} hand-written requests with constraints and negation: read as intended {asked['as_intended']:.1%}, constraints "
            f"broken by items shown: {asked['violations']:.0f}.\n"
        )


def ranged(told: list[float]) -> str:
    """A mean with its interval."""
    mean, low, high = told
    return f"{mean:.3f} ({low:.3f} to {high:.3f})"


def talks(content: dict[str, Any]) -> Iterator[str]:
    """Simulated people with a hidden target, recorded dialogues, Chinese."""
    yield (
        "Simulated people want one item and say the truth about it; success: it is shown within five turns of ten items (95 %). `popular` "
        "is the next ten popular items each turn, `lists` the engine's own without a word, `newcomer` the same people unknown.\n"
    )
    yield "| people | part | success | mean turn |\n|---|---|---|---|"
    films = content.get("films", {}).get("test", {})
    rows = [(f"`ml-100k`, {way}", "test", row) for way, row in films.items() if isinstance(row, dict)]
    for name, told in content.get("kdconv", {}).items():
        domain, _, part = name.partition(" ")
        ways = [(way, row) for way, row in told.items() if isinstance(row, dict)]
        rows += [(f"`kdconv` {domain}, Chinese, {way}", part, row) for way, row in ways]
    for name, part, row in rows:
        told = f"{row['success']:.3f} ({row['low']:.3f}–{row['high']:.3f})"
        yield f"| {name}, {row['people']} | {part} | {told} | {row['turn']:.2f} |"
    yield ""
    recorded = content.get("inspired", {}).get("test", {})
    if recorded:
        yield (
            f"`inspired`, its test part, {recorded['moments']} moments in which a recommender names films new in the dialogue; "
            "films named before are left out:\n"
        )
        yield "| way | recall@1 | recall@10 | recall@50 |\n|---|---|---|---|"
        for way in ("popular", "bm25", "encoder", "chat"):
            figures = [recorded[f"{way} recall@{k}"] for k in (1, 10, 50)]
            cells = [f"{mean:.4f} ({low:.4f}–{high:.4f})" for mean, low, high in figures]
            yield f"| {way} | {' | '.join(cells)} |"
        yield ""
    parts = [part for told in content.values() for part in (told, *told.values()) if "items_named" in part]
    named, wrong = (sum(int(part[key]) for part in parts) for key in ("items_named", "not_existing"))
    broken = sum(int(part["breaking"]) for part in parts)
    yield f"Items named in all replies: {named:,}; that do not exist: {wrong}; that break what is remembered: {broken}.\n"


def words_steer(content: dict[str, Any]) -> Iterator[str]:
    """Remarks and how often the next list moved as they meant."""
    yield (
        "Hand-written remarks in English and Chinese about lists of `ml-100k` and the sample shop, each made by up to five people to whom "
        "it can be said. A list moved where everything the remark means, read from columns of the catalog, rose or fell. The first half "
        "served for choosing, the second showed what to mend; those from the third on were written without sight of the reader, and each "
        "served to mend it once it had been asked. Only the first run on a part says what to expect of new remarks: third .733, fourth .800, "
        "fifth .817, sixth .885, seventh, the last and largest, .955 (.925–.979) and, mended once more without sight of it, as it stands here. Intervals: 95 %, over remarks.\n"
    )
    yield "| part | remarks | lists | lists moved | 95 % | films | shop | Chinese | remarks that moved every list |\n|---|---|---|---|---|---|---|---|---|"
    for half, found in content.items():
        cells = [f"{found[part]['lists_moved']:.3f}" for part in ("all", "films", "shop", "chinese")]
        every = f"{found['all']['remarks_moved']:.3f}"
        cells.insert(1, "–".join(f"{bound:.3f}" for bound in found["all"]["interval"]))
        yield f"| {half} | {found['remarks']} | {found['lists']} | {' | '.join(cells)} | {every} |"
    yield ""
    failed = [f"“{text}”" for found in content.values() for text in found["failed"]]
    yield f"Not every list moved with: {', '.join(failed) or 'none'}.\n"
