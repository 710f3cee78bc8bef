"""A fingerprint changes with every term and with nothing else."""

from dataclasses import fields, replace

import numpy as np
import pytest

from llm4rec.core import Holdout, Request
from llm4rec.data.folds import Split
from llm4rec.evaluation.fingerprint import Terms, plain, targets_hash, terms

from .worlds import clicks, dataset, last_out, random_rows

BASE = Terms("tiny", "last-out", "abc", {"ties": "stable"})
OTHER = {
    "facts": {"ties": "unstable"},
    "target_time": True,
    "validation_trained": True,
}


@pytest.mark.parametrize("field", [f.name for f in fields(Terms)])
def test_every_term_changes_it(field):
    changed = replace(BASE, **{field: OTHER.get(field, "something else")})
    assert changed.fingerprint != BASE.fingerprint
    assert replace(BASE).fingerprint == BASE.fingerprint


def test_it_is_short_and_plain():
    assert len(BASE.fingerprint) == 12
    int(BASE.fingerprint, 16)


def changed(split, **changes):
    """The split whose first question is asked otherwise."""
    fold = split.folds[0]
    test = fold.tests[""]
    requests = [replace(test.requests[0], **changes), *test.requests[1:]]
    return Split(split.name, (replace(fold, tests={"": Holdout(requests, test.targets)}),), split.facts)


def test_what_is_asked_is_part_of_it():
    data = dataset(random_rows(), 20)
    split = last_out(data)
    test = split.folds[0].tests[""]
    base = targets_hash(split)
    others = [
        changed(split, history=test.requests[0].history.take(slice(0, 2))),
        changed(split, user=9),
        changed(split, seen="include"),
        changed(split, allowed=np.arange(20)),
        changed(split, excluded=np.arange(2)),
        changed(split, time=3.0),
        changed(split, context={"device": "phone"}),
        last_out(data, pairs=clicks([Request(test.requests[0].history, user=0)], [3], [1.0])),
        Split(split.name, (replace(split.folds[0], tests={"all": test}),), split.facts),
        last_out(dataset(random_rows(seed=1), 20)),
    ]
    found = [targets_hash(other) for other in others]
    assert len({base, *found}) == len(others) + 1
    assert targets_hash(last_out(data)) == base


def test_terms_are_read_off_the_requests():
    data = dataset(random_rows(), 20)
    found = terms(data, changed(last_out(data), seen="include", allowed=np.arange(20), time=1.0))
    assert found.seen_rule == "exclude and include"
    assert found.candidates == "all items and allowed items"
    assert found.target_time


def test_plain_values_can_be_written_as_json():
    odd = {"a": np.float32("nan"), 1: (np.int64(2), [np.inf]), "b": np.arange(2), "c": {3}}
    assert plain(odd) == {"a": None, "1": [2, [None]], "b": [0, 1], "c": "{3}"}
