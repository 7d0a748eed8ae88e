import json
from typing import Any

import pytest

from ownkey.adapters.protocols.google_generate_content import parse_completion
from ownkey.adapters.registry import REGISTRY
from ownkey.domain.chat import Usage
from ownkey.domain.errors import ProviderFailureError, ProviderKeyRejectedError, ProviderRequestError, UpstreamError

SPEC = REGISTRY["google"]


def parsed(parts: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    candidate = {"content": {"parts": parts, "role": "model"}, "finishReason": "STOP"}
    body = {"candidates": [candidate], **more}
    return parse_completion(SPEC, json.dumps(body).encode(), upstream_model="gemini-x", now=lambda: 7.9).body


def test_an_answer_without_names_gets_them() -> None:
    body = parsed([{"text": "Hi"}])

    assert body["id"].startswith("chatcmpl-")
    assert (body["model"], body["object"], body["created"]) == ("gemini-x", "chat.completion", 7)
    assert "usage" not in body


def test_a_message_has_all_fields_of_openais() -> None:
    body = parsed([{"text": "Hm", "thought": True}, {"text": "Hel"}, {"text": "lo", "thoughtSignature": "c2ln"}])

    (choice,) = body["choices"]
    assert choice == {
        "index": 0,
        "message": {
            "role": "assistant",
            "content": "Hello",
            "refusal": None,
            "reasoning_content": "Hm",
            "reasoning_details": [
                {"type": "reasoning.encrypted", "data": "c2ln", "format": "google-gemini-v1", "index": 0}
            ],
        },
        "finish_reason": "stop",
        "logprobs": None,
    }


def test_content_is_null_beside_calls_alone() -> None:
    message = parsed([{"functionCall": {"name": "f", "args": {"x": 1}}}])["choices"][0]["message"]

    assert message["content"] is None
    assert message["tool_calls"][0]["function"] == {"name": "f", "arguments": '{"x":1}'}


def test_a_called_tool_has_the_name_that_the_caller_gave_it() -> None:
    message = parsed([{"functionCall": {"name": "files_x2F_read"}}])["choices"][0]["message"]

    assert message["tool_calls"][0]["function"] == {"name": "files/read", "arguments": "{}"}


def test_images_come_as_data_uris() -> None:
    message = parsed([{"text": "Here"}, {"inlineData": {"mimeType": "image/png", "data": "aGk="}}])["choices"][0][
        "message"
    ]

    assert message["images"] == [{"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}, "index": 0}]


def test_usage_and_dropped_fields_are_told() -> None:
    counts = {"promptTokenCount": 3, "candidatesTokenCount": 2, "thoughtsTokenCount": 5, "totalTokenCount": 10}
    body = {"candidates": [{"content": {"parts": [{"text": "Hi"}]}}], "usageMetadata": counts}

    completion = parse_completion(SPEC, json.dumps(body).encode(), dropped=("user",))

    assert completion.usage == Usage(input_tokens=3, output_tokens=7, reasoning_tokens=5)
    assert completion.body["usage"]["total_tokens"] == 10
    assert completion.dropped == ("user",)


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        (b"", ProviderFailureError, "empty"),
        (b"  ", ProviderFailureError, "empty"),
        (b"{}", ProviderFailureError, "empty"),
        (b"[]", ProviderFailureError, "empty"),
        (b'{"candidates": []}', ProviderFailureError, "empty"),
        (b"<html>", ProviderFailureError, "web page"),
        (b"{", ProviderFailureError, "not JSON"),
        (b'"hello"', ProviderFailureError, "not a JSON object"),
        (b'{"candidates": [{"finishReason": "MALFORMED_RESPONSE"}]}', ProviderFailureError, "MALFORMED_RESPONSE"),
        (b'[{"error": {"code": 400, "message": "no such field"}}]', ProviderRequestError, "no such field"),
        (
            b'{"error": {"code": 400, "details": [{"reason": "API_KEY_INVALID"}]}}',
            ProviderKeyRejectedError,
            "rejected your API key",
        ),
    ],
)
def test_what_is_no_answer_is_an_error(body: bytes, kind: type[UpstreamError], said: str) -> None:
    with pytest.raises(kind, match=said):
        parse_completion(SPEC, body)
