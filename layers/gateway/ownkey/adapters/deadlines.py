"""A deadline of our own inside the one around it."""

import time

from ownkey.domain.chat import Deadline


class BoundedDeadline:
    """A deadline that comes after so many seconds, or with the deadline around it."""

    def __init__(self, around: Deadline, seconds: float) -> None:
        self._around = around
        self._ends_at = time.monotonic() + seconds

    def remaining_seconds(self) -> float:
        """Return the seconds left, never negative."""
        return max(0.0, min(self._around.remaining_seconds(), self._ends_at - time.monotonic()))
