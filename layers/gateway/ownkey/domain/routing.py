"""The plan of a request: whom to call, in what order, with whose key."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from ownkey.domain.errors import CallerError
from ownkey.domain.prices import Price
from ownkey.domain.provider_keys import ProviderKey
from ownkey.domain.search import SearchWish

if TYPE_CHECKING:
    from decimal import Decimal  # not needed to start

CredentialOwner = Literal["user", "team", "platform"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSelection:
    """Which providers the operator's keys may be used at, and which of them first."""

    param: str
    """Where the caller wrote it: a header, a field of the body, or `model` for a suffix."""
    only: tuple[str, ...] = ()
    """No other than these, whatever the catalog says; empty for all."""
    order: tuple[str, ...] = ()
    """These first, as far as they run the model."""
    ignore: tuple[str, ...] = ()
    """None of these."""
    cheapest_first: bool = False
    max_input_price: "Decimal | None" = None
    """US dollars per million tokens. Providers whose price is dearer, or not known, are left out."""
    max_output_price: "Decimal | None" = None
    allow_fallbacks: bool = True
    require_parameters: bool = False
    """Leaves out providers that cannot take every field of the request."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A provider that may run the model, and the id that it knows the model by."""

    provider: str
    upstream_model: str
    price: Price | None = field(default=None, compare=False)
    """The list price; None when it is not known."""
    why: str = field(default="the catalog lists it for this model", compare=False)
    """What brought it here, for people."""


@dataclass(frozen=True, slots=True)
class ModelListing:
    """What the catalog knows of a model's name."""

    canonical_id: str | None = None
    """The catalog's own id; None when it does not know the model."""
    candidates: tuple[Candidate, ...] = ()
    """Who runs it, best first."""
    lowest_paid_price: Price | None = field(default=None, compare=False)
    """The lowest price that anybody charges for the model, named here or not; None when nobody is known to charge."""


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A provider that was considered and is not called, and why."""

    provider: str
    why: str


@dataclass(frozen=True, slots=True)
class Shortlist:
    """The providers that may run a request, best first."""

    candidates: tuple[Candidate, ...]
    passed_over: tuple[PassedOver, ...] = ()
    lowest_paid_price: Price | None = field(default=None, compare=False)
    """The lowest price that anybody charges for the model: what a fee is a share of where it is free."""


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The stored keys of one owner, by provider."""

    credential: CredentialOwner
    keys: Mapping[str, ProviderKey]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call that the plan would make."""

    provider: str
    upstream_model: str
    key: ProviderKey
    credential: CredentialOwner
    price: Price | None = field(default=None, compare=False)
    """The list price; None when it is not known."""
    fee_price: Price | None = field(default=None, compare=False)
    """What the fee is a share of, where that is not the list price: the provider charges nothing."""
    why: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class RoutePlan:
    """Attempts in order, at least one. Each is made when the one before it failed; the first success is the answer."""

    attempts: tuple[Attempt, ...]
    passed_over: tuple[PassedOver, ...] = ()


@dataclass(frozen=True, slots=True)
class SearchPlan:
    """How a web search is made before a chat."""

    wish: SearchWish
    attempt: Attempt | None = None
    """The engine and the key; None when the search is left out."""
    skipped: CallerError | None = None
    """Why it is left out."""
