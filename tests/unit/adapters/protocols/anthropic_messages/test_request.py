import base64
from typing import Any

import pytest

from ownkey.adapters.protocols.anthropic_messages import render_request
from ownkey.adapters.protocols.anthropic_messages.tools import ANSWER_TOOL
from ownkey.adapters.protocols.wire import Rendered
from ownkey.adapters.registry import REGISTRY
from ownkey.domain.chat import ChatRequest
from ownkey.domain.errors import InvalidParameterError, UnsupportedParameterError

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(16)).decode()
MARKER = {"type": "ephemeral"}
TOOL = {"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}}}
DECLARED = {"name": "f", "description": "d", "input_schema": {"type": "object", "properties": {}}}
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer", "minimum": 1}}, "required": ["a"]}
JSON_SCHEMA = {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}
NAMED = {"type": "function", "function": {"name": "f"}}
USER = {"role": "user", "content": "hi"}


def render(
    *, model: str = "claude-opus-4-6", provider: str = "anthropic", stream: bool = False, **fields: Any
) -> Rendered:
    body = {"model": model, "messages": [USER], **fields}
    request = ChatRequest(body=body, model=model, stream=stream)
    return render_request(REGISTRY[provider], request, upstream_model=model, credential_settings={})


def calling(**more: Any) -> dict[str, Any]:
    call = {"id": "call|1", "type": "function", "function": {"name": "f.x", "arguments": '{"a":1}'}}
    return {"role": "assistant", "content": None, "tool_calls": [call], **more}


RESULT = {"role": "tool", "tool_call_id": "call|1", "content": "done"}


def test_the_plainest_request() -> None:
    assert render() == Rendered(
        "/messages",
        {"model": "claude-opus-4-6", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 128_000},
    )


def test_foundry_takes_the_same_below_its_own_path_but_no_service_tier() -> None:
    rendered = render(provider="azure-anthropic-foundry", service_tier="default")
    assert rendered.url_path == "/anthropic/v1/messages"
    assert "service_tier" not in rendered.body
    assert rendered.dropped == ("service_tier",)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"max_tokens": 5}, {"max_tokens": 5}),
        ({"max_completion_tokens": 6, "max_tokens": 5}, {"max_tokens": 6}),
        ({"stop": "x"}, {"stop_sequences": ["x"]}),
        ({"stop": ["x", "y"]}, {"stop_sequences": ["x", "y"]}),
        ({"temperature": 1.7}, {"temperature": 1}),
        ({"temperature": 0}, {"temperature": 0}),
        ({"top_p": 0.5, "top_k": 3}, {"top_p": 0.5, "top_k": 3}),
        ({"user": "u-1"}, {"metadata": {"user_id": "u-1"}}),
        ({"safety_identifier": "s", "user": "u"}, {"metadata": {"user_id": "s"}}),
        ({"service_tier": "auto"}, {"service_tier": "auto"}),
        ({"service_tier": "default"}, {"service_tier": "standard_only"}),
        ({"n": 1, "logprobs": False, "seed": None, "response_format": {"type": "text"}, "tools": []}, {}),
    ],
)
def test_a_field_goes_out_in_anthropic_words(fields: dict[str, Any], expected: dict[str, Any]) -> None:
    rendered = render(**fields)
    assert rendered.body == render().body | expected
    assert rendered.dropped == ()


