"""Earlier events of people as questions, for models that learn from answers where held-out ones are few."""

from __future__ import annotations

import numpy as np

from llm4rec.core import Dataset, Holdout, Numbers, Request

LEFT = 3  # positive events that stay with everybody


def earlier_questions(dataset: Dataset, each: int, most: int) -> tuple[Dataset, Holdout]:
    """The data without the latest events of people, and up to `each` positive ones of those as questions a person.

    A person keeps three positive events at least; everything from the first question on is taken out, so that what is
    fitted on the rest has seen no answer. A question's history is all that came before it. At most `most` questions,
    of people drawn in a fixed order.
    """
    rows = np.arange(len(dataset.interactions))
    positive = rows[dataset.interactions.positive]
    owners = dataset.interactions.users[positive]
    counts = np.bincount(owners, minlength=len(dataset.users))
    asked = np.minimum(np.maximum(counts - LEFT, 0), each)
    asked = _at_most(asked, most)
    from_end = np.cumsum(counts)[owners] - np.arange(len(positive))  # 1 is a person's last positive event
    chosen = positive[from_end <= asked[owners]]
    first = np.full(len(dataset.users), len(rows), dtype=np.int64)
    np.minimum.at(first, dataset.interactions.users[chosen], chosen)
    left = dataset.only(rows < first[dataset.interactions.users])
    return left, _questions(dataset, chosen)


def _at_most(asked: Numbers, most: int) -> Numbers:
    """The same for as many people, in a drawn order, as come to no more than `most` questions."""
    order = np.random.default_rng(0).permutation(len(asked))
    kept = np.zeros_like(asked)
    within = order[np.cumsum(asked[order]) <= most]
    kept[within] = asked[within]
    return kept


def _questions(dataset: Dataset, chosen: Numbers) -> Holdout:
    requests, targets = [], []
    for row in chosen.tolist():
        user, item = int(dataset.interactions.users[row]), dataset.interactions.items[row]
        history = dataset.history(user).take(slice(0, row - int(dataset.offsets[user])))
        if item not in history.items:
            requests.append(Request(history, user=user, context=dataset.interactions.context(row)))
            targets.append(np.array([item]))
    return Holdout(requests, targets)
