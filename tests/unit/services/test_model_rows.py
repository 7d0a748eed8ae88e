"""What callers read of a model, from facts made up here and from all that the catalog has."""

import json
from datetime import date
from decimal import Decimal

import pytest

from ownkey.catalog.facts import ModelFacts, ProviderFacts
from ownkey.catalog.models import all_models
from ownkey.domain.prices import LongPromptRates, Price, Rates
from ownkey.services.model_rows import model_row, providers_row

RATES = Rates(input=Decimal("0.42"), output=Decimal(3), cached_input=Decimal("0.1"))
PRICE = Price(rates=RATES)


def at(provider, price=None, abilities=None):
    return ProviderFacts(
        provider=provider,
        upstream_model="m-1",
        context_tokens=None,
        max_output_tokens=None,
        abilities=abilities and frozenset(abilities),
        price=price,
    )


def facts(*providers, abilities=None, **known):
    return ModelFacts(
        id="maker/m-1",
        context_tokens=known.pop("context", None),
        max_output_tokens=known.pop("output", None),
        abilities=None if abilities is None else frozenset(abilities),
        providers=providers or (at("groq"),),
        **known,
    )


def test_a_basic_row_is_openais():
    row = model_row(facts(released=date(2025, 9, 29), name="M 1", abilities=["vision"]), detailed=False)
    assert row == {"id": "maker/m-1", "object": "model", "created": 1759104000, "owned_by": "maker"}


def test_what_is_not_known_is_left_out_or_null():
    assert model_row(facts(), detailed=True) == {
        "id": "maker/m-1",
        "object": "model",
        "created": 0,
        "owned_by": "maker",
        "context_length": None,
        "max_output_tokens": None,
    }
    assert providers_row(facts()) == {
        "canonicalId": "maker/m-1",
        "displayName": "maker/m-1",
        "supportsProviderSelection": False,
        "providers": [{"provider": "groq", "available": True}],
    }


def test_a_detailed_row_says_all_that_is_known():
    known = facts(at("groq", PRICE), abilities=["vision", "tools", "pdf"], name="M 1", context=1000, output=100)
    assert model_row(known, detailed=True) == {
        **model_row(known, detailed=False),
        "name": "M 1",
        "context_length": 1000,
        "max_output_tokens": 100,
        "capabilities": {
            "vision": True,
            "reasoning": False,
            "tool_calling": True,
            "pdf_upload": True,
            "video_input": False,
        },
        "architecture": {"input_modalities": ["text", "image", "file"]},
        "pricing": {
            "prompt": 0.42,
            "completion": 3,
            "input_cache_read": 0.1,
            "currency": "USD",
            "unit": "per_million_tokens",
        },
    }


@pytest.mark.parametrize(
    ("providers", "said"),
    [
        ((at("groq"), at("aws", abilities=["structured_output"])), True),
        ((at("groq", abilities=["structured_output"]),), True),
        ((at("groq", abilities=["tools"]),), None),
    ],
)
def test_structured_output_is_true_or_not_known(providers, said):
    row = model_row(facts(*providers, abilities=["tools"]), detailed=True)
    assert row["capabilities"].get("structured_output") is said


def test_the_default_price_is_that_of_the_provider_that_comes_first():
    cheap = Price(rates=Rates(input=Decimal(1), output=Decimal(1)))
    row = providers_row(facts(at("groq", PRICE), at("aws", cheap), at("nvidia")))
    assert row["defaultPrice"] == {"inputPer1kTokens": 0.00042, "outputPer1kTokens": 0.003}
    assert row["supportsProviderSelection"] is True
    assert row["providers"] == [
        {"provider": "groq", "available": True, "pricing": row["defaultPrice"]},
        {"provider": "aws", "available": True, "pricing": {"inputPer1kTokens": 0.001, "outputPer1kTokens": 0.001}},
        {"provider": "nvidia", "available": True},
    ]
    unknown = facts(at("nvidia"), at("groq", PRICE))
    assert "defaultPrice" not in providers_row(unknown)
    assert "pricing" not in model_row(unknown, detailed=True)


def test_longer_prompts_cost_more_in_the_row_too():
    price = Price(rates=RATES, long_prompts=(LongPromptRates(above_input_tokens=200_000, rates=RATES),))
    pricing = model_row(facts(at("groq", price)), detailed=True)["pricing"]
    assert pricing["long_prompts"] == [
        {"above_input_tokens": 200_000, "prompt": 0.42, "completion": 3, "input_cache_read": 0.1}
    ]


def test_nothing_is_a_price_too():
    free = Price(rates=Rates(input=Decimal(0), output=Decimal(0)))
    assert '"defaultPrice": {"inputPer1kTokens": 0, "outputPer1kTokens": 0}' in json.dumps(
        providers_row(facts(at("nvidia", free)))
    )


def test_every_price_of_the_catalog_is_written_exactly():
    for model in all_models():
        wire = json.loads(json.dumps(providers_row(model)), parse_float=Decimal)
        for row, shown in zip(model.providers, wire["providers"], strict=True):
            pricing = shown.get("pricing")
            assert (pricing is None) == (row.price is None), model.id
            if row.price and row.price.rates.input is not None and row.price.rates.output is not None:
                assert pricing["inputPer1kTokens"] * 1000 == row.price.rates.input, model.id
                assert pricing["outputPer1kTokens"] * 1000 == row.price.rates.output, model.id
        if price := model.providers[0].price:
            pricing = json.loads(json.dumps(model_row(model, detailed=True)), parse_float=Decimal)["pricing"]
            assert (pricing["prompt"], pricing["completion"]) == (price.rates.input, price.rates.output), model.id
