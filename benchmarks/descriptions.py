"""Descriptions of films (ml-100k) and books (goodbooks): is every claim so, how alike are they, and do they help.

python -m benchmarks.descriptions [films] [books] [cold] [--items N] [--draws N] [--models A,B]

films, books  the whole catalog is described; of N items (1,000) every sentence is looked up in the raw rows of the file, by a
              checker that knows the sentences of the templates and nothing of the writer: what it cannot delete from a text
              is a claim without evidence. The overlap is of all pairs of the catalog.
cold          plots and taglines of ml-100k are hidden, so that titles and kinds are all that items say; recall@20 of items that
              nobody knew, as in benchmarks.cold_items, with and without generated texts, on the same draws
"""

from __future__ import annotations

import argparse
import re
import time
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from benchmarks.common import folder, keep, loaded
from llm4rec.apps.cli.screen import Bars
from llm4rec.core import Column, ColumnType, Dataset, Description, Floats, Interactions, Users, Vocabulary
from llm4rec.data import LoadedDataset, read_items, split
from llm4rec.engine import Engine, parse_variant, read_settings
from llm4rec.engine.build import build_encoder
from llm4rec.engine.describing import enriched
from llm4rec.evaluation import Options, evaluate
from llm4rec.writers.describe import Describer
from llm4rec.writers.describe.overlap import overlap, shingles
from llm4rec.writers.guard import Guard

Row = Mapping[str, Any]
IT = "(?:¶|[Ii]t)"  # the item: its title, which is taken out first, or a pronoun
SPOKEN = {
    "en": "English", "eng": "English", "en-US": "English", "en-GB": "English", "en-CA": "English", "fr": "French",
    "fre": "French", "de": "German", "ger": "German", "es": "Spanish", "spa": "Spanish", "it": "Italian", "ita": "Italian",
    "ja": "Japanese", "jpn": "Japanese", "zh": "Chinese", "cn": "Cantonese", "ru": "Russian", "rus": "Russian",
    "pt": "Portuguese", "por": "Portuguese", "nl": "Dutch", "nld": "Dutch", "da": "Danish", "dan": "Danish",
    "sv": "Swedish", "swe": "Swedish", "no": "Norwegian", "nor": "Norwegian", "pl": "Polish", "pol": "Polish",
    "ar": "Arabic", "ara": "Arabic", "ko": "Korean", "tr": "Turkish", "tur": "Turkish", "cs": "Czech", "hu": "Hungarian",
    "fa": "Persian", "per": "Persian", "hi": "Hindi",
}  # fmt: skip
MODELS = "content,sequence"


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("parts", nargs="*", default=["films", "books", "cold"])
    asked.add_argument("--items", type=int, default=1000, help="that are looked up")
    asked.add_argument("--draws", type=int, default=5, help="of cold items")
    asked.add_argument("--models", default=MODELS)
    given = asked.parse_args()
    result: dict[str, Any] = {}
    if "films" in given.parts:
        rows = pl.read_parquet(folder("ml-100k") / "items.parquet").drop("image").to_dicts()
        result["films"] = measured(loaded("ml-100k").dataset, rows, film, given.items)
    if "books" in given.parts:
        file = folder("goodbooks") / "items.parquet"
        books = Dataset(Interactions.of([], []), read_items(file), Users(Vocabulary([])), "goodbooks")
        rows = pl.read_parquet(file).to_dicts()
        result["books"] = measured(books, rows, Books(rows), given.items)
    if "cold" in given.parts:
        result["cold"] = cold(given.draws, given.models.split(","))
    keep("descriptions", result)


Checker = Callable[[Row], Iterator[str]]


