import pytest

from ownkey.api.chat_request import parse_chat_request
from ownkey.domain.errors import InvalidParameterError

HELLO = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "hi"}]}


def parse(body=None, headers=None):
    return parse_chat_request({**HELLO, **(body or {})}, headers or {})


def test_unknown_fields_are_kept_and_our_own_never_travel():
    request = parse({"byok": {"enabled": True}, "webSearch": {"enabled": False}, "top_k": 40, "custom": {"a": [1]}})
    assert request.body == {**HELLO, "top_k": 40, "custom": {"a": [1]}}


@pytest.mark.parametrize(
    ("body", "headers", "expected"),
    [
        ({}, {}, (False, None, True)),
        ({}, {"x-use-byok": "true"}, (True, None, True)),
        ({}, {"x-use-byok": "TRUE", "x-byok-provider": "Groq"}, (True, "groq", True)),
        ({}, {"x-byok-provider": "groq"}, (False, None, True)),
        ({"byok": {"enabled": True}}, {}, (True, None, True)),
        ({"byok": {"enabled": False}}, {"x-use-byok": "true", "x-byok-provider": "groq"}, (False, None, True)),
        ({"byok": {"provider": "openai"}}, {"x-use-byok": "true", "x-byok-provider": "groq"}, (True, "openai", True)),
        ({"byok": {"enabled": True}}, {"x-byok-provider": "groq"}, (True, "groq", True)),
        ({"byok": {"enabled": True, "disableFallbacks": False}}, {}, (True, None, False)),
        ({"byok": {"enabled": True, "provider": None}}, {"x-byok-provider": "groq"}, (True, "groq", True)),
    ],
)
def test_the_body_wins_over_the_headers_field_by_field(body, headers, expected):
    byok = parse(body, headers).byok
    assert (byok.enabled, byok.provider, byok.disable_fallbacks) == expected


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"model": None}, "model"),
        ({"model": ""}, "model"),
        ({"model": 4}, "model"),
        ({"model": "gpt 4"}, "model"),
        ({"model": "gpt-4\n"}, "model"),
        ({"model": "x" * 257}, "model"),
        ({"messages": None}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": "hi"}, "messages"),
        ({"messages": ["hi"]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": "x"}, {"content": "x"}]}, "messages[1].role"),
        ({"messages": [{"role": "user", "content": 4}]}, "messages[0].content"),
        ({"temperature": 2.1}, "temperature"),
        ({"temperature": "hot"}, "temperature"),
        ({"temperature": True}, "temperature"),
        ({"top_p": -0.1}, "top_p"),
        ({"n": 0}, "n"),
        ({"n": 1.5}, "n"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_completion_tokens": "many"}, "max_completion_tokens"),
        ({"stream": "yes"}, "stream"),
        ({"stream_options": True}, "stream_options"),
        ({"tools": {}}, "tools"),
        ({"presence_penalty": 3}, "presence_penalty"),
        ({"service_tier": {"name": "flex"}}, "service_tier"),
        ({"user": 5}, "user"),
        ({"byok": True}, "byok"),
        ({"byok": {"enabled": "yes"}}, "byok.enabled"),
        ({"byok": {"keys": []}}, "byok.keys"),
        ({"api_base": "https://evil.example"}, "api_base"),
        ({"user_config": {}}, "user_config"),
        ({"extra": {"deep": {"api_key": "x"}}}, "extra.deep.api_key"),
        ({"extra": [{}, {"Authorization": "x"}]}, "extra[1].Authorization"),
    ],
)
def test_a_wrong_field_is_named(body, param):
    with pytest.raises(InvalidParameterError) as error:
        parse(body)
    assert error.value.param == param


def test_a_wrong_header_is_named():
    with pytest.raises(InvalidParameterError) as error:
        parse(headers={"x-use-byok": "maybe"})
    assert error.value.param == "x-use-byok"


def test_schemas_of_the_caller_may_use_any_name():
    tools = [{"type": "function", "function": {"name": "f", "parameters": {"properties": {"api_key": {}}}}}]
    assert parse({"tools": tools, "metadata": {"api_key": "name"}}).body["tools"] == tools


def test_a_provider_is_chosen_by_body_or_header():
    assert parse({"provider": "groq"}).selection.only == ("groq",)
    assert parse(headers={"x-provider": "Groq"}).selection.param == "x-provider"
    assert "provider" not in parse({"provider": {"sort": "price"}}).body


def test_null_fields_are_as_good_as_absent():
    request = parse({"temperature": None, "stream": None, "byok": None, "stream_options": None, "tools": None})
    assert not request.stream
    assert not request.include_usage


def test_usage_in_the_stream_is_asked_for_by_stream_options():
    assert parse({"stream": True, "stream_options": {"include_usage": True}}).include_usage
