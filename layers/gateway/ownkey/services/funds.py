"""Who needs a positive balance, and whether they have one."""

from typing import TYPE_CHECKING, Protocol

from ownkey.domain.errors import InsufficientBalanceError, MisconfiguredError
from ownkey.domain.identity import Principal
from ownkey.domain.teams import Team

if TYPE_CHECKING:
    from decimal import Decimal

ENFORCEMENTS = ("off", "platform", "all")


class BalanceStore(Protocol):
    """Knows balances; `storage/balances.py` is the one."""

    def balance_of(self, user_id: str) -> "Decimal":
        """Return what a user has left, in US dollars."""
        ...


class FundsGate:
    """Lets requests through whose payer has a positive balance, where the operator asks for one.

    Whether they have one was noted on the gateway key, or on the team that pays, when earlier requests were settled:
    a request reads both anyway. Only where nothing is noted, or that the balance is used up, is it looked at itself.
    """

    def __init__(self, balances: BalanceStore, enforcement: str) -> None:
        """Take one of ENFORCEMENTS; raises MisconfiguredError for another one."""
        if enforcement not in ENFORCEMENTS:
            raise MisconfiguredError(f"OWNKEY_BALANCE_ENFORCEMENT is none of {', '.join(ENFORCEMENTS)}")
        self._balances = balances
        self._enforcement = enforcement

    def check(self, principal: Principal, team: Team | None, *, on_platform_key: bool) -> None:
        """Raise unless the request may run.

        Args:
            principal: who asks.
            team: the team that pays; None when they do.
            on_platform_key: whether the operator's key may be used.

        Raises:
            InsufficientBalanceError: the payer's balance is used up.
            StoreUnavailableError: it could not be read.
        """
        if self._enforcement == "off" or (self._enforcement == "platform" and not on_platform_key):
            return
        if team.has_funds if team else principal.has_funds:
            return
        if self._balances.balance_of(team.owner_id if team else principal.user_id) > 0:
            return
        whose = f"The balance of the owner of the team {team.name}" if team else "Your balance"
        other = "" if self._enforcement == "all" else ", or use a provider key of your own (x-use-byok: true)"
        raise InsufficientBalanceError(f"{whose} is used up. Ask the operator to credit it{other}.")
