"""A fake provider on loopback that does what it is told: answers, streams, stalls, cuts off, echoes keys.

    with FakeUpstream() as upstream:
        upstream.on("groq", answer(chat_completion("Hello")))
        ...call upstream.base_url("groq")...
        assert upstream.exchanges[0].json["model"] == "llama"

`on` takes several replies: they are used in order, and the last one again and again. A path is answered by the longest
slug that it begins with; a slug nobody scripted answers 404. Everything received is in `exchanges`, in order.
"""

import contextlib
import select
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any, Self, cast

from tests.support.openai_bodies import chat_chunks, chat_completion, sse_event, tool_call, usage
from tests.support.upstream_replies import (
    Exchange,
    Reply,
    Script,
    answer,
    echoing_error,
    html_error,
    openai_error,
    raw,
    redirect,
    stream,
)

__all__ = [
    "Exchange",
    "FakeUpstream",
    "Reply",
    "Script",
    "answer",
    "chat_chunks",
    "chat_completion",
    "echoing_error",
    "html_error",
    "openai_error",
    "raw",
    "redirect",
    "sse_event",
    "stream",
    "tool_call",
    "usage",
]


class FakeUpstream:
    """The server. Start it with `with`; all its threads are gone when the block is left."""

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        self.exchanges: list[Exchange] = []
        self.connections = 0
        """How many connections were opened so far."""
        self._scripts: dict[str, list[Script]] = {}
        self._lock = threading.Lock()
        self._tls = tls
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()
        self._thread.join()

    @property
    def port(self) -> int:
        """The port on 127.0.0.1."""
        return int(self._server.server_address[1])

    @property
    def tls(self) -> ssl.SSLContext | None:
        """What connections are encrypted with."""
        return self._tls

    def base_url(self, slug: str = "") -> str:
        """Return the base URL that stands for a provider's."""
        origin = f"https://localhost:{self.port}" if self._tls else f"http://127.0.0.1:{self.port}"
        return f"{origin}/{slug}" if slug else origin

    def base_urls(self, *slugs: str) -> dict[str, str]:
        """Return the base URLs of several providers, as `OWNKEY_UPSTREAMS` wants them."""
        return {slug: self.base_url(slug) for slug in slugs}

    def on(self, slug: str, *replies: Script) -> None:
        """Answer requests below `/slug` with `replies` in order, the last one for ever; "" is for every path."""
        with self._lock:
            self._scripts[slug.strip("/")] = list(replies)

    def exchanges_of(self, slug: str) -> list[Exchange]:
        """Return what arrived below one slug."""
        with self._lock:
            return [exchange for exchange in self.exchanges if exchange.slug == slug]

    def accept(self, exchange: Exchange) -> Reply:
        """Record a request and return its reply. For the server's threads."""
        with self._lock:
            self.exchanges.append(exchange)
            scripts = self._scripts.get(exchange.slug)
            script = None if not scripts else scripts.pop(0) if len(scripts) > 1 else scripts[0]
        if script is None:
            return openai_error(f"nothing is scripted for {exchange.method} {exchange.path}", 404)
        return script if isinstance(script, Reply) else script(exchange)

    def slug_of(self, path: str) -> str:
        """Return the longest scripted slug that `path` begins with, or the path's first part."""
        path = path.split("?")[0].strip("/")
        with self._lock:
            matches = [slug for slug in self._scripts if not slug or f"{path}/".startswith(f"{slug}/")]
        return max(matches, key=len, default=path.split("/")[0])

    def next_connection(self) -> int:
        """Count a connection. For the server's threads."""
        with self._lock:
            self.connections += 1
            return self.connections


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    request_queue_size = 64
    daemon_threads = False  # joined by server_close: nothing outlives the block

    def __init__(self, upstream: FakeUpstream) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = upstream
        self.stopping = threading.Event()
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()

    def finish_request(self, request: Any, client_address: Any) -> None:
        if self.upstream.tls is None:
            super().finish_request(request, client_address)
            return
        request.settimeout(5)  # a client that never shakes hands
        with self.upstream.tls.wrap_socket(request, server_side=True) as encrypted:
            encrypted.settimeout(None)
            super().finish_request(encrypted, client_address)

    @contextlib.contextmanager
    def known(self, connection: socket.socket) -> Iterator[None]:
        """Keep a connection where `stop` finds it."""
        with self._open_lock:
            self._open.add(connection)
        try:
            yield
        finally:
            with self._open_lock:
                self._open.discard(connection)

    def stop(self) -> None:
        self.stopping.set()
        self.shutdown()
        with self._open_lock:
            for connection in self._open:
                _shut(connection)
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Let connections break in silence: breaking them is what many tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = None

    def setup(self) -> None:
        super().setup()
        self.upstream = cast("_Server", self.server).upstream
        self.stopping = cast("_Server", self.server).stopping
        self.number = self.upstream.next_connection()

    def handle(self) -> None:
        with cast("_Server", self.server).known(self.connection):
            super().handle()

    def _exchange(self) -> None:
        exchange = Exchange(
            slug=self.upstream.slug_of(self.path),
            method=self.command,
            path=self.path,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(int(self.headers.get("content-length") or 0)),
            connection=self.number,
        )
        reply = self.upstream.accept(exchange)
        try:
            self._send(reply, exchange)
        except OSError:
            exchange.hung_up.set()
            self.close_connection = True
        finally:
            exchange.finished.set()

    do_GET = do_POST = do_DELETE = _exchange  # noqa: N815

    def _send(self, reply: Reply, exchange: Exchange) -> None:
        if not self._waited(reply.headers_after_seconds, exchange):
            return
        if reply.framing != "raw":
            self.wfile.write(_head(reply))
        if not self._sent_pieces(reply, exchange):
            return
        if reply.framing == "chunked":
            self.wfile.write(b"0\r\n\r\n")
        elif reply.framing != "length":
            self._close()

    def _sent_pieces(self, reply: Reply, exchange: Exchange) -> bool:
        for count, piece in enumerate(reply.pieces):
            if not self._may_go_on(reply, count, exchange):
                return False
            if count and not self._waited(reply.delay_seconds, exchange):
                return False
            self.wfile.write(_framed(reply, piece))
        return self._may_go_on(reply, len(reply.pieces), exchange)

    def _may_go_on(self, reply: Reply, count: int, exchange: Exchange) -> bool:
        """Cut off or stall when it is time to, after `count` pieces; False when that was the end of it."""
        if reply.cut_after == count:
            self._close()
            return False
        return reply.stall_after != count or self._waited(reply.stall_seconds, exchange)

    def _waited(self, seconds: float | None, exchange: Exchange) -> bool:
        """Wait, for ever when `seconds` is None; False when the client hung up or the server stopped meanwhile."""
        if seconds == 0:
            return True
        readable, _, _ = select.select([self.connection], [], [], seconds)
        if self.stopping.is_set():
            self.close_connection = True
            return False
        if readable and not _peek(self.connection):
            exchange.hung_up.set()
            self.close_connection = True
            return False
        return True

    def _close(self) -> None:
        self.close_connection = True
        self.wfile.flush()
        _shut(self.connection)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def _head(reply: Reply) -> bytes:
    headers = dict(reply.headers)
    if reply.framing == "length":
        headers.setdefault("content-length", str(sum(map(len, reply.pieces))))
    elif reply.framing == "chunked":
        headers.setdefault("transfer-encoding", "chunked")
    else:
        headers.setdefault("connection", "close")
    lines = [f"HTTP/1.1 {reply.status} Scripted", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1")


def _framed(reply: Reply, piece: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(piece), piece) if reply.framing == "chunked" and piece else piece


def _peek(connection: socket.socket) -> bool:
    """Return whether a readable connection holds data rather than its end."""
    try:
        if isinstance(connection, ssl.SSLSocket):
            return bool(connection.recv(1))
        return bool(connection.recv(1, socket.MSG_PEEK))
    except OSError:
        return False


def _shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
