"""What a request costs, in exact decimals. A price that is not known stays unknown: it never counts as zero."""

from dataclasses import replace
from typing import TYPE_CHECKING

from ownkey.domain.chat import Usage
from ownkey.domain.prices import Charge, Price, PriceSource, Rates
from ownkey.domain.routing import Attempt
from ownkey.domain.search import SearchAnswer

if TYPE_CHECKING:
    from decimal import Decimal

UNKNOWN = Charge()
"""For what cannot be priced."""
DIGITS = 38
"""What DynamoDB keeps of a number. No amount needs as many: the longest have some thirty."""


def charge_for(usage: Usage, attempt: Attempt, *, fee_rate: str, catalog_version: str | None = None) -> Charge:
    """Return what a request costs its caller here.

    The list price is what the provider itself says that the request cost: that knows of discounts, tiers and who ran
    it behind an aggregator. Where it says nothing, or zero, the catalog's rates make it of the tokens.

    On the caller's or their team's own key the caller owes the platform fee: `fee_rate`, a decimal fraction, of the
    list price; where the provider charges nothing, of the lowest price that anybody charges for the model. On the
    operator's key they owe the list price.
    """
    on_platform_key = attempt.credential == "platform"
    rate = None if on_platform_key else fee_rate
    if usage.reported_cost:
        return _charge(usage.reported_cost, rate, Charge(source="provider"))
    price = attempt.price if on_platform_key else attempt.fee_price or attempt.price
    cost = list_cost(usage, price) if price else None
    if cost is None or price is None:
        return UNKNOWN
    basis = Charge(source="catalog", effective_at=price.effective_at, catalog_version=catalog_version)
    return _charge(cost, rate, basis)


def charge_for_search(answer: SearchAnswer, attempt: Attempt) -> Charge:
    """Return what a web search costs its caller here: the engine's price on the operator's key, else nothing."""
    from decimal import Decimal

    source: PriceSource = "provider" if answer.price_reported else "unknown" if answer.price is None else "catalog"
    amount = answer.price if attempt.credential == "platform" else Decimal(0)
    return Charge(list_price=answer.price, platform_fee=Decimal(0), amount=amount, source=source)


def list_cost(usage: Usage, price: Price) -> "Decimal | None":
    """Return the list price of `usage` in US dollars; None when a rate that it needs is not known.

    Cached input and cache writes whose rates are not known cost what other input does, reasoning what other output
    does. No part of a count is more than the whole.
    """
    from decimal import Decimal, localcontext  # no request is charged before the catalog has been read

    rates = _rates_for(usage, price)
    if rates.input is None and rates.output is None:
        return None
    cached = min(usage.cached_input_tokens, usage.input_tokens)
    written = min(usage.cache_write_tokens, usage.input_tokens - cached)
    for_an_hour = min(usage.hour_cache_write_tokens, written)
    reasoning = min(usage.reasoning_tokens, usage.output_tokens)
    write_rate = _or(rates.cache_write, rates.input)
    millionths = Decimal(0)
    with localcontext(prec=DIGITS):
        for tokens, rate in (
            (usage.input_tokens - cached - written, rates.input),
            (cached, _or(rates.cached_input, rates.input)),
            (written - for_an_hour, write_rate),
            (for_an_hour, _or(rates.hour_cache_write, write_rate)),
            (usage.output_tokens - reasoning, rates.output),
            (reasoning, _or(rates.reasoning, rates.output)),
        ):
            if tokens and rate is None:
                return None
            millionths += tokens * (rate or 0)
        return millionths.scaleb(-6)


def decimal_text(amount: "Decimal | None") -> str | None:
    """Return an amount as callers get it: exact, without exponent or needless zeros."""
    if amount is None:
        return None
    text = format(amount, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _charge(cost: "Decimal", fee_rate: str | None, basis: Charge) -> Charge:
    """Return the charge for what costs `cost` by list: the fee, or all of it where there is none."""
    from decimal import Decimal, localcontext

    with localcontext(prec=DIGITS):
        fee = Decimal(0) if fee_rate is None else cost * Decimal(fee_rate)
    return replace(basis, list_price=cost, platform_fee=fee, amount=cost if fee_rate is None else fee)


def _or(rate: "Decimal | None", other: "Decimal | None") -> "Decimal | None":
    return other if rate is None else rate


def _rates_for(usage: Usage, price: Price) -> Rates:
    """Return the rates that hold for a prompt of this length."""
    rates = price.rates
    for longer in price.long_prompts:
        if usage.input_tokens > longer.above_input_tokens:
            rates = longer.rates
    return rates
