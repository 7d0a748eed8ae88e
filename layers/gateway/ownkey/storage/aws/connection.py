"""One kept connection to one AWS endpoint."""

import contextlib
import socket
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

# http.client is imported by the first call: with the e-mail parser behind it, it takes as long as a third of a start.
if TYPE_CHECKING:
    from http.client import HTTPConnection
    from ssl import SSLContext

CONNECT_TIMEOUT_SECONDS = 1.0
READ_TIMEOUT_SECONDS = 2.0
IDLE_LIMIT_SECONDS = 20.0
"""A connection that rested longer may be dead without knowing it: Lambda freezes functions between requests."""


class NoAnswerError(Exception):
    """No answer came, or half of one. The message names the kind of failure only."""


class KeptConnection:
    """Posts to one origin, and keeps the connection for the next time."""

    def __init__(self, origin: str, monotonic: Callable[[], float]) -> None:
        parts = urlsplit(origin)
        self.host = parts.netloc
        self._https = parts.scheme == "https"
        self._hostname = parts.hostname or ""
        self._port = parts.port
        self._monotonic = monotonic
        self._connection: HTTPConnection | None = None
        self._used_at = 0.0

    def post(self, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        """Return the status and body of the answer to `POST /`; raises NoAnswerError."""
        from http.client import BadStatusLine, HTTPException

        # How a kept connection shows that the other side closed it while nobody looked.
        gone = (BadStatusLine, BrokenPipeError, ConnectionResetError, ConnectionAbortedError)
        try:
            if self._connection and self._monotonic() - self._used_at < IDLE_LIMIT_SECONDS:
                with contextlib.suppress(*gone):  # nothing was answered on it, so the call is made again on a fresh one
                    return self._exchange(self._connection, headers, body)
            self.close()
            return self._exchange(self._connect(), headers, body)
        except (OSError, HTTPException) as exc:
            raise NoAnswerError(type(exc).__name__) from exc

    def close(self) -> None:
        """Hang up."""
        if self._connection:
            self._connection.close()
        self._connection = None

    def _connect(self) -> "HTTPConnection":
        connection = self._unconnected()
        connection.connect()
        if isinstance(connection.sock, socket.socket):
            connection.sock.settimeout(READ_TIMEOUT_SECONDS)
        self._connection = connection
        return connection

    def _unconnected(self) -> "HTTPConnection":
        from http.client import HTTPConnection

        if not self._https:
            return HTTPConnection(self._hostname, self._port, timeout=CONNECT_TIMEOUT_SECONDS)
        from http.client import HTTPSConnection

        return HTTPSConnection(self._hostname, self._port, timeout=CONNECT_TIMEOUT_SECONDS, context=_tls_context())

    def _exchange(self, connection: "HTTPConnection", headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        try:
            connection.request("POST", "/", body=body, headers=dict(headers))
            response = connection.getresponse()
            answer = response.read()
        except BaseException:
            # Half an answer may be left in it.
            self.close()
            raise
        if response.will_close:
            self.close()
        self._used_at = self._monotonic()
        return response.status, answer


@cache
def _tls_context() -> "SSLContext":
    """Return the one context of this process: loading the certificate authorities takes milliseconds."""
    import ssl

    return ssl.create_default_context()
