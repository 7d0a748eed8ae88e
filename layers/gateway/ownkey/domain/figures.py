"""What is counted of requests, and added up: by the day, by who pays, by who asked, by provider and model."""

from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any

from ownkey.domain.money import ZERO, total


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Sums over requests. Money is in US dollars, exact."""

    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_tokens: int = 0
    """Part of the input tokens."""
    reasoning_tokens: int = 0
    """Part of the output tokens."""
    list_price_usd: Decimal = ZERO
    platform_fee_usd: Decimal = ZERO
    """Part of the amount: what is owed for using one's own keys."""
    amount_usd: Decimal = ZERO
    """What is owed here."""
    unknown_priced: int = 0
    """Requests whose price is not known: they are in no sum of money."""
    estimated: int = 0
    """Requests whose provider reported no tokens."""

    def plus(self, other: "Figures") -> "Figures":
        """Return the sums of both; raises ArithmeticError when one cannot be stored exactly."""
        sums: dict[str, Any] = {}
        for field in fields(self):
            one, more = getattr(self, field.name), getattr(other, field.name)
            sums[field.name] = total(one, more) if isinstance(one, Decimal) else one + more
        return Figures(**sums)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeteredRequest:
    """A usage record, as far as it is counted and charged."""

    record_id: str
    """Names the record among all records."""
    day: str
    """UTC, as `2026-11-23`."""
    user_id: str
    """Who asked."""
    payer_id: str
    """Whose balance pays."""
    team_id: str | None
    """The team for which the payer pays; None when the user pays for themself."""
    gateway_key_id: str | None
    provider: str
    model: str
    figures: Figures
    forgotten_at_epoch: int
    """When the record expires."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollup:
    """The figures of one day, user, provider and model, in what a user used or what a team paid for."""

    day: str
    user_id: str
    team_id: str | None
    """The team that paid."""
    gateway_key_id: str | None
    """Not told apart in what teams paid for."""
    provider: str
    model: str
    figures: Figures
