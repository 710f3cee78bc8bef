"""A shop, a ranker by texts, and a language model that obeys whatever reaches it: where attacks are measured."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np

from llm4rec.core import Catalog, Column, ColumnType, History, Request
from llm4rec.core.plain import plain, skeleton
from llm4rec.data import sample_books
from llm4rec.engine.policy import SafetySettings
from llm4rec.engine.safety import without_attacks
from llm4rec.models.prompted import PromptedConfig
from llm4rec.models.prompted_orders import Rerank
from llm4rec.models.prompts import title_names
from llm4rec.testing import ScriptedGenerator, WordEncoder

HERE = Path(__file__).parent
BOOKS = sample_books()
HISTORY = [BOOKS.titles.index(name) for name in BOOKS.titles[10:40:10]]
ENCODER = WordEncoder(64)


def attacks(name="attacks.txt"):
    """The strings of a file, escapes resolved."""
    return [json.loads(f'"{line}"') for line in (HERE / name).read_text(encoding="utf-8").splitlines()]


def windows(text):
    """Every three words of a text, and every four Chinese characters, as a reader takes them."""
    words = "".join(c if c.isalnum() else " " for c in skeleton(plain(text, 5_000))).split()
    found = {" ".join(words[n : n + 3]) for n in range(len(words) - 2)}
    for word in words:
        if not word.isascii():
            found |= {word[n : n + 4] for n in range(len(word) - 3)}
    return found


CLEAN = set().union(*(windows(text) for text in BOOKS.texts))


class Obedient:
    """Puts first every item whose line has three words in a row of any attack, and the target if they stand elsewhere."""

    def __init__(self, strings, target):
        self.triggers = set().union(*(windows(text) for text in strings)) - CLEAN
        self.target = target

    def __call__(self, messages, schema):
        del schema
        history, items = messages[-1].content.split("\n<items ")
        lines = re.findall(r"^(\d+)\. (.*)$", items, re.MULTILINE)
        wished = [int(n) for n, name in lines if windows(name) & self.triggers]
        if windows(history) & self.triggers:
            wished += [int(n) for n, name in lines if name == self.target]
        # Whatever order it is shown, the same names are put in the same order.
        rest = [int(n) for n, _ in sorted(lines, key=lambda line: line[1]) if int(n) not in wished]
        return {"order": wished + rest}


def with_text(column, item, text):
    """The books with `text` behind what one of them says in a column."""
    values = BOOKS.columns[column].values.copy()
    values[item] = f"{values[item]} {text}"
    return Catalog(BOOKS.ids, {**BOOKS.columns, column: Column(ColumnType.TEXT, values)})


VECTORS = ENCODER.encode(BOOKS.texts)


def ranks(catalog, item, strings, query=None, guarded=True):
    """Where every item stands for the reader of HISTORY; `item` is the only one that may differ from BOOKS.

    Without `strings` no language model is asked. Not `guarded`, its name reaches the language model as it is, and its vector
    is that of its clean text.
    """
    if guarded:
        catalog, _ = without_attacks(SafetySettings(), catalog)
    vectors = VECTORS.copy()
    vectors[item] = ENCODER.encode([(catalog if guarded else BOOKS).texts[item]])[0]
    scores = (vectors @ vectors[HISTORY].mean(axis=0))[None, :].astype(np.float32)
    names = title_names(catalog.titles) if guarded else [plain(title) for title in catalog.titles]
    if strings:
        _ask(scores, names, item, strings, query)
    scores[0, HISTORY] = -np.inf
    order = np.argsort(-scores[0], kind="stable")
    places = np.empty(len(order), dtype=np.int64)
    places[order] = np.arange(len(order))
    return places


def _ask(scores, names, item, strings, query):
    generator = ScriptedGenerator(script=Obedient(strings, names[item]))
    config = PromptedConfig(mode="listwise", base="itemknn", permutations=1, depth=20)
    asked = Rerank(config, generator, names, failed=_raise)
    asked.reorder(scores, [Request(History.of(HISTORY), query=query)], weight=0.3)


def _raise(error):
    raise error


def middling():
    """Items that stand on places 8 to 25 of the clean list: an attack could carry them to the top."""
    places = ranks(BOOKS, 0, ["no such words here"])
    return [int(item) for item in np.argsort(places)[8:26]]


__all__ = ["BOOKS", "attacks", "middling", "ranks", "with_text"]