def measured(dataset: Dataset, rows: Sequence[Row], checker: Checker, wanted: int) -> dict[str, Any]:
    """Figures of a catalog described with the encoder that comes with llm4rec."""
    writer = Describer(dataset, _read(), Guard())
    started = time.perf_counter()
    found = writer.describe(range(len(dataset.catalog)))
    seconds = time.perf_counter() - started
    by_id = {str(row["item_id"]): row for row in rows}
    drawn = np.random.default_rng(0).choice(len(found), min(wanted, len(found)), replace=False)
    claims, wrong = 0, []
    for number in np.sort(drawn).tolist():
        good, left = looked_up(found[number], by_id[str(found[number].item)], checker)
        claims += good + len(left)
        wrong += [(str(found[number].item), text) for text in left]
    for item, text in wrong[:10]:
        print(f"no evidence: {item}: {text}")
    told = [one for one in found if one.text]
    result = {
        "items": len(drawn),
        "claims": claims,
        "claims without evidence": len(wrong),
        "described": len(told),
        "of": len(found),
        "highest overlap of all pairs": highest(found),
        "words, mean": float(np.mean([one.length for one in told])),
        "Flesch reading ease, mean": float(np.mean([one.readability for one in told])),
        "with notes": sum(bool(one.notes) for one in found),
        "milliseconds an item": 1000 * seconds / len(found),
    }
    print(dataset.name, result)
    return result


def _read() -> Callable[[Sequence[str]], Floats] | None:
    """The encoder of the settings, with its cache."""
    encoder = build_encoder(read_settings(), Bars())
    return None if encoder is None else encoder.encode


def highest(found: Sequence[Description]) -> float:
    """The greatest overlap of any two texts, by going through all pairs that share a shingle."""
    all_of = [shingles(one.text) for one in found]
    holders: dict[Any, list[int]] = defaultdict(list)
    best = 0.0
    for number, mine in enumerate(all_of):
        shared: dict[int, int] = defaultdict(int)
        for shingle in mine:
            for other in holders[shingle]:
                shared[other] += 1
            holders[shingle].append(number)
        near = sorted(shared, key=lambda other: -shared[other] / min(len(mine), len(all_of[other])))[:1]
        best = max([best, *(overlap(mine, all_of[other]) for other in near)])
    return best


def looked_up(told: Description, row: Row, checker: Checker) -> tuple[int, list[str]]:
    """How many sentences the raw row confirms, and what is left of the text without them."""
    # The title stands in the first sentence; in others, and in values, the same words are what the row says.
    text, count = told.text.replace(_plain(str(row["title"])), "¶", 1), 0
    for pattern in checker(row):
        text, taken = re.subn(pattern, "\n", text)
        count += taken
    for raw in (row.get("description"), row.get("tagline")):
        for sentence in sorted(_pieces(raw or ""), key=len, reverse=True):
            text, taken = re.subn(rf"(?<!\w){re.escape(sentence)}\.?(?!\w)", "\n", text, count=1)
            count += taken
    return count, [left.strip() for left in text.split("\n") if re.search(r"\w", left)]


def _pieces(text: str) -> list[str]:
    lines = (_plain(line) for line in text.splitlines())
    return [p for line in lines for p in re.split(r"(?<=[.!?])\s+|(?<=[.!?][\"”’)])\s+", line) if p]


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).split())


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def film(row: Row) -> Iterator[str]:
    """What may be said of a film."""
    if row["categories"]:
        kinds = re.escape(_listed(list(dict.fromkeys(row["categories"]))[:5]))
        yield rf"(?:{IT} (?:belongs to|is filed under)|The category is|Category:) {kinds}\."
    if row["year"] is not None:
        yield _year(row["year"])
    if row["original_language"]:
        spoken = SPOKEN.get(row["original_language"], row["original_language"])
        yield rf"(?:The original language is|In the original, {IT} is in|Original language:) {spoken}\."
    if row["runtime"] is not None:
        yield _generic("runtime", row["runtime"])


