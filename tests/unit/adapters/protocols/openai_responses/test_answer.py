import json
from typing import Any

import pytest

from ownkey.adapters.protocols.openai_responses import parse_completion
from ownkey.adapters.registry import REGISTRY
from ownkey.domain.chat import Completion, Usage
from ownkey.domain.errors import (
    ProviderFailureError,
    ProviderQuotaError,
    ProviderRateLimitedError,
    ProviderRequestError,
    ProviderTimeoutError,
    UpstreamError,
)

SPEC = REGISTRY["openai-responses"]
USAGE = {"input_tokens": 9, "output_tokens": 4, "total_tokens": 13}


def text(said: str, **changes: Any) -> dict[str, Any]:
    return {"type": "message", "content": [{"type": "output_text", "text": said, **changes}]}


def parse(*output: Any, **changes: Any) -> Completion:
    response = {"id": "resp_1", "created_at": 1700000000, "model": "m-1", "status": "completed", "output": list(output)}
    return parse_completion(SPEC, json.dumps({**response, "usage": USAGE, **changes}).encode(), now=lambda: 5.0)


def test_an_answer_is_a_chat_completion() -> None:
    completion = parse(text("Hello"), service_tier="default")

    assert completion.body == {
        "id": "resp_1",
        "object": "chat.completion",
        "created": 1700000000,
        "model": "m-1",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Hello", "refusal": None},
                "finish_reason": "stop",
                "logprobs": None,
            }
        ],
        "service_tier": "default",
        "usage": {
            "prompt_tokens": 9,
            "completion_tokens": 4,
            "total_tokens": 13,
            "prompt_tokens_details": {"cached_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0},
        },
    }
    assert completion.usage == Usage(input_tokens=9, output_tokens=4)


def test_an_answer_without_an_identity_gets_one() -> None:
    body = parse_completion(SPEC, b'{"output": []}', upstream_model="asked-for", now=lambda: 5.0).body

    assert body["id"].startswith("chatcmpl-")
    assert (body["created"], body["model"]) == (5, "asked-for")
    assert "usage" not in body


@pytest.mark.parametrize(
    ("details", "usage"),
    [
        ({}, Usage(input_tokens=9, output_tokens=4)),
        (
            {
                "input_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 2},
                "output_tokens_details": {"reasoning_tokens": 1},
            },
            Usage(input_tokens=9, output_tokens=4, cached_input_tokens=3, cache_write_tokens=2, reasoning_tokens=1),
        ),
        ({"input_tokens_details": None, "output_tokens_details": None}, Usage(input_tokens=9, output_tokens=4)),
    ],
)
def test_usage_is_read_in_full(details: dict[str, Any], usage: Usage) -> None:
    assert parse(text("Hello"), usage={**USAGE, **details}).usage == usage


def test_annotations_count_from_the_start_of_all_text() -> None:
    citation = {"type": "url_citation", "url": "https://example.com", "title": "E", "start_index": 1, "end_index": 3}
    cited_file = {"type": "file_citation", "file_id": "file-1", "filename": "a.txt", "index": 2}

    message = parse(text("Hello"), text("World", annotations=[citation, cited_file])).body["choices"][0]["message"]

    assert message["content"] == "HelloWorld"
    assert message["annotations"] == [
        {
            "type": "url_citation",
            "url_citation": {"url": "https://example.com", "title": "E", "start_index": 6, "end_index": 8},
        },
        {"type": "file_citation", "file_citation": {"file_id": "file-1", "filename": "a.txt", "index": 2}},
    ]


def test_log_probabilities_are_a_choices_own() -> None:
    entry = {"token": "Hi", "logprob": -0.5, "bytes": [72, 105], "top_logprobs": []}

    (choice,) = parse(text("Hi", logprobs=[entry])).body["choices"]

    assert choice["logprobs"] == {"content": [entry], "refusal": None}


def test_a_custom_tools_call_keeps_its_type() -> None:
    (choice,) = parse({"type": "custom_tool_call", "call_id": "c", "name": "shell", "input": "ls"}).body["choices"]

    assert choice["message"]["tool_calls"] == [
        {"id": "c", "type": "custom", "custom": {"name": "shell", "input": "ls"}}
    ]
    assert choice["finish_reason"] == "tool_calls"


def test_a_call_cut_short_says_so() -> None:
    call = {"type": "function_call", "call_id": "c", "name": "weather", "arguments": '{"ci'}

    (choice,) = parse(call, status="incomplete", incomplete_details={"reason": "max_output_tokens"}).body["choices"]

    assert choice["finish_reason"] == "length"
    assert choice["message"]["tool_calls"][0]["function"]["arguments"] == '{"ci'


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "an empty answer"),
        (b"<html>", "a web page"),
        (b"{", "not JSON"),
        (b"[]", "not a JSON object"),
        (b"{}", "without output"),
        (b'{"output": null}', "without output"),
        (b'{"status": "in_progress", "output": []}', "did not finish"),
        (b'{"status": "cancelled", "output": []}', "did not finish"),
    ],
)
def test_what_is_no_answer_is_a_failure(body: bytes, said: str) -> None:
    with pytest.raises(ProviderFailureError, match=said):
        parse_completion(SPEC, body)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("server_error", ProviderFailureError),
        ("something_new", ProviderFailureError),
        (None, ProviderFailureError),
        ("rate_limit_exceeded", ProviderRateLimitedError),
        ("insufficient_quota", ProviderQuotaError),
        ("vector_store_timeout", ProviderTimeoutError),
        ("invalid_prompt", ProviderRequestError),
        ("data_residency_mismatch", ProviderRequestError),
        ("bio_policy", ProviderRequestError),
        ("invalid_image", ProviderRequestError),
        ("invalid_image_format", ProviderRequestError),
        ("invalid_image_url", ProviderRequestError),
        ("image_too_large", ProviderRequestError),
        ("image_too_small", ProviderRequestError),
        ("image_parse_error", ProviderRequestError),
        ("image_content_policy_violation", ProviderRequestError),
        ("invalid_image_mode", ProviderRequestError),
        ("image_file_too_large", ProviderRequestError),
        ("unsupported_image_media_type", ProviderRequestError),
        ("empty_image_file", ProviderRequestError),
        ("failed_to_download_image", ProviderRequestError),
        ("image_file_not_found", ProviderRequestError),
        ("context_length_exceeded", ProviderRequestError),
    ],
)
def test_a_failed_answer_is_the_error_that_its_code_means(code: str | None, kind: type[UpstreamError]) -> None:
    with pytest.raises(kind, match="It broke") as caught:
        parse(status="failed", error={"code": code, "message": "It broke"})

    assert type(caught.value) is kind


def test_an_error_without_a_word_is_a_failure() -> None:
    with pytest.raises(ProviderFailureError):
        parse(status="failed", error=None)
