"""Who is calling."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """A caller whose credential has been checked."""

    user_id: str
    """The stable id of the user: the Cognito `sub`."""
    credential: Literal["gateway_key", "session"]
    gateway_key_id: str | None = None
    """The gateway key's id, when one was shown."""

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