@pytest.mark.parametrize(
    ("fields", "dropped"),
    [
        ({"seed": 1, "logit_bias": {"1": 2}, "presence_penalty": 0.5}, ("logit_bias", "presence_penalty", "seed")),
        ({"frequency_penalty": 0, "store": False, "metadata": {}}, ()),
        ({"store": True, "metadata": {"a": "b"}, "unheard_of": 1}, ("metadata", "store", "unheard_of")),
        ({"service_tier": "flex"}, ("service_tier",)),
        ({"stop": ["\n", ""]}, ("stop",)),
        ({"user": "ada@example.org"}, ("user",)),
        ({"user": "+44 20 7946 0958"}, ("user",)),
        ({"messages": [{**USER, "name": "Ada"}]}, ("messages[].name",)),
    ],
)
def test_a_hint_that_anthropic_has_no_place_for_is_left_out_and_named(
    fields: dict[str, Any], dropped: tuple[str, ...]
) -> None:
    rendered = render(**fields)
    assert rendered.body == render().body
    assert rendered.dropped == dropped


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"n": 2}, "n"),
        ({"logprobs": True}, "logprobs"),
        ({"top_logprobs": 3}, "top_logprobs"),
        ({"modalities": ["text", "audio"]}, "modalities"),
        ({"audio": {"voice": "x"}}, "audio"),
        ({"tools": [{"type": "custom", "custom": {"name": "x"}}]}, "tools[0]"),
        (
            {"messages": [{"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "QUJD"}}]}]},
            "messages[0].content[0].input_audio",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_id": "file-1"}}]}]},
            "messages[0].content[0].file",
        ),
        (
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [{"type": "image_url", "image_url": {"url": "data:image/tiff;base64,QUJD"}}],
                    }
                ]
            },
            "messages[0].content[0].image_url",
        ),
        ({"tools": [{"type": "function", "function": {"name": "f" * 129}}]}, "tools[0].function.name"),
    ],
)
def test_what_would_change_the_answer_is_refused_by_name(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(UnsupportedParameterError) as raised:
        render(**fields)
    assert raised.value.param == param


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"reasoning_effort": "enormous"}, "reasoning_effort"),
        ({"reasoning_effort": 3}, "reasoning_effort"),
        ({"response_format": {"type": "json_schema"}}, "response_format"),
        ({"response_format": "json"}, "response_format"),
    ],
)
def test_a_malformed_field_is_refused_by_name(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidParameterError) as raised:
        render(**fields)
    assert raised.value.param == param


@pytest.mark.parametrize(
    ("model", "fields", "sent", "dropped"),
    [
        ("claude-opus-4-6", {"temperature": 0.5, "top_p": 0.5}, {"temperature": 0.5}, ("top_p",)),
        ("claude-opus-4-6", {"temperature": 0.5, "top_p": 1}, {"temperature": 0.5}, ()),
        ("claude-opus-4-7", {"temperature": 0.5, "top_p": 0.5, "top_k": 1}, {}, ("temperature", "top_p", "top_k")),
        ("claude-sonnet-5", {"temperature": 1}, {}, ()),
        ("claude-opus-4-6", {"temperature": 0.5, "top_k": 1, "reasoning_effort": "low"}, {}, ("temperature", "top_k")),
        ("claude-opus-4-6", {"top_p": 0.97, "reasoning_effort": "low"}, {"top_p": 0.97}, ()),
        ("claude-opus-4-6", {"top_p": 0.5, "reasoning_effort": "low"}, {}, ("top_p",)),
    ],
)
def test_sampling_goes_out_as_far_as_the_model_takes_it(
    model: str, fields: dict[str, Any], sent: dict[str, Any], dropped: tuple[str, ...]
) -> None:
    rendered = render(model=model, **fields)
    assert {name: rendered.body[name] for name in ("temperature", "top_p", "top_k") if name in rendered.body} == sent
    assert rendered.dropped == dropped


ADAPTIVE = {"type": "adaptive", "display": "summarized"}


@pytest.mark.parametrize(
    ("model", "effort", "thinking", "output_config"),
    [
        ("claude-opus-4-8", "minimal", ADAPTIVE, {"effort": "low"}),
        ("claude-opus-4-8", "high", ADAPTIVE, {"effort": "high"}),
        ("claude-opus-4-8", "xhigh", ADAPTIVE, {"effort": "xhigh"}),
        ("claude-opus-4-6", "xhigh", ADAPTIVE, {"effort": "max"}),
        ("claude-opus-4-6", "max", ADAPTIVE, {"effort": "max"}),
        ("claude-opus-5", "none", {"type": "disabled"}, None),
        ("claude-opus-4-8", "none", {"type": "disabled"}, None),
        ("claude-fable-5", "none", None, {"effort": "low"}),
        ("claude-haiku-4-5", "minimal", {"type": "enabled", "budget_tokens": 1024}, None),
        ("claude-haiku-4-5", "medium", {"type": "enabled", "budget_tokens": 2048}, None),
        ("claude-haiku-4-5", "max", {"type": "enabled", "budget_tokens": 16_384}, None),
        ("claude-haiku-4-5", "none", {"type": "disabled"}, None),
        ("claude-3-5-haiku", "none", None, None),
        ("claude-opus-5", None, None, None),
        ("some-deployment", "low", ADAPTIVE, {"effort": "low"}),
    ],
)
def test_effort_goes_out_in_the_dialect_of_the_model(
    model: str, effort: str | None, thinking: Any, output_config: Any
) -> None:
    rendered = render(model=model, reasoning_effort=effort)
    assert rendered.body.get("thinking") == thinking
    assert rendered.body.get("output_config") == output_config
    assert rendered.dropped == ()


