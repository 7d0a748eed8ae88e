"""What Anthropic really sent and was sent, through the protocol."""

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from ownkey.adapters.classification import ErrorClassifier
from ownkey.adapters.protocols.anthropic_messages import StreamParser, parse_completion, render_request
from ownkey.adapters.protocols.decoding import decode_stream
from ownkey.adapters.registry import REGISTRY
from ownkey.domain.chat import ChatRequest
from ownkey.domain.errors import ProviderKeyRejectedError, ProviderRequestError, UpstreamError
from tests.support.adapter_folding import fold, naive_events
from tests.support.adapter_recordings import FOLDER
from tests.support.anthropic_traffic import as_openai, is_streamed, recordings, streamed

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the recordings are not here")

SPEC = REGISTRY["anthropic"]
FINISH_REASONS = {"stop", "length", "tool_calls", "content_filter"}
GOOD = [recording for recording in recordings() if recording["response"]["status"] == 200]
STREAMS = [
    recording
    for recording in GOOD
    # Its recorder put several answers one after the other.
    if is_streamed(recording) and recording["response"]["body"].count('"type":"message_start"') < 2
]
WHOLE = [recording for recording in GOOD if not is_streamed(recording)]
ERRORS = [recording for recording in recordings() if recording["response"]["status"] != 200]


def ids(found: list[dict[str, Any]]) -> list[str]:
    return [recording["id"] for recording in found]


def chunks_of(pieces: list[bytes]) -> tuple[list[dict[str, Any]], StreamParser]:
    parser = StreamParser(SPEC, upstream_model="asked-for")
    return list(decode_stream(pieces, parser, ErrorClassifier(spec=SPEC))), parser


