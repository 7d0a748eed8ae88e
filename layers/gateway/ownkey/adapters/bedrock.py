"""Amazon Bedrock, called through boto3.

boto3 makes, signs and reads the messages. It sends nothing: `bedrock_client.py` hands what it has signed to the
gateway's own transport, so that guard, deadline and hanging up are those of every other provider.
"""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from ownkey.adapters.answer_stream import AnswerStream
from ownkey.adapters.aws_regions import AWS_REGIONS
from ownkey.adapters.bedrock_client import BedrockClients
from ownkey.adapters.classification import ErrorClassifier
from ownkey.adapters.protocols import bedrock_converse
from ownkey.adapters.protocols.bedrock_converse import Model, StreamParser
from ownkey.adapters.spec import ProviderSpec
from ownkey.domain.chat import ChatRequest, ChunkStream, Completion, Deadline, JsonObject
from ownkey.domain.errors import ProviderFailureError, ProviderRequestError, ProviderTimeoutError, UpstreamError
from ownkey.domain.provider_keys import Credential
from ownkey.domain.upstream import Transport

PROFILES_KEPT = 256
"""How many models are remembered to be had only through an inference profile."""

_PARAMETER = re.compile(r"\b(?:messages|system|toolConfig|inferenceConfig|outputConfig|modelId)\b[\w.\[\]]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """What one call is made of."""

    request: ChatRequest
    upstream_model: str
    region: str
    client: Any
    """A boto3 client that belongs to this call alone."""
    errors: ErrorClassifier


class BedrockCaller:
    """Runs chat completions at Bedrock with the caller's own AWS credentials."""

    def __init__(
        self,
        spec: ProviderSpec,
        transport: Transport,
        base_url: str | None = None,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Make a caller; `base_url` takes the place of every region's own, `sleep` waits before a second try."""
        self._spec = spec
        self._clients = BedrockClients(spec.slug, transport, sleep)
        self._base_url = base_url
        self._profiles: dict[tuple[str, str], str] = {}

    def complete(
        self, request: ChatRequest, *, upstream_model: str, credential: Credential, deadline: Deadline
    ) -> Completion:
        """Return the whole answer.

        Raises:
            UnsupportedParameterError: Bedrock cannot do what was asked; nothing was sent.
            UpstreamError: it failed.
        """
        request = replace(request, stream=False) if request.stream else request
        call = self._call(request, upstream_model, credential, deadline)
        answer, dropped = self._asked(call)
        return bedrock_converse.parse_completion(
            self._spec,
            answer,
            upstream_model=upstream_model,
            dropped=dropped,
            errors=call.errors,
        )

    def stream(
        self, request: ChatRequest, *, upstream_model: str, credential: Credential, deadline: Deadline
    ) -> ChunkStream:
        """Return the answer as it comes, once Bedrock has begun it with a good status. Close it.

        Raises:
            UnsupportedParameterError: Bedrock cannot do what was asked; nothing was sent.
            UpstreamError: it failed.
        """
        request = request if request.stream else replace(request, stream=True)
        call = self._call(request, upstream_model, credential, deadline)
        answer, dropped = self._asked(call)
        parser = StreamParser(self._spec, upstream_model=upstream_model, errors=call.errors)
        events = answer["stream"]
        return AnswerStream(_chunks(events, parser, call.errors), parser, events.close, dropped)

    def _call(self, request: ChatRequest, upstream_model: str, credential: Credential, deadline: Deadline) -> _Call:
        region = credential.settings.get("region", "")
        if region not in AWS_REGIONS:
            raise ProviderFailureError(
                f"{self._spec.name} may not be called there: the stored key names no AWS region. Store it again with "
                "one.",
                provider=self._spec.slug,
            )
        secrets = tuple(credential.secrets.values())
        endpoint = self._base_url or f"https://bedrock-runtime.{region}.amazonaws.com"
        return _Call(
            request=request,
            upstream_model=upstream_model,
            region=region,
            client=self._clients.make(credential, region=region, endpoint_url=endpoint, deadline=deadline),
            errors=ErrorClassifier(spec=self._spec, secrets=secrets, key_suffix=credential.suffix),
        )

    def _asked(self, call: _Call) -> tuple[JsonObject, tuple[str, ...]]:
        """Return the answer, and the names of the fields that were left out of the request.

        Many models are to be had only through a profile of the region's; then the request is made again with its id.
        """
        model = self._profiles.get((call.region, call.upstream_model), call.upstream_model)
        try:
            return self._asked_once(call, model)
        except ProviderRequestError as exc:
            if bedrock_converse.NO_ON_DEMAND not in exc.message or Model(model).has_region:
                raise
        model = bedrock_converse.region_prefix(call.region) + model
        answer = self._asked_once(call, model)
        if len(self._profiles) >= PROFILES_KEPT:
            self._profiles.clear()
        self._profiles[call.region, call.upstream_model] = model
        return answer

    def _asked_once(self, call: _Call, model: str) -> tuple[JsonObject, tuple[str, ...]]:
        rendered = bedrock_converse.render_request(
            self._spec, call.request, upstream_model=model, credential_settings={"region": call.region}
        )
        operation = call.client.converse_stream if call.request.stream else call.client.converse
        return _guarded(call.errors, partial(operation, **rendered.body)), rendered.dropped


def _chunks(stream: Any, parser: StreamParser, errors: ErrorClassifier) -> Iterator[JsonObject]:
    events = iter(stream)
    while not parser.done:
        try:
            event = _guarded(errors, partial(next, events, None))
        except UpstreamError:
            # The message has its end: what is missing is at most its usage.
            if not parser.complete:
                raise
            break
        if event is None:
            break
        yield from parser.take(event)
    yield from parser.end()


def _guarded(errors: ErrorClassifier, action: Callable[[], Any]) -> Any:
    """Return what `action` returns; raises an UpstreamError for whatever botocore raises.

    Nothing of botocore's is chained: it quotes what was signed, and what it could not use.
    """
    from botocore.eventstream import ParserError
    from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

    try:
        return action()
    except ClientError as exc:
        error = _of_answer(errors, exc.response)
    except ParamValidationError as exc:
        error = _of_refusal(errors, str(exc))
    except RecursionError:
        error = _of_refusal(errors, "")
    except (BotoCoreError, ParserError, ValueError, OSError, AttributeError) as exc:  # the last: an answer is no object
        error = _of_library(errors, exc)
    raise error from None


def _of_answer(errors: ErrorClassifier, response: Any) -> UpstreamError:
    """Return the error for an answer that is one, or for an error among a stream's events."""
    said, metadata = response.get("Error", {}), response.get("ResponseMetadata", {})
    message = said.get("Message") or response.get("message") or response.get("originalMessage") or ""
    headers = {name.lower(): value for name, value in metadata.get("HTTPHeaders", {}).items()}
    status = metadata.get("HTTPStatusCode")
    return bedrock_converse.error_of(errors, str(said.get("Code") or ""), str(message), status=status, headers=headers)


def _of_refusal(errors: ErrorClassifier, report: str) -> ProviderRequestError:
    """Return the error for arguments that boto3 does not take; of its report only the places are passed on."""
    places = ", ".join(dict.fromkeys(_PARAMETER.findall(report)[:3])) or "a field"
    return ProviderRequestError(
        f"{errors.spec.name} does not take the request: {places} has a wrong type, length or value. Correct it, then "
        "send the request again.",
        provider=errors.spec.slug,
    )


def _of_library(errors: ErrorClassifier, cause: Exception) -> UpstreamError:
    from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError

    if isinstance(cause, ReadTimeoutError | ConnectTimeoutError | TimeoutError):
        return ProviderTimeoutError(
            f"{errors.spec.name} did not answer in time. Try again, ask for less, or use another provider.",
            provider=errors.spec.slug,
        )
    return errors.failure("sent an answer that cannot be read, or could not be asked")
