import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ownkey.adapters.protocols.bedrock_converse import render_request
from ownkey.adapters.protocols.wire import Rendered
from ownkey.domain.errors import InvalidParameterError, UnsupportedParameterError
from tests.support.bedrock import CLAUDE, NOVA, SPEC, chat, check_arguments

SONNET_46 = "us.anthropic.claude-sonnet-4-6"
SONNET_5 = "us.anthropic.claude-sonnet-5"
FABLE = "anthropic.claude-fable-5-1"
LLAMA = "us.meta.llama3-3-70b-instruct-v1:0"
TITAN = "amazon.titan-text-express-v1"
MISTRAL = "mistral.mistral-large-3-675b-instruct"
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n0000").decode()
TOOL: dict[str, Any] = {
    "type": "function",
    "function": {"name": "f", "description": "Does f.", "parameters": {"type": "object"}},
}
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer", "minimum": 1}}, "required": ["a"]}
JSON_SCHEMA = {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True}}
CALLED: list[dict[str, Any]] = [
    {"role": "user", "content": "Go"},
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}],
    },
    {"role": "tool", "tool_call_id": "call_1", "content": "done"},
]


def render(model: str = CLAUDE, **fields: Any) -> Rendered:
    rendered = render_request(SPEC, chat(model, **fields), upstream_model=model, credential_settings={})
    check_arguments(rendered.body)
    return rendered


def body(model: str = CLAUDE, **fields: Any) -> dict[str, Any]:
    return render(model, **fields).body


def user(*parts: Any) -> list[dict[str, Any]]:
    return [{"role": "user", "content": list(parts)}]


def test_a_plain_request_is_model_and_messages() -> None:
    rendered = render()

    assert rendered.body == {"modelId": CLAUDE, "messages": [{"role": "user", "content": [{"text": "Say hello"}]}]}
    assert rendered.url_path == "/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse"
    assert rendered.dropped == ()


def test_a_stream_has_a_path_of_its_own() -> None:
    rendered = render_request(SPEC, chat(streams=True), upstream_model="a/b", credential_settings={})

    assert rendered.url_path == "/model/a%2Fb/converse-stream"


def test_limits_and_sampling_go_into_the_inference_config() -> None:
    made = body(max_tokens=50, temperature=1.7, stop=["END", " ", ""])

    assert made["inferenceConfig"] == {"maxTokens": 50, "temperature": 1, "stopSequences": ["END"]}


def test_max_completion_tokens_wins() -> None:
    assert body(max_tokens=5, max_completion_tokens=7)["inferenceConfig"] == {"maxTokens": 7}


@pytest.mark.parametrize(
    ("model", "fields", "config", "dropped"),
    [
        (CLAUDE, {"temperature": 0.5, "top_p": 0.9}, {"temperature": 0.5}, ("top_p",)),
        (NOVA, {"temperature": 0.5, "top_p": 0.9}, {"temperature": 0.5, "topP": 0.9}, ()),
        (SONNET_5, {"temperature": 0.5, "top_p": 0.9}, None, ("temperature", "top_p")),
        (SONNET_5, {"temperature": 1}, None, ()),
        (SONNET_5, {"top_k": 5}, None, ("top_k",)),
        ("openai.gpt-oss-20b-1:0", {"max_tokens": 1}, {"maxTokens": 16}, ()),
    ],
)
def test_models_take_what_they_take(
    model: str, fields: dict[str, Any], config: dict[str, Any] | None, dropped: tuple[str, ...]
) -> None:
    rendered = render(model, **fields)

    assert rendered.body.get("inferenceConfig") == config
    assert rendered.dropped == dropped


@pytest.mark.parametrize(
    ("model", "additional"),
    [(CLAUDE, {"top_k": 5}), (NOVA, {"inferenceConfig": {"topK": 5}}), ("cohere.command-r-v1:0", {"k": 5})],
)
def test_top_k_has_a_name_in_every_family(model: str, additional: dict[str, Any]) -> None:
    assert body(model, top_k=5)["additionalModelRequestFields"] == additional


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n", 2),
        ("logprobs", True),
        ("top_logprobs", 3),
        ("modalities", ["text", "audio"]),
        ("web_search_options", {"a": 1}),
    ],
)
def test_what_would_change_the_answer_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(UnsupportedParameterError) as caught:
        render(**{name: value})

    assert caught.value.param == name


