"""What callers are told of usage: programs of their key's, people of all of theirs, members of a team's."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from ownkey.domain.chat import JsonObject
from ownkey.domain.dates import day_of, iso_utc
from ownkey.domain.errors import ForbiddenError, InvalidParameterError, NotFoundError
from ownkey.domain.figures import Rollup
from ownkey.domain.identity import GatewayKey, Principal
from ownkey.domain.teams import Member, Team
from ownkey.services.teams.shown import display_name
from ownkey.services.usage_figures import exact, grouped, grouping_of, regrouped, rows, shown, total_of
from ownkey.services.usage_periods import Period, period_of, team_period_of

if TYPE_CHECKING:
    from decimal import Decimal

OLD_PARAMETERS = (
    "duration", "page", "pageSize", "sort", "dir", "filter", "weekOffset", "tz", "include_summary",
)  # fmt: skip
OWN_DIMENSIONS = ("day", "model", "provider", "api_key", "team")
TEAM_DIMENSIONS = ("day", "model", "provider", "member")
NAMED_ARRAYS = {("day",): "byDay", ("model",): "byModel", ("day", "model"): "byDayModel"}

Query = Mapping[str, str]


class RollupStore(Protocol):
    """Reads sums; `storage/rollups.py` is the one."""

    def of_user(self, user_id: str, first_day: str, last_day: str) -> Iterable[Rollup]:
        """Return what a user used."""
        ...

    def of_team(self, team_id: str, first_day: str, last_day: str) -> Iterable[Rollup]:
        """Return what a team paid for."""
        ...


class BalanceStore(Protocol):
    """Knows balances."""

    def balance_of(self, user_id: str) -> "Decimal":
        """Return what a user has left, in US dollars."""
        ...


class KeyStore(Protocol):
    """Knows the gateway keys of a user."""

    def list_gateway_keys(self, user_id: str) -> list[GatewayKey]:
        """Return a user's gateway keys."""
        ...


