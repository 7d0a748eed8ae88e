"""One chat completion, from an authenticated request to the last byte: plan, open, call, translate, meter."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from typing import Protocol

from ownkey.domain.bill import Bill, Written
from ownkey.domain.chat import ChatRequest, ChunkStream, Completion, Deadline, JsonObject, Usage
from ownkey.domain.errors import (
    CallerError,
    InternalError,
    MisconfiguredError,
    ProviderFailureError,
    ProviderKeyRejectedError,
    UpstreamError,
)
from ownkey.domain.identity import Principal
from ownkey.domain.provider_keys import Credential
from ownkey.domain.routing import Attempt
from ownkey.services.chat_ledger import NOTHING, ChatCall, ChatLedger
from ownkey.services.chat_routing import ChatRouter
from ownkey.services.chat_search import ChatSearch
from ownkey.services.searches import KeyOpening
from ownkey.services.spending import Admission, admit
from ownkey.streaming.relay import RelayReport, in_time, relay


class ChatProvider(Protocol):
    """Calls providers; `adapters/adapter.py` is the one."""

    def check(self, request: ChatRequest, *, provider: str, upstream_model: str) -> object:
        """Raise UnsupportedParameterError when a provider cannot do what is asked; nothing is sent."""
        ...

    def complete(
        self, request: ChatRequest, *, provider: str, upstream_model: str, credential: Credential, deadline: Deadline
    ) -> Completion:
        """Return a whole answer."""
        ...

    def stream(
        self, request: ChatRequest, *, provider: str, upstream_model: str, credential: Credential, deadline: Deadline
    ) -> ChunkStream:
        """Return a begun stream."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletedAnswer:
    """A whole completion and the headers that say how it came about."""

    body: JsonObject
    headers: dict[str, str]
    settle: Callable[[], None]
    """Records what was used. Call it once, after the answer has gone out."""
    fail: Callable[[Exception], None]
    """Records that the answer could not be sent, instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamedAnswer:
    """Server-sent events and the headers that go before them."""

    frames: Iterator[bytes]
    headers: dict[str, str]
    settle: Callable[[], None]
    """Hangs up on the provider and records what was used. Call it once, when no more frames will be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatService:
    """Answers chat completions. Every part is handed in; `bootstrap` puts them together."""

    router: ChatRouter
    adapter: ChatProvider
    opener: KeyOpening
    admission: Admission
    ledger: ChatLedger
    search: ChatSearch
    describe_error: Callable[[Exception], JsonObject]
    """The `error` object for a failure after the first byte."""
    now: Callable[[], datetime]

    def answer(
        self, request: ChatRequest, principal: Principal, *, deadline: Deadline, request_id: str
    ) -> CompletedAnswer | StreamedAnswer:
        """Return the completion, or the stream once its first chunk is there.

        Raises:
            GatewayError: as the table in `api/errors.py` says; nothing has been sent then.
        """
        started_at = self.now()
        routed = self.router.route(request, principal, started_at)
        admit(self.admission, principal, started_at)
        call = ChatCall(
            request=routed.request,
            principal=principal,
            deadline=deadline,
            request_id=request_id,
            started_at=started_at,
            billed_team=routed.billed.team if routed.billed else None,
        )
        if routed.search:
            # What would be refused anyway is refused before a search is paid for.
            first = routed.plan.attempts[0]
            self.adapter.check(call.request, provider=first.provider, upstream_model=first.upstream_model)
            call.grounding = self.search.ground(
                call.request,
                routed.search,
                deadline=deadline,
                request_id=request_id,
                note_failure=partial(self.ledger.fail_search, call, routed.search),
            )
            call.request = call.grounding.request
        try:
            return self._first_success(call, routed.plan.attempts)
        except BaseException:
            self.ledger.settle_search(call, outcome="failed")
            raise

    def explain(self, request: ChatRequest, principal: Principal) -> JsonObject:
        """Return the attempts that `answer` would make, and why. Nothing is opened, and nobody is called.

        Raises:
            GatewayError: what the request would be answered with before anybody is called.
        """
        return self.router.route(request, principal, self.now()).explained()

    def _first_success(self, call: ChatCall, attempts: tuple[Attempt, ...]) -> CompletedAnswer | StreamedAnswer:
        for attempt in attempts:
            call.attempts += 1
            try:
                return self._attempt(call, attempt)
            except UpstreamError as error:
                self.ledger.note_failure(call, attempt, error)
                if call.attempts < len(attempts) and error.fallback_allowed:
                    continue
                failure = _as_told(error, attempt)
                self._fail(call, attempt, failure)
                raise failure from (error.__cause__ if failure is error else error)
            except Exception as error:
                # What is refused before anybody was called is no request of any provider's.
                if not isinstance(error, CallerError) or call.attempts > 1:
                    self._fail(call, attempt, error)
                raise
        raise InternalError("a plan without attempts")

    def _fail(self, call: ChatCall, attempt: Attempt, error: Exception) -> None:
        self.ledger.fail(call, attempt, error_code=self._code(error))

    def _unsent(self, call: ChatCall, attempt: Attempt, error: Exception) -> None:
        self._fail(call, attempt, error)
        self.ledger.settle_search(call, outcome="failed")

    def _code(self, error: Exception) -> str:
        return str(self.describe_error(error)["code"])

    def _attempt(self, call: ChatCall, attempt: Attempt) -> CompletedAnswer | StreamedAnswer:
        credential = self.opener.open(attempt.key)
        begin = self._stream if call.request.stream else self._complete
        return begin(call, attempt, credential)

    def _complete(self, call: ChatCall, attempt: Attempt, credential: Credential) -> CompletedAnswer:
        completion = self.adapter.complete(
            call.request,
            provider=attempt.provider,
            upstream_model=attempt.upstream_model,
            credential=credential,
            deadline=call.deadline,
        )
        written = Written()
        for choice in completion.body["choices"]:
            written.add(choice["message"])
        bill = self.ledger.bill(call, attempt, completion.usage, written)
        if completion.usage is None:
            completion.body["usage"] = bill.usage.to_openai()
        if call.grounding:
            call.grounding.cite_completion(completion.body)
        completion.body["x_ownkey_pricing"] = self.ledger.receipt(call, attempt, bill)
        call.first_byte_at = self.now()
        return CompletedAnswer(
            body=completion.body,
            headers=_headers(call, attempt, completion.dropped),
            settle=partial(self.ledger.settle, call, attempt, bill, outcome="completed"),
            fail=partial(self._unsent, call, attempt),
        )

    def _stream(self, call: ChatCall, attempt: Attempt, credential: Credential) -> StreamedAnswer:
        stream = self.adapter.stream(
            call.request,
            provider=attempt.provider,
            upstream_model=attempt.upstream_model,
            credential=credential,
            deadline=call.deadline,
        )
        chunks = call.grounding.cite_chunks(iter(stream)) if call.grounding else iter(stream)
        try:
            first = next(chunks, None)
            if first is None:
                raise ProviderFailureError(
                    f"{attempt.provider} ended the stream before it began.", provider=attempt.provider
                )
        except BaseException:
            stream.close()
            raise
        call.first_byte_at = self.now()
        report = RelayReport()

        @cache
        def bill() -> Bill:
            if report.outcome == "failed":
                return NOTHING
            return self.ledger.bill(call, attempt, stream.usage, report.written)

        def ending(last: JsonObject) -> Iterator[JsonObject]:
            receipt = self.ledger.receipt(call, attempt, bill())
            return _closing_chunks(call, last, bill().usage, receipt=receipt)

        def failing(error: Exception) -> JsonObject:
            receipt = self.ledger.receipt(call, attempt, bill())
            return {"error": self.describe_error(error), "x_ownkey_pricing": receipt}

        def settle() -> None:
            stream.close()
            code = self._code(report.error) if report.error else None
            self.ledger.settle(call, attempt, bill(), outcome=report.outcome, error=report.error, error_code=code)

        rest = in_time(chunks, call.deadline, attempt.provider)
        frames = relay(first, rest, report, ending=ending, failing=failing)
        return StreamedAnswer(frames=frames, headers=_headers(call, attempt, stream.dropped), settle=settle)


