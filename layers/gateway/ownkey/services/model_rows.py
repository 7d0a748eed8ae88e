"""The catalog's facts as callers see them. What is not known is left out or null, never made up."""

from datetime import UTC, datetime, time
from decimal import Decimal

from ownkey.catalog.facts import ModelFacts
from ownkey.domain.chat import JsonObject
from ownkey.domain.prices import Price, Rates

_CAPABILITIES = {
    "vision": "vision",
    "reasoning": "reasoning",
    "tool_calling": "tools",
    "pdf_upload": "pdf",
    "video_input": "video",
}
"""What callers read -> the catalog's word."""
_MODALITIES = {"image": "vision", "file": "pdf", "audio": "audio", "video": "video"}
_THOUSANDS_IN_A_MILLION = 1000


def model_row(facts: ModelFacts, *, detailed: bool) -> JsonObject:
    """Return a model as OpenAI lists models, or with all that is known of it."""
    basic: JsonObject = {
        "id": facts.id,
        "object": "model",
        "created": _created(facts),
        "owned_by": facts.id.partition("/")[0],
    }
    return {**basic, **_details(facts)} if detailed else basic


def providers_row(facts: ModelFacts) -> JsonObject:
    """Return who runs a model, best first, and at what list price."""
    return {
        "canonicalId": facts.id,
        "displayName": facts.name or facts.id,
        "supportsProviderSelection": len(facts.providers) > 1,
        **_per_thousand("defaultPrice", facts.providers[0].price),
        "providers": [
            {"provider": row.provider, "available": True, **_per_thousand("pricing", row.price)}
            for row in facts.providers
        ],
    }


def _created(facts: ModelFacts) -> int:
    """Return the release in Unix seconds; 0 when it is not known, since clients want a number."""
    if facts.released is None:
        return 0
    return int(datetime.combine(facts.released, time(), tzinfo=UTC).timestamp())


def _details(facts: ModelFacts) -> JsonObject:
    details: JsonObject = {
        "name": facts.name,
        "context_length": facts.context_tokens,
        "max_output_tokens": facts.max_output_tokens,
    }
    if facts.name is None:
        del details["name"]
    if facts.abilities is not None:
        details["capabilities"] = _capabilities(facts, facts.abilities)
        modalities = [name for name, ability in _MODALITIES.items() if ability in facts.abilities]
        details["architecture"] = {"input_modalities": ["text", *modalities]}
    if (price := facts.providers[0].price) is not None:
        details["pricing"] = _per_million(price)
    return details


def _capabilities(facts: ModelFacts, abilities: frozenset[str]) -> dict[str, bool]:
    known = {name: ability in abilities for name, ability in _CAPABILITIES.items()}
    if any("structured_output" in (each or ()) for each in (abilities, *(row.abilities for row in facts.providers))):
        known["structured_output"] = True
    return known


def _per_million(price: Price) -> JsonObject:
    long_prompts = [
        {"above_input_tokens": tier.above_input_tokens, **_rates(tier.rates)} for tier in price.long_prompts
    ]
    return {
        **_rates(price.rates),
        **({"long_prompts": long_prompts} if long_prompts else {}),
        "currency": "USD",
        "unit": "per_million_tokens",
    }


def _rates(rates: Rates) -> JsonObject:
    stated = {
        "prompt": rates.input,
        "completion": rates.output,
        "input_cache_read": rates.cached_input,
        "input_cache_write": rates.cache_write,
    }
    return {name: _number(rate) for name, rate in stated.items() if rate is not None}


def _per_thousand(name: str, price: Price | None) -> JsonObject:
    if price is None:
        return {}
    stated = {"inputPer1kTokens": price.rates.input, "outputPer1kTokens": price.rates.output}
    return {name: {each: _number(rate / _THOUSANDS_IN_A_MILLION) for each, rate in stated.items() if rate is not None}}


def _number(exact: Decimal) -> int | float:
    """Return the JSON number that is written with the digits of `exact`: a float prints as the shortest that it is."""
    whole = int(exact)
    return whole if whole == exact else float(exact)
