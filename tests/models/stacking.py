"""What tests of models made of models share: a walk in a circle with questions, and real inputs by name."""

from dataclasses import replace

import numpy as np

from llm4rec.core import Holdout, Request
from llm4rec.engine.build import build_model
from llm4rec.testing import context, in_a_row


def walkers(size=20, users=120):
    """Walks without their last stop, and that stop as the question."""
    data = in_a_row(size, users)
    ends = data.offsets[1:] - 1
    keep = np.ones(len(data.interactions), dtype=bool)
    keep[ends] = False
    left = data.only(keep)
    requests = [Request(left.history(u), user=u) for u in range(users)]
    return left, Holdout(requests, [data.interactions.items[e : e + 1] for e in ends])


def world(data, **given):
    """Fakes for content, real models by name."""
    return context(data, make=build_model, **given)


def learnt(model, data, questions):
    return model.fit(data, replace(world(data), holdout=questions))


def share_right(model, questions):
    scores = model.score(questions.requests).copy()
    for row, request in zip(scores, questions.requests, strict=True):
        row[request.history.items] = -np.inf
    return np.mean([row.argmax() == t[0] for row, t in zip(scores, questions.targets, strict=True)])
