"""What a request costs, in exact decimals. A price that is not known stays unknown: it never counts as zero."""

from typing import TYPE_CHECKING

from ownkey.domain.chat import Usage
from ownkey.domain.prices import Charge, Price, Rates
from ownkey.domain.routing import Attempt

if TYPE_CHECKING:
    from decimal import Decimal

UNKNOWN = Charge()


def charge_for(usage: Usage, attempt: Attempt, *, fee_rate: str) -> Charge:
    """Return what a request costs its caller here.

    On the caller's or their team's own key that is the platform fee: `fee_rate`, a decimal fraction, of the list price;
    where the provider charges nothing, of the lowest price that anybody charges for the model. On the operator's key
    it is the list price.
    """
    from decimal import Decimal  # no request is charged before the catalog has been read

    on_platform_key = attempt.credential == "platform"
    price = attempt.price if on_platform_key else attempt.fee_price or attempt.price
    cost = list_cost(usage, price) if price else None
    if cost is None or price is None:
        return UNKNOWN
    fee = Decimal(0) if on_platform_key else cost * Decimal(fee_rate)
    return Charge(
        list_price=cost,
        platform_fee=fee,
        amount=cost if on_platform_key else fee,
        source="catalog",
        effective_at=price.effective_at,
    )


def list_cost(usage: Usage, price: Price) -> "Decimal | None":
    """Return the list price of `usage` in US dollars; None when a rate that it needs is not known."""
    from decimal import Decimal

    rates = _rates_for(usage, price)
    fresh = max(0, usage.input_tokens - usage.cached_input_tokens - usage.cache_write_tokens)
    millionths = Decimal(0)
    for tokens, rate in (
        (fresh, rates.input),
        (usage.cached_input_tokens, rates.input if rates.cached_input is None else rates.cached_input),
        (usage.cache_write_tokens, rates.input if rates.cache_write is None else rates.cache_write),
        (usage.output_tokens, rates.output),
    ):
        if tokens and rate is None:
            return None
        millionths += tokens * (rate or 0)
    return None if rates.input is None and rates.output is None else millionths.scaleb(-6)


def decimal_text(amount: "Decimal | None") -> str | None:
    """Return an amount as callers get it: exact, without exponent or needless zeros."""
    if amount is None:
        return None
    text = format(amount, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _rates_for(usage: Usage, price: Price) -> Rates:
    """Return the rates that hold for a prompt of this length."""
    rates = price.rates
    for longer in price.long_prompts:
        if usage.input_tokens > longer.above_input_tokens:
            rates = longer.rates
    return rates
