"""Settles usage records: adds them up and charges them, each exactly once.

A transaction writes a mark for each record, which must not be there yet, and with them everything that follows from the
records: sums, and what their payers have spent. Whatever is delivered twice, in another order or to two consumers at
once, and wherever one of them dies: the marks are there with all of it, or nothing is.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ownkey.domain.figures import Figures, MeteredRequest
from ownkey.domain.money import ZERO, total
from ownkey.storage import keyspace, rollups
from ownkey.storage.balances import spending
from ownkey.storage.table import ABSENT, Action, ClientErrors, ConditionFailedError, DynamoDBClient, Table

if TYPE_CHECKING:
    from decimal import Decimal

    from ownkey.storage.attributes import Value
    from ownkey.storage.rollups import Sum

MOST_ACTIONS = 100
"""How many items DynamoDB writes in one transaction."""
MARK_OUTLIVES_SECONDS = 7 * 24 * 3600
"""By how much a mark outlives its record, which DynamoDB deletes late: what is there is never without its mark."""


@dataclass(slots=True)
class _Batch:
    """Requests that are settled together, and the items that this changes beside their marks."""

    requests: list[MeteredRequest] = field(default_factory=list)
    changed: set[object] = field(default_factory=set)

    def takes(self, more: set[object]) -> bool:
        """Return whether one more request, which changes these items, fits into the transaction."""
        return len(self.requests) + 1 + len(self.changed | more) <= MOST_ACTIONS


def batches(requests: Iterable[MeteredRequest]) -> Iterator[list[MeteredRequest]]:
    """Yield requests in batches that one transaction can settle."""
    batch = _Batch()
    for request in requests:
        changed: set[object] = {*rollups.sums_of(request), request.payer_id}
        if not batch.takes(changed):
            yield batch.requests
            batch = _Batch()
        batch.requests.append(request)
        batch.changed |= changed
    if batch.requests:
        yield batch.requests


class SettlementRepository:
    """Writes marks and sums to the Usage table, and what was spent to the Accounts table."""

    def __init__(
        self, client: DynamoDBClient, client_errors: ClientErrors, *, usage_table: str, accounts_table: str, lane: int
    ) -> None:
        """Take `lane`: which of the sums of what a payer spent is added to. Consumers that run at once take others."""
        self._usage = Table(client, usage_table, client_errors)
        self._accounts = Table(client, accounts_table, client_errors)
        self._lane = lane

    def settle(self, requests: Sequence[MeteredRequest]) -> int:
        """Settle a batch of different requests in one transaction, but for those that are settled already.

        Returns:
            How many were not settled before.

        Raises:
            StoreUnavailableError: nothing of it was written, as far as it is known; settle them again.
            ArithmeticError: a sum would not be exact.
        """
        pending = list(requests)
        while pending:
            try:
                self._usage.transact([*self._marks(pending), *self._sums(pending), *self._spent(pending)])
            except ConditionFailedError as exc:
                settled = set(exc.failed)
                pending = [request for place, request in enumerate(pending) if place not in settled]
            else:
                break
        return len(pending)

    def _marks(self, requests: Sequence[MeteredRequest]) -> Iterator[Action]:
        for request in requests:
            mark: dict[str, Value | None] = {
                **keyspace.settled(request.record_id),
                "expires_at_epoch": request.forgotten_at_epoch + MARK_OUTLIVES_SECONDS,
            }
            yield self._usage.putting(mark, condition=ABSENT)

    def _sums(self, requests: Sequence[MeteredRequest]) -> Iterator[Action]:
        figures: dict[Sum, Figures] = {}
        told_by: dict[Sum, dict[str, Value | None]] = {}
        for request in requests:
            for place, said in rollups.sums_of(request).items():
                figures[place] = figures.get(place, Figures()).plus(request.figures)
                told_by[place] = said
        for place, sums in figures.items():
            expires_at = datetime.fromisoformat(str(told_by[place]["day"])).replace(tzinfo=UTC) + rollups.KEPT
            yield rollups.adding(self._usage, place, told_by[place], sums, int(expires_at.timestamp()))

    def _spent(self, requests: Sequence[MeteredRequest]) -> Iterator[Action]:
        spent: dict[str, Decimal] = {}
        for request in requests:
            spent[request.payer_id] = total(spent.get(request.payer_id, ZERO), request.figures.amount_usd)
        for payer_id, amount in spent.items():
            if amount:
                yield spending(self._accounts, payer_id, self._lane, amount)
