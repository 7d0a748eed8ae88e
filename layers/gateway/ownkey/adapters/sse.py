"""Server-sent events from bytes that come in pieces of any size."""

from typing import NamedTuple

MAX_EVENT_BYTES = 8 * 1024 * 1024

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class EventTooLargeError(ValueError):
    """One event is larger than anybody's chunk could be."""


class Event(NamedTuple):
    """One server-sent event."""

    name: str
    """The `event:` field, "" when there was none."""
    data: str


class EventDecoder:
    """Turns bytes into events, each as soon as its last byte is there.

    Lines end in LF, CRLF or CR, and pieces may be cut anywhere: inside a line end, a character, a field name.
    """

    def __init__(self, *, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max_event_bytes = max_event_bytes
        self._rest: list[bytes] = []
        self._rest_size = 0
        self._data: list[bytes] = []
        self._data_size = 0
        self._name = b""
        self._skips_line_feed = False
        self._at_start = True

    def feed(self, piece: bytes) -> list[Event]:
        """Return the events that `piece` completes; raises EventTooLargeError."""
        if self._skips_line_feed and piece:
            self._skips_line_feed = False
            piece = piece.removeprefix(b"\n")
        if b"\n" not in piece and b"\r" not in piece:
            self._keep(piece)
            return []
        text = self._take_rest() + piece
        lines = text.splitlines()
        if text.endswith(b"\r"):
            self._skips_line_feed = True
        elif not text.endswith(b"\n"):
            self._keep(lines.pop())
        return self._events(lines)

    def end(self) -> list[Event]:
        """Return the last event when the bytes ended without the blank line that should follow it."""
        return self._events([self._take_rest(), b""])

    def _keep(self, piece: bytes) -> None:
        self._rest.append(piece)
        self._rest_size += len(piece)
        self._check_size()

    def _take_rest(self) -> bytes:
        rest = b"".join(self._rest)
        self._rest, self._rest_size = [], 0
        return rest

    def _check_size(self) -> None:
        if self._rest_size + self._data_size > self._max_event_bytes:
            raise EventTooLargeError("a server-sent event is too large")

    def _events(self, lines: list[bytes]) -> list[Event]:
        if self._at_start and lines:
            self._at_start = False
            lines[0] = lines[0].removeprefix(_BYTE_ORDER_MARK)
        events = []
        for line in lines:
            if line:
                self._take(line)
            else:
                if self._data:
                    events.append(self._event())
                self._data, self._data_size, self._name = [], 0, b""
        return events

    def _take(self, line: bytes) -> None:
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            self._data.append(value)
            self._data_size += len(value)
            self._check_size()
        elif field == b"event":
            self._name = value

    def _event(self) -> Event:
        data = self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
        return Event(self._name.decode("utf-8", "replace"), data.decode("utf-8", "replace"))
