"""Thought signatures: Gemini's sealed state of mind, which callers carry from one request to the next.

A signature beside a tool call is in the call's `extra_content.google.thought_signature`, where Google's own OpenAI
endpoint has it, and in the message's `reasoning_details`; every other one is in `reasoning_details` alone.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from ownkey.domain.chat import JsonObject

FORMAT = "google-gemini-v1"
"""What marks a reasoning detail as Gemini's."""
UNKNOWN = "skip_thought_signature_validator"
"""What Google takes in place of a signature that got lost."""


class Signature(NamedTuple):
    """A signature that came back in `reasoning_details`."""

    data: str
    call_id: str
    """The tool call it stands beside; "" for text."""
    thought: str
    """The thought it seals, "" when it seals something else."""


def signature_detail(data: str, *, index: int, call_id: str = "", thought: str = "") -> JsonObject:
    """Return the reasoning detail that carries a signature."""
    detail: JsonObject = {"type": "reasoning.encrypted", "data": data, "format": FORMAT, "index": index}
    if call_id:
        detail["id"] = call_id
    if thought:
        detail = {"type": "reasoning.text", "text": thought, "signature": data, "format": FORMAT, "index": index}
    return detail


def call_extras(data: str) -> JsonObject:
    """Return the fields of a tool call that carry its signature."""
    return {"extra_content": {"google": {"thought_signature": data}}}


def call_signature(call: JsonObject) -> str:
    """Return the signature in a tool call's own fields, "" when there is none."""
    value: Any = call
    for name in ("extra_content", "google", "thought_signature"):
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""


def signatures_of(details: Iterable[JsonObject]) -> Iterator[Signature]:
    """Yield the signatures in a message's `reasoning_details`; those of other providers are left out."""
    for detail in details:
        if detail.get("format") != FORMAT:
            continue
        is_thought = detail.get("type") == "reasoning.text"
        data = detail.get("signature" if is_thought else "data")
        if isinstance(data, str) and data:
            yield Signature(data, _text(detail, "id"), _text(detail, "text") if is_thought else "")


def _text(detail: JsonObject, name: str) -> str:
    value = detail.get(name)
    return value if isinstance(value, str) else ""
