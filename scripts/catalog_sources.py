"""Reads the open data that the catalog is made from into listings of one shape. Facts only: no prose is taken over."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

PROVIDERS = {
    "openai": "openai",
    "anthropic": "anthropic",
    "openrouter": "openrouter",
    "chutes": "chutes",
    "amazon-bedrock": "aws",
    "azure": "azure",
    "google": "google",
    "groq": "groq",
    "nvidia": "nvidia",
    "vercel": "vercel",
    "novita-ai": "novita",
    "zai": "zai",
    "gmicloud": "gmicloud",
    "cerebras": "cerebras",
    "deepinfra": "deepinfra",
    "meganova": "meganova",
    "siliconflow": "siliconflow",
}
"""What models.dev calls a provider -> its slug here."""
PRICED = ("openai", "anthropic", "azure", "openrouter", "aws", "google", "groq", "novita", "zai", "cerebras")
"""Providers that genai-prices knows, by the same names as here."""
FREE = frozenset({"nvidia", "zai"})
"""Providers that run models for nothing: elsewhere a price of zero means that nobody entered one."""
_RATES = (
    *("input_mtok", "output_mtok", "cache_read_mtok", "cache_write_mtok", "output_reasoning_mtok"),
    "cache_write_1h_mtok",
)
_FURTHER = ("cache_read", "cache_write", "reasoning")
_OFFER = re.compile(r" (?:\((?:latest|free|global|us|eu|jp|au|[^)]*region[^)]*)\)|TEE)$", re.IGNORECASE)
_NOT_CHAT = re.compile(
    r"embed|rerank|tts\b|whisper|transcri|realtime|audio|image|imagen|moderation|guard|safety|ocr\b|\besm|voice|orpheus"
    r"|\blive\b|video|davinci|babbage|\bada\b|curie|turbo-instruct|translat|\bmt\b|gliner|retriever|\bbge\b|paligemma"
    r"|studio|usdvalidate|riva|search-api|sora|lyria|veo|sonic|voxtral|rosalind|robotics|voyage|\bnano-banana|omni-flash|jev-"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A model as one source says that one provider runs it."""

    provider: str
    id: str
    context: int | None = None
    output: int | None = None
    abilities: str | None = None
    price: str | None = None
    released: str | None = None
    """The day of the model's release, or only its month, as ISO 8601."""
    name: str | None = None
    """What people call the model."""


def is_chat(model: str) -> bool:
    """Return whether a model of this name answers chats with text."""
    return _NOT_CHAT.search(model.lower()) is None


def listings_of(data: Mapping[str, Any]) -> Iterable[Listing]:
    """Yield the chat models of models.dev's data."""
    for source, provider in PROVIDERS.items():
        for identifier, model in data[source]["models"].items():
            modalities = model["modalities"]
            is_text = modalities["output"] == ["text"] and "text" in modalities["input"]
            # Azure's own ids serve for prices alone, and some of them claim to draw.
            if (is_text or provider == "azure") and model.get("status") != "deprecated" and is_chat(identifier):
                yield Listing(
                    provider=provider,
                    id=identifier,
                    context=model["limit"].get("context") or None,
                    output=model["limit"].get("output") or None,
                    abilities=_abilities(model),
                    price=_cost(model.get("cost") or {}, is_free=provider in FREE),
                    released=model.get("release_date") or None,
                    name=_plain_name(model.get("name") or "") or None,
                )


def ids_in(data: Mapping[str, Any]) -> Iterable[str]:
    """Yield every model id that models.dev knows, whoever runs it."""
    for provider in data.values():
        yield from provider["models"]


def prices_from(providers: Iterable[Any], as_of: date) -> Callable[[str, str], str | None]:
    """Return genai-prices' answer to: what does this provider charge for this id on that day?"""
    known = {provider.id: provider for provider in providers if provider.id in PRICED}

    def price(provider: str, identifier: str) -> str | None:
        source = known.get(provider)
        model = source.find_model(identifier.lower()) if source else None
        return _dated_price(model, as_of, is_free=provider in FREE) if model else None

    return price


