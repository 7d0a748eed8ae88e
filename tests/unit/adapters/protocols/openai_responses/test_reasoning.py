import json
from typing import Any

import pytest

from ownkey.adapters.protocols.openai_responses import parse_completion
from ownkey.adapters.registry import REGISTRY
from tests.support.responses_rendering import rendered_input

SLUG = "openai-responses"
USER = {"role": "user", "content": "Hi"}


def reasoning(number: int, **changes: Any) -> dict[str, Any]:
    sealed = f"sealed-{number}"
    return {"id": f"rs_{number}", "type": "reasoning", "summary": [], "encrypted_content": sealed, **changes}


def call(number: int) -> dict[str, Any]:
    return {"type": "function_call", "call_id": f"call_{number}", "name": "weather", "arguments": "{}"}


SAID = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hello"}]}
SEARCH = {"type": "web_search_call", "id": "ws_1", "status": "completed"}


def sent_back(*output: dict[str, Any], to: str = SLUG, **changes: Any) -> list[dict[str, Any]]:
    """What an answer becomes when a caller sends its message back."""
    response = {"id": "resp_1", "status": "completed", "output": list(output)}
    answer = parse_completion(REGISTRY[SLUG], json.dumps(response).encode())
    message = {**answer.body["choices"][0]["message"], **changes}
    return rendered_input(USER, message, slug=to)[1:]


def in_short(items: list[dict[str, Any]]) -> list[str]:
    return [item.get("encrypted_content") or item.get("call_id") or item["content"] for item in items]


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ([reasoning(1), SAID], ["sealed-1", "Hello"]),
        ([reasoning(1), call(1)], ["sealed-1", "call_1"]),
        ([reasoning(1), call(1), call(2)], ["sealed-1", "call_1", "call_2"]),
        ([reasoning(1), call(1), reasoning(2), call(2)], ["sealed-1", "call_1", "sealed-2", "call_2"]),
        ([reasoning(1), SAID, reasoning(2), call(1)], ["sealed-1", "Hello", "sealed-2", "call_1"]),
        ([reasoning(1), reasoning(2), SAID], ["sealed-1", "sealed-2", "Hello"]),
        ([SAID, reasoning(1), call(1)], ["Hello", "sealed-1", "call_1"]),
        # What cannot be sent back takes the reasoning that led to it along.
        ([reasoning(1), SEARCH, reasoning(2), SAID], ["sealed-2", "Hello"]),
        ([SAID, reasoning(1)], ["Hello"]),
        ([reasoning(1, encrypted_content=None), SAID], ["Hello"]),
    ],
)
def test_reasoning_goes_back_before_what_it_led_to(output: list[dict[str, Any]], expected: list[str]) -> None:
    assert in_short(sent_back(*output)) == expected


def test_reasoning_is_named_only_before_a_call() -> None:
    before_text, _, before_call, _ = sent_back(reasoning(1), SAID, reasoning(2), call(1))

    assert before_text == {"type": "reasoning", "summary": [], "encrypted_content": "sealed-1"}
    assert before_call == {"type": "reasoning", "id": "rs_2", "summary": [], "encrypted_content": "sealed-2"}


def test_no_field_of_reasoning_is_null_and_no_item_has_a_status() -> None:
    items = sent_back(reasoning(1, status="completed", content=None), {**call(1), "status": "completed", "id": "fc_1"})

    assert all(value is not None for item in items for value in item.values())
    assert not any("status" in item for item in items)


def test_a_caller_who_drops_reasoning_sends_none() -> None:
    assert in_short(sent_back(reasoning(1), call(1), reasoning_details=None)) == ["call_1"]


def test_a_caller_who_drops_what_reasoning_led_to_does_not_send_it() -> None:
    assert in_short(sent_back(reasoning(1), SAID, reasoning(2), call(1), content=None)) == ["sealed-2", "call_1"]


def test_another_provider_is_not_sent_what_it_cannot_read() -> None:
    assert in_short(sent_back(reasoning(1), call(1), to="azure-responses")) == ["call_1"]


@pytest.mark.parametrize(
    "detail",
    [
        {"type": "reasoning.encrypted", "format": "anthropic-claude-v1", "data": "sealed-1"},
        {"type": "reasoning.encrypted", "data": "sealed-1"},
        # An aggregator's: sealed for its own organisation.
        {"type": "reasoning.encrypted", "format": "openai-responses-v1", "data": "sealed-1", "id": "rs_1", "index": 0},
        {"type": "reasoning.encrypted", "format": "openai-responses-v1", "data": None},
        {"type": "reasoning.text", "format": "openai-responses-v1", "text": "Hm"},
        "sealed-1",
    ],
)
def test_details_of_others_are_passed_over(detail: Any) -> None:
    assert in_short(sent_back(SAID, reasoning_details=[detail])) == ["Hello"]


def test_details_that_do_not_say_what_they_precede_come_first() -> None:
    detail = {"type": "reasoning.encrypted", "format": "openai-responses-v1", "data": "sealed-1", "id": "rs_1"}
    detail["provider"] = "openai-responses"

    items = sent_back(call(1), call(2), reasoning_details=[detail])

    assert in_short(items) == ["sealed-1", "call_1", "call_2"]
    assert "id" not in items[0]
