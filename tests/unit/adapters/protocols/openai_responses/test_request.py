from typing import Any

import pytest

from ownkey.domain.errors import UnsupportedParameterError
from tests.support.responses_rendering import check_official, render

SLUGS = ("openai-responses", "azure-responses")
every_row = pytest.mark.parametrize("slug", SLUGS)
HELLO = [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Say hello"}]}]
SCHEMA = {"type": "object", "properties": {}, "additionalProperties": False}
WEATHER = {"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}
SEALED = "reasoning.encrypted_content"


@every_row
def test_a_plain_request_keeps_nothing_at_the_provider(slug: str) -> None:
    rendered = render(slug)

    assert rendered.body == {"model": "some-model", "input": HELLO, "store": False}
    assert rendered.dropped == ()


@every_row
def test_a_full_request_is_one_that_the_official_client_could_send(slug: str) -> None:
    rendered = render(
        slug,
        model="gpt-4.1",
        stream=True,
        temperature=0.5,
        top_p=0.9,
        max_tokens=100,
        logprobs=True,
        top_logprobs=3,
        tools=[WEATHER],
        tool_choice="auto",
        parallel_tool_calls=False,
        response_format={"type": "json_schema", "json_schema": {"name": "person", "schema": SCHEMA, "strict": True}},
        verbosity="low",
        service_tier="flex",
        metadata={"team": "blue"},
        user="someone",
        safety_identifier="s",
        prompt_cache_key="k",
        stream_options={"include_usage": True, "include_obfuscation": False},
    )

    check_official(rendered.body)
    assert rendered.dropped == ()
    assert rendered.body == {
        "model": "gpt-4.1",
        "input": HELLO,
        "store": False,
        "stream": True,
        "stream_options": {"include_obfuscation": False},
        "temperature": 0.5,
        "top_p": 0.9,
        "max_output_tokens": 100,
        "include": ["message.output_text.logprobs"],
        "top_logprobs": 3,
        "tools": [{"type": "function", "name": "weather", "parameters": SCHEMA, "strict": False}],
        "tool_choice": "auto",
        "parallel_tool_calls": False,
        "text": {
            "format": {"type": "json_schema", "name": "person", "schema": SCHEMA, "strict": True},
            "verbosity": "low",
        },
        "service_tier": "flex",
        "metadata": {"team": "blue"},
        "user": "someone",
        "safety_identifier": "s",
        "prompt_cache_key": "k",
    }


@pytest.mark.parametrize(
    ("fields", "limit"),
    [
        ({"max_tokens": 1}, 16),
        ({"max_completion_tokens": 16}, 16),
        ({"max_tokens": 5000}, 5000),
        ({"max_tokens": 20, "max_completion_tokens": 30}, 30),
        ({"max_tokens": None}, None),
    ],
)
def test_the_limit_of_tokens_is_one_that_is_taken(fields: dict[str, Any], limit: int | None) -> None:
    assert render(**fields).body.get("max_output_tokens") == limit


@pytest.mark.parametrize(
    ("model", "seals"),
    [
        ("gpt-5", True),
        ("gpt-5-mini-2025-08-07", True),
        ("gpt-5.6-terra", True),
        ("gpt-12", True),
        ("o3", True),
        ("o4-mini-deep-research", True),
        ("codex-mini-latest", True),
        ("ft:o4-mini:org::x", True),
        ("gpt-5-chat-latest", False),
        ("gpt-5.1-chat-latest", False),
        ("gpt-4o", False),
        ("gpt-35-turbo", False),
        ("gpt-4.1-nano", False),
        ("omni", False),
        ("my-deployment", False),
    ],
)
def test_only_models_that_reason_are_asked_for_sealed_reasoning(model: str, seals: bool) -> None:
    assert (SEALED in render(model=model).body.get("include", [])) == seals


@pytest.mark.parametrize(
    ("fields", "reasoning"),
    [
        ({"reasoning_effort": "high"}, {"effort": "high", "summary": "auto"}),
        ({"reasoning_effort": "none"}, {"effort": "none"}),
        ({"reasoning": {"effort": "low", "summary": "detailed"}}, {"effort": "low", "summary": "detailed"}),
        ({"reasoning": {"effort": "low", "exclude": True}, "reasoning_effort": "high"}, {"effort": "high"}),
        ({"reasoning": {"summary": "auto"}}, {"summary": "auto"}),
        ({"reasoning": {"max_tokens": 100}}, None),
        ({}, None),
    ],
)
def test_an_effort_brings_its_summary(fields: dict[str, Any], reasoning: dict[str, str] | None) -> None:
    body = render("azure-responses", model="my-deployment", **fields).body

    expected = (
        {"summary": "auto", **reasoning} if reasoning and reasoning.get("effort") in ("high", "low") else reasoning
    )
    assert body.get("reasoning") == expected
    assert body.get("include") == ([SEALED] if reasoning else None)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("n", 2),
        ("stop", ["END"]),
        ("stop", "END"),
        ("audio", {"voice": "alloy"}),
        ("modalities", ["text", "audio"]),
        ("web_search_options", {"search_context_size": "low"}),
    ],
)
@every_row
def test_what_would_change_the_answer_is_refused_by_name(slug: str, field: str, value: Any) -> None:
    with pytest.raises(UnsupportedParameterError) as caught:
        render(slug, **{field: value})

    assert caught.value.param == field


