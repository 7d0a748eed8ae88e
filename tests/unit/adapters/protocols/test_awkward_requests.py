"""Requests that callers really send and formats stumble over: each goes out as the format's own rules demand."""

import copy
from typing import Any

import pytest

from tests.support.foreign_formats import FORMATS, Format

PNG = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"
PDF = "data:application/pdf;base64,JVBERi0xLjQK"
ASKED = {"role": "user", "content": "Answer in JSON"}
LATER = {"role": "user", "content": "And then?"}
SYSTEM = {"role": "system", "content": "Be brief"}
STRING = {"type": "string"}


def tool(name: str = "weather", parameters: Any = None, **more: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "parameters": parameters, **more}}


def call(call_id: str, name: str = "weather", arguments: str = "{}", **more: Any) -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}, **more}


def said(*calls: dict[str, Any], content: Any = None, **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content, **({"tool_calls": list(calls)} if calls else {}), **more}


def result(call_id: str, content: Any = "42") -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call_id, "content": content}


def talk(*messages: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"messages": [ASKED, *messages], "tools": [tool()], **fields}


SCHEMAS: dict[str, Any] = {
    "none": None,
    "empty": {},
    "reference": {
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/A"}, "b": {"anyOf": [{"$ref": "#/$defs/A"}, {"type": "null"}]}},
        "$defs": {"A": {"type": "object", "properties": {"x": {"type": "integer", "minimum": 0}}, "required": ["x"]}},
    },
    "root-reference": {"$ref": "#/$defs/A", "$defs": {"A": {"type": "object", "properties": {"x": STRING}}}},
    "recursion": {"type": "object", "properties": {"children": {"type": "array", "items": {"$ref": "#"}}}},
    "alternatives": {
        "type": "object",
        "properties": {"a": {"oneOf": [{"const": "x"}, {"type": "number", "exclusiveMinimum": 0}]}},
    },
    "root-alternatives": {
        "anyOf": [{"type": "object", "properties": {"a": STRING}, "required": ["a"]}, {"type": "object"}]
    },
    "joined": {"allOf": [{"type": "object", "properties": {"a": STRING}}, {"properties": {"b": STRING}}]},
    "nullable": {"type": "object", "properties": {"a": {"type": ["string", "integer", "null"], "default": None}}},
    "bounds": {
        "type": "object",
        "properties": {"a": {"type": "array", "items": {**STRING, "maxLength": 5}, "minItems": 2, "uniqueItems": True}},
    },
    "enumeration": {
        "type": "object",
        "properties": {"a": {"enum": ["x", 1, None]}, "b": {**STRING, "format": "email"}},
    },
    "tuple": {"type": "object", "properties": {"a": {"type": "array", "prefixItems": [STRING], "items": False}}},
    "map": {"type": "object", "additionalProperties": {"type": "integer"}},
    "anything": {"type": "object", "properties": {"a": True, "b": {}}},
    "draft": {"$schema": "http://json-schema.org/draft-07/schema#", "title": "T", "type": "object", "properties": {}},
}
NAMES = ("files/read", "ns::read.v2", "with space", "2nd", "-x", "été")
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
MARK: dict[str, Any] = {"cache_control": {"type": "ephemeral"}}

