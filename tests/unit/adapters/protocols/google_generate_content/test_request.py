import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ownkey.adapters.protocols.google_generate_content import render_request
from ownkey.adapters.protocols.google_generate_content.tools import render_name
from ownkey.adapters.protocols.tool_names import decode_tool_name
from ownkey.adapters.protocols.wire import Rendered
from ownkey.adapters.registry import REGISTRY
from ownkey.domain.chat import ChatRequest
from ownkey.domain.errors import InvalidParameterError, UnsupportedParameterError

SPEC = REGISTRY["google"]
FLASH, NEWEST = "gemini-2.5-flash", "gemini-3-flash-preview"
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}
JSON_SCHEMA = {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}
TOOL = {"type": "function", "function": {"name": "weather", "description": "Tell.", "parameters": SCHEMA}}


def render(model: str = FLASH, *, stream: bool = False, **fields: Any) -> Rendered:
    body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "stream": stream, **fields}
    request = ChatRequest(body=body, model="m", stream=stream)
    return render_request(SPEC, request, upstream_model=model, credential_settings={})


def config(model: str = FLASH, **fields: Any) -> Any:
    return render(model, **fields).body.get("generationConfig")


@pytest.mark.parametrize(
    ("model", "stream", "path"),
    [
        (FLASH, False, "/models/gemini-2.5-flash:generateContent"),
        (FLASH, True, "/models/gemini-2.5-flash:streamGenerateContent?alt=sse"),
        ("google/gemini-2.5-flash", False, "/models/gemini-2.5-flash:generateContent"),
        ("models/gemini-2.5-flash", False, "/models/gemini-2.5-flash:generateContent"),
        ("../keys?x=1#", True, "/models/..%2Fkeys%3Fx%3D1%23:streamGenerateContent?alt=sse"),
    ],
)
def test_the_path_says_the_model_and_whether_to_stream(model: str, stream: bool, path: str) -> None:
    assert render(model, stream=stream).url_path == path


def test_a_plain_request_is_its_contents_alone() -> None:
    rendered = render(temperature=None, stream_options={"include_usage": True})

    assert rendered.body == {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}
    assert rendered.dropped == ()


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            {"temperature": 0, "top_p": 0.5, "top_k": 3, "seed": 7},
            {"temperature": 0, "topP": 0.5, "topK": 3, "seed": 7},
        ),
        ({"max_tokens": 5}, {"maxOutputTokens": 5}),
        ({"max_tokens": 5, "max_completion_tokens": 6}, {"maxOutputTokens": 6}),
        ({"stop": "END"}, {"stopSequences": ["END"]}),
        ({"stop": ["a", "", "b"]}, {"stopSequences": ["a", "b"]}),
        ({"n": 1}, None),
        ({"n": 3}, {"candidateCount": 3}),
        ({"logprobs": True}, {"responseLogprobs": True}),
        ({"logprobs": True, "top_logprobs": 4}, {"responseLogprobs": True, "logprobs": 4}),
        ({"logprobs": False, "top_logprobs": 4}, None),
        ({"modalities": ["text"]}, None),
        ({"modalities": ["image", "text"]}, {"responseModalities": ["IMAGE", "TEXT"]}),
        ({"response_format": {"type": "text"}}, None),
        ({"response_format": {"type": "json_object"}}, {"responseMimeType": "application/json"}),
        (
            {"response_format": JSON_SCHEMA},
            {"responseMimeType": "application/json", "responseJsonSchema": SCHEMA},
        ),
        ({"reasoning_effort": "low"}, {"thinkingConfig": {"includeThoughts": True, "thinkingBudget": 1024}}),
        (
            {"extra_body": {"google": {"thinking_config": {"thinking_budget": 7}}}, "reasoning_effort": "low"},
            {"thinkingConfig": {"thinking_budget": 7}},
        ),
    ],
)
def test_settings_go_into_the_generation_config(fields: dict[str, Any], expected: dict[str, Any] | None) -> None:
    rendered = render(**fields)

    assert rendered.body.get("generationConfig") == expected
    assert rendered.dropped == ()


