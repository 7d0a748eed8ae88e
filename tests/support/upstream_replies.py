"""What arrives at a fake upstream, and what it can be told to send back."""

import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

KEY_HEADERS = ("authorization", "x-api-key", "api-key", "x-goog-api-key")


@dataclass(kw_only=True)
class Exchange:
    """One request that arrived, and what became of its answer."""

    slug: str
    method: str
    path: str
    """As it arrived, with the slug and the query string."""
    headers: Mapping[str, str]
    """Lower-case names."""
    body: bytes
    connection: int
    """A number that requests on the same connection share."""
    hung_up: threading.Event = field(default_factory=threading.Event)
    """Set when the client closed the connection before it had the whole answer."""
    finished: threading.Event = field(default_factory=threading.Event)
    """Set when nothing more will be sent, for whatever reason."""

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What to send. `answer`, `stream` and their like build these."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    pieces: tuple[bytes, ...] = ()
    """The body; each piece is one flush of its own."""
    framing: Literal["length", "chunked", "close", "raw"] = "length"
    """How the end is told; raw: the pieces are the whole answer, status line and headers included."""
    headers_after_seconds: float = 0.0
    delay_seconds: float = 0.0
    """The wait before every piece but the first."""
    cut_after: int | None = None
    """Close the connection after that many pieces, as if the body had gone on."""
    stall_after: int | None = None
    """Send nothing more after that many pieces."""
    stall_seconds: float | None = None
    """How long a stall lasts; None: until the client hangs up."""


Script = Reply | Callable[[Exchange], Reply]


def answer(
    body: Any = None,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    *,
    headers_after_seconds: float = 0.0,
) -> Reply:
    """Answer at once: bytes as they are, text as text, anything else as JSON."""
    content_type, content = _encoded(body)
    return Reply(
        status=status,
        headers={"content-type": content_type, **(headers or {})},
        # 204 has no body: bytes after it would be taken for the next answer on the connection.
        pieces=() if status == 204 else (content,),
        headers_after_seconds=headers_after_seconds,
    )


def stream(
    pieces: Iterable[bytes],
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    delay_seconds: float = 0.0,
    cut_after: int | None = None,
    stall_after: int | None = None,
    stall_seconds: float | None = None,
    headers_after_seconds: float = 0.0,
    framing: Literal["length", "chunked", "close", "raw"] = "chunked",
) -> Reply:
    """Stream `pieces` as server-sent events, each flushed by itself."""
    return Reply(
        status=status,
        headers={"content-type": "text/event-stream", **(headers or {})},
        pieces=tuple(pieces),
        framing=framing,
        delay_seconds=delay_seconds,
        cut_after=cut_after,
        stall_after=stall_after,
        stall_seconds=stall_seconds,
        headers_after_seconds=headers_after_seconds,
    )


def raw(*pieces: bytes, delay_seconds: float = 0.0) -> Reply:
    """Send exactly these bytes, status line and all, and close."""
    return Reply(pieces=pieces, framing="raw", delay_seconds=delay_seconds)


def redirect(location: str, status: int = 302) -> Reply:
    """Point elsewhere."""
    return Reply(status=status, headers={"location": location})


def html_error(status: int = 502) -> Reply:
    """Answer as a content network does when what is behind it is down."""
    page = f"<!DOCTYPE html><html><head><title>{status} Bad Gateway</title></head><body>cloudflare</body></html>"
    return answer(page.encode(), status, {"content-type": "text/html; charset=UTF-8"})


def openai_error(message: str, status: int, *, code: str | None = None, kind: str = "invalid_request_error") -> Reply:
    """Answer with an error of OpenAI's shape."""
    return answer({"error": {"message": message, "type": kind, "code": code, "param": None}}, status)


def echoing_error(status: int = 401) -> Script:
    """Answer with an error that quotes the caller's key, as some providers do."""

    def reply(exchange: Exchange) -> Reply:
        key = next((exchange.headers[name] for name in KEY_HEADERS if name in exchange.headers), "none")
        return openai_error(f"Incorrect API key provided: {key}.", status, code="invalid_api_key")

    return reply


def _encoded(body: Any) -> tuple[str, bytes]:
    if isinstance(body, bytes):
        return "application/octet-stream", body
    if isinstance(body, str):
        return "text/plain; charset=utf-8", body.encode()
    return "application/json", json.dumps(body).encode()
