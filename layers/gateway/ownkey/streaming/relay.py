"""A provider's chunks as the caller's frames, from the first byte to `[DONE]`, whatever happens in between."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain

from ownkey.domain.chat import JsonObject
from ownkey.domain.usage import UsageOutcome

DONE = b"data: [DONE]\n\n"


@dataclass(slots=True, kw_only=True)
class RelayReport:
    """What a stream came to. Final once the frames have ended."""

    outcome: UsageOutcome = "client_gone"
    """Stays so when the caller hangs up: the frames are not read to their end then."""
    output_characters: int = 0
    """Length of all generated text, for an estimate when the provider reports no usage."""
    error: Exception | None = None


def frame(payload: JsonObject) -> bytes:
    """Return one server-sent event."""
    return b"data: " + json.dumps(payload, separators=(",", ":")).encode() + b"\n\n"


def relay(
    first: JsonObject,
    rest: Iterator[JsonObject],
    report: RelayReport,
    *,
    ending: Callable[[JsonObject], Iterator[JsonObject]],
    describe_error: Callable[[Exception], JsonObject],
) -> Iterator[bytes]:
    """Yield the frames of a stream, then `[DONE]`; a failure after the first byte becomes a last chunk, then `[DONE]`.

    Args:
        first: the provider's first chunk.
        rest: the other ones.
        report: filled in as the stream goes.
        ending: from the chunk with the last finish reason to the chunks that close the answer.
        describe_error: the `error` object for the caller.
    """
    held: JsonObject | None = None
    try:
        for chunk in chain((first,), rest):
            if held is not None:
                yield frame(held)
            report.output_characters += _characters(chunk)
            finishes = any(choice.get("finish_reason") for choice in chunk["choices"])
            held = chunk if finishes else None
            if held is None:
                yield frame(chunk)
        for chunk in ending(held or {**first, "choices": []}):
            yield frame(chunk)
    except Exception as error:  # the answer has begun: whatever it is, the caller must be told
        report.outcome, report.error = "cut", error
        choice = {"index": 0, "delta": {}, "finish_reason": "error"}
        yield frame({**first, "choices": [choice], "error": describe_error(error)})
    yield DONE
    if report.error is None:
        report.outcome = "completed"


def _characters(chunk: JsonObject) -> int:
    total = 0
    for choice in chunk["choices"]:
        delta = choice.get("delta") or {}
        total += len(delta.get("content") or "") + len(delta.get("reasoning_content") or "")
        for call in delta.get("tool_calls") or ():
            total += len((call.get("function") or {}).get("arguments") or "")
    return total
