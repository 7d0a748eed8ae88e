"""Every way in which Responses streams are known to go, one small stream each."""

import json
from pathlib import Path
from typing import Any

import pytest

from ownkey.adapters.classification import ErrorClassifier
from ownkey.adapters.protocols.decoding import decode_stream
from ownkey.adapters.protocols.openai_responses import StreamParser, parse_completion
from ownkey.adapters.registry import REGISTRY
from ownkey.domain.chat import Usage
from ownkey.domain.errors import (
    ProviderFailureError,
    ProviderQuotaError,
    ProviderRateLimitedError,
    ProviderRequestError,
    UpstreamError,
)
from tests.support.adapter_folding import fold, naive_events

FIXTURES = Path(__file__).parents[1] / "fixtures" / "adapters" / "openai_responses"

SPEC = REGISTRY["azure-responses"]
HELLO = {"content": "Hello"}
CITATION = {"url": "https://example.com/", "title": "Example", "start_index": 0, "end_index": 5}
THOUGHTS = "First.\n\nSecond."


def sealed(data: str, reasoning_id: str, precedes: str, index: int = 0) -> dict[str, Any]:
    return {
        "type": "reasoning.encrypted",
        "data": data,
        "id": reasoning_id,
        "format": "openai-responses-v1",
        "index": index,
        "provider": SPEC.slug,
        "precedes": precedes,
    }


BEFORE_TEXT = [sealed("sealed-1", "rs_1", "message")]
ANSWERS: dict[str, tuple[dict[str, Any], str]] = {
    "text": (HELLO, "stop"),
    "crlf": (HELLO, "stop"),
    "done-marker": (HELLO, "stop"),
    "no-event-lines": (HELLO, "stop"),
    "no-final-blank-line": (HELLO, "stop"),
    "no-created": (HELLO, "stop"),
    "no-deltas": (HELLO, "stop"),
    "only-the-end": (HELLO, "stop"),
    "no-output-at-the-end": (HELLO, "stop"),
    "no-output-index": (HELLO, "stop"),
    "item-ids-rotate": (HELLO, "stop"),
    "unknown-events": (HELLO, "stop"),
    "logprobs": (HELLO, "stop"),
    "two-messages": (HELLO, "stop"),
    "phase": ({**HELLO, "phase": "final_answer"}, "stop"),
    "search-and-citation": (
        {**HELLO, "annotations": [{"type": "url_citation", "url_citation": CITATION}]},
        "stop",
    ),
    "incomplete": (HELLO, "length"),
    "filtered": (HELLO, "content_filter"),
    "refusal": ({"content": "", "refusal": "I cannot help with that."}, "stop"),
    "reasoning-summary": ({**HELLO, "reasoning_content": THOUGHTS, "reasoning_details": BEFORE_TEXT}, "stop"),
    "reasoning-without-deltas": ({**HELLO, "reasoning_content": THOUGHTS, "reasoning_details": BEFORE_TEXT}, "stop"),
    "reasoning-text": ({**HELLO, "reasoning_content": "Hm."}, "stop"),
}
"""Fixture -> message and finish reason."""

OSLO = '{"city":"Oslo"}'
WEATHER = ("call_1", "weather", OSLO)
TIME = ("call_2", "time", OSLO)
CALLS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "call": (WEATHER,),
    "call-after-text-and-reasoning": (WEATHER,),
    "call-given-and-repeated": (WEATHER,),
    "call-given-at-once": (WEATHER,),
    "call-only-done": (WEATHER,),
    "call-only-item-done": (WEATHER,),
    "call-only-the-end": (WEATHER,),
    "call-without-arguments": (("call_1", "weather", "{}"),),
    "call-without-start": (WEATHER,),
    "calls-parallel": (WEATHER, TIME),
}
"""Fixture -> id, name and arguments of each call."""

FAILURES: dict[str, tuple[type[UpstreamError], str, bool]] = {
    "cancelled": (ProviderFailureError, "did not finish", True),
    "cut": (ProviderFailureError, "in the middle", True),
    "cut-inside-an-event": (ProviderFailureError, "in the middle", True),
    "done-marker-without-an-end": (ProviderFailureError, "in the middle", True),
    "error-bare": (ProviderFailureError, "Bad gateway", False),
    "error-flat": (ProviderFailureError, "The engine stopped", True),
    "error-nested": (ProviderQuotaError, "exceeded your current quota", False),
    "error-without-type": (ProviderRequestError, "The image is too large", False),
    "failed": (ProviderFailureError, "The server had an error", True),
    "failed-prompt": (ProviderRequestError, "The prompt was flagged", False),
    "failed-rate-limit": (ProviderRateLimitedError, "Slow down", False),
}
"""Fixture -> the error, a piece of its message, and whether something was said before it."""

