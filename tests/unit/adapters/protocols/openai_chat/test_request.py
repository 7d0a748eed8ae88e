import copy
from typing import Any

import pytest

from ownkey.adapters.protocols.openai_chat import Rendered, render_request
from ownkey.adapters.registry import REGISTRY
from ownkey.domain.errors import UnsupportedParameterError
from tests.support.adapter_transport import OPENAI_FAMILY, chat_request

TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
OTHER_TOOL = {"type": "function", "function": {"name": "time"}}
FORCED = {"type": "function", "function": {"name": "weather"}}
JSON_SCHEMA = {"type": "json_schema", "json_schema": {"name": "person", "schema": {"type": "object"}, "strict": True}}
AZURE = {"endpoint": "https://x.openai.azure.com", "deploymentName": "d", "apiVersion": "2024-10-21"}

every_row = pytest.mark.parametrize("slug", OPENAI_FAMILY)


def render(slug: str, *, model: str = "some-model", stream: bool = False, **fields: Any) -> Rendered:
    request = chat_request(stream, **fields)
    before = copy.deepcopy(request.body)

    rendered = render_request(
        REGISTRY[slug], request, upstream_model=model, credential_settings=AZURE if slug == "azure" else {}
    )

    assert request.body == before
    return rendered


def refusal(slug: str, **fields: Any) -> UnsupportedParameterError:
    with pytest.raises(UnsupportedParameterError) as caught:
        render(slug, **fields)
    return caught.value


@every_row
def test_a_plain_request_travels_as_it_is(slug: str) -> None:
    rendered = render(slug, temperature=0.5, max_tokens=10, top_p=0.5, tools=[TOOL], tool_choice="auto")

    assert rendered.body == {
        "model": "d" if slug == "azure" else "some-model",
        "messages": [{"role": "user", "content": "Say hello"}],
        "temperature": 0.5,
        "max_tokens": 10,
        "top_p": 0.5,
        "tools": [TOOL],
        "tool_choice": "auto",
    }
    assert rendered.dropped == ()


@every_row
def test_the_model_is_the_providers_own(slug: str) -> None:
    expected = "d" if slug == "azure" else "vendor/model-1"

    assert render(slug, model="vendor/model-1").body["model"] == expected


@every_row
def test_a_field_that_nobody_knows_travels_unless_the_provider_has_a_list(slug: str) -> None:
    rendered = render(slug, top_k=40, vendor_extra={"a": [1]})

    if REGISTRY[slug].parameters.allowed is None:
        assert rendered.body["vendor_extra"] == {"a": [1]}
        assert rendered.dropped == ()
    else:
        assert "vendor_extra" not in rendered.body
        assert rendered.dropped == ("top_k", "vendor_extra")


@every_row
def test_usage_is_asked_for_in_streams_where_it_must_be(slug: str) -> None:
    asks = REGISTRY[slug].stream_usage == "on_request"

    plain = render(slug, stream=True).body
    with_options = render(slug, stream=True, stream_options={"include_obfuscation": False}).body

    assert plain["stream"] is True
    assert plain.get("stream_options") == ({"include_usage": True} if asks else None)
    assert with_options["stream_options"] == {"include_obfuscation": False, **({"include_usage": True} if asks else {})}
    assert "stream_options" not in render(slug, stream_options={"include_usage": True}).body


@every_row
def test_a_refused_parameter_is_named_and_has_advice(slug: str) -> None:
    rules = REGISTRY[slug].parameters
    values: dict[str, Any] = {"logprobs": True, "top_logprobs": 3}
    for name in sorted(rules.refused):
        error = refusal(slug, **{name: values[name]})
        assert error.param == name
        assert REGISTRY[slug].name in error.message
        assert error.message.endswith(".")


@every_row
def test_a_dropped_parameter_is_left_out_and_named(slug: str) -> None:
    values: dict[str, Any] = {"logit_bias": {"1": 2}, "metadata": {"a": "b"}, "store": True, "seed": 0}
    for name in REGISTRY[slug].parameters.dropped:
        rendered = render(slug, **{name: values.get(name, 0.5)})

        assert name not in rendered.body
        assert rendered.dropped == (name,)


