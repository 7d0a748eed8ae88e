"""Connections that check where they lead, and that never wait past the deadline of the request they carry.

Imported when the first request is sent: urllib3 costs more than the rest of a cold start.
"""

import io
import socket
import ssl
import time
from http.client import HTTPResponse
from typing import Any, cast

import certifi
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

from ownkey.adapters.egress import EgressPolicy
from ownkey.domain.chat import Deadline

_BUFFER_BYTES = 65536


class NotConnectedError(Exception):
    """There is no connection, and so not one byte of the request was sent. A refused certificate is not this."""


class Dialer:
    """Opens sockets to places that the policy allows, at the very addresses that it checked."""

    def __init__(
        self,
        policy: EgressPolicy,
        *,
        connect_timeout_seconds: float = 5.0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._policy = policy
        self._connect_timeout_seconds = connect_timeout_seconds
        self._tls = tls

    @property
    def tls(self) -> ssl.SSLContext:
        """How connections are encrypted: certificates and host names are always verified. Read from disk once."""
        if self._tls is None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            self._tls.load_verify_locations(certifi.where())
        return self._tls

    def dial(self, scheme: str, host: str, port: int, deadline: Deadline) -> socket.socket:
        """Return a connected socket whose timeout is what is left for the rest of connecting.

        Raises:
            AddressRefusedError: the host leads where no provider is.
            OSError: nobody answered; TimeoutError when it was not in time.
        """
        # Looking the host up cannot be given a time limit; Lambda's resolver answers from a cache of its own.
        ends_at = time.monotonic() + min(self._connect_timeout_seconds, deadline.remaining_seconds())
        addresses = self._policy.resolve(scheme, host, port)
        failure: OSError | None = None
        for tried, address in enumerate(addresses):
            left_seconds = max(ends_at - time.monotonic(), 0.001)
            try:
                connection = _connected(address, port, left_seconds / (len(addresses) - tried))
            except OSError as exc:
                failure = exc
                continue
            connection.settimeout(max(ends_at - time.monotonic(), 0.001))
            return connection
        raise failure or OSError("there was no address to try")


def _connected(address: str, port: int, timeout_seconds: float) -> socket.socket:
    connection = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    try:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(timeout_seconds)
        connection.connect((address, port))
    except OSError:
        connection.close()
        raise
    return connection


class DeadlineReader(io.RawIOBase):
    """The receiving end of a socket: every single wait is bounded by what is left of the deadline.

    A socket's own timeout starts anew with every byte, so that an upstream that trickles could hold on for ever.
    """

    def __init__(self, connection: socket.socket, deadline: Deadline) -> None:
        self._socket = connection
        # Not recv on the socket itself: http.client closes the socket early and counts on this object to keep it open.
        self._file = connection.makefile("rb", buffering=0)
        self._deadline = deadline
        self.received = False

    def readable(self) -> bool:
        """Say yes."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Fill `buffer` with what has come; raises TimeoutError when nothing does in time."""
        remaining_seconds = self._deadline.remaining_seconds()
        if remaining_seconds <= 0:
            raise TimeoutError("the deadline has passed")
        self._socket.settimeout(remaining_seconds)
        count = self._file.readinto(buffer)
        self.received = self.received or bool(count)
        return count

    def close(self) -> None:
        """Let go of the socket."""
        if not self.closed:
            self._file.close()
        super().close()


class _ReaderAsSocket:
    """What http.client wants of a socket to read an answer from it."""

    def __init__(self, reader: DeadlineReader) -> None:
        self._reader = reader

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self._reader, _BUFFER_BYTES)


class _Passed:
    """The deadline of a connection that nothing has been asked of yet."""

    def remaining_seconds(self) -> float:
        return 0.0


class GuardedHTTPConnection(HTTPConnection):
    """A connection to a base URL of the operator's own, on this machine."""

    scheme = "http"

    def __init__(self, *args: Any, dialer: Dialer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._dialer = dialer
        self._reader: DeadlineReader | None = None
        self._deadline: Deadline = _Passed()
        self._sent_before = False
        self.idle_since_seconds = 0.0

    def begin(self, deadline: Deadline, *, sent_before: bool = False) -> None:
        """Say how long the next exchange may take, and whether its request has gone out on another connection."""
        self._deadline = deadline
        self._sent_before = sent_before
        self._reader = None

    @property
    def nothing_received(self) -> bool:
        """Whether not one byte has come since `begin`."""
        return self._reader is None or not self._reader.received

    def _remaining_seconds(self) -> float:
        # Zero would mean "do not wait" to a socket.
        return max(self._deadline.remaining_seconds(), 0.001)

    def _new_conn(self) -> socket.socket:
        try:
            return self._dialer.dial(self.scheme, self.host, self.port, self._deadline)
        except TimeoutError as exc:
            raise ConnectTimeoutError(self, "connecting took too long") from exc
        except OSError as exc:
            raise NewConnectionError(self, "no connection") from exc

    def connect(self) -> None:
        """Connect, and give what follows all the time that is left.

        Raises:
            NotConnectedError: nobody can have seen the request.
        """
        try:
            super().connect()
        except (OSError, HTTPError) as exc:
            if self._sent_before or isinstance(exc, ssl.SSLCertVerificationError):
                raise
            raise NotConnectedError from exc
        self.sock.settimeout(self._remaining_seconds())

    def request(self, *args: Any, **kwargs: Any) -> None:
        """Send a request, on a new or a used connection."""
        self.timeout = self._remaining_seconds()
        super().request(*args, **kwargs)

    def response_class(  # type: ignore[override]  # http.client calls it, and does not mind what it is
        self, connection: socket.socket, method: str | None = None
    ) -> HTTPResponse:
        """Return the answer that is about to arrive on `connection`."""
        self._reader = DeadlineReader(connection, self._deadline)
        return HTTPResponse(cast("socket.socket", _ReaderAsSocket(self._reader)), method=method)


class GuardedHTTPSConnection(GuardedHTTPConnection, HTTPSConnection):
    """A connection to a provider."""

    scheme = "https"
