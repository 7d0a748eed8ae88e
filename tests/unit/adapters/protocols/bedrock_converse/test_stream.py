import json
from typing import Any

import pytest

from ownkey.adapters.protocols.bedrock_converse import StreamParser, parse_completion
from ownkey.domain.chat import Usage
from ownkey.domain.errors import (
    ProviderFailureError,
    ProviderRateLimitedError,
    ProviderRequestError,
    UpstreamError,
)
from tests.support.adapter_folding import fold
from tests.support.bedrock import SPEC, completion, fixture_events, text_events

FORMAT = "aws-bedrock-converse-v1"
DETAILS = [
    {
        "type": "reasoning.text",
        "text": "Both cities are needed.",
        "signature": "c2lnbmVk",
        "format": FORMAT,
        "index": 0,
    },
    {"type": "reasoning.encrypted", "data": "aGlkZGVu", "format": FORMAT, "index": 1},
]


def folded(events: list[dict[str, Any]], **options: Any) -> tuple[dict[str, Any], StreamParser]:
    parser = StreamParser(SPEC, upstream_model="m", **options)
    chunks = [chunk for event in events for chunk in parser.take(event)] + parser.end()
    return fold(chunks)[0], parser


def test_thoughts_text_and_calls_come_out_in_order_and_aws_own_tools_are_hidden() -> None:
    answer, parser = folded(fixture_events("thoughts-text-two-calls.jsonl"))

    assert answer["finish_reason"] == "tool_calls"
    assert answer["message"] == {
        "content": "I will look.",
        "role": "assistant",
        "reasoning_content": "Both cities are needed.",
        "reasoning_details": DETAILS,
        "tool_calls": [
            {"id": "tooluse_one", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Paris"}'}},
            {"id": "tooluse_two", "type": "function", "function": {"name": "time", "arguments": "{}"}},
        ],
    }
    assert parser.usage == Usage(
        input_tokens=16, output_tokens=30, cached_input_tokens=4, cache_write_tokens=2, reasoning_tokens=7
    )


def test_a_folded_stream_equals_the_whole_answer() -> None:
    whole = completion(
        {"reasoningContent": {"reasoningText": {"text": "Both cities are needed.", "signature": "c2lnbmVk"}}},
        {"reasoningContent": {"redactedContent": b"hidden"}},
        {"text": "I will look."},
        {"toolUse": {"toolUseId": "tooluse_server", "name": "nova_grounding", "input": {}, "type": "server_tool_use"}},
        {"toolUse": {"toolUseId": "tooluse_one", "name": "weather", "input": {"city": "Paris"}}},
        {"toolUse": {"toolUseId": "tooluse_two", "name": "time", "input": {}}},
        stop="tool_use",
    )
    given = parse_completion(SPEC, whole).body["choices"][0]

    answer, _ = folded(fixture_events("thoughts-text-two-calls.jsonl"))

    assert answer["message"] | {"refusal": None} == given["message"]
    assert answer["finish_reason"] == given["finish_reason"]


def test_the_finish_waits_for_the_usage_behind_it() -> None:
    parser = StreamParser(SPEC)
    *most, metadata = text_events("Hi")

    chunks = [chunk for event in most for chunk in parser.take(event)]

    assert not any(chunk["choices"][0]["finish_reason"] for chunk in chunks)
    assert (parser.complete, parser.done) == (True, False)
    assert parser.take(metadata) == []
    assert (parser.complete, parser.done) == (True, True)
    assert parser.usage == Usage(input_tokens=9, output_tokens=3)


def test_an_answer_without_usage_is_an_answer() -> None:
    answer, parser = folded(text_events("Hi")[:-1])

    assert answer["finish_reason"] == "stop"
    assert parser.usage is None


@pytest.mark.parametrize("events", [[], text_events("Hi")[:2], text_events("Hi")[:3]])
def test_an_answer_without_its_end_is_an_error(events: list[dict[str, Any]]) -> None:
    parser = StreamParser(SPEC)
    for event in events:
        parser.take(event)

    with pytest.raises(ProviderFailureError, match="broke its answer off"):
        parser.end()


def test_an_answer_with_nothing_in_it_still_has_a_role() -> None:
    answer, _ = folded([{"messageStop": {"stopReason": "end_turn"}}])

    assert answer == {"message": {"content": "", "role": "assistant"}, "finish_reason": "stop"}


@pytest.mark.parametrize("reason", ["malformed_model_output", "malformed_tool_use"])
def test_a_malformed_answer_is_an_error_unless_there_is_text(reason: str) -> None:
    assert folded(text_events("Hi", stop=reason))[0]["finish_reason"] == "stop"
    with pytest.raises(ProviderFailureError):
        folded([{"messageStart": {}}, {"messageStop": {"stopReason": reason}}])


@pytest.mark.parametrize(
    ("event", "error"),
    [
        ({"throttlingException": {"message": "Slow down"}}, ProviderRateLimitedError),
        ({"validationException": {"message": "Input is too long"}}, ProviderRequestError),
        ({"internalServerException": {"message": "Oops"}}, ProviderFailureError),
        ({"serviceUnavailableException": {"message": "Oops"}}, ProviderFailureError),
        ({"modelStreamErrorException": {"originalMessage": "Oops", "originalStatusCode": 500}}, ProviderFailureError),
    ],
)
def test_an_error_among_the_events_is_raised(event: dict[str, Any], error: type[UpstreamError]) -> None:
    parser = StreamParser(SPEC)
    parser.take(text_events("Hi")[0])

    with pytest.raises(error):
        parser.take(event)


def test_an_error_after_the_end_takes_nothing_back() -> None:
    parser = StreamParser(SPEC)
    for event in text_events("Hi")[:-1]:
        parser.take(event)

    assert parser.take({"internalServerException": {"message": "Oops"}}) == []
    assert parser.end()[-1]["choices"][0]["finish_reason"] == "stop"


def test_events_and_deltas_of_the_future_are_ignored() -> None:
    events = text_events("Hi")
    events.insert(2, {"contentBlockDelta": {"delta": {"hologram": {}}, "contentBlockIndex": 0}})
    events.insert(1, {"weather": {"mild": True}})

    assert folded(events)[0]["message"]["content"] == "Hi"


def test_a_call_that_was_cut_off_gets_its_arguments_anyway() -> None:
    start = {"contentBlockStart": {"start": {"toolUse": {"toolUseId": "t", "name": "f"}}, "contentBlockIndex": 0}}

    answer, _ = folded([start, {"messageStop": {"stopReason": "max_tokens"}}])

    assert answer["finish_reason"] == "length"
    assert answer["message"]["tool_calls"][0]["function"]["arguments"] == "{}"


def test_the_input_of_the_answering_tool_is_the_answer() -> None:
    start = {"toolUse": {"toolUseId": "t", "name": "answer_as_json"}}
    events: list[dict[str, Any]] = [
        {"contentBlockStart": {"start": start, "contentBlockIndex": 0}},
        {"contentBlockDelta": {"delta": {"toolUse": {"input": '{"a":'}}, "contentBlockIndex": 0}},
        {"contentBlockDelta": {"delta": {"toolUse": {"input": "1}"}}, "contentBlockIndex": 0}},
        {"contentBlockStop": {"contentBlockIndex": 0}},
        {"messageStop": {"stopReason": "tool_use"}},
    ]

    answer, _ = folded(events)

    assert answer == {"message": {"content": '{"a":1}', "role": "assistant"}, "finish_reason": "stop"}


def test_callers_get_their_own_names_of_tools() -> None:
    start = {"contentBlockStart": {"start": {"toolUse": {"toolUseId": "t", "name": "a_x2E_b"}}, "contentBlockIndex": 0}}

    answer, _ = folded([start, {"messageStop": {"stopReason": "tool_use"}}])

    assert answer["message"]["tool_calls"][0]["function"]["name"] == "a.b"


def test_an_event_that_is_not_json_is_an_error() -> None:
    with pytest.raises(ProviderFailureError):
        StreamParser(SPEC).feed('{"delta"', event="contentBlockDelta")


def test_feeding_json_is_taking_objects() -> None:
    fed, taken = StreamParser(SPEC), StreamParser(SPEC)
    for event in text_events("Hi", " you"):
        ((kind, payload),) = event.items()
        given = [chunk["choices"] for chunk in fed.feed(json.dumps(payload), event=kind)]
        assert given == [chunk["choices"] for chunk in taken.take(event)]
