"""HTTP into API Gateway's proxy events, and answers of functions back into HTTP headers."""

import json
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from local.api_definition import Route
from local.http_wire import Request
from local.runtime_api import Answer

_OF_ONE_CONNECTION = frozenset(
    {"connection", "content-length", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request at the front door."""

    request_id: str
    trace_id: str
    request: Request
    path: str
    """Without the query, as it was sent."""

    @classmethod
    def of(cls, request: Request) -> "Call":
        """Return a request with ids of its own."""
        hexadecimal = uuid.uuid4().hex
        trace_id = f"Root=1-{int(time.time()):08x}-{hexadecimal[:24]}"
        path = urlsplit(request.target).path or "/"
        return cls(request_id=str(uuid.uuid4()), trace_id=trace_id, request=request, path=path)


def render_event(call: Call, route: Route, parameters: Mapping[str, str], body: bytes, *, stage: str) -> bytes:
    """Return the event that API Gateway would send to the function."""
    headers: dict[str, list[str]] = {}
    for name, value in call.request.headers:
        headers.setdefault(name, []).append(value)
    headers["x-forwarded-for"] = ["127.0.0.1"]
    headers["x-forwarded-proto"] = ["http"]
    headers["x-amzn-trace-id"] = [call.trace_id]
    query: dict[str, list[str]] = {}
    for name, value in parse_qsl(urlsplit(call.request.target).query, keep_blank_values=True):
        query.setdefault(name, []).append(value)
    event = {
        "resource": route.path,
        "path": call.path,
        "httpMethod": call.request.method,
        "headers": _last(headers),
        "multiValueHeaders": headers,
        "queryStringParameters": _last(query) or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": dict(parameters) or None,
        "stageVariables": None,
        "requestContext": _request_context(call, route, stage),
        "body": body.decode("utf-8", "replace") if body else None,
        "isBase64Encoded": False,
    }
    return json.dumps(event).encode()


def _request_context(call: Call, route: Route, stage: str) -> dict[str, Any]:
    now = time.time()
    return {
        "accountId": "000000000000",
        "apiId": "local",
        "domainName": call.request.header("host") or "127.0.0.1",
        "extendedRequestId": call.request_id,
        "httpMethod": call.request.method,
        "identity": {"sourceIp": "127.0.0.1", "userAgent": call.request.header("user-agent")},
        "path": f"/{stage}{call.path}",
        "protocol": "HTTP/1.1",
        "requestId": call.request_id,
        "requestTime": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
        "requestTimeEpoch": int(now * 1000),
        "resourceId": "local",
        "resourcePath": route.path,
        "stage": stage,
    }


def _last(values: Mapping[str, list[str]]) -> dict[str, str]:
    return {name: many[-1] for name, many in values.items()}


def response_headers(answer: Answer) -> list[tuple[str, str]]:
    """Return the headers of a function's answer, without those that belong to one connection."""
    many = {name.lower() for name in answer.multi_value_headers}
    pairs: Iterable[tuple[str, str]] = [
        *((name, value) for name, value in answer.headers.items() if name.lower() not in many),
        *((name, value) for name, values in answer.multi_value_headers.items() for value in values),
        *(("Set-Cookie", cookie) for cookie in answer.cookies),
    ]
    return [(name, value) for name, value in pairs if name.lower() not in _OF_ONE_CONNECTION]
