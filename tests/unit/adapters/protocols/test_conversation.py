import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ownkey.adapters.protocols.conversation import (
    NO_RESULT,
    PLACEHOLDER,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
    Turn,
    normalise,
)
from ownkey.domain.errors import InvalidParameterError, UnsupportedParameterError


def call(call_id: str, name: str = "look_up", arguments: str = "{}") -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def calls(*call_ids: str) -> dict[str, Any]:
    return {"role": "assistant", "content": None, "tool_calls": [call(call_id) for call_id in call_ids]}


def result(call_id: str, content: str = "found") -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call_id, "content": content}


def user(text: str = "hi") -> dict[str, Any]:
    return {"role": "user", "content": text}


def outline(turns: list[Turn]) -> list[tuple[str, list[str]]]:
    """Roles and, of each part, its text or its call's id."""
    return [(turn.role, [_label(part) for part in turn.parts]) for turn in turns]


def _label(part: Any) -> str:
    match part:
        case TextPart(text=text):
            return text
        case ToolCallPart(id=call_id):
            return f"call {call_id}"
        case ToolResultPart(call_id=call_id):
            return f"result {call_id}: {part.text}"
        case ReasoningPart(text=text):
            return f"thought {text}"
    return type(part).__name__


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([user("a"), user("b")], [("user", ["a", "b"])]),
        ([user("  \n")], [("user", [PLACEHOLDER])]),
        ([], [("user", [PLACEHOLDER])]),
        ([{"role": "system", "content": "rule"}], [("user", [PLACEHOLDER])]),
        ([{"role": "assistant", "content": "x"}], [("user", [PLACEHOLDER]), ("assistant", ["x"])]),
        ([user(), {"role": "assistant", "content": ""}, user("b")], [("user", ["hi", "b"])]),
        (
            [user(), calls("A", "B"), user("now"), result("B"), result("A")],
            [
                ("user", ["hi"]),
                ("assistant", ["call A", "call B"]),
                ("user", ["result A: found", "result B: found", "now"]),
            ],
        ),
        (
            [user(), calls("A"), calls("B"), result("A"), result("B")],
            [("user", ["hi"]), ("assistant", ["call A", "call B"]), ("user", ["result A: found", "result B: found"])],
        ),
        (
            [user(), calls("A"), user("never mind")],
            [("user", ["hi"]), ("assistant", ["call A"]), ("user", [f"result A: {NO_RESULT}", "never mind"])],
        ),
        (
            [user(), calls("A")],
            [("user", ["hi"]), ("assistant", ["call A"]), ("user", [f"result A: {NO_RESULT}"])],
        ),
        ([user(), result("Z", "stray")], [("user", ["hi", "Tool result: stray"])]),
        (
            [user(), calls("A"), result("A"), calls("A"), result("A", "again")],
            [
                ("user", ["hi"]),
                ("assistant", ["call A"]),
                ("user", ["result A: found"]),
                ("assistant", ["call 2_A"]),
                ("user", ["result 2_A: again"]),
            ],
        ),
        (
            [user(), calls("A"), result("A"), result("A", "twice")],
            [("user", ["hi"]), ("assistant", ["call A"]), ("user", ["result A: found", "Tool result: twice"])],
        ),
        (
            [
                user(),
                {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
                {"role": "function", "name": "f", "content": "old"},
            ],
            [("user", ["hi"]), ("assistant", ["call call"]), ("user", ["result call: old"])],
        ),
        (
            [
                user(),
                {
                    "role": "assistant",
                    "content": "text",
                    "reasoning_content": "why",
                    "tool_calls": [call("A")],
                },
                result("A"),
            ],
            [("user", ["hi"]), ("assistant", ["thought why", "text", "call A"]), ("user", ["result A: found"])],
        ),
        ([user(), {"role": "assistant", "refusal": "no"}], [("user", ["hi"]), ("assistant", ["no"])]),
    ],
)
def test_messages_come_in_strict_turns(messages: list[Any], expected: list[Any]) -> None:
    assert outline(normalise(messages).turns) == expected


@pytest.mark.parametrize(
    ("policy", "system", "turns"),
    [
        ("user", ["a", "b"], [("user", ["hi", "<system>c</system>"])]),
        ("hoist", ["a", "b", "c"], [("user", ["hi"])]),
        ("keep", ["a", "b"], [("user", ["hi"]), ("system", ["c"])]),
    ],
)
def test_system_messages_that_do_not_lead_go_where_the_format_takes_them(
    policy: Any, system: list[str], turns: list[Any]
) -> None:
    messages = [
        {"role": "system", "content": "a"},
        {"role": "developer", "content": [{"type": "text", "text": "b"}, {"type": "text", "text": " "}]},
        user(),
        {"role": "system", "content": "c"},
    ]
    conversation = normalise(messages, later_system=policy)
    assert [part.text for part in conversation.system] == system
    assert outline(conversation.turns) == turns


def test_a_kept_system_turn_does_not_part_a_call_from_its_result() -> None:
    messages = [user(), calls("A"), {"role": "system", "content": "c"}, result("A")]
    assert outline(normalise(messages, later_system="keep").turns) == [
        ("user", ["hi"]),
        ("assistant", ["call A"]),
        ("user", ["result A: found"]),
        ("system", ["c"]),
    ]