def test_what_would_not_is_left_out_and_told() -> None:
    rendered = render(seed=1, logit_bias={"1": 2}, user="u", presence_penalty=0.5, vendor_field=1, service_tier="scale")

    assert rendered.dropped == ("seed", "logit_bias", "user", "presence_penalty", "vendor_field", "service_tier")


def test_values_that_ask_for_nothing_are_not_told() -> None:
    rendered = render(
        n=1, logprobs=False, presence_penalty=0, seed=None, modalities=["text"], metadata={}, service_tier="auto"
    )

    assert rendered.dropped == ()
    assert set(rendered.body) == {"modelId", "messages"}


def test_metadata_and_tier_are_carried_where_they_fit() -> None:
    made = body(metadata={"team": "a b"}, service_tier="flex")

    assert made["requestMetadata"] == {"team": "a b"}
    assert made["serviceTier"] == {"type": "flex"}
    assert render(metadata={"team": "{}"}).dropped == ("metadata",)


def test_system_messages_lead_or_are_prepended() -> None:
    messages = [{"role": "system", "content": "Be kind"}, {"role": "user", "content": "Hi"}]

    assert body(messages=messages)["system"] == [{"text": "Be kind"}]
    assert body(TITAN, messages=messages)["messages"][0]["content"] == [{"text": "Be kind"}, {"text": "Hi"}]


def test_images_travel_as_raw_bytes() -> None:
    image = {"type": "image_url", "image_url": {"url": f"data:image/jpg;base64,{PNG}"}}

    (block,) = body(messages=user(image))["messages"][0]["content"]

    assert block == {"image": {"format": "png", "source": {"bytes": base64.b64decode(PNG)}}}


def test_an_image_in_a_bucket_travels_as_its_place() -> None:
    (block,) = body(messages=user({"type": "image_url", "image_url": {"url": "s3://b/k.jpg"}}))["messages"][0][
        "content"
    ]

    assert block == {"image": {"format": "jpeg", "source": {"s3Location": {"uri": "s3://b/k.jpg"}}}}


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
        {"type": "image_url", "image_url": {"url": "data:image/bmp;base64,Qk0="}},
        {"type": "file", "file": {"file_id": "file-1"}},
        {"type": "file", "file": {"filename": "a.zip", "file_data": "data:application/zip;base64,UEs="}},
        {"type": "input_audio", "input_audio": {"data": "UEs=", "format": "wav"}},
    ],
)
def test_what_cannot_be_carried_is_refused_at_its_place(part: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedParameterError) as caught:
        render(messages=user(part))

    assert (caught.value.param or "").startswith("messages[0].content[0]")


def test_documents_have_names_of_their_own_and_text_beside_them() -> None:
    file = {"type": "file", "file": {"filename": "a_b  c.pdf", "file_data": "data:application/pdf;base64,JVBE"}}

    blocks = body(messages=user(file, file))["messages"][0]["content"]

    assert [block["document"]["name"] for block in blocks[:2]] == ["a b c", "a b c 2"]
    assert blocks[0]["document"]["source"] == {"bytes": b"%PD"}
    assert "text" in blocks[2]


def test_calls_and_results_come_in_turns() -> None:
    made = body(messages=CALLED, tools=[TOOL])

    assert made["messages"][1:] == [
        {"role": "assistant", "content": [{"toolUse": {"toolUseId": "call_1", "name": "f", "input": {"a": 1}}}]},
        {
            "role": "user",
            "content": [{"toolResult": {"toolUseId": "call_1", "content": [{"text": "done"}], "status": "success"}}],
        },
    ]


def test_only_some_models_are_told_whether_a_tool_failed() -> None:
    result = body(LLAMA, messages=CALLED, tools=[TOOL])["messages"][2]["content"][0]["toolResult"]

    assert "status" not in result


