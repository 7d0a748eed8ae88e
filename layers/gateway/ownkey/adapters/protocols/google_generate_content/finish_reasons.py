"""Why a candidate ended, in OpenAI's words."""

FILTERED = frozenset(
    {"SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY"}
    | {"IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "MODEL_ARMOR", "JAILBREAK"}
)
"""What was written, or would have been, may not be shown."""
_FILTERED_WHEN_EMPTY = frozenset({"NO_IMAGE", "IMAGE_OTHER", "OTHER", "FINISH_REASON_UNSPECIFIED"})
_BROKEN = frozenset(
    {"MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "MALFORMED_RESPONSE"}
    | {"MISSING_THOUGHT_SIGNATURE"}
)
"""The model's own fault: nobody can use what is not there."""


def finish_reason(reported: str, *, has_content: bool, calls_tools: bool) -> str | None:
    """Return OpenAI's finish reason, or None when the model failed and there is nothing to show for it.

    Args:
        reported: Gemini's `finishReason`.
        has_content: whether the candidate holds text, an image or tool calls.
        calls_tools: whether it holds tool calls; Gemini says `STOP` then.
    """
    if reported == "MAX_TOKENS":
        return "length"
    if reported in FILTERED:
        return "content_filter"
    if not has_content and reported in _FILTERED_WHEN_EMPTY:
        return "content_filter"
    if not has_content and reported in _BROKEN:
        return None
    return "tool_calls" if calls_tools else "stop"