@pytest.mark.parametrize(
    ("slug", "name", "value"),
    [
        ("groq", "logprobs", False),
        ("groq", "logprobs", None),
        ("groq", "presence_penalty", 0),
        ("groq", "logit_bias", {}),
        ("groq", "logit_bias", None),
        ("groq", "store", False),
        ("groq", "n", 1),
        ("groq", "n", None),
        ("meganova", "response_format", {"type": "text"}),
        ("meganova", "stop", None),
        ("meganova", "n", 1),
        ("meganova", "parallel_tool_calls", True),
        ("nvidia", "service_tier", "auto"),
        ("nvidia", "modalities", ["text"]),
        ("zai", "presence_penalty", 0.0),
    ],
)
def test_what_asks_for_nothing_goes_silently(slug: str, name: str, value: Any) -> None:
    rendered = render(slug, **{name: value})

    assert name not in rendered.body
    assert rendered.dropped == ()


@pytest.mark.parametrize("slug", ["groq", "sambanova", "zai", "deepinfra", "nvidia", "meganova"])
def test_more_choices_than_the_provider_gives_are_refused(slug: str) -> None:
    assert refusal(slug, n=2).param == "n"


@pytest.mark.parametrize("slug", ["openai", "azure", "openrouter", "vercel", "novita", "siliconflow", "cerebras"])
def test_several_choices_travel_elsewhere(slug: str) -> None:
    assert render(slug, n=2).body["n"] == 2


@pytest.mark.parametrize(
    ("slug", "fields", "param"),
    [
        ("meganova", {"response_format": {"type": "json_object"}}, "response_format"),
        ("meganova", {"response_format": JSON_SCHEMA}, "response_format"),
        ("meganova", {"stop": ["x"]}, "stop"),
        ("meganova", {"logprobs": True}, "logprobs"),
        ("meganova", {"functions": [{"name": "f"}]}, "functions"),
        ("nvidia", {"logprobs": True}, "logprobs"),
        ("nvidia", {"modalities": ["text", "audio"]}, "modalities"),
        ("deepinfra", {"tools": [TOOL], "tool_choice": "required"}, "tool_choice"),
        ("deepinfra", {"tools": [TOOL], "tool_choice": FORCED}, "tool_choice"),
        ("zai", {"tools": [TOOL], "tool_choice": "required"}, "tool_choice"),
        ("openai", {"model": "o3", "stop": ["x"]}, "stop"),
        ("openai", {"model": "gpt-5-mini", "logprobs": True}, "logprobs"),
    ],
)
def test_what_would_change_the_answer_is_refused_by_name(slug: str, fields: dict[str, Any], param: str) -> None:
    assert refusal(slug, **fields).param == param


@pytest.mark.parametrize(
    ("slug", "fields", "expected"),
    [
        ("zai", {"user": "u1"}, {"user_id": "u1"}),
        ("zai", {"user": "u1", "user_id": "mine"}, {"user_id": "mine"}),
        ("novita", {"max_completion_tokens": 7}, {"max_tokens": 7}),
        ("novita", {"max_completion_tokens": 7, "max_tokens": 9}, {"max_tokens": 9}),
        ("novita", {"max_completion_tokens": 7, "max_tokens": None}, {"max_tokens": 7}),
        ("novita", {"max_completion_tokens": None}, {}),
        ("openrouter", {"max_completion_tokens": 7}, {"max_completion_tokens": 7}),
    ],
)
def test_fields_go_out_under_the_providers_names(slug: str, fields: dict[str, Any], expected: dict[str, Any]) -> None:
    body = render(slug, **fields).body

    names = {"user", "user_id", "max_tokens", "max_completion_tokens"}
    assert {name: value for name, value in body.items() if name in names and value is not None} == expected


@pytest.mark.parametrize(
    ("slug", "fields", "expected"),
    [
        ("zai", {"temperature": 1.5}, {"temperature": 0.99}),
        ("zai", {"temperature": 0.5}, {"temperature": 0.5}),
        ("zai", {"temperature": 0.001}, {"temperature": 0.01}),
        ("zai", {"temperature": 0}, {"do_sample": False}),
        ("zai", {"temperature": 0.0, "do_sample": True}, {"do_sample": True}),
        ("zai", {"top_p": 1}, {"top_p": 0.99}),
        ("groq", {"temperature": 0}, {"temperature": 1e-8}),
        ("groq", {"temperature": 3}, {"temperature": 2}),
        ("groq", {"temperature": "warm"}, {"temperature": "warm"}),
        ("cerebras", {"temperature": 2}, {"temperature": 1.5}),
        ("openai", {"temperature": 0}, {"temperature": 0}),
    ],
)
def test_numbers_go_out_as_the_provider_takes_them(slug: str, fields: dict[str, Any], expected: dict[str, Any]) -> None:
    body = render(slug, **fields).body

    assert {name: body[name] for name in ("temperature", "top_p", "do_sample") if name in body} == expected


