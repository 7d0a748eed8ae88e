"""The only code that sends anything to a provider.

requests is imported by the first request, and not before: it costs more than the rest of a cold start.
"""

import contextlib
import re
import threading
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from ownkey.adapters.egress import AddressRefusedError, EgressPolicy
from ownkey.domain.chat import Deadline
from ownkey.domain.errors import ProviderFailureError, ProviderTimeoutError, UpstreamError
from ownkey.domain.secrets import Secret
from ownkey.domain.upstream import UpstreamRequest

if TYPE_CHECKING:
    import ssl

    from urllib3.response import BaseHTTPResponse

    from ownkey.adapters.pooling import GuardedAdapter

READ_BYTES = 65536
LINGER_SECONDS = 0.005
"""How long closing waits for the end of an answer that has all but come. Readers of a stream stop at its last event,
and the few bytes behind it decide whether the connection can be used again."""

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*")
_NOT_THEIRS = frozenset({"accept-encoding", "connection", "content-length", "cookie", "host", "transfer-encoding"})
"""Headers that are decided here, whatever a request says."""
_NEVER_KEPT = frozenset({"set-cookie", "set-cookie2"})


class HttpTransport:
    """Sends upstream requests over pooled connections that the egress policy guards.

    No redirects, no cookies, no proxies, no .netrc, and no retries but the one that `pooling.py` explains. A failure to
    connect says so (`nothing_sent`), and `retries.py` decides whether to try again.
    """

    def __init__(
        self, policy: EgressPolicy, *, connect_timeout_seconds: float = 5.0, tls: "ssl.SSLContext | None" = None
    ) -> None:
        self._policy = policy
        self._connect_timeout_seconds = connect_timeout_seconds
        self._tls = tls
        self._made: GuardedAdapter | None = None
        self._lock = threading.Lock()

    def send(self, request: UpstreamRequest, deadline: Deadline) -> "HttpResponse":
        """Return the answer once its headers are there; `ownkey.domain.upstream.Transport` says the rest."""
        call = _Call(request.provider, self._policy.name_of(request.provider), deadline)
        destination = self._policy.check(request.provider, request.url)
        headers = _rendered_headers(request, call)
        if call.remaining_seconds() <= 0:
            raise call.timeout()
        try:
            raw = self._adapter().exchange(request.method, destination, headers, request.body, call)
        except _library_errors() as exc:
            raise call.failure(exc, "could not be reached, or hung up") from _without_request(exc)
        response = HttpResponse(raw, call)
        if response.status < 200 or 300 <= response.status < 400:
            response.close()
            raise call.failed("answered with a redirect, and redirects are not followed", status=response.status)
        return response

    def close(self) -> None:
        """Close the connections that are kept."""
        if self._made is not None:
            self._made.close()

    def _adapter(self) -> "GuardedAdapter":
        with self._lock:
            if self._made is None:
                from ownkey.adapters.connections import Dialer
                from ownkey.adapters.pooling import GuardedAdapter

                dialer = Dialer(self._policy, connect_timeout_seconds=self._connect_timeout_seconds, tls=self._tls)
                self._made = GuardedAdapter(dialer)
            return self._made


class HttpResponse:
    """A provider's answer. Read to its end, it passes its connection on to the next request; else closing hangs up."""

    def __init__(self, raw: "BaseHTTPResponse", call: "_Call") -> None:
        self._raw = raw
        self._call = call
        self._closed = False
        self.status = raw.status
        headers = ((name.lower(), value) for name, value in raw.headers.items())
        self.headers: Mapping[str, str] = {name: value for name, value in headers if name not in _NEVER_KEPT}
        self._encoded = self.headers.get("content-encoding", "identity") != "identity"

    def iter_bytes(self) -> Iterator[bytes]:
        """Yield the body as it arrives; raises an UpstreamError when it ends before its end, or comes too late."""
        while piece := self._read(READ_BYTES):
            yield piece

    def read(self, limit: int) -> bytes:
        """Return the body, at most `limit` bytes of it."""
        pieces: list[bytes] = []
        left = limit
        while left > 0 and (piece := self._read(min(left, READ_BYTES))):
            pieces.append(piece)
            left -= len(piece)
        return b"".join(pieces)

    def close(self) -> None:
        """Hang up, unless the end of the answer is there already."""
        if self._closed:
            return
        self._closed = True
        self._call.hurry(LINGER_SECONDS)
        with contextlib.suppress(UpstreamError):
            while self._read(READ_BYTES):
                pass
        self._raw.close()

    def _read(self, size: int) -> bytes:
        try:
            return self._raw.read1(size, decode_content=self._encoded)
        except _library_errors() as exc:
            raise self._call.failure(exc, "broke off its answer") from exc


