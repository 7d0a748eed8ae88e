"""Counting what people try before anybody knows who they are: by their address, and by where they call from."""

import hashlib
from dataclasses import dataclass
from typing import Protocol


class RateLimit(Protocol):
    """Counts calls."""

    def hit(self, owner: str, action: str, limit: int, window_seconds: int = 60) -> None:
        """Count a call; raises RateLimitedError when it is one too many."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """Counts attempts of one kind. No e-mail address is stored, only its SHA-256."""

    rate_limit: RateLimit
    action: str
    per_address_and_minute: int
    per_ip_and_minute: int

    def count(self, email: str, source_ip: str | None) -> None:
        """Count an attempt; raises RateLimitedError when it is one too many, account or not."""
        self.rate_limit.hit(f"ip#{source_ip}", self.action, self.per_ip_and_minute)
        address = hashlib.sha256(email.lower().encode()).hexdigest()
        self.rate_limit.hit(f"address#{address}", self.action, self.per_address_and_minute)