SAMPLING: dict[str, Any] = {
    "temperature": 0.5,
    "top_p": 0.5,
    "presence_penalty": 1,
    "frequency_penalty": 1,
    "logit_bias": {"1": 1},
}


@pytest.mark.parametrize("slug", ["openai", "azure"])
@pytest.mark.parametrize(
    "model", ["o1", "o3", "o4-mini", "gpt-5", "gpt-5-mini-2025-08-07", "gpt-5.4", "gpt-6", "gpt-10"]
)
def test_models_that_reason_get_what_they_take(slug: str, model: str) -> None:
    rendered = render(slug, model=model, max_tokens=10, **SAMPLING)

    assert rendered.body["max_completion_tokens"] == 10
    assert not {"max_tokens", *SAMPLING} & rendered.body.keys()
    assert set(rendered.dropped) == set(SAMPLING)


@pytest.mark.parametrize(
    "model", ["gpt-4o", "gpt-4.1-mini", "gpt-3.5-turbo", "gpt-35-turbo", "gpt-5-chat-latest", "chatgpt-4o"]
)
def test_models_that_only_chat_get_everything(model: str) -> None:
    rendered = render("openai", model=model, max_tokens=10, logprobs=True, **SAMPLING)

    assert rendered.body.items() >= {"max_tokens": 10, "logprobs": True, **SAMPLING}.items()
    assert rendered.dropped == ()


def test_azures_gpt_5_chat_wants_the_new_name_of_the_token_limit() -> None:
    assert (
        render("azure", model="gpt-5-chat", max_tokens=10, temperature=0.5).body.items()
        >= {
            "max_completion_tokens": 10,
            "temperature": 0.5,
        }.items()
    )


def test_without_reasoning_newer_models_take_sampling_again() -> None:
    rendered = render("openai", model="gpt-5.4", reasoning_effort="none", logprobs=True, temperature=0.5)

    assert rendered.body.items() >= {"temperature": 0.5, "logprobs": True, "reasoning_effort": "none"}.items()
    assert render("openai", model="gpt-5", reasoning_effort="none", temperature=0.5).dropped == ("temperature",)


def test_a_deployment_named_like_a_model_is_one() -> None:
    rendered = render_request(
        REGISTRY["azure"],
        chat_request(max_tokens=10),
        upstream_model="production",
        credential_settings={**AZURE, "deploymentName": "gpt-5-mini"},
    )

    assert rendered.url_path == "/openai/deployments/gpt-5-mini/chat/completions?api-version=2024-10-21"
    assert rendered.body["model"] == "gpt-5-mini"
    assert rendered.body["max_completion_tokens"] == 10


@pytest.mark.parametrize(
    ("slug", "model", "effort", "expected"),
    [
        ("openai", "gpt-5.4", "xhigh", {"reasoning_effort": "xhigh"}),
        ("vercel", "m", "low", {"reasoning": {"effort": "low"}}),
        ("akash", "m", "none", {"reasoning": {"effort": "none"}}),
        ("zai", "glm-4.6", "none", {"thinking": {"type": "disabled"}}),
        ("zai", "glm-4.6", "high", {"thinking": {"type": "enabled"}}),
        ("zai", "glm-5.2", "high", {"thinking": {"type": "enabled"}, "reasoning_effort": "high"}),
        ("zai", "GLM-5.2-fp8", "xhigh", {"thinking": {"type": "enabled"}, "reasoning_effort": "max"}),
        ("groq", "openai/gpt-oss-120b", "minimal", {"reasoning_effort": "low"}),
        ("groq", "openai/gpt-oss-120b", "medium", {"reasoning_effort": "medium"}),
        ("groq", "qwen/qwen3-32b", "high", {"reasoning_effort": "default"}),
        ("groq", "qwen/qwen3-32b", "none", {"reasoning_effort": "none"}),
        ("cerebras", "gpt-oss-120b", "max", {"reasoning_effort": "high"}),
        ("siliconflow", "Qwen/Qwen3-32B", "high", {}),
        ("siliconflow", "deepseek-ai/DeepSeek-V4-Flash", "low", {"reasoning_effort": "high"}),
        ("nvidia", "m", "high", {}),
    ],
)
def test_a_reasoning_effort_goes_out_as_the_provider_takes_it(
    slug: str, model: str, effort: str, expected: dict[str, Any]
) -> None:
    rendered = render(slug, model=model, reasoning_effort=effort)

    names = ("reasoning_effort", "reasoning", "thinking")
    assert {name: rendered.body[name] for name in names if name in rendered.body} == expected
    assert rendered.dropped == (() if expected else ("reasoning_effort",))


