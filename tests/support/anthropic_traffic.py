"""Anthropic's traffic: recorded, and made from whole answers; and what its requests ask, in OpenAI's words."""

import base64
import functools
import json
from collections.abc import Iterator
from typing import Any

from tests.support.adapter_recordings import FOLDER


@functools.cache
def recordings() -> tuple[dict[str, Any], ...]:
    """Return the recorded exchanges."""
    return tuple(json.loads(path.read_text()) for path in sorted((FOLDER / "anthropic").glob("*.json")))


def is_streamed(recording: dict[str, Any]) -> bool:
    """Return whether the answer is an event stream."""
    return not recording["response"]["body"].lstrip().startswith("{")


def streamed(message: dict[str, Any], *, step: int = 7) -> bytes:
    """Return the event stream that a whole answer would have been."""
    events = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in _events(message, step))
    return events.encode()


def _events(message: dict[str, Any], step: int) -> Iterator[dict[str, Any]]:
    counts = message.get("usage") or {}
    start = {**message, "content": [], "stop_reason": None, "usage": {**counts, "output_tokens": 1}}
    yield {"type": "message_start", "message": start}
    yield {"type": "ping"}
    for index, block in enumerate(message["content"]):
        yield {"type": "content_block_start", "index": index, "content_block": _opened(block)}
        for delta in _deltas(block, step):
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    end = {name: message.get(name) for name in ("stop_reason", "stop_sequence", "stop_details")}
    yield {"type": "message_delta", "delta": end, "usage": {**counts, "input_tokens": None}}
    yield {"type": "message_stop"}


def _opened(block: dict[str, Any]) -> dict[str, Any]:
    empty: dict[str, Any] = {"text": "", "thinking": "", "signature": ""}
    if block["type"] == "tool_use":
        return {**block, "input": {}}
    return {name: empty.get(name, value) for name, value in block.items()}


def _deltas(block: dict[str, Any], step: int) -> Iterator[dict[str, Any]]:
    if block["type"] == "text":
        for piece in _pieces(block["text"], step):
            yield {"type": "text_delta", "text": piece}
    if block["type"] == "thinking":
        for piece in _pieces(block["thinking"], step):
            yield {"type": "thinking_delta", "thinking": piece}
        yield {"type": "signature_delta", "signature": block["signature"]}
    if block["type"] in ("tool_use", "server_tool_use"):
        yield {"type": "input_json_delta", "partial_json": ""}
        if block["input"]:
            for piece in _pieces(json.dumps(block["input"]), step):
                yield {"type": "input_json_delta", "partial_json": piece}


def _pieces(text: str, step: int) -> list[str]:
    return [text[start : start + step] for start in range(0, len(text), step)]


_CHOICES = {"auto": "auto", "any": "required", "none": "none"}


def as_openai(body: dict[str, Any]) -> dict[str, Any]:
    """Return the OpenAI request that asks what an Anthropic request asks."""
    messages = [message for turn in body["messages"] for message in _messages(turn)]
    if system := body.get("system"):
        messages.insert(0, {"role": "system", "content": system})
    asked: dict[str, Any] = {"model": body["model"], "messages": messages, "max_tokens": body["max_tokens"]}
    asked |= {name: body[name] for name in ("temperature", "top_p") if name in body}
    if "stop_sequences" in body:
        asked["stop"] = body["stop_sequences"]
    if tools := body.get("tools"):
        asked["tools"] = [{"type": "function", "function": _function(tool)} for tool in tools]
    if choice := body.get("tool_choice"):
        named = {"type": "function", "function": {"name": choice.get("name")}}
        asked["tool_choice"] = _CHOICES.get(choice["type"], named)
        if choice.get("disable_parallel_tool_use"):
            asked["parallel_tool_calls"] = False
    if (format_ := (body.get("output_config") or {}).get("format")) and format_["type"] == "json_schema":
        asked["response_format"] = {"type": "json_schema", "json_schema": {"name": "x", "schema": format_["schema"]}}
    return asked


def _function(tool: dict[str, Any]) -> dict[str, Any]:
    function = {name: tool[name] for name in ("name", "description", "strict") if name in tool}
    return function | {"parameters": tool["input_schema"]}


def _messages(turn: dict[str, Any]) -> Iterator[dict[str, Any]]:
    blocks = turn["content"]
    if isinstance(blocks, str):
        yield {"role": turn["role"], "content": blocks}
        return
    of = {kind: [block for block in blocks if block["type"] == kind] for kind in ("tool_use", "tool_result")}
    for block in of["tool_result"]:
        yield {"role": "tool", "tool_call_id": block["tool_use_id"], **_result(block)}
    content = [part for block in blocks if (part := _part(block))]
    calls = [
        {
            "id": block["id"],
            "type": "function",
            "function": {"name": block["name"], "arguments": json.dumps(block["input"])},
            **_marker(block),
        }
        for block in of["tool_use"]
    ]
    details = [_detail(block) for block in blocks if block["type"] in ("thinking", "redacted_thinking")]
    if content or calls:
        message = {"role": turn["role"], "content": content or None}
        yield message | ({"tool_calls": calls} if calls else {}) | ({"reasoning_details": details} if details else {})


def _result(block: dict[str, Any]) -> dict[str, Any]:
    content = block.get("content")
    content = [part for item in content if (part := _part(item))] if isinstance(content, list) else content
    return {"content": content, "is_error": bool(block.get("is_error")), **_marker(block)}


def _detail(block: dict[str, Any]) -> dict[str, Any]:
    if block["type"] == "thinking":
        return {"type": "reasoning.text", "text": block["thinking"], "signature": block["signature"]}
    return {"type": "reasoning.encrypted", "data": block["data"]}


def _marker(block: dict[str, Any]) -> dict[str, Any]:
    return {"cache_control": block["cache_control"]} if "cache_control" in block else {}


def _part(block: dict[str, Any]) -> dict[str, Any] | None:
    marker = _marker(block)
    source = block.get("source") or {}
    if source.get("type") == "text":
        source = {**source, "data": base64.b64encode(source["data"].encode()).decode()}
    uri = source.get("url") or f"data:{source.get('media_type')};base64,{source.get('data')}"
    match block["type"]:
        case "text":
            return {"type": "text", "text": block["text"], **marker}
        case "image":
            return {"type": "image_url", "image_url": {"url": uri}, **marker}
        case "document":
            title = {"filename": block["title"]} if block.get("title") else {}
            return {"type": "file", "file": {"file_data": uri, **title}, **marker}
    return None
