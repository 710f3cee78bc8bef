"""Examples of one text and what it says: sentiment, category, rating from a review; and texts to be masked. numpy only.

Division is by text: a review that stands ten times is learnt from or held out, never both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from llm4rec.core import Catalog, Column, ColumnType, DataError, Dataset, Floats, Numbers, suggest
from llm4rec.encoders.adapting.config import AdaptConfig, Task
from llm4rec.encoders.adapting.division import held_out, plain
from llm4rec.encoders.adapting.examples import Examples, Texts, needed, sampled
from llm4rec.encoders.adapting.histories import rated, valued

SENTIMENTS = ("negative", "neutral", "positive")
LEAST = 4  # examples of a category
LOW, HIGH = 0.375, 0.625  # of the scale: one and two stars of five are negative, three neutral


def sentiments(dataset: Dataset, config: AdaptConfig, rng: np.random.Generator) -> Examples:
    """Texts of events as negative, neutral or positive by their value; or item texts by `label_column`."""
    if config.label_column is not None:
        return _of_items(dataset, "sentiment", config.label_column, config, rng)
    texts, values = _reviews(dataset)
    remedy = "Bring events with a text and a value, or name the item column that holds labels by label_column"
    needed("sentiment", len(texts), "no event has both a text and a value", remedy)
    scale = values.max() - values.min()
    needed("sentiment", int(scale > 0), "all values are equal", remedy)
    place = (values - values.min()) / scale
    classes = np.where(place < LOW, 0, np.where(place > HIGH, 2, 1))
    labels = [SENTIMENTS[number] for number in classes]
    return _classes("sentiment", texts, [(label,) for label in labels], config, rng)


def categories(dataset: Dataset, config: AdaptConfig, rng: np.random.Generator) -> Examples:
    """Item texts, without the column itself, and their category; several tags share the target evenly."""
    return _of_items(dataset, "category", config.category_column, config, rng)


def ratings(dataset: Dataset, config: AdaptConfig, rng: np.random.Generator) -> Examples:
    """Text of a review and its value; where no event has a text, history and item (`histories.rated`)."""
    texts, values = _reviews(dataset)
    if not texts:
        return rated(dataset, config, rng)
    return sampled(_single("rating", texts, values, config), config.most_examples, rng)


def masked(dataset: Dataset, config: AdaptConfig, rng: np.random.Generator) -> Examples:
    """Every text of items and events once, for masked language modelling."""
    events = dataset.interactions.texts
    texts = [*dataset.catalog.texts, *(() if events is None else events)]
    once = list(dict.fromkeys(text for text in texts if text and text.strip()))
    needed("masked", len(once), "neither items nor events have a text", "Bring titles or reviews")
    return sampled(_single("masked", once, None, config), config.most_examples, rng)


def _reviews(dataset: Dataset) -> tuple[list[str], Floats]:
    """Texts of events that have a text and a value, and the values."""
    events = dataset.interactions
    if events.texts is None:
        return [], np.zeros(0, np.float32)
    spoken = np.array([bool(text and text.strip()) for text in events.texts], dtype=bool)
    rows = np.flatnonzero(valued(events) & spoken)
    return [str(text) for text in events.texts[rows]], events.values[rows].astype(np.float32)


def _of_items(
    dataset: Dataset, task: Task, name: str, config: AdaptConfig, rng: np.random.Generator
) -> Examples:
    column = dataset.catalog.columns.get(name)
    if column is None:
        setting = "label_column" if task == "sentiment" else "category_column"
        known = [n for n, c in dataset.catalog.columns.items() if _is_label(c)]
        near = suggest(name, known) or f"; columns that could be: {', '.join(known) or 'none'}"
        raise DataError(
            f"task {task!r}: items have no column {name!r}{near}. Set {setting}, or leave the task out"
        )
    if not _is_label(column):
        raise DataError(
            f"task {task!r}: column {name!r} of items is {column.type.value}, not categories or tags; "
            "set its type in dataset.toml, or name another column"
        )
    others = {key: value for key, value in dataset.catalog.columns.items() if key != name}
    texts = _catalog_texts(dataset.catalog, others)
    tags = [value if isinstance(value, tuple) else (value,) for value in column.values]
    rows = [
        (text, tuple(tag for tag in some if tag))
        for text, some in zip(texts, tags, strict=True)
        if text.strip()
    ]
    rows = [(text, some) for text, some in rows if some]
    needed(task, len(rows), f"no item has both a text and a value of {name!r}", "Fill the column")
    return _classes(task, [text for text, _ in rows], [some for _, some in rows], config, rng)


def _is_label(column: Column) -> bool:
    return column.type in (ColumnType.CATEGORY, ColumnType.TAGS)


def _catalog_texts(catalog: Catalog, columns: dict[str, Column]) -> list[str]:
    """Item texts as an encoder reads them, of these columns alone; an id is no text."""
    return Catalog(catalog.ids, columns).texts


def _classes(
    task: Task,
    texts: Sequence[str],
    labels: Sequence[tuple[str, ...]],
    config: AdaptConfig,
    rng: np.random.Generator,
) -> Examples:
    """Texts with the shares of their labels; labels of fewer than a handful of examples are left out, and said."""
    counts = Counter(label for some in labels for label in some)
    names = [
        label
        for label in (SENTIMENTS if set(counts) <= set(SENTIMENTS) else sorted(counts))
        if label in counts
    ]
    rare = [label for label in names if counts[label] < LEAST] if task == "category" else []
    names = [label for label in names if label not in rare]
    if len(names) < 2:
        raise DataError(
            f"task {task!r} needs two labels with examples, but has {', '.join(names) or 'none'}; "
            "bring texts of other labels, or leave the task out"
        )
    place = {name: column for column, name in enumerate(names)}
    kept = [row for row, some in enumerate(labels) if any(label in place for label in some)]
    targets = np.zeros((len(kept), len(names)), dtype=np.float32)
    for row, source in enumerate(kept):
        own = [place[label] for label in labels[source] if label in place]
        targets[row, own] = 1 / len(own)
    told = f"{task}: {len(rare)} labels with fewer than {LEAST} examples are left out: {', '.join(rare[:5])}"
    found = _single(
        task, [texts[row] for row in kept], targets, config, tuple(names), (told,) if rare else ()
    )
    return sampled(found, config.most_examples, rng)


def _single(
    task: Task,
    texts: Sequence[str],
    targets: Floats | None,
    config: AdaptConfig,
    labels: tuple[str, ...] = (),
    notes: tuple[str, ...] = (),
) -> Examples:
    table = Texts()
    left: Numbers = table.add(texts)[:, None]
    held = held_out([plain(text) for text in texts], config.validation, config.seed, task)
    return Examples(task, table.listed(), left, held, targets=targets, labels=labels, notes=notes)
