"""One more try within an attempt, where the provider cannot have begun to work on the first.

A request that may have been billed is never sent again: once a byte of it went out, only an answer that refuses the
work and says when to come back is followed by another.
"""

import time
from collections.abc import Callable, Mapping

from ownkey.adapters.classification import retry_after_seconds
from ownkey.domain.chat import Deadline
from ownkey.domain.errors import UpstreamError
from ownkey.domain.upstream import Transport, UpstreamRequest, UpstreamResponse

PAUSE_SECONDS = 0.2
"""How long to wait after a connection that did not come about."""
LONGEST_WAIT_SECONDS = 2.0
"""A provider that wants to be left alone for longer is not asked again."""
SPARE_SECONDS = 5.0
"""What must be left of the deadline after waiting; with less, the failure at hand is the better answer."""

_TURNED_AWAY = frozenset({502, 503, 529})
"""Statuses that, with a time to come back, mean that nothing was done. 500 and 504 can come after the work."""


class RetryOnce:
    """A transport for one attempt, however many requests that takes: one of them may be sent a second time."""

    def __init__(self, transport: Transport, sleep: Callable[[float], None] = time.sleep) -> None:
        self._transport = transport
        self._sleep = sleep
        self._left = 1

    def send(self, request: UpstreamRequest, deadline: Deadline) -> UpstreamResponse:
        """Return the answer once its headers are there; `ownkey.domain.upstream.Transport` says the rest."""
        try:
            response = self._transport.send(request, deadline)
        except UpstreamError as error:
            if not (error.nothing_sent and self._may_wait(PAUSE_SECONDS, deadline)):
                raise
            seconds = PAUSE_SECONDS
        else:
            wanted = _wanted_pause(response.status, response.headers)
            if wanted is None or not self._may_wait(wanted, deadline):
                return response
            response.close()
            seconds = wanted
        self._left -= 1
        self._sleep(seconds)
        return self._transport.send(request, deadline)

    def _may_wait(self, seconds: float, deadline: Deadline) -> bool:
        return (
            self._left > 0
            and seconds <= LONGEST_WAIT_SECONDS
            and deadline.remaining_seconds() - seconds >= SPARE_SECONDS
        )


def _wanted_pause(status: int, headers: Mapping[str, str]) -> float | None:
    """Return how long a provider that did nothing asks to wait, None when it is not to be asked again."""
    if status not in _TURNED_AWAY or headers.get("x-should-retry") == "false":
        return None
    return retry_after_seconds(headers, time.time())
