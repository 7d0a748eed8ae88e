"""API Gateway's proxy event in, its proxy response out."""

import base64
import json
import re
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from ownkey.domain.chat import JsonObject
from ownkey.domain.errors import InvalidJsonError, InvalidParameterError

ProxyResponse = dict[str, Any]
"""What a Lambda proxy integration answers with; `body` may be an iterator of bytes where the runtime can stream."""

_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")

SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "Vary": "Authorization, Cookie",
    "X-Content-Type-Options": "nosniff",
}
"""On every authenticated answer."""


def request_id_of(event: Mapping[str, Any]) -> str:
    """Return the id that a request has in our answers and logs: `req_`, and API Gateway's own id when it sent one."""
    given = str((event.get("requestContext") or {}).get("requestId") or "")
    if not _REQUEST_ID.fullmatch(given):
        import uuid

        given = str(uuid.uuid4())
    return f"req_{given}"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """The parts of a proxy event that the functions without Powertools read."""

    headers: Mapping[str, str]
    """Lower-case names; the last value where one is repeated, and all cookies in one."""
    body: bytes
    request_id: str
    resource: str = ""
    """The route, as in the template."""
    path_parameters: Mapping[str, str] = field(default_factory=dict)
    """Decoded."""
    query: Mapping[str, str] = field(default_factory=dict)
    """The last value where a name is repeated."""

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> "HttpRequest":
        """Return the request inside a REST API proxy event."""
        text = event.get("body") or ""
        body = base64.b64decode(text) if event.get("isBase64Encoded") else text.encode()
        headers = {name.lower(): value for name, value in (event.get("headers") or {}).items() if value is not None}
        for name, values in (event.get("multiValueHeaders") or {}).items():
            if name.lower() == "cookie" and values:
                headers["cookie"] = "; ".join(values)
        return cls(
            headers=headers,
            body=body,
            request_id=request_id_of(event),
            resource=event.get("resource") or "",
            # API Gateway is seen to decode them, and is not known to promise it. No id of ours has a percent sign.
            path_parameters={name: unquote(value) for name, value in (event.get("pathParameters") or {}).items()},
            query=event.get("queryStringParameters") or {},
        )

    def flag(self, name: str) -> bool:
        """Return whether a query parameter is true; raises InvalidParameterError when it is neither that nor false."""
        value = self.query.get(name, "false").lower()
        if value not in {"true", "false"}:
            raise InvalidParameterError(f"The query parameter `{name}` must be true or false.", param=name)
        return value == "true"

    def json_object(self) -> JsonObject:
        """Return the body as a JSON object; raises InvalidJsonError when it is not one."""
        try:
            parsed = json.loads(self.body)
        except (ValueError, RecursionError) as exc:
            raise InvalidJsonError(
                "The request body is not valid JSON. Send a JSON object as application/json."
            ) from exc
        if not isinstance(parsed, dict):
            raise InvalidJsonError("The request body must be a JSON object.")
        return parsed


def json_response(
    status: int, body: JsonObject, *, request_id: str, headers: Mapping[str, str] | None = None
) -> ProxyResponse:
    """Return a whole JSON answer."""
    return {
        "statusCode": status,
        "headers": {
            "Content-Type": "application/json",
            "x-request-id": request_id,
            **SECURITY_HEADERS,
            **(headers or {}),
        },
        "body": json.dumps(body, separators=(",", ":")),
    }


def csv_response(text: str, file_name: str, *, request_id: str, next_cursor: str | None) -> ProxyResponse:
    """Return a page of a CSV file, and in a header where the next one begins."""
    headers = {
        "Content-Type": "text/csv; charset=utf-8",
        "Content-Disposition": f'attachment; filename="{file_name}"',
        "x-request-id": request_id,
        **SECURITY_HEADERS,
    }
    if next_cursor is not None:
        headers["x-next-cursor"] = next_cursor
    return {"statusCode": 200, "headers": headers, "body": text}


def settled_response(
    response: ProxyResponse, pieces: Iterator[bytes], settle: Callable[[], None], *, context: object
) -> ProxyResponse:
    """Return `response` with `pieces` as its body, and call `settle` once it has gone out or nobody waits any more.

    Where the runtime says nothing of streaming, the pieces are joined and settled here.
    """
    body = SettledBody(pieces, settle)
    if getattr(context, "streams_responses", False):
        return {**response, "body": body}
    try:
        return {**response, "body": b"".join(body).decode()}
    finally:
        body.close()


class SettledBody:
    """A body to iterate over and then close, as the runtime loop does after the last byte or a hang-up."""

    def __init__(self, pieces: Iterator[bytes], settle: Callable[[], None]) -> None:
        self._pieces = pieces
        self._settle: Callable[[], None] | None = settle

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces

    def close(self) -> None:
        """Stop the pieces where they are, and settle; only the first call counts."""
        settle, self._settle = self._settle, None
        if settle is None:
            return
        if isinstance(self._pieces, Generator):
            self._pieces.close()
        settle()


def event_stream_head(*, request_id: str, headers: Mapping[str, str] | None = None) -> ProxyResponse:
    """Return the head of a server-sent event stream."""
    return {
        "statusCode": 200,
        "headers": {
            "Content-Type": "text/event-stream; charset=utf-8",
            "x-request-id": request_id,
            "X-Accel-Buffering": "no",
            **SECURITY_HEADERS,
            **(headers or {}),
        },
    }
