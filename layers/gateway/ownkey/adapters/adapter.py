"""A provider, callable: its row, its protocol and the transport put together."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from ownkey import __version__
from ownkey.adapters.answer_stream import AnswerStream
from ownkey.adapters.auth_headers import auth_headers
from ownkey.adapters.classification import ERROR_BODY_LIMIT, ErrorClassifier
from ownkey.adapters.protocols import openai_chat
from ownkey.adapters.protocols.decoding import decode_stream
from ownkey.adapters.protocols.error_reports import read_report
from ownkey.adapters.protocols.wire import Rendered, StreamReader, wire_protocol
from ownkey.adapters.retries import RetryOnce
from ownkey.adapters.spec import ProtocolName, ProviderSpec
from ownkey.domain.chat import ChatRequest, ChunkStream, Completion, Deadline, JsonObject
from ownkey.domain.errors import (
    ProviderUnsupportedError,
    UnknownProviderError,
    UnsupportedParameterError,
    UpstreamError,
)
from ownkey.domain.provider_keys import Credential
from ownkey.domain.upstream import Transport, UpstreamRequest, UpstreamResponse

if TYPE_CHECKING:
    from ownkey.adapters.bedrock import BedrockCaller

ANSWER_LIMIT = 32 * 1024 * 1024
"""The largest whole answer that is taken."""

SPOKEN: frozenset[ProtocolName] = frozenset(
    {"openai_chat", "openai_responses", "anthropic_messages", "google_generate_content", "bedrock_converse"}
)
"""The wire formats that chat runs on."""

_SOME_SETTINGS = MappingProxyType({"deploymentName": "model", "apiVersion": "", "region": "us-east-1"})
"""Stand for a credential's settings where only the body of a request matters."""
_EVENT_STARTS = (b"data:", b"event:", b":")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """What one call is made of."""

    spec: ProviderSpec
    request: ChatRequest
    upstream_model: str
    credential: Credential
    deadline: Deadline
    base_url: str
    transport: Transport
    """Of this call alone: it counts what it sends twice."""
    errors: ErrorClassifier


@dataclass(frozen=True, slots=True)
class _Opened:
    """A provider's good answer, of which only status and headers were read."""

    response: UpstreamResponse
    rendered: Rendered


