"""Counters of how often an owner did something in a window of time."""

from collections.abc import Callable
from datetime import datetime

from ownkey.domain.errors import RateLimitedError
from ownkey.storage import keyspace
from ownkey.storage.table import ClientErrors, ConditionFailedError, DynamoDBClient, Table


class RateLimiter:
    """Counts calls in fixed windows, in one atomic write a call, for all instances of a function together."""

    def __init__(
        self, client: DynamoDBClient, table_name: str, client_errors: ClientErrors, now: Callable[[], datetime]
    ) -> None:
        self._table = Table(client, table_name, client_errors)
        self._now = now

    def hit(self, owner: str, action: str, limit: int, window_seconds: int = 60) -> None:
        """Count one `action` of `owner`; raises RateLimitedError when `limit` are counted already."""
        second = int(self._now().timestamp())
        window_started_at = second - second % window_seconds
        window_ends_at = window_started_at + window_seconds
        try:
            self._table.update(
                keyspace.rate_limit(owner, action, window_started_at),
                "ADD #hits :one SET #expires = :expires",
                condition="attribute_not_exists(#hits) OR #hits < :limit",
                names={"#hits": "hits", "#expires": "expires_at_epoch"},
                # Kept one window longer, so that no clock that runs late sees its counter vanish.
                values={":one": 1, ":limit": limit, ":expires": window_ends_at + window_seconds},
            )
        except ConditionFailedError as exc:
            raise RateLimitedError(
                f"{limit} such calls are allowed every {window_seconds} seconds. Wait and try again.",
                retry_after_seconds=window_ends_at - second,
            ) from exc
