import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ownkey.adapters.protocols.google_generate_content.schemas import json_schema, openapi_schema

STRING = {"type": "string"}


@pytest.mark.parametrize(
    ("schema", "cleaned"),
    [
        (
            {"$schema": "x", "type": "object", "properties": {"a": STRING}},
            {"type": "object", "properties": {"a": STRING}},
        ),
        ({"const": "on"}, {"enum": ["on"], "type": "string"}),
        ({"const": True}, {"enum": [True], "type": "boolean"}),
        ({"const": None}, {"type": "null"}),
        ({"type": "integer", "exclusiveMinimum": 0, "minimum": 1}, {"type": "integer", "minimum": 1}),
        ({"anyOf": [{"const": 1}, STRING]}, {"anyOf": [{"enum": [1], "type": "integer"}, STRING]}),
        ({"items": {"examples": ["a"], **STRING}}, {"items": STRING}),
        # What is named like a keyword is none.
        ({"properties": {"const": STRING, "examples": STRING}}, {"properties": {"const": STRING, "examples": STRING}}),
        (
            {"$ref": "#/$defs/a", "$defs": {"a": {"const": 1}}},
            {"$ref": "#/$defs/a", "$defs": {"a": {"enum": [1], "type": "integer"}}},
        ),
        ({"additionalProperties": False}, {"additionalProperties": False}),
    ],
)
def test_a_json_schema_keeps_what_gemini_reads(schema: dict[str, Any], cleaned: dict[str, Any]) -> None:
    before = copy.deepcopy(schema)

    assert json_schema(schema) == cleaned
    assert schema == before


@pytest.mark.parametrize(
    ("schema", "cleaned"),
    [
        ({"type": "object", "additionalProperties": False, "default": {}}, {"type": "object"}),
        ({"type": ["string", "null"]}, {"type": "string", "nullable": True}),
        ({"type": ["string", "integer"]}, {"anyOf": [STRING, {"type": "integer"}]}),
        ({"anyOf": [STRING, {"type": "null"}]}, {"anyOf": [STRING], "nullable": True}),
        ({"oneOf": [STRING]}, {"anyOf": [STRING]}),
        ({"const": 1}, {"enum": ["1"], "type": "string"}),
        ({"type": "string", "format": "email"}, STRING),
        ({"type": "string", "format": "date-time"}, {"type": "string", "format": "date-time"}),
        ({"properties": {"a": STRING}, "required": ["a", "b"]}, {"properties": {"a": STRING}, "required": ["a"]}),
        ({"$defs": {"a": STRING}, "properties": {"x": {"$ref": "#/$defs/a"}}}, {"properties": {"x": STRING}}),
        (
            {
                "properties": {"a": True, "b": False, "c": {"items": True}, "d": {"items": False}},
                "required": ["a", "b"],
            },
            {"properties": {"a": {}, "c": {"items": {}}, "d": {}}, "required": ["a"]},
        ),
        (
            {"allOf": [{"properties": {"a": STRING}}, {"properties": {"b": STRING}}]},
            {"properties": {"b": STRING, "a": STRING}},
        ),
    ],
)
def test_an_openapi_schema_is_left_with_the_subset(schema: dict[str, Any], cleaned: dict[str, Any]) -> None:
    assert openapi_schema(schema) == cleaned


def test_a_schema_that_holds_itself_comes_to_an_end() -> None:
    node = {"type": "object", "properties": {"next": {"$ref": "#"}}}

    cleaned = openapi_schema(node)

    assert "$ref" not in str(cleaned)


SCHEMAS = st.recursive(
    st.sampled_from([STRING, {"type": "integer", "exclusiveMaximum": 4}, {"const": "x"}, {"enum": ["a", 1]}]),
    lambda inner: st.one_of(
        st.fixed_dictionaries({"type": st.just("object"), "properties": st.dictionaries(st.text(max_size=5), inner)}),
        st.fixed_dictionaries({"type": st.just("array"), "items": inner}),
        st.fixed_dictionaries({"anyOf": st.lists(inner, min_size=1, max_size=3)}),
    ),
    max_leaves=8,
)


@given(SCHEMAS)
def test_cleaning_twice_changes_nothing_more(schema: dict[str, Any]) -> None:
    assert json_schema(json_schema(schema)) == json_schema(schema)
    assert openapi_schema(openapi_schema(schema)) == openapi_schema(schema)
