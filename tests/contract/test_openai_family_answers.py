"""What providers really sent, through the parsers: the promises of a normalised answer hold for every one of them."""

import json
import random
from typing import Any

import pytest

from ownkey.adapters.classification import ErrorClassifier
from ownkey.adapters.protocols.openai_chat import StreamParser, decode_stream, parse_completion
from ownkey.adapters.registry import REGISTRY
from ownkey.domain.errors import ProviderKeyRejectedError, UpstreamError
from tests.support.adapter_folding import fold, folded_calls, folded_text, naive_events
from tests.support.adapter_recordings import FOLDER, recordings

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the recordings are not here")

FINISH_REASONS = {"stop", "length", "tool_calls", "content_filter", "function_call"}
ERRS_IN_STREAM = {"w:error-in-stream", "in-stream-error"}


def ids(found: list[dict[str, Any]]) -> list[str]:
    return [recording["id"] for recording in found]


STREAMS = recordings(status=200, streamed=True)
WHOLE = recordings(status=200, streamed=False)
ERRORS = recordings(status=None)


def chunks_of(recording: dict[str, Any], pieces: list[bytes]) -> tuple[list[dict[str, Any]], StreamParser]:
    spec = REGISTRY[recording["provider"]]
    parser = StreamParser(spec, upstream_model="asked-for")
    return list(decode_stream(pieces, parser, ErrorClassifier(spec=spec))), parser


