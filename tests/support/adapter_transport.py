"""A provider that answers from a list, and what a call to it needs."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ownkey.adapters.registry import REGISTRY
from ownkey.domain.chat import ChatRequest, Deadline
from ownkey.domain.provider_keys import Credential
from ownkey.domain.secrets import Secret
from ownkey.domain.upstream import UpstreamRequest

KEY = "sk-test-0123456789abcdefghijklmnopqrstuvwxyz"

OPENAI_FAMILY = tuple(slug for slug, spec in REGISTRY.items() if spec.protocol == "openai_chat")


class FakeDeadline:
    """Always a minute away."""

    def remaining_seconds(self) -> float:
        return 60.0


class FakeResponse:
    """An answer with the given body; an exception among its pieces is raised at its place."""

    def __init__(
        self,
        status: int = 200,
        body: bytes | Sequence[bytes | Exception] = b"",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status = status
        self.headers: Mapping[str, str] = headers or {"content-type": "application/json"}
        self.closed = 0
        self.bytes_read = 0
        self._pieces = [body] if isinstance(body, bytes) else list(body)

    def iter_bytes(self) -> Iterator[bytes]:
        for piece in self._pieces:
            if isinstance(piece, Exception):
                raise piece
            self.bytes_read += len(piece)
            yield piece

    def read(self, limit: int) -> bytes:
        body = b"".join(self.iter_bytes())
        self.bytes_read = min(limit, len(body))
        return body[:limit]

    def close(self) -> None:
        self.closed += 1


class FakeTransport:
    """Answers requests from a list, in order, and keeps them; an exception in the list is raised."""

    def __init__(self, *answers: FakeResponse | Exception) -> None:
        self.requests: list[UpstreamRequest] = []
        self._answers = list(answers)

    def send(self, request: UpstreamRequest, deadline: Deadline) -> FakeResponse:
        assert deadline.remaining_seconds() > 0
        self.requests.append(request)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def body(self) -> dict[str, Any]:
        """The last request's body."""
        decoded = json.loads(self.requests[-1].body or b"null")
        assert isinstance(decoded, dict)
        return decoded


def json_response(value: Any, status: int = 200, **headers: str) -> FakeResponse:
    """Return an answer with a JSON body."""
    return FakeResponse(status, json.dumps(value).encode(), {"content-type": "application/json", **headers})


def sse_response(*events: Any, pieces: int | None = None, done: bool = True) -> FakeResponse:
    """Return a streamed answer with these events, cut into pieces of so many bytes."""
    text = sse(*events, done=done)
    cut = [text] if pieces is None else [text[start : start + pieces] for start in range(0, len(text), pieces)]
    return FakeResponse(200, cut, {"content-type": "text/event-stream; charset=utf-8"})


def sse(*events: Any, done: bool = True) -> bytes:
    """Return events as they are on the wire."""
    lines = [event if isinstance(event, str) else f"data: {json.dumps(event)}" for event in events]
    return "".join(f"{line}\n\n" for line in [*lines, *(["data: [DONE]"] if done else [])]).encode()


def credential(slug: str, key: str = KEY) -> Credential:
    """Return a made-up credential of a provider."""
    if slug != "azure":
        return Credential({"apiKey": Secret(key)})
    settings = {
        "endpoint": "https://my-resource.openai.azure.com",
        "deploymentName": "my-deployment",
        "apiVersion": "2024-10-21",
    }
    return Credential({"apiKey": Secret(key)}, settings)


def chat_request(stream: bool = False, **fields: Any) -> ChatRequest:
    """Return a validated request."""
    body = {"model": "some-model", "messages": [{"role": "user", "content": "Say hello"}], **fields}
    if stream:
        body["stream"] = True
    return ChatRequest(body=body, model=body["model"], stream=stream)


def completion(content: str | None = "Hello", **changes: Any) -> dict[str, Any]:
    """Return a plain answer, as OpenAI sends it."""
    message = {"role": "assistant", "content": content, **changes.pop("message", {})}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None, **changes.pop("choice", {})}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1700000000,
        "model": "some-model-2026",
        "choices": [choice],
        "usage": {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12},
        **changes,
    }


def chunk(
    delta: dict[str, Any] | None = None, finish: str | None = None, index: int = 0, **more: Any
) -> dict[str, Any]:
    """Return a chunk with one choice, as OpenAI sends it."""
    choice = {"index": index, "delta": delta or {}, "finish_reason": finish, **more.pop("choice", {})}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1700000000,
        "model": "some-model-2026",
        "choices": [choice],
        **more,
    }
