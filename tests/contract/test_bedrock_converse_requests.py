"""Requests that Bedrock really accepted: what OpenAI's form of each comes to is the same, and boto3 takes it."""

import base64
import json
from typing import Any
from urllib.parse import unquote

import pytest

from ownkey.adapters.protocols.bedrock_converse import render_request
from tests.support.adapter_recordings import FOLDER
from tests.support.bedrock import SPEC, chat, check_arguments, is_streamed, recordings

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the recordings are not here")

NOT_OPENAIS = (
    "searchResult",
    "s3Location",
    "systemTool",
    "citationsContent",
    "video",
    "context",
    "nova_code",
    '"text": {',
)
"""What a chat completion has no words for."""
MEDIA = {
    "pdf": "application/pdf",
    "txt": "text/plain",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


def is_sayable(recording: dict[str, Any]) -> bool:
    body = recording["request"]["body"]
    text = json.dumps(body)
    return (
        recording["response"]["status"] == 200
        and body is not None
        and not any(word in text for word in NOT_OPENAIS)
        and '"source": {"text"' not in text
    )


ACCEPTED = [recording for recording in recordings() if is_sayable(recording)]


def as_openai(body: dict[str, Any]) -> dict[str, Any]:
    """Return the chat completion that asks for the same."""
    messages: list[dict[str, Any]] = _messages({"role": "system", "content": body.get("system", [])})
    for message in body["messages"]:
        messages += _messages(message)
    fields: dict[str, Any] = {"messages": messages}
    config = body.get("inferenceConfig", {})
    names = {"maxTokens": "max_tokens", "temperature": "temperature", "topP": "top_p", "stopSequences": "stop"}
    fields |= {names[name]: value for name, value in config.items()}
    tools = body.get("toolConfig", {}).get("tools", [])
    if tools:
        fields["tools"] = [_tool(tool["toolSpec"]) for tool in tools if "toolSpec" in tool]
    match body.get("toolConfig", {}).get("toolChoice"):
        case {"any": _}:
            fields["tool_choice"] = "required"
        case {"tool": {"name": name}}:
            fields["tool_choice"] = {"type": "function", "function": {"name": name}}
    if form := body.get("outputConfig", {}).get("textFormat"):
        definition = form["structure"]["jsonSchema"]
        described = {**definition, "schema": json.loads(definition["schema"])}
        fields["response_format"] = {"type": "json_schema", "json_schema": described}
    return fields


def _messages(message: dict[str, Any]) -> list[dict[str, Any]]:
    parts, calls, results = [], [], []
    details = []
    for block in message["content"]:
        match block:
            case {"text": text} if not text.strip():
                continue
            case {"text": text}:
                parts.append({"type": "text", "text": text})
            case {"toolUse": use}:
                function = {"name": use["name"], "arguments": json.dumps(use["input"])}
                calls.append({"id": use["toolUseId"], "type": "function", "function": function})
            case {"toolResult": result}:
                content = [_part(piece) for piece in result["content"]]
                results.append({"role": "tool", "tool_call_id": result["toolUseId"], "content": content})
            case {"reasoningContent": {"reasoningText": thought}}:
                details.append({"type": "reasoning.text", **thought, "format": "aws-bedrock-converse-v1"})
            case {"cachePoint": _}:
                parts[-1]["cache_control"] = {"type": "ephemeral"}
            case _:
                parts.append(_part(block))
    own: dict[str, Any] = {"role": message["role"], "content": parts}
    own |= {"tool_calls": calls} if calls else {}
    own |= {"reasoning_details": details} if details else {}
    return [*results, *([own] if parts or calls else [])]


def _part(block: dict[str, Any]) -> dict[str, Any]:
    match block:
        case {"image": image}:
            uri = f"data:image/{image['format']};base64,{image['source']['bytes']}"
            return {"type": "image_url", "image_url": {"url": uri}}
        case {"document": document}:
            uri = f"data:{MEDIA[document['format']]};base64,{document['source']['bytes']}"
            return {"type": "file", "file": {"filename": f"{document['name']}.{document['format']}", "file_data": uri}}
        case {"json": value}:
            return {"type": "text", "text": json.dumps(value)}
    return {"type": "text", "text": block["text"]}


def _tool(specification: dict[str, Any]) -> dict[str, Any]:
    function = {"name": specification["name"], "parameters": specification["inputSchema"]["json"]}
    function |= {name: specification[name] for name in ("description", "strict") if name in specification}
    return {"type": "function", "function": function}


def form_of(body: dict[str, Any]) -> Any:
    """Return what is asked of the answer's form, without limits that are told in words instead."""
    if "outputConfig" not in body:
        return None
    definition = body["outputConfig"]["textFormat"]["structure"]["jsonSchema"]
    schema = json.loads(definition["schema"])
    fields = {name: field["type"] for name, field in schema["properties"].items()}
    return definition.get("name"), definition.get("description"), fields, schema["required"]


def plain(value: Any) -> Any:
    """Return a request without what means nothing: bytes as base64, and nothing that says what happens anyway."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, list):
        return [plain(item) for item in value if not (isinstance(item, dict) and str(item.get("text", "x")).isspace())]
    if not isinstance(value, dict):
        return value
    if "source" in value and "name" in value:
        value = {**value, "name": value["name"].replace("_", " ")}
    if set(value) == {"json"} and "type" not in value["json"]:
        return {"text": json.dumps(value["json"])}
    return {
        name: plain(item)
        for name, item in value.items()
        if name not in ("status", "type") and item not in ({"auto": {}},)
    }


@pytest.mark.parametrize("recording", ACCEPTED, ids=[recording["id"] for recording in ACCEPTED])
def test_an_accepted_request_comes_out_the_same(recording: dict[str, Any]) -> None:
    given = recording["request"]["body"]
    model = unquote(recording["request"]["path"].split("/")[2])
    request = chat(model, streams=is_streamed(recording), **as_openai(given))

    rendered = render_request(SPEC, request, upstream_model=model, credential_settings={})

    assert unquote(rendered.url_path) == unquote(recording["request"]["path"])
    made = rendered.body
    assert plain(made["messages"]) == plain(given["messages"])
    for name in ("system", "inferenceConfig"):
        assert plain(made.get(name) or {}) == plain(given.get(name) or {})
    assert form_of(made) == form_of(given)
    tools = [tool["toolSpec"] for tool in made.get("toolConfig", {}).get("tools", []) if "toolSpec" in tool]
    before = [tool["toolSpec"] for tool in given.get("toolConfig", {}).get("tools", []) if "toolSpec" in tool]
    assert [(tool["name"], tool.get("description"), tool["inputSchema"]) for tool in tools] == [
        (tool["name"], tool.get("description"), tool["inputSchema"]) for tool in before
    ]
    choice = given.get("toolConfig", {}).get("toolChoice", {"auto": {}})
    assert made.get("toolConfig", {}).get("toolChoice", {"auto": {}}) == choice
    assert not rendered.dropped


@pytest.mark.parametrize("recording", ACCEPTED, ids=[recording["id"] for recording in ACCEPTED])
def test_boto3_takes_what_is_rendered(recording: dict[str, Any]) -> None:
    model = unquote(recording["request"]["path"].split("/")[2])
    request = chat(model, **as_openai(recording["request"]["body"]))

    rendered = render_request(SPEC, request, upstream_model=model, credential_settings={})

    check_arguments(rendered.body)
