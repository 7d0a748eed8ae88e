"""From the bytes of an answer to JSON, and of a streamed one to its chunks."""

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ownkey.adapters.classification import ErrorClassifier
from ownkey.adapters.protocols.wire import StreamReader
from ownkey.adapters.sse import Event, EventDecoder, EventTooLargeError
from ownkey.domain.chat import JsonObject
from ownkey.domain.errors import ProviderFailureError, ProviderTimeoutError


def json_value(body: bytes, errors: ErrorClassifier, *, parse_float: Callable[[str], float] | None = None) -> Any:
    """Return the JSON in the body of an answer; raises UpstreamError when it is something else."""
    text = body.strip()
    if not text:
        raise errors.failure("sent an empty answer")
    try:
        return json.loads(text, parse_float=parse_float)
    except (ValueError, RecursionError):
        # Not chained: the exception holds the whole text.
        what = "a web page instead of an answer" if text.startswith(b"<") else "an answer that is not JSON"
        raise errors.failure(f"sent {what}") from None


def json_object(
    body: bytes, errors: ErrorClassifier, *, parse_float: Callable[[str], float] | None = None
) -> JsonObject:
    """Return the JSON object in the body of an answer; raises UpstreamError when it is something else."""
    answer = json_value(body, errors, parse_float=parse_float)
    if not isinstance(answer, dict):
        raise errors.failure("sent an answer that is not a JSON object")
    return answer


def decode_stream(pieces: Iterable[bytes], parser: StreamReader, errors: ErrorClassifier) -> Iterator[JsonObject]:
    """Yield the chunks of an answer, each as soon as its last byte is there, up to the provider's own end.

    Raises:
        UpstreamError: the provider reports an error, or the answer stops before its end.
    """
    decoder = EventDecoder()
    try:
        for piece in pieces:
            yield from _parsed(decoder.feed(piece), parser)
            if parser.done:
                break
        else:
            yield from _parsed(decoder.end(), parser)
    except EventTooLargeError:
        raise errors.failure("sent an event that is too large") from None
    except (ProviderTimeoutError, ProviderFailureError):
        # Every choice has said how it ended: what is missing of the answer is at most its usage.
        if not parser.complete:
            raise
    yield from parser.end()


def _parsed(events: list[Event], parser: StreamReader) -> Iterator[JsonObject]:
    for event in events:
        yield from parser.feed(event.data, event=event.name)