def test_an_empty_result_says_so() -> None:
    messages = [*CALLED[:2], {"role": "tool", "tool_call_id": "call_1", "content": ""}]

    result = body(messages=messages, tools=[TOOL])["messages"][2]["content"][0]["toolResult"]

    assert result["content"] == [{"text": "(empty)"}]


@pytest.mark.parametrize(("model", "length"), [(CLAUDE, 64), (MISTRAL, 9)])
def test_ids_of_calls_are_made_to_fit(model: str, length: int) -> None:
    long_id = "call/" * 30
    call = {"id": long_id, "type": "function", "function": {"name": "f", "arguments": "{}"}}
    messages = [CALLED[0], {"role": "assistant", "tool_calls": [call]}, CALLED[2] | {"tool_call_id": long_id}]

    made = body(model, messages=messages, tools=[TOOL])["messages"]

    call_id = made[1]["content"][0]["toolUse"]["toolUseId"]
    assert len(call_id) <= length
    assert made[2]["content"][0]["toolResult"]["toolUseId"] == call_id


def test_tools_are_declared() -> None:
    bare = {"type": "function", "function": {"name": "g"}}

    assert body(tools=[TOOL, bare])["toolConfig"] == {
        "tools": [
            {
                "toolSpec": {
                    "name": "f",
                    "description": "Does f.",
                    "inputSchema": {"json": {"type": "object", "properties": {}}},
                }
            },
            {"toolSpec": {"name": "g", "inputSchema": {"json": {"type": "object", "properties": {}}}}},
        ]
    }


@pytest.mark.parametrize(
    ("model", "choice", "made", "dropped"),
    [
        (CLAUDE, "auto", None, ()),
        (CLAUDE, "required", {"any": {}}, ()),
        (CLAUDE, {"type": "function", "function": {"name": "f"}}, {"tool": {"name": "f"}}, ()),
        (LLAMA, "required", None, ("tool_choice",)),
        (FABLE, "required", None, ("tool_choice",)),
    ],
)
def test_a_choice_is_carried_where_the_model_knows_it(
    model: str, choice: Any, made: Any, dropped: tuple[str, ...]
) -> None:
    rendered = render(model, tools=[TOOL], tool_choice=choice)

    assert rendered.body["toolConfig"].get("toolChoice") == made
    assert rendered.dropped == dropped


def test_no_tool_may_be_called_when_none_is_chosen() -> None:
    assert "toolConfig" not in body(tools=[TOOL], tool_choice="none")


@pytest.mark.parametrize("fields", [{}, {"tools": [TOOL], "tool_choice": "none"}])
def test_a_conversation_with_calls_always_declares_a_tool(fields: dict[str, Any]) -> None:
    (tool,) = body(messages=CALLED, **fields)["toolConfig"]["tools"]

    assert tool["toolSpec"]["name"] == "no_tool"


@pytest.mark.parametrize(
    ("choice", "made"),
    [
        (None, {"type": "auto", "disable_parallel_tool_use": True}),
        ("required", {"disable_parallel_tool_use": True}),
    ],
)
def test_one_call_at_a_time_is_asked_of_claude(choice: Any, made: dict[str, Any]) -> None:
    additional = body(tools=[TOOL], tool_choice=choice, parallel_tool_calls=False)["additionalModelRequestFields"]

    assert additional == {"tool_choice": made}
    assert render(NOVA, tools=[TOOL], parallel_tool_calls=False).dropped == ("parallel_tool_calls",)


def test_names_of_tools_are_made_to_fit() -> None:
    tool = {"type": "function", "function": {"name": "files.read/v1"}}

    made = body(tools=[tool])["toolConfig"]["tools"][0]["toolSpec"]["name"]

    assert made == "files_x2E_read_x2F_v1"


def test_a_schema_travels_as_itself_where_the_model_takes_it() -> None:
    definition = body(response_format=JSON_SCHEMA)["outputConfig"]["textFormat"]["structure"]["jsonSchema"]

    schema = json.loads(definition["schema"])
    assert definition["name"] == "answer"
    assert schema["additionalProperties"] is False
    assert schema["properties"]["a"] == {"type": "integer", "description": "minimum: 1"}


