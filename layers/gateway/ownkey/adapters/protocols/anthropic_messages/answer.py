"""A whole answer, in OpenAI's form."""

import time
from collections.abc import Callable
from typing import Any

from ownkey.adapters.classification import ErrorClassifier
from ownkey.adapters.protocols.anthropic_messages.citations import message_annotations
from ownkey.adapters.protocols.anthropic_messages.outcomes import finish_reason, refusal_text, reported_error
from ownkey.adapters.protocols.anthropic_messages.reasoning import redacted_detail, thinking_detail
from ownkey.adapters.protocols.anthropic_messages.tools import ANSWER_TOOL
from ownkey.adapters.protocols.anthropic_messages.usage import parse_usage
from ownkey.adapters.protocols.decoding import json_object
from ownkey.adapters.protocols.openai_chat.answer import new_completion_id
from ownkey.adapters.protocols.openai_chat.tool_calls import arguments_text, new_call_id
from ownkey.adapters.protocols.tool_names import decode_tool_name
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
        UpstreamError: the body is no message, or reports an error.
    """
    errors = errors or ErrorClassifier(spec=spec)
    answer = json_object(body, errors)
    if answer.get("type") == "error" or answer.get("error"):
        raise reported_error(answer, errors)
    blocks = answer.get("content")
    if not isinstance(blocks, list):
        raise errors.failure("sent an answer without content")
    message = _message(spec, [block for block in blocks if isinstance(block, dict)])
    message["refusal"] = refusal_text(answer.get("stop_details"))
    reason = finish_reason(spec, answer.get("stop_reason"), calls_tools="tool_calls" in message)
    completion: JsonObject = {
        "id": answer.get("id") or new_completion_id(),
        "object": "chat.completion",
        "created": int(now()),
        "model": answer.get("model") or upstream_model,
        "choices": [{"index": 0, "message": message, "finish_reason": reason, "logprobs": None}],
    }
    usage = parse_usage(answer.get("usage"))
    if usage is not None:
        completion["usage"] = usage.to_openai()
    return Completion(body=completion, usage=usage, dropped=dropped)


def _message(spec: ProviderSpec, blocks: list[JsonObject]) -> JsonObject:
    uses = [block for block in blocks if block.get("type") == "tool_use"]
    calls = [_call(block) for block in uses if block.get("name") != ANSWER_TOOL]
    texts = [_text(block, "text") for block in blocks if block.get("type") == "text"]
    texts += [arguments_text(block.get("input")) for block in uses if block.get("name") == ANSWER_TOOL]
    message: JsonObject = {"role": "assistant", "content": "".join(texts) or (None if calls else "")}
    message |= {"refusal": None} | ({"tool_calls": calls} if calls else {})
    if thoughts := "".join(_text(block, "thinking") for block in blocks if block.get("type") == "thinking"):
        message["reasoning_content"] = thoughts
    if details := _details(spec, blocks):
        message["reasoning_details"] = details
    if annotations := message_annotations(blocks):
        message["annotations"] = annotations
    return message


def _details(spec: ProviderSpec, blocks: list[JsonObject]) -> list[JsonObject]:
    details: list[JsonObject] = []
    for block in blocks:
        kind = block.get("type")
        if kind == "thinking" and (signature := _text(block, "signature")):
            details.append(thinking_detail(spec, len(details), _text(block, "thinking"), signature))
        elif kind == "redacted_thinking" and (data := _text(block, "data")):
            details.append(redacted_detail(spec, len(details), data))
    return details


def _call(block: JsonObject) -> JsonObject:
    arguments = arguments_text(block.get("input"))
    function = {"name": decode_tool_name(_text(block, "name")), "arguments": arguments or "{}"}
    return {"id": _text(block, "id") or new_call_id(), "type": "function", "function": function}


def _text(block: JsonObject, name: str) -> str:
    value: Any = block.get(name)
    return value if isinstance(value, str) else ""
