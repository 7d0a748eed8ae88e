"""One chat completion, from an authenticated request to the last byte: plan, open, call, translate, meter."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Protocol

from ownkey.billing.receipt import build_receipt, estimated_usage
from ownkey.domain.chat import ChatRequest, ChunkStream, Completion, Deadline, JsonObject, Usage
from ownkey.domain.errors import (
    InternalError,
    MisconfiguredError,
    ProviderFailureError,
    ProviderKeyRejectedError,
    TeamForbiddenError,
    UpstreamError,
)
from ownkey.domain.identity import Principal
from ownkey.domain.provider_keys import PLATFORM_OWNER, Credential, ProviderKey
from ownkey.domain.routing import Attempt, Candidate, CredentialOwner, KeyRing, ModelListing, RoutePlan
from ownkey.routing.candidates import candidates_for
from ownkey.routing.explanation import explain_route
from ownkey.routing.planner import plan
from ownkey.routing.providers import Providers
from ownkey.routing.suffixes import apply_suffixes
from ownkey.services.chat_ledger import ChatCall, ChatLedger
from ownkey.streaming.relay import RelayReport, relay


class KeyStore(Protocol):
    """What a chat reads of stored provider keys."""

    def load_for_use(self, owner: str, provider: str) -> ProviderKey | None:
        """Return one key with its ciphertext, in one read."""
        ...

    def load_all_for_use(self, owner: str) -> list[ProviderKey]:
        """Return all keys of an owner with their ciphertexts, in one read."""
        ...


class KeyOpening(Protocol):
    """Decrypts one stored key."""

    def open(self, key: ProviderKey) -> Credential:
        """Return the credential; raises VaultUnavailableError."""
        ...


class ModelCatalog(Protocol):
    """Knows who runs a model."""

    def listing_of(self, model: str) -> ModelListing:
        """Return what is known of `model`; without candidates when nobody is known to run it."""
        ...

    def nearest_names(self, model: str) -> tuple[str, ...]:
        """Return the names of models most like `model`."""
        ...


class ChatProvider(Protocol):
    """Calls providers; `adapters/adapter.py` is the one."""

    def left_out(self, request: ChatRequest, *, provider: str, upstream_model: str) -> tuple[str, ...]:
        """Return the fields of the request that `provider` could not take."""
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

    adapter: ChatProvider
    keys: KeyStore
    opener: KeyOpening
    ledger: ChatLedger
    providers: Providers
    catalog: ModelCatalog
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
        request, started_at = apply_suffixes(request, self.providers), self.now()
        route = self._route(request, principal, started_at)
        call = ChatCall(
            request=request, principal=principal, deadline=deadline, request_id=request_id, started_at=started_at
        )
        return self._first_success(call, route.attempts)

    def explain(self, request: ChatRequest, principal: Principal) -> JsonObject:
        """Return the attempts that `answer` would make, and why. Nothing is opened, and nobody is called.

        Raises:
            GatewayError: what the request would be answered with before anybody is called.
        """
        request = apply_suffixes(request, self.providers)
        route = self._route(request, principal, self.now())
        return explain_route(request, self.catalog.listing_of(request.model), route)

    def _route(self, request: ChatRequest, principal: Principal, now: datetime) -> RoutePlan:
        if request.team_id:
            raise TeamForbiddenError("x-team-id names no team of yours. Leave the header out.")
        shortlist = candidates_for(
            request,
            self.catalog.listing_of(request.model),
            self.providers,
            nearest_names=self.catalog.nearest_names,
            left_out=lambda each: self.adapter.left_out(
                request, provider=each.provider, upstream_model=each.upstream_model
            ),
        )
        credential: CredentialOwner = "user" if request.byok.enabled else "platform"
        owner = principal.owner if request.byok.enabled else PLATFORM_OWNER
        ring = KeyRing(credential, self._load_keys(owner, shortlist.candidates))
        return plan(shortlist, (ring,), now=now, fail_fast=not request.may_fall_back)

    def _load_keys(self, owner: str, candidates: tuple[Candidate, ...]) -> dict[str, ProviderKey]:
        if len(candidates) == 1:
            key = self.keys.load_for_use(owner, candidates[0].provider)
            return {key.provider: key} if key else {}
        return {key.provider: key for key in self.keys.load_all_for_use(owner)}

    def _first_success(self, call: ChatCall, attempts: tuple[Attempt, ...]) -> CompletedAnswer | StreamedAnswer:
        for attempt in attempts:
            call.attempts += 1
            try:
                return self._attempt(call, attempt)
            except UpstreamError as error:
                self.ledger.note_failure(call, attempt, error)
                if call.attempts < len(attempts) and error.fallback_allowed:
                    continue
                if isinstance(error, ProviderKeyRejectedError) and attempt.credential == "platform":
                    raise MisconfiguredError(f"{attempt.provider} rejects the platform's own key") from error
                raise
        raise InternalError("a plan without attempts")

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
        usage = completion.usage
        if usage is None:
            written = sum(len(str(choice.get("message"))) for choice in completion.body["choices"])
            usage = estimated_usage(call.request.body, written)
            completion.body["usage"] = usage.to_openai()
        completion.body["x_ownkey_pricing"] = build_receipt(
            usage, credential=attempt.credential, provider=attempt.provider, request_id=call.request_id
        )
        call.first_byte_at = self.now()
        settle = partial(
            self.ledger.settle, call, attempt, usage, estimated=completion.usage is None, outcome="completed"
        )
        return CompletedAnswer(body=completion.body, headers=_headers(call, attempt, completion.dropped), settle=settle)

    def _stream(self, call: ChatCall, attempt: Attempt, credential: Credential) -> StreamedAnswer:
        stream = self.adapter.stream(
            call.request,
            provider=attempt.provider,
            upstream_model=attempt.upstream_model,
            credential=credential,
            deadline=call.deadline,
        )
        chunks = iter(stream)
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

        def usage() -> Usage:
            return stream.usage or estimated_usage(call.request.body, report.output_characters)

        def ending(last: JsonObject) -> Iterator[JsonObject]:
            return _closing_chunks(call, attempt, last, usage())

        def settle() -> None:
            stream.close()
            self.ledger.settle(
                call, attempt, usage(), estimated=stream.usage is None, outcome=report.outcome, error=report.error
            )

        frames = relay(first, chunks, report, ending=ending, describe_error=self.describe_error)
        return StreamedAnswer(frames=frames, headers=_headers(call, attempt, stream.dropped), settle=settle)


def _closing_chunks(call: ChatCall, attempt: Attempt, last: JsonObject, usage: Usage) -> Iterator[JsonObject]:
    """Yield the finish chunk and, where usage was asked for, one more for it. The last carries the receipt."""
    receipt = build_receipt(usage, credential=attempt.credential, provider=attempt.provider, request_id=call.request_id)
    if not call.request.include_usage:
        yield {**last, "x_ownkey_pricing": receipt}
        return
    yield last
    yield {**last, "choices": [], "usage": usage.to_openai(), "x_ownkey_pricing": receipt}


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
    return headers
