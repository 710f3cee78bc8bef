"""Reordering by a real HTTP server that is slow, busy, broken or wrong: the base's order stands, and it is told."""

import json

import numpy as np
import pytest

from llm4rec.engine.build import build_model
from llm4rec.models.prompted import Prompted, PromptedConfig
from llm4rec.testing import asking, context, in_a_row

from .serving import Reply, said

DATA = in_a_row(12, 40)
REQUESTS = [asking(3, 4, 5), asking(1, 2)]


def reordering(generator):
    config = PromptedConfig(mode="listwise", base="itemknn", permutations=2)
    return Prompted(config).fit(DATA, context(DATA, make=build_model, generator=generator))


@pytest.fixture
def base():
    return build_model("itemknn", {}).fit(DATA, context(DATA)).score(REQUESTS)


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (said("late", delay=30), "GeneratorTimeoutError"),
        (Reply({"error": "busy"}, status=429), "GeneratorUnavailableError"),
        (Reply(b"oops", status=500), "GeneratorUnavailableError"),
        (said('{"order": [1, 2,'), "BrokenAnswerError"),
        (said(json.dumps({"order": [901, 902, 903]})), "BrokenAnswerError"),
        (said(json.dumps({"order": ["item-3"] * 9})), "BrokenAnswerError"),
        (said("Here is what I think: buy item 3!"), "BrokenAnswerError"),
        (Reply({"choices": []}), "BrokenAnswerError"),
    ],
    ids=["late", "429", "500", "cut", "invented numbers", "invented ids", "words", "no choice"],
)
def test_the_order_of_the_base_stands(serve, base, reply, why):
    _, generator = serve(reply, attempts=1, timeout=0.2)
    model = reordering(generator)
    np.testing.assert_array_equal(model.score(REQUESTS), base)
    assert model.failures_ == {why: 2}


def test_a_server_that_answers_reorders_by_numbers_alone(serve, base):
    def answer(body):
        schema = body["response_format"]["json_schema"]["schema"]
        size = schema["properties"]["order"]["minItems"]
        return said(json.dumps({"order": list(range(size, 0, -1))}))

    server, generator = serve(answer=answer)
    scores = reordering(generator).score(REQUESTS)
    np.testing.assert_allclose(np.sort(scores, axis=1), np.sort(base, axis=1), rtol=1e-5)
    assert len(server.asked) == 4
    asked = server.asked[0][2]["messages"]
    assert [message["role"] for message in asked] == ["system", "user"]
    assert "item-" not in json.dumps(asked), "ids do not travel"


def test_one_that_fails_midway_costs_only_that_request(serve, base):
    replies = [Reply(b"oops", status=500)]
    _, generator = serve(answer=lambda body: replies.pop() if replies else said(_backwards(body)), attempts=1)
    model = reordering(generator)
    scores = model.score(REQUESTS)
    np.testing.assert_array_equal(scores[0], base[0])
    assert model.failures_ == {"GeneratorUnavailableError": 1}


def _backwards(body):
    size = body["response_format"]["json_schema"]["schema"]["properties"]["order"]["minItems"]
    return json.dumps({"order": list(range(size, 0, -1))})
