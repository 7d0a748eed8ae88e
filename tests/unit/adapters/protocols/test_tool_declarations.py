import json
from typing import Any

import pytest

from ownkey.adapters.protocols.tool_declarations import ToolChoice, object_schema, read_tooling
from ownkey.domain.errors import InvalidParameterError, UnsupportedParameterError

A, B = {"type": "string"}, {"type": "integer"}


def tool(name: str, **function: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, **function}}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (None, {"type": "object", "properties": {}}),
        ({}, {"type": "object", "properties": {}}),
        ({"properties": {"a": A}}, {"type": "object", "properties": {"a": A}}),
        ({"type": "object", "properties": None}, {"type": "object", "properties": {}}),
        (
            {
                "anyOf": [
                    {"properties": {"a": A, "b": B}, "required": ["a", "b"]},
                    {"properties": {}, "required": ["a"]},
                ]
            },
            {"type": "object", "properties": {"a": A, "b": B}, "required": ["a"]},
        ),
        (
            {"allOf": [{"properties": {"a": A}, "required": ["a"]}, {"properties": {"b": B}, "required": ["b"]}]},
            {"type": "object", "properties": {"a": A, "b": B}, "required": ["a", "b"]},
        ),
        (
            {"properties": {"c": A}, "required": ["c"], "oneOf": [{"properties": {"a": A}, "required": ["a"]}, {}]},
            {"type": "object", "properties": {"a": A, "c": A}, "required": ["c"]},
        ),
        (
            {"$ref": "#/$defs/X", "$defs": {"X": {"properties": {"a": A}}}},
            {"type": "object", "properties": {"a": A}, "$defs": {"X": {"properties": {"a": A}}}},
        ),
        ({"$ref": "#"}, {"type": "object", "properties": {}}),
    ],
)
def test_a_schema_gets_an_object_for_its_root(schema: Any, expected: Any) -> None:
    before = json.dumps(schema)
    assert object_schema(schema) == expected
    assert json.dumps(schema) == before


def test_legacy_functions_are_tools() -> None:
    tooling = read_tooling({"functions": [{"name": "f", "description": "d"}], "function_call": {"name": "f"}})
    assert [(declared.name, declared.description) for declared in tooling.tools] == [("f", "d")]
    assert tooling.choice == ToolChoice(mode="function", name="f")


@pytest.mark.parametrize(
    ("allowed", "names", "mode"),
    [
        ({"mode": "required", "tools": [{"type": "function", "function": {"name": "b"}}]}, ["b"], "required"),
        ({"mode": "auto", "tools": [{"type": "function", "name": "a"}]}, ["a"], "auto"),
        ({"mode": "auto", "tools": [{"type": "function", "name": "nobody"}]}, ["a", "b"], "auto"),
    ],
)
def test_allowed_tools_are_the_only_ones_declared(allowed: Any, names: list[str], mode: Any) -> None:
    choice = {"type": "allowed_tools", "allowed_tools": allowed}
    tooling = read_tooling({"tools": [tool("a"), tool("b")], "tool_choice": choice})
    assert [declared.name for declared in tooling.tools] == names
    assert tooling.choice == ToolChoice(mode=mode)


def test_nothing_said_is_nothing_read() -> None:
    tooling = read_tooling({"tools": None})
    assert (tooling.tools, tooling.choice, tooling.parallel) == ((), None, None)


@pytest.mark.parametrize(
    ("body", "error", "param"),
    [
        ({"tools": [{"type": "web_search"}]}, UnsupportedParameterError, "tools[0]"),
        ({"tools": [{"type": "function", "function": {}}]}, InvalidParameterError, "tools[0].function"),
        ({"tools": ["f"]}, InvalidParameterError, "tools[0]"),
        ({"tools": {}}, InvalidParameterError, "tools"),
        ({"functions": [{}]}, InvalidParameterError, "functions[0]"),
        ({"tool_choice": "sometimes"}, InvalidParameterError, "tool_choice"),
        ({"tool_choice": {"type": "function"}}, InvalidParameterError, "tool_choice"),
    ],
)
def test_what_cannot_be_declared_is_refused_by_its_path(body: Any, error: Any, param: str) -> None:
    with pytest.raises(error) as raised:
        read_tooling(body)
    assert raised.value.param == param