def test_a_schema_is_the_input_of_a_tool_elsewhere() -> None:
    made = body(NOVA, response_format=JSON_SCHEMA)

    assert made["toolConfig"]["tools"][0]["toolSpec"]["inputSchema"]["json"] == SCHEMA
    assert made["toolConfig"]["toolChoice"] == {"tool": {"name": "answer_as_json"}}
    assert body(NOVA, response_format=JSON_SCHEMA, tools=[TOOL])["toolConfig"]["toolChoice"] == {"any": {}}
    assert "answer_as_json" in body(LLAMA, response_format=JSON_SCHEMA)["system"][0]["text"]


def test_a_schema_is_refused_where_nothing_binds_the_model() -> None:
    with pytest.raises(UnsupportedParameterError) as caught:
        render(TITAN, response_format=JSON_SCHEMA)

    assert caught.value.param == "response_format"


def test_a_form_that_is_none_is_a_mistake() -> None:
    with pytest.raises(InvalidParameterError):
        render(response_format={"type": "json_schema"})


def test_a_json_object_is_asked_for_in_words() -> None:
    assert "JSON" in body(response_format={"type": "json_object"})["system"][0]["text"]


@pytest.mark.parametrize(
    ("model", "effort", "additional"),
    [
        (CLAUDE, "low", {"thinking": {"type": "enabled", "budget_tokens": 1024}}),
        (CLAUDE, "none", None),
        (
            SONNET_46,
            "xhigh",
            {"thinking": {"type": "adaptive", "display": "summarized"}, "output_config": {"effort": "max"}},
        ),
        (
            SONNET_5,
            "minimal",
            {"thinking": {"type": "adaptive", "display": "summarized"}, "output_config": {"effort": "low"}},
        ),
        (SONNET_5, "none", {"thinking": {"type": "disabled"}}),
        (FABLE, "none", {"output_config": {"effort": "low"}}),
        ("openai.gpt-oss-120b-1:0", "minimal", {"reasoning_effort": "low"}),
        ("openai.gpt-5.1", "high", {"reasoning": {"effort": "high"}}),
        ("deepseek.v3-v1:0", "none", None),
        (NOVA, "medium", {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "medium"}}),
        (NOVA, "none", {"reasoningConfig": {"type": "disabled"}}),
    ],
)
def test_effort_is_said_in_the_familys_words(model: str, effort: str, additional: Any) -> None:
    rendered = render(model, reasoning_effort=effort)

    assert rendered.body.get("additionalModelRequestFields") == additional
    assert rendered.dropped == ()


@pytest.mark.parametrize("model", [LLAMA, "us.deepseek.r1-v1:0", "anthropic.claude-3-haiku-20240307-v1:0"])
def test_effort_is_left_out_where_a_model_has_none(model: str) -> None:
    assert render(model, reasoning_effort="high").dropped == ("reasoning_effort",)


def test_there_is_room_to_answer_after_thinking() -> None:
    assert body(reasoning_effort="high", max_tokens=100)["inferenceConfig"] == {"maxTokens": 4196}
    assert body(reasoning_effort="high", max_tokens=9000)["inferenceConfig"] == {"maxTokens": 9000}
    assert body(reasoning_effort="high")["inferenceConfig"]["maxTokens"] > 4096


def test_a_thinking_claude_samples_as_it_likes() -> None:
    assert render(reasoning_effort="low", temperature=0.2).dropped == ("temperature",)


def test_nova_at_its_best_takes_no_limits() -> None:
    rendered = render(NOVA, reasoning_effort="high", temperature=0.2, max_tokens=10)

    assert "inferenceConfig" not in rendered.body
    assert rendered.dropped == ("max_tokens", "temperature")


def test_a_forced_tool_takes_the_place_of_thinking() -> None:
    rendered = render(SONNET_5, tools=[TOOL], tool_choice="required", reasoning_effort="high")

    assert rendered.body["additionalModelRequestFields"] == {"thinking": {"type": "disabled"}}
    assert rendered.dropped == ("reasoning_effort",)


