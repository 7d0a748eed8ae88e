"""Token counts, however a provider spells them."""

from collections.abc import Mapping
from typing import Any

from ownkey.domain.chat import JsonObject, Usage

_INPUT = ("prompt_tokens", "input_tokens")
_OUTPUT = ("completion_tokens", "output_tokens")
_CACHED = ("prompt_cache_hit_tokens", "cache_read_input_tokens")
_CACHE_WRITE = ("cache_creation_input_tokens", "cache_write_tokens")


def parse_usage(reported: Any, *, reasoning_beside_output: bool = False) -> Usage | None:
    """Return the usage in OpenAI's `usage` object, or None when it counts nothing.

    Input includes cached and cache-write tokens, and output includes reasoning: some providers leave reasoning out,
    which shows in their total, or (`reasoning_beside_output`) in a reasoning count above the output.
    """
    if not isinstance(reported, dict) or not any(name in reported for name in (*_INPUT, *_OUTPUT)):
        return None
    inputs, outputs = (
        _details(reported, *names)
        for names in (
            ("prompt_tokens_details", "input_tokens_details"),
            ("completion_tokens_details", "output_tokens_details"),
        )
    )
    input_tokens = _count(reported, *_INPUT)
    output_tokens = _count(reported, *_OUTPUT)
    reasoning = _count(outputs, "reasoning_tokens") or _count(reported, "reasoning_tokens")
    beside = reasoning_beside_output and reasoning > output_tokens
    if reasoning and (beside or _count(reported, "total_tokens") == input_tokens + output_tokens + reasoning):
        output_tokens += reasoning
    return Usage(
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cached_input_tokens=_count(inputs, "cached_tokens") or _count(reported, *_CACHED),
        cache_write_tokens=_count(inputs, "cache_write_tokens", "cache_creation_tokens")
        or _count(reported, *_CACHE_WRITE),
        reasoning_tokens=min(reasoning, output_tokens),
    )


def normalised_usage(reported: JsonObject, usage: Usage) -> JsonObject:
    """Return `reported` with OpenAI's fields put right and everything else kept."""
    merged = {**reported, **usage.to_openai()}
    for name in ("prompt_tokens_details", "completion_tokens_details"):
        if isinstance(details := reported.get(name), dict):
            merged[name] = {**details, **merged[name]}
    return merged


def _details(reported: JsonObject, *names: str) -> JsonObject:
    return next((value for name in names if isinstance(value := reported.get(name), dict)), {})


def _count(source: Mapping[str, Any], *names: str) -> int:
    for name in names:
        value = source.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
            return int(value)
    return 0
