"""The whole way: a causal model taught in the test, behind an OpenAI-compatible endpoint on this machine."""

import json
import random

import pytest

from llm4rec.core import Message
from llm4rec.testing import check_generator
from llm4rec.writers import LocalConfig, LocalGenerator

from .conftest import LEARNT
from .serving import said


@pytest.fixture
def served(serve, taught_folder):
    """A generator that asks a server that asks the taught model."""
    local = LocalGenerator(LocalConfig(folder=str(taught_folder), max_tokens=40))

    def answer(body):
        messages = [Message(m["role"], m["content"]) for m in body["messages"]]
        form = body.get("response_format")
        if form is None:
            return said(local.complete(messages).strip())
        return said(json.dumps(local.complete(messages, form["json_schema"]["schema"])))

    return serve(answer=answer)[1]


def test_keeps_the_contract(served):
    check_generator(served)


@pytest.mark.parametrize(("start", "end"), LEARNT.items())
def test_what_was_taught_comes_over_the_wire(served, start, end):
    assert served.complete([Message("user", start)]) == end


def test_only_ids_that_exist_come_over_the_wire(served):
    rng = random.Random(0)
    ids = [f"b{number}" for number in range(40)]
    schema = {
        "type": "object",
        "properties": {"ids": {"type": "array", "items": {"enum": ids}, "minItems": 2, "maxItems": 2}},
        "required": ["ids"],
        "additionalProperties": False,
    }
    for _ in range(3):
        prompt = "".join(rng.choice("abc xyz,") for _ in range(30))
        found = served.complete([Message("user", prompt)], schema)["ids"]
        assert len(found) == 2
        assert set(found) <= set(ids)
