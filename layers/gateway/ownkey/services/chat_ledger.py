"""What is written down of a chat: its usage, how its key fared, a log line. It never fails the caller."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from ownkey.billing.pricing import charge_for
from ownkey.billing.receipt import build_receipt
from ownkey.domain.chat import ChatRequest, Deadline, JsonObject, Usage
from ownkey.domain.errors import GatewayError, ProviderKeyRejectedError, UpstreamError
from ownkey.domain.identity import Principal
from ownkey.domain.prices import Charge
from ownkey.domain.provider_keys import KeyStatus, ProviderKey
from ownkey.domain.routing import Attempt
from ownkey.domain.teams import Team
from ownkey.domain.usage import UsageOutcome, UsageRecord
from ownkey.observability import Logger

if TYPE_CHECKING:
    from decimal import Decimal

LAST_USED_RESOLUTION = timedelta(hours=1)
"""How exact `last_used_at` is: one write an hour and key, not one a request."""


class KeyNotes(Protocol):
    """What is noted of stored provider keys."""

    def mark(self, key: ProviderKey, *, status: KeyStatus, last_error: str | None, at: datetime) -> None:
        """Note what a provider said of a key, unless it was replaced meanwhile."""
        ...

    def touch(self, key: ProviderKey, *, at: datetime) -> None:
        """Note that a key was used."""
        ...


class SpendingStore(Protocol):
    """Counts what was spent."""

    def add(
        self, amount: "Decimal | None", *, now: datetime, gateway_key_id: str | None, member: tuple[str, str] | None
    ) -> None:
        """Add what a request has cost to the counters of its gateway key, its team and its member."""
        ...


class UsageStore(Protocol):
    """Keeps usage records."""

    def put(self, record: UsageRecord) -> None:
        """Store a record once."""
        ...


@dataclass(slots=True, kw_only=True)
class ChatCall:
    """One request on its way."""

    request: ChatRequest
    principal: Principal
    deadline: Deadline
    request_id: str
    started_at: datetime
    billed_team: Team | None = None
    """The team that pays; None when the caller does."""
    attempts: int = 0
    first_byte_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatLedger:
    """Writes down what became of chats."""

    keys: KeyNotes
    usage: UsageStore
    spending: SpendingStore
    fee_rate: str
    """The platform fee as a decimal fraction of the list price."""
    now: Callable[[], datetime]
    logger: Logger

    def receipt(self, call: ChatCall, attempt: Attempt, usage: Usage) -> JsonObject:
        """Return the receipt that travels with the answer."""
        charge = charge_for(usage, attempt, fee_rate=self.fee_rate)
        return build_receipt(usage, charge, attempt, request_id=call.request_id, billed_team=call.billed_team)

    def settle(
        self,
        call: ChatCall,
        attempt: Attempt,
        usage: Usage,
        *,
        estimated: bool,
        outcome: UsageOutcome,
        error: Exception | None = None,
    ) -> None:
        """Record what was delivered, and the error that cut it. Never fails the caller, who has the answer already."""
        if error is not None:
            self.logger.error("the stream was cut", error=error, request_id=call.request_id, provider=attempt.provider)
        charge, ended_at = charge_for(usage, attempt, fee_rate=self.fee_rate), self.now()
        record = _record(call, attempt, usage, charge, estimated=estimated, outcome=outcome, ended_at=ended_at)
        self._never_failing(lambda: self.usage.put(record), "the usage record was not stored", call)
        self._never_failing(lambda: self._count(call, charge, ended_at), "what was spent was not counted", call)
        self._never_failing(lambda: self._note_use(attempt.key, self.now()), "the key's use was not noted", call)
        self.logger.info(
            "chat completion",
            request_id=record.request_id,
            user_id=record.user_id,
            provider=record.provider,
            model=record.model,
            credential_owner=record.credential,
            attempts=call.attempts,
            stream=record.stream,
            outcome=record.outcome,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            estimated=record.estimated,
            duration_ms=record.duration_ms,
            time_to_first_byte_ms=record.time_to_first_byte_ms,
        )

    def _count(self, call: ChatCall, charge: Charge, at: datetime) -> None:
        principal, team = call.principal, call.billed_team
        self.spending.add(
            charge.amount,
            now=at,
            gateway_key_id=principal.gateway_key_id if principal.limits.usd_per_day is not None else None,
            member=(team.team_id, principal.user_id) if team else None,
        )

    def _note_use(self, key: ProviderKey, at: datetime) -> None:
        if key.status is KeyStatus.UNVERIFIED:
            # The provider has just answered on it.
            self.keys.mark(key, status=KeyStatus.ACTIVE, last_error=None, at=at)
        elif key.last_used_at is None or at - datetime.fromisoformat(key.last_used_at) >= LAST_USED_RESOLUTION:
            self.keys.touch(key, at=at)

    def note_failure(self, call: ChatCall, attempt: Attempt, error: UpstreamError) -> None:
        """Log an attempt that failed, and mark the key invalid when that was the reason."""
        self.logger.warning(
            "the attempt failed",
            request_id=call.request_id,
            provider=attempt.provider,
            attempt=call.attempts,
            exception_name=type(error).__name__,
            upstream_status=error.upstream_status,
            reason=error.message,
        )
        if isinstance(error, ProviderKeyRejectedError) and attempt.credential != "platform":
            self._never_failing(
                lambda: self.keys.mark(attempt.key, status=KeyStatus.INVALID, last_error=error.message, at=self.now()),
                "the key was not marked invalid",
                call,
            )

    def _never_failing(self, write: Callable[[], None], message: str, call: ChatCall) -> None:
        try:
            write()
        except GatewayError as error:
            self.logger.error(message, error=error, request_id=call.request_id)


def _record(
    call: ChatCall,
    attempt: Attempt,
    usage: Usage,
    charge: Charge,
    *,
    estimated: bool,
    outcome: UsageOutcome,
    ended_at: datetime,
) -> UsageRecord:
    return UsageRecord(
        request_id=call.request_id,
        user_id=call.principal.user_id,
        owner=attempt.key.owner,
        provider=attempt.provider,
        model=call.request.model,
        upstream_model=attempt.upstream_model,
        credential=attempt.credential,
        key_id=attempt.key.key_id,
        gateway_key_id=call.principal.gateway_key_id,
        byok=attempt.credential != "platform",
        stream=call.request.stream,
        usage=usage,
        charge=charge,
        team_id=call.billed_team.team_id if call.billed_team else None,
        estimated=estimated,
        outcome=outcome,
        started_at=call.started_at,
        duration_ms=_milliseconds(ended_at - call.started_at),
        time_to_first_byte_ms=_milliseconds((call.first_byte_at or ended_at) - call.started_at),
    )


def _milliseconds(span: timedelta) -> int:
    return round(span.total_seconds() * 1000)
