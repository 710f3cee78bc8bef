"""A tiny encoder with random weights, and a tiny shop whose tastes are plain: robots or gardens, good or bad."""

import numpy as np
import pytest

from llm4rec.core import Catalog, Column, ColumnType, Dataset, Interactions, Users, Vocabulary
from llm4rec.encoders.adapting import AdaptConfig
from tinyencoder import BAD, GARDENS, GOOD, OTHERS, ROBOTS, write_tiny


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """The folder of the tiny encoder."""
    return write_tiny(tmp_path_factory.mktemp("models"))


def column(kind, values):
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return Column(kind, array)


def titled(rng, count):
    """Titles of three words, of robots and of gardens in turn, no two alike."""
    titles = []
    while len(titles) < count:
        words = (ROBOTS, GARDENS)[len(titles) % 2]
        title = " ".join(rng.choice(words, 3, replace=False))
        if title not in titles:
            titles.append(title)
    return titles


def shop(items=40, people=40, seed=0, texts=True):
    """People who take items of one subject and say good or bad of them in words that tell the stars."""
    rng = np.random.default_rng(seed)
    titles = titled(rng, items)
    tags = [("robots",) if n % 2 == 0 else ("gardens",) for n in range(items)]
    columns = {"title": column(ColumnType.TEXT, titles), "categories": column(ColumnType.TAGS, tags)}
    users, taken, stars, said = [], [], [], []
    for person in range(people):
        for item in rng.choice(np.arange(person % 2, items, 2), 6, replace=False):
            good = rng.random() < 0.5
            words = rng.choice(GOOD if good else BAD, 1).tolist() + rng.choice(OTHERS, 2).tolist()
            users.append(person)
            taken.append(item)
            stars.append(5.0 if good else 1.0)
            said.append(" ".join(words))
    interactions = Interactions.of(
        users,
        taken,
        values=stars,
        kind_names=("rating",),
        texts=np.array(said, dtype=object) if texts else None,
    )
    catalog = Catalog(Vocabulary([f"i{n}" for n in range(items)]), columns)
    return Dataset(interactions, catalog, Users(Vocabulary([f"u{n}" for n in range(people)])), "tiny-shop")


@pytest.fixture(scope="session")
def quick(tiny):
    """Settings for a run of a moment, `given` over them."""

    def made(**given):
        base = {
            "source": str(tiny),
            "tasks": ("co-consumption",),
            "steps": 4,
            "batch_size": 8,
            "precision": "fp32",
            "tracking": None,
            "hidden": 8,
            "dropout": 0.0,
            "probe_loss": 1000.0,
            "validation": 0.2,
        }
        return AdaptConfig(**(base | given))

    return made
