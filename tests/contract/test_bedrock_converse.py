"""What Bedrock really sent, read purely and through a real boto3 client: both say the same, and what the bytes say."""

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from ownkey.adapters.bedrock import BedrockCaller
from ownkey.adapters.protocols.bedrock_converse import StreamParser, parse_completion
from ownkey.domain.errors import ProviderKeyRejectedError, ProviderRequestError, UpstreamError
from tests.support.adapter_folding import fold
from tests.support.adapter_recordings import FOLDER
from tests.support.bedrock import (
    SPEC,
    aws_credential,
    bedrock,
    body_of,
    chat,
    naive_events,
    recorded,
    streamed,
    whole,
)
from tests.support.egress import DeadlineIn
from tests.support.upstream import FakeUpstream

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the recordings are not here")

FINISH_REASONS = {
    "end_turn": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "stop_sequence": "stop",
}
STREAMS = recorded(streamed=True)
WHOLE = recorded(streamed=False)
ERRORS = recorded(streamed=False, good=False)


def ids(found: list[dict[str, Any]]) -> list[str]:
    return [recording["id"] for recording in found]


@pytest.fixture(scope="module")
def called() -> Iterator[tuple[BedrockCaller, FakeUpstream]]:
    """One caller for all: its first client takes long to make."""
    with bedrock() as made:
        yield made


def call(caller: BedrockCaller, model: str) -> Any:
    return caller.complete(chat(model), upstream_model=model, credential=aws_credential(), deadline=DeadlineIn(5))


def chunks_of(body: bytes) -> tuple[list[dict[str, Any]], StreamParser]:
    parser = StreamParser(SPEC, upstream_model="asked-for")
    chunks = [chunk for kind, payload in naive_events(body) for chunk in parser.feed(json.dumps(payload), event=kind)]
    return chunks + parser.end(), parser


