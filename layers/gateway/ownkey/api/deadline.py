"""How long this invocation may still run."""

from typing import Protocol

RESERVE_SECONDS = 3.0
"""Kept back to tell the caller."""
METERING_SECONDS = 12.0
"""Kept back of a chat, to tell the caller and to record what was delivered, however slow the store is: three tries of
three seconds, and what is between them."""


class InvocationContext(Protocol):
    """The part of Lambda's context object that knows the time limit."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until Lambda ends the invocation."""
        ...


class InvocationDeadline:
    """The deadline of one Lambda invocation, less what answering and metering take."""

    def __init__(self, context: InvocationContext, reserve_seconds: float = RESERVE_SECONDS) -> None:
        self._context = context
        self._reserve_seconds = reserve_seconds

    def remaining_seconds(self) -> float:
        """Return the seconds that upstream calls may still take, never negative."""
        return max(0.0, self._context.get_remaining_time_in_millis() / 1000 - self._reserve_seconds)