def test_the_oldest_models_get_openapi_schemas() -> None:
    body = render("gemini-1.5-pro", response_format=JSON_SCHEMA, messages=[{"role": "user", "content": "Hi"}]).body
    tools = render("gemini-1.5-pro", tools=[TOOL]).body["tools"]

    assert body["generationConfig"]["responseSchema"] == SCHEMA
    assert tools[0]["functionDeclarations"][0]["parameters"] == SCHEMA


@pytest.mark.parametrize(("model", "kept"), [(FLASH, False), (NEWEST, False), ("gemini-2.0-flash", True)])
def test_penalties_go_only_to_models_that_take_them(model: str, kept: bool) -> None:
    rendered = render(model, presence_penalty=1, frequency_penalty=0)

    assert rendered.body.get("generationConfig") == ({"presencePenalty": 1} if kept else None)
    assert rendered.dropped == (() if kept else ("presence_penalty",))


@pytest.mark.parametrize(
    ("fields", "dropped"),
    [
        ({"user": "u", "logit_bias": {"1": 2}, "metadata": {"a": "b"}}, ("logit_bias", "metadata", "user")),
        ({"parallel_tool_calls": False}, ("parallel_tool_calls",)),
        ({"parallel_tool_calls": True, "service_tier": "auto", "store": False, "logit_bias": {}, "user": None}, ()),
        ({"service_tier": "flex", "something_else": 1}, ("service_tier", "something_else")),
        ({"messages": [{"role": "user", "name": "Ann", "content": "Hi"}]}, ("messages[].name",)),
    ],
)
def test_what_gemini_has_no_place_for_is_left_out_by_name(fields: dict[str, Any], dropped: tuple[str, ...]) -> None:
    rendered = render(**fields)

    assert rendered.dropped == dropped
    assert set(rendered.body) == {"contents"}


def test_an_effort_is_named_when_the_model_has_none() -> None:
    assert render("gemini-2.0-flash", reasoning_effort="high").dropped == ("reasoning_effort",)
    assert render("gemini-2.0-flash", reasoning_effort="none").dropped == ()


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"n": 9}, "n"),
        ({"stop": ["a", "b", "c", "d", "e", "f"]}, "stop"),
        ({"modalities": ["text", "audio"]}, "modalities"),
        ({"audio": {"voice": "x"}}, "audio"),
        ({"web_search_options": {"x": 1}}, "web_search_options"),
        ({"response_format": {"type": "grammar"}}, "response_format"),
        ({"tools": [{"type": "custom", "custom": {"name": "x"}}]}, "tools[0]"),
    ],
)
def test_what_would_change_the_answer_is_refused_by_name(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(UnsupportedParameterError) as caught:
        render(**fields)

    assert caught.value.param == param


@pytest.mark.parametrize("n", [0, "2"])
def test_a_number_of_choices_that_is_none_is_refused(n: Any) -> None:
    with pytest.raises(InvalidParameterError) as caught:
        render(n=n)

    assert caught.value.param == "n"


@pytest.mark.parametrize(
    ("model", "in_words"), [(FLASH, True), ("gemini-2.0-flash", True), (NEWEST, False), ("gemma-3-27b-it", True)]
)
def test_json_beside_tools_is_asked_for_in_words_where_the_model_has_no_mode_for_it(model: str, in_words: bool) -> None:
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]

    rendered = render(model, messages=messages, tools=[TOOL], response_format=JSON_SCHEMA)

    first = rendered.body.get("systemInstruction") or rendered.body["contents"][0]
    texts = [part["text"] for part in first["parts"]]
    assert texts[0] == "Be brief."
    assert ('"type": "object"' in "".join(texts[1:])) == in_words
    assert ("generationConfig" in rendered.body) == (not in_words)
    assert rendered.dropped == (("response_format",) if in_words else ())


