"""How an answer's blocks and its end read in OpenAI's words."""

import base64
import json
from typing import Any

from ownkey.domain.chat import JsonObject

REASONING_FORMAT = "aws-bedrock-converse-v1"
"""Marks the `reasoning_details` that were made here; no other may be sent back."""
ANSWER_TOOL = "answer_as_json"
"""The tool that carries a JSON schema to models that take schemas in no other way. Its input is the answer."""

_FINISH_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
}
MALFORMED = frozenset({"malformed_model_output", "malformed_tool_use"})
"""Stop reasons that say the model did not get its answer right."""


def finish_reason(stop_reason: Any, *, calls_tools: bool) -> str:
    """Return OpenAI's finish reason."""
    reason = _FINISH_REASONS.get(stop_reason, "stop") if isinstance(stop_reason, str) else "stop"
    if calls_tools and reason == "stop":
        return "tool_calls"
    return "stop" if reason == "tool_calls" and not calls_tools else reason


def reasoning_detail(text: str, signature: str, redacted: bytes | str, position: int) -> JsonObject | None:
    """Return what a model needs back of a block of reasoning, or None when it needs nothing."""
    if redacted:
        data = base64.b64encode(redacted).decode() if isinstance(redacted, bytes) else redacted
        return {"type": "reasoning.encrypted", "data": data, "format": REASONING_FORMAT, "index": position}
    if not signature:
        return None
    return {
        "type": "reasoning.text",
        "text": text,
        "signature": signature,
        "format": REASONING_FORMAT,
        "index": position,
    }


def arguments_text(given: Any) -> str:
    """Return a call's input as JSON text."""
    if isinstance(given, str):
        return given or "{}"
    return json.dumps({} if given is None else given, separators=(",", ":"))


def is_hidden(tool_use: JsonObject) -> bool:
    """Return whether a call is one that AWS itself answers."""
    return tool_use.get("type") == "server_tool_use"