def cut(body: bytes, seed: str) -> list[bytes]:
    chooser = random.Random(seed)
    places = sorted(chooser.sample(range(len(body)), k=min(len(body) - 1, len(body) // 40 + 3)))
    return [body[start:end] for start, end in zip([0, *places], [*places, len(body)], strict=True)]


def breaks_off(recording: dict[str, Any]) -> bool:
    """Whether a stream reports an error before any finish reason."""
    events = naive_events(recording["response"]["body"])
    return any(event.get("error") for event in events) and not any(
        choice.get("finish_reason") for event in events for choice in event.get("choices") or ()
    )


@pytest.mark.parametrize("recording", STREAMS, ids=ids(STREAMS))
def test_a_stream_comes_out_normalised(recording: dict[str, Any]) -> None:
    if breaks_off(recording):
        with pytest.raises(UpstreamError):
            chunks_of(recording, [recording["response"]["body"].encode()])
        return

    chunks, parser = chunks_of(recording, [recording["response"]["body"].encode()])

    assert len({(chunk["id"], chunk["created"], chunk["model"]) for chunk in chunks}) == 1
    assert all(chunk["id"] and chunk["created"] >= 0 and chunk["model"] for chunk in chunks)
    assert all(chunk["object"] == "chat.completion.chunk" and len(chunk["choices"]) == 1 for chunk in chunks)
    assert all("usage" not in chunk and "error" not in chunk for chunk in chunks)
    choices = [chunk["choices"][0] for chunk in chunks]
    for index in {choice["index"] for choice in choices}:
        own = [choice for choice in choices if choice["index"] == index]
        assert own[0]["delta"]["role"] == "assistant"
        assert not any("role" in choice["delta"] for choice in own[1:])
        assert [choice["finish_reason"] is not None for choice in own] == [False] * (len(own) - 1) + [True]
        assert own[-1]["finish_reason"] in FINISH_REASONS
        assert own[-1]["delta"] == {}
        assert all(choice["delta"] for choice in own[:-1])
    assert all("reasoning" not in choice["delta"] for choice in choices)
    assert parser.complete


@pytest.mark.parametrize("recording", STREAMS, ids=ids(STREAMS))
def test_a_stream_says_what_the_bytes_say(recording: dict[str, Any]) -> None:
    if breaks_off(recording):
        pytest.skip("there is no answer in it")
    events = naive_events(recording["response"]["body"])

    chunks, parser = chunks_of(recording, [recording["response"]["body"].encode()])

    assert folded_text(chunks, "content") == folded_text(events, "content")
    assert folded_text(chunks, "reasoning_content") == folded_text(events, "reasoning_content", "reasoning")
    named = {index: [(name, text or "{}") for name, text in calls] for index, calls in folded_calls(events).items()}
    assert folded_calls(chunks) == named
    reported = [event.get("usage") or (event.get("x_groq") or {}).get("usage") for event in events]
    last = next((usage for usage in reversed(reported) if usage), None)
    assert (parser.usage is None) == (last is None)
    if last and parser.usage:
        reasoning = (last.get("completion_tokens_details") or {}).get("reasoning_tokens") or 0
        assert parser.usage.input_tokens == last["prompt_tokens"]
        assert parser.usage.output_tokens in (last["completion_tokens"], last["completion_tokens"] + reasoning)
        assert parser.usage.output_tokens >= parser.usage.reasoning_tokens


@pytest.mark.parametrize("recording", STREAMS, ids=ids(STREAMS))
def test_where_a_stream_is_cut_into_pieces_does_not_matter(recording: dict[str, Any]) -> None:
    if breaks_off(recording):
        pytest.skip("there is no answer in it")
    body = recording["response"]["body"].encode()
    whole, in_one = chunks_of(recording, [body])

    pieces, in_pieces = chunks_of(recording, cut(body, recording["id"]))

    assert fold(pieces) == fold(whole)
    assert len(pieces) == len(whole)
    assert in_pieces.usage == in_one.usage


@pytest.mark.parametrize("recording", STREAMS, ids=ids(STREAMS))
def test_a_stream_without_its_last_part_is_an_error(recording: dict[str, Any]) -> None:
    body = recording["response"]["body"].encode()
    finishes = [body.find(mark) for mark in (b'finish_reason":"', b'finish_reason": "') if mark in body]

    with pytest.raises(UpstreamError):
        chunks_of(recording, [body[: min(finishes, default=len(body)) - 5]])


@pytest.mark.parametrize("recording", WHOLE, ids=ids(WHOLE))
def test_a_whole_answer_comes_out_normalised(recording: dict[str, Any]) -> None:
    spec = REGISTRY[recording["provider"]]
    body = recording["response"]["body"].encode()
    sent = json.loads(body)
    if sent.get("error"):
        with pytest.raises(UpstreamError):
            parse_completion(spec, body)
        return

    answer = parse_completion(spec, body)

    assert answer.body["object"] == "chat.completion"
    assert answer.body["id"] == sent["id"]
    assert answer.body["model"] == sent["model"]
    assert answer.usage is not None
    assert answer.usage.input_tokens == sent["usage"]["prompt_tokens"]
    assert answer.body["usage"]["total_tokens"] == answer.usage.input_tokens + answer.usage.output_tokens
    for choice, given in zip(answer.body["choices"], sent["choices"], strict=True):
        message, original = choice["message"], given["message"]
        assert message["role"] == "assistant"
        assert choice["finish_reason"] in FINISH_REASONS
        assert choice["finish_reason"] == "tool_calls" or not message.get("tool_calls")
        assert (message["content"] or "") == (original.get("content") or "")
        assert (message.get("reasoning_content") or "") == (
            original.get("reasoning_content") or original.get("reasoning") or ""
        )
        for call, original_call in zip(message.get("tool_calls", []), original.get("tool_calls") or [], strict=True):
            assert call["id"] == original_call["id"]
            assert call["type"] == "function"
            assert json.loads(call["function"]["arguments"]) == json.loads(original_call["function"]["arguments"])


@pytest.mark.parametrize("recording", ERRORS, ids=ids(ERRORS))
def test_an_error_means_what_its_status_says(recording: dict[str, Any]) -> None:
    response = recording["response"]
    classifier = ErrorClassifier(spec=REGISTRY[recording["provider"]], key_suffix="abcd")

    error = classifier.of_response(response["status"], response["headers"], response["body"].encode())

    assert error.provider == recording["provider"]
    assert error.upstream_status == response["status"]
    assert REGISTRY[recording["provider"]].name in error.message
    assert len(error.message) < 700
    assert "\n" not in error.message
    # None of the recorded refusals but these is about the key.
    assert isinstance(error, ProviderKeyRejectedError) == (response["status"] == 401)
