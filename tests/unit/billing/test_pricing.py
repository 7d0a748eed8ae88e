from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ownkey.billing.pricing import UNKNOWN, charge_for, decimal_text, list_cost
from ownkey.domain.chat import Usage
from ownkey.domain.prices import Charge, LongPromptRates, Price, Rates
from ownkey.domain.provider_keys import KeyStatus, ProviderKey
from ownkey.domain.routing import Attempt

FULL = Rates(input=Decimal(2), output=Decimal(8), cached_input=Decimal("0.5"), cache_write=Decimal("2.5"))
KEY = ProviderKey(owner="user#1", provider="p", key_id="k", status=KeyStatus.ACTIVE, created_at="", updated_at="")
FREE = Price(rates=Rates(input=Decimal(0), output=Decimal(0)))


def attempt(credential="user", price=None, fee_price=None):
    return Attempt("p", "m", KEY, credential, price=price, fee_price=fee_price)


@pytest.mark.parametrize(
    ("usage", "rates", "cost"),
    [
        (Usage(input_tokens=9, output_tokens=20), FULL, "0.000178"),
        (Usage(input_tokens=1000, cached_input_tokens=600, cache_write_tokens=300), FULL, "0.00125"),
        (Usage(input_tokens=1000, cached_input_tokens=600), Rates(input=Decimal(2)), "0.002"),
        (Usage(output_tokens=5, reasoning_tokens=4), FULL, "0.00004"),
        (
            Usage(output_tokens=5, reasoning_tokens=4),
            Rates(input=Decimal(2), output=Decimal(8), reasoning=Decimal(3)),
            "0.00002",
        ),
        (Usage(output_tokens=5, reasoning_tokens=9), FULL, "0.00004"),
        (Usage(input_tokens=5, cached_input_tokens=9), FULL, "0.0000025"),
        (Usage(input_tokens=9, cached_input_tokens=5, cache_write_tokens=9), FULL, "0.0000125"),
        (Usage(input_tokens=9, cache_write_tokens=9, hour_cache_write_tokens=4), FULL, "0.0000225"),
        (
            Usage(input_tokens=9, cache_write_tokens=9, hour_cache_write_tokens=4),
            Rates(input=Decimal(2), output=Decimal(8), cache_write=Decimal("2.5"), hour_cache_write=Decimal(4)),
            "0.0000285",
        ),
        (Usage(), FULL, "0"),
        (Usage(input_tokens=1), Rates(output=Decimal(1)), None),
        (Usage(output_tokens=1), Rates(input=Decimal(1)), None),
        (Usage(), Rates(), None),
        (Usage(input_tokens=10, output_tokens=10), FREE.rates, "0"),
    ],
)
def test_the_list_price_of_usage(usage, rates, cost):
    assert list_cost(usage, Price(rates=rates)) == (None if cost is None else Decimal(cost))


def test_a_long_prompt_costs_what_long_prompts_cost():
    longer = tuple(
        LongPromptRates(above_input_tokens=tokens, rates=Rates(input=Decimal(rate), output=Decimal(0)))
        for tokens, rate in ((100, 3), (1000, 5))
    )
    price = Price(rates=Rates(input=Decimal(1), output=Decimal(0)), long_prompts=longer)
    costs = [list_cost(Usage(input_tokens=tokens), price) for tokens in (100, 101, 1000, 1001)]
    assert costs == [Decimal(n).scaleb(-6) for n in (100, 303, 3000, 5005)]


def test_with_a_key_of_ones_own_a_request_costs_the_fee():
    usage = Usage(input_tokens=9, output_tokens=19)
    charge = charge_for(usage, attempt(price=Price(rates=FULL)), fee_rate="0.05")
    assert charge == Charge(
        list_price=Decimal("0.00017"), platform_fee=Decimal("0.0000085"), amount=Decimal("0.0000085"), source="catalog"
    )


def test_on_the_operators_key_it_costs_the_list_price():
    charge = charge_for(Usage(input_tokens=9), attempt("platform", Price(rates=FULL), FREE), fee_rate="0.05")
    assert charge == Charge(
        list_price=Decimal("0.000018"), platform_fee=Decimal(0), amount=Decimal("0.000018"), source="catalog"
    )


def test_where_the_provider_is_free_the_fee_is_a_share_of_the_lowest_paid_price():
    charge = charge_for(Usage(input_tokens=1000), attempt("team", FREE, Price(rates=FULL)), fee_rate="0.1")
    assert (charge.list_price, charge.amount) == (Decimal("0.002"), Decimal("0.0002"))


def test_what_the_provider_says_that_it_cost_is_the_list_price():
    usage = Usage(input_tokens=9, output_tokens=19, reported_cost=Decimal("0.00016"))
    on_own_key = charge_for(usage, attempt(price=Price(rates=FULL)), fee_rate="0.05", catalog_version="v1")
    assert on_own_key == Charge(
        list_price=Decimal("0.00016"),
        platform_fee=Decimal("0.000008"),
        amount=Decimal("0.000008"),
        source="provider",
    )
    on_the_operators = charge_for(usage, attempt("platform"), fee_rate="0.05")
    assert (on_the_operators.amount, on_the_operators.source) == (Decimal("0.00016"), "provider")


def test_a_cost_of_zero_is_no_price():
    usage = Usage(input_tokens=1000, reported_cost=Decimal(0))
    assert charge_for(usage, attempt(), fee_rate="0.05") == UNKNOWN
    charge = charge_for(usage, attempt("user", FREE, Price(rates=FULL)), fee_rate="0.05")
    assert (charge.amount, charge.source) == (Decimal("0.0001"), "catalog")


def test_a_charge_says_whose_price_it_is_and_since_when():
    price = Price(rates=FULL, effective_at=date(2026, 3, 1))
    charge = charge_for(Usage(input_tokens=9), attempt(price=price), fee_rate="0.05", catalog_version="2026-11-23+x-1")
    assert (charge.source, charge.effective_at, charge.catalog_version) == (
        "catalog",
        date(2026, 3, 1),
        "2026-11-23+x-1",
    )


def test_a_price_that_is_not_known_is_not_zero():
    assert charge_for(Usage(input_tokens=9), attempt(), fee_rate="0.05") == UNKNOWN
    assert UNKNOWN.amount is None


@given(
    tokens=st.tuples(*[st.integers(0, 10**7)] * 2),
    rates=st.tuples(*[st.decimals(0, 1000, places=6)] * 2),
    fee=st.decimals(0, 1, places=6),
)
def test_money_is_exact(tokens, rates, fee):
    price = Price(rates=Rates(input=rates[0], output=rates[1]))
    charge = charge_for(Usage(input_tokens=tokens[0], output_tokens=tokens[1]), attempt(price=price), fee_rate=str(fee))
    scaled = tokens[0] * int(rates[0] * 10**6) + tokens[1] * int(rates[1] * 10**6)
    assert charge.list_price == Decimal(scaled).scaleb(-12)
    assert charge.amount == Decimal(scaled * int(fee * 10**6)).scaleb(-18)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (None, None),
        ("0.0000085000", "0.0000085"),
        ("1E-7", "0.0000001"),
        ("120", "120"),
        ("1E+3", "1000"),
        ("0.00", "0"),
    ],
)
def test_amounts_are_shown_without_exponent_or_needless_zeros(amount, text):
    assert decimal_text(None if amount is None else Decimal(amount)) == text