def choices(chunks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [chunk["choices"][0] for chunk in chunks]


def cut(body: bytes, seed: str) -> list[bytes]:
    chooser = random.Random(seed)
    places = sorted(chooser.sample(range(1, len(body)), k=min(12, len(body) - 1)))
    return [body[start:end] for start, end in zip([0, *places], [*places, len(body)], strict=True)]


@pytest.mark.parametrize("recording", WHOLE, ids=ids(WHOLE))
def test_a_whole_answer_says_what_the_bytes_say(
    recording: dict[str, Any], called: tuple[BedrockCaller, FakeUpstream]
) -> None:
    caller, upstream = called
    body = body_of(recording)
    sent = json.loads(body)
    blocks = sent["output"]["message"]["content"]
    upstream.on("aws", whole(body))

    answer = parse_completion(SPEC, body, upstream_model="m")
    through_boto = call(caller, "m.m")

    assert through_boto.body["choices"] == answer.body["choices"]
    assert through_boto.usage == answer.usage
    assert answer.body["object"] == "chat.completion"
    message = answer.body["choices"][0]["message"]
    cited = [part for block in blocks for part in block.get("citationsContent", {}).get("content", [])]
    said = [block for block in blocks if "text" in block]
    if not (cited and said):
        assert (message["content"] or "") == "".join(part["text"] for part in [*said, *cited])
    assert message.get("reasoning_content", "") == "".join(
        block["reasoningContent"].get("reasoningText", {}).get("text", "")
        for block in blocks
        if "reasoningContent" in block
    )
    uses = [
        block["toolUse"] for block in blocks if "toolUse" in block and block["toolUse"].get("type") != "server_tool_use"
    ]
    assert [
        (made["id"], made["function"]["name"], json.loads(made["function"]["arguments"]))
        for made in message.get("tool_calls", [])
    ] == [(use["toolUseId"], use["name"], use["input"]) for use in uses]
    assert message["content"] is not None or uses
    assert answer.body["choices"][0]["finish_reason"] == FINISH_REASONS[sent["stopReason"]]
    if "usage" not in sent:
        assert answer.usage is None
        return
    usage = sent["usage"]
    cached = usage.get("cacheReadInputTokens", 0) + usage.get("cacheWriteInputTokens", 0)
    assert answer.usage is not None
    assert answer.usage.input_tokens == usage["inputTokens"] + cached
    assert answer.usage.output_tokens == usage["outputTokens"]


@pytest.mark.parametrize("recording", STREAMS, ids=ids(STREAMS))
def test_a_stream_comes_out_normalised(recording: dict[str, Any]) -> None:
    chunks, parser = chunks_of(body_of(recording))

    assert len({(chunk["id"], chunk["created"], chunk["model"]) for chunk in chunks}) == 1
    assert all(chunk["object"] == "chat.completion.chunk" and len(chunk["choices"]) == 1 for chunk in chunks)
    deltas = choices(chunks)
    assert deltas[0]["delta"] == {"role": "assistant", "content": ""}
    assert not any("role" in choice["delta"] for choice in deltas[1:])
    assert [choice["finish_reason"] is not None for choice in deltas] == [False] * (len(deltas) - 1) + [True]
    assert deltas[-1]["delta"] == {}
    assert all(choice["delta"] for choice in deltas[:-1])
    assert parser.done
    numbers = [entry["index"] for choice in deltas for entry in choice["delta"].get("tool_calls", []) if "id" in entry]
    assert numbers == list(range(len(numbers)))


@pytest.mark.parametrize("recording", STREAMS, ids=ids(STREAMS))
def test_a_stream_says_what_the_bytes_say(recording: dict[str, Any]) -> None:
    events = naive_events(body_of(recording))
    deltas = [payload["delta"] for kind, payload in events if kind == "contentBlockDelta"]
    hidden = {
        payload["contentBlockIndex"]
        for kind, payload in events
        if kind == "contentBlockStart" and payload["start"].get("toolUse", {}).get("type", "tool_use") != "tool_use"
    }
    arguments = [
        payload["delta"]["toolUse"]["input"]
        for kind, payload in events
        if kind == "contentBlockDelta" and "toolUse" in payload["delta"] and payload["contentBlockIndex"] not in hidden
    ]

    chunks, parser = chunks_of(body_of(recording))

    (folded,) = fold(chunks)
    message = folded["message"]
    assert message["content"] == "".join(delta.get("text", "") for delta in deltas)
    assert message.get("reasoning_content", "") == "".join(
        delta.get("reasoningContent", {}).get("text", "") for delta in deltas
    )
    assert "".join(made["function"]["arguments"] for made in message.get("tool_calls", [])) == "".join(arguments)
    payloads = dict(events)
    assert folded["finish_reason"] == FINISH_REASONS[payloads["messageStop"]["stopReason"]]
    assert parser.usage is not None
    assert parser.usage.input_tokens == payloads["metadata"]["usage"]["inputTokens"]
    assert parser.usage.output_tokens == payloads["metadata"]["usage"]["outputTokens"]


@pytest.mark.parametrize("recording", STREAMS, ids=ids(STREAMS))
def test_boto3_reads_the_same_from_a_stream_in_pieces(
    recording: dict[str, Any], called: tuple[BedrockCaller, FakeUpstream]
) -> None:
    caller, upstream = called
    upstream.on("aws", streamed(cut(body_of(recording), recording["id"])))

    stream = caller.stream(chat("m.m"), upstream_model="m.m", credential=aws_credential(), deadline=DeadlineIn(5))

    pure, parser = chunks_of(body_of(recording))
    assert choices(list(stream)) == choices(pure)
    assert stream.usage == parser.usage


@pytest.mark.parametrize("recording", STREAMS, ids=ids(STREAMS))
def test_a_stream_without_its_end_is_an_error(recording: dict[str, Any]) -> None:
    parser = StreamParser(SPEC)
    for kind, payload in naive_events(body_of(recording)):
        if kind == "messageStop":
            break
        parser.feed(json.dumps(payload), event=kind)

    with pytest.raises(UpstreamError):
        parser.end()


@pytest.mark.parametrize("recording", ERRORS, ids=ids(ERRORS))
def test_an_error_means_what_aws_calls_it(
    recording: dict[str, Any], called: tuple[BedrockCaller, FakeUpstream]
) -> None:
    caller, upstream = called
    response = recording["response"]
    upstream.on("aws", whole(body_of(recording), response["status"], **response["headers"]))

    with pytest.raises(UpstreamError) as caught:
        call(caller, "us.m.m")

    if response["status"] == 403:
        assert isinstance(caught.value, ProviderKeyRejectedError)
        return
    said = json.loads(response["body"])["message"]
    missing = "model identifier" in said or "on-demand" in said
    assert isinstance(caught.value, ProviderRequestError)
    assert caught.value.kind == ("not_found" if missing else "bad_request")
    assert said.rstrip(".") in caught.value.message
