"""Which days a report is about."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from ownkey.domain.errors import InvalidParameterError

MOST_DAYS = 366
USUAL_DAYS = 30
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class Period:
    """Days of UTC, from one to another, both included."""

    first: date
    last: date

    def days(self) -> Iterator[str]:
        """Yield the days as `2026-11-23`."""
        for offset in range((self.last - self.first).days + 1):
            yield (self.first + timedelta(offset)).isoformat()


def period_of(first: str | None, last: str | None, now: datetime) -> Period:
    """Return the days that a request names; the last 30 when it names none. Raises InvalidParameterError."""
    today = now.astimezone(UTC).date()
    if first is None and last is None:
        return Period(today - timedelta(USUAL_DAYS - 1), today)
    if first is None or last is None:
        raise InvalidParameterError("Send both from and to, or neither.", param="to" if last is None else "from")
    for name, text in (("from", first), ("to", last)):
        if not _DAY.fullmatch(text):
            raise InvalidParameterError(f"{name} must be a day, such as 2026-11-23.", param=name)
    return _checked(_day(first, "from"), _day(last, "to"), today)


def team_period_of(first: str | None, last: str | None, now: datetime) -> Period:
    """Return the days that a request for a team names, by days or date-times; this month when it names none.

    Without a first day the month of the last one begins it; without a last day it ends today.
    """
    today = now.astimezone(UTC).date()
    end = _day(last, "to") if last else today
    begin = _day(first, "from") if first else end.replace(day=1)
    return _checked(begin, end, today + timedelta(MOST_DAYS))


def _checked(first: date, last: date, latest: date) -> Period:
    if last > latest:
        raise InvalidParameterError(f"to must not be after {latest.isoformat()}.", param="to")
    if not 0 <= (last - first).days < MOST_DAYS:
        raise InvalidParameterError(f"from must not be after to, and they span at most {MOST_DAYS} days.", param="from")
    return Period(first, last)


def _day(text: str, name: str) -> date:
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo is None else moment.astimezone(UTC)).date()
    except (ValueError, OverflowError) as exc:
        raise InvalidParameterError(f"{name} must be an ISO date, such as 2026-11-23.", param=name) from exc
