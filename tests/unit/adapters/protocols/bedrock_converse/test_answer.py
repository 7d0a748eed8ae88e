from typing import Any

import pytest

from ownkey.adapters.protocols.bedrock_converse import parse_completion
from ownkey.domain.errors import ProviderFailureError
from tests.support.bedrock import SPEC, completion


def choice(*blocks: dict[str, Any], stop: str = "end_turn") -> dict[str, Any]:
    found = parse_completion(SPEC, completion(*blocks, stop=stop)).body["choices"][0]
    assert isinstance(found, dict)
    return found


def test_an_answer_is_openais() -> None:
    answer = parse_completion(
        SPEC,
        completion({"text": "Hel"}, {"text": "lo"}),
        upstream_model="m",
        dropped=("seed",),
        now=lambda: 1700000000.5,
    )

    assert answer.dropped == ("seed",)
    assert answer.body["id"].startswith("chatcmpl-")
    assert answer.body | {"id": ""} == {
        "id": "",
        "object": "chat.completion",
        "created": 1700000000,
        "model": "m",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Hello", "refusal": None},
                "finish_reason": "stop",
                "logprobs": None,
            }
        ],
        "usage": {
            "prompt_tokens": 9,
            "completion_tokens": 3,
            "total_tokens": 12,
            "prompt_tokens_details": {"cached_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0},
        },
    }


@pytest.mark.parametrize(
    ("stop", "reason"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("tool_use", "stop"),
        ("guardrail_intervened", "content_filter"),
        ("content_filtered", "content_filter"),
        ("malformed_model_output", "stop"),
        ("something_new", "stop"),
    ],
)
def test_stop_reasons_are_put_into_openais_words(stop: str, reason: str) -> None:
    assert choice({"text": "Hi"}, stop=stop)["finish_reason"] == reason


@pytest.mark.parametrize(
    ("stop", "reason"), [("tool_use", "tool_calls"), ("end_turn", "tool_calls"), ("max_tokens", "length")]
)
def test_calls_decide_the_finish_reason_unless_the_answer_was_cut(stop: str, reason: str) -> None:
    found = choice({"toolUse": {"toolUseId": "t", "name": "f", "input": {"a": "ü"}}}, stop=stop)

    assert found["finish_reason"] == reason
    assert found["message"]["content"] is None
    assert found["message"]["tool_calls"][0]["id"] == "t"


def test_cited_text_is_text_and_other_blocks_are_hidden() -> None:
    found = choice(
        {"text": "A "},
        {"citationsContent": {"content": [{"text": "cited"}, {"text": " fact"}], "citations": []}},
        {"image": {"format": "png", "source": {"bytes": b"x"}}},
        {"toolResult": {"toolUseId": "t", "content": [{"text": "hidden"}]}},
        {"guardContent": {"text": {"text": "hidden"}}},
    )

    assert found["message"]["content"] == "A cited fact"


def test_thoughts_without_a_signature_are_text_only() -> None:
    message = choice({"reasoningContent": {"reasoningText": {"text": "Hm"}}}, {"text": "Hi"})["message"]

    assert message["reasoning_content"] == "Hm"
    assert "reasoning_details" not in message


@pytest.mark.parametrize("answer", [{}, {"output": {}}, {"output": {"message": {}}}, b"[]", b"{", b"<html>"])
def test_what_is_no_answer_is_an_error(answer: Any) -> None:
    with pytest.raises(ProviderFailureError):
        parse_completion(SPEC, answer)


def test_a_malformed_answer_without_content_is_an_error() -> None:
    body = completion(stop="malformed_tool_use")
    body["output"]["message"]["content"] = []

    with pytest.raises(ProviderFailureError):
        parse_completion(SPEC, body)


def test_an_answer_without_usage_has_none() -> None:
    body = completion()
    del body["usage"]

    answer = parse_completion(SPEC, body)

    assert answer.usage is None
    assert "usage" not in answer.body