def test_effort_may_be_asked_for_in_openrouters_words() -> None:
    rendered = render(model="claude-opus-4-8", reasoning={"effort": "high"})
    assert rendered == render(model="claude-opus-4-8", reasoning_effort="high")
    assert render(reasoning={"enabled": True}).dropped == ("reasoning",)


def test_effort_is_left_out_for_a_model_that_does_not_think() -> None:
    assert render(model="claude-3-5-haiku", reasoning_effort="high").dropped == ("reasoning_effort",)


def test_the_limit_is_raised_to_leave_the_caller_their_tokens_beside_the_thoughts() -> None:
    body = render(model="claude-haiku-4-5", reasoning_effort="high", max_tokens=1000).body
    assert body["max_tokens"] == 4096 + 1000
    assert render(model="claude-haiku-4-5", reasoning_effort="high", max_tokens=5000).body["max_tokens"] == 5000


@pytest.mark.parametrize(
    ("fields", "choice"),
    [
        ({}, None),
        ({"tool_choice": "auto"}, {"type": "auto"}),
        ({"tool_choice": "required"}, {"type": "any"}),
        ({"tool_choice": "none"}, {"type": "none"}),
        ({"tool_choice": NAMED}, {"type": "tool", "name": "f"}),
        ({"parallel_tool_calls": True}, None),
        ({"parallel_tool_calls": False}, {"type": "auto", "disable_parallel_tool_use": True}),
        (
            {"parallel_tool_calls": False, "tool_choice": "required"},
            {"type": "any", "disable_parallel_tool_use": True},
        ),
        ({"parallel_tool_calls": False, "tool_choice": "none"}, {"type": "none"}),
    ],
)
def test_tools_and_their_choice(fields: dict[str, Any], choice: Any) -> None:
    body = render(tools=[TOOL], **fields).body
    assert body["tools"] == [DECLARED]
    assert body.get("tool_choice") == choice


@pytest.mark.parametrize(
    ("model", "effort", "choice", "thinking", "dropped"),
    [
        ("claude-opus-4-8", "high", {"type": "any"}, None, ("reasoning_effort",)),
        ("claude-haiku-4-5", "high", {"type": "any"}, None, ("reasoning_effort",)),
        ("claude-sonnet-5", None, {"type": "any"}, {"type": "disabled"}, ()),
        ("claude-opus-5", "max", {"type": "any"}, {"type": "disabled"}, ("reasoning_effort",)),
        ("claude-fable-5", None, {"type": "auto"}, None, ("tool_choice",)),
        ("claude-fable-5-1", "high", {"type": "auto"}, ADAPTIVE, ("tool_choice",)),
    ],
)
def test_a_forced_tool_and_thinking_do_not_go_together(
    model: str, effort: str | None, choice: Any, thinking: Any, dropped: tuple[str, ...]
) -> None:
    rendered = render(model=model, reasoning_effort=effort, tools=[TOOL], tool_choice="required")
    assert rendered.body["tool_choice"] == choice
    assert rendered.body.get("thinking") == thinking
    assert rendered.dropped == dropped


def test_strict_tools_go_to_models_that_know_them() -> None:
    strict = {"type": "function", "function": {"name": "f", "strict": True, "parameters": SCHEMA}}
    [tool] = render(tools=[strict]).body["tools"]
    assert tool["strict"] is True
    assert tool["input_schema"]["additionalProperties"] is False
    older = render(model="claude-opus-4-0", tools=[strict])
    assert older.body["tools"] == [{"name": "f", "input_schema": SCHEMA}]
    assert older.dropped == ("tools[].function.strict",)


