"""Why an answer ended, in OpenAI's words."""

from collections.abc import Mapping
from typing import Any

KNOWN = frozenset({"stop", "length", "tool_calls", "content_filter", "function_call"})
ERROR = "error"
"""A finish reason that says the answer is none."""

_ALIASES: Mapping[str, str] = {
    "abort": ERROR,
    "end_turn": "stop",
    "eos": "stop",
    "eos_token": "stop",
    "error": ERROR,
    "max_tokens": "length",
    "model_length": "length",
    "refusal": "content_filter",
    "safety": "content_filter",
    "stop_sequence": "stop",
    "tool_call": "tool_calls",
    "tool_use": "tool_calls",
}


def finish_reason(reported: Any, row: Mapping[str, str], *, calls_tools: bool) -> str:
    """Return OpenAI's finish reason, or ERROR. A stop that ends in tool calls is `tool_calls`.

    Args:
        reported: what the provider says, None included.
        row: the provider's own words -> ours.
        calls_tools: whether the message holds tool calls.
    """
    reason = reported if isinstance(reported, str) else ""
    reason = row.get(reason) or (reason if reason in KNOWN else _ALIASES.get(reason.lower(), "stop"))
    return "tool_calls" if calls_tools and reason == "stop" else reason