@pytest.mark.parametrize("model", ["gpt-5", "o3"])
def test_log_probabilities_are_refused_where_a_model_has_none(model: str) -> None:
    with pytest.raises(UnsupportedParameterError) as caught:
        render(model=model, logprobs=True)

    assert caught.value.param == "logprobs"


def test_hints_that_have_no_place_are_dropped_by_name() -> None:
    rendered = render(
        seed=1,
        presence_penalty=0.5,
        frequency_penalty=0.5,
        logit_bias={"1": 2},
        prediction={"type": "content", "content": "x"},
        store=True,
        some_vendor_extra=1,
        messages=[{"role": "user", "content": "Say hello", "name": "Ada"}],
    )

    assert set(rendered.dropped) == {
        *("seed", "presence_penalty", "frequency_penalty", "logit_bias", "prediction", "store", "some_vendor_extra"),
        "messages[].name",
    }
    assert rendered.body == {"model": "some-model", "input": HELLO, "store": False}


def test_what_asks_for_nothing_is_not_reported() -> None:
    rendered = render(
        n=1, stop=None, seed=None, presence_penalty=0, store=False, modalities=["text"], logprobs=False,
        stream_options=None, tools=None, reasoning_effort=None, stream=True,
    )  # fmt: skip

    assert rendered.dropped == ()
    assert rendered.body == {"model": "some-model", "input": HELLO, "store": False, "stream": True}


def test_sampling_is_dropped_where_a_model_refuses_it() -> None:
    rendered = render(model="gpt-5", temperature=0.5, top_p=0.5)

    assert set(rendered.dropped) == {"temperature", "top_p"}
    assert not {"temperature", "top_p"} & rendered.body.keys()


@pytest.mark.parametrize(
    ("version", "path"),
    [
        ("v1", "/openai/v1/responses"),
        ("", "/openai/v1/responses"),
        ("preview", "/openai/v1/responses?api-version=preview"),
        ("2025-04-01-preview", "/openai/responses?api-version=2025-04-01-preview"),
    ],
)
def test_azure_has_responses_beside_its_deployments(version: str, path: str) -> None:
    rendered = render("azure-responses", model="my-deployment", settings={"apiVersion": version})

    assert rendered.url_path == path
    assert rendered.body["model"] == "my-deployment"


def test_openai_has_responses_below_its_base_url() -> None:
    assert render().url_path == "/responses"