def test_calls_without_their_thoughts_end_thinking_where_it_would_be_refused() -> None:
    lost = render(messages=CALLED, tools=[TOOL], reasoning_effort="low")

    assert lost.dropped == ("reasoning_effort",)
    assert "additionalModelRequestFields" not in lost.body
    assert render(SONNET_46, messages=CALLED, tools=[TOOL], reasoning_effort="low").dropped == ()


def test_thoughts_go_back_as_they_came_and_foreign_ones_stay_out() -> None:
    details = [
        {"type": "reasoning.text", "text": "Hm", "signature": "sig", "format": "aws-bedrock-converse-v1"},
        {"type": "reasoning.encrypted", "data": "aGlkZGVu", "format": "aws-bedrock-converse-v1"},
        {"type": "reasoning.text", "text": "No", "signature": "sig", "format": "anthropic-claude-v1"},
    ]
    messages = [CALLED[0], CALLED[1] | {"reasoning_details": details}, CALLED[2]]

    made = body(messages=messages, tools=[TOOL], reasoning_effort="low")

    assert made["messages"][1]["content"][:2] == [
        {"reasoningContent": {"reasoningText": {"text": "Hm", "signature": "sig"}}},
        {"reasoningContent": {"redactedContent": b"hidden"}},
    ]
    assert len(made["messages"][1]["content"]) == 3
    assert made["additionalModelRequestFields"]["thinking"]["type"] == "enabled"


def test_cache_points_stand_behind_what_they_mark_and_the_last_four_stay() -> None:
    marked = {"type": "text", "text": "x", "cache_control": {"type": "ephemeral", "ttl": "1h"}}
    messages = [{"role": "system", "content": [marked]}, {"role": "user", "content": [marked] * 4}]

    made = body(messages=messages, tools=[TOOL | {"cache_control": {"type": "ephemeral"}}])

    assert [list(block) for block in made["messages"][0]["content"]] == [["text"], ["cachePoint"]] * 4
    assert made["messages"][0]["content"][1] == {"cachePoint": {"type": "default", "ttl": "1h"}}
    assert made["system"] == [{"text": "x"}]
    assert len(made["toolConfig"]["tools"]) == 1
    assert "cachePoint" not in json.dumps(body(LLAMA, messages=messages))


def test_an_answer_that_was_begun_ends_without_white_space() -> None:
    messages = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Well, "}]

    assert body(messages=messages)["messages"][1]["content"] == [{"text": "Well,"}]


CONTENT: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.text(max_size=5),
    st.lists(st.builds(dict, type=st.just("text"), text=st.text(max_size=3)), max_size=2),
)
CALLS: st.SearchStrategy[Any] = st.lists(
    st.builds(
        lambda call_id: {"id": call_id, "type": "function", "function": {"name": "f", "arguments": "{}"}},
        st.text(max_size=3),
    ),
    max_size=2,
)
MESSAGES: st.SearchStrategy[Any] = st.lists(
    st.one_of(
        st.builds(dict, role=st.sampled_from(["user", "system", "developer"]), content=CONTENT),
        st.builds(dict, role=st.just("assistant"), content=CONTENT, tool_calls=CALLS),
        st.builds(dict, role=st.just("tool"), tool_call_id=st.text(max_size=3), content=CONTENT),
    ),
    max_size=6,
)


@settings(max_examples=60, deadline=None)
@given(messages=MESSAGES, model=st.sampled_from([CLAUDE, NOVA, LLAMA, TITAN, MISTRAL]))
def test_whatever_the_messages_boto3_takes_them_in_turns(messages: list[dict[str, Any]], model: str) -> None:
    made = body(model, messages=messages)

    roles = [message["role"] for message in made["messages"]]
    assert roles == [("user", "assistant")[place % 2] for place in range(len(roles))]
    assert all(message["content"] for message in made["messages"])
    texts = [block["text"] for message in made["messages"] for block in message["content"] if "text" in block]
    assert all(text.strip() for text in texts)
