"""Token counts as Bedrock reports them."""

from typing import Any

from ownkey.domain.chat import JsonObject, Usage


def read_usage(reported: Any, additional: Any = None) -> Usage | None:
    """Return the usage in Bedrock's `usage`; `additional` are the answer's fields beyond Converse's own.

    Bedrock counts cached tokens beside the input; ours are part of it.
    """
    if not isinstance(reported, dict) or not ("inputTokens" in reported or "outputTokens" in reported):
        return None
    cached, written = _count(reported, "cacheReadInputTokens"), _count(reported, "cacheWriteInputTokens")
    output = _count(reported, "outputTokens")
    return Usage(
        input_tokens=_count(reported, "inputTokens") + cached + written,
        output_tokens=output,
        cached_input_tokens=cached,
        cache_write_tokens=written,
        hour_cache_write_tokens=_kept_for_an_hour(reported.get("cacheDetails")),
        reasoning_tokens=min(_thinking_tokens(additional), output),
    )


def _kept_for_an_hour(details: Any) -> int:
    entries = details if isinstance(details, list) else []
    return sum(_count(each, "inputTokens") for each in entries if isinstance(each, dict) and each.get("ttl") == "1h")


def _thinking_tokens(additional: Any) -> int:
    """Return what Claude says of its thinking, where it was asked to."""
    source = additional if isinstance(additional, dict) else {}
    for name in ("usage", "output_tokens_details"):
        inner = source.get(name)
        source = inner if isinstance(inner, dict) else source
    return _count(source, "thinking_tokens")


def _count(source: JsonObject, name: str) -> int:
    value = source.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
