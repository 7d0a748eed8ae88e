"""Who is calling."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from decimal import Decimal  # not needed to start


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayKeyLimits:
    """What its owner allows a gateway key. Days are UTC."""

    allowed_origins: tuple[str, ...] = ()
    """The only origins, as in `https://app.example.com`, on whose pages it works; empty for all."""
    requests_per_day: int | None = None
    usd_per_day: "Decimal | None" = None
    """Of what requests cost the caller here."""

    @property
    def are_daily(self) -> bool:
        """Whether requests have to be counted."""
        return self.requests_per_day is not None or self.usd_per_day is not None


NO_LIMITS = GatewayKeyLimits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """A caller whose credential has been checked."""

    user_id: str
    """The stable id of the user: the Cognito `sub`."""
    credential: Literal["gateway_key", "session"]
    gateway_key_id: str | None = None
    """The gateway key's id, when one was shown."""
    limits: GatewayKeyLimits = NO_LIMITS
    default_team_id: str | None = None
    """The team that the user has chosen for traffic that names none; they may have left it since."""
    has_funds: bool | None = None
    """Whether the user's balance was positive when a request of this key was last settled; None before the first."""

    @property
    def owner(self) -> str:
        """The owner of this user's provider keys: `user#<id>`."""
        return f"user#{self.user_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayKey:
    """What is kept of a gateway key. Its secret is not: only the SHA-256 of it."""

    key_id: str
    user_id: str
    secret_sha256: str
    """Lower-case hex."""
    name: str
    created_at: str
    """ISO 8601, UTC, like every date stored."""
    expires_at: str | None = None
    limits: GatewayKeyLimits = NO_LIMITS
    default_team_id: str | None = None
    """A copy of the user's own, so that a request finds it with its key."""
    has_funds: bool | None = None
    """Noted when requests of the key are settled."""
