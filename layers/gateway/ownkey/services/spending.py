"""Counting what requests cost, against the limits of gateway keys, teams and members."""

from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from ownkey.domain.identity import GatewayKeyLimits, Principal
from ownkey.domain.teams import Team

if TYPE_CHECKING:
    from decimal import Decimal


class Admission(Protocol):
    """Counts the requests of gateway keys that have daily limits."""

    def admit(self, gateway_key_id: str, limits: GatewayKeyLimits, now: datetime) -> None:
        """Count a request; raises DailyRequestLimitError or DailySpendingLimitError when it is one too many."""
        ...


class SpendingStore(Protocol):
    """Counts what was spent."""

    def add(
        self, amount: "Decimal | None", *, now: datetime, gateway_key_id: str | None, member: tuple[str, str] | None
    ) -> None:
        """Add what a request has cost to the counters of its gateway key, its team and its member."""
        ...


def admit(admission: Admission, principal: Principal, now: datetime) -> None:
    """Count a request where its gateway key has daily limits; raises as `Admission.admit` does."""
    if principal.gateway_key_id and principal.limits.are_daily:
        admission.admit(principal.gateway_key_id, principal.limits, now)


def count(
    store: SpendingStore, amount: "Decimal | None", principal: Principal, team: Team | None, now: datetime
) -> None:
    """Add what a request has cost to every counter with a limit that it belongs to."""
    store.add(
        amount,
        now=now,
        gateway_key_id=principal.gateway_key_id if principal.limits.usd_per_day is not None else None,
        member=(team.team_id, principal.user_id) if team else None,
    )
