"""One connection of an HTTP/1.1 server: h11 for the protocol, asyncio for the socket. See `local.http_wire`."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from http.client import responses

import h11

MAX_HEAD_BYTES = 256 * 1024
MAX_UNREAD_BYTES = 256 * 1024
MAX_DISCARDED_BYTES = 64 * 1024 * 1024
LINGER_SECONDS = 1.0
BODILESS_STATUSES = frozenset({204, 304})

HeaderPairs = Iterable[tuple[str, str]]


class HungUpError(Exception):
    """The peer closed the connection, or spoke something that is not HTTP and was cut off."""


class BodyTooLargeError(Exception):
    """A request's body is larger than the handler wants to read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The head of a request."""

    method: str
    target: str
    """Path and query as they were sent."""
    headers: tuple[tuple[str, str], ...]
    """Names in lower case, in the order in which they came."""

    def header(self, name: str) -> str | None:
        """Return the first header of that (lower case) name."""
        return next((value for candidate, value in self.headers if candidate == name), None)


class HttpConnection(asyncio.Protocol):
    """One connection of a client: requests are read, and answered, one after the other."""

    def __init__(self, on_made: "Callable[[HttpConnection], None]") -> None:
        self._on_made = on_made
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD_BYTES)
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._data_arrived: asyncio.Future[None] | None = None
        self._may_write: asyncio.Future[None] | None = None
        self._unread_bytes = 0
        self._sends_body = True
        self._refused = False
        self.hung_up: asyncio.Future[None] = self._loop.create_future()
        """Done when nothing that is sent can reach the peer any more. Never an exception."""
        self.trailers: tuple[tuple[str, str], ...] = ()
        """The trailers of the body that was read to its end."""

    async def next_request(self) -> Request | None:
        """Wait for a request, or return None when the client has closed the connection in between requests."""
        await self._discard_rest()
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
        event = await self._next_event() if self._http.our_state is h11.IDLE else None
        if not isinstance(event, h11.Request):
            self.close()
            return None
        self.trailers = ()
        self._sends_body = event.method != b"HEAD"
        return Request(
            method=event.method.decode("ascii"), target=event.target.decode("ascii"), headers=_pairs(event.headers)
        )

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield the request's body as it arrives.

        Raises:
            HungUpError: The peer went away before the body was complete.
        """
        if self._http.they_are_waiting_for_100_continue:
            self._write(self._http.send(h11.InformationalResponse(status_code=100, headers=[], reason=b"Continue")))
        while self._http.their_state is h11.SEND_BODY:
            event = await self._next_event()
            if isinstance(event, h11.Data):
                yield bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                self.trailers = _pairs(event.headers)
            else:
                raise HungUpError("the connection ended within a body")

    async def read_body(self, *, max_bytes: int) -> bytes:
        """Return the request's whole body.

        Raises:
            BodyTooLargeError: There is more than `max_bytes` of it; answer, and the connection will be closed.
        """
        received: list[bytes] = []
        length = 0
        async for piece in self.pieces():
            received.append(piece)
            length += len(piece)
            if length > max_bytes:
                raise BodyTooLargeError(f"more than {max_bytes} bytes")
        return b"".join(received)

    async def respond(self, status: int, headers: HeaderPairs = (), body: bytes = b"") -> None:
        """Send a whole answer in one write."""
        if status in BODILESS_STATUSES:
            body = b""
        parts = [self._head(status, [*headers, ("content-length", str(len(body)))])]
        if body and self._sends_body:
            parts.append(self._http.send(h11.Data(data=body)))
        parts.append(self._http.send(h11.EndOfMessage()))
        await self._write_and_drain(b"".join(part for part in parts if part))

    async def start(self, status: int, headers: HeaderPairs = ()) -> None:
        """Send the head of an answer whose length nobody knows yet."""
        await self._write_and_drain(self._head(status, headers))

    async def send(self, piece: bytes) -> None:
        """Send a piece of the body now; waits only while the peer does not read."""
        await self._write_and_drain(self._http.send(h11.Data(data=piece)) if self._sends_body else None)

    async def finish(self) -> None:
        """End the answer that `start` began."""
        await self._write_and_drain(self._http.send(h11.EndOfMessage()))

    def close(self) -> None:
        """Close once everything that was written has been sent."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close now: the peer sees a broken connection, which is how an answer that started can still fail."""
        if self._transport is not None:
            self._transport.abort()
        self._end()

    @property
    def answered(self) -> bool:
        """Whether the answer to the current request is complete."""
        return self._http.our_state not in {h11.IDLE, h11.SEND_RESPONSE, h11.SEND_BODY}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start serving."""
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("an HTTP connection needs a stream transport")
        self._transport = transport
        self._on_made(self)

    def data_received(self, data: bytes) -> None:
        """Take what the peer sent, and stop reading when nobody wants it."""
        if self._refused:
            return
        self._http.receive_data(data)
        self._unread_bytes += len(data)
        if self._unread_bytes > MAX_UNREAD_BYTES and self._transport is not None:
            self._transport.pause_reading()
        _resolve(self._data_arrived)

    def eof_received(self) -> bool:
        """Treat a half-closed connection as closed: no client of ours asks, closes and still listens."""
        self._end()
        return False

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - why it was lost changes nothing
        """Tell everybody who waits."""
        self._end()

    def pause_writing(self) -> None:
        """Make senders wait."""
        self._may_write = self._loop.create_future()

    def resume_writing(self) -> None:
        """Let senders go on."""
        _resolve(self._may_write)
        self._may_write = None

    def _end(self) -> None:
        _resolve(self.hung_up)
        _resolve(self._data_arrived)
        self.resume_writing()

    async def _next_event(self) -> h11.Event | type[h11.PAUSED]:
        while True:
            try:
                event = self._http.next_event()
            except h11.RemoteProtocolError as exc:
                await self._refuse(exc.error_status_hint)
                raise HungUpError("the peer does not speak HTTP") from exc
            if event is not h11.NEED_DATA:
                return event
            if self.hung_up.done():
                return h11.ConnectionClosed()
            self._unread_bytes = 0
            if self._transport is not None:
                self._transport.resume_reading()
            self._data_arrived = self._loop.create_future()
            await self._data_arrived

    async def _discard_rest(self) -> None:
        """Read what a handler left of a body, so that the client sees the answer and can keep its connection."""
        discarded = 0
        while self._http.our_state is h11.DONE and self._http.their_state is h11.SEND_BODY:
            event = await self._next_event()
            discarded += len(event.data) if isinstance(event, h11.Data) else 0
            if isinstance(event, h11.ConnectionClosed) or discarded > MAX_DISCARDED_BYTES:
                break

    def _head(self, status: int, headers: HeaderPairs) -> bytes | None:
        if status in BODILESS_STATUSES:
            self._sends_body = False
        reason = responses.get(status, "")
        head: bytes | None = self._http.send(h11.Response(status_code=status, headers=list(headers), reason=reason))
        return head

    async def _refuse(self, status: int) -> None:
        """Answer, and read on for a moment: closing with bytes unread would take the answer away (RFC 9112, 9.6)."""
        self._refused = True
        with contextlib.suppress(h11.LocalProtocolError, HungUpError):
            await self.respond(status, [("connection", "close")])
        if self._transport is not None and self._transport.can_write_eof() and not self.hung_up.done():
            self._transport.write_eof()
            self._transport.resume_reading()
            await asyncio.wait([self.hung_up], timeout=LINGER_SECONDS)

    def _write(self, data: bytes | None) -> None:
        if self._transport is None or self.hung_up.done():
            raise HungUpError("the peer closed the connection")
        if data:
            self._transport.write(data)

    async def _write_and_drain(self, data: bytes | None) -> None:
        self._write(data)
        if self._may_write is not None:
            await self._may_write


def _resolve(future: asyncio.Future[None] | None) -> None:
    if future is not None and not future.done():
        future.set_result(None)


def _pairs(headers: Iterable[tuple[bytes, bytes]]) -> tuple[tuple[str, str], ...]:
    return tuple((name.decode("ascii"), value.decode("latin-1")) for name, value in headers)
