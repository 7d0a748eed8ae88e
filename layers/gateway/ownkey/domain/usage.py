"""What one request used: the record that fees and statistics are made from."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ownkey.domain.chat import Usage
from ownkey.domain.prices import Charge
from ownkey.domain.routing import CredentialOwner

UsageOutcome = Literal["completed", "failed", "cut", "client_gone"]
"""The answer was whole; nothing of it came; the provider stopped in the middle; the caller hung up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageRecord:
    """One request's usage: written once, never changed, and idempotent by its request id."""

    request_id: str
    user_id: str
    """Who asked, whoever pays."""
    payer_id: str
    """Whose balance pays: the user, or the owner whom the team that pays had when the request began."""
    owner: str
    """Whose key was used."""
    provider: str
    model: str
    """The model as the caller wrote it."""
    upstream_model: str
    """The model as the provider knows it."""
    credential: CredentialOwner
    key_id: str
    gateway_key_id: str | None = None
    """The gateway key that asked; None for a session."""
    byok: bool
    """Whether the key was the caller's own or their team's."""
    stream: bool
    usage: Usage
    searches: int = 0
    """Web searches: 1 in the record of a search, whose model is `web-search`, and 0 in a chat's."""
    charge: Charge
    """What it costs the caller, or the team that pays."""
    team_id: str | None = None
    """The team that pays; None when the caller does."""
    estimated: bool = False
    """The provider reported no usage, and this was counted from what was delivered."""
    outcome: UsageOutcome
    error_code: str | None = None
    """The code that the caller was told, when the answer failed or was cut."""
    started_at: datetime
    duration_ms: int
    time_to_first_byte_ms: int | None = None
