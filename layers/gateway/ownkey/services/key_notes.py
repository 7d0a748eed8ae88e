"""How stored provider keys fare on requests: what is logged and noted of them. It never fails the caller."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from ownkey.domain.errors import ProviderKeyRejectedError, UpstreamError
from ownkey.domain.provider_keys import KeyStatus, ProviderKey
from ownkey.domain.routing import Attempt
from ownkey.observability import Logger

LAST_USED_RESOLUTION = timedelta(hours=1)
"""How exact `last_used_at` is: one write an hour and key, not one a request."""


class KeyStatuses(Protocol):
    """What is noted of stored provider keys."""

    def mark(self, key: ProviderKey, *, status: KeyStatus, last_error: str | None, at: datetime) -> None:
        """Note what a provider said of a key, unless it was replaced meanwhile."""
        ...

    def touch(self, key: ProviderKey, *, at: datetime) -> None:
        """Note that a key was used."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyNotes:
    """Notes how keys fare."""

    keys: KeyStatuses
    now: Callable[[], datetime]
    logger: Logger

    def used(self, key: ProviderKey, *, request_id: str) -> None:
        """Note that the provider has just answered on a key."""
        at = self.now()
        if key.status is KeyStatus.UNVERIFIED:
            self.never_failing(
                lambda: self.keys.mark(key, status=KeyStatus.ACTIVE, last_error=None, at=at),
                "the key's use was not noted",
                request_id,
            )
        elif key.last_used_at is None or at - datetime.fromisoformat(key.last_used_at) >= LAST_USED_RESOLUTION:
            self.never_failing(lambda: self.keys.touch(key, at=at), "the key's use was not noted", request_id)

    def failed(self, attempt: Attempt, error: UpstreamError, *, request_id: str, number: int = 1) -> None:
        """Log the attempt with this number that failed, and mark the key invalid when that was the reason."""
        self.logger.warning(
            "the attempt failed",
            request_id=request_id,
            provider=attempt.provider,
            attempt=number,
            exception_name=type(error).__name__,
            upstream_status=error.upstream_status,
            reason=error.message,
        )
        if isinstance(error, ProviderKeyRejectedError) and attempt.credential != "platform":
            self.never_failing(
                lambda: self.keys.mark(attempt.key, status=KeyStatus.INVALID, last_error=error.message, at=self.now()),
                "the key was not marked invalid",
                request_id,
            )

    def never_failing(self, write: Callable[[], None], message: str, request_id: str) -> None:
        """Write something down; what goes wrong is logged with `message`, and that is all."""
        try:
            write()
        except Exception as error:  # the caller has the answer already
            self.logger.error(message, error=error, request_id=request_id)