def test_words_for_an_object_of_any_shape_name_no_schema() -> None:
    body = render("gemma-3-27b-it", response_format={"type": "json_object"}).body

    assert "JSON object" in body["contents"][0]["parts"][0]["text"]
    assert "schema" not in body["contents"][0]["parts"][0]["text"]


def test_tools_become_declarations() -> None:
    bare = {"type": "function", "function": {"name": "now"}}

    body = render(tools=[TOOL, bare]).body

    assert body["tools"] == [
        {
            "functionDeclarations": [
                {"name": "weather", "description": "Tell.", "parametersJsonSchema": SCHEMA},
                {"name": "now"},
            ]
        }
    ]
    assert "toolConfig" not in body


@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("ns::read-all.v2", "ns::read-all.v2"),
        ("files/read all", "files_x2F_read_x20_all"),
        ("2nd", "_x32_nd"),
        ("-x", "_x2D_x"),
        ("été", "_xE9_t_xE9_"),
        ("a_x2F_", "a_x5F_x2F_"),
    ],
)
def test_names_that_gemini_refuses_go_out_in_its_letters(name: str, theirs: str) -> None:
    called = {"id": "call_1", "type": "function", "function": {"name": name, "arguments": "{}"}}
    messages = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "tool_calls": [called]},
        {"role": "tool", "tool_call_id": "call_1", "content": "{}"},
    ]
    tool = {"type": "function", "function": {"name": name}}

    body = render(messages=messages, tools=[tool], tool_choice=tool).body

    assert body["tools"] == [{"functionDeclarations": [{"name": theirs}]}]
    assert body["toolConfig"]["functionCallingConfig"]["allowedFunctionNames"] == [theirs]
    _, call, result = (content["parts"][0] for content in body["contents"])
    assert (call["functionCall"]["name"], result["functionResponse"]["name"]) == (theirs, theirs)
    assert decode_tool_name(theirs) == name


@given(st.text(min_size=1, max_size=12) | st.text(alphabet="_x2E5Fa.:", min_size=1, max_size=20))
def test_any_name_comes_back_as_it_was(name: str) -> None:
    theirs = render_name(name, param="tools")

    assert re.fullmatch("[A-Za-z_][A-Za-z0-9_.:-]*", theirs)
    assert decode_tool_name(theirs) == name


def test_a_name_that_is_too_long_is_refused_by_its_place() -> None:
    with pytest.raises(UnsupportedParameterError, match="128") as caught:
        render(tools=[{"type": "function", "function": {"name": "a" * 129}}])

    assert caught.value.param == "tools[0].function.name"


@pytest.mark.parametrize(
    ("choice", "calling"),
    [
        ("auto", {"mode": "AUTO"}),
        ("none", {"mode": "NONE"}),
        ("required", {"mode": "ANY"}),
        ({"type": "function", "function": {"name": "weather"}}, {"mode": "ANY", "allowedFunctionNames": ["weather"]}),
        (
            {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [TOOL]}},
            {"mode": "ANY"},
        ),
    ],
)
def test_a_tool_choice_becomes_a_mode(choice: Any, calling: dict[str, Any]) -> None:
    assert render(tools=[TOOL], tool_choice=choice).body["toolConfig"] == {"functionCallingConfig": calling}
    assert "toolConfig" not in render(tool_choice="auto").body


@pytest.mark.parametrize(
    "fields",
    [
        {"safety_settings": [1], "cached_content": "c"},
        {"safetySettings": [1], "cachedContent": "c"},
        {"extra_body": {"google": {"safety_settings": [1], "cached_content": "c"}}},
    ],
)
def test_googles_own_options_are_carried(fields: dict[str, Any]) -> None:
    rendered = render(**fields)

    assert (rendered.body["safetySettings"], rendered.body["cachedContent"]) == ([1], "c")
    assert rendered.dropped == ()