CONVERSATIONS: dict[str, dict[str, Any]] = {
    "parallel-results-in-another-order": talk(said(call("a"), call("b")), result("b"), result("a"), LATER),
    "call-beside-text": talk(said(call("a"), content="Let me see"), result("a", [{"type": "text", "text": "1"}])),
    "results-that-are-empty": talk(
        said(call("a"), call("b"), call("c")), result("a", ""), result("b", None), result("c", [])
    ),
    "result-with-an-image": talk(said(call("a")), result("a", [{"type": "image_url", "image_url": {"url": PNG}}])),
    "result-that-is-no-json": talk(said(call("a")), result("a", '{"a": NaN}')),
    "tools-of-before": talk(said(call("a")), result("a"), LATER, tools=None),
    "no-tool-now": talk(said(call("a")), result("a"), LATER, tool_choice="none"),
    "effort-in-a-tool-loop": talk(said(call("a")), result("a"), reasoning_effort="high"),
    "foreign-reasoning": talk(
        said(content="x", reasoning_content="Hm", reasoning_details=[{"type": "reasoning.encrypted", "data": "x"}]),
        LATER,
    ),
    "foreign-signature": talk(said(call("a", extra_content={"google": {"thought_signature": "c2ln"}})), result("a")),
    "broken-arguments": talk(said(call("a", arguments='{"x": '), call("b", arguments="[1]")), result("a"), result("b")),
    "late-instructions": talk(said(content="x"), SYSTEM, LATER, SYSTEM),
    "many-instructions": {"messages": [SYSTEM, {"role": "developer", "content": "Be kind"}, ASKED]},
    "instructions-alone": {"messages": [SYSTEM]},
    "assistant-first": {"messages": [said(content="Hello"), ASKED]},
    "prefill": talk(said(content="The answer is  ")),
    "refusal": talk(said(refusal="No"), LATER),
    "nothing-said": talk(said(content=""), LATER),
    "blank-question": {"messages": [{"role": "user", "content": " \n"}]},
    "image": {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": PNG}}]}]},
    "documents": {
        "messages": [
            {"role": "user", "content": [{"type": "file", "file": {"filename": "a_b.pdf", "file_data": PDF}}] * 2}
        ]
    },
    "marks": {
        "messages": [
            {"role": "system", "content": [{"type": "text", "text": "x", **MARK}]},
            {**ASKED, **MARK},
            said(call("a", **MARK)),
            {**result("a"), **MARK},
            {**LATER, **MARK},
        ],
        "tools": [{**tool(), **MARK}],
    },
    "older-form": {
        "messages": [
            ASKED,
            {"role": "assistant", "content": None, "function_call": {"name": "weather", "arguments": "{}"}},
            {"role": "function", "name": "weather", "content": "42"},
        ],
        "functions": [{"name": "weather"}],
        "function_call": {"name": "weather"},
    },
    "every-setting": {
        "messages": [ASKED],
        "temperature": 1.5,
        "top_p": 0.5,
        "max_tokens": 1,
        "user": "someone",
        "service_tier": "default",
        "metadata": {"a": "b"},
        "stream": True,
        "stream_options": {"include_usage": True},
        "seed": 1,
        "presence_penalty": 0.5,
        "store": True,
    },
    "nothing-but-nulls": {
        "messages": [ASKED],
        **dict.fromkeys(("tools", "tool_choice", "stop", "temperature", "n", "user")),
    },
}
CONVERSATIONS |= {f"parameters-{name}": talk(tools=[tool(parameters=schema)]) for name, schema in SCHEMAS.items()}
CONVERSATIONS |= {
    f"strict-parameters-{name}": talk(tools=[tool(parameters=schema, strict=True)]) for name, schema in SCHEMAS.items()
}
CONVERSATIONS |= {
    f"answer-{name}": {
        "messages": [ASKED],
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "x", "schema": schema or {}, "strict": True},
        },
    }
    for name, schema in SCHEMAS.items()
}
CONVERSATIONS |= {
    f"effort-{effort}": {"messages": [ASKED], "reasoning_effort": effort, "temperature": 0.5, "max_tokens": 100}
    for effort in EFFORTS
}
CONVERSATIONS |= {
    f"forced-{effort}": talk(reasoning_effort=effort, tool_choice="required", parallel_tool_calls=False)
    for effort in EFFORTS
}
STRICT_TURNS = {
    "lost-result": talk(said(call("a"), call("b")), result("a"), LATER),
    "call-at-the-end": talk(said(call("a"))),
    "result-of-nothing": talk(result("a"), LATER),
    "ids-used-twice": talk(said(call("a")), result("a"), LATER, said(call("a")), result("a")),
    "ids-of-any-form": talk(said(call("x" * 100), call("a b|c")), result("x" * 100), result("a b|c")),
    **{
        f"name-{name}": talk(said(call("a", name)), result("a"), tools=[tool(name)], tool_choice=tool(name))
        for name in NAMES
    },
}
"""What Responses takes or refuses as OpenAI's chat does: nothing is put right in it."""

CASES = [
    pytest.param(each, fields, id=f"{each.provider}-{name}")
    for each in FORMATS
    for name, fields in (CONVERSATIONS if each.provider == "openai-responses" else CONVERSATIONS | STRICT_TURNS).items()
    if not (each.provider == "aws" and name.startswith("answer-"))
]


@pytest.mark.parametrize(("spoken", "fields"), CASES)
def test_an_awkward_request_is_one_of_the_formats_own(spoken: Format, fields: dict[str, Any]) -> None:
    before = copy.deepcopy(fields)

    for model in spoken.models:
        spoken.check(spoken.render(model, fields).body)

    assert fields == before
