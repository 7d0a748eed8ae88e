"""Token counts of an answer."""

import math
from collections.abc import Mapping
from typing import Any

from ownkey.domain.chat import JsonObject, Usage

_INPUTS = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")


def merge_usage(known: JsonObject, reported: Any) -> None:
    """Put later counts in the place of earlier ones. They are running totals, and may be missing or null."""
    if isinstance(reported, dict):
        known |= {name: value for name, value in reported.items() if value is not None}


def parse_usage(reported: Any) -> Usage | None:
    """Return the usage in Anthropic's object, or None when it counts nothing.

    Anthropic counts input that came from or went into the cache beside the rest.
    """
    if not isinstance(reported, dict) or not any(name in reported for name in (*_INPUTS, "output_tokens")):
        return None
    details, writes = reported.get("output_tokens_details"), reported.get("cache_creation")
    output = _count(reported, "output_tokens")
    return Usage(
        input_tokens=sum(_count(reported, name) for name in _INPUTS),
        output_tokens=output,
        cached_input_tokens=_count(reported, "cache_read_input_tokens"),
        cache_write_tokens=_count(reported, "cache_creation_input_tokens"),
        hour_cache_write_tokens=_count(writes, "ephemeral_1h_input_tokens") if isinstance(writes, dict) else 0,
        reasoning_tokens=min(_count(details, "thinking_tokens") if isinstance(details, dict) else 0, output),
    )


def _count(source: Mapping[str, Any], name: str) -> int:
    value = source.get(name)
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < math.inf else 0
