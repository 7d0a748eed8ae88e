from typing import Any

import pytest

from ownkey.domain.errors import InvalidParameterError, UnsupportedParameterError
from tests.support.responses_rendering import check_official, rendered_input

USER = {"role": "user", "content": "Hi"}
USER_ITEM = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]}
PDF = "data:application/pdf;base64,JVBERg=="
PNG = "data:image/png;base64,iVBORw0KGgo="


def call(call_id: str, name: str = "weather", arguments: Any = '{"city":"Oslo"}') -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def call_item(call_id: str, name: str = "weather", arguments: str = '{"city":"Oslo"}') -> dict[str, Any]:
    return {"type": "function_call", "call_id": call_id, "name": name, "arguments": arguments}


@pytest.mark.parametrize("role", ["system", "developer", "user"])
def test_roles_stay_where_they_are(role: str) -> None:
    assert rendered_input({"role": role, "content": "Be brief"}, USER) == [
        {"type": "message", "role": role, "content": [{"type": "input_text", "text": "Be brief"}]},
        USER_ITEM,
    ]


@pytest.mark.parametrize(
    ("part", "rendered"),
    [
        ({"type": "text", "text": "Hi"}, {"type": "input_text", "text": "Hi"}),
        (
            {"type": "text", "text": "Hi", "cache_control": {"type": "ephemeral"}},
            {"type": "input_text", "text": "Hi"},
        ),
        (
            {"type": "image_url", "image_url": {"url": "https://example.com/x.png"}},
            {"type": "input_image", "image_url": "https://example.com/x.png", "detail": "auto"},
        ),
        (
            {"type": "image_url", "image_url": {"url": PNG, "detail": "low"}},
            {"type": "input_image", "image_url": PNG, "detail": "low"},
        ),
        ({"type": "image_url", "image_url": PNG}, {"type": "input_image", "image_url": PNG, "detail": "auto"}),
        (
            {"type": "file", "file": {"file_data": PDF, "filename": "a.pdf"}},
            {"type": "input_file", "file_data": PDF, "filename": "a.pdf"},
        ),
        (
            {"type": "file", "file": {"file_data": PDF}},
            {"type": "input_file", "file_data": PDF, "filename": "document.pdf"},
        ),
        (
            {"type": "file", "file": {"file_data": "data:text/plain;base64,SGk="}},
            {"type": "input_file", "file_data": "data:text/plain;base64,SGk=", "filename": "document"},
        ),
        ({"type": "file", "file": {"file_id": "file-1"}}, {"type": "input_file", "file_id": "file-1"}),
        (
            {"type": "file", "file": {"file_data": "https://example.com/a.pdf", "filename": "a.pdf"}},
            {"type": "input_file", "file_url": "https://example.com/a.pdf"},
        ),
    ],
)
def test_what_a_user_sends_is_input(part: dict[str, Any], rendered: dict[str, Any]) -> None:
    items = rendered_input({"role": "user", "content": [part]})

    assert items == [{"type": "message", "role": "user", "content": [rendered]}]
    check_official({"model": "m", "input": items})


