from typing import Any

import pytest

from ownkey.domain.errors import InvalidParameterError
from tests.support.responses_rendering import check_official, render

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
EMPTY = {"type": "object", "properties": {}}

NAMED = {"type": "function", "name": "weather"}


def function(**described: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": "weather", **described}}


@pytest.mark.parametrize(
    ("tool", "rendered"),
    [
        (function(parameters=SCHEMA), {"parameters": SCHEMA, "strict": False}),
        (function(parameters=SCHEMA, strict=None), {"parameters": SCHEMA, "strict": False}),
        (
            function(parameters=SCHEMA, strict=True, description="Tells it."),
            {"parameters": SCHEMA, "strict": True, "description": "Tells it."},
        ),
        (function(description=None), {"parameters": EMPTY, "strict": False}),
        (
            function(parameters=None, strict=True),
            {"parameters": {**EMPTY, "required": [], "additionalProperties": False}, "strict": True},
        ),
    ],
)
def test_functions_are_flat_and_say_whether_they_are_strict(tool: dict[str, Any], rendered: dict[str, Any]) -> None:
    body = render(tools=[tool]).body

    assert body["tools"] == [{"type": "function", "name": "weather", **rendered}]
    check_official(body)


@pytest.mark.parametrize(
    ("asked", "choice"),
    [({}, None), ({"function_call": "none"}, "none"), ({"function_call": {"name": "weather"}}, NAMED)],
)
def test_functions_of_the_older_form_are_tools(asked: dict[str, Any], choice: Any) -> None:
    described = {"name": "weather", "parameters": SCHEMA}

    rendered = render(functions=[described], **asked)

    assert rendered.body["tools"] == [{"type": "function", "strict": False, **described}]
    assert rendered.body.get("tool_choice") == choice
    assert rendered.dropped == ()
    check_official(rendered.body)


def test_tools_of_the_newer_form_come_first() -> None:
    body = render(tools=[function()], tool_choice="auto", functions=[{"name": "time"}], function_call="none").body

    assert [tool["name"] for tool in body["tools"]] == ["weather"]
    assert body["tool_choice"] == "auto"


@pytest.mark.parametrize(
    ("text_format", "rendered"),
    [
        (None, {}),
        ({"type": "text"}, {"format": {"type": "text"}}),
        (
            {"type": "grammar", "grammar": {"syntax": "lark", "definition": "start: X"}},
            {"format": {"type": "grammar", "syntax": "lark", "definition": "start: X"}},
        ),
    ],
)
def test_custom_tools_are_flat(text_format: Any, rendered: dict[str, Any]) -> None:
    body = render(tools=[{"type": "custom", "custom": {"name": "shell", "format": text_format}}]).body

    assert body["tools"] == [{"type": "custom", "name": "shell", **rendered}]
    check_official(body)


def test_tools_that_run_at_the_provider_travel_as_they_are() -> None:
    search = {"type": "web_search", "search_context_size": "low"}

    assert render(tools=[search]).body["tools"] == [search]


@pytest.mark.parametrize(
    ("tool", "param"),
    [
        ("weather", "tools[0]"),
        ({"type": "function"}, "tools[0].function"),
        ({"type": "custom", "custom": {}}, "tools[0].custom"),
        ({"type": "function", "function": {"name": ""}}, "tools[0].function"),
    ],
)
def test_malformed_tools_are_refused_by_their_path(tool: Any, param: str) -> None:
    with pytest.raises(InvalidParameterError) as caught:
        render(tools=[tool])

    assert caught.value.param == param


@pytest.mark.parametrize(
    ("choice", "rendered"),
    [
        ("none", "none"),
        ("auto", "auto"),
        ("required", "required"),
        ({"type": "function", "function": {"name": "weather"}}, {"type": "function", "name": "weather"}),
        ({"type": "custom", "custom": {"name": "shell"}}, {"type": "custom", "name": "shell"}),
        (
            {
                "type": "allowed_tools",
                "allowed_tools": {
                    "mode": "required",
                    "tools": [{"type": "function", "function": {"name": "weather"}}],
                },
            },
            {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "weather"}]},
        ),
    ],
)
def test_a_choice_of_tools_is_flat(choice: Any, rendered: Any) -> None:
    body = render(tools=[function()], tool_choice=choice).body

    assert body["tool_choice"] == rendered
    check_official(body)


@pytest.mark.parametrize(
    ("wanted", "rendered"),
    [
        ({"type": "text"}, {"type": "text"}),
        ({"type": "json_object"}, {"type": "json_object"}),
        (
            {"type": "json_schema", "json_schema": {"name": "person", "schema": SCHEMA, "description": "A person."}},
            {"type": "json_schema", "name": "person", "schema": SCHEMA, "strict": False, "description": "A person."},
        ),
        (
            {"type": "json_schema", "json_schema": {"schema": SCHEMA, "strict": True}},
            {"type": "json_schema", "name": "answer", "schema": SCHEMA, "strict": True},
        ),
    ],
)
def test_the_shape_of_an_answer_is_flat(wanted: dict[str, Any], rendered: dict[str, Any]) -> None:
    body = render(response_format=wanted).body

    assert body["text"] == {"format": rendered}
    check_official(body)