class ChatAdapter:
    """Runs chat completions at every provider whose protocol is spoken here."""

    def __init__(
        self,
        specs: Mapping[str, ProviderSpec],
        transport: Transport,
        base_urls: Mapping[str, str] = MappingProxyType({}),
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Make an adapter.

        Args:
            specs: the providers, by slug.
            transport: sends the requests.
            base_urls: URLs that take the place of providers' own, by slug; for Azure, of the credential's endpoint.
            sleep: waits before a request is sent a second time.
        """
        self._specs = specs
        self._transport = transport
        self._base_urls = base_urls
        self._sleep = sleep
        self._refused = openai_chat.RefusedParameters()
        self._bedrock_callers: dict[str, BedrockCaller] = {}

    def supports(self, provider: str) -> bool:
        """Return whether `provider` can run chat completions here."""
        spec = self._specs.get(provider)
        return spec is not None and spec.kind == "chat" and spec.protocol in SPOKEN

    def left_out(self, request: ChatRequest, *, provider: str, upstream_model: str) -> tuple[str, ...]:
        """Return the fields of the request that `provider` could not take: dropped, or refused by name."""
        try:
            return self.check(request, provider=provider, upstream_model=upstream_model)
        except UnsupportedParameterError as refusal:
            return (str(refusal.param),)

    def check(self, request: ChatRequest, *, provider: str, upstream_model: str) -> tuple[str, ...]:
        """Return the fields of the request that `provider` would drop; nothing is sent.

        Raises:
            UnsupportedParameterError: the provider cannot do what is asked.
        """
        spec = self._specs[provider]
        rendered = wire_protocol(spec.protocol).render_request(
            spec, request, upstream_model=upstream_model, credential_settings=_SOME_SETTINGS
        )
        return rendered.dropped

    def complete(
        self, request: ChatRequest, *, provider: str, upstream_model: str, credential: Credential, deadline: Deadline
    ) -> Completion:
        """Return the whole answer.

        Raises:
            UnsupportedParameterError: the provider cannot do what was asked; nothing was sent.
            UpstreamError: it failed.
        """
        if caller := self._bedrock(provider):
            return caller.complete(request, upstream_model=upstream_model, credential=credential, deadline=deadline)
        request = replace(request, stream=False) if request.stream else request
        call = self._call(request, provider, upstream_model, credential, deadline)
        opened = self._open(call)
        try:
            body = _read_answer(opened.response, call.errors)
        finally:
            opened.response.close()
        return wire_protocol(call.spec.protocol).parse_completion(
            call.spec, body, upstream_model=upstream_model, dropped=opened.rendered.dropped, errors=call.errors
        )

    def stream(
        self, request: ChatRequest, *, provider: str, upstream_model: str, credential: Credential, deadline: Deadline
    ) -> ChunkStream:
        """Return the answer as it comes, once the provider has begun it with a good status. Close it.

        Raises:
            UnsupportedParameterError: the provider cannot do what was asked; nothing was sent.
            UpstreamError: it failed.
        """
        if caller := self._bedrock(provider):
            return caller.stream(request, upstream_model=upstream_model, credential=credential, deadline=deadline)
        request = request if request.stream else replace(request, stream=True)
        call = self._call(request, provider, upstream_model, credential, deadline)
        opened = self._open(call)
        parser = wire_protocol(call.spec.protocol).StreamParser(
            call.spec, upstream_model=upstream_model, choices=_choices(request), errors=call.errors
        )
        try:
            chunks = _begin(opened.response, parser, call)
        except BaseException:
            opened.response.close()
            raise
        return AnswerStream(chunks, parser, opened.response.close, opened.rendered.dropped)

    def _bedrock(self, provider: str) -> "BedrockCaller | None":
        """Return what speaks to Bedrock, when that is the provider. Made once: it remembers inference profiles."""
        spec = self._specs.get(provider)
        if spec is None or spec.protocol != "bedrock_converse":
            return None
        if provider not in self._bedrock_callers:
            # boto3 signs there; nobody else needs its import.
            from ownkey.adapters.bedrock import BedrockCaller

            base_url = self._base_urls.get(provider)
            self._bedrock_callers[provider] = BedrockCaller(spec, self._transport, base_url, sleep=self._sleep)
        return self._bedrock_callers[provider]

    def _call(
        self, request: ChatRequest, provider: str, upstream_model: str, credential: Credential, deadline: Deadline
    ) -> _Call:
        if provider not in self._specs:
            raise UnknownProviderError(f"There is no provider {provider[:64]!r}. Choose one that is listed.")
        spec = self._specs[provider]
        if not self.supports(provider):
            raise ProviderUnsupportedError(f"{spec.name} cannot run chat completions here. Choose another provider.")
        return _Call(
            spec=spec,
            request=request,
            upstream_model=upstream_model,
            credential=credential,
            deadline=deadline,
            base_url=self._base_urls.get(provider) or spec.base_url or credential.settings.get("endpoint", ""),
            transport=RetryOnce(self._transport, self._sleep),
            errors=ErrorClassifier(spec=spec, secrets=tuple(credential.secrets.values()), key_suffix=credential.suffix),
        )

    def _open(self, call: _Call) -> _Opened:
        rendered = wire_protocol(call.spec.protocol).render_request(
            call.spec,
            call.request,
            upstream_model=call.upstream_model,
            credential_settings=call.credential.settings,
        )
        learns = call.spec.parameters.learns_refused_parameters
        deployment = (call.base_url, str(rendered.body.get("model")), call.credential.suffix)
        while True:
            mended = self._refused.mend(deployment, rendered) if learns else rendered
            response = call.transport.send(_upstream_request(call, mended), call.deadline)
            if 200 <= response.status < 300:
                return _Opened(response, mended)
            body = _read_error(response)
            # Ends: what has been learnt once is not learnt again.
            if not (learns and response.status == 400 and self._refused.learn(deployment, read_report(body))):
                raise call.errors.of_response(response.status, response.headers, body)


def _upstream_request(call: _Call, rendered: Rendered) -> UpstreamRequest:
    headers = {
        "Content-Type": "application/json",
        "Accept": "text/event-stream" if call.request.stream else "application/json",
        "User-Agent": f"ownkey/{__version__}",
        **call.spec.extra_headers,
        **auth_headers(call.spec, call.credential),
    }
    return UpstreamRequest(
        provider=call.spec.slug,
        method="POST",
        url=f"{call.base_url.rstrip('/')}{rendered.url_path}",
        headers=headers,
        body=json.dumps(rendered.body, separators=(",", ":")).encode(),
        secrets=call.errors.secrets,
    )


def _read_error(response: UpstreamResponse) -> bytes:
    try:
        return response.read(ERROR_BODY_LIMIT)
    except UpstreamError:
        return b""  # the status says enough
    finally:
        response.close()


def _read_answer(response: UpstreamResponse, errors: ErrorClassifier) -> bytes:
    body = response.read(ANSWER_LIMIT + 1)
    if len(body) > ANSWER_LIMIT:
        raise errors.failure("sent an answer that is too large")
    return body


def _begin(response: UpstreamResponse, parser: StreamReader, call: _Call) -> Iterator[JsonObject]:
    """Return the chunks of a good answer. One that is no event stream is read at once, since it may be an error."""
    kind = response.headers.get("content-type", "").lower()
    if "json" not in kind and "html" not in kind:
        return decode_stream(response.iter_bytes(), parser, call.errors)
    body = _read_answer(response, call.errors)
    if body.lstrip().startswith(_EVENT_STARTS):
        return decode_stream(iter((body,)), parser, call.errors)
    whole = wire_protocol(call.spec.protocol).parse_completion(
        call.spec, body, upstream_model=call.upstream_model, errors=call.errors
    )
    parser.usage = whole.usage
    folded = openai_chat.StreamParser(call.spec, choices=_choices(call.request), errors=call.errors)
    chunks = folded.take(openai_chat.as_stream_payload(whole.body))
    folded.done = True
    return iter(chunks + folded.end())


def _choices(request: ChatRequest) -> int:
    wanted = request.body.get("n")
    return wanted if isinstance(wanted, int) else 1
