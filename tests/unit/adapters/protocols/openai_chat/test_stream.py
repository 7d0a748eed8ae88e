import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ownkey.adapters.protocols.openai_chat import StreamParser, as_stream_payload, parse_completion
from ownkey.adapters.registry import REGISTRY
from ownkey.domain.chat import Usage
from ownkey.domain.errors import ProviderFailureError, ProviderRateLimitedError, UpstreamError
from tests.support.adapter_folding import fold
from tests.support.adapter_transport import chunk, completion

SPEC = REGISTRY["openai"]
ROLE = chunk({"role": "assistant", "content": ""})


def parse(*events: Any, done: bool = True, **options: Any) -> list[dict[str, Any]]:
    parser = StreamParser(SPEC, **options)
    chunks = [out for event in events for out in parser.feed(json.dumps(event))]
    if done:
        chunks += parser.feed("[DONE]")
    return chunks + parser.end()


def choices_of(chunks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [chunk["choices"][0] for chunk in chunks]


def test_a_plain_stream_comes_out_chunk_by_chunk() -> None:
    parser = StreamParser(SPEC)

    assert parser.feed(json.dumps(ROLE)) == [chunk({"role": "assistant", "content": ""})]
    assert parser.feed(json.dumps(chunk({"content": "Hi"}, usage=None))) == [chunk({"content": "Hi"})]
    assert parser.feed(json.dumps(chunk({}, "stop"))) == []
    assert parser.complete
    assert parser.feed("[DONE]") == []
    assert parser.end() == [chunk({}, "stop")]


def test_the_role_comes_first_and_once() -> None:
    deltas = [choice["delta"] for choice in choices_of(parse(chunk({"role": "assistant", "content": "Hi"}, "stop")))]

    assert deltas == [{"role": "assistant", "content": ""}, {"content": "Hi"}, {}]


def test_annotations_pass_as_they_came() -> None:
    citation = {"url": "https://a.example/", "title": "A", "start_index": 0, "end_index": 2, "content": "x"}
    annotations = [{"type": "url_citation", "url_citation": citation}]
    body = completion("Hi", message={"annotations": annotations})

    (folded,) = fold(parse(ROLE, chunk({"content": "Hi"}), chunk({"content": "", "annotations": annotations}, "stop")))
    whole = parse_completion(SPEC, json.dumps(body).encode()).body["choices"][0]["message"]

    assert folded["message"]["annotations"] == whole["annotations"] == annotations


def test_what_a_chunk_has_of_its_own_stays() -> None:
    event = chunk({"content": "Hi"}, choice={"logprobs": {"content": []}}, service_tier="default", obfuscation="x")

    out = parse(ROLE, event, chunk({}, "stop", system_fingerprint="fp", choice={"content_filter_results": {}}))

    assert out[1]["service_tier"] == "default"
    assert out[1]["choices"][0]["logprobs"] == {"content": []}
    assert out[-1]["system_fingerprint"] == "fp"
    assert out[-1]["choices"][0]["content_filter_results"] == {}


def test_logprobs_alone_are_worth_a_chunk() -> None:
    out = parse(ROLE, chunk({}, "stop", choice={"logprobs": {"content": [{"token": "x"}]}}))

    assert choices_of(out)[1]["logprobs"] == {"content": [{"token": "x"}]}
    assert choices_of(out)[1]["finish_reason"] is None


def test_every_chunk_has_the_id_time_and_model_of_the_first() -> None:
    first = {**ROLE, "id": "a", "created": 5, "model": "m"}
    later = {**chunk({}, "stop"), "id": "b", "created": 6, "model": "n"}

    assert {(out["id"], out["created"], out["model"]) for out in parse(first, later)} == {("a", 5, "m")}


def test_the_first_finish_reason_counts() -> None:
    (choice,) = fold(parse(ROLE, chunk({"content": "Hi"}, "length"), chunk({}, "stop")))

    assert choice["finish_reason"] == "length"


def test_what_the_first_chunk_lacks_is_filled_in() -> None:
    bare = {"choices": [{"delta": {"content": "Hi"}, "finish_reason": "stop"}]}

    out = parse(bare, upstream_model="asked-for", now=lambda: 1234.5)

    assert out[0]["id"].startswith("chatcmpl-")
    assert len({chunk["id"] for chunk in out}) == 1
    assert (out[0]["created"], out[0]["model"], out[0]["object"]) == (1234, "asked-for", "chat.completion.chunk")


@pytest.mark.parametrize(
    "nothing",
    [
        {"choices": []},
        {"choices": None},
        {"id": "x"},
        {"choices": ["x"]},
        {"choices": [{"index": 0}]},
        {"choices": [{"index": 0, "delta": None}]},
        {"choices": [{"index": None, "delta": {"content": "", "role": "assistant", "tool_calls": None}}]},
        {"choices": [{"index": 0, "delta": {"tool_calls": ["x", {}]}}]},
    ],
)
def test_chunks_that_add_nothing_are_swallowed(nothing: dict[str, Any]) -> None:
    parser = StreamParser(SPEC)
    parser.feed(json.dumps(ROLE))

    assert parser.feed(json.dumps(nothing)) == []


@pytest.mark.parametrize("data", ["", "  ", " [DONE]", "[DONE]\n"])
def test_blank_events_and_the_end_mark_are_no_chunks(data: str) -> None:
    assert StreamParser(SPEC).feed(data) == []


def test_nothing_counts_after_the_end_mark() -> None:
    parser = StreamParser(SPEC)
    parser.feed(json.dumps(chunk({"content": "Hi"}, "stop")))
    parser.feed("[DONE]")

    assert parser.feed("nonsense") == []


@pytest.mark.parametrize("data", ["{", "nonsense", "[1]", '"x"', "<html>"])
def test_an_event_that_is_no_chunk_is_an_error(data: str) -> None:
    with pytest.raises(ProviderFailureError) as caught:
        StreamParser(SPEC).feed(data)

    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "event",
    [
        {"error": {"code": 429, "message": "their words"}},
        {"x_groq": {"error": {"code": 429, "message": "their words"}}},
        {"code": 429, "message": "their words"},
        {"status": 429, "detail": "their words"},
        chunk({"content": "x"}, "error", choice={"error": {"code": 429, "message": "their words"}}),
    ],
)
def test_an_error_in_a_stream_is_raised_as_what_it_is(event: dict[str, Any]) -> None:
    parser = StreamParser(SPEC)
    parser.feed(json.dumps(ROLE))

    with pytest.raises(ProviderRateLimitedError, match="their words"):
        parser.feed(json.dumps(event))


