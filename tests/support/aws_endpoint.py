"""A loopback HTTP server that answers as it is told, for clients of AWS's JSON services."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer: a status and a JSON body, or bytes, or hanging up."""

    status: int = 200
    body: Any = field(default_factory=dict)
    hang_up: bool = False
    """Close the connection without answering."""
    then_close: bool = False
    """Answer, and close the connection quietly afterwards."""
    truncated: bool = False
    """Promise more than is sent."""


@dataclass(slots=True)
class Endpoint:
    """What the server was asked, and what it will answer."""

    url: str
    replies: list[Reply]
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    """Path, lower-case headers and body."""
    connections: int = 0


@contextmanager
def aws_endpoint(*replies: Reply) -> Iterator[Endpoint]:
    """Serve `replies`, one a request, the last one again and again."""
    endpoint = Endpoint("", list(replies) or [Reply()])

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def setup(self) -> None:
            endpoint.connections += 1
            super().setup()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            endpoint.requests.append((self.path, {n.lower(): v for n, v in self.headers.items()}, body))
            reply = endpoint.replies.pop(0) if len(endpoint.replies) > 1 else endpoint.replies[0]
            self.close_connection = reply.hang_up or reply.then_close or reply.truncated
            if reply.hang_up:
                return
            content = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            self.send_response_only(reply.status)
            self.send_header("Content-Length", str(len(content) + (9 if reply.truncated else 0)))
            self.end_headers()
            self.wfile.write(content)

        def do_GET(self) -> None:
            self.do_POST()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    endpoint.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield endpoint
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