USAGE = Usage(input_tokens=9, output_tokens=4, cached_input_tokens=2, reasoning_tokens=1)


def read(name: str, *, piece: int | None = None, into: list[dict[str, Any]] | None = None) -> list[dict[str, Any]]:
    body = (FIXTURES / f"{name}.sse").read_bytes()
    parser = StreamParser(SPEC)
    size = piece or len(body)
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    chunks: list[dict[str, Any]] = [] if into is None else into
    for chunk in decode_stream(pieces, parser, ErrorClassifier(spec=SPEC)):
        chunks.append(chunk)
    assert parser.usage == USAGE
    return chunks


def test_every_fixture_is_expected_to_come_to_something() -> None:
    assert {path.stem for path in FIXTURES.glob("*.sse")} == {*ANSWERS, *CALLS, *FAILURES, "custom-call"}


@pytest.mark.parametrize("piece", [None, 1, 7])
@pytest.mark.parametrize("name", ANSWERS)
def test_text_comes_out_as_it_was_meant(name: str, piece: int | None) -> None:
    message, finish = ANSWERS[name]

    chunks = read(name, piece=piece)

    assert fold(chunks) == [{"message": {"role": "assistant", **message}, "finish_reason": finish}]
    assert {(chunk["id"], chunk["created"], chunk["model"]) for chunk in chunks} == {
        ("resp_1", 1700000000, "some-model-2026")
    } or name == "no-created"
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks].count(None) == len(chunks) - 1
    assert chunks[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}


@pytest.mark.parametrize("piece", [None, 1, 7])
@pytest.mark.parametrize("name", CALLS)
def test_tool_calls_come_out_as_they_were_meant(name: str, piece: int | None) -> None:
    (choice,) = fold(read(name, piece=piece))

    calls = choice["message"]["tool_calls"]
    assert choice["finish_reason"] == "tool_calls"
    assert tuple((call["id"], call["function"]["name"], call["function"]["arguments"]) for call in calls) == CALLS[name]
    assert all(call["type"] == "function" for call in calls)


@pytest.mark.parametrize("name", [name for name in (*ANSWERS, *CALLS) if name != "no-output-at-the-end"])
def test_the_whole_answer_would_have_been_the_same(name: str) -> None:
    (end,) = [event["response"] for event in naive_events((FIXTURES / f"{name}.sse").read_text())[-1:]]

    (whole,) = parse_completion(SPEC, json.dumps(end).encode()).body["choices"]

    (folded,) = fold(read(name))
    said = {field: value for field, value in folded["message"].items() if value}
    assert said == {field: value for field, value in whole["message"].items() if value}
    assert folded["finish_reason"] == whole["finish_reason"]


def test_reasoning_says_which_item_it_led_to() -> None:
    (choice,) = fold(read("call-after-text-and-reasoning"))

    assert choice["message"]["reasoning_details"] == [
        sealed("sealed-1", "rs_1", "message"),
        sealed("sealed-2", "rs_2", "call_1", index=1),
    ]


def test_log_probabilities_stand_beside_their_text() -> None:
    choices = [chunk["choices"][0] for chunk in read("logprobs")]

    of_text = [choice["logprobs"] for choice in choices if choice["delta"].get("content")]
    assert of_text == [
        {
            "content": [
                {
                    "token": "Hel",
                    "logprob": -0.1,
                    "bytes": [72, 101, 108],
                    "top_logprobs": [{"token": "Hel", "logprob": -0.1, "bytes": None}],
                }
            ],
            "refusal": None,
        },
        {"content": [{"token": "lo", "logprob": -0.2, "bytes": [108, 111], "top_logprobs": []}], "refusal": None},
    ]


def test_a_custom_tools_call_keeps_its_type() -> None:
    entries = [entry for chunk in read("custom-call") for entry in chunk["choices"][0]["delta"].get("tool_calls", ())]

    assert entries == [
        {"index": 0, "id": "call_1", "type": "custom", "custom": {"name": "shell", "input": ""}},
        {"index": 0, "custom": {"input": "ls"}},
        {"index": 0, "custom": {"input": " -l"}},
    ]


@pytest.mark.parametrize("piece", [None, 1])
@pytest.mark.parametrize("name", FAILURES)
def test_failures_come_out_as_errors(name: str, piece: int | None) -> None:
    kind, said, after_something = FAILURES[name]
    chunks: list[dict[str, Any]] = []

    with pytest.raises(kind, match=said) as caught:
        read(name, piece=piece, into=chunks)

    assert type(caught.value) is kind
    assert bool(chunks) == after_something