def _as_told(error: UpstreamError, attempt: Attempt) -> UpstreamError | MisconfiguredError:
    """Return the failure as the caller is told of it."""
    if isinstance(error, ProviderKeyRejectedError) and attempt.credential == "platform":
        return MisconfiguredError(f"{attempt.provider} rejects the platform's own key")
    return error


def _closing_chunks(call: ChatCall, last: JsonObject, usage: Usage, *, receipt: JsonObject) -> Iterator[JsonObject]:
    """Yield the finish chunk and, where usage was asked for, one more for it. The last carries the receipt."""
    if not call.request.include_usage:
        yield {**last, "x_ownkey_pricing": receipt}
        return
    yield last
    shown = usage.to_openai()
    if call.grounding:
        shown = call.grounding.counted(shown)
    yield {**last, "choices": [], "usage": shown, "x_ownkey_pricing": receipt}


def _headers(call: ChatCall, attempt: Attempt, dropped: tuple[str, ...]) -> dict[str, str]:
    headers = {
        "x-ownkey-provider": attempt.provider,
        "x-ownkey-credential": attempt.credential,
        "x-ownkey-attempts": str(call.attempts),
    }
    if attempt.key.key_suffix and attempt.credential != "platform":
        headers["x-ownkey-key-suffix"] = attempt.key.key_suffix
    if dropped:
        headers["x-ownkey-dropped"] = ",".join(dropped)
    if call.grounding:
        headers.update(call.grounding.headers)
    return headers