def test_ids_that_a_provider_cannot_take_are_made_and_stay_apart() -> None:
    turns = normalise([user(), calls("a|b", "a.b"), result("a.b", "2"), result("a|b", "1")], call_id=_plain).turns
    assert outline(turns)[1:] == [
        ("assistant", ["call a_b", "call 2_a_b"]),
        ("user", ["result a_b: 1", "result 2_a_b: 2"]),
    ]


def _plain(call_id: str) -> str:
    return "".join(character if character.isalnum() else "_" for character in call_id)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ('{"a": 1}', {"a": 1}),
        ("", {}),
        (None, {}),
        ({"a": 1}, {"a": 1}),
        ("[1]", {"_raw": "[1]"}),
        ('{"a":', {"_raw": '{"a":'}),
        ('{"a": NaN}', {"_raw": '{"a": NaN}'}),
    ],
)
def test_arguments_become_an_object_whatever_they_are(arguments: Any, expected: Any) -> None:
    message = {"role": "assistant", "tool_calls": [{"id": "A", "function": {"name": "f", "arguments": arguments}}]}
    [part] = normalise([user(), message]).turns[1].parts
    assert isinstance(part, ToolCallPart)
    assert part.arguments == expected


def test_what_a_call_carries_besides_is_kept() -> None:
    message = {"role": "assistant", "tool_calls": [{**call("A"), "extra_content": {"google": {"x": 1}}}]}
    [part] = normalise([user(), message]).turns[1].parts
    assert isinstance(part, ToolCallPart)
    assert part.extras == {"extra_content": {"google": {"x": 1}}}


def test_cache_markers_stay_with_their_parts() -> None:
    marker = {"type": "ephemeral"}
    messages = [
        {"role": "system", "content": [{"type": "text", "text": "a", "cache_control": marker}]},
        {"role": "user", "content": "b", "cache_control": marker},
        calls("A"),
        {**result("A"), "cache_control": marker},
    ]
    conversation = normalise(messages)
    assert conversation.system[0].cache_control == marker
    parts = [conversation.turns[0].parts[0], conversation.turns[2].parts[0]]
    assert [part.cache_control for part in parts if isinstance(part, TextPart | ToolResultPart)] == [marker, marker]


def test_names_of_people_are_reported_as_left_out() -> None:
    assert normalise([{**user(), "name": "Ada"}, {**user(), "name": "Bob"}]).dropped == ("messages[].name",)


@pytest.mark.parametrize(
    ("message", "error", "param"),
    [
        ("hi", InvalidParameterError, "messages[0]"),
        ({"role": "robot"}, InvalidParameterError, "messages[0].role"),
        ({"role": "user", "content": 7}, InvalidParameterError, "messages[0].content"),
        ({"role": "assistant", "tool_calls": [{"id": "A"}]}, InvalidParameterError, "messages[0].tool_calls[0]"),
        (
            {"role": "user", "content": [{"type": "video_url"}]},
            UnsupportedParameterError,
            "messages[0].content[0]",
        ),
        (
            {"role": "system", "content": [{"type": "image_url", "image_url": {"url": "https://x.test/a.png"}}]},
            UnsupportedParameterError,
            "messages[0].content[0].image_url",
        ),
    ],
)
def test_a_message_that_cannot_be_carried_is_refused_by_its_path(
    message: Any, error: type[InvalidParameterError], param: str
) -> None:
    with pytest.raises(error) as raised:
        normalise([message])
    assert raised.value.param == param


_TEXTS = st.sampled_from(["", " ", "a", "b"])
_IDS = st.sampled_from(["A", "B", "C", ""])
_MESSAGES = st.one_of(
    st.builds(lambda role, text: {"role": role, "content": text}, st.sampled_from(["user", "system"]), _TEXTS),
    st.builds(
        lambda text, ids: {"role": "assistant", "content": text, "tool_calls": [call(call_id) for call_id in ids]},
        _TEXTS,
        st.lists(_IDS, max_size=3),
    ),
    st.builds(result, _IDS, _TEXTS),
)


@given(st.lists(_MESSAGES, max_size=12), st.sampled_from(["user", "hoist", "keep"]))
def test_whatever_comes_in_the_turns_that_go_out_are_strict(messages: list[Any], policy: Any) -> None:
    turns = normalise(messages, later_system=policy).turns
    assert turns[0].role == "user"
    assert all(turn.parts for turn in turns)
    assert all(before.role != after.role for before, after in pairwise(turns))
    seen: set[str] = set()
    open_calls: list[str] = []
    for turn in turns:
        answered = [part.call_id for part in turn.parts if isinstance(part, ToolResultPart)]
        assert answered == open_calls
        assert all(isinstance(part, ToolResultPart) for part in turn.parts[: len(answered)])
        open_calls = [part.id for part in turn.parts if isinstance(part, ToolCallPart)]
        assert len(seen | set(open_calls)) == len(seen) + len(open_calls)
        seen |= set(open_calls)
    assert open_calls == []


@given(st.lists(_MESSAGES, max_size=8))
def test_messages_are_left_as_they_were(messages: list[Any]) -> None:
    before = json.dumps(messages)
    first = normalise(messages)
    assert json.dumps(messages) == before
    assert normalise(messages) == first
