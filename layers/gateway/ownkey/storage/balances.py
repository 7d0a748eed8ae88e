"""Prepaid balances, in the Accounts table: what was credited, less what was spent. Both only grow by additions.

Credits are kept one by one, each under a reference that can be used once. What was spent is kept in several lanes, so
that consumers that settle the requests of one payer at once do not wait for each other.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from ownkey.domain.errors import ConflictError
from ownkey.domain.money import EXACT, ZERO, total
from ownkey.storage import keyspace
from ownkey.storage.attributes import Item, Value, read, read_amount, read_optional
from ownkey.storage.table import ABSENT, Action, ClientErrors, ConditionFailedError, DynamoDBClient, Table

LANES = 16
CREDITED = "sum#credited"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """Money that the operator has put on a balance."""

    reference: str
    """What it was for, such as the number of an invoice; once for each user."""
    amount_usd: Decimal
    """Below zero where it corrects another."""
    at: str
    note: str | None = None


class BalanceRepository:
    """Reads and credits balances."""

    def __init__(self, client: DynamoDBClient, table_name: str, client_errors: ClientErrors) -> None:
        self._table = Table(client, table_name, client_errors)

    def balance_of(self, user_id: str) -> Decimal:
        """Return what a user has left, as far as requests are settled; below zero when it was overshot."""
        parts = self._table.query(keyspace.balance(user_id, "")["pk"], "sum#")
        return total(*(_signed(item) for item in parts))

    def credits_of(self, user_id: str) -> Iterator[Credit]:
        """Yield what was credited to a user, by reference."""
        for item in self._table.query(keyspace.balance(user_id, "")["pk"], "credit#"):
            yield _credit(item)

    def credit(self, user_id: str, credit: Credit) -> bool:
        """Credit a user; return whether this was new. The same credit under the same reference counts once.

        Raises:
            ConflictError: the reference stands for another amount.
        """
        place = keyspace.balance(user_id, f"credit#{credit.reference}")
        item: dict[str, Value | None] = {
            **place,
            "reference": credit.reference,
            "amount_usd": credit.amount_usd,
            "at": credit.at,
            "note": credit.note,
        }
        added = self._table.adding(
            keyspace.balance(user_id, CREDITED), "ADD usd :usd", names={}, values={":usd": credit.amount_usd}
        )
        try:
            self._table.transact([self._table.putting(item, condition=ABSENT), added])
        except ConditionFailedError as exc:
            known = self._table.get(place)
            if known is None or _credit(known).amount_usd != credit.amount_usd:
                raise ConflictError(
                    f"The reference {credit.reference} stands for another amount. Choose another reference."
                ) from exc
            return False
        return True


class FundsMarker:
    """Notes on gateway keys and teams whether their payer has anything left: requests read those anyway."""

    def __init__(self, client: DynamoDBClient, table_name: str, client_errors: ClientErrors) -> None:
        self._table = Table(client, table_name, client_errors)

    def mark_gateway_key(self, key_id: str, *, has_funds: bool) -> bool:
        """Note whether the user of a gateway key has funds, unless the key is gone; return whether that was news."""
        return self._mark(keyspace.gateway_key(key_id), has_funds=has_funds)

    def mark_team(self, team_id: str, payer_id: str, *, has_funds: bool) -> bool:
        """Note whether a team's owner has funds, unless it is gone or not theirs; return whether that was news."""
        return self._mark(keyspace.team(team_id), has_funds=has_funds, owner_id=payer_id)

    def mark_empty(self, payer_id: str) -> None:
        """Note on all gateway keys of a user, and on all teams that they own, that nothing is left."""
        for item in list(self._table.query(keyspace.user(payer_id), attributes=("pk", "sk"))):
            place = str(item["sk"])
            if place.startswith(keyspace.GATEWAY_KEY_PREFIX):
                self.mark_gateway_key(place.removeprefix(keyspace.GATEWAY_KEY_PREFIX), has_funds=False)
            elif place.startswith(keyspace.TEAM_PREFIX):
                self.mark_team(place.removeprefix(keyspace.TEAM_PREFIX), payer_id, has_funds=False)

    def _mark(self, key: keyspace.Key, *, has_funds: bool, owner_id: str | None = None) -> bool:
        # True of no item that is not there, whose attributes are none.
        condition = "attribute_exists(pk) AND (attribute_not_exists(has_funds) OR has_funds <> :has)"
        values: dict[str, Value] = {":has": has_funds}
        if owner_id is not None:
            condition, values = f"owner_id = :owner AND {condition}", {**values, ":owner": owner_id}
        try:
            self._table.update(key, "SET has_funds = :has", condition=condition, names={}, values=values)
        except ConditionFailedError:
            return False
        return True


def spending(table: Table, user_id: str, lane: int, amount: Decimal) -> Action:
    """Return the adding of an amount to what a user has spent."""
    return table.adding(
        keyspace.balance(user_id, f"sum#spent#{lane:02d}"), "ADD usd :usd", names={}, values={":usd": amount}
    )


def _signed(item: Item) -> Decimal:
    usd = read_amount(item, "usd") or ZERO
    return usd if item["sk"] == CREDITED else EXACT.minus(usd)


def _credit(item: Item) -> Credit:
    return Credit(
        reference=read(item, "reference", str),
        amount_usd=read_amount(item, "amount_usd") or ZERO,
        at=read(item, "at", str),
        note=read_optional(item, "note"),
    )
