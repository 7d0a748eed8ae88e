import json
from typing import Any

import pytest

from ownkey.adapters.protocols.anthropic_messages import parse_completion
from ownkey.adapters.protocols.anthropic_messages.tools import ANSWER_TOOL
from ownkey.adapters.registry import REGISTRY
from ownkey.domain.chat import Completion, Usage
from ownkey.domain.errors import ProviderFailureError, ProviderQuotaError, ProviderRequestError

SPEC = REGISTRY["azure-anthropic-foundry"]


def parse(*content: dict[str, Any], **fields: Any) -> Completion:
    answer = {"id": "msg_1", "type": "message", "model": "claude-test", "content": list(content), **fields}
    return parse_completion(SPEC, json.dumps(answer).encode(), dropped=("seed",), now=lambda: 1_700_000_000.5)


def text(said: str) -> dict[str, Any]:
    return {"type": "text", "text": said}


def test_a_whole_answer_in_openais_form() -> None:
    completion = parse(
        {"type": "thinking", "thinking": "hm", "signature": "s"},
        {"type": "redacted_thinking", "data": "d"},
        text("Hel"),
        {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "x"}},
        {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []},
        text("lo"),
        {"type": "tool_use", "id": "toolu_1", "name": "f_x2E_x", "input": {"a": "é"}},
        {"type": "tool_use", "id": "toolu_2", "name": "now", "input": {}},
        stop_reason="tool_use",
        usage={
            "input_tokens": 10,
            "cache_creation_input_tokens": 3,
            "cache_creation": {"ephemeral_5m_input_tokens": 2, "ephemeral_1h_input_tokens": 1},
            "cache_read_input_tokens": 2,
            "output_tokens": 9,
            "output_tokens_details": {"thinking_tokens": 4},
        },
    )
    own = {"format": "anthropic-claude-v1", "provider": "azure-anthropic-foundry"}
    message = {
        "role": "assistant",
        "content": "Hello",
        "refusal": None,
        "tool_calls": [
            {"id": "toolu_1", "type": "function", "function": {"name": "f.x", "arguments": '{"a":"\\u00e9"}'}},
            {"id": "toolu_2", "type": "function", "function": {"name": "now", "arguments": "{}"}},
        ],
        "reasoning_content": "hm",
        "reasoning_details": [
            {"type": "reasoning.text", "text": "hm", "signature": "s", **own, "index": 0},
            {"type": "reasoning.encrypted", "data": "d", **own, "index": 1},
        ],
    }
    usage = Usage(
        input_tokens=15,
        output_tokens=9,
        cached_input_tokens=2,
        cache_write_tokens=3,
        hour_cache_write_tokens=1,
        reasoning_tokens=4,
    )
    assert completion == Completion(
        body={
            "id": "msg_1",
            "object": "chat.completion",
            "created": 1_700_000_000,
            "model": "claude-test",
            "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls", "logprobs": None}],
            "usage": usage.to_openai(),
        },
        usage=usage,
        dropped=("seed",),
    )


@pytest.mark.parametrize(
    ("stop_reason", "reason"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("compaction", "length"),
        ("refusal", "content_filter"),
        ("pause_turn", "stop"),
        ("tool_use", "stop"),
        (None, "stop"),
        ("sunset", "stop"),
    ],
)
def test_an_answer_ends_in_openais_words(stop_reason: Any, reason: str) -> None:
    [choice] = parse(text("Hi"), stop_reason=stop_reason).body["choices"]
    assert choice["finish_reason"] == reason


def test_the_content_is_null_when_there_are_only_calls() -> None:
    [choice] = parse({"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}}).body["choices"]
    assert choice["message"]["content"] is None
    assert choice["finish_reason"] == "tool_calls"


def test_an_answer_given_by_the_answers_tool_is_content() -> None:
    block = {"type": "tool_use", "id": "toolu_1", "name": ANSWER_TOOL, "input": {"a": 1}}
    [choice] = parse(block, stop_reason="tool_use").body["choices"]
    assert choice["message"] == {"role": "assistant", "content": '{"a":1}', "refusal": None}
    assert choice["finish_reason"] == "stop"


def test_why_claude_would_not_answer_is_told() -> None:
    details = {"type": "refusal", "explanation": "Not this."}
    [choice] = parse(stop_reason="refusal", stop_details=details).body["choices"]
    assert choice["message"]["refusal"] == "Not this."
    assert choice["message"]["content"] == ""


def test_the_pages_of_a_text_block_are_told_by_its_place() -> None:
    page = {"type": "web_search_result_location", "url": "https://a.example/", "title": "A", "cited_text": "…"}
    document = {"type": "char_location", "document_index": 0, "cited_text": "…"}
    unnamed = {"type": "web_search_result_location", "url": None, "title": "No URL"}

    [choice] = parse(
        {"type": "thinking", "thinking": "hm", "signature": "s"},
        text("Größe: "),
        text("12 km²") | {"citations": [page, document, unnamed, None]},
        text(".") | {"citations": None},
    ).body["choices"]

    assert choice["message"]["content"][7:13] == "12 km²"
    assert choice["message"]["annotations"] == [
        {
            "type": "url_citation",
            "url_citation": {"url": "https://a.example/", "title": "A", "start_index": 7, "end_index": 13},
        }
    ]


def test_no_usage_is_no_usage() -> None:
    completion = parse(text("Hi"))
    assert completion.usage is None
    assert "usage" not in completion.body


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", ProviderFailureError),
        (b"<html>", ProviderFailureError),
        (b"{", ProviderFailureError),
        (b"[]", ProviderFailureError),
        (b'{"type":"message"}', ProviderFailureError),
        (b'{"type":"error","error":{"type":"overloaded_error","message":"x"}}', ProviderFailureError),
        (b'{"type":"error","error":{"type":"invalid_request_error","message":"x"}}', ProviderRequestError),
        (b'{"type":"error","error":{"type":"billing_error","message":"x"}}', ProviderQuotaError),
    ],
)
def test_what_is_no_answer_is_an_error(body: bytes, error: Any) -> None:
    with pytest.raises(error):
        parse_completion(SPEC, body)