@pytest.mark.parametrize("payload", ['{"message": "their words"}', '{"error": "their words"}', '{"x": 1}'])
def test_an_error_event_is_an_error_whatever_it_holds(payload: str) -> None:
    with pytest.raises(ProviderFailureError):
        StreamParser(SPEC).feed(payload, event="error")


def test_the_usage_of_a_chunk_that_reports_an_error_counts() -> None:
    parser = StreamParser(SPEC)
    event = {"error": {"message": "m"}, "usage": {"prompt_tokens": 9, "completion_tokens": 4}}

    with pytest.raises(UpstreamError):
        parser.feed(json.dumps(event))

    assert parser.usage == Usage(input_tokens=9, output_tokens=4)


@pytest.mark.parametrize("events", [[], [ROLE], [ROLE, chunk({"content": "Hi"})]])
def test_a_stream_that_stops_before_its_end_is_an_error(events: list[dict[str, Any]]) -> None:
    with pytest.raises(ProviderFailureError):
        parse(*events, done=False)


def test_a_stream_with_nothing_in_it_is_an_error() -> None:
    with pytest.raises(ProviderFailureError, match="empty"):
        parse(chunk() | {"choices": []})


def test_every_choice_that_was_asked_for_must_come_to_its_end() -> None:
    one = chunk({"content": "Hi"}, "stop")

    with pytest.raises(ProviderFailureError):
        parse(one, done=False, choices=2)
    assert len(fold(parse(one, done=True, choices=2))) == 1
    assert len(fold(parse(one, chunk({"content": "Ho"}, "stop", index=1), done=False, choices=2))) == 2


def test_a_custom_tools_call_travels_with_our_number() -> None:
    start = {"index": 4, "id": "c1", "type": "custom", "custom": {"name": "f", "input": "a"}}

    entries = [
        choice["delta"]["tool_calls"][0]
        for choice in choices_of(parse(ROLE, chunk({"tool_calls": [start]}), chunk({}, "tool_calls")))
        if "tool_calls" in choice["delta"]
    ]

    assert entries == [{**start, "index": 0}]


def test_a_tool_call_that_never_gets_a_name_is_not_kept_back() -> None:
    fragments = [{"index": 0, "id": "c1"}, {"index": 0, "function": {"arguments": "{}"}}]

    (choice,) = fold(parse(ROLE, *(chunk({"tool_calls": [fragment]}) for fragment in fragments), chunk({}, "stop")))

    assert choice["message"]["tool_calls"] == [
        {"id": "c1", "type": "function", "function": {"name": "", "arguments": "{}"}}
    ]


