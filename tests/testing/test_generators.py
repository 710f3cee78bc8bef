"""The stand-in for language models, and a contract check that finds what it should."""

import pytest

from llm4rec.core import GeneratorTimeoutError, Message, SettingsError
from llm4rec.testing import ScriptedConfig, ScriptedGenerator, check_generator

ASK = [Message("user", "robots roses space garden")]
PICK = {"type": "object", "properties": {"id": {"enum": list(range(50))}}, "required": ["id"]}


def test_the_stand_in_keeps_the_contract():
    check_generator(ScriptedGenerator())


def test_a_script_is_followed_and_then_the_rule():
    late = GeneratorTimeoutError("late")
    double = ScriptedGenerator(script=["first", late, {"id": 7}, None])
    assert double.complete(ASK) == "first"
    with pytest.raises(GeneratorTimeoutError, match="late"):
        double.complete(ASK)
    assert double.complete(ASK, PICK) == {"id": 7}
    assert double.complete(ASK) is None
    assert sorted(double.complete(ASK).split()) == ["garden", "robots", "roses", "space"]


def test_a_script_may_be_a_function():
    double = ScriptedGenerator(
        script=lambda messages, schema: messages[-1].content.upper() if not schema else 3
    )
    assert double.complete(ASK) == "ROBOTS ROSES SPACE GARDEN"
    assert double.complete(ASK, PICK) == 3


def test_every_question_is_kept():
    double = ScriptedGenerator()
    double.complete(ASK)
    double.complete(ASK, PICK)
    assert double.asked == [(ASK, None), (ASK, PICK)]


def test_choices_depend_on_question_and_seed():
    def choices(seed):
        double = ScriptedGenerator(ScriptedConfig(seed=seed))
        return [double.complete([Message("user", f"{n}")], PICK)["id"] for n in range(8)]

    assert choices(0) == choices(0)
    assert choices(0) != choices(1)
    assert len(set(choices(0))) > 1


def test_an_empty_question_is_refused():
    with pytest.raises(SettingsError, match="at least one message"):
        ScriptedGenerator().complete([])


def test_different_elements_are_different():
    schema = {"type": "array", "items": {"enum": ["a", "b", "c"]}, "minItems": 3, "uniqueItems": True}
    assert sorted(ScriptedGenerator().complete(ASK, schema)) == ["a", "b", "c"]


class Moody(ScriptedGenerator):
    """Never says the same twice."""

    def complete(self, messages, schema=None):
        super().complete(messages, schema)
        return f"answer {len(self.asked)}"


class Silent(ScriptedGenerator):
    """Says nothing when it fails."""

    def complete(self, messages, schema=None):
        return ""


class Inventive(ScriptedGenerator):
    """Knows a third colour."""

    def complete(self, messages, schema=None):
        found = super().complete(messages, schema)
        return {"colour": "green"} if schema else found


class Careless(ScriptedGenerator):
    """Answers what nobody asked."""

    def complete(self, messages, schema=None):
        return super().complete(messages or ASK, schema)


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (Moody, "same question has the same answer"),
        (Silent, "never empty"),
        (Inventive, "the answer fits it"),
        (Careless, "without messages"),
    ],
)
def test_the_check_finds_what_breaks_the_contract(kind, told):
    with pytest.raises(AssertionError, match=told):
        check_generator(kind())
