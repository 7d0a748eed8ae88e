"""Counters of what was spent, in the Usage table: one item for each who and period, changed by additions only."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ownkey.domain.dates import day_of, month_of
from ownkey.domain.errors import CallerError, DailyRequestLimitError, DailySpendingLimitError
from ownkey.domain.identity import GatewayKeyLimits
from ownkey.storage import keyspace
from ownkey.storage.attributes import Value, read_amount
from ownkey.storage.batch import MAX_KEYS, BatchClient, BatchReader
from ownkey.storage.table import ClientErrors, ConditionFailedError, DynamoDBClient, Table

if TYPE_CHECKING:
    from decimal import Decimal

DAYS_KEPT = timedelta(days=3)
MONTHS_KEPT = timedelta(days=800)


class SpendingRepository:
    """Counts requests and money of gateway keys by the day, of teams and their members by the month, in UTC.

    What a request costs is known, and added, when it has ended: a limit can be overshot by the requests that run at the
    moment when it is reached.
    """

    def __init__(self, client: DynamoDBClient, table_name: str, client_errors: ClientErrors) -> None:
        self._table = Table(client, table_name, client_errors)

    def admit(self, gateway_key_id: str, limits: GatewayKeyLimits, now: datetime) -> None:
        """Count a request of a gateway key with daily limits, in one atomic write.

        Raises:
            DailyRequestLimitError: today's requests are used up.
            DailySpendingLimitError: today's money is used up.
        """
        key = keyspace.spending(_key(gateway_key_id), day_of(now))
        conditions: list[str] = []
        values: dict[str, Value] = {":one": 1, ":expires": _epoch(now + DAYS_KEPT)}
        if limits.requests_per_day is not None:
            conditions.append("(attribute_not_exists(#requests) OR #requests < :most_requests)")
            values[":most_requests"] = limits.requests_per_day
        if limits.usd_per_day is not None:
            conditions.append("(attribute_not_exists(usd) OR usd < :most_usd)")
            values[":most_usd"] = limits.usd_per_day
        try:
            self._table.update(
                key,
                "ADD #requests :one SET expires_at_epoch = :expires",
                condition=" AND ".join(conditions),
                names={"#requests": "requests"},
                values=values,
            )
        except ConditionFailedError as exc:
            spent = read_amount(self._table.get(key, attributes=("usd",)) or {}, "usd")
            raise _refusal(limits, spent, now) from exc

    def add(
        self, amount: "Decimal | None", *, now: datetime, gateway_key_id: str | None, member: tuple[str, str] | None
    ) -> None:
        """Add what a request has cost to what its gateway key spent today, and its team and member this month.

        Args:
            amount: None when it is not known; the request counts all the same.
            now: when it ended.
            gateway_key_id: None when the key has no limit of money.
            member: the id of the team that pays, and of its member; None when no team does.
        """
        if gateway_key_id is not None and amount is not None:
            # The request was counted when it was admitted.
            key = keyspace.spending(_key(gateway_key_id), day_of(now))
            values: dict[str, Value] = {":usd": amount, ":expires": _epoch(now + DAYS_KEPT)}
            self._table.update(key, "ADD usd :usd SET expires_at_epoch = :expires", names={}, values=values)
        if member is not None:
            team_id, user_id = member
            for who in (f"team#{team_id}#{keyspace.team_part(user_id):02d}", f"member#{team_id}#{user_id}"):
                self._table.update(
                    keyspace.spending(who, month_of(now)),
                    "ADD #requests :one, usd :usd SET expires_at_epoch = :expires",
                    names={"#requests": "requests"},
                    values={":one": 1, ":usd": amount or 0, ":expires": _epoch(now + MONTHS_KEPT)},
                )


class SpendingReader:
    """Reads what the members of teams spent."""

    def __init__(self, client: BatchClient, table_name: str, client_errors: ClientErrors) -> None:
        self._reader = BatchReader(client, client_errors)
        self._name = table_name

    def of_members(self, team_id: str, user_ids: list[str], months: list[str]) -> "dict[str, Decimal]":
        """Return what each user spent in a team in these months together; nothing for those who spent nothing."""
        spent: dict[str, Decimal] = {}
        wanted = [(user_id, month) for user_id in user_ids for month in months]
        for start in range(0, len(wanted), MAX_KEYS):
            places = {
                (key["pk"], key["sk"]): (user_id, key)
                for user_id, month in wanted[start : start + MAX_KEYS]
                for key in [keyspace.spending(f"member#{team_id}#{user_id}", month)]
            }
            found = self._reader.read({self._name: [key for _, key in places.values()]})[self._name]
            for place, item in found.items():
                usd = read_amount(item, "usd")
                if usd is not None:
                    user_id = places[place][0]
                    spent[user_id] = spent[user_id] + usd if user_id in spent else usd
        return spent


def _key(gateway_key_id: str) -> str:
    return f"gateway-key#{gateway_key_id}"


def _refusal(limits: GatewayKeyLimits, spent: "Decimal | None", now: datetime) -> CallerError:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    seconds = -int((now - midnight).total_seconds() // 1)
    if limits.usd_per_day is not None and spent is not None and spent >= limits.usd_per_day:
        return DailySpendingLimitError(
            f"This gateway key has spent its {limits.usd_per_day} USD of today. Wait for 00:00 UTC, or raise it.",
            retry_after_seconds=seconds,
        )
    return DailyRequestLimitError(
        f"This gateway key has made its {limits.requests_per_day} requests of today. Wait for 00:00 UTC, or raise the "
        "limit.",
        retry_after_seconds=seconds,
    )


def _epoch(moment: datetime) -> int:
    return int(moment.timestamp())
