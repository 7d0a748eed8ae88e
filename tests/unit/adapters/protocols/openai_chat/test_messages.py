import json
from typing import Any

import pytest

from ownkey.adapters.protocols.openai_chat.messages import render_messages, with_schema_prompt
from ownkey.adapters.registry import REGISTRY
from ownkey.domain.errors import UnsupportedParameterError
from tests.support.adapter_transport import OPENAI_FAMILY

TEXT = {"type": "text", "text": "Look"}
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA", "detail": "low"}}
CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
ECHO: dict[str, Any] = {
    "role": "assistant",
    "content": None,
    "refusal": None,
    "annotations": [],
    "tool_calls": [CALL],
    "reasoning_content": "Hm",
    "reasoning_details": [{"type": "reasoning.encrypted", "data": "x"}],
}

every_row = pytest.mark.parametrize("slug", OPENAI_FAMILY)


def rendered(slug: str, *messages: Any) -> tuple[list[Any], list[str]]:
    dropped: list[str] = []
    before = json.dumps(messages)
    result = render_messages(REGISTRY[slug], list(messages), dropped)
    assert json.dumps(messages) == before
    return result, dropped


@every_row
def test_a_conversation_with_tools_and_images_travels(slug: str) -> None:
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [TEXT, IMAGE]},
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "call_1", "content": "sunny"},
    ]

    assert rendered(slug, *messages) == (messages, [])


@pytest.mark.parametrize(
    ("slug", "role"), [("openai", "developer"), ("openrouter", "developer"), ("azure", "system"), ("novita", "system")]
)
def test_the_developer_is_the_system_where_nobody_knows_developers(slug: str, role: str) -> None:
    assert rendered(slug, {"role": "developer", "content": "x"})[0] == [{"role": role, "content": "x"}]


KEPT: dict[str, dict[str, Any]] = {
    "openai": {"refusal": None, "annotations": []},
    "azure": {"refusal": None, "annotations": []},
    "openrouter": {
        "refusal": None,
        "annotations": [],
        "reasoning": "Hm",
        "reasoning_details": ECHO["reasoning_details"],
    },
    "vercel": {"refusal": None, "annotations": [], "reasoning": "Hm", "reasoning_details": ECHO["reasoning_details"]},
    "zai": {"reasoning_content": "Hm"},
    "cerebras": {"reasoning": "Hm"},
}


@every_row
def test_an_answer_of_ours_may_be_sent_back(slug: str) -> None:
    (message,), dropped = rendered(slug, ECHO)

    assert message == {"role": "assistant", "content": None, "tool_calls": [CALL], **KEPT.get(slug, {})}
    assert dropped == []


def test_names_that_the_provider_rejects_are_left_out_and_said() -> None:
    (message,), dropped = rendered("groq", {"role": "user", "name": "ann", "content": "x", "function_call": None})

    assert message == {"role": "user", "content": "x"}
    assert dropped == ["messages[].name"]
    assert rendered("groq", {"role": "user", "name": None, "content": "x"})[1] == []


@pytest.mark.parametrize("slug", ["sambanova", "deepinfra"])
@pytest.mark.parametrize("role", ["system", "user", "tool"])
def test_text_in_parts_becomes_one_string_where_parts_are_not_taken(slug: str, role: str) -> None:
    (message,), _ = rendered(slug, {"role": role, "content": [TEXT, {"type": "text", "text": "here"}]})

    assert message["content"] == "Look\nhere"


@pytest.mark.parametrize("slug", ["sambanova", "openai"])
def test_parts_with_an_image_stay_parts(slug: str) -> None:
    assert rendered(slug, {"role": "user", "content": [TEXT, IMAGE]})[0][0]["content"] == [TEXT, IMAGE]


@pytest.mark.parametrize("slug", ["azure", "deepinfra"])
def test_an_image_as_the_result_of_a_tool_is_refused_where_only_text_is_one(slug: str) -> None:
    tool = {"role": "tool", "tool_call_id": "call_1", "content": [TEXT, IMAGE]}

    with pytest.raises(UnsupportedParameterError, match="user message") as caught:
        rendered(slug, {"role": "user", "content": "x"}, tool)

    assert caught.value.param == "messages[1].content"


@every_row
def test_cache_marks_travel_only_where_they_are_known(slug: str) -> None:
    marked = {**TEXT, "cache_control": {"type": "ephemeral"}}

    (message,), dropped = rendered(slug, {"role": "user", "content": [marked, IMAGE]})

    expected = marked if slug in ("openrouter", "vercel") else TEXT
    assert message["content"] == [expected, IMAGE]
    assert dropped == []


@every_row
def test_marks_of_other_providers_travel_only_where_they_are_known(slug: str) -> None:
    marks = {"cache_control": {"type": "ephemeral"}, "extra_content": {"google": {"thought_signature": "c2ln"}}}
    call = {"role": "assistant", "content": None, "tool_calls": [{**CALL, **marks}]}
    result = {"role": "tool", "tool_call_id": "call_1", "content": "sunny"}

    messages, dropped = rendered(slug, {**call, **marks}, {**result, **marks})

    expected = marks if slug in ("openrouter", "vercel") else {}
    assert messages == [{**call, "tool_calls": [{**CALL, **expected}], **expected}, {**result, **expected}]
    assert dropped == []


@every_row
def test_what_some_hosts_add_to_their_answers_goes_back_only_to_aggregators(slug: str) -> None:
    answer = {"role": "assistant", "content": "Here", "images": [IMAGE], "channel": "final", "executed_tools": [1]}

    (message,), dropped = rendered(slug, answer)

    assert message == (answer if slug in ("openrouter", "vercel") else {"role": "assistant", "content": "Here"})
    assert dropped == []


def test_what_is_no_message_is_left_alone() -> None:
    odd: list[Any] = ["x", None, {"role": "user", "content": ["x", {"type": "text"}]}]

    assert rendered("sambanova", *odd)[0] == odd


def test_the_schema_is_asked_for_behind_the_leading_system_messages() -> None:
    system, user = {"role": "system", "content": "a"}, {"role": "user", "content": "b"}

    assert [m["role"] for m in with_schema_prompt([system, user, system], {})] == ["system", "system", "user", "system"]
    assert [m["role"] for m in with_schema_prompt([user], {})] == ["system", "user"]
    assert [m["role"] for m in with_schema_prompt([], {})] == ["system"]
