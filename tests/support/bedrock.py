"""Bedrock on loopback: its recordings, its event streams, and a caller that reaches it through a real boto3 client."""

import base64
import functools
import json
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import validate_parameters

from ownkey.adapters.bedrock import BedrockCaller
from ownkey.adapters.egress import EgressPolicy
from ownkey.adapters.registry import REGISTRY
from ownkey.adapters.transport import HttpTransport
from ownkey.domain.chat import ChatRequest
from ownkey.domain.provider_keys import Credential
from ownkey.domain.secrets import Secret
from tests.support.adapter_recordings import FOLDER
from tests.support.upstream import FakeUpstream, Reply, answer, stream

SPEC = REGISTRY["aws"]
CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
NOVA = "us.amazon.nova-2-lite-v1:0"
ACCESS_KEY = "AKIAQQQQQQQQQQQQQQQQ"
SECRET_KEY = "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"  # made up
SESSION_TOKEN = "FwoGZXIvYXdzEMadeUpSessionToken0123456789=="  # made up
EVENT_STREAM = {"content-type": "application/vnd.amazon.eventstream"}


@functools.cache
def recordings() -> tuple[dict[str, Any], ...]:
    """Return the recorded exchanges; none where a checkout has none beside it."""
    return tuple(json.loads(path.read_text()) for path in sorted((FOLDER / "bedrock").glob("*.json")))


def recorded(*, streamed: bool, good: bool = True) -> list[dict[str, Any]]:
    """Return the exchanges of one kind."""
    return [
        recording
        for recording in recordings()
        if is_streamed(recording) == streamed and (recording["response"]["status"] == 200) == good
    ]


def is_streamed(recording: dict[str, Any]) -> bool:
    """Return whether the answer is an event stream."""
    return bool(recording["response"]["body_encoding"] == "base64")


def body_of(recording: dict[str, Any]) -> bytes:
    """Return the bytes of an answer."""
    body = recording["response"]["body"]
    return base64.b64decode(body) if is_streamed(recording) else body.encode()


def frame(kind: str, payload: Any, *, exception: bool = False) -> bytes:
    """Return one message of an AWS event stream."""
    names = (":exception-type", "exception") if exception else (":event-type", "event")
    headers = {names[0]: kind, ":content-type": "application/json", ":message-type": names[1]}
    head = b"".join(_header(name, value) for name, value in headers.items())
    body = json.dumps(payload).encode()
    prelude = struct.pack(">II", 16 + len(head) + len(body), len(head))
    message = prelude + struct.pack(">I", zlib.crc32(prelude)) + head + body
    return message + struct.pack(">I", zlib.crc32(message))


def _header(name: str, value: str) -> bytes:
    return bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()


def frames(*events: dict[str, Any]) -> list[bytes]:
    """Return the messages of events that are objects with the one field of their type."""
    return [
        frame(kind, payload, exception=kind.endswith("Exception"))
        for event in events
        for kind, payload in event.items()
    ]


def naive_events(body: bytes) -> list[tuple[str, dict[str, Any]]]:
    """Return type and payload of every event in a whole stream, by code that shares nothing with anybody's."""
    events = []
    while body:
        total, head_size = struct.unpack(">II", body[:8])
        head, payload = body[12 : 12 + head_size], body[12 + head_size : total - 4]
        headers: dict[str, str] = {}
        while head:
            name_end = 1 + head[0]
            value_size = struct.unpack(">H", head[name_end + 1 : name_end + 3])[0]
            headers[head[1:name_end].decode()] = head[name_end + 3 : name_end + 3 + value_size].decode()
            head = head[name_end + 3 + value_size :]
        events.append((headers.get(":event-type") or headers[":exception-type"], json.loads(payload)))
        body = body[total:]
    return events


def fixture_events(name: str) -> list[dict[str, Any]]:
    """Return the events of a stream of our own: one JSON object a line."""
    path = Path(__file__).parents[1] / "fixtures" / "adapters" / "bedrock_converse" / name
    return [json.loads(line) for line in path.read_text().splitlines() if line]


def whole(body: bytes | dict[str, Any], status: int = 200, **headers: str) -> Reply:
    """Answer as Converse does."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return answer(content, status, {"content-type": "application/json", **headers})


def streamed(pieces: list[bytes], **options: Any) -> Reply:
    """Answer as ConverseStream does."""
    return stream(pieces, headers=EVENT_STREAM, **options)


def failure(code: str, message: str, status: int) -> Reply:
    """Answer with one of AWS's errors."""
    kind = f"{code}:http://internal.amazon.com/coral/com.amazon.bedrock/"
    return whole({"message": message}, status, **{"x-amzn-errortype": kind})


def completion(*blocks: dict[str, Any], stop: str = "end_turn", **more: Any) -> dict[str, Any]:
    """Return a Converse answer."""
    return {
        "output": {"message": {"role": "assistant", "content": list(blocks or [{"text": "Hello"}])}},
        "stopReason": stop,
        "usage": {"inputTokens": 9, "outputTokens": 3, "totalTokens": 12},
        "metrics": {"latencyMs": 100},
        **more,
    }


def text_events(*texts: str, stop: str = "end_turn") -> list[dict[str, Any]]:
    """Return the events of an answer in plain text."""
    return [
        {"messageStart": {"role": "assistant"}},
        *({"contentBlockDelta": {"delta": {"text": text}, "contentBlockIndex": 0}} for text in texts),
        {"contentBlockStop": {"contentBlockIndex": 0}},
        {"messageStop": {"stopReason": stop}},
        {"metadata": {"usage": {"inputTokens": 9, "outputTokens": 3, "totalTokens": 12}, "metrics": {"latencyMs": 1}}},
    ]


@functools.cache
def _arguments() -> Any:
    description = Loader().load_service_model("bedrock-runtime", "service-2")
    return ServiceModel(description, "bedrock-runtime").operation_model("Converse").input_shape


def check_arguments(arguments: dict[str, Any]) -> None:
    """Raise ParamValidationError unless boto3 takes these arguments of `converse`."""
    validate_parameters(arguments, _arguments())


def aws_credential(*, region: str = "us-east-1", session_token: str = "") -> Credential:
    """Return a made-up credential."""
    secrets = {"accessKeyId": Secret(ACCESS_KEY), "secretAccessKey": Secret(SECRET_KEY)}
    if session_token:
        secrets["sessionToken"] = Secret(session_token)
    return Credential(secrets, {"region": region})


def chat(model: str = CLAUDE, *, streams: bool = False, **fields: Any) -> ChatRequest:
    """Return a validated request."""
    body = {"model": model, "messages": [{"role": "user", "content": "Say hello"}], **fields}
    return ChatRequest(body=body, model=model, stream=streams)


@contextmanager
def bedrock(
    *replies: Reply, sleep: Callable[[float], None] = time.sleep
) -> Iterator[tuple[BedrockCaller, FakeUpstream]]:
    """Start a Bedrock that answers with `replies`, and make a caller that reaches it."""
    with FakeUpstream() as upstream:
        upstream.on("aws", *replies)
        transport = HttpTransport(EgressPolicy({"aws": SPEC}, upstream.base_urls("aws")))
        try:
            yield BedrockCaller(SPEC, transport, upstream.base_url("aws"), sleep=sleep), upstream
        finally:
            transport.close()
