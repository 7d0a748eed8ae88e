"""What OpenAI and Azure really sent in the Responses format, through the parsers."""

import json
import random
from typing import Any

import pytest

from ownkey.adapters.classification import ErrorClassifier
from ownkey.adapters.protocols.decoding import decode_stream
from ownkey.adapters.protocols.openai_responses import StreamParser, parse_completion
from ownkey.adapters.registry import REGISTRY
from ownkey.domain.errors import ProviderKeyRejectedError, ProviderQuotaError, UpstreamError
from tests.support.adapter_folding import fold
from tests.support.adapter_recordings import FOLDER
from tests.support.responses_recordings import answers, last_response, refusals, said

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the recordings are not here")


def ids(found: list[dict[str, Any]]) -> list[str]:
    return [recording["id"] for recording in found]


ALL_STREAMS = answers(streamed=True)
STREAMS = [recording for recording in ALL_STREAMS if last_response(recording["response"]["body"])]
BROKEN = [recording for recording in ALL_STREAMS if recording not in STREAMS]
WHOLE = answers(streamed=False)
ERRORS = refusals()
FINISH_REASONS = {"stop", "length", "tool_calls", "content_filter"}


def chunks_of(recording: dict[str, Any], pieces: list[bytes]) -> tuple[list[dict[str, Any]], StreamParser]:
    spec = REGISTRY[recording["provider"]]
    parser = StreamParser(spec, upstream_model="asked-for")
    return list(decode_stream(pieces, parser, ErrorClassifier(spec=spec))), parser