def test_a_callers_own_reasoning_object_goes_before_the_effort() -> None:
    body = render("vercel", reasoning_effort="low", reasoning={"max_tokens": 100}).body

    assert body["reasoning"] == {"max_tokens": 100}
    assert "reasoning_effort" not in body


@pytest.mark.parametrize("choice", ["none", "auto", "required", FORCED])
@pytest.mark.parametrize("slug", ["openai", "groq", "openrouter", "novita"])
def test_tool_choices_travel(slug: str, choice: Any) -> None:
    assert render(slug, tools=[TOOL], tool_choice=choice).body["tool_choice"] == choice


def test_no_tools_at_all_are_sent_where_none_cannot_be_said() -> None:
    body = render("zai", tools=[TOOL], tool_choice="none", parallel_tool_calls=False).body

    assert not {"tools", "tool_choice", "parallel_tool_calls"} & body.keys()


@pytest.mark.parametrize(("mode", "choice"), [("auto", "auto"), ("required", "required"), (None, "auto")])
def test_allowed_tools_are_the_only_ones_sent_where_they_cannot_be_named(mode: str | None, choice: str) -> None:
    allowed = {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": [FORCED]}}

    body = render("groq", tools=[TOOL, OTHER_TOOL], tool_choice=allowed).body

    assert body["tools"] == [TOOL]
    assert body["tool_choice"] == choice
    assert render("openai", tools=[TOOL, OTHER_TOOL], tool_choice=allowed).body["tool_choice"] == allowed


def test_allowed_tools_that_do_not_exist_allow_all() -> None:
    nobody = {"type": "function", "function": {"name": "nobody"}}
    allowed = {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [nobody, None]}}

    assert render("groq", tools=[TOOL, OTHER_TOOL], tool_choice=allowed).body["tools"] == [TOOL, OTHER_TOOL]


def test_a_forced_choice_among_allowed_tools_is_refused_where_none_can_be_forced() -> None:
    allowed = {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [FORCED]}}

    assert refusal("deepinfra", tools=[TOOL], tool_choice=allowed).param == "tool_choice"


def test_tools_are_streamed_in_pieces_where_that_must_be_asked_for() -> None:
    assert render("zai", stream=True, tools=[TOOL]).body["tool_stream"] is True
    assert render("zai", stream=True, tools=[TOOL], tool_stream=False).body["tool_stream"] is False
    assert "tool_stream" not in render("zai", stream=True).body
    assert "tool_stream" not in render("zai", tools=[TOOL]).body


def test_a_schema_is_asked_for_in_words_where_it_cannot_be_sent() -> None:
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "developer", "content": "Really."},
        {"role": "user", "content": "Who?"},
    ]

    rendered = render("zai", messages=messages, response_format=JSON_SCHEMA)

    assert rendered.body["response_format"] == {"type": "json_object"}
    assert [message["role"] for message in rendered.body["messages"]] == ["system", "system", "system", "user"]
    assert '{"type": "object"}' in rendered.body["messages"][2]["content"]
    assert rendered.dropped == ("response_format.json_schema",)
    assert render("zai", response_format={"type": "json_object"}).dropped == ()


@pytest.mark.parametrize("slug", [slug for slug in OPENAI_FAMILY if slug not in ("zai", "meganova")])
def test_a_schema_travels_elsewhere(slug: str) -> None:
    assert render(slug, response_format=JSON_SCHEMA).body["response_format"] == JSON_SCHEMA


NONSENSE: list[dict[str, Any]] = [
    {"messages": "x"},
    {"messages": ["x", 1]},
    {"response_format": {"type": 1}},
    {"n": "2"},
    {"tool_choice": 1},
]


@pytest.mark.parametrize("odd", NONSENSE)
@every_row
def test_nonsense_is_left_to_the_provider_or_refused_by_name(slug: str, odd: dict[str, Any]) -> None:
    try:
        body = render(slug, **odd).body
    except UnsupportedParameterError as refused:
        param = refused.param
    else:
        assert all(body.get(name, value) == value for name, value in odd.items())
        return
    assert {param} == odd.keys()


@every_row
def test_marks_of_tools_travel_only_where_they_are_known(slug: str) -> None:
    mark = {"cache_control": {"type": "ephemeral"}}
    function = {"name": "weather", "parameters": {"type": "object", "properties": {"cache_control": {}}}}

    rendered = render(slug, tools=[{"type": "function", "function": {**function, **mark}, **mark}, "odd"])

    known = mark if slug in ("openrouter", "vercel") else {}
    assert rendered.body["tools"] == [{"type": "function", "function": {**function, **known}, **known}, "odd"]
