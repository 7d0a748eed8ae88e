"""Bodies of the shape that OpenAI's chat completions have, made up."""

import json
from collections.abc import Mapping, Sequence
from typing import Any


def usage(prompt: int = 10, completion: int = 5, *, cached: int = 0, reasoning: int = 0) -> dict[str, Any]:
    """Return a `usage` object of OpenAI's shape."""
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": cached},
        "completion_tokens_details": {"reasoning_tokens": reasoning},
    }


def tool_call(name: str, arguments: str | Mapping[str, Any], *, call_id: str = "call_1") -> dict[str, Any]:
    """Return a tool call as it is in an assistant message."""
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": text}}


def chat_completion(
    text: str | None = "Hello",
    *,
    tool_calls: Sequence[Mapping[str, Any]] = (),
    usage: Mapping[str, Any] | None = None,
    model: str = "fake-model",
    finish_reason: str | None = None,
    **message: Any,
) -> dict[str, Any]:
    """Return a `chat.completion` body; keyword arguments become fields of its message."""
    calls = {"tool_calls": list(tool_calls)} if tool_calls else {}
    reason = finish_reason or ("tool_calls" if tool_calls else "stop")
    body: dict[str, Any] = {
        "id": "chatcmpl-fake",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": model,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text, **calls, **message},
                "logprobs": None,
                "finish_reason": reason,
            }
        ],
    }
    return body if usage is None else {**body, "usage": dict(usage)}


def chat_chunks(
    *texts: str,
    tool_calls: Sequence[Mapping[str, Any]] = (),
    usage: Mapping[str, Any] | None = None,
    model: str = "fake-model",
    finish_reason: str | None = None,
    done: bool = True,
) -> list[bytes]:
    """Return a streamed completion, one server-sent event a piece: role, texts, tool calls, end, usage, `[DONE]`."""
    reason = finish_reason or ("tool_calls" if tool_calls else "stop")
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": text} for text in texts]
    deltas += [{"tool_calls": [{"index": index, **call}]} for index, call in enumerate(tool_calls)]
    choices: list[list[dict[str, Any]]] = [[{"index": 0, "delta": delta, "finish_reason": None}] for delta in deltas]
    choices.append([{"index": 0, "delta": {}, "finish_reason": reason}])
    events = [_chunk(choice, model) for choice in choices]
    if usage is not None:
        events.append({**_chunk([], model), "usage": dict(usage)})
    return [sse_event(event) for event in events] + ([b"data: [DONE]\n\n"] if done else [])


def sse_event(data: Any) -> bytes:
    """Return one server-sent event that holds `data` as JSON."""
    return b"data: " + json.dumps(data, separators=(",", ":")).encode() + b"\n\n"


def _chunk(choices: list[dict[str, Any]], model: str) -> dict[str, Any]:
    return {
        "id": "chatcmpl-fake",
        "object": "chat.completion.chunk",
        "created": 1_700_000_000,
        "model": model,
        "choices": choices,
    }