def newer_listings(providers: Iterable[Any], as_of: date) -> Iterable[Listing]:
    """Yield what genai-prices lists, at other providers too. It knows no abilities."""
    for provider in providers:
        if provider.id == "aws":  # its Bedrock ids are labels of prices, not ids
            continue
        for model in provider.models:
            if not model.deprecated and is_chat(model.id):
                yield Listing(
                    provider=provider.id,
                    id=model.id.lower() if provider.id == "zai" else model.id,
                    context=model.context_window,
                    price=_dated_price(model, as_of, is_free=provider.id in FREE),
                )


def _abilities(model: Mapping[str, Any]) -> str:
    takes = model["modalities"]["input"]
    has = {
        "v": "image" in takes,
        "t": model["tool_call"],
        "r": model["reasoning"],
        "s": model.get("structured_output"),
        "p": "pdf" in takes,
        "a": "audio" in takes,
        "m": "video" in takes,
    }
    return "".join(letter for letter, value in has.items() if value)


def _plain_name(name: str) -> str:
    """Return a model's name without the ways in which one provider offers it."""
    return _OFFER.sub("", name.rpartition("/")[2]).strip()


def _cost(cost: Mapping[str, Any], *, is_free: bool) -> str | None:
    base = _rates(_stated(cost), is_free=is_free)
    if base is None:
        return None
    tiers = [
        f"{tier['tier']['size']}:{rates}"
        for tier in cost.get("tiers", ())
        if tier["tier"]["type"] == "context" and (rates := _rates(_stated(tier)))
    ]
    return ";".join([base, *sorted(tiers, key=_start)])


def _stated(cost: Mapping[str, Any]) -> list[Any]:
    """Return the rates that models.dev states; beyond input and output a zero means that nobody entered one."""
    return [cost.get("input"), cost.get("output"), *(cost.get(name) or None for name in _FURTHER)]


def _dated_price(model: Any, as_of: date, *, is_free: bool) -> str | None:
    """Return what a model costs at noon of that day, and since when if the source says it."""
    noon = datetime.combine(as_of, time(12), tzinfo=UTC)
    prices = model.get_prices(noon)
    values = [getattr(prices, name, None) for name in _RATES]
    starts = sorted({tier.start for value in values for tier in getattr(value, "tiers", ())})
    base = _rates([getattr(value, "base", value) for value in values], is_free=is_free)
    if base is None:
        return None
    tiers = [f"{start}:{_rates([_above(value, start) for value in values])}" for start in starts]
    since = [
        constraint.start_date
        for conditional in (model.prices if isinstance(model.prices, list) else ())
        if conditional.prices is prices and hasattr(constraint := conditional.constraint, "start_date")
    ]
    return ("".join(f"@{day.isoformat()} " for day in since[:1])) + ";".join([base, *tiers])


def _above(value: Any, start: int) -> Any:
    """Return the rate that holds above a prompt length."""
    reached = [tier.price for tier in getattr(value, "tiers", ()) if tier.start <= start]
    return reached[-1] if reached else getattr(value, "base", value)


def _rates(values: list[Any], *, is_free: bool = False) -> str | None:
    """Return the exact rates, `input/output/cached/write/reasoning/hour-write`; None when there are none to state."""
    numbers = [None if value is None else Decimal(str(value)) for value in values]
    if numbers[4] == numbers[1]:  # reasoning is output like any other
        numbers[4] = None
    stated = [number for number in numbers if number is not None]
    if numbers[0] is None or numbers[1] is None or any(number < 0 for number in stated):
        return None
    if not any(stated) and not is_free:
        return None
    return "/".join("" if number is None else _plain(number) for number in numbers).rstrip("/")


def _plain(number: Decimal) -> str:
    """Return a number without exponent, trailing zeros, or the noise of binary fractions."""
    text = f"{number.quantize(Decimal('0.000000001')):f}"
    return text.rstrip("0").rstrip(".") or "0"


def _start(tier: str) -> int:
    return int(tier.partition(":")[0])
