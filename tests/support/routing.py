"""Requests, listings and prices for tests of routing."""

from decimal import Decimal

from ownkey.domain.chat import ByokOptions, ChatRequest
from ownkey.domain.prices import Price, Rates
from ownkey.domain.routing import Candidate, ModelListing
from ownkey.routing.providers import Providers

PROVIDERS = Providers(
    chat=("openai", "anthropic", "openrouter", "groq", "azure"), others=("tavily",), makers={"anthropic": "anthropic"}
)


def ask(model="gpt-4.1", *, pinned=None, fallbacks=False, byok=None, selection=None):
    options = ByokOptions(enabled=pinned is not None if byok is None else byok, provider=pinned)
    if fallbacks:
        options = ByokOptions(enabled=options.enabled, provider=pinned, disable_fallbacks=False)
    return ChatRequest(body={}, model=model, byok=options, selection=selection)


def priced(provider, prompt=None, completion=None):
    def rate(value):
        return None if value is None else Decimal(value)

    price = (
        None
        if prompt is None and completion is None
        else Price(rates=Rates(input=rate(prompt), output=rate(completion)))
    )
    return Candidate(provider, f"{provider}-model", price)


def listing(*candidates, canonical_id="openai/gpt-4.1"):
    return ModelListing(canonical_id, candidates)
