"""Requests that OpenAI and Azure really accepted, asked for as chat completions, and rendered back."""

import json
from typing import Any

import pytest

from ownkey.adapters.protocols.openai_responses import render_request
from ownkey.adapters.registry import REGISTRY
from ownkey.domain.chat import ChatRequest
from tests.support.adapter_recordings import FOLDER
from tests.support.responses_recordings import responses_recordings
from tests.support.responses_rendering import check_official

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the recordings are not here")

SETTINGS = {"endpoint": "https://x.openai.azure.com", "apiVersion": "v1"}
SAME = ("temperature", "max_output_tokens", "parallel_tool_calls", "service_tier", "reasoning", "stream")
CARRIED_ITEMS = {"message", "function_call", "function_call_output", "reasoning"}
OWN_TOOLS = {"function", "custom"}


def can_be_asked_for(body: dict[str, Any]) -> bool:
    """Whether a chat completion can say the same."""
    items = body["input"] if isinstance(body["input"], list) else []
    parts = [part for item in items if isinstance(item.get("content"), list) for part in item["content"]]
    return (
        "previous_response_id" not in body
        and all(item.get("type", "message") in CARRIED_ITEMS for item in items)
        and not any(part["type"] == "input_image" and "image_url" not in part for part in parts)
        and not any("function" in tool for tool in body.get("tools", ()))
    )


ACCEPTED = [
    recording
    for recording in responses_recordings()
    if isinstance(recording["request"]["body"], dict)
    and recording["response"]["status"] == 200
    and can_be_asked_for(recording["request"]["body"])
]


def as_chat(slug: str, body: dict[str, Any]) -> dict[str, Any]:
    """The chat completion that asks for the same."""
    chat: dict[str, Any] = {"model": body["model"], "messages": list(as_messages(slug, body))}
    for name in ("temperature", "parallel_tool_calls", "service_tier", "stream", "reasoning"):
        if name in body:
            chat[name] = body[name]
    if "max_output_tokens" in body:
        chat["max_completion_tokens"] = body["max_output_tokens"]
    if "tools" in body:
        chat["tools"] = [as_tool(tool) for tool in body["tools"]]
    choice = body.get("tool_choice")
    if choice is not None:
        named = isinstance(choice, dict) and choice["type"] == "function"
        chat["tool_choice"] = {"type": "function", "function": {"name": choice["name"]}} if named else choice
    if text_format := (body.get("text") or {}).get("format"):
        described = {name: value for name, value in text_format.items() if name != "type"}
        chat["response_format"] = {"type": text_format["type"], **({"json_schema": described} if described else {})}
    return chat


def as_tool(tool: dict[str, Any]) -> dict[str, Any]:
    if tool["type"] not in OWN_TOOLS:
        return tool
    return {"type": "function", "function": {name: value for name, value in tool.items() if name != "type"}}


def as_messages(slug: str, body: dict[str, Any]) -> Any:
    if "instructions" in body:
        yield {"role": "system", "content": body["instructions"]}
    if isinstance(body["input"], str):
        yield {"role": "user", "content": body["input"]}
        return
    details: list[dict[str, Any]] = []
    for item in body["input"]:
        match item.get("type", "message"):
            case "reasoning":
                details.append({"format": "openai-responses-v1", "data": item["encrypted_content"], "provider": slug})
                continue
            case "function_call":
                function = {"name": item["name"], "arguments": item["arguments"]}
                call = {"id": item["call_id"], "type": "function", "function": function}
                yield {"role": "assistant", "content": None, "tool_calls": [call], "reasoning_details": details}
            case "function_call_output":
                output = item["output"]
                content = output if isinstance(output, str) else [as_part(part) for part in output]
                yield {"role": "tool", "tool_call_id": item["call_id"], "content": content}
            case "message":
                content = item["content"]
                content = content if isinstance(content, str) else [as_part(part) for part in content]
                phase = {"phase": item["phase"]} if "phase" in item else {}
                yield {"role": item["role"], "content": content, "reasoning_details": details, **phase}
        details = []


def as_part(part: dict[str, Any]) -> dict[str, Any]:
    match part["type"]:
        case "input_image":
            return {"type": "image_url", "image_url": {"url": part["image_url"], "detail": part.get("detail", "auto")}}
        case "input_file":
            return {"type": "file", "file": {name: value for name, value in part.items() if name != "type"}}
    return {"type": "text", "text": part["text"]}


def meaning(body: dict[str, Any]) -> list[Any]:
    """What the input says, however it is spelt: without ids of items, shorthands or defaults."""
    given = body["input"]
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    if "instructions" in body:
        items = [{"role": "system", "content": body["instructions"]}, *items]
    # An assistant that says nothing is left out.
    return [meaning_of(item) for item in items if (item.get("role"), item.get("content")) != ("assistant", "")]


def meaning_of(item: dict[str, Any]) -> Any:
    kind = item.get("type", "message")
    match kind:
        case "reasoning":
            return kind, item["encrypted_content"]
        case "function_call":
            return kind, item["call_id"], item["name"], item["arguments"]
        case "function_call_output":
            output = item["output"]
            return kind, item["call_id"], output if isinstance(output, str) else meaning_of_parts(output)
    content = item["content"]
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
    return item["role"], meaning_of_parts(parts), item.get("phase")


def meaning_of_parts(parts: list[dict[str, Any]]) -> list[Any]:
    return [
        part["text"]
        if "text" in part
        else {name: value for name, value in part.items() if (name, value) != ("detail", "auto")}
        for part in parts
    ]


def meaning_of_tool(tool: dict[str, Any]) -> dict[str, Any]:
    return {"strict": False, **{name: value for name, value in tool.items() if value}}


@pytest.mark.parametrize("recording", ACCEPTED, ids=[recording["id"] for recording in ACCEPTED])
def test_an_accepted_request_comes_out_as_it_was(recording: dict[str, Any]) -> None:
    slug, wanted = recording["provider"], recording["request"]["body"]
    chat = as_chat(slug, wanted)
    before = json.dumps(chat)
    request = ChatRequest(body=chat, model=chat["model"], stream=chat.get("stream") is True)

    rendered = render_request(
        REGISTRY[slug], request, upstream_model=chat["model"], credential_settings=SETTINGS if "azure" in slug else {}
    )

    assert json.dumps(chat) == before
    assert recording["request"]["path"].endswith(rendered.url_path)
    body = rendered.body
    assert body["store"] is False
    if not any(item["type"] == "reasoning" for item in body["input"]):
        # The client's type wants an id that the provider does not.
        check_official(body)
    assert meaning(body) == meaning(wanted)
    for name in SAME:
        expected = None if name in rendered.dropped else wanted.get(name)
        expected = None if expected is False and name == "stream" else expected
        if name == "reasoning" and expected and expected.get("effort"):
            expected = {"summary": "auto", **expected}
        assert body.get(name) == expected
    assert [meaning_of_tool(tool) for tool in body.get("tools", ())] == [
        meaning_of_tool(tool) for tool in wanted.get("tools", ())
    ]
    assert all("strict" in tool for tool in body.get("tools", ()) if tool["type"] == "function")
    assert body.get("tool_choice") == wanted.get("tool_choice")
    text_format = (wanted.get("text") or {}).get("format")
    expected_format = text_format and {**({"strict": False} if "schema" in text_format else {}), **text_format}
    assert body.get("text", {}).get("format") == expected_format
    if wanted.get("include"):
        assert wanted["include"] == body["include"]
