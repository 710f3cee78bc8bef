"""What the page of figures says of words: descriptions, explanations, wishes, conversations, remarks. Measures nothing itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.asking import WORLDS
from benchmarks.blocks import Page
from benchmarks.cells import ends, head, ranged, row
from benchmarks.remarks import HALVES

SHARES = (
    "cited costs more than random",
    "coverage",
    "atomic claims with evidence",
    "evidence that the raw data confirm",
    "with a counterfactual",
)
"""What is told of explanations, in the order of the columns."""
EXPLAINED = [f"{data} {model}" for data in ("shop", "ml-100k") for model in ("sequence", "hybrid.linear")]
COUNTED = ("items_named", "not_existing", "breaking")
"""What the checker of replies counts."""


def words(page: Page) -> Iterator[str]:
    """All that is measured of what an engine reads and writes."""
    yield "## Descriptions: `python -m benchmarks.descriptions`\n"
    yield from page.block("descriptions", descriptions, needs=("films", "books"))
    yield from page.block("descriptions/cold", colder)
    yield "## Explanations: `python -m benchmarks.explanations`\n"
    yield from page.block("explanations", explanations, needs=EXPLAINED)
    yield "## Requests in plain language: `python -m benchmarks.asking`\n"
    yield from page.block("asking", wishes, needs=WORLDS)
    yield from page.block("asking/requests", understood)
    yield "## Conversations: `python -m benchmarks.conversation`\n"
    yield from page.block("conversation/films", filmed)
    yield from page.block("conversation/kdconv", chinese)
    yield from page.block("conversation/inspired", recorded)
    yield "## Words steer: `python -m benchmarks.remarks`\n"
    yield from page.block("remarks", words_steer, needs=HALVES)


def descriptions(content: dict[str, Any]) -> Iterator[str]:
    """What is said of films and books."""
    yield (
        "By templates alone. Claims are looked up in the raw rows by a checker that knows nothing of the writer; the overlap is the "
        "highest of all pairs of the whole catalog.\n"
    )
    for name in ("films", "books"):
        told = {key: f"{v:.4g}" if isinstance(v, float) else v for key, v in content[name].items()}
        yield f"- {name}: {'; '.join(f'{key} {value}' for key, value in told.items())}"
    yield ""


def colder(content: dict[str, Any]) -> Iterator[str]:
    """Whether descriptions help cold items."""
    yield "Recall@20 of cold items of `ml-100k` whose plots and taglines are hidden, mean over the draws:\n"
    ways = list(next(iter(content.values())))
    yield head("model", *ways)
    for model, found in content.items():
        first = np.array(found[ways[0]])
        means = [(np.mean(values), np.mean(np.array(values) - first)) for values in found.values()]
        yield row(model, *(f"{mean:.4f} ({change:+.4f})" for mean, change in means))
    yield ""


def explanations(content: dict[str, Any]) -> Iterator[str]:
    """Whether what explanations cite matters, and whether what they claim is so."""
    yield (
        "A thousand recommended items each. *Cited matters*: taking what is cited out of the history lowers the item's score by more than "
        "taking out as many other things at random. *Grounded*: claims that the checker finds evidence for; *confirmed*: that the raw rows confirm.\n"
    )
    columns = ("cited matters", "coverage", "claims", "grounded", "confirmed", "with a counterfactual")
    took = [
        column
        for how in ("each in a list", "of one alone")
        for column in (f"ms {how}, median", "95th of 100")
    ]
    yield head("items of, engine", *columns, *took)
    for name, told in content.items():
        claims = told["atomic claims with evidence"]
        shares = [f"{told[key]['share']:.4f}" for key in SHARES]
        shares.insert(2, f"{claims['of']:,}")
        times = [told[f"milliseconds, {how}"] for how in ("in a list of ten", "one alone")]
        yield row(name, *shares, *(f"{time[which]:.2f}" for time in times for which in ("median", "p95")))
    yield ""


def wishes(content: dict[str, Any]) -> Iterator[str]:
    """Requests in plain language: what is found."""
    yield (
        "Films: the plot of a film is the request, hidden from the index in turn. Books and games: half the words of a title, one misspelt, for "
        "books with the author's last name and the decade. recall@10 of questions that chose no weight (95 %), and `ask` less the better other way:\n"
    )
    yield head("items", "questions", "BM25", "bare encoder", "ask", "ask above the better")
    for name in WORLDS:
        told = content[name]
        least = min(told["ask above"].values(), key=lambda apart: float(apart[0]))
        cells = [ranged(told[way], ".3f") for way in ("bm25", "bare encoder", "ask")]
        yield row(name, told["questions"], *cells, ranged(least, "+.3f"))
    yield ""


def understood(asked: dict[str, float]) -> Iterator[str]:
    """Whether requests are read as they are meant."""
    yield (
        f"{asked['requests']:.0f} hand-written requests with constraints and negation: read as intended {asked['as_intended']:.1%}, constraints "
        f"broken by items shown: {asked['violations']:.0f}.\n"
    )


def filmed(content: dict[str, Any]) -> Iterator[str]:
    """Simulated people who want a film."""
    yield (
        "Simulated people want one item and say the truth about it; success: it is shown within five turns of ten items (95 %). `popular` "
        "is the next ten popular items each turn, `lists` the engine's own without a word, `newcomer` the same people unknown.\n"
    )
    yield from successes({"`ml-100k`": ("test", content["test"])})
    yield named(content)


def chinese(content: dict[str, Any]) -> Iterator[str]:
    """The same in Chinese, places and films."""
    parts = {key: key.partition(" ") for key in content}
    yield "Simulated people who speak Chinese; `bm25` is asked with all that the same person says:\n"
    yield from successes(
        {f"`kdconv` {domain}": (part, content[key]) for key, (domain, _, part) in parts.items()}
    )
    yield named(content)


def successes(people: dict[str, tuple[str, dict[str, Any]]]) -> Iterator[str]:
    """A row for every way to find what somebody wants."""
    yield head("people", "part", "success", "mean turn")
    for name, (part, ways) in people.items():
        for way, told in ways.items():
            if isinstance(told, dict):
                success = ranged(ends(told, "success"), ".3f")
                yield row(f"{name}, {way}, {told['people']}", part, success, f"{told['turn']:.2f}")
    yield ""


def recorded(content: dict[str, Any]) -> Iterator[str]:
    """Recorded dialogues: the films that are named next."""
    test = content["test"]
    yield (
        f"`inspired`, its test part, {test['moments']} moments in which a recommender names films new in the dialogue; "
        "films named before are left out:\n"
    )
    yield head("way", "recall@1", "recall@10", "recall@50")
    for way in ("popular", "bm25", "encoder", "chat"):
        yield row(way, *(ranged(test[f"{way} recall@{k}"]) for k in (1, 10, 50)))
    yield ""
    yield named(content)


def named(content: dict[str, Any]) -> str:
    """Every part of a result counts the items in its replies."""
    total = {key: sum(int(part[key]) for part in content.values()) for key in COUNTED}
    said = "Items named in all replies: {:,}; that do not exist: {}; that break what is remembered: {}.\n"
    return said.format(*total.values())


def words_steer(content: dict[str, Any]) -> Iterator[str]:
    """Remarks and how often the next list moved as they meant."""
    yield (
        "Hand-written remarks in English and Chinese about lists of `ml-100k` and the sample shop, each made by up to five people to whom "
        "it can be said. A list moved where everything the remark means, read from columns of the catalog, rose or fell. The first half "
        "served for choosing, the second showed what to mend; those from the third on were written without sight of the reader, and each "
        "served to mend it once it had been asked. Only the first run on a part says what to expect of new remarks: third .733, fourth .800, "
        "fifth .817, sixth .885, seventh, the last and largest, .955 (.925–.979) and, mended once more without sight of it, as it stands here. Intervals: 95 %, over remarks.\n"
    )
    columns = ("lists moved", "95 %", "films", "shop", "Chinese", "remarks that moved every list")
    yield head("part", "remarks", "lists", *columns)
    for half, found in content.items():
        cells = [f"{found[part]['lists_moved']:.3f}" for part in ("all", "films", "shop", "chinese")]
        every = f"{found['all']['remarks_moved']:.3f}"
        cells.insert(1, "–".join(f"{bound:.3f}" for bound in found["all"]["interval"]))
        yield row(half, found["remarks"], found["lists"], *cells, every)
    yield ""
    failed = [f"“{text}”" for found in content.values() for text in found["failed"]]
    yield f"Not every list moved with: {', '.join(failed) or 'none'}.\n"