class Books:
    """What may be said of a book, other books of its authors and series among it."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.same: dict[tuple[str, str], list[str]] = defaultdict(list)
        for row in rows:
            for group in self._groups(row):
                self.same[group].append(_plain(str(row["title"])))

    def __call__(self, row: Row) -> Iterator[str]:
        authors = re.escape(_plain(row["authors"]))
        yield rf"{IT} (?:is|was written) by {authors}\.|Written by {authors}: that is {IT}\."
        if row["year"] is not None:
            yield _year(row["year"])
        if row["language_code"]:
            spoken = SPOKEN.get(row["language_code"], row["language_code"])
            yield rf"(?:{IT} is in|The language is|Language:) {spoken}\."
        yield _generic("mean rating", row["mean_rating"])
        yield _generic("ratings count", row["ratings_count"])
        found = re.search(r"\(([^()#]+?),?\s+#([\d.]+)", _plain(row["title"]))
        if found:
            series = re.escape(found[1])
            yield rf"{IT} (?:is part of|belongs to) the series {series}\.|The series {series} has {IT}\."
            number = re.escape(found[2])
            yield rf"{IT} is number {number} of the series\.|In the series {IT} has number {number}\."
        for kind, value in self._groups(row):
            one = "|".join(
                re.escape(title) for title in sorted(self.same[kind, value], key=len, reverse=True)
            )
            some, name = rf"(?:{one})(?:(?:, | and )(?:{one}))*", re.escape(value)
            yield rf"The same {kind}, {name}: {some}\."
            yield rf"{some}: the same {kind}, {name}\."
            yield rf"With it belong {some}, the same {kind} {name}\."

    @staticmethod
    def _groups(row: Row) -> Iterator[tuple[str, str]]:
        yield "authors", _plain(row["authors"])
        found = re.search(r"\(([^()#]+?),?\s+#[\d.]+", _plain(row["title"]))
        if found:
            yield "series", found[1]


def _year(value: float) -> str:
    said = f"{int(value)}" if value >= 0 else f"{-int(value)} BC"
    return rf"(?:{IT} (?:is from|dates from|appeared in)|The year is) {said}\."


def _generic(name: str, value: float) -> str:
    said = re.escape(f"{value:.10g}" if value != int(value) else str(int(value)))
    return rf"(?:The {name} is|{name[0].upper()}{name[1:]}:|{IT} has the {name}) {said}\."


def cold(draws: int, models: Sequence[str]) -> dict[str, Any]:
    """recall@20 of unknown items by titles and kinds, with generated texts beside them, and with the hidden plots."""
    full = loaded("ml-100k", min_rating=4.0)
    hidden = with_columns(
        full, {name: _empty(len(full.dataset.catalog)) for name in ("description", "tagline")}
    )
    writer = Describer(hidden.dataset, _read(), Guard())
    told = writer.describe(range(len(hidden.dataset.catalog)))
    filled = enriched(hidden.dataset.catalog, [(one.item, one.text) for one in told])
    ways = {
        "titles and kinds": hidden,
        "and generated texts": replace(hidden, dataset=replace(hidden.dataset, catalog=filled)),
        "and the hidden plots": full,
    }
    result: dict[str, Any] = {}
    for way, data in ways.items():
        for draw in range(draws):
            for model, value in recalled(data, models, draw).items():
                result.setdefault(model, {}).setdefault(way, []).append(value)
    for model, found in result.items():
        for way, values in found.items():
            less = np.array(values) - np.array(found["titles and kinds"])
            print(
                f"{model:12} {way:22} recall@20 {np.mean(values):.4f}  difference {less.mean():+.4f}  {np.round(less, 4)}"
            )
    return result


def with_columns(data: LoadedDataset, columns: Mapping[str, Column]) -> LoadedDataset:
    """The data with other columns of items."""
    catalog = data.dataset.catalog
    changed = type(catalog)(catalog.ids, {**catalog.columns, **columns})
    return replace(data, dataset=replace(data.dataset, catalog=changed))


def _empty(rows: int) -> Column:
    return Column(ColumnType.TEXT, np.full(rows, None, dtype=object))


def recalled(data: LoadedDataset, models: Sequence[str], draw: int) -> dict[str, float]:
    """recall@20 among cold items by model, on one draw of them: the same ones whatever the texts are."""
    made = split(data.dataset, "cold-items:random", data.marks, np.random.default_rng(draw))
    settings = read_settings()

    def engine_for(variant: str, seed: int) -> Engine:
        name, options = parse_variant(variant)
        return Engine(settings.with_model(name, options))

    found = evaluate(
        data.dataset, made, list(models), engine_for, Options(metrics=["recall@20", "ndcg@20"]), Bars()
    ).as_json()
    return {model: row["metrics"]["recall@20"]["mean"] for model, row in found["models"].items()}


if __name__ == "__main__":
    main()
