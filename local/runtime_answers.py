"""What comes back from a function: an answer that is read while it is still being written, and the errors around it."""

import asyncio
import base64
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Any

DELIMITER = b"\0" * 8
MAX_PRELUDE_BYTES = 1024 * 1024
MAX_WAITING_BYTES = 1024 * 1024
ERROR_TYPE_HEADER, ERROR_BODY_HEADER = "lambda-runtime-function-error-type", "lambda-runtime-function-error-body"


class FunctionError(Exception):
    """A function failed; `body` is Lambda's error object (errorMessage, errorType, stackTrace)."""

    def __init__(self, error_type: str, body: Mapping[str, Any]) -> None:
        super().__init__(f"{error_type}: {body.get('errorMessage', '')}")
        self.error_type = error_type
        self.body = body


class InitError(FunctionError):
    """The handler could not be loaded, or its process ended before it asked for work."""


class InvocationError(FunctionError):
    """One invocation failed, before or within its answer."""


class Answer:
    """What a function answered. Read `pieces` to the end, or `abandon` it: the worker waits for one of the two."""

    def __init__(
        self,
        *,
        head: Mapping[str, Any] | None = None,
        streaming: bool = False,
        hang_up: Callable[[], None] | None = None,
    ) -> None:
        """Take status and headers from a prelude, or from a buffered proxy response.

        Raises:
            ValueError: They are not what API Gateway would accept.
        """
        self.streaming = streaming
        """Whether the function sent it in the streaming format."""
        self.error: InvocationError | None = None
        """Why the body is not complete: final once `pieces` has ended, there from the start when nothing was sent."""
        self.status: int | None = None
        """None when the function did not answer with an HTTP response; API Gateway makes a 502 of that."""
        self.headers: dict[str, str] = {}
        self.multi_value_headers: dict[str, list[str]] = {}
        self.cookies: list[str] = []
        if head is not None:
            self._read_head(head)
        self._hang_up = hang_up
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._ended = False
        self._arrived = asyncio.Event()
        self._has_room = asyncio.Event()

    def _read_head(self, head: Mapping[str, Any]) -> None:
        try:
            self.status = int(head["statusCode"])
            self.headers = {name: _text(value) for name, value in (head.get("headers") or {}).items()}
            many = head.get("multiValueHeaders") or {}
            self.multi_value_headers = {name: [_text(value) for value in values] for name, values in many.items()}
            self.cookies = [_text(cookie) for cookie in head.get("cookies") or ()]
        except (KeyError, TypeError, AttributeError) as exc:
            raise ValueError("statusCode or headers of the function's response are malformed") from exc

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives; of a result that is no HTTP response, its JSON."""
        while True:
            while self._waiting:
                piece = self._waiting.popleft()
                self._waiting_bytes -= len(piece)
                self._has_room.set()
                yield piece
            if self._ended:
                return
            self._arrived.clear()
            await self._arrived.wait()

    async def read(self) -> bytes:
        """Return the whole body."""
        return b"".join([piece async for piece in self.pieces()])

    def abandon(self) -> None:
        """Say that nobody waits any more: a worker that is still sending finds its connection broken."""
        if self._ended:
            return
        self.end()
        if self._hang_up is not None:
            self._hang_up()

    async def feed(self, piece: bytes) -> None:
        """Add a piece; waits while the reader is far behind."""
        if not piece or self._ended:
            return
        self._append(piece)
        self._arrived.set()
        while self._waiting_bytes > MAX_WAITING_BYTES and not self._ended:
            self._has_room.clear()
            await self._has_room.wait()

    def end(self, last_piece: bytes = b"", error: InvocationError | None = None) -> "Answer":
        """Add the last piece, or the reason why there is none, and return the answer itself."""
        if self._ended:
            return self
        if last_piece:
            self._append(last_piece)
        self.error = error
        self._ended = True
        self._arrived.set()
        self._has_room.set()
        return self

    def _append(self, piece: bytes) -> None:
        self._waiting.append(piece)
        self._waiting_bytes += len(piece)


def failed_answer(error_type: str, body: Mapping[str, Any] | str) -> Answer:
    """Return the answer of an invocation that sent nothing, with Lambda's error object or just its message."""
    fields = {"errorType": error_type, "errorMessage": body} if isinstance(body, str) else body
    return Answer().end(error=InvocationError(error_type, fields))


def buffered_answer(payload: bytes) -> Answer:
    """Return the answer that a function posted whole: a proxy response when it looks like one, else a plain result."""
    try:
        result = json.loads(payload)
    except ValueError:
        result = None
    if not isinstance(result, dict) or "statusCode" not in result:
        return Answer().end(payload)
    try:
        answer = Answer(head=result)
        body = result.get("body") or ""
        return answer.end(base64.b64decode(body) if result.get("isBase64Encoded") else str(body).encode())
    except ValueError as exc:
        return failed_answer("Runtime.MalformedResponse", str(exc))


async def read_prelude(pieces: AsyncIterator[bytes]) -> tuple[Mapping[str, Any], bytes]:
    """Read a streamed response as far as its prelude goes; return that and what came after it in the same piece.

    Raises:
        ValueError: There is no prelude.
    """
    received = b""
    async for piece in pieces:
        received += piece
        prelude, delimiter, rest = received.partition(DELIMITER)
        if delimiter:
            head = json.loads(prelude)
            return (head if isinstance(head, dict) else {}), rest
        if len(received) > MAX_PRELUDE_BYTES:
            raise ValueError("it is too long")
    raise ValueError("it does not end")


def trailing_error(trailers: Iterable[tuple[str, str]]) -> InvocationError | None:
    """Return the failure that a streamed response's trailers tell, if they tell one."""
    fields = dict(trailers)
    error_type = fields.get(ERROR_TYPE_HEADER)
    if error_type is None:
        return None
    return InvocationError(error_type, error_object(_decoded(fields.get(ERROR_BODY_HEADER, ""))))


def error_object(body: bytes) -> Mapping[str, Any]:
    """Return Lambda's error object from the body of an error report, an empty one when it is not readable."""
    try:
        fields = json.loads(body)
    except ValueError:
        fields = None
    return fields if isinstance(fields, dict) else {"errorMessage": ""}


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except ValueError:
        return b""


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