class _Call:
    """One exchange: whose it is, how long each wait may be, and how its failures are told."""

    def __init__(self, provider: str, name: str, deadline: Deadline) -> None:
        self._provider = provider
        self._name = name
        self._deadline = deadline
        self._ends_at: float | None = None

    def remaining_seconds(self) -> float:
        """Return the seconds left."""
        if self._ends_at is None:
            return self._deadline.remaining_seconds()
        return min(self._deadline.remaining_seconds(), self._ends_at - time.monotonic())

    def hurry(self, seconds: float) -> None:
        """Wait no longer than this from now on."""
        self._ends_at = time.monotonic() + seconds

    def timeout(self, *, nothing_sent: bool = False) -> ProviderTimeoutError:
        """Return the error for an answer, or a piece of one, that did not come in time."""
        return ProviderTimeoutError(
            f"{self._name} did not answer in time. Try again, ask for less, or use another provider.",
            provider=self._provider,
            nothing_sent=nothing_sent,
        )

    def failed(self, what: str, *, status: int | None = None, nothing_sent: bool = False) -> ProviderFailureError:
        """Return the error for an answer that is none."""
        return ProviderFailureError(
            f"{self._name} {what}. Try again later, or use another provider.",
            provider=self._provider,
            upstream_status=status,
            nothing_sent=nothing_sent,
        )

    def failure(self, cause: BaseException, what: str) -> UpstreamError:
        """Return the error for what a library raised; `what` is what it means when it is nothing in particular."""
        from ownkey.adapters.connections import NotConnectedError

        nothing_sent = isinstance(cause, NotConnectedError)
        if _timed_out(cause):
            return self.timeout(nothing_sent=nothing_sent)
        if isinstance(cause, AddressRefusedError):
            return self.failed("leads to an address that may not be called")
        return self.failed(what, nothing_sent=nothing_sent)


def _rendered_headers(request: UpstreamRequest, call: _Call) -> dict[str, str]:
    """Return the headers in the clear. What cannot be one is refused here: libraries quote it in what they raise."""
    # Identity: a compressed stream arrives when the compressor feels like it.
    rendered = {"Accept-Encoding": "identity"}
    for name, value in request.headers.items():
        text = value.reveal() if isinstance(value, Secret) else value
        if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(text):
            raise call.failed(f"cannot be sent the header {name!r}: its value, perhaps the key, has unusual characters")
        if name.lower() not in _NOT_THEIRS:
            rendered[name] = text
    if not any(name.lower() == "user-agent" for name in rendered):
        rendered["User-Agent"] = "ownkey"
    if request.body is not None:
        rendered["Content-Length"] = str(len(request.body))
    return rendered


def _library_errors() -> tuple[type[Exception], ...]:
    from http.client import HTTPException

    from urllib3.exceptions import HTTPError

    from ownkey.adapters.connections import NotConnectedError

    return (OSError, HTTPError, HTTPException, ValueError, AddressRefusedError, NotConnectedError)


def _timed_out(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, TimeoutError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _without_request(error: Exception) -> Exception:
    """Return `error` without the request that requests hangs on it, key and all."""
    if hasattr(error, "request"):
        error.request = None
    return error
