import json
from typing import Any

import pytest

from ownkey.adapters.protocols.openai_chat import parse_completion
from ownkey.adapters.registry import REGISTRY
from ownkey.domain.chat import Completion, Usage
from ownkey.domain.errors import (
    ProviderFailureError,
    ProviderKeyRejectedError,
    ProviderRequestError,
    UpstreamError,
)
from tests.support.adapter_transport import completion

CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Oslo"}'}}
CUSTOM_CALL = {"id": "c", "type": "custom", "custom": {"name": "f", "input": "x"}}


def call_with(arguments: Any) -> dict[str, Any]:
    return {**CALL, "function": {"name": "f", "arguments": arguments}}


def parsed(body: Any, slug: str = "openai", **options: Any) -> Completion:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return parse_completion(REGISTRY[slug], text, **options)


def message_of(message: dict[str, Any], **choice: Any) -> dict[str, Any]:
    body = parsed(completion(message=message, choice=choice)).body
    found = body["choices"][0]["message"]
    assert isinstance(found, dict)
    return found


def test_a_plain_answer_comes_out_whole() -> None:
    answer = parsed(completion(service_tier="default"), dropped=("seed",))

    assert answer.body == {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1700000000,
        "model": "some-model-2026",
        "service_tier": "default",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Hello", "refusal": None},
                "finish_reason": "stop",
                "logprobs": None,
            }
        ],
        "usage": Usage(input_tokens=9, output_tokens=3).to_openai(),
    }
    assert answer.usage == Usage(input_tokens=9, output_tokens=3)
    assert answer.dropped == ("seed",)


@pytest.mark.parametrize("space", [b"", b"\n\n   \n", b" " * 5000])
def test_white_space_before_an_answer_is_no_part_of_it(space: bytes) -> None:
    assert parsed(space + json.dumps(completion()).encode()) == parsed(completion())


@pytest.mark.parametrize("usage", [None, {}, "absent", {"total_tokens": 3}])
def test_an_answer_without_usage_has_none(usage: Any) -> None:
    body = completion(usage=usage)
    if usage == "absent":
        del body["usage"]

    answer = parsed(body)

    assert answer.usage is None
    assert "usage" not in answer.body


def test_what_an_answer_lacks_is_filled_in() -> None:
    bare = {"choices": [{"message": {"content": "Hello"}}, {"message": {"content": "Hi"}}], "created": None}

    answer = parsed(bare, upstream_model="asked-for", now=lambda: 1234.5)

    assert answer.body["id"].startswith("chatcmpl-")
    assert answer.body["created"] == 1234
    assert answer.body["model"] == "asked-for"
    assert [choice["index"] for choice in answer.body["choices"]] == [0, 1]
    assert all(choice["finish_reason"] == "stop" for choice in answer.body["choices"])
    assert all(choice["logprobs"] is None for choice in answer.body["choices"])


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"reasoning": "Hm"}, {"reasoning_content": "Hm"}),
        ({"reasoning_content": "Hm"}, {"reasoning_content": "Hm"}),
        ({"reasoning_content": "Hm", "reasoning": "Hm"}, {"reasoning_content": "Hm"}),
        ({"reasoning_content": "", "reasoning": "Hm"}, {"reasoning_content": "Hm"}),
        ({"reasoning": None}, {}),
        ({"reasoning": {"odd": 1}}, {}),
        ({"reasoning_details": []}, {}),
        ({"reasoning_details": [{"type": "x"}]}, {"reasoning_details": [{"type": "x"}]}),
    ],
)
def test_reasoning_is_found_and_given_one_name(message: dict[str, Any], expected: dict[str, Any]) -> None:
    assert message_of(message) == {"role": "assistant", "content": "Hello", "refusal": None, **expected}


@pytest.mark.parametrize(
    ("content", "expected"),
    [("", None), (None, None), ("Wait.", "Wait."), ([{"type": "text", "text": "Wait."}], "Wait.")],
)
def test_an_answer_that_only_calls_tools_has_no_content(content: Any, expected: str | None) -> None:
    message = message_of({"content": content, "tool_calls": [CALL]}, finish_reason="tool_calls")

    assert message == {"role": "assistant", "content": expected, "refusal": None, "tool_calls": [CALL]}


