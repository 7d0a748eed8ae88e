"""A whole answer, normalised."""

import os
import time
from collections.abc import Callable, Iterator
from typing import Any

from ownkey.adapters.classification import ErrorClassifier
from ownkey.adapters.protocols.decoding import json_object
from ownkey.adapters.protocols.openai_chat.finish_reasons import ERROR, finish_reason
from ownkey.adapters.protocols.openai_chat.tool_calls import arguments_text, new_call_id
from ownkey.adapters.protocols.openai_chat.usage import normalised_usage, usage_of
from ownkey.adapters.protocols.written_numbers import WrittenFloat
from ownkey.adapters.spec import ProviderSpec
from ownkey.domain.chat import Completion, JsonObject


def new_completion_id() -> str:
    """Return an id for an answer that came without one."""
    return f"chatcmpl-{os.urandom(12).hex()}"


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
        UpstreamError: the body is no completion, or reports an error.
    """
    errors = errors or ErrorClassifier(spec=spec)
    answer = json_object(body, errors, parse_float=WrittenFloat if spec.cost_field else None)
    choices = answer.get("choices")
    if answer.get("error") or explains_itself(answer):
        raise errors.of_payload(answer)
    if not isinstance(choices, list) or not choices or not all(isinstance(choice, dict) for choice in choices):
        raise errors.failure("sent an answer without choices")
    reported = answer.get("usage")
    usage = usage_of(spec, reported)
    answer |= {
        "id": answer.get("id") or new_completion_id(),
        "object": "chat.completion",
        "created": whole_seconds(answer.get("created")) or int(now()),
        "model": answer.get("model") or upstream_model,
        "choices": [_choice(spec, choice, position, errors) for position, choice in enumerate(choices)],
    }
    answer.pop("usage", None)
    if usage is not None and isinstance(reported, dict):
        answer["usage"] = normalised_usage(reported, usage)
    return Completion(body=answer, usage=usage, dropped=dropped)


def whole_seconds(created: Any) -> int:
    """Return a `created` time in whole seconds, 0 when there is none."""
    return int(created) if isinstance(created, int | float) and created > 0 else 0


def move_reasoning(message: JsonObject) -> None:
    """Leave the reasoning text of a message or delta in `reasoning_content` alone, whatever the provider calls it."""
    other = message.pop("reasoning", None)
    if not message.get("reasoning_content"):
        message.pop("reasoning_content", None)
        if isinstance(other, str) and other:
            message["reasoning_content"] = other
    if not message.get("reasoning_details"):
        message.pop("reasoning_details", None)


def text_of(content: Any) -> str | None:
    """Return a message's content as text."""
    if isinstance(content, list):
        texts = [part.get("text") for part in content if isinstance(part, dict)]
        return "".join(text for text in texts if isinstance(text, str))
    return content if isinstance(content, str) else None


def explains_itself(answer: JsonObject) -> bool:
    """Return whether an answer, or a chunk, has no choices and says why."""
    return "choices" not in answer and any(isinstance(answer.get(name), str | dict) for name in ("message", "detail"))


def as_stream_payload(completion: JsonObject) -> JsonObject:
    """Return a normalised completion as the one chunk that would hold all of it."""
    choices = []
    for choice in completion["choices"]:
        delta = dict(choice["message"])
        if calls := delta.get("tool_calls"):
            delta["tool_calls"] = [{**call, "index": index} for index, call in enumerate(calls)]
        choices.append({name: value for name, value in choice.items() if name != "message"} | {"delta": delta})
    return {**completion, "choices": choices}


def _choice(spec: ProviderSpec, choice: JsonObject, position: int, errors: ErrorClassifier) -> JsonObject:
    message = choice.get("message")
    message = _message(message if isinstance(message, dict) else {})
    reason = finish_reason(
        choice.get("finish_reason"), spec.finish_reasons, calls_tools=bool(message.get("tool_calls"))
    )
    if choice.get("error"):
        raise errors.of_payload(choice)
    if reason == ERROR:
        raise errors.failure("broke off its answer")
    index = choice.get("index")
    normalised = {
        "index": index if isinstance(index, int) else position,
        "message": message,
        "finish_reason": reason,
        "logprobs": choice.get("logprobs"),
    }
    return {**choice, **normalised}


def _message(message: JsonObject) -> JsonObject:
    calls = list(_tool_calls(message.pop("tool_calls", None)))
    content = text_of(message.get("content"))
    message |= {"role": "assistant", "content": content, "refusal": message.get("refusal")}
    move_reasoning(message)
    if calls:
        message |= {"content": content or None, "tool_calls": calls}
    return message


def _tool_calls(calls: Any) -> Iterator[JsonObject]:
    for call in calls if isinstance(calls, list) else ():
        if not isinstance(call, dict):
            continue
        function = call.get("function")
        normalised = {name: value for name, value in call.items() if name != "index"}
        normalised |= {"id": call.get("id") or new_call_id(), "type": call.get("type") or "function"}
        if isinstance(function, dict):
            arguments = arguments_text(function.get("arguments"))
            normalised["function"] = {**function, "arguments": arguments if arguments.strip() else "{}"}
        yield normalised
