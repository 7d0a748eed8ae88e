"""Connections kept open between requests, and requests' adapter on top of them.

Of requests this uses the adapter alone. A session would add cookies, redirects, proxies and .netrc, which have no place
between a gateway and a provider, and a third of a millisecond to every call.
"""

import time
from collections.abc import Mapping
from http.client import HTTPException
from ssl import SSLError
from typing import Any, cast

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.response import BaseHTTPResponse
from urllib3.util import Timeout

from ownkey.adapters.connections import Dialer, GuardedHTTPConnection, GuardedHTTPSConnection
from ownkey.adapters.egress import Destination
from ownkey.domain.chat import Deadline

MAX_IDLE_SECONDS = 60.0
"""How long a connection may rest and still be used. Lambda freezes between invocations, and what upstreams and network
devices closed meanwhile looks open until something is sent; most of them keep idle connections longer than this."""
STALE_WITHIN_SECONDS = 1.0
"""A used connection that breaks this soon, without one byte of an answer, was closed before the request arrived."""
HOSTS_KEPT = 32
CONNECTIONS_KEPT = 16


class OutgoingRequest(PreparedRequest):
    """A request as it goes out: exactly these headers, to exactly this place."""

    def __init__(self, method: str, destination: Destination, headers: Mapping[str, str], body: bytes | None) -> None:
        super().__init__()
        self.method = method
        self.url = f"{destination.scheme}://{destination.host}:{destination.port}{destination.target}"
        self.headers = cast("Any", dict(headers))  # urllib3 wants a plain mapping; nothing here reads it in any case
        self.body = body
        self.destination = destination


class DeadlineTimeout(Timeout):
    """Carries the deadline to the connection; how long each wait may be is decided there."""

    def __init__(self, deadline: Deadline) -> None:
        seconds = max(deadline.remaining_seconds(), 0.001)
        super().__init__(connect=seconds, read=seconds)
        self.deadline = deadline

    def clone(self) -> "DeadlineTimeout":
        """Return one that has not been started."""
        return DeadlineTimeout(self.deadline)


class _Pool(HTTPConnectionPool):
    """The part of a pool that is the same with and without TLS."""

    def _get_conn(self, timeout: float | None = None) -> Any:
        connection = cast("GuardedHTTPConnection", super()._get_conn(timeout))
        # The wall clock: the monotonic one may stand still while Lambda is frozen.
        if not 0 <= time.time() - connection.idle_since_seconds <= MAX_IDLE_SECONDS:
            connection.close()
        return connection

    def _put_conn(self, conn: Any) -> None:
        if conn is not None:
            conn.idle_since_seconds = time.time()
        super()._put_conn(conn)

    def _make_request(self, conn: Any, method: str, url: str, *args: Any, **options: Any) -> BaseHTTPResponse:
        """Send a request, and once more when the connection turns out to have been closed while it rested.

        The second sending is safe as far as one can know: the connection had served before, it broke at once, and not
        one byte had come. A new connection, or a server that thought about it for a while, gets no second request.
        """
        reused = not conn.is_closed
        started_at = time.monotonic()
        conn.begin(options["timeout"].deadline)
        try:
            return super()._make_request(conn, method, url, *args, **options)
        except (ConnectionError, HTTPException, SSLError):
            at_once = time.monotonic() - started_at < STALE_WITHIN_SECONDS
            if not (reused and at_once and conn.nothing_received):
                raise
        conn.close()
        conn.begin(options["timeout"].deadline, sent_before=True)
        return super()._make_request(conn, method, url, *args, **options)


class _HttpPool(_Pool):
    ConnectionCls = GuardedHTTPConnection


class _HttpsPool(_Pool, HTTPSConnectionPool):
    ConnectionCls = GuardedHTTPSConnection


class GuardedAdapter(HTTPAdapter):
    """requests' adapter over guarded connections. There is no way through it to a proxy or around the certificate."""

    def __init__(self, dialer: Dialer) -> None:
        self._dialer = dialer
        super().__init__(pool_connections=HOSTS_KEPT, pool_maxsize=CONNECTIONS_KEPT, max_retries=0)

    def exchange(
        self, method: str, destination: Destination, headers: Mapping[str, str], body: bytes | None, deadline: Deadline
    ) -> BaseHTTPResponse:
        """Send a request and return its answer once the headers are there."""
        request = OutgoingRequest(method, destination, headers, body)
        response = self.send(request, stream=True, timeout=cast("Any", DeadlineTimeout(deadline)))
        return cast("BaseHTTPResponse", response.raw)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **options: Any) -> None:
        """Make pools of guarded connections."""
        super().init_poolmanager(connections, maxsize, block, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": self._http_pool, "https": self._https_pool}

    def _http_pool(self, host: str, port: int, **options: Any) -> HTTPConnectionPool:
        return _HttpPool(host, port, dialer=self._dialer, **options)

    def _https_pool(self, host: str, port: int, **options: Any) -> HTTPConnectionPool:
        options |= {"cert_reqs": "CERT_REQUIRED", "ssl_context": self._dialer.tls}
        return _HttpsPool(host, port, dialer=self._dialer, **options)

    def get_connection_with_tls_context(self, request: PreparedRequest, *_: Any, **__: Any) -> HTTPConnectionPool:
        """Return the pool of the place that the policy allowed, whatever another parser makes of the URL."""
        destination = cast("OutgoingRequest", request).destination
        pool = self.poolmanager.connection_from_host(destination.host, destination.port, destination.scheme)
        return cast("HTTPConnectionPool", pool)

    def cert_verify(self, *_: Any, **__: Any) -> None:
        """Leave the pool alone: its TLS context verifies, and was made once."""

    def request_url(self, request: PreparedRequest, *_: Any, **__: Any) -> str:
        """Return path and query as the policy read them."""
        return cast("OutgoingRequest", request).destination.target

    def build_response(self, req: PreparedRequest, resp: Any) -> Response:  # noqa: ARG002  # requests' signature
        """Return urllib3's response in requests' wrapping, without its cookies."""
        response = Response()
        response.raw = resp
        return response
