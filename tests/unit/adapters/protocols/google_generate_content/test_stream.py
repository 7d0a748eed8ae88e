"""The ways Gemini streams an answer, one small fixture each; the whole answer is what the stream comes to."""

import json
from pathlib import Path
from typing import Any

import pytest

from ownkey.adapters.classification import ErrorClassifier
from ownkey.adapters.protocols.decoding import decode_stream
from ownkey.adapters.protocols.google_generate_content import StreamParser, parse_completion
from ownkey.adapters.registry import REGISTRY
from ownkey.domain.chat import Usage
from ownkey.domain.errors import ProviderFailureError, ProviderRateLimitedError, UpstreamError
from tests.support.adapter_folding import fold, naive_events

FIXTURES = Path(__file__).parents[4] / "fixtures" / "adapters" / "google_generate_content"
SPEC = REGISTRY["google"]
OSLO = '{"city":"Oslo"}'
HELLO = {"content": "Hello"}
SIGNED = {"type": "reasoning.encrypted", "data": "c2ln", "format": "google-gemini-v1", "index": 0}

MESSAGES: dict[str, tuple[dict[str, Any], str]] = {
    "text": (HELLO, "stop"),
    "finish-apart": (HELLO, "stop"),
    "no-parts-at-first": (HELLO, "stop"),
    "thoughts": ({**HELLO, "reasoning_content": "Hm", "reasoning_details": [SIGNED]}, "stop"),
    "thoughts-among-the-output": ({**HELLO, "reasoning_content": "Hm"}, "stop"),
    "counts-missing-at-the-end": (HELLO, "stop"),
    "code-run-at-googles": (HELLO, "stop"),
    "max-tokens": (HELLO, "length"),
    "max-tokens-eaten-by-thoughts": ({"content": ""}, "length"),
    "safety-in-the-middle": (HELLO, "content_filter"),
    "prompt-blocked": ({"content": ""}, "content_filter"),
    "other-without-content": ({"content": ""}, "content_filter"),
    "malformed-call-after-text": (HELLO, "stop"),
    "grounded": (
        {
            "content": "Größe: 12 km². 😀 Fin.",
            "annotations": [
                {
                    "type": "url_citation",
                    "url_citation": {"url": "https://a.example/", "title": "A", "start_index": 7, "end_index": 14},
                },
                {
                    "type": "url_citation",
                    "url_citation": {"url": "https://c.example/", "title": "", "start_index": 17, "end_index": 21},
                },
            ],
        },
        "stop",
    ),
}
CALLS: dict[str, list[tuple[str, str]]] = {
    "call": [("weather", OSLO)],
    "call-with-its-own-id": [("weather", OSLO)],
    "call-after-text": [("weather", OSLO)],
    "call-without-arguments": [("weather", "{}")],
    "calls-over-chunks-and-the-finish-apart": [("weather", OSLO), ("time", OSLO)],
    "calls-of-one-tool-in-one-chunk": [("weather", OSLO), ("weather", '{"city":"Rome"}')],
}
FAILURES: dict[str, tuple[type[UpstreamError], str]] = {
    "malformed-call": (ProviderFailureError, "MALFORMED_FUNCTION_CALL"),
    "error-in-stream": (ProviderFailureError, "overloaded"),
    "quota-error-in-an-array": (ProviderRateLimitedError, "Slow down"),
    "cut": (ProviderFailureError, "in the middle"),
    "nothing": (ProviderFailureError, "empty"),
}


def read(name: str, *, piece: int | None = None, choices: int = 1) -> tuple[list[dict[str, Any]], StreamParser]:
    body = (FIXTURES / f"{name}.sse").read_bytes()
    size = piece or len(body)
    parser = StreamParser(SPEC, choices=choices)
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return list(decode_stream(pieces, parser, ErrorClassifier(spec=SPEC))), parser


