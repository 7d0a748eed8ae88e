"""API Gateway's streaming format: a prelude of JSON, eight NUL bytes, then the body as it is."""

import json

from ownkey.runtime.failures import RuntimeFaultError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, TypeGuard

DELIMITER = b"\0" * 8


def is_proxy_response(result: object) -> "TypeGuard[dict[str, Any]]":
    """Tell whether a handler's result is an HTTP response, and not the plain result of an invocation."""
    return isinstance(result, dict) and "statusCode" in result


def render_result(result: object) -> "tuple[bytes, str]":
    """Return the body and content type of a plain result."""
    if isinstance(result, bytes):
        return result, "application/unknown"
    try:
        return json.dumps(result, ensure_ascii=False).encode(), "application/json"
    except (TypeError, ValueError, RecursionError) as exc:
        raise _unmarshalable(str(exc)) from exc


def render_prelude(response: "Mapping[str, Any]") -> bytes:
    """Return status and headers with the delimiter after them."""
    try:
        prelude: dict[str, Any] = {"statusCode": int(response["statusCode"])}
        if headers := response.get("headers"):
            prelude["headers"] = {name: _header_text(value) for name, value in headers.items()}
        if many := response.get("multiValueHeaders"):
            prelude["multiValueHeaders"] = {name: [_header_text(v) for v in values] for name, values in many.items()}
        if cookies := response.get("cookies"):
            prelude["cookies"] = list(cookies)
        return json.dumps(prelude).encode() + DELIMITER
    except (TypeError, ValueError, AttributeError) as exc:
        raise _unmarshalable(f"statusCode or headers are malformed ({exc})") from exc


def whole_body(response: "Mapping[str, Any]") -> bytes | None:
    """Return the body when it is whole, or None when it comes in pieces."""
    body = response.get("body")
    if body is None:
        return b""
    if isinstance(body, str):
        return _decoded(body) if response.get("isBase64Encoded") else body.encode("utf-8", "replace")
    if isinstance(body, bytes | bytearray | memoryview):
        return bytes(body)
    if isinstance(body, dict) or not hasattr(body, "__iter__"):
        raise _unmarshalable("body is neither text nor bytes nor an iterator of bytes")
    return None


class Pieces:
    """The pieces of a body that comes in pieces, which `close` ends early, or tells that all is over."""

    __slots__ = ("_body", "_iterator")

    def __init__(self, body: "Any") -> None:
        self._body = body
        self._iterator: Iterator[Any] = iter(body)

    def __iter__(self) -> "Pieces":
        return self

    def __next__(self) -> bytes:
        piece = next(self._iterator)
        if isinstance(piece, bytes):
            return piece
        if isinstance(piece, str):
            return piece.encode("utf-8", "replace")
        return bytes(memoryview(piece))

    def close(self) -> None:
        """Close the iterator, and the body when that is another object, so that their `finally` blocks run."""
        try:
            close_body(self._iterator)
        finally:
            if self._body is not self._iterator:
                close_body(self._body)


def close_body(body: object) -> None:
    """Close a body that can be closed, whether or not any of it was sent."""
    close = getattr(body, "close", None)
    if close is not None:
        close()


def _decoded(body: str) -> bytes:
    import binascii

    try:
        return binascii.a2b_base64(body)
    except ValueError as exc:
        raise _unmarshalable("isBase64Encoded is set but the body is not base64") from exc


def _header_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _unmarshalable(reason: str) -> RuntimeFaultError:
    return RuntimeFaultError("Runtime.MarshalError", f"Unable to marshal response: {reason}")
