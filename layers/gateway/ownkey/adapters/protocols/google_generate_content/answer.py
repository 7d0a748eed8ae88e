"""A whole answer, as OpenAI's completion: what its stream would come to."""

import time
from collections.abc import Callable

from ownkey.adapters.classification import ErrorClassifier
from ownkey.adapters.protocols.decoding import json_value
from ownkey.adapters.protocols.google_generate_content.stream import StreamParser
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
    """Return the completion in the body of a successful answer: one JSON object, or the array of a stream without SSE.

    Raises:
        UpstreamError: the body is no completion, or reports an error.
    """
    errors = errors or ErrorClassifier(spec=spec)
    parser = StreamParser(spec, upstream_model=upstream_model, errors=errors, now=now)
    chunks = parser.take(json_value(body, errors))
    parser.assume_finished()
    chunks += parser.end()
    completion: JsonObject = {
        **chunks[-1],
        "object": "chat.completion",
        "choices": _folded(chunks),
    }
    if (usage := parser.usage) is not None:
        completion["usage"] = usage.to_openai()
    return Completion(body=completion, usage=usage, dropped=dropped)


def _folded(chunks: list[JsonObject]) -> list[JsonObject]:
    choices: dict[int, JsonObject] = {}
    for chunk in chunks:
        (part,) = chunk["choices"]
        choice = choices.setdefault(
            part["index"],
            {
                "index": part["index"],
                "message": {"role": "assistant", "content": None, "refusal": None},
                "finish_reason": None,
                "logprobs": None,
            },
        )
        _add_delta(choice["message"], part["delta"])
        _add_logprobs(choice, part.get("logprobs"))
        choice["finish_reason"] = part["finish_reason"]
    return [choices[index] for index in sorted(choices)]


def _add_delta(message: JsonObject, delta: JsonObject) -> None:
    for name, value in delta.items():
        if name == "tool_calls":
            _add_calls(message.setdefault("tool_calls", []), value)
        elif name in ("content", "reasoning_content"):
            message[name] = value if message.get(name) is None else message[name] + (value or "")
        elif name != "role":
            message[name] = message.get(name, []) + value


def _add_calls(calls: list[JsonObject], entries: list[JsonObject]) -> None:
    for entry in entries:
        if entry["index"] == len(calls):
            call = {name: value for name, value in entry.items() if name != "index"}
            calls.append({**call, "function": dict(entry["function"])})
        else:
            calls[entry["index"]]["function"]["arguments"] += entry["function"]["arguments"]


def _add_logprobs(choice: JsonObject, logprobs: JsonObject | None) -> None:
    if logprobs and choice["logprobs"]:
        choice["logprobs"] = {**logprobs, "content": choice["logprobs"]["content"] + logprobs["content"]}
    elif logprobs:
        choice["logprobs"] = logprobs
