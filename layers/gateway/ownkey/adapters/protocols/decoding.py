"""From the bytes of a streamed answer to its chunks."""

from collections.abc import Iterable, Iterator

from ownkey.adapters.classification import ErrorClassifier
from ownkey.adapters.protocols.wire import StreamReader
from ownkey.adapters.sse import Event, EventDecoder, EventTooLargeError
from ownkey.domain.chat import JsonObject
from ownkey.domain.errors import ProviderFailureError, ProviderTimeoutError


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