def test_calls_and_results_are_blocks_of_neighbouring_turns() -> None:
    body = render(messages=[USER, calling(content="so"), RESULT, {"role": "user", "content": "go"}]).body
    assert body["messages"][1:] == [
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "so"},
                {"type": "tool_use", "id": "call_1", "name": "f_x2E_x", "input": {"a": 1}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "call_1", "content": "done"},
                {"type": "text", "text": "go"},
            ],
        },
    ]
    assert [tool["name"] for tool in body["tools"]] == ["no_tool"]


def test_media_are_blocks() -> None:
    text = base64.b64encode("héllo".encode()).decode()
    content = [
        {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{PNG}", "detail": "high"}},
        {"type": "image_url", "image_url": {"url": "https://x.test/a.png"}, "cache_control": MARKER},
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,QUJD", "filename": "a.pdf"}},
        {"type": "file", "file": {"file_data": f"data:text/plain;base64,{text}"}},
        {"type": "file", "file": {"file_data": "https://x.test/a.pdf"}},
        {"type": "file", "file": {"file_data": f"data:image/png;base64,{PNG}"}},
    ]
    rendered = render(messages=[{"role": "user", "content": content}])
    png = {"type": "base64", "media_type": "image/png", "data": PNG}
    assert rendered.body["messages"][0]["content"] == [
        {"type": "image", "source": png},
        {"type": "image", "source": {"type": "url", "url": "https://x.test/a.png"}, "cache_control": MARKER},
        {
            "type": "document",
            "source": {"type": "base64", "media_type": "application/pdf", "data": "QUJD"},
            "title": "a.pdf",
        },
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "héllo"}},
        {"type": "document", "source": {"type": "url", "url": "https://x.test/a.pdf"}},
        {"type": "image", "source": png},
    ]
    assert rendered.dropped == ("messages[].content[].image_url.detail",)


THOUGHT = {"type": "reasoning.text", "text": "hm", "signature": "s", "format": "anthropic-claude-v1", "index": 0}
HIDDEN = {"type": "reasoning.encrypted", "data": "d", "format": "anthropic-claude-v1", "index": 1}


def test_thoughts_go_back_first_and_as_they_were() -> None:
    messages = [USER, calling(content="so", reasoning_content="hm", reasoning_details=[THOUGHT, HIDDEN]), RESULT]
    body = render(model="claude-haiku-4-5", reasoning_effort="low", messages=messages).body
    assert body["messages"][1]["content"][:2] == [
        {"type": "thinking", "thinking": "hm", "signature": "s"},
        {"type": "redacted_thinking", "data": "d"},
    ]
    assert body["thinking"] == {"type": "enabled", "budget_tokens": 1024}


@pytest.mark.parametrize(
    "foreign",
    [
        {**THOUGHT, "format": "google-gemini-v1"},
        {**THOUGHT, "provider": "aws"},
        {**THOUGHT, "signature": None},
        {"type": "reasoning.summary", "summary": "hm"},
    ],
)
def test_thoughts_that_are_not_claudes_stay_here(foreign: dict[str, Any]) -> None:
    message = {"role": "assistant", "content": "so", "reasoning_details": [foreign]}
    assert render(messages=[USER, message, USER]).body["messages"][1] == {"role": "assistant", "content": "so"}


@pytest.mark.parametrize(("model", "thinks"), [("claude-haiku-4-5", False), ("claude-opus-4-8", True)])
def test_a_call_whose_thoughts_are_lost_ends_thinking_where_the_model_would_mind(model: str, thinks: bool) -> None:
    rendered = render(model=model, reasoning_effort="low", messages=[USER, calling(reasoning_content="hm"), RESULT])
    assert ("thinking" in rendered.body) == thinks
    assert ("reasoning_effort" in rendered.dropped) == (not thinks)


