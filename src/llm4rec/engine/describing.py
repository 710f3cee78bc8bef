"""Descriptions by an engine: its data, encoder and guard handed to the writer; texts put back as texts of items."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from llm4rec.core import Catalog, Column, ColumnType, Description, Generator, Id
from llm4rec.core.description import GENERATED
from llm4rec.core.languages import words_of
from llm4rec.engine.build import component_from
from llm4rec.engine.fitted import Fitted

SHORT = 15
"""Words below which the text of an item is short, and a generated one stands beside it."""


def described(
    fitted: Fitted,
    items: Sequence[int],
    style: str = "plain",
    language: str = "auto",
    generator: Generator | None = None,
) -> tuple[Description, ...]:
    """What can be said of some items, each put unlike those before it."""
    found: tuple[Description, ...] = describer(fitted).describe(items, style, language, generator)
    return found


def describer(fitted: Fitted) -> Any:
    """The writer of descriptions for what has been learnt; its tables live as long as that does."""
    return fitted.made.once("describer", lambda: _describer(fitted))


def _describer(fitted: Fitted) -> Any:
    encoder = fitted.raw_encoder
    return component_from("llm4rec.writers.describe:Describer")(
        fitted.dataset,
        None if encoder is None else encoder.encode,
        None if fitted.safety is None else fitted.safety.guard,
    )


def enriched(catalog: Catalog, texts: Iterable[tuple[Id, str]], below: int = SHORT) -> Catalog:
    """The catalog with generated texts beside the texts of items that have fewer than `below` words.

    They stand in the column `generated_description`, by which they are known as generated: encoders read it as any text,
    descriptions never take it for evidence.
    """
    columns = {name: column for name, column in catalog.columns.items() if name != GENERATED}
    bare = Catalog(catalog.ids, columns)
    values = np.full(len(catalog), None, dtype=object)
    given = list(texts)
    for number, (_, text) in zip(
        catalog.ids.numbers([name for name, _ in given], "item"), given, strict=True
    ):
        if text and len(words_of(bare.texts[number])) < below:
            values[number] = text
    return Catalog(catalog.ids, {**columns, GENERATED: Column(ColumnType.TEXT, values)})
