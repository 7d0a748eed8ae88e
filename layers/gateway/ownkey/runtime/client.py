"""The Lambda Runtime API (version 2018-06-01) as the loop sees it: the next event, and four ways to answer."""

from ownkey.runtime.connection import Connection, ConnectionLostError, Response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = "/2018-06-01/runtime"
ERROR_TYPE_HEADER = "Lambda-Runtime-Function-Error-Type"
ERROR_BODY_HEADER = "Lambda-Runtime-Function-Error-Body"
STREAMED_CONTENT_TYPE = "application/vnd.awslambda.http-integration-response"
LAST_CHUNK = b"0\r\n"
NOBODY = 0
"""In place of a status: the connection ended, so nobody waits for the answer any more."""


class RuntimeApiError(Exception):
    """The Runtime API refused something without which the loop cannot go on."""


class Invocation:
    """One event, as it was handed out, with what Lambda says about the call."""

    __slots__ = ("body", "headers", "request_id")

    def __init__(self, headers: "Mapping[str, str]", body: bytes) -> None:
        self.request_id = headers.get("lambda-runtime-aws-request-id", "")
        self.headers = headers
        self.body = body

    def header(self, name: str) -> str | None:
        """Return the value of `Lambda-Runtime-{name}`, or None when it is absent."""
        return self.headers.get(f"lambda-runtime-{name}")


class RuntimeClient:
    """Talks to the Runtime API over one connection."""

    __slots__ = ("_connection",)

    def __init__(self, address: str) -> None:
        self._connection = Connection(address)

    def close(self) -> None:
        """Drop the connection."""
        self._connection.close()

    def next_invocation(self) -> Invocation:
        """Wait for the next event.

        Raises:
            RuntimeApiError: The Runtime API is gone or hands out no events any more.
        """
        response = self._get(f"{ROOT}/invocation/next")
        return Invocation(response.headers, response.body)

    def wait_for_restore(self) -> None:
        """Say that a snapshot may be taken, and return in the process that was restored from it."""
        self._get(f"{ROOT}/restore/next")

    def post_result(self, invocation: Invocation, body: bytes, content_type: str) -> int:
        """Answer with a whole body. Returns the Runtime API's status, or NOBODY."""
        return self._post(_path(invocation, "response"), body, {"Content-Type": content_type, **_echo(invocation)})

    def post_error(self, invocation: Invocation, body: bytes, error_type: str) -> int:
        """Answer that the handler failed before anything was sent. Returns the Runtime API's status, or NOBODY."""
        return self._post(_path(invocation, "error"), body, {**_error_headers(error_type), **_echo(invocation)})

    def post_initialization_error(self, body: bytes, error_type: str) -> int:
        """Say that the handler cannot be loaded."""
        return self._post(f"{ROOT}/init/error", body, _error_headers(error_type))

    def post_restore_error(self, body: bytes, error_type: str) -> int:
        """Say that a hook failed after the restore from a snapshot."""
        return self._post(f"{ROOT}/restore/error", body, _error_headers(error_type))

    def open_stream(self, invocation: Invocation, prelude: bytes) -> "ResponseStream":
        """Start an answer that is sent in pieces; the prelude goes out at once.

        Raises:
            ConnectionLostError: Nobody waits for the answer.
        """
        self._connection.send_head(
            "POST", _path(invocation, "response"), _stream_headers(invocation, trailers=True), _chunk(prelude)
        )
        return ResponseStream(self._connection)

    def post_whole_stream(self, invocation: Invocation, prelude: bytes, body: bytes) -> int:
        """Answer in the streaming format with a body that is already whole, in one write."""
        content = _chunk(prelude + body) + LAST_CHUNK + b"\r\n"
        try:
            self._connection.send_head(
                "POST", _path(invocation, "response"), _stream_headers(invocation, trailers=False), content
            )
            return self._connection.read_response().status
        except ConnectionLostError:
            return NOBODY

    def _get(self, path: str) -> Response:
        try:
            response = self._connection.request("GET", path)
        except ConnectionLostError:
            try:
                response = self._connection.request("GET", path)
            except ConnectionLostError as exc:
                raise RuntimeApiError(f"the Runtime API does not answer GET {path}") from exc
        if response.status != 200:
            raise RuntimeApiError(f"the Runtime API answered {response.status} to GET {path}")
        return response

    def _post(self, path: str, body: bytes, headers: "Mapping[str, str]") -> int:
        try:
            return self._connection.request("POST", path, headers, body).status
        except ConnectionLostError:
            return NOBODY


class ResponseStream:
    """An answer on its way out: any number of pieces, then either the end or a failure."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def send(self, piece: bytes, patience_seconds: float = 0) -> None:
        """Send a piece now, in a segment of its own; 0 seconds are patience without end.

        Raises:
            ConnectionLostError: Nobody waits for the answer any more, or takes any of it.
        """
        if piece:  # a chunk of no bytes would end the body
            self._connection.send(_chunk(piece), patience_seconds)

    def finish(self) -> int:
        """End the answer. Returns the Runtime API's status, or NOBODY."""
        return self._end(b"")

    def fail(self, error_type: str, encoded_body: str) -> int:
        """End the answer with trailers that say why it is not complete; `encoded_body` is base64."""
        trailers = f"{ERROR_TYPE_HEADER}: {_header_value(error_type)}\r\n{ERROR_BODY_HEADER}: {encoded_body}\r\n"
        return self._end(trailers.encode("latin-1", "replace"))

    def abandon(self) -> None:
        """Drop an answer that cannot be ended in order."""
        self._connection.close()

    def _end(self, trailers: bytes) -> int:
        try:
            self._connection.send(LAST_CHUNK + trailers + b"\r\n")
            return self._connection.read_response().status
        except ConnectionLostError:
            return NOBODY


def _path(invocation: Invocation, verb: str) -> str:
    return f"{ROOT}/invocation/{invocation.request_id}/{verb}"


def _echo(invocation: Invocation) -> "dict[str, str]":
    invocation_id = invocation.header("invocation-id")
    return {"Lambda-Runtime-Invocation-Id": invocation_id} if invocation_id else {}


def _error_headers(error_type: str) -> "dict[str, str]":
    return {"Content-Type": "application/json", ERROR_TYPE_HEADER: _header_value(error_type)}


def _stream_headers(invocation: Invocation, *, trailers: bool) -> "dict[str, str]":
    headers = {
        "Content-Type": STREAMED_CONTENT_TYPE,
        "Lambda-Runtime-Function-Response-Mode": "streaming",
        "Transfer-Encoding": "chunked",
        **_echo(invocation),
    }
    if trailers:
        headers["Trailer"] = f"{ERROR_TYPE_HEADER}, {ERROR_BODY_HEADER}"
    return headers


def _header_value(text: str) -> str:
    return "".join(character if " " <= character <= "~" else "?" for character in text)


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)