def test_a_schema_for_the_answer_goes_out_as_far_as_it_is_understood() -> None:
    body = render(response_format=JSON_SCHEMA, reasoning_effort="low").body
    assert body["output_config"] == {
        "format": {
            "type": "json_schema",
            "schema": {
                "type": "object",
                "properties": {"a": {"type": "integer", "description": "(at least: 1)"}},
                "required": ["a"],
                "additionalProperties": False,
            },
        },
        "effort": "low",
    }


@pytest.mark.parametrize(
    ("fields", "names", "choice"),
    [
        ({}, [ANSWER_TOOL], {"type": "tool", "name": ANSWER_TOOL}),
        ({"tools": [TOOL]}, ["f", ANSWER_TOOL], {"type": "any"}),
        ({"tools": [TOOL], "tool_choice": "none"}, ["f", ANSWER_TOOL], {"type": "tool", "name": ANSWER_TOOL}),
        ({"tools": [TOOL], "tool_choice": NAMED}, ["f", ANSWER_TOOL], {"type": "tool", "name": "f"}),
        ({"messages": [USER, calling(), RESULT]}, [ANSWER_TOOL], {"type": "tool", "name": ANSWER_TOOL}),
    ],
)
def test_an_older_model_answers_in_a_schema_by_calling_a_tool(
    fields: dict[str, Any], names: list[str], choice: Any
) -> None:
    rendered = render(model="claude-sonnet-4-0", response_format=JSON_SCHEMA, reasoning_effort="low", **fields)
    assert [tool["name"] for tool in rendered.body["tools"]] == names
    assert rendered.body["tools"][-1]["input_schema"] == SCHEMA
    assert rendered.body["tool_choice"] == choice
    assert "thinking" not in rendered.body


def test_a_json_object_is_asked_for_in_words() -> None:
    messages = [{"role": "system", "content": "Be kind."}, USER]
    assert render(messages=messages, response_format={"type": "json_object"}).body["system"] == [
        {"type": "text", "text": "Be kind."},
        {"type": "text", "text": "Answer with one JSON object and nothing else."},
    ]


def test_only_the_last_four_cache_markers_stay() -> None:
    part = {"type": "text", "text": "a", "cache_control": MARKER}
    messages = [{"role": "system", "content": [part, part]}, {"role": "user", "content": [part, part, part]}]
    rendered = render(messages=messages, tools=[{**TOOL, "cache_control": MARKER}])
    assert rendered.body["tools"] == [DECLARED]
    assert [("cache_control" in block) for block in rendered.body["system"]] == [False, True]
    assert all(block["cache_control"] == MARKER for block in rendered.body["messages"][0]["content"])
    assert rendered.dropped == ("cache_control",)
    assert messages[0]["content"] == [part, part]


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("claude-opus-4-8", [("user", "hi"), ("system", "rule")]),
        (
            "claude-opus-4-7",
            [("user", [{"type": "text", "text": "hi"}, {"type": "text", "text": "<system>rule</system>"}])],
        ),
    ],
)
def test_a_later_system_message_stays_where_it_was(model: str, expected: list[Any]) -> None:
    body = render(model=model, messages=[USER, {"role": "system", "content": "rule"}]).body
    assert [(turn["role"], turn["content"]) for turn in body["messages"]] == expected
    assert "system" not in body


@pytest.mark.parametrize(
    ("model", "effort", "expected"),
    [
        ("claude-sonnet-4-5", None, [("assistant", "Once")]),
        ("claude-sonnet-4-5", "low", [("assistant", "Once "), ("user", "Continue.")]),
        ("claude-opus-4-6", None, [("assistant", "Once "), ("user", "Continue.")]),
    ],
)
def test_an_answer_that_was_begun_is_continued_as_the_model_allows(
    model: str, effort: str | None, expected: list[Any]
) -> None:
    messages = [USER, {"role": "assistant", "content": "Once "}]
    body = render(model=model, reasoning_effort=effort, messages=messages).body
    assert [(turn["role"], turn["content"]) for turn in body["messages"][1:]] == expected


def test_a_stream_is_asked_for_without_options() -> None:
    body = render(stream=True, stream_options={"include_usage": True}).body
    assert body["stream"] is True
    assert "stream_options" not in body
