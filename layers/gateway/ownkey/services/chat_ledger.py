"""What is written down of a chat: its usage, how its key fared, a log line. It never fails the caller."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from ownkey.domain.chat import ChatRequest, Deadline, Usage
from ownkey.domain.errors import GatewayError, ProviderKeyRejectedError, UpstreamError
from ownkey.domain.identity import Principal
from ownkey.domain.provider_keys import KeyStatus, ProviderKey
from ownkey.domain.routing import Attempt
from ownkey.domain.usage import UsageOutcome, UsageRecord
from ownkey.observability import Logger

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
    attempts: int = 0
    first_byte_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatLedger:
    """Writes down what became of chats."""

    keys: KeyNotes
    usage: UsageStore
    now: Callable[[], datetime]
    logger: Logger

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
        record = _record(call, attempt, usage, estimated=estimated, outcome=outcome, ended_at=self.now())
        self._never_failing(lambda: self.usage.put(record), "the usage record was not stored", call)
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
    call: ChatCall, attempt: Attempt, usage: Usage, *, estimated: bool, outcome: UsageOutcome, ended_at: datetime
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
        byok=attempt.credential != "platform",
        stream=call.request.stream,
        usage=usage,
        estimated=estimated,
        outcome=outcome,
        started_at=call.started_at,
        duration_ms=_milliseconds(ended_at - call.started_at),
        time_to_first_byte_ms=_milliseconds((call.first_byte_at or ended_at) - call.started_at),
    )


def _milliseconds(span: timedelta) -> int:
    return round(span.total_seconds() * 1000)