def cut(body: bytes, seed: str) -> list[bytes]:
    chooser = random.Random(seed)
    places = sorted(chooser.sample(range(len(body)), k=min(len(body) - 1, len(body) // 40 + 3)))
    return [body[start:end] for start, end in zip([0, *places], [*places, len(body)], strict=True)]


def said(events: list[dict[str, Any]], kind: str, field: str) -> str:
    """What the deltas of one kind say, those of tools of the provider's own left out."""
    hidden = {
        event["index"]
        for event in events
        if event["type"] == "content_block_start"
        and event["content_block"]["type"] not in ("text", "thinking", "tool_use")
    }
    deltas = [event["delta"] for event in events if "delta" in event and event.get("index") not in hidden]
    return "".join(delta.get(field) or "" for delta in deltas if delta.get("type") == kind)


@pytest.mark.parametrize("recording", STREAMS, ids=ids(STREAMS))
def test_a_stream_comes_out_normalised(recording: dict[str, Any]) -> None:
    chunks, parser = chunks_of([recording["response"]["body"].encode()])

    assert len({(chunk["id"], chunk["created"], chunk["model"], chunk["object"]) for chunk in chunks}) == 1
    choices = [choice for chunk in chunks for choice in chunk["choices"]]
    assert len(choices) == len(chunks)
    assert choices[0]["delta"] == {"role": "assistant", "content": ""}
    assert not any("role" in choice["delta"] for choice in choices[1:])
    assert [choice["finish_reason"] is not None for choice in choices] == [False] * (len(choices) - 1) + [True]
    assert choices[-1]["finish_reason"] in FINISH_REASONS
    assert choices[-1]["delta"] == {}
    assert all(choice["delta"] for choice in choices[:-1])
    assert parser.complete


def pages(events: list[dict[str, Any]]) -> Iterator[str]:
    """The URLs that are cited, in order."""
    for event in events:
        if url := event.get("delta", {}).get("citation", {}).get("url"):
            yield url


def texts_of(events: list[dict[str, Any]]) -> set[str]:
    """What the text blocks hold, each by itself."""
    texts: dict[int, str] = {}
    for event in events:
        if "index" in event:
            texts[event["index"]] = texts.get(event["index"], "") + (event.get("delta", {}).get("text") or "")
    return set(texts.values())


@pytest.mark.parametrize("recording", STREAMS, ids=ids(STREAMS))
def test_a_stream_says_what_the_bytes_say(recording: dict[str, Any]) -> None:
    events = naive_events(recording["response"]["body"])

    chunks, parser = chunks_of([recording["response"]["body"].encode()])

    [choice] = fold(chunks)
    message = choice["message"]
    assert message["content"] == said(events, "text_delta", "text")
    assert message.get("reasoning_content", "") == said(events, "thinking_delta", "thinking")
    signatures = "".join(detail.get("signature", "") for detail in message.get("reasoning_details", ()))
    assert signatures == said(events, "signature_delta", "signature")
    calls = message.get("tool_calls", [])
    started = [event["content_block"] for event in events if event["type"] == "content_block_start"]
    used = [block for block in started if block["type"] == "tool_use"]
    assert [(call["id"], call["function"]["name"]) for call in calls] == [(use["id"], use["name"]) for use in used]
    arguments = "".join(call["function"]["arguments"] for call in calls if call["function"]["arguments"] != "{}")
    assert arguments == said(events, "input_json_delta", "partial_json")
    cited = [annotation["url_citation"] for annotation in message.get("annotations", ())]
    assert [citation["url"] for citation in cited] == list(pages(events))
    texts = texts_of(events)
    assert all(message["content"][citation["start_index"] : citation["end_index"]] in texts for citation in cited)
    assert (choice["finish_reason"] == "tool_calls") == bool(used)
    last = next(event for event in reversed(events) if event["type"] == "message_delta")
    assert parser.usage is not None
    assert parser.usage.output_tokens == last["usage"]["output_tokens"]
    assert parser.usage.input_tokens >= parser.usage.cached_input_tokens + parser.usage.cache_write_tokens > -1


@pytest.mark.parametrize("recording", STREAMS, ids=ids(STREAMS))
def test_where_a_stream_is_cut_into_pieces_does_not_matter(recording: dict[str, Any]) -> None:
    body = recording["response"]["body"].encode()
    whole, in_one = chunks_of([body])

    pieces, in_pieces = chunks_of(cut(body, recording["id"]))

    assert fold(pieces) == fold(whole)
    assert len(pieces) == len(whole)
    assert in_pieces.usage == in_one.usage


@pytest.mark.parametrize("recording", STREAMS, ids=ids(STREAMS))
def test_a_stream_without_its_last_event_is_an_error(recording: dict[str, Any]) -> None:
    body = recording["response"]["body"].encode()

    with pytest.raises(UpstreamError):
        chunks_of([body[: body.rindex(b"message_stop")]])


@pytest.mark.parametrize("recording", WHOLE, ids=ids(WHOLE))
def test_a_whole_answer_comes_out_normalised(recording: dict[str, Any]) -> None:
    body = recording["response"]["body"].encode()
    sent = json.loads(body)

    answer = parse_completion(SPEC, body)

    [choice] = answer.body["choices"]
    message = choice["message"]
    blocks = {kind: [block for block in sent["content"] if block["type"] == kind] for kind in ("text", "tool_use")}
    assert (answer.body["id"], answer.body["model"]) == (sent["id"], sent["model"])
    assert (message["content"] or "") == "".join(block["text"] for block in blocks["text"])
    calls = [
        (call["id"], call["function"]["name"], json.loads(call["function"]["arguments"]))
        for call in message.get("tool_calls", ())
    ]
    assert calls == [(block["id"], block["name"], block["input"]) for block in blocks["tool_use"]]
    assert choice["finish_reason"] in FINISH_REASONS
    assert (choice["finish_reason"] == "tool_calls") == (sent["stop_reason"] == "tool_use")
    assert answer.usage is not None
    assert answer.usage.output_tokens == sent["usage"]["output_tokens"]


@pytest.mark.parametrize("recording", WHOLE, ids=ids(WHOLE))
def test_an_answer_is_the_same_streamed(recording: dict[str, Any]) -> None:
    body = recording["response"]["body"].encode()
    whole = parse_completion(SPEC, body)

    chunks, parser = chunks_of(cut(streamed(json.loads(body)), recording["id"]))

    [folded], [choice] = fold(chunks), whole.body["choices"]
    assert folded["finish_reason"] == choice["finish_reason"]
    assert comparable(folded["message"]) == comparable(choice["message"])
    assert parser.usage == whole.usage
    assert {chunk["id"] for chunk in chunks} == {whole.body["id"]}


def comparable(message: dict[str, Any]) -> dict[str, Any]:
    message = {name: value for name, value in message.items() if name != "role" and value not in (None, "")}
    message["tool_calls"] = [
        (call["id"], call["function"]["name"], json.loads(call["function"]["arguments"]))
        for call in message.get("tool_calls", ())
    ]
    return message


@pytest.mark.parametrize("recording", ERRORS, ids=ids(ERRORS))
def test_an_error_means_what_its_status_says(recording: dict[str, Any]) -> None:
    response = recording["response"]

    error = ErrorClassifier(spec=SPEC).of_response(response["status"], response["headers"], response["body"].encode())

    assert isinstance(error, ProviderKeyRejectedError if response["status"] == 401 else ProviderRequestError)
    assert error.upstream_status == response["status"]


def speaks_plainly(body: Any) -> bool:
    """Whether a request asks nothing that OpenAI has no words for."""
    if not isinstance(body, dict):
        return False
    tools = body.get("tools", ())
    own_tools = any(tool.get("type", "custom") != "custom" or "input_schema" not in tool for tool in tools)
    blocks = [block for turn in body["messages"] for block in plain(turn["content"])]
    blocks += [inner for block in blocks if block["type"] == "tool_result" for inner in block["content"]]
    beyond = any("file_id" in str(block.get("source")) or block.get("citations") for block in blocks)
    return not (own_tools or beyond) and {block["type"] for block in blocks} <= PLAIN_KINDS


def plain(content: Any) -> list[Any]:
    """Content as blocks, without what goes without saying."""
    if content is None:
        return []
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    blocks = []
    for block in content:
        stated = {name: value for name, value in block.items() if value not in (None, False, []) and name != "caller"}
        if stated["type"] == "tool_result":
            stated["content"] = plain(stated.get("content"))
        blocks.append(stated)
    return blocks


PLAIN_KINDS = {"text", "image", "document", "tool_use", "tool_result", "thinking", "redacted_thinking"}
ASKED = [recording for recording in GOOD if speaks_plainly(recording["request"]["body"])]


@pytest.mark.parametrize("recording", ASKED, ids=ids(ASKED))
def test_the_same_request_in_openai_words_goes_out_as_it_was(recording: dict[str, Any]) -> None:
    sent = recording["request"]["body"]
    asked = as_openai(sent)

    rendered = render_request(
        SPEC, ChatRequest(body=asked, model=sent["model"]), upstream_model=sent["model"], credential_settings={}
    )

    body = rendered.body
    assert (body["model"], body["max_tokens"]) == (sent["model"], sent["max_tokens"])
    assert plain(body.get("system")) == plain(sent.get("system"))
    assert [(turn["role"], plain(turn["content"])) for turn in body["messages"]] == [
        (turn["role"], plain(turn["content"])) for turn in merged(sent["messages"])
    ]
    names = [tool["name"] for tool in body.get("tools", ()) if tool["name"] != "no_tool"]
    assert names == [tool["name"] for tool in sent.get("tools", ())]
    assert body.get("stop_sequences") == sent.get("stop_sequences")
    if "thinking" not in sent:
        choice = sent.get("tool_choice", {"type": "auto"})
        choice = {name: value for name, value in choice.items() if value is not False}
        assert body.get("tool_choice", {"type": "auto"}) == choice


def merged(turns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    together: list[dict[str, Any]] = []
    for turn in turns:
        if together and together[-1]["role"] == turn["role"]:
            together[-1] = {**turn, "content": [*plain(together[-1]["content"]), *plain(turn["content"])]}
        else:
            together.append(turn)
    return together
