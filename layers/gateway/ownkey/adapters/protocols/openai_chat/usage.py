"""Token counts, however a provider spells them."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ownkey.adapters.protocols.written_numbers import dollars
from ownkey.adapters.spec import ProviderSpec
from ownkey.domain.chat import JsonObject, Usage

if TYPE_CHECKING:
    from decimal import Decimal

_INPUT = ("prompt_tokens", "input_tokens")
_OUTPUT = ("completion_tokens", "output_tokens")
_CACHED = ("prompt_cache_hit_tokens", "cache_read_input_tokens")
_CACHE_WRITE = ("cache_creation_input_tokens", "cache_write_tokens")


def usage_of(spec: ProviderSpec, reported: Any) -> Usage | None:
    """Return the usage as this provider reports it, or None when it counts nothing."""
    return parse_usage(reported, reasoning_beside_output=spec.reasoning_beside_output, cost_field=spec.cost_field)


def parse_usage(reported: Any, *, reasoning_beside_output: bool = False, cost_field: str = "") -> Usage | None:
    """Return the usage in OpenAI's `usage` object, or None when it counts nothing.

    Input includes cached and cache-write tokens, and output includes reasoning: some providers leave reasoning out,
    which shows in their total, or (`reasoning_beside_output`) in a reasoning count above the output. `cost_field` is
    where the provider says what the request cost.
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
    # Azure's Grok counts as cached what it puts before the prompt itself.
    cached = min(_count(inputs, "cached_tokens") or _count(reported, *_CACHED), input_tokens)
    written = _count(inputs, "cache_write_tokens", "cache_creation_tokens") or _count(reported, *_CACHE_WRITE)
    return Usage(
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cached_input_tokens=cached,
        cache_write_tokens=min(written, input_tokens - cached),
        reasoning_tokens=min(reasoning, output_tokens),
        reported_cost=_cost(reported, cost_field) if cost_field else None,
    )


def _cost(reported: JsonObject, field: str) -> "Decimal | None":
    """Return what the request cost whoever paid for it, in US dollars; None when the provider did not say.

    Where an aggregator used a key that its account keeps there (`is_byok`), its own cost is its fee alone, and the
    provider behind it was paid besides. OpenRouter says how much in `upstream_inference_cost`, Vercel, which takes no
    fee, what it would have been in `market_cost`. https://openrouter.ai/docs/use-cases/usage-accounting
    """
    cost = dollars(reported.get(field))
    if reported.get("is_byok") is not True:
        return cost
    behind = dollars(_details(reported, "cost_details").get("upstream_inference_cost"))
    if behind is None:
        return dollars(reported.get("market_cost"))
    return behind if cost is None else cost + behind


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
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < math.inf:
            return int(value)
    return 0
