"""What fits a JSON schema, what does not, and which schemas are refused."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm4rec.core import SettingsError
from llm4rec.testing.generators import smallest
from llm4rec.writers.schema import check_schema, is_closed, problems

PICK = {
    "type": "object",
    "properties": {
        "id": {"enum": ["b1", "b2", 3]},
        "score": {"type": "number", "minimum": 0, "exclusiveMaximum": 1},
        "why": {"type": "string", "minLength": 2, "maxLength": 5},
    },
    "required": ["id"],
    "additionalProperties": False,
}
LIST = {"type": "array", "items": {"$ref": "#/$defs/pick"}, "maxItems": 2, "$defs": {"pick": PICK}}


@pytest.mark.parametrize(
    ("value", "schema"),
    [
        ({"id": "b1"}, PICK),
        ({"id": 3.0, "score": 0, "why": "true"}, PICK),
        ([{"id": "b2"}, {"id": 3}], LIST),
        (5.0, {"type": "integer"}),
        (None, {"type": ["string", "null"]}),
        ("x", {"anyOf": [{"type": "integer"}, {"type": "string"}]}),
        ({"a": 1}, {"type": "object", "additionalProperties": {"type": "integer"}}),
        ([1, True, "1"], {"uniqueItems": True}),
        ("any", {}),
        ({"left": {"left": {}}}, {"type": "object", "properties": {"left": {"$ref": "#"}}}),
    ],
)
def test_what_fits_has_no_problems(value, schema):
    check_schema(schema)
    assert problems(value, schema) == []


@pytest.mark.parametrize(
    ("value", "schema", "told"),
    [
        (
            {"id": "b9"},
            PICK,
            r"\$\.id is 'b9', which is none of the 3 allowed values: 'b1', 'b2', 3$",
        ),
        ("robuts", {"enum": ["robots", "roses"]}, "'robots', 'roses'; did you mean 'robots'"),
        ({}, PICK, r"\$ lacks 'id'"),
        ({"id": "b1", "scores": 1}, PICK, "has 'scores', which is not asked for; did you mean 'score'"),
        ({"id": "b1", "score": 1}, PICK, r"\$\.score = 1 is not below 1"),
        ({"id": "b1", "score": -0.1}, PICK, r"\$\.score = -0.1 is below 0"),
        ({"id": "b1", "why": "x"}, PICK, r"\$\.why has 1 characters, not 2 to 5"),
        ([{"id": "b1"}, {"id": "zz"}], LIST, r"\$\[1\]\.id is 'zz'"),
        ([{"id": "b1"}] * 3, LIST, "has 3 elements, not 0 to 2"),
        (True, {"type": "integer"}, "True, not of type integer"),
        (True, {"enum": [1]}, "none of the 1"),
        (1.5, {"type": "integer"}, "not of type integer"),
        ([1, 2, 1.0], {"uniqueItems": True}, r"\$\[2\] repeats 1.0"),
        ("x", {"const": "y"}, "'x', not 'y'"),
        (None, {"anyOf": [{"type": "integer"}, {"type": "string"}]}, "not of type"),
        (3, {"allOf": [{"minimum": 1}, {"maximum": 2}]}, "is above 2"),
        ({"a": "x"}, {"type": "object", "additionalProperties": {"type": "integer"}}, r"\$\.a is 'x'"),
        (
            {"left": {"left": 3}},
            {"type": "object", "properties": {"left": {"$ref": "#"}}},
            r"\$\.left\.left is 3",
        ),
    ],
)
def test_what_does_not_fit_is_told_with_its_place(value, schema, told):
    check_schema(schema)
    (line,) = problems(value, schema)
    assert re.search(told, line), line


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ({"type": "objekt"}, "no type 'objekt'; did you mean 'object'"),
        (
            {"properties": {"a": {"maxLenght": 3}}},
            "'maxLenght' is not checked here; did you mean 'maxLength'",
        ),
        ({"items": {"not": {}}}, "'not' is not checked here"),
        ({"enum": []}, "at least one allowed value"),
        ({"$ref": "https://example.org/schema"}, "leads nowhere"),
        ({"$ref": "#"}, "leads nowhere"),
        ({"anyOf": [{"$ref": "#/$defs/a"}], "$defs": {"b": {}}}, "'#/\\$defs/a' leads nowhere"),
        (["no", "mapping"], "not list"),
    ],
)
def test_a_schema_that_cannot_be_checked_is_refused(schema, told):
    with pytest.raises(SettingsError, match=told):
        check_schema(schema)


def test_a_closed_schema_names_all_its_members():
    closed = {**PICK, "required": ["id", "score", "why"]}
    assert is_closed({"type": "array", "items": closed})
    assert not is_closed(PICK)
    assert not is_closed({"type": "object"})


SCHEMAS = st.recursive(
    st.sampled_from(
        [{"type": "integer", "minimum": 3}, {"type": "string", "minLength": 2}, {"type": "boolean"}]
    )
    | st.lists(st.integers() | st.text() | st.booleans(), min_size=1).map(lambda values: {"enum": values}),
    lambda inner: (
        st.builds(
            lambda parts, extra: {"type": "object", "properties": parts, "required": list(parts), **extra},
            st.dictionaries(st.text(max_size=5), inner, max_size=3),
            st.sampled_from([{}, {"additionalProperties": False}]),
        )
        | st.builds(
            lambda part, least: {"type": "array", "items": part, "minItems": least}, inner, st.integers(0, 3)
        )
    ),
    max_leaves=6,
)


@given(schema=SCHEMAS, seed=st.integers(0, 9))
def test_what_the_stand_in_makes_fits_any_schema(schema, seed):
    check_schema(schema)
    assert problems(smallest(schema, schema, np.random.default_rng(seed)), schema) == []
