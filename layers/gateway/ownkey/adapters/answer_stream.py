"""A streamed answer as the chat service reads it."""

from collections.abc import Callable, Iterator

from ownkey.adapters.protocols.wire import StreamReader
from ownkey.domain.chat import JsonObject, Usage


class AnswerStream:
    """A streamed answer; see `ChunkStream`."""

    def __init__(
        self, chunks: Iterator[JsonObject], reader: StreamReader, hang_up: Callable[[], None], dropped: tuple[str, ...]
    ) -> None:
        self.dropped = dropped
        self.usage: Usage | None = None
        self._chunks = chunks
        self._reader = reader
        self._hang_up = hang_up

    def __iter__(self) -> Iterator[JsonObject]:
        try:
            for chunk in self._chunks:
                self.usage = self._reader.usage
                yield chunk
        finally:
            self.usage = self._reader.usage
            self.close()

    def close(self) -> None:
        """Hang up on the provider."""
        self._hang_up()
