"""A whole Converse answer, normalised."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from ownkey.adapters.classification import ErrorClassifier
from ownkey.adapters.protocols.bedrock_converse.blocks import (
    ANSWER_TOOL,
    MALFORMED,
    arguments_text,
    finish_reason,
    is_hidden,
    reasoning_detail,
)
from ownkey.adapters.protocols.bedrock_converse.usage import read_usage
from ownkey.adapters.protocols.decoding import json_object
from ownkey.adapters.protocols.openai_chat.answer import new_completion_id
from ownkey.adapters.protocols.openai_chat.tool_calls import new_call_id
from ownkey.adapters.protocols.tool_names import decode_tool_name
from ownkey.adapters.spec import ProviderSpec
from ownkey.domain.chat import Completion, JsonObject


def parse_completion(
    spec: ProviderSpec,
    body: bytes | Mapping[str, Any],
    *,
    upstream_model: str = "",
    dropped: tuple[str, ...] = (),
    errors: ErrorClassifier | None = None,
    now: Callable[[], float] = time.time,
) -> Completion:
    """Return the completion in a successful answer: its JSON, or boto3's reading of it.

    Raises:
        UpstreamError: it is no completion.
    """
    errors = errors or ErrorClassifier(spec=spec)
    answer = _decoded(body, errors)
    output = answer.get("output")
    given = output.get("message") if isinstance(output, dict) else None
    if not isinstance(given, dict) or not isinstance(given.get("content"), list):
        raise errors.failure("sent an answer without a message")
    message, calls_tools = _read_message(given["content"])
    stop_reason = answer.get("stopReason")
    if stop_reason in MALFORMED and not message["content"] and not calls_tools:
        raise errors.failure("did not get its answer into a form that can be read")
    usage = read_usage(answer.get("usage"), answer.get("additionalModelResponseFields"))
    reason = finish_reason(stop_reason, calls_tools=calls_tools)
    completion: JsonObject = {
        "id": new_completion_id(),
        "object": "chat.completion",
        "created": int(now()),
        "model": upstream_model,
        "choices": [{"index": 0, "message": message, "finish_reason": reason, "logprobs": None}],
    }
    if usage is not None:
        completion["usage"] = usage.to_openai()
    return Completion(body=completion, usage=usage, dropped=dropped)


def _decoded(body: bytes | Mapping[str, Any], errors: ErrorClassifier) -> Mapping[str, Any]:
    if not isinstance(body, bytes):
        return body
    return json_object(body, errors)


def _read_message(blocks: list[Any]) -> tuple[JsonObject, bool]:
    text: list[str] = []
    details: list[JsonObject] = []
    calls: list[JsonObject] = []
    reasoning = ""
    for block in (block for block in blocks if isinstance(block, dict)):
        text += _texts(block)
        if isinstance(content := block.get("reasoningContent"), dict):
            thought, found = _read_reasoning(content, len(details))
            reasoning += thought
            details += found
        tool_use = block.get("toolUse")
        if isinstance(tool_use, dict) and tool_use.get("name") != ANSWER_TOOL and not is_hidden(tool_use):
            calls.append(_read_call(tool_use))
    content = "".join(text)
    message: JsonObject = {"role": "assistant", "content": content or (None if calls else ""), "refusal": None}
    if reasoning:
        message["reasoning_content"] = reasoning
    if details:
        message["reasoning_details"] = details
    if calls:
        message["tool_calls"] = calls
    return message, bool(calls)


def _texts(block: JsonObject) -> list[str]:
    """Return the text of a block: said, cited, or given as the input of the tool that carries a schema."""
    tool_use = block.get("toolUse")
    if isinstance(tool_use, dict) and tool_use.get("name") == ANSWER_TOOL:
        return [arguments_text(tool_use.get("input"))]
    cited = block.get("citationsContent")
    parts = cited.get("content") if isinstance(cited, dict) else None
    found = [block, *(parts if isinstance(parts, list) else ())]
    return [part["text"] for part in found if isinstance(part, dict) and isinstance(part.get("text"), str)]


def _read_reasoning(content: JsonObject, position: int) -> tuple[str, list[JsonObject]]:
    thought = content.get("reasoningText")
    thought = thought if isinstance(thought, dict) else {}
    text = thought.get("text")
    text = text if isinstance(text, str) else ""
    detail = reasoning_detail(text, thought.get("signature") or "", content.get("redactedContent") or "", position)
    return text, [detail] if detail else []


def _read_call(tool_use: JsonObject) -> JsonObject:
    name = tool_use.get("name") or ""
    function = {"name": decode_tool_name(name), "arguments": arguments_text(tool_use.get("input"))}
    return {"id": tool_use.get("toolUseId") or new_call_id(), "type": "function", "function": function}
