"""A whole answer as a chat completion."""

import time
from collections.abc import Callable
from typing import Any

from ownkey.adapters.classification import ErrorClassifier
from ownkey.adapters.protocols.decoding import json_object
from ownkey.adapters.protocols.openai_chat.answer import new_completion_id, whole_seconds
from ownkey.adapters.protocols.openai_chat.tool_calls import arguments_text, new_call_id
from ownkey.adapters.protocols.openai_chat.usage import parse_usage
from ownkey.adapters.protocols.openai_responses.output import (
    calls_tools,
    chat_logprobs,
    content_parts,
    finish_reason,
    item_text,
    message_extras,
    output_items,
    reported_error,
)
from ownkey.adapters.protocols.openai_responses.reasoning import CALLS, PART_BREAK, reasoning_text
from ownkey.adapters.spec import ProviderSpec
from ownkey.domain.chat import Completion, JsonObject


def parse_completion(
    spec: ProviderSpec,
    body: bytes,
    *,
    upstream_model: str = "",
    dropped: tuple[str, ...] = (),
    errors: ErrorClassifier | None = None,
    now: Callable[[], float] = time.time,
) -> Completion:
    """Return the completion in the body of a successful answer. `errors` keeps secrets out of error texts.

    Raises:
        UpstreamError: the body is no response, reports an error, or is not finished.
    """
    errors = errors or ErrorClassifier(spec=spec)
    response = json_object(body, errors)
    check_status(response, errors)
    if not isinstance(response.get("output"), list):
        raise errors.failure("sent an answer without output")
    output = output_items(response)
    usage = parse_usage(response.get("usage"))
    choice = {
        "index": 0,
        "message": _message(output) | message_extras(spec.slug, output),
        "finish_reason": finish_reason(response, calls_tools=calls_tools(output)),
        "logprobs": _logprobs(output),
    }
    completion: JsonObject = {
        "id": response.get("id") or new_completion_id(),
        "object": "chat.completion",
        "created": whole_seconds(response.get("created_at")) or int(now()),
        "model": response.get("model") or upstream_model,
        "choices": [choice],
    }
    if response.get("service_tier"):
        completion["service_tier"] = response["service_tier"]
    if usage is not None:
        completion["usage"] = usage.to_openai()
    return Completion(body=completion, usage=usage, dropped=dropped)


def check_status(response: JsonObject, errors: ErrorClassifier) -> None:
    """Raise the UpstreamError that a response object reports, if it does."""
    status = response.get("status")
    if response.get("error") or status == "failed":
        raise reported_error(errors, response.get("error"))
    if status in ("cancelled", "queued", "in_progress"):
        raise errors.failure("did not finish its answer")


def _message(output: list[JsonObject]) -> JsonObject:
    messages = [item for item in output if item.get("type") == "message"]
    text = "".join(item_text(item, "output_text", "text") for item in messages)
    refusal = "".join(item_text(item, "refusal", "refusal") for item in messages)
    calls = [_call(item) for item in output if item.get("type") in CALLS]
    message: JsonObject = {
        "role": "assistant",
        "content": text or (None if calls or refusal else ""),
        "refusal": refusal or None,
    }
    thoughts = [reasoning_text(item) for item in output if item.get("type") == "reasoning"]
    if reasoning := PART_BREAK.join(thought for thought in thoughts if thought):
        message["reasoning_content"] = reasoning
    if calls:
        message["tool_calls"] = calls
    return message


def _call(item: JsonObject) -> JsonObject:
    call_id, name = item.get("call_id") or new_call_id(), item.get("name") or ""
    if item["type"] == "custom_tool_call":
        return {"id": call_id, "type": "custom", "custom": {"name": name, "input": item.get("input") or ""}}
    arguments = arguments_text(item.get("arguments"))
    function = {"name": name, "arguments": arguments if arguments.strip() else "{}"}
    return {"id": call_id, "type": "function", "function": function}


def _logprobs(output: list[JsonObject]) -> Any:
    found = [
        entry
        for item in output
        if item.get("type") == "message"
        for part in content_parts(item, "output_text")
        for entry in chat_logprobs(part.get("logprobs"))
    ]
    return {"content": found, "refusal": None} if found else None
