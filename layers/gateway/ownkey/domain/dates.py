"""How moments are written down: ISO 8601 in UTC, so that text order is time order."""

from datetime import UTC, datetime
from typing import Literal


def utc_now() -> datetime:
    """Return the present moment; the clock that `bootstrap` hands to everything that wants one."""
    return datetime.now(UTC)


def iso_utc(moment: datetime, precision: Literal["seconds", "milliseconds"] = "seconds") -> str:
    """Return `moment`, which must know its time zone, as `2026-11-23T10:20:09Z`."""
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone is no moment")
    return moment.astimezone(UTC).isoformat(timespec=precision).replace("+00:00", "Z")


def month_of(moment: datetime) -> str:
    """Return the month of `moment` in UTC as `2026-11`: the period that monthly limits count in."""
    return iso_utc(moment)[:7]


def day_of(moment: datetime) -> str:
    """Return the day of `moment` in UTC as `2026-11-23`."""
    return iso_utc(moment)[:10]
