"""HTTP/1.1 towards the Runtime API: one kept-alive socket, and no more of the protocol than that needs.

The standard library's client would double the time a cold start spends before its first poll: it imports `email` and
`ssl`, of which nothing is needed towards a plain-text endpoint on the same machine.
"""

import socket
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

RECEIVE_BYTES = 65536


class ConnectionLostError(Exception):
    """The other side closed the connection, cut an answer short, or answered before the request was complete."""


class Response:
    """Status, headers (names in lower case) and the whole body of an answer."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: "dict[str, str]", body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body


class Connection:
    """One connection, opened when needed and kept for the next request. Not for use by two threads."""

    __slots__ = ("_address", "_received", "_socket")

    def __init__(self, address: str) -> None:
        self._address = address
        self._received = bytearray()
        self._socket: socket.socket | None = None

    def request(
        self, method: str, path: str, headers: "Mapping[str, str] | None" = None, body: bytes = b""
    ) -> Response:
        """Send a request and wait for the answer, however long it takes.

        Raises:
            ConnectionLostError: No connection could be made, or it ended before the answer was complete.
        """
        self.send_head(method, path, {**(headers or {}), "Content-Length": str(len(body))}, body)
        return self.read_response()

    def send_head(self, method: str, path: str, headers: "Mapping[str, str]", rest: bytes = b"") -> None:
        """Start a request on a connection known to be open, with the first bytes of its body in the same segment."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self._address}", *(f"{n}: {v}" for n, v in headers.items())]
        head = "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n"
        if self._socket is None or self._has_ended():
            self._open()
        self._send(head + rest)

    def send(self, data: bytes, patience_seconds: float = 0) -> None:
        """Send more of a request's body at once.

        Args:
            data: the bytes.
            patience_seconds: how long the other side may take none of them; 0 for any time.

        Raises:
            ConnectionLostError: The other side no longer wants it, or has taken nothing for too long.
        """
        if self._socket is None or self._has_ended():
            self.close()
            raise ConnectionLostError("the connection was closed while a request was being sent")
        # The kernel's own limit: Python's would make the socket wait before it looks whether the other side has ended.
        seconds, rest = divmod(patience_seconds, 1)
        limit = int(seconds).to_bytes(8, sys.byteorder) + int(rest * 1_000_000).to_bytes(8, sys.byteorder)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
        self._send(data)

    def read_response(self) -> Response:
        """Wait for the answer to the request that was just sent."""
        try:
            status, headers = self._read_head()
            while status < 200:
                status, headers = self._read_head()
            body = self._read_body(headers)
        except (OSError, ValueError) as exc:
            self.close()
            raise ConnectionLostError("the answer was cut short or is not HTTP") from exc
        if headers.get("connection", "").lower() == "close":
            self.close()
        return Response(status, headers, body)

    def close(self) -> None:
        """Drop the connection; the next request opens a new one."""
        if self._socket is not None:
            self._socket.close()
        self._socket = None
        self._received.clear()

    def _open(self) -> None:
        self.close()
        host, _, port = self._address.rpartition(":")
        # Lambda gives an IPv4 address. `create_connection` would load the tables of international names to look it up.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            self._socket.connect((host, int(port)))
        except OSError as exc:
            self.close()
            raise ConnectionLostError(f"no connection to the Runtime API at {self._address}") from exc
        # A stream's pieces are small; with Nagle's algorithm each would wait for the acknowledgement of the one before.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _has_ended(self) -> bool:
        """Tell whether the other side closed, or spoke out of turn, which it does only to refuse what is coming."""
        if self._socket is None:
            return True
        try:
            self._socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True

    def _send(self, data: bytes) -> None:
        if self._socket is None:
            raise ConnectionLostError("the connection is closed")
        try:
            self._socket.sendall(data)
        except OSError as exc:
            self.close()
            raise ConnectionLostError("the connection broke while a request was being sent") from exc

    def _fill(self) -> None:
        data = self._socket.recv(RECEIVE_BYTES) if self._socket is not None else b""
        if not data:
            raise ConnectionResetError("closed by the other side")
        self._received += data

    def _read_until(self, end: bytes) -> bytes:
        searched = 0
        while (found := self._received.find(end, searched)) < 0:
            searched = max(0, len(self._received) - len(end) + 1)
            self._fill()
        return self._take(found + len(end))[:found]

    def _take(self, length: int) -> bytes:
        while len(self._received) < length:
            self._fill()
        taken = bytes(self._received[:length])
        del self._received[:length]
        return taken

    def _read_head(self) -> "tuple[int, dict[str, str]]":
        status_line, *lines = self._read_until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        return int(status_line.partition(" ")[2][:3]), headers

    def _read_body(self, headers: "Mapping[str, str]") -> bytes:
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return b"".join(iter(self._read_chunk, b""))
        return self._take(int(headers.get("content-length", "0")))

    def _read_chunk(self) -> bytes:
        length = int(self._read_until(b"\r\n").partition(b";")[0], 16)
        if length:
            return self._take(length + 2)[:length]
        while self._read_until(b"\r\n"):
            pass
        return b""