def test_an_empty_text_stays_a_text_without_tool_calls() -> None:
    assert message_of({"content": "", "tool_calls": []}) == {"role": "assistant", "content": "", "refusal": None}


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ({**CALL, "index": 3}, CALL),
        ({**CALL, "type": None}, CALL),
        ({"id": "call_1", "function": CALL["function"]}, CALL),
        ({**CALL, "extra_content": {"google": 1}}, {**CALL, "extra_content": {"google": 1}}),
        (call_with(""), call_with("{}")),
        (call_with(None), call_with("{}")),
        (call_with({"a": 1}), call_with('{"a":1}')),
        (CUSTOM_CALL, CUSTOM_CALL),
    ],
)
def test_tool_calls_come_out_in_openais_shape(call: dict[str, Any], expected: dict[str, Any]) -> None:
    assert message_of({"content": None, "tool_calls": [call]})["tool_calls"] == [expected]


def test_what_is_no_tool_call_is_none() -> None:
    assert message_of({"content": None, "tool_calls": ["x", CALL, None]})["tool_calls"] == [CALL]


def test_a_tool_call_without_an_id_gets_one_of_its_own() -> None:
    calls = message_of({"content": None, "tool_calls": [{**CALL, "id": ""}, {**CALL, "id": None}]})["tool_calls"]

    assert calls[0]["id"].startswith("call_")
    assert calls[0]["id"] != calls[1]["id"]


@pytest.mark.parametrize("reported", ["stop", None, "tool_use"])
def test_a_finish_with_tool_calls_says_so(reported: str | None) -> None:
    body = completion(None, message={"tool_calls": [CALL]}, choice={"finish_reason": reported})

    assert parsed(body).body["choices"][0]["finish_reason"] == "tool_calls"


def test_the_rows_own_finish_reasons_are_known() -> None:
    body = completion(choice={"finish_reason": "sensitive"})

    assert parsed(body, "zai").body["choices"][0]["finish_reason"] == "content_filter"


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        (b"", ProviderFailureError, "empty answer"),
        (b" \n ", ProviderFailureError, "empty answer"),
        (b"<html>502</html>", ProviderFailureError, "web page"),
        (b"nonsense", ProviderFailureError, "not JSON"),
        (b'{"choices": [', ProviderFailureError, "not JSON"),
        (b"[" * 100_000, ProviderFailureError, "not JSON"),
        (b"\xff\xfe{}", ProviderFailureError, "not JSON"),
        ([completion()], ProviderFailureError, "not a JSON object"),
        ("text", ProviderFailureError, "not a JSON object"),
        ({}, ProviderFailureError, "without choices"),
        ({"choices": []}, ProviderFailureError, "without choices"),
        ({"choices": None}, ProviderFailureError, "without choices"),
        ({"choices": ["x"]}, ProviderFailureError, "without choices"),
        ({"error": {"code": 502, "message": "their words"}}, ProviderFailureError, "their words"),
        ({"error": {"code": 400, "message": "their words"}, "choices": []}, ProviderRequestError, "their words"),
        ({"error": {"code": 401, "message": "their words"}}, ProviderKeyRejectedError, "rejected"),
        ({"error": "their words"}, ProviderFailureError, "their words"),
        ({"code": 20012, "message": "their words", "data": None}, ProviderFailureError, "their words"),
        ({"detail": "their words"}, ProviderFailureError, "their words"),
        (completion(choice={"finish_reason": "error"}), ProviderFailureError, "broke off"),
        (
            completion(choice={"finish_reason": "error", "error": {"code": 429, "message": "their words"}}),
            UpstreamError,
            "their words",
        ),
    ],
)
def test_what_is_no_answer_is_an_error(body: Any, kind: type[UpstreamError], said: str) -> None:
    with pytest.raises(kind, match=said) as caught:
        parsed(body)

    assert "OpenAI" in caught.value.message
    assert caught.value.__cause__ is None


def test_an_error_field_that_is_null_is_none() -> None:
    assert parsed(completion(error=None)).usage is not None
