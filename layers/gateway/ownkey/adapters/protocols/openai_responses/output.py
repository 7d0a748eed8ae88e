"""What output items hold, in chat completions' words: the same for whole and for streamed answers."""

from collections.abc import Iterable, Iterator
from typing import Any

from ownkey.adapters.classification import ErrorClassifier
from ownkey.adapters.protocols.openai_responses.reasoning import CALLS, reasoning_details
from ownkey.domain.chat import JsonObject
from ownkey.domain.errors import UpstreamError

_STATUSES = {
    "insufficient_quota": 429,
    "rate_limit_exceeded": 429,
    "too_many_requests": 429,
    "vector_store_timeout": 504,
    "authentication_error": 401,
    "invalid_api_key": 401,
}
_REFUSALS = frozenset(
    {
        "content_filter",
        "context_length_exceeded",
        "data_residency_mismatch",
        "empty_image_file",
        "invalid_request_error",
    }
    | {"failed_to_download_image", "invalid_prompt", "unsupported_image_media_type"}
)
_REFUSED_KINDS = ("_policy", "_policy_violation")
_REFUSED_SUBJECTS = ("image_", "invalid_", "unsupported_")


def output_items(response: JsonObject) -> list[JsonObject]:
    """Return the output items of a response object."""
    output = response.get("output")
    return [item for item in output if isinstance(item, dict)] if isinstance(output, list) else []


def content_parts(item: JsonObject, kind: str) -> Iterator[JsonObject]:
    """Yield the content parts of one kind that an item has."""
    content = item.get("content")
    return (
        part
        for part in (content if isinstance(content, list) else ())
        if isinstance(part, dict) and part.get("type") == kind
    )


def item_text(item: JsonObject, kind: str, field: str) -> str:
    """Return the text of all of a message's parts of one kind."""
    return "".join(text for part in content_parts(item, kind) if isinstance(text := part.get(field), str))


def message_extras(provider: str, output: list[JsonObject]) -> JsonObject:
    """Return what is known of a message only when it is whole: annotations, sealed reasoning, its phase."""
    messages = [item for item in output if item.get("type") == "message"]
    phases = {item.get("phase") for item in messages}
    extras = {
        "annotations": _annotations(messages),
        "reasoning_details": reasoning_details(provider, output),
        "phase": phases.pop() if len(phases) == 1 else None,
    }
    return {name: value for name, value in extras.items() if value}


def finish_reason(response: JsonObject, *, calls_tools: bool) -> str:
    """Return why an answer that was not broken off ended."""
    if response.get("status") == "incomplete":
        details = response.get("incomplete_details")
        reason = details.get("reason") if isinstance(details, dict) else None
        return "content_filter" if reason == "content_filter" else "length"
    return "tool_calls" if calls_tools else "stop"


def calls_tools(output: Iterable[JsonObject]) -> bool:
    """Return whether the caller is to run something."""
    return any(item.get("type") in CALLS for item in output)


def chat_logprobs(entries: Any) -> list[JsonObject]:
    """Return log probabilities in the form of chat completions."""
    found = [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    return [
        {**_logprob(entry), "top_logprobs": [_logprob(top) for top in entry.get("top_logprobs") or ()]}
        for entry in found
    ]


def reported_error(errors: ErrorClassifier, error: Any) -> UpstreamError:
    """Return the error that `error` of a response, or an error event, means. It has a code where HTTP has a status."""
    details = dict(error) if isinstance(error, dict) else {"message": str(error or "")}
    codes = [code for code in (details.get("code"), details.get("type")) if isinstance(code, str)]
    status = next((status for code in codes if (status := _status(code))), None)
    return errors.of_payload({"error": {**details, **({"status": status} if status else {})}})


def _status(code: str) -> int | None:
    if code in _STATUSES:
        return _STATUSES[code]
    if code in _REFUSALS or code.endswith(_REFUSED_KINDS) or code.startswith(_REFUSED_SUBJECTS):
        return 400
    return None


def chat_annotations(annotation: Any, offset: int) -> list[JsonObject]:
    """Return an annotation of a text that begins at character `offset`, below its type's name; none without one."""
    kind = annotation.get("type") if isinstance(annotation, dict) else None
    return [{"type": kind, kind: _shifted(annotation, offset)}] if isinstance(kind, str) else []


def _annotations(messages: list[JsonObject]) -> list[JsonObject]:
    """Return the annotations, counted from the start of all text, each below its type's name."""
    found: list[JsonObject] = []
    offset = 0
    for part in (part for message in messages for part in content_parts(message, "output_text")):
        annotations = part.get("annotations")
        for annotation in annotations if isinstance(annotations, list) else ():
            found += chat_annotations(annotation, offset)
        text = part.get("text")
        offset += len(text) if isinstance(text, str) else 0
    return found


def _shifted(annotation: JsonObject, offset: int) -> JsonObject:
    described = {name: value for name, value in annotation.items() if name != "type"}
    for name in ("start_index", "end_index"):
        if isinstance(described.get(name), int):
            described[name] += offset
    return described


def _logprob(entry: JsonObject) -> JsonObject:
    return {"token": entry.get("token"), "logprob": entry.get("logprob"), "bytes": entry.get("bytes")}
