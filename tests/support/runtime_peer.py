"""A Runtime API that says exactly what a test tells it to, byte for byte."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

Script = Callable[[socket.socket], None]


class Peer:
    """A listening socket whose connections are played by scripts, one script a connection."""

    def __init__(self, scripts: tuple[Script, ...]) -> None:
        self._scripts = scripts
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(5)
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._play, daemon=True)
        self._thread.start()

    def _play(self) -> None:
        for number, script in enumerate(self._scripts, 1):
            connection, _ = self._listener.accept()
            if number == len(self._scripts):
                self._listener.close()
            connection.settimeout(5)
            with connection:
                script(connection)

    def close(self) -> None:
        self._thread.join(10)
        self._listener.close()
        assert not self._thread.is_alive()


@contextlib.contextmanager
def peer(*scripts: Script) -> Iterator[str]:
    """Play the scripts, and yield the address; nobody listens after the last connection."""
    playing = Peer(scripts)
    try:
        yield playing.address
    finally:
        playing.close()


def replying(*replies: bytes) -> Script:
    """Read one request a reply."""

    def script(connection: socket.socket) -> None:
        for reply in replies:
            read_request(connection)
            connection.sendall(reply)

    return script


def read_request(connection: socket.socket) -> bytes:
    """Read a request with a content length, or with chunks, to its end."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65536)
    head, _, body = received.partition(b"\r\n\r\n")
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    if b"content-length" in fields:
        while len(body) < int(fields[b"content-length"]):
            body += connection.recv(65536)
    else:
        while not body.endswith(b"\r\n\r\n"):
            body += connection.recv(65536)
    return head + b"\r\n\r\n" + body
