"""What is written down of a chat: its usage, how its key fared, a log line. It never fails the caller."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from ownkey.billing.pricing import charge_for
from ownkey.billing.receipt import build_receipt, total, with_search
from ownkey.domain.chat import ChatRequest, Deadline, JsonObject, Usage
from ownkey.domain.errors import UpstreamError
from ownkey.domain.identity import Principal
from ownkey.domain.prices import Charge
from ownkey.domain.routing import Attempt
from ownkey.domain.teams import Team
from ownkey.domain.usage import UsageOutcome, UsageRecord
from ownkey.observability import Logger
from ownkey.services.chat_search import Grounding
from ownkey.services.key_notes import KeyNotes
from ownkey.services.searches import MadeSearch
from ownkey.services.spending import SpendingStore, count


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
    grounding: Grounding | None = None
    """What a web search came to, where one was asked for."""
    attempts: int = 0
    first_byte_at: datetime | None = None

    @property
    def search(self) -> MadeSearch | None:
        """The web search that was made before it."""
        return self.grounding.search if self.grounding else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatLedger:
    """Writes down what became of chats."""

    notes: KeyNotes
    usage: UsageStore
    spending: SpendingStore
    fee_rate: str
    """The platform fee as a decimal fraction of the list price."""
    now: Callable[[], datetime]
    logger: Logger

    def receipt(self, call: ChatCall, attempt: Attempt, usage: Usage) -> JsonObject:
        """Return the receipt that travels with the answer."""
        charge = charge_for(usage, attempt, fee_rate=self.fee_rate)
        receipt = build_receipt(usage, charge, attempt, request_id=call.request_id, billed_team=call.billed_team)
        if search := call.search:
            return with_search(receipt, charge, search.attempt, search.charge)
        return receipt

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
        self.settle_search(call, outcome="completed")
        self._never_failing(lambda: self._count(call, charge, ended_at), "what was spent was not counted", call)
        self.notes.used(attempt.key, request_id=call.request_id)
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
        amount = total(charge.amount, call.search.charge.amount) if call.search else charge.amount
        count(self.spending, amount, call.principal, call.billed_team, at)

    def settle_search(self, call: ChatCall, *, outcome: UsageOutcome) -> None:
        """Record the web search before a chat, if there was one; it is `failed`, and costs nothing, with its chat."""
        if search := call.search:
            record = search.record(
                call.principal, request_id=f"{call.request_id}.search", team=call.billed_team, outcome=outcome
            )
            self._never_failing(lambda: self.usage.put(record), "the search's usage record was not stored", call)

    def note_failure(self, call: ChatCall, attempt: Attempt, error: UpstreamError) -> None:
        """Log an attempt that failed, and mark the key invalid when that was the reason."""
        self.notes.failed(attempt, error, request_id=call.request_id, number=call.attempts)

    def _never_failing(self, write: Callable[[], None], message: str, call: ChatCall) -> None:
        self.notes.never_failing(write, message, call.request_id)


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
        payer_id=call.billed_team.owner_id if call.billed_team else call.principal.user_id,
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