class MemberStore(Protocol):
    """Knows the members of a team."""

    def members(self, team_id: str) -> list[Member]:
        """Return a team's members."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Whose figures, in which days."""

    name: str
    user_id: str
    gateway_key_id: str | None
    """The only key that counts; None for all of the user's."""
    period: Period

    def takes(self, rollup: Rollup) -> bool:
        """Return whether a sum is of the key in question."""
        return self.gateway_key_id is None or rollup.gateway_key_id == self.gateway_key_id


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageReports:
    """Makes reports."""

    rollups: RollupStore
    balances: BalanceStore
    keys: KeyStore
    members: MemberStore
    now: Callable[[], datetime]

    def own(self, principal: Principal, query: Query) -> JsonObject:
        """Return figures of the caller's.

        Raises:
            InvalidParameterError: a parameter is wrong.
            ForbiddenError: a gateway key asks for more than its own figures.
            NotFoundError: it is about a key that is not the caller's.
        """
        scope = self.scope_of(principal, query)
        grouping = grouping_of(query.get("group_by") or "day,model", OWN_DIMENSIONS)
        groups = grouped(self.own_rollups(scope), grouping)
        days, today = list(scope.period.days()), day_of(self.now())
        report: JsonObject = {
            "object": "usage",
            "scope": scope.name,
            "apiKey": {"id": scope.gateway_key_id} if scope.gateway_key_id else None,
            "from": days[0],
            "to": days[-1],
            "timezone": "UTC",
            "groupBy": ",".join(grouping),
            "asOf": iso_utc(self.now()),
            # Sums are kept up while requests end: no day has to wait for its own.
            "source": {
                "rollupDays": [day for day in days if day != today],
                "liveDays": [day for day in days if day == today],
                "missingRollupDays": [],
            },
            "totals": shown(total_of(groups)),
        }
        if grouping not in NAMED_ARRAYS:
            return {**report, "rows": rows(groups, grouping)}
        for coarser, name in NAMED_ARRAYS.items():
            if set(coarser) <= set(grouping):
                report[name] = rows(regrouped(groups, grouping, coarser), coarser)
        return report

    def scope_of(self, principal: Principal, query: Query) -> Scope:
        """Return whose figures a caller asks for, as far as they may."""
        for name in OLD_PARAMETERS:
            if name in query:
                raise InvalidParameterError(f"The parameter {name} is not known here. Use from and to.", param=name)
        period = period_of(query.get("from"), query.get("to"), self.now())
        own_key = principal.gateway_key_id
        name = query.get("scope") or ("current_key" if own_key else "account")
        key_id: str | None = own_key
        if name == "api_key":
            key_id = self._chosen_key(principal, query.get("api_key_id") or "")
        elif name != ("current_key" if own_key else "account"):
            _refuse_scope(name)
        return Scope(name=name, user_id=principal.user_id, gateway_key_id=key_id, period=period)

    def own_rollups(self, scope: Scope) -> Iterable[Rollup]:
        """Return the sums in a scope."""
        period = scope.period
        found = self.rollups.of_user(scope.user_id, period.first.isoformat(), period.last.isoformat())
        return (rollup for rollup in found if scope.takes(rollup))

    def team(self, team: Team, query: Query) -> JsonObject:
        """Return figures of what a team paid for; raises InvalidParameterError."""
        period = team_period_of(query.get("from"), query.get("to"), self.now())
        asked = query.get("group_by")
        grouping = grouping_of(asked, TEAM_DIMENSIONS) if asked else ("member",)
        finest = grouping if "member" in grouping else (*grouping, "member")
        groups = grouped(self.team_rollups(team, period), finest)
        names = self.names_in(team)
        by_member = regrouped(groups, finest, ("member",))
        report: JsonObject = {
            "byActor": [
                {
                    "actorSessionId": row["memberId"],
                    "displayName": names.get(row["memberId"], row["memberId"]),
                    **_amounts(row),
                }
                for row in rows(by_member, ("member",))
            ],
            "totals": [_amounts(shown(total_of(groups)))],
            "from": period.first.isoformat(),
            "to": period.last.isoformat(),
        }
        if asked:
            wanted = rows(regrouped(groups, finest, grouping), grouping)
            if "member" in grouping:
                wanted = [{**row, "memberName": names.get(row["memberId"], row["memberId"])} for row in wanted]
            report |= {"groupBy": ",".join(grouping), "rows": wanted}
        return report

    def team_rollups(self, team: Team, period: Period) -> Iterable[Rollup]:
        """Return the sums of what a team paid for."""
        return self.rollups.of_team(team.team_id, period.first.isoformat(), period.last.isoformat())

    def names_in(self, team: Team) -> dict[str, str]:
        """Return what the members of a team are called."""
        return {member.user_id: display_name(member) for member in self.members.members(team.team_id)}

    def balance(self, principal: Principal) -> JsonObject:
        """Return what the caller has left."""
        return {"usd_balance": exact(self.balances.balance_of(principal.user_id))}

    def _chosen_key(self, principal: Principal, key_id: str) -> str:
        if not key_id:
            raise InvalidParameterError("scope=api_key needs api_key_id, the id of a gateway key.", param="api_key_id")
        if principal.gateway_key_id is not None:
            if key_id != principal.gateway_key_id:
                raise ForbiddenError("A gateway key sees its own figures only. Sign in to see those of another key.")
            return key_id
        if key_id not in {key.key_id for key in self.keys.list_gateway_keys(principal.user_id)}:
            raise NotFoundError("You have no gateway key with this id. List your keys to see their ids.")
        return key_id


def _amounts(row: JsonObject) -> JsonObject:
    return {
        "totalAmount": row["costUsd"],
        "currency": "USD",
        "amount": row["amount"],
        "requests": row["requests"],
    }


def _refuse_scope(name: str) -> None:
    if name in {"current_key", "account"}:
        raise ForbiddenError("A gateway key has scope=current_key or api_key, a session account or api_key.")
    raise InvalidParameterError("scope must be current_key, account or api_key.", param="scope")
