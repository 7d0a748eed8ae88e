"""What providers charge, in exact decimals."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal  # not needed to start

PriceSource = Literal["catalog", "provider", "unknown"]
"""The catalog's rates made the price of the tokens; the provider said what this request cost; neither could."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """US dollars per million tokens, exact. None is unknown, never free."""

    input: "Decimal | None" = None
    output: "Decimal | None" = None
    cached_input: "Decimal | None" = None
    cache_write: "Decimal | None" = None
    reasoning: "Decimal | None" = None
    """None where reasoning costs what other output does."""
    hour_cache_write: "Decimal | None" = None
    """None where it costs what other cache writes do."""

    @property
    def are_free(self) -> bool:
        """Whether both directions are known to cost nothing."""
        return self.input == 0 and self.output == 0

    @property
    def total(self) -> "Decimal | None":
        """Input and output together, to tell dear from cheap; None when either is unknown."""
        return None if self.input is None or self.output is None else self.input + self.output


@dataclass(frozen=True, slots=True, kw_only=True)
class LongPromptRates:
    """The rates of a whole request whose prompt is longer than this."""

    above_input_tokens: int
    rates: Rates


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a provider charges for a model."""

    rates: Rates
    long_prompts: tuple[LongPromptRates, ...] = ()
    """Shortest first."""
    effective_at: "date | None" = None
    """Since when it is known to hold; None when that is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What one request costs its caller here, in US dollars; None where it is not known."""

    list_price: "Decimal | None" = None
    """What the model's list price makes of its tokens."""
    platform_fee: "Decimal | None" = None
    """The operator's fee, when the caller's or their team's own key paid the provider."""
    amount: "Decimal | None" = None
    """What the caller owes: the fee, or on the operator's key the list price."""
    source: PriceSource | None = "unknown"
    """Where the price is from; None when there is none, since nothing was delivered."""
    effective_at: "date | None" = None
    """Since when the catalog's price is known to hold; None when that is not known, or it was not used."""
    catalog_version: str | None = None
    """Names the catalog whose price was used; None when none was."""

    def waived(self) -> "Charge":
        """Return the charge of a request that the caller got nothing for: it costs them nothing."""
        from decimal import Decimal

        return replace(self, platform_fee=Decimal(0), amount=Decimal(0), source=None)
