"""Settles the usage records that come through the Usage table's stream, and notes whose balance is used up."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from ownkey.domain.errors import StoreUnavailableError
from ownkey.domain.figures import MeteredRequest
from ownkey.observability import Logger
from ownkey.storage.metered import metered_request
from ownkey.storage.settlements import batches
from ownkey.storage.table import is_refused

if TYPE_CHECKING:
    from decimal import Decimal

Image = Mapping[str, Mapping[str, Any]]
"""A usage record in DynamoDB's typed values."""


class Settlements(Protocol):
    """Settles records; `storage/settlements.py` is the one."""

    def settle(self, requests: Sequence[MeteredRequest]) -> int:
        """Settle a batch in one transaction, but for what is settled already; return how many were new."""
        ...


class Balances(Protocol):
    """Knows balances."""

    def balance_of(self, user_id: str) -> "Decimal":
        """Return what a user has left, in US dollars."""
        ...


class FundsMarks(Protocol):
    """Notes where requests will see it whether their payer has anything left."""

    def mark_gateway_key(self, key_id: str, *, has_funds: bool) -> bool:
        """Note it on a gateway key; return whether that was news."""
        ...

    def mark_team(self, team_id: str, payer_id: str, *, has_funds: bool) -> bool:
        """Note it on a team, while this payer owns it; return whether that was news."""
        ...

    def mark_empty(self, payer_id: str) -> None:
        """Note on everything that a payer pays for that nothing is left."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class MeteringService:
    """Settles records, each exactly once, however often and in whatever order they come."""

    settlements: Settlements
    balances: Balances
    marks: FundsMarks | None
    """None where no request needs a balance."""
    canonical_model: Callable[[str], str]
    """The catalog's name for what a caller wrote."""
    logger: Logger

    def settle(self, images: Mapping[str, Image]) -> dict[str, Exception]:
        """Settle records under ids of the caller's choice; return why some could not be, by these ids.

        Those have to come again. What is settled is not undone by that.
        """
        failures: dict[str, Exception] = {}
        found: dict[str, list[str]] = {}
        requests: dict[str, MeteredRequest] = {}
        for name, image in images.items():
            try:
                request = metered_request(image)
            except StoreUnavailableError as error:
                failures[name] = error
                continue
            found.setdefault(request.record_id, []).append(name)
            requests[request.record_id] = replace(request, model=self.canonical_model(request.model))
        failed: dict[str, Exception] = {}
        settled = 0
        for batch in batches(requests.values()):
            settled += self._settle(batch, failed)
        self._mark([request for request in requests.values() if request.record_id not in failed], failed)
        for record_id, reason in failed.items():
            failures |= dict.fromkeys(found[record_id], reason)
        self.logger.info("usage settled", records=len(images), settled=settled, failed=len(failures))
        return failures

    def _settle(self, batch: Sequence[MeteredRequest], failed: dict[str, Exception]) -> int:
        """Return how many are settled now. A batch that DynamoDB finds fault with is halved, to find the culprit."""
        try:
            return self.settlements.settle(batch)
        except (StoreUnavailableError, ArithmeticError) as error:
            if len(batch) > 1 and (isinstance(error, ArithmeticError) or is_refused(error)):
                middle = len(batch) // 2
                return self._settle(batch[:middle], failed) + self._settle(batch[middle:], failed)
            failed |= {request.record_id: error for request in batch}
            return 0

    def _mark(self, requests: Iterable[MeteredRequest], failed: dict[str, Exception]) -> None:
        """Note who has funds. Records that were settled before count too: their consumer may have died before this."""
        if self.marks is None:
            return
        places: dict[tuple[str, str | None, str | None], list[str]] = {}
        for request in requests:
            key_id = None if request.team_id else request.gateway_key_id
            places.setdefault((request.payer_id, request.team_id, key_id), []).append(request.record_id)
        has_funds: dict[str, bool] = {}
        for (payer_id, team_id, key_id), record_ids in places.items():
            try:
                if payer_id not in has_funds:
                    has_funds[payer_id] = self.balances.balance_of(payer_id) > 0
                if self._is_news(payer_id, team_id, key_id, has_funds=has_funds[payer_id]) and not has_funds[payer_id]:
                    # Else each of their other keys would let requests through until one of its own is settled.
                    self.marks.mark_empty(payer_id)
            except StoreUnavailableError as error:
                failed |= dict.fromkeys(record_ids, error)

    def _is_news(self, payer_id: str, team_id: str | None, key_id: str | None, *, has_funds: bool) -> bool:
        """Note it where the request was made; return whether something else was noted there."""
        if self.marks is None or (team_id is None and key_id is None):
            return False
        if team_id is not None:
            return self.marks.mark_team(team_id, payer_id, has_funds=has_funds)
        return self.marks.mark_gateway_key(str(key_id), has_funds=has_funds)
