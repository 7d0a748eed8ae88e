"""A provider's chunks as the caller's frames, from the first byte to `[DONE]`, whatever happens in between."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain

from ownkey.domain.bill import Written
from ownkey.domain.chat import Deadline, JsonObject
from ownkey.domain.errors import ProviderTimeoutError
from ownkey.domain.usage import UsageOutcome

DONE = b"data: [DONE]\n\n"


@dataclass(slots=True, kw_only=True)
class RelayReport:
    """What a stream came to. Final once the frames have ended."""

    outcome: UsageOutcome = "client_gone"
    """Stays so when the caller hangs up: the frames are not read to their end then."""
    written: Written = field(default_factory=Written)
    """What came of the answer."""
    error: Exception | None = None


def frame(payload: JsonObject) -> bytes:
    """Return one server-sent event."""
    return b"data: " + json.dumps(payload, separators=(",", ":")).encode() + b"\n\n"


def in_time(chunks: Iterator[JsonObject], deadline: Deadline, provider: str) -> Iterator[JsonObject]:
    """Yield chunks for as long as there is time; raises ProviderTimeoutError when none is left.

    Waiting for a provider ends in time by itself. A stream that never lets one wait does not.
    """
    for chunk in chunks:
        yield chunk
        if deadline.remaining_seconds() <= 0:
            raise ProviderTimeoutError(
                "The answer took longer than a request may. Ask for less of it at once.", provider=provider
            )


def relay(
    first: JsonObject,
    rest: Iterator[JsonObject],
    report: RelayReport,
    *,
    ending: Callable[[JsonObject], Iterator[JsonObject]],
    failing: Callable[[Exception], JsonObject],
) -> Iterator[bytes]:
    """Yield the frames of a stream, then `[DONE]`; a failure after the first byte becomes a last chunk, then `[DONE]`.

    Args:
        first: the provider's first chunk.
        rest: the other ones.
        report: filled in as the stream goes.
        ending: from the chunk with the last finish reason to the chunks that close the answer.
        failing: from what went wrong to the fields that the last chunk gets.
    """
    held: JsonObject | None = None
    try:
        for chunk in chain((first,), rest):
            if held is not None:
                yield frame(held)
            for choice in chunk["choices"]:
                report.written.add(choice.get("delta") or {})
            finishes = any(choice.get("finish_reason") for choice in chunk["choices"])
            held = chunk if finishes else None
            if held is None:
                yield frame(chunk)
        for chunk in ending(held or {**first, "choices": []}):
            yield frame(chunk)
    except Exception as error:  # the answer has begun: whatever it is, the caller must be told
        report.outcome, report.error = "failed" if report.written.is_empty else "cut", error
        choice = {"index": 0, "delta": {}, "finish_reason": "error"}
        yield frame({**first, "choices": [choice], **failing(error)})
    yield DONE
    if report.error is None:
        report.outcome = "completed"