def without_ids(choices: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Generated ids differ from one reading to the next."""
    text = json.dumps(choices)
    for choice in choices:
        for position, call in enumerate(choice["message"].get("tool_calls", ())):
            text = text.replace(call["id"], f"id-{position}")
    found: list[dict[str, Any]] = json.loads(text)
    return found


def test_every_fixture_is_expected_to_come_to_something() -> None:
    assert {path.stem for path in FIXTURES.glob("*.sse")} == {*MESSAGES, *CALLS, *FAILURES, "several-candidates"}


@pytest.mark.parametrize("piece", [None, 1, 7])
@pytest.mark.parametrize("name", MESSAGES)
def test_text_and_thoughts_come_out_as_they_were_meant(name: str, piece: int | None) -> None:
    message, finish = MESSAGES[name]

    chunks, parser = read(name, piece=piece)

    assert fold(chunks) == [{"message": {"role": "assistant", **message}, "finish_reason": finish}]
    assert {(chunk["id"], chunk["model"], chunk["object"]) for chunk in chunks} == {
        ("r-1", "gemini-3-flash-preview", "chat.completion.chunk")
    }
    assert chunks[0]["choices"][0]["delta"]["role"] == "assistant"
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks].count(None) == len(chunks) - 1
    assert parser.usage is not None
    assert parser.usage.input_tokens == 9


@pytest.mark.parametrize("name", CALLS)
def test_tool_calls_come_out_whole_and_counted_across_chunks(name: str) -> None:
    chunks, parser = read(name)

    (choice,) = fold(chunks)
    calls = choice["message"]["tool_calls"]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["content"] == ("Let me see." if name == "call-after-text" else None)
    assert [(call["function"]["name"], call["function"]["arguments"]) for call in calls] == CALLS[name]
    assert len({call["id"] for call in calls}) == len(calls)
    entries = [entry for chunk in chunks for entry in chunk["choices"][0]["delta"].get("tool_calls", ())]
    assert [entry["index"] for entry in entries] == [place for place in range(len(calls)) for _ in "ab"]
    assert all(("id" in entry) == (entry["function"].get("name") is not None) for entry in entries)
    assert parser.usage == Usage(input_tokens=9, output_tokens=4)


def test_a_call_keeps_the_id_and_the_signature_it_came_with() -> None:
    (choice,) = fold(read("call-with-its-own-id")[0])

    (call,) = choice["message"]["tool_calls"]
    assert call["id"] == "fc-1"
    assert call["extra_content"] == {"google": {"thought_signature": "c2ln"}}
    assert choice["message"]["reasoning_details"] == [{**SIGNED, "id": "fc-1"}]


@pytest.mark.parametrize("piece", [None, 1])
@pytest.mark.parametrize("name", FAILURES)
def test_failures_come_out_as_errors(name: str, piece: int | None) -> None:
    kind, said = FAILURES[name]

    with pytest.raises(kind, match=said):
        read(name, piece=piece)


def test_a_quota_error_says_when_to_come_back() -> None:
    with pytest.raises(ProviderRateLimitedError) as caught:
        read("quota-error-in-an-array")

    assert caught.value.retry_after_seconds == 23


def test_candidates_are_kept_apart() -> None:
    chunks, parser = read("several-candidates", choices=2)

    assert fold(chunks) == [
        {"message": {"role": "assistant", "content": "Hello"}, "finish_reason": "length"},
        {"message": {"role": "assistant", "content": "Good day"}, "finish_reason": "stop"},
    ]
    assert parser.usage == Usage(input_tokens=9, output_tokens=4)


@pytest.mark.parametrize("name", [*MESSAGES, *CALLS, "several-candidates"])
def test_the_same_events_in_one_array_come_to_the_same(name: str) -> None:
    chunks, parser = read(name, choices=2 if name == "several-candidates" else 1)
    events = naive_events((FIXTURES / f"{name}.sse").read_text())

    completion = parse_completion(SPEC, json.dumps(events).encode())

    choices = [
        {"message": {key: value for key, value in choice["message"].items() if key != "refusal"}}
        | {"finish_reason": choice["finish_reason"]}
        for choice in completion.body["choices"]
    ]
    assert without_ids(choices) == without_ids(fold(chunks))
    assert completion.usage == parser.usage


def test_an_error_after_the_end_takes_nothing_back() -> None:
    parser = StreamParser(SPEC)
    parser.feed(json.dumps({"candidates": [{"content": {"parts": [{"text": "Hi"}]}, "finishReason": "STOP"}]}))

    assert parser.feed('{"error": {"code": 500}}') == []
    assert parser.end()[-1]["choices"][0]["finish_reason"] == "stop"


@pytest.mark.parametrize("data", ["{", '"text"', "[1]"])
def test_what_is_no_response_is_a_failure(data: str) -> None:
    with pytest.raises(ProviderFailureError):
        StreamParser(SPEC).feed(data)


def test_an_error_event_is_an_error_whatever_it_holds() -> None:
    with pytest.raises(UpstreamError, match="no more"):
        StreamParser(SPEC).feed('{"message": "no more"}', event="error")


def test_logprobs_stand_beside_the_text_they_are_of() -> None:
    token = {"token": "Hi", "tokenId": 5, "logProbability": -0.5}
    payload = {
        "candidates": [
            {
                "content": {"parts": [{"text": "Hi"}]},
                "finishReason": "STOP",
                "logprobsResult": {"chosenCandidates": [token], "topCandidates": [{"candidates": [token]}]},
            }
        ]
    }
    one = {"token": "Hi", "logprob": -0.5, "bytes": [72, 105]}

    chunks = StreamParser(SPEC).take(payload)
    completion = parse_completion(SPEC, json.dumps([payload, payload]).encode())

    assert chunks[-1]["choices"][0]["logprobs"] == {"content": [{**one, "top_logprobs": [one]}], "refusal": None}
    assert len(completion.body["choices"][0]["logprobs"]["content"]) == 2
