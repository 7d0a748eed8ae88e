"""Usage as CSV, a page at a time. Text from callers cannot become a formula in a spreadsheet."""

import base64
import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Protocol

from ownkey.domain.errors import InvalidParameterError
from ownkey.domain.figures import Figures
from ownkey.domain.identity import Principal
from ownkey.domain.teams import Team
from ownkey.services.usage_figures import exact
from ownkey.services.usage_periods import Period, team_period_of
from ownkey.services.usage_reports import Query, Scope, UsageReports

MOST_LINES_OF_DAYS = 10_000
MOST_DAYS_A_PAGE = 31
MOST_LINES_OF_REQUESTS = 5_000
MOST_REQUESTS_READ = 20_000
"""Of other keys too, which are left out."""
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - these count too
FIGURES = (
    "requests", "input_tokens", "output_tokens", "cached_input_tokens", "reasoning_tokens",
    "amount_usd", "platform_fee_usd", "list_price_usd", "unknown_priced", "estimated",
)  # fmt: skip
OWN_DAYS = ("date", "api_key_id", "team_id", "provider", "model", *FIGURES)
TEAM_DAYS = ("date", "member_id", "member_name", "provider", "model", *FIGURES)
REQUESTS = (
    "started_at", "request_id", "gateway_key_id", "team_id", "provider", "model", "credential", "byok", "stream",
    "outcome", "input_tokens", "output_tokens", "cached_input_tokens", "cache_write_tokens", "reasoning_tokens",
    "estimated", "amount_usd", "platform_fee_usd", "list_price_usd", "duration_ms", "time_to_first_byte_ms",
)  # fmt: skip
"""Attributes of usage records."""

Cell = str | int | bool | Decimal | None


class RecordStore(Protocol):
    """Reads usage records; `storage/usage.py` is the one."""

    def of_user(
        self, user_id: str, first: str, last: str, *, after: str | None = None
    ) -> Iterable[tuple[str, Mapping[str, Any]]]:
        """Return a user's records, each with a place to go on after."""
        ...


@dataclass(frozen=True, slots=True)
class CsvPage:
    """A part of an export."""

    text: str
    next_cursor: str | None
    """What to send as `cursor` for the next part; None for the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageExport:
    """Writes usage as CSV."""

    reports: UsageReports
    records: RecordStore

    def own(self, principal: Principal, query: Query) -> CsvPage:
        """Return a page of what the caller used; raises like UsageReports.own."""
        scope, of = self.reports.scope_of(principal, query), _wanted(query)
        if of == "requests":
            return self._requests(scope, _place_in(query.get("cursor"), scope.period))
        period = _page_of(scope.period, query.get("cursor"))
        found_days = self.reports.rollups.of_user(scope.user_id, period.first.isoformat(), period.last.isoformat())
        lines = (
            (rollup.day, [rollup.day, rollup.gateway_key_id, rollup.team_id, rollup.provider, rollup.model,
                          *_figures(rollup.figures)])
            for rollup in found_days
            if scope.takes(rollup)
        )  # fmt: skip
        return _days_page(OWN_DAYS, lines, period, scope.period)

    def team(self, team: Team, query: Query) -> CsvPage:
        """Return a page of what a team paid for; raises InvalidParameterError."""
        if _wanted(query) == "requests":
            raise InvalidParameterError("A team's usage is exported by days. Send of=days.", param="of")
        whole = team_period_of(query.get("from"), query.get("to"), self.reports.now())
        period, names = _page_of(whole, query.get("cursor")), self.reports.names_in(team)
        lines = (
            (rollup.day, [rollup.day, rollup.user_id, names.get(rollup.user_id), rollup.provider, rollup.model,
                          *_figures(rollup.figures)])
            for rollup in self.reports.team_rollups(team, period)
        )  # fmt: skip
        return _days_page(TEAM_DAYS, lines, period, whole)

    def _requests(self, scope: Scope, after: str | None) -> CsvPage:
        period, lines, last = scope.period, list[list[Cell]](), after
        found = self.records.of_user(scope.user_id, period.first.isoformat(), period.last.isoformat(), after=after)
        for read, (place, item) in enumerate(found):
            if len(lines) == MOST_LINES_OF_REQUESTS or read == MOST_REQUESTS_READ:
                return CsvPage(_csv(REQUESTS, lines), _cursor(last or ""))
            if scope.gateway_key_id in {None, item.get("gateway_key_id")}:
                lines.append([item.get(name) for name in REQUESTS])
            last = place
        return CsvPage(_csv(REQUESTS, lines), None)


def _cursor(place: str) -> str:
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def _place_in(cursor: str | None, period: Period) -> str | None:
    if not cursor:
        return None
    try:
        place = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except ValueError:
        place = ""
    if len(place) > 200 or place[10:11] != "T" or not period.first.isoformat() <= place[:10] <= period.last.isoformat():
        raise InvalidParameterError("cursor is not what x-next-cursor said.", param="cursor")
    return place


def _wanted(query: Query) -> str:
    if query.get("format", "csv") != "csv":
        raise InvalidParameterError("format must be csv.", param="format")
    of = query.get("of") or "days"
    if of not in {"days", "requests"}:
        raise InvalidParameterError("of must be days or requests.", param="of")
    return of


def _page_of(period: Period, cursor: str | None) -> Period:
    """Return the days from the cursor on that one page can have."""
    try:
        first = date.fromisoformat(cursor) if cursor else period.first
    except ValueError as exc:
        raise InvalidParameterError("cursor is not what x-next-cursor said.", param="cursor") from exc
    if not period.first <= first <= period.last:
        raise InvalidParameterError("cursor is not one of these days.", param="cursor")
    return Period(first, min(period.last, first + timedelta(MOST_DAYS_A_PAGE - 1)))


def _days_page(
    columns: tuple[str, ...], lines: Iterable[tuple[str, list[Cell]]], period: Period, whole: Period
) -> CsvPage:
    """Return whole days, as many as there is room for, and one at least."""
    by_day: dict[str, list[list[Cell]]] = {}
    for day, line in lines:
        by_day.setdefault(day, []).append(line)
    written: list[list[Cell]] = []
    for day in sorted(by_day):
        if written and len(written) + len(by_day[day]) > MOST_LINES_OF_DAYS:
            return CsvPage(_csv(columns, written), day)
        written += by_day[day]
    following = period.last + timedelta(1)
    return CsvPage(_csv(columns, written), following.isoformat() if following <= whole.last else None)


def _figures(figures: Figures) -> list[Cell]:
    return [getattr(figures, name) for name in FIGURES]


def _csv(columns: tuple[str, ...], lines: Iterable[list[Cell]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([_safe(cell) for cell in line] for line in lines)
    return text.getvalue()


def _safe(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        return exact(cell)
    if isinstance(cell, bool):
        return str(cell).lower()
    text = str(cell)
    return f"'{text}" if isinstance(cell, str) and text.startswith(FORMULA_STARTS) else text
