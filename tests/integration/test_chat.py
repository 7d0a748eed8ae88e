"""The official OpenAI client against the deployed template, with scripted providers behind it."""

import json
import time
import urllib.error
import urllib.request

import openai
import pytest

from ownkey.adapters.registry import REGISTRY
from tests.support.upstream import (
    answer,
    chat_chunks,
    chat_completion,
    echoing_error,
    html_error,
    openai_error,
    stream,
)

pytestmark = pytest.mark.integration

CHAT_SLUGS = [slug for slug, spec in REGISTRY.items() if spec.protocol == "openai_chat" and spec.kind == "chat"]
HELLO = [{"role": "user", "content": "Say hello."}]
AZURE = {
    "endpoint": "https://contoso.openai.azure.com",
    "apiKey": "0123456789abcdef0123456789abcdef",
    "deploymentName": "gpt-4-1",
    "apiVersion": "2024-10-21",
}


def model_at(slug):
    return "glm-4.6" if slug == "zai" else "gpt-4.1"


def key_for(slug):
    return AZURE if slug == "azure" else f"sk-{slug}-integration-0123456789"


def call(stack, method, path, body=None, headers=None):
    """Return status, headers and parsed body of one plain HTTP call."""
    data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    request = urllib.request.Request(
        stack.base_url + path,
        data=data,
        method=method,
        headers={"Authorization": f"Bearer {stack.gateway_key}", "Content-Type": "application/json", **(headers or {})},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, response.headers, json.loads(response.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, json.loads(error.read())


@pytest.fixture(scope="session")
def stored(stack, upstream):
    """Every chat provider's key, stored by the operator's own store so that the limit of writes is not in the way."""
    for slug in CHAT_SLUGS:
        stack.store_provider_key(slug, key_for(slug))
    return stack


@pytest.fixture
def client(stored):
    def build(slug=None, **headers):
        pinned = {"x-byok-provider": slug} if slug else {}
        return openai.OpenAI(
            base_url=f"{stored.base_url}/api/v1",
            api_key=stored.gateway_key,
            default_headers={"x-use-byok": "true", **pinned, **headers},
            max_retries=0,
            timeout=30,
        )

    return build


@pytest.mark.parametrize("slug", CHAT_SLUGS)
def test_every_provider_answers_whole(slug, client, upstream):
    upstream.on(slug, answer(chat_completion("Hello there.")))
    raw = client(slug).chat.completions.with_raw_response.create(model=model_at(slug), messages=HELLO)
    completion = raw.parse()
    assert completion.choices[0].message.content == "Hello there."
    assert completion.usage.total_tokens > 0
    assert raw.headers["x-ownkey-provider"] == slug
    assert raw.headers["x-ownkey-credential"] == "user"
    sent = upstream.exchanges_of(slug)[-1]
    assert stack_secret(slug) in (sent.headers.get("authorization", "") + sent.headers.get("api-key", ""))
    assert "x-use-byok" not in sent.headers
    assert "byok" not in sent.json


def stack_secret(slug):
    key = key_for(slug)
    return key["apiKey"] if isinstance(key, dict) else key


@pytest.mark.parametrize("slug", CHAT_SLUGS)
def test_every_provider_streams(slug, client, upstream):
    upstream.on(slug, stream(chat_chunks("Hel", "lo", " there.")))
    chunks = list(
        client(slug).chat.completions.create(
            model=model_at(slug), messages=HELLO, stream=True, stream_options={"include_usage": True}
        )
    )
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "Hello there."
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert chunks[-1].usage.total_tokens > 0
    assert chunks[-1].x_ownkey_pricing["credential"] == "user"
    assert len({chunk.id for chunk in chunks}) == 1


def test_chunks_arrive_as_they_are_sent(client, upstream):
    upstream.on("openai", stream(chat_chunks("one", "two", "three"), delay_seconds=0.15))
    began = time.monotonic()
    arrivals = [
        time.monotonic() - began
        for chunk in client("openai").chat.completions.create(model="gpt-4.1", messages=HELLO, stream=True)
        if chunk.choices and chunk.choices[0].delta.content
    ]
    assert arrivals[-1] - arrivals[0] > 0.2


def test_tools_and_parallel_calls(client, upstream):
    calls = [
        {
            "id": f"call_{city}",
            "type": "function",
            "function": {"name": "weather", "arguments": json.dumps({"city": city})},
        }
        for city in ("Oslo", "Rome")
    ]
    upstream.on("openai", answer(chat_completion(None, tool_calls=calls)))
    tool = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}
    completion = client().chat.completions.create(
        model="gpt-4.1", messages=HELLO, tools=[tool], parallel_tool_calls=True
    )
    found = completion.choices[0].message.tool_calls
    assert [json.loads(call.function.arguments)["city"] for call in found] == ["Oslo", "Rome"]
    assert completion.choices[0].finish_reason == "tool_calls"
    assert upstream.exchanges_of("openai")[-1].json["parallel_tool_calls"] is True


def test_structured_output_is_parsed_by_the_client(client, upstream):
    upstream.on("openai", answer(chat_completion('{"city": "Oslo"}')))
    schema = {"type": "json_schema", "json_schema": {"name": "place", "schema": {"type": "object"}, "strict": True}}
    client().chat.completions.create(model="gpt-4.1", messages=HELLO, response_format=schema)
    assert upstream.exchanges_of("openai")[-1].json["response_format"] == schema


def test_an_image_is_passed_on_and_never_fetched(client, upstream):
    parts = [{"type": "image_url", "image_url": {"url": "http://169.254.169.254/latest/meta-data"}}]
    upstream.on("openai", answer(chat_completion("A cat.")))
    client().chat.completions.create(model="gpt-4.1", messages=[{"role": "user", "content": parts}])
    assert upstream.exchanges_of("openai")[-1].json["messages"][0]["content"] == parts


def test_the_next_stored_key_is_tried_when_the_caller_allows_it(client, upstream):
    upstream.on("openai", openai_error("overloaded", 503))
    upstream.on("openrouter", answer(chat_completion("From elsewhere.")))
    raw = client().chat.completions.with_raw_response.create(
        model="gpt-4.1", messages=HELLO, extra_body={"byok": {"enabled": True, "provider": "openrouter"}}
    )
    assert raw.headers["x-ownkey-attempts"] == "1"
    raw = client().chat.completions.with_raw_response.create(
        model="openai/gpt-4.1", messages=HELLO, extra_body={"byok": {"disableFallbacks": False, "provider": "openai"}}
    )
    assert int(raw.headers["x-ownkey-attempts"]) > 1


@pytest.mark.parametrize(
    ("reply", "status", "code"),
    [
        (openai_error("slow down", 429), 429, "provider_rate_limited"),
        (
            openai_error("You exceeded your current quota", 429, code="insufficient_quota"),
            402,
            "provider_insufficient_quota",
        ),
        (openai_error("bad temperature", 400), 400, "provider_bad_request"),
        (openai_error("no such model", 404, code="model_not_found"), 404, "provider_not_found"),
        (openai_error("boom", 500), 502, "provider_error"),
        (html_error(502), 502, "provider_error"),
        (answer("<html>hello</html>", 200, {"content-type": "text/html"}), 502, "provider_error"),
        (answer("not json", 200), 502, "provider_error"),
        (stream(chat_chunks("Hel", "lo"), cut_after=0), 502, "provider_error"),
    ],
)
@pytest.mark.parametrize("streamed", [False, True])
def test_a_provider_that_fails_is_told_apart(reply, status, code, streamed, client, upstream):
    upstream.on("groq", reply)
    with pytest.raises(openai.APIStatusError) as error:
        client("groq").chat.completions.create(model="llama", messages=HELLO, stream=streamed)
    assert (error.value.status_code, error.value.code) == (status, code)
    assert error.value.response.headers["x-request-id"].startswith("req_")


def test_retry_after_is_passed_on(client, upstream):
    upstream.on("groq", answer({"error": {"message": "slow"}}, 429, {"retry-after": "7"}))
    with pytest.raises(openai.RateLimitError) as error:
        client("groq").chat.completions.create(model="llama", messages=HELLO)
    assert error.value.response.headers["retry-after"] == "7"


def test_a_stream_that_is_cut_ends_with_an_error_chunk(client, upstream):
    upstream.on("groq", stream(chat_chunks("Hel", "lo"), cut_after=2))
    with pytest.raises(openai.APIError) as error:
        list(client("groq").chat.completions.create(model="llama", messages=HELLO, stream=True))
    assert error.value.code == "provider_error"


def test_a_client_that_hangs_up_is_noticed(client, upstream):
    upstream.on("groq", stream(chat_chunks(*["word "] * 200), delay_seconds=0.05))
    running = client("groq").chat.completions.create(model="llama", messages=HELLO, stream=True)
    next(iter(running))
    running.close()
    assert upstream.exchanges_of("groq")[-1].hung_up.wait(5)


def test_a_rejected_key_is_424_marked_and_never_echoed(stored, upstream):
    secret = "sk-rejected-ABCDEFGHIJKLMNOP-4242"
    stored.store_provider_key("cerebras", secret)
    upstream.on("cerebras", echoing_error(401))
    body = {"model": "gpt-oss-120b", "messages": HELLO}
    headers = {"x-use-byok": "true", "x-byok-provider": "cerebras"}
    status, _, failure = call(stored, "POST", "/api/v1/chat/completions", body, headers)
    assert (status, failure["error"]["code"]) == (424, "byok_key_rejected")
    assert "4242" in failure["error"]["message"]
    assert secret[4:20] not in json.dumps(failure)
    status, _, listed = call(stored, "GET", "/api/user/provider-keys")
    assert next(key for key in listed["keys"] if key["provider"] == "cerebras")["status"] == "invalid"
    status, _, failure = call(stored, "POST", "/api/v1/chat/completions", body, headers)
    assert (status, failure["error"]["code"]) == (400, "byok_key_unusable")
    stored.store_provider_key("cerebras", key_for("cerebras"))


@pytest.mark.parametrize(
    ("changes", "headers", "status", "code"),
    [
        ({}, {"Authorization": ""}, 401, "missing_api_key"),
        ({}, {"Authorization": "Bearer sk-not-ours"}, 401, "invalid_api_key"),
        ({"model": None}, {}, 400, "invalid_parameter_value"),
        ({"messages": []}, {}, 400, "invalid_parameter_value"),
        ({"model": "nobody-knows"}, {}, 404, "model_not_found"),
        ({}, {"x-byok-provider": "linkup"}, 400, "byok_unknown_provider"),
        ({}, {"x-byok-provider": "tavily"}, 400, "byok_provider_unsupported"),
        ({}, {"x-byok-provider": "exa"}, 400, "byok_provider_unsupported"),
        ({}, {"x-use-byok": "false"}, 400, "byok_key_missing"),
        ({}, {"x-team-id": "t-1"}, 403, "team_forbidden"),
        ({"n": 2}, {"x-byok-provider": "groq"}, 400, "unsupported_parameter"),
    ],
)
def test_bad_requests_are_named(changes, headers, status, code, stored):
    body = {"model": "gpt-4.1", "messages": HELLO, **changes}
    got, answered, failure = call(stored, "POST", "/api/v1/chat/completions", body, {"x-use-byok": "true", **headers})
    assert (got, failure["error"]["code"]) == (status, code)
    assert set(failure["error"]) == {"message", "type", "code", "param"}
    assert answered["x-request-id"].startswith("req_")
    assert answered["cache-control"] == "no-store"


def test_a_body_that_is_not_json_is_400(stored):
    status, _, failure = call(stored, "POST", "/api/v1/chat/completions", b"{not json")
    assert (status, failure["error"]["code"]) == (400, "invalid_json")


def test_the_operators_key_serves_requests_without_opt_in(stored, upstream):
    stored.store_provider_key("novita", "sk-platform-0123456789-abcd", owner="platform")
    upstream.on("novita", answer(chat_completion("On the house.")))
    body = {"model": "novita/deepseek", "messages": HELLO}
    status, headers, completion = call(stored, "POST", "/api/v1/chat/completions", body)
    assert status == 200
    assert headers["x-ownkey-credential"] == "platform"
    assert headers["x-ownkey-key-suffix"] is None
    assert completion["x_ownkey_pricing"]["byok"] is False


def test_no_secret_stands_in_the_state_folder_in_clear(stored):
    secrets = [stack_secret(slug).encode() for slug in CHAT_SLUGS] + [b"sk-rejected-ABCDEFGHIJKLMNOP-4242"]
    files = [path for path in stored.state_dir.rglob("*") if path.is_file()]
    assert any("log" in path.name for path in files)
    for path in files:
        content = path.read_bytes()
        assert not [secret for secret in secrets if secret in content], path


def test_a_plan_is_explained_and_nobody_is_called(client, upstream):
    before = len(upstream.exchanges_of("openai"))
    plan = client().post(
        "/chat/completions?explain=true",
        cast_to=dict[str, object],
        body={"model": "gpt-4.1", "messages": HELLO, "byok": {"disableFallbacks": False}},
    )
    assert plan["canonical_model"] == "openai/gpt-4.1"
    assert [each["provider"] for each in plan["attempts"]][:2] == ["openai", "azure"]
    assert {each["credential"] for each in plan["attempts"]} == {"user"}
    assert len(upstream.exchanges_of("openai")) == before
