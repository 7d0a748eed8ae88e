"""The catalog's data, read when it is first asked for."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from ownkey.domain.prices import LongPromptRates, Price, Rates
from ownkey.domain.routing import Candidate

_PATH = Path(__file__).with_name("data.json")
FREE = Price(rates=Rates(input=Decimal(0), output=Decimal(0)))
_RATES = ("input", "output", "cached_input", "cache_write", "reasoning", "hour_cache_write")
_ABILITIES = {
    "v": "vision",
    "t": "tools",
    "r": "reasoning",
    "s": "structured_output",
    "p": "pdf",
    "a": "audio",
    "m": "video",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderFacts:
    """A model as one provider runs it."""

    provider: str
    upstream_model: str
    context_tokens: int | None
    max_output_tokens: int | None
    abilities: frozenset[str] | None
    """Of tools, reasoning and structured_output, and of vision, pdf, audio and video as input; None when they are not
    known. The sources seldom say that structured output is missing: its absence means little."""
    price: Price | None
    """None when it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """What is known of a model."""

    id: str
    context_tokens: int | None
    max_output_tokens: int | None
    abilities: frozenset[str] | None
    providers: tuple[ProviderFacts, ...]
    """Who runs it, best first."""
    released: date | None = None
    """The day it came out, the first of the month where only that is known; None when neither is."""
    name: str | None = None
    """What people call it; None when that is not known."""


@dataclass(frozen=True, slots=True)
class Catalog:
    """The data as it is stored, and the ways into it."""

    as_of: str
    """The day whose prices these are."""
    sources: Mapping[str, str]
    """The packages that it was made from -> their versions."""
    models: Mapping[str, list[Any]]
    """Canonical id -> [keys, abilities, context, output, {provider: [id, price, context, output, abilities]}, released,
    name]."""
    by_key: Mapping[str, str]
    """Folded name -> canonical id; with the maker before it, `author/key`, where two makers use one name."""
    by_id: Mapping[str, tuple[str, str, str]]
    """A provider's further id for a model, in lower case -> canonical id, provider, the id."""

    @property
    def version(self) -> str:
        """Names this data, for records of what was charged."""
        return "+".join([self.as_of, *(f"{name}-{version}" for name, version in self.sources.items())])


@cache
def load_catalog() -> Catalog:
    """Return the catalog; only the first call reads it."""
    data = json.loads(_PATH.read_bytes())
    models = data["models"]
    by_key = {key: model for model, line in models.items() for key in line[0].split()}
    further = {text.lower(): (model, slug, text) for slug, ids in data["ids"].items() for text, model in ids.items()}
    return Catalog(data["as_of"], data["sources"], models, by_key, further)


def listed_candidate(provider: str, row: list[Any]) -> Candidate:
    """Return the candidate that a provider's row of the data makes."""
    return Candidate(provider, row[0], parse_price(row[1]) if len(row) > 1 and row[1] else None)


def facts_of(model: str, line: list[Any]) -> ModelFacts:
    """Return the facts that a line of the data states."""
    _, abilities, context, output, providers, released, name = [*line, None, None][:7]
    return ModelFacts(
        id=model,
        context_tokens=context,
        max_output_tokens=output,
        abilities=_abilities(abilities),
        providers=tuple(_provider_facts(slug, row, (context, output, abilities)) for slug, row in providers.items()),
        released=date.fromisoformat(f"{released}-01"[:10]) if released else None,
        name=name,
    )


def parse_price(text: str) -> Price:
    """Return the price in `[@since ]rates[;tokens:rates]…`; rates: `input/output/cached/write/reasoning/hour-write`."""
    since, _, rest = text.rpartition(" ")
    base, *tiers = rest.split(";")
    long_prompts = []
    for tier in tiers:
        tokens, _, rates = tier.partition(":")
        long_prompts.append(LongPromptRates(above_input_tokens=int(tokens), rates=_rates(rates)))
    effective_at = date.fromisoformat(since.removeprefix("@")) if since else None
    return Price(rates=_rates(base), long_prompts=tuple(long_prompts), effective_at=effective_at)


def _provider_facts(slug: str, row: list[Any], common: tuple[Any, Any, Any]) -> ProviderFacts:
    """Return what one provider's row states; what it leaves out holds for the model everywhere."""
    identifier, price, *own = [*row, None][: max(len(row), 2)]
    context, output, abilities = (
        own[place] if place < len(own) and own[place] is not None else everywhere
        for place, everywhere in enumerate(common)
    )
    return ProviderFacts(
        provider=slug,
        upstream_model=identifier,
        context_tokens=context,
        max_output_tokens=output,
        abilities=_abilities(abilities),
        price=parse_price(price) if price else None,
    )


def _abilities(letters: str | None) -> frozenset[str] | None:
    return None if letters is None else frozenset(_ABILITIES[letter] for letter in letters)


def _rates(text: str) -> Rates:
    values = [Decimal(value) if value else None for value in text.split("/")]
    return Rates(**dict(zip(_RATES, values, strict=False)))