@pytest.mark.parametrize(
    ("content", "param"),
    [
        ([{"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}], "messages[0].content[0]"),
        ([{"type": "text", "text": "Hi"}, {"type": "video_url"}], "messages[0].content[1]"),
    ],
)
def test_parts_that_cannot_be_carried_are_refused_by_name(content: list[Any], param: str) -> None:
    with pytest.raises(UnsupportedParameterError) as caught:
        rendered_input({"role": "user", "content": content})

    assert caught.value.param == param


@pytest.mark.parametrize(
    ("message", "param"),
    [
        ({"role": "user", "content": ["Hi"]}, "messages[0].content[0]"),
        ({"role": "user", "content": [{"type": "text"}]}, "messages[0].content[0].text"),
        ({"role": "user", "content": [{"type": "image_url", "image_url": {}}]}, "messages[0].content[0].image_url"),
        ({"role": "user", "content": [{"type": "file", "file": {"filename": "x"}}]}, "messages[0].content[0].file"),
        ({"role": "user", "content": [{"type": "file", "file": {"file_id": 5}}]}, "messages[0].content[0].file"),
        ({"role": "tool", "content": "x"}, "messages[0].tool_call_id"),
        ({"role": "function", "content": "x", "name": "weather"}, "messages[0].tool_call_id"),
        ({"role": "assistant", "tool_calls": ["x"]}, "messages[0].tool_calls[0]"),
        ({"role": "assistant", "tool_calls": [{"id": "c", "type": "function"}]}, "messages[0].tool_calls[0]"),
        ({"role": "assistant", "tool_calls": [call("c") | {"id": None}]}, "messages[0].tool_calls[0]"),
    ],
)
def test_malformed_messages_are_refused_by_their_path(message: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidParameterError) as caught:
        rendered_input(message)

    assert caught.value.param == param


def test_parallel_calls_and_their_results_are_items_of_their_own() -> None:
    items = rendered_input(
        USER,
        {"role": "assistant", "content": "Let me see.", "tool_calls": [call("call_1"), call("call_2", "time", "")]},
        {"role": "tool", "tool_call_id": "call_1", "content": "Rain"},
        {"role": "tool", "tool_call_id": "call_2", "content": [{"type": "text", "text": "Noon"}]},
    )

    assert items == [
        USER_ITEM,
        {"type": "message", "role": "assistant", "content": "Let me see."},
        call_item("call_1"),
        call_item("call_2", "time", "{}"),
        {"type": "function_call_output", "call_id": "call_1", "output": "Rain"},
        {"type": "function_call_output", "call_id": "call_2", "output": "Noon"},
    ]
    check_official({"model": "m", "input": items})


def test_a_tool_may_answer_with_more_than_text() -> None:
    content = [{"type": "text", "text": "Here:"}, {"type": "image_url", "image_url": {"url": PNG}}]

    *_, output = items = rendered_input(
        USER,
        {"role": "assistant", "content": None, "tool_calls": [call("call_1")]},
        {"role": "tool", "tool_call_id": "call_1", "content": content},
    )

    assert output["output"] == [
        {"type": "input_text", "text": "Here:"},
        {"type": "input_image", "image_url": PNG, "detail": "auto"},
    ]
    check_official({"model": "m", "input": items})


@pytest.mark.parametrize(
    ("message", "content"),
    [
        ({"content": "Hello"}, "Hello"),
        ({"content": [{"type": "text", "text": "Hel"}, {"type": "text", "text": "lo"}]}, "Hello"),
        ({"content": None, "refusal": "No."}, [{"type": "refusal", "refusal": "No."}]),
        ({"content": [{"type": "refusal", "refusal": "No."}]}, [{"type": "refusal", "refusal": "No."}]),
        (
            {"content": "Hm.", "refusal": "No."},
            [{"type": "output_text", "text": "Hm.", "annotations": []}, {"type": "refusal", "refusal": "No."}],
        ),
    ],
)
def test_what_the_model_said_is_output(message: dict[str, Any], content: Any) -> None:
    *_, item = rendered_input(USER, {"role": "assistant", **message})

    assert item == {"type": "message", "role": "assistant", "content": content}


@pytest.mark.parametrize("content", [None, "", []])
def test_an_assistant_that_says_nothing_is_left_out(content: Any) -> None:
    assert rendered_input(USER, {"role": "assistant", "content": content}) == [USER_ITEM]


def test_the_phase_of_a_message_is_kept() -> None:
    *_, item = items = rendered_input(USER, {"role": "assistant", "content": "Wait.", "phase": "commentary"})

    assert item["phase"] == "commentary"
    check_official({"model": "m", "input": items})


def test_a_custom_tools_call_and_result_keep_their_type() -> None:
    custom = {"id": "call_1", "type": "custom", "custom": {"name": "shell", "input": "ls"}}
    items = rendered_input(
        USER,
        {"role": "assistant", "content": None, "tool_calls": [custom]},
        {"role": "tool", "tool_call_id": "call_1", "content": None},
    )

    assert items[1:] == [
        {"type": "custom_tool_call", "call_id": "call_1", "name": "shell", "input": "ls"},
        {"type": "custom_tool_call_output", "call_id": "call_1", "output": ""},
    ]
    check_official({"model": "m", "input": items})


def test_legacy_function_messages_are_a_call_and_its_result() -> None:
    items = rendered_input(
        USER,
        {"role": "assistant", "content": None, "function_call": {"name": "weather", "arguments": {"city": "Oslo"}}},
        {"role": "function", "name": "weather", "content": "Rain"},
    )

    called, output = items[1:]
    assert called == call_item(called["call_id"])
    assert output == {"type": "function_call_output", "call_id": called["call_id"], "output": "Rain"}