def cut(body: bytes, seed: str) -> list[bytes]:
    chooser = random.Random(seed)
    places = sorted(chooser.sample(range(len(body)), k=min(len(body) - 1, len(body) // 100 + 3)))
    return [body[start:end] for start, end in zip([0, *places], [*places, len(body)], strict=True)]


def in_words(message: dict[str, Any]) -> dict[str, Any]:
    """What a chat message says, in the form of `said`."""
    calls = message.get("tool_calls") or ()
    return {
        **{name: message.get(name) or "" for name in ("content", "refusal", "reasoning_content")},
        "calls": [(call["id"], call["function"]["name"], call["function"]["arguments"]) for call in calls],
    }


@pytest.mark.parametrize("recording", STREAMS, ids=ids(STREAMS))
def test_a_stream_comes_out_normalised(recording: dict[str, Any]) -> None:
    chunks, parser = chunks_of(recording, [recording["response"]["body"].encode()])

    assert len({(chunk["id"], chunk["created"], chunk["model"]) for chunk in chunks}) == 1
    assert all(chunk["id"] and chunk["created"] and chunk["model"] for chunk in chunks)
    assert all(chunk["object"] == "chat.completion.chunk" and len(chunk["choices"]) == 1 for chunk in chunks)
    choices = [chunk["choices"][0] for chunk in chunks]
    assert all(choice["index"] == 0 for choice in choices)
    assert choices[0]["delta"] == {"role": "assistant", "content": ""}
    assert all(choice["delta"] and "role" not in choice["delta"] for choice in choices[1:-1])
    assert [choice["finish_reason"] is not None for choice in choices] == [False] * (len(choices) - 1) + [True]
    assert choices[-1]["finish_reason"] in FINISH_REASONS
    assert choices[-1]["delta"] == {}
    assert parser.complete
    assert parser.done
    started = 0
    for entry in (entry for choice in choices for entry in choice["delta"].get("tool_calls", ())):
        if "id" in entry:
            assert entry["index"] == started
            assert entry["function"]["arguments"] == ""
            started += 1
        else:
            assert set(entry["function"]) == {"arguments"}
            assert entry["index"] < started


@pytest.mark.parametrize("recording", STREAMS, ids=ids(STREAMS))
def test_a_stream_folded_is_the_whole_answer(recording: dict[str, Any]) -> None:
    body = recording["response"]["body"]
    response = last_response(body)
    assert response is not None
    whole = parse_completion(REGISTRY[recording["provider"]], json.dumps(response).encode())

    chunks, parser = chunks_of(recording, [body.encode()])

    (choice,) = fold(chunks)
    expected = whole.body["choices"][0]
    assert choice["finish_reason"] == expected["finish_reason"]
    assert in_words(choice["message"]) == in_words(expected["message"]) == said(response["output"])
    for name in ("reasoning_details", "annotations", "phase"):
        assert choice["message"].get(name) == expected["message"].get(name)
    assert parser.usage == whole.usage
    assert chunks[0]["model"] == whole.body["model"]
    assert chunks[0]["id"] == whole.body["id"]


@pytest.mark.parametrize("recording", STREAMS, ids=ids(STREAMS))
def test_where_a_stream_is_cut_into_pieces_does_not_matter(recording: dict[str, Any]) -> None:
    body = recording["response"]["body"].encode()
    whole, in_one = chunks_of(recording, [body])

    pieces, in_pieces = chunks_of(recording, cut(body, recording["id"]))

    assert [chunk["choices"] for chunk in pieces] == [chunk["choices"] for chunk in whole]
    assert in_pieces.usage == in_one.usage


@pytest.mark.parametrize("recording", STREAMS, ids=ids(STREAMS))
def test_a_stream_without_its_last_event_is_an_error(recording: dict[str, Any]) -> None:
    body = recording["response"]["body"].encode()
    ends = [body.rfind(mark) for mark in (b"event: response.completed", b"event: response.incomplete")]

    with pytest.raises(UpstreamError, match="in the middle"):
        chunks_of(recording, [body[: max(ends)]])


@pytest.mark.parametrize("recording", BROKEN, ids=ids(BROKEN))
def test_an_error_in_a_stream_comes_before_any_chunk(recording: dict[str, Any]) -> None:
    spec = REGISTRY[recording["provider"]]
    chunks = decode_stream([recording["response"]["body"].encode()], StreamParser(spec), ErrorClassifier(spec=spec))

    with pytest.raises(ProviderQuotaError, match="exceeded your current quota"):
        next(chunks)


@pytest.mark.parametrize("recording", WHOLE, ids=ids(WHOLE))
def test_a_whole_answer_comes_out_normalised(recording: dict[str, Any]) -> None:
    body = recording["response"]["body"].encode()
    sent = json.loads(body)

    answer = parse_completion(REGISTRY[recording["provider"]], body)

    (choice,) = answer.body["choices"]
    message = choice["message"]
    expected = said(sent["output"])
    assert in_words(message) == expected
    assert (message["content"] is None) == bool(not expected["content"] and (expected["calls"] or expected["refusal"]))
    incomplete = sent["incomplete_details"]
    assert choice["finish_reason"] == ("length" if incomplete else "tool_calls" if expected["calls"] else "stop")
    assert (answer.body["id"], answer.body["model"]) == (sent["id"], sent["model"])
    assert answer.usage is not None
    usage, reported = answer.body["usage"], sent["usage"]
    # One model has counted -9 tokens of output.
    counts = [max(0, reported[name]) for name in ("input_tokens", "output_tokens")]
    assert [usage["prompt_tokens"], usage["completion_tokens"], usage["total_tokens"]] == [*counts, sum(counts)]
    assert usage["prompt_tokens_details"]["cached_tokens"] == reported["input_tokens_details"]["cached_tokens"]
    details = reported["output_tokens_details"]
    assert usage["completion_tokens_details"]["reasoning_tokens"] == min(details["reasoning_tokens"], counts[1])


@pytest.mark.parametrize("recording", ERRORS, ids=ids(ERRORS))
def test_an_error_means_what_its_status_says(recording: dict[str, Any]) -> None:
    response = recording["response"]
    classifier = ErrorClassifier(spec=REGISTRY[recording["provider"]], key_suffix="abcd")

    error = classifier.of_response(response["status"], response["headers"], response["body"].encode())

    assert error.upstream_status == response["status"]
    assert isinstance(error, ProviderKeyRejectedError) == (response["status"] == 401)
