from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ownkey.adapters.sse import Event, EventDecoder, EventTooLargeError


def decoded(*pieces: bytes) -> list[Event]:
    decoder = EventDecoder()
    return [event for piece in pieces for event in decoder.feed(piece)] + decoder.end()


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize(
    ("lines", "events"),
    [
        ([b"data: a", b"", b"data: b", b""], [("", "a"), ("", "b")]),
        ([b"data:a", b""], [("", "a")]),
        ([b"data:  a ", b""], [("", " a ")]),
        ([b"data: a", b"data: b", b""], [("", "a\nb")]),
        ([b"data", b""], [("", "")]),
        ([b"data:", b"data:", b""], [("", "\n")]),
        ([b": a comment", b"", b"data: a", b": another", b""], [("", "a")]),
        ([b"event: error", b"data: a", b"", b"data: b", b""], [("error", "a"), ("", "b")]),
        ([b"event: ping", b"", b"data: a", b""], [("", "a")]),
        ([b"id: 7", b"retry: 10", b"nonsense", b"data: a", b""], [("", "a")]),
        ([b"", b"", b"data: a", b"", b"", b""], [("", "a")]),
        ([b"\xef\xbb\xbfdata: a", b""], [("", "a")]),
        ([b"data: a:b: c", b""], [("", "a:b: c")]),
        ([b"data: last", b"data: line"], [("", "last\nline")]),
        ([b"data: \xc3\xa9\xe2\x80\xa8\xc2\x85\x0b\x0c", b""], [("", "\xe9\u2028\x85\x0b\x0c")]),
        ([b"data: \xff", b""], [("", "\ufffd")]),
    ],
)
def test_events_are_read_with_any_line_end(lines: list[bytes], events: list[tuple[str, str]], end: bytes) -> None:
    assert decoded(b"".join(line + end for line in lines)) == [Event(*event) for event in events]


def test_the_last_event_needs_no_line_end() -> None:
    assert decoded(b"data: a\n\ndata: b") == [Event("", "a"), Event("", "b")]


@pytest.mark.parametrize("end", [b"\n\n", b"\r\n\r\n", b"\r\r"])
def test_an_event_comes_out_with_its_last_byte(end: bytes) -> None:
    decoder = EventDecoder()

    assert decoder.feed(b"data: a" + end) == [Event("", "a")]


def test_a_carriage_return_and_its_line_feed_may_come_apart() -> None:
    assert decoded(b"event: x\r", b"\ndata: a\r", b"", b"\n\r", b"\n") == [Event("x", "a")]


def test_a_character_may_come_in_pieces() -> None:
    assert decoded(*[bytes([byte]) for byte in "data: 🇫🇷é\n\n".encode()]) == [Event("", "🇫🇷é")]


FRAGMENTS = (
    *(b"data: ", b"data:", b"event: x", b": c", b"\n", b"\r\n", b"\r", b"\n\n", b"a", b"\xff", b"\xef\xbb\xbf"),
    "é🙂".encode(),
)
STREAMS = st.lists(st.sampled_from(FRAGMENTS), max_size=30).map(b"".join)


@settings(deadline=None)
@given(stream=STREAMS, places=st.lists(st.integers(0, 200), max_size=12))
@example(stream=b"data: a\r\n\r\n", places=[8, 10])
@example(stream=b"\xef\xbb\xbfdata: a\r\r", places=[1, 2, 11])
def test_where_bytes_are_cut_does_not_matter(stream: bytes, places: list[int]) -> None:
    cuts = sorted({0, len(stream), *(place for place in places if place < len(stream))})
    pieces = [stream[start:end] for start, end in pairwise(cuts)]

    assert decoded(*pieces) == decoded(stream)


@pytest.mark.parametrize(
    "pieces",
    [[b"data: " + b"x" * 101], [b"data: " + b"x" * 40] * 3, [b"data: " + b"x" * 60 + b"\n"] * 2, [b"x" * 40] * 3],
)
def test_an_event_over_the_limit_is_refused(pieces: list[bytes]) -> None:
    decoder = EventDecoder(max_event_bytes=100)

    with pytest.raises(EventTooLargeError):
        [decoder.feed(piece) for piece in pieces]


def test_the_limit_is_for_each_event() -> None:
    decoder = EventDecoder(max_event_bytes=100)

    events = [event for _ in range(50) for event in decoder.feed(b"data: " + b"x" * 60 + b"\n\n: comment\n\n")]

    assert len(events) == 50