def test_content_in_parts_is_text() -> None:
    out = parse(ROLE, chunk({"content": [{"type": "text", "text": "Hi"}]}, "stop"))

    assert choices_of(out)[1]["delta"] == {"content": "Hi"}


def test_what_hangs_on_a_tool_call_stays_on_it() -> None:
    call = {"index": 0, "id": "c1", "function": {"name": "f", "arguments": "{}"}, "extra_content": {"google": "sig"}}

    (choice,) = fold(parse(ROLE, chunk({"tool_calls": [call]}, "tool_calls")))

    assert choice["message"]["tool_calls"][0]["extra_content"] == {"google": "sig"}


def test_a_legacy_function_call_travels() -> None:
    out = parse(ROLE, chunk({"function_call": {"name": "f", "arguments": "{}"}}), chunk({}, "function_call"))

    assert choices_of(out)[1]["delta"] == {"function_call": {"name": "f", "arguments": "{}"}}
    assert choices_of(out)[-1]["finish_reason"] == "function_call"


ARGUMENTS = st.dictionaries(st.sampled_from("abc"), st.text(max_size=5) | st.integers(), max_size=3).map(json.dumps)
CALLS = st.lists(st.tuples(st.sampled_from(["weather", "time"]), ARGUMENTS), max_size=3)
MESSAGES = st.tuples(st.text(max_size=20), st.text(max_size=10), CALLS)
CUTS = st.lists(st.integers(1, 4), min_size=1, max_size=6)


def message(text: str, reasoning: str, calls: list[tuple[str, str]]) -> dict[str, Any]:
    whole: dict[str, Any] = {"role": "assistant", "content": text or (None if calls else "")}
    if reasoning:
        whole["reasoning"] = reasoning
    if calls:
        whole["tool_calls"] = [
            {"id": f"call_{number}", "type": "function", "function": {"name": name, "arguments": arguments}}
            for number, (name, arguments) in enumerate(calls)
        ]
    return whole


def streamed(whole: dict[str, Any], cuts: list[int]) -> list[dict[str, Any]]:
    """Return the events that a provider would stream a message as, in pieces of these lengths by turns."""

    def pieces(text: str) -> list[str]:
        found, place, turn = [], 0, 0
        while place < len(text):
            found.append(text[place : place + cuts[turn % len(cuts)]])
            place, turn = place + len(found[-1]), turn + 1
        return found

    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": None if whole["content"] is None else ""}]
    deltas += [{"reasoning": piece} for piece in pieces(whole.get("reasoning", ""))]
    deltas += [{"content": piece} for piece in pieces(whole["content"] or "")]
    for index, call in enumerate(whole.get("tool_calls", [])):
        name, arguments = call["function"]["name"], call["function"]["arguments"]
        deltas.append({"tool_calls": [{**call, "index": index, "function": {"name": name, "arguments": ""}}]})
        deltas += [{"tool_calls": [{"index": index, "function": {"arguments": piece}}]} for piece in pieces(arguments)]
    return [chunk(delta) for delta in deltas]


@settings(deadline=None)
@given(content=MESSAGES, cuts=CUTS)
def test_a_stream_folded_together_is_the_unstreamed_answer(content: Any, cuts: list[int]) -> None:
    whole = message(*content)
    finish = "tool_calls" if whole.get("tool_calls") else "stop"
    answer = parse_completion(
        SPEC, json.dumps(completion() | {"choices": [{"index": 0, "message": whole, "finish_reason": finish}]}).encode()
    )
    expected = answer.body["choices"][0]

    (folded,) = fold(parse(*streamed(whole, cuts), chunk({}, finish)))

    assert folded["finish_reason"] == expected["finish_reason"]
    assert {"refusal": None, **folded["message"]} == expected["message"]


@settings(deadline=None)
@given(contents=st.lists(MESSAGES, min_size=1, max_size=3))
def test_a_whole_answer_streams_as_itself(contents: list[Any]) -> None:
    given = [{"index": index, "message": message(*content)} for index, content in enumerate(contents)]
    answer = parse_completion(SPEC, json.dumps(completion() | {"choices": given}).encode())
    parser = StreamParser(SPEC, choices=len(given))

    chunks = parser.take(as_stream_payload(answer.body)) + parser.end()

    for folded, choice in zip(fold(chunks), answer.body["choices"], strict=True):
        assert folded["finish_reason"] == choice["finish_reason"]
        assert {"refusal": None, **folded["message"]} == choice["message"]
    assert parser.usage == answer.usage
