from decimal import Decimal

import pytest

from ownkey.api.provider_selection import MAX_PROVIDERS, parse_selection
from ownkey.domain.chat import ByokOptions
from ownkey.domain.errors import InvalidParameterError, UnsupportedParameterError
from ownkey.domain.routing import ProviderSelection

NO_BYOK = ByokOptions()


def parse(value=None, headers=None):
    return parse_selection(value, headers or {}, NO_BYOK)


def test_a_slug_chooses_one_provider_and_the_body_wins():
    from_body = ProviderSelection(param="provider", only=("groq",), allow_fallbacks=False)
    assert parse(" Groq ") == from_body
    assert parse("groq", {"x-provider": "openai"}) == from_body
    from_header = ProviderSelection(param="x-provider", only=("openai",), allow_fallbacks=False)
    assert parse(headers={"x-provider": "openai"}) == from_header
    assert parse() is None
    assert parse(headers={"x-provider": ""}) is None


@pytest.mark.parametrize(
    ("value", "fields"),
    [
        ({}, {}),
        ({"order": ["Groq", "groq", "openai"]}, {"order": ("groq", "openai")}),
        ({"only": ["groq"], "allow_fallbacks": False}, {"only": ("groq",), "allow_fallbacks": False}),
        ({"ignore": ["openai"]}, {"ignore": ("openai",), "cheapest_first": True}),
        ({"ignore": ["openai"], "sort": "none"}, {"ignore": ("openai",)}),
        ({"ignore": ["openai"], "order": ["groq"]}, {"ignore": ("openai",), "order": ("groq",)}),
        ({"sort": "price"}, {"cheapest_first": True}),
        ({"sort": "auto", "order": None}, {}),
        (
            {"max_price": {"prompt": 0.1, "completion": 2}},
            {"max_input_price": Decimal("0.1"), "max_output_price": Decimal(2), "cheapest_first": True},
        ),
        ({"require_parameters": True}, {"require_parameters": True}),
    ],
)
def test_an_object_says_more(value, fields):
    assert parse(value) == ProviderSelection(param="provider", **fields)


@pytest.mark.parametrize(
    ("value", "param"),
    [
        (7, "provider"),
        (["groq"], "provider"),
        ("two words", "provider"),
        ({"only": "groq"}, "provider.only"),
        ({"only": []}, "provider.only"),
        ({"only": ["groq", 7]}, "provider.only[1]"),
        ({"order": ["x"] * (MAX_PROVIDERS + 1)}, "provider.order"),
        ({"sort": "alphabet"}, "provider.sort"),
        ({"sort": ["price"]}, "provider.sort"),
        ({"max_price": 1}, "provider.max_price"),
        ({"max_price": {}}, "provider.max_price"),
        ({"max_price": {"prompt": -1}}, "provider.max_price.prompt"),
        ({"max_price": {"prompt": float("nan")}}, "provider.max_price.prompt"),
        ({"max_price": {"prompt": True}}, "provider.max_price.prompt"),
        ({"max_price": {"request": 1}}, "provider.max_price"),
        ({"allow_fallbacks": "no"}, "provider.allow_fallbacks"),
        ({"quantizations": ["fp8"]}, "provider.quantizations"),
    ],
)
def test_wrong_fields_are_named(value, param):
    with pytest.raises(InvalidParameterError) as raised:
        parse(value)
    assert raised.value.param == param


@pytest.mark.parametrize("metric", ["speed", "throughput", "latency"])
def test_what_is_not_measured_cannot_be_sorted_by(metric):
    with pytest.raises(UnsupportedParameterError) as raised:
        parse({"sort": metric})
    assert raised.value.param == "provider.sort"


@pytest.mark.parametrize(("value", "headers"), [("groq", {}), ({"sort": "price"}, {}), (None, {"x-provider": "groq"})])
def test_with_byok_the_choice_is_byoks(value, headers):
    with pytest.raises(InvalidParameterError, match=r"byok\.provider"):
        parse_selection(value, headers, ByokOptions(enabled=True))
