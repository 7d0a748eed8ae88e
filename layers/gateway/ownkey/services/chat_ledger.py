"""What is written down of a chat: its usage, how its key fared, a log line. It never fails the caller."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from ownkey.billing.estimate import measured_usage
from ownkey.billing.pricing import UNKNOWN, charge_for
from ownkey.billing.receipt import build_receipt, total, with_search
from ownkey.domain.bill import Bill, Written
from ownkey.domain.chat import ChatRequest, Deadline, JsonObject, Usage
from ownkey.domain.errors import UpstreamError
from ownkey.domain.identity import Principal
from ownkey.domain.routing import Attempt, SearchPlan
from ownkey.domain.teams import Team
from ownkey.domain.usage import UsageOutcome, UsageRecord
from ownkey.observability import Logger
from ownkey.services.chat_search import Grounding
from ownkey.services.key_notes import KeyNotes
from ownkey.services.searches import MadeSearch, failed_search
from ownkey.services.spending import SpendingStore, count
from ownkey.services.usage_keeping import UsageStore

NOTHING = Bill(usage=Usage(), charge=UNKNOWN.waived())
"""What a request comes to of whose answer nothing was delivered."""


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
    """Makes the bills of chats, and writes down what became of them. It never fails the caller."""

    notes: KeyNotes
    usage: UsageStore
    spending: SpendingStore
    fee_rate: str
    """The platform fee as a decimal fraction of the list price."""
    catalog_version: Callable[[], str]
    """Names the catalog that attempts have their prices from."""
    now: Callable[[], datetime]
    logger: Logger

    def bill(self, call: ChatCall, attempt: Attempt, reported: Usage | None, written: Written) -> Bill:
        """Return what an answer comes to; make it once, for the receipt and the record.

        Args:
            call: the request.
            attempt: the one that was answered.
            reported: the usage that the provider reported.
            written: what came of the answer.
        """
        usage, estimated = reported or Usage(), reported is None
        try:
            usage, estimated = measured_usage(reported, call.request.body, written)
            version = self.catalog_version()
            charge = charge_for(usage, attempt, fee_rate=self.fee_rate, catalog_version=version)
        except Exception as error:  # whatever it is, the provider was paid: what was used is told and recorded
            self.logger.error("the request could not be priced", error=error, request_id=call.request_id)
            charge = UNKNOWN
        return Bill(usage=usage, charge=charge, estimated=estimated)

    def receipt(self, call: ChatCall, attempt: Attempt, bill: Bill) -> JsonObject:
        """Return the receipt that travels with the answer."""
        receipt = build_receipt(bill, attempt, request_id=call.request_id, billed_team=call.billed_team)
        if search := call.search:
            of_search = search.charge.waived() if bill == NOTHING else search.charge
            return with_search(receipt, bill.charge, search.attempt, of_search)
        return receipt

    def settle(
        self,
        call: ChatCall,
        attempt: Attempt,
        bill: Bill,
        *,
        outcome: UsageOutcome,
        error: Exception | None = None,
        error_code: str | None = None,
    ) -> None:
        """Record what was delivered, and the error that cut it; nothing is charged for what is `failed`."""
        if error is not None:
            self.logger.error("the stream was cut", error=error, request_id=call.request_id, provider=attempt.provider)
        if outcome == "failed":
            self.fail(call, attempt, error_code=error_code)
            self.settle_search(call, outcome=outcome)
            return
        ended_at = self.now()
        self._keep(call, _record(call, attempt, bill, outcome=outcome, error_code=error_code, ended_at=ended_at))
        self.settle_search(call, outcome="completed")
        self._never_failing(lambda: self._count(call, bill, ended_at), "what was spent was not counted", call)
        self.notes.used(attempt.key, request_id=call.request_id)

    def fail(self, call: ChatCall, attempt: Attempt, *, error_code: str | None) -> None:
        """Record a request of whose answer nothing was delivered: nothing is charged for it, nor for its search."""
        self._keep(call, _record(call, attempt, NOTHING, outcome="failed", error_code=error_code, ended_at=self.now()))

    def _keep(self, call: ChatCall, record: UsageRecord) -> None:
        self._never_failing(lambda: self.usage.put(record), "the usage record was not stored", call)
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
            error_code=record.error_code,
            input_tokens=record.usage.input_tokens,
            output_tokens=record.usage.output_tokens,
            estimated=record.estimated,
            price_source=record.charge.source,
            duration_ms=record.duration_ms,
            time_to_first_byte_ms=record.time_to_first_byte_ms,
        )

    def _count(self, call: ChatCall, bill: Bill, at: datetime) -> None:
        amounts = (bill.charge.amount, call.search.charge.amount if call.search else None)
        # What is known counts, even where the other price is not.
        known = [amount for amount in amounts if amount is not None]
        amount = total(*known) if known else None
        count(self.spending, amount, call.principal, call.billed_team, at)

    def settle_search(self, call: ChatCall, *, outcome: UsageOutcome) -> None:
        """Record the web search before a chat, if there was one; it is `failed`, and costs nothing, with its chat."""
        if search := call.search:
            request_id = _search_id(call)
            record = search.record(call.principal, request_id=request_id, team=call.billed_team, outcome=outcome)
            self._keep_search(call, record)

    def fail_search(self, call: ChatCall, plan: SearchPlan, error_code: str) -> None:
        """Record a web search before a chat that came to nothing, whatever becomes of the chat."""
        if plan.attempt:
            record = failed_search(
                plan.attempt,
                call.principal,
                depth=plan.wish.depth or "standard",
                request_id=_search_id(call),
                team=call.billed_team,
                error_code=error_code,
                started_at=call.started_at,
                ended_at=self.now(),
            )
            self._keep_search(call, record)

    def note_failure(self, call: ChatCall, attempt: Attempt, error: UpstreamError) -> None:
        """Log an attempt that failed, and mark the key invalid when that was the reason."""
        self.notes.failed(attempt, error, request_id=call.request_id, number=call.attempts)

    def _keep_search(self, call: ChatCall, record: UsageRecord) -> None:
        self._never_failing(lambda: self.usage.put(record), "the search's usage record was not stored", call)

    def _never_failing(self, write: Callable[[], None], message: str, call: ChatCall) -> None:
        self.notes.never_failing(write, message, call.request_id)


def _record(
    call: ChatCall,
    attempt: Attempt,
    bill: Bill,
    *,
    outcome: UsageOutcome,
    error_code: str | None,
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
        usage=bill.usage,
        charge=bill.charge,
        team_id=call.billed_team.team_id if call.billed_team else None,
        estimated=bill.estimated,
        outcome=outcome,
        error_code=error_code,
        started_at=call.started_at,
        duration_ms=_milliseconds(ended_at - call.started_at),
        time_to_first_byte_ms=_milliseconds(call.first_byte_at - call.started_at) if call.first_byte_at else None,
    )


def _search_id(call: ChatCall) -> str:
    return f"{call.request_id}.search"


def _milliseconds(span: timedelta) -> int:
    return round(span.total_seconds() * 1000)
