"""A small library of which everything is known, and a model that adds up what history items give."""

import numpy as np
import pytest

from llm4rec.core import (
    Catalog,
    Column,
    ColumnType,
    Dataset,
    History,
    Interactions,
    Request,
    Users,
    Vocabulary,
)
from llm4rec.writers.explain import Explainer, Question

TITLES = [
    "Emma",
    "Persuasion",
    "Dracula",
    "Carmilla",
    "Walden",
    "Utopia",
    "Kim",
    "She",
    "Typhoon",
    "Middlemarch",
]
AUTHORS = [
    "Austen",
    "Austen",
    "Stoker",
    "Le Fanu",
    "Thoreau",
    "More",
    "Kipling",
    "Haggard",
    "Conrad",
    "Eliot",
]
FORMS = ["novel"] * 10
SUBJECTS = (
    [("Courtship",), ("Courtship", "Navy"), ("Vampires",), ("Vampires",), ("Nature",)]
    + [("Ideas",)] * 2
    + [(), ("Sea",), ()]
)
TEXTS = [f"Something about subject{n}." for n in range(10)]
TEXTS[2], TEXTS[3] = "A vampire in a castle.", "A vampire in a lonely castle, and a girl."
TEXTS[4], TEXTS[8] = "A hut by the lake.", "A steamer on a lake in a hurricane."  # nobody took the latter
LIKED = "The vampire is never seen in the castle by day. I slept badly. Mr. B. Stoker knew how."


def column(kind, values):
    held = np.empty(len(values), dtype=object)
    held[:] = values
    return Column(kind, held)


@pytest.fixture
def dataset():
    columns = {
        "title": column(ColumnType.TEXT, TITLES),
        "author": column(ColumnType.CATEGORY, AUTHORS),
        "form": column(ColumnType.CATEGORY, FORMS),
        "subjects": column(ColumnType.TAGS, SUBJECTS),
        "description": column(ColumnType.TEXT, TEXTS),
    }
    texts = np.array([None, LIKED, None, LIKED, "What a bore.", None, None], dtype=object)
    events = Interactions.of(
        [0, 0, 0, 1, 2, 2, 2],
        [0, 2, 4, 3, 3, 5, 6],
        kinds=[0, 1, 0, 1, 1, 2, 0],
        kind_names=("click", "rating", "dislike"),
        values=[np.nan, 5, np.nan, 4, 1, np.nan, np.nan],
        texts=texts,
    )
    users = Users(Vocabulary(["ann", "bob", "cid"]))
    return Dataset(events, Catalog(Vocabulary([t.lower() for t in TITLES]), columns), users)


@pytest.fixture
def explain(dataset):
    """explain(items, user) with gifts {(history item, item): score}."""

    def ask(items, user=0, gifts=None, n=10, language="en", history=None):
        gives = np.zeros((10, 10), np.float32)
        for (source, target), value in (gifts or {}).items():
            gives[source, target] = value

        def score(requests):
            known = [np.unique(r.history.liked) for r in requests]
            nothing = np.array([len(k) == 0 for k in known])
            rows = np.stack([gives[k].sum(axis=0) for k in known])
            rows[nothing] = dataset.counts
            return rows.astype(np.float32), nothing

        past = dataset.history(user) if history is None else History.of(history)
        question = Question(Request(past, user=user, n=n), np.array(items), score)
        return Explainer(dataset).explain(question, language)

    return ask
