"""The chat function under both kinds of runtime: every sample event, on the light AWS client."""

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from unittest.mock import patch

import pytest
from moto.server import ThreadedMotoServer

from ownkey.domain.provider_keys import Credential, KeyStatus, ProviderKey
from ownkey.domain.secrets import Secret
from ownkey.storage.accounts import AccountRepository
from ownkey.storage.provider_keys import ProviderKeyRepository
from ownkey.vault.sealing import KeySealer
from tests.support.openai_bodies import chat_chunks, chat_completion
from tests.support.provider_keys import EVENT_GATEWAY_KEY, forget, load_function, sample_events
from tests.support.tables import BOTO_ERRORS, emulated_aws
from tests.support.upstream import FakeUpstream, answer, stream

EVENTS = sample_events("chat")
OUTCOMES = {
    "cheapest": (200, None),
    "contradicting_suffix": (400, "invalid_parameter_value"),
    "explained": (200, None),
    "foreign_team": (403, "team_forbidden"),
    "hello": (200, None),
    "hello_streamed": (200, None),
    "no_credential": (401, "missing_api_key"),
    "no_key_for_provider": (400, "byok_key_missing"),
    "not_json": (400, "invalid_json"),
    "pinned_with_fallbacks": (200, None),
    "platform_key": (200, None),
    "provider_object": (200, None),
    "search_provider_pinned": (400, "byok_provider_unsupported"),
    "tools": (200, None),
    "unknown_gateway_key": (401, "invalid_api_key"),
    "unknown_model": (404, "model_not_found"),
    "unknown_provider": (400, "byok_unknown_provider"),
}
KEYS = (("user#u-1", "openai"), ("user#u-1", "groq"), ("platform", "openai"))


@pytest.fixture(scope="module")
def function():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    with emulated_aws() as aws, FakeUpstream() as upstream:
        host, port = server.get_host_and_port()
        environment = {
            **aws.environment(),
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
            "OWNKEY_UPSTREAMS": json.dumps(upstream.base_urls("openai", "groq")),
        }
        AccountRepository(aws.dynamodb, "Accounts", BOTO_ERRORS).add_gateway_key(EVENT_GATEWAY_KEY)
        for owner, provider in KEYS:
            store_key(aws, owner, provider)
        with patch.dict("os.environ", environment):
            module = load_function("chat")
            yield SimpleNamespace(handle=module.lambda_handler, upstream=upstream, aws=aws)
    server.stop()
    forget(module)


def store_key(aws, owner, provider):
    key = ProviderKey(
        owner=owner,
        provider=provider,
        key_id=f"k-{provider}",
        key_suffix="6789",
        status=KeyStatus.ACTIVE,
        created_at="2026-01-01T00:00:00Z",
        updated_at="2026-01-01T00:00:00Z",
        last_used_at=datetime.now(UTC).isoformat(),
    )
    credential = Credential({"apiKey": Secret(f"sk-{provider}-0123456789")})
    sealed = KeySealer(aws.kms, aws.kms_key_arn, BOTO_ERRORS).seal(credential, key.encryption_context)
    fields = {name: getattr(key, name) for name in ProviderKey.__slots__}
    ProviderKeyRepository(aws.dynamodb, "ProviderKeys", BOTO_ERRORS).save(
        ProviderKey(**{**fields, "ciphertext": sealed})
    )


def invocation(*, streams):
    fields = {"get_remaining_time_in_millis": lambda: 60_000}
    return SimpleNamespace(**fields, streams_responses=True) if streams else SimpleNamespace(**fields)


def body_of(response):
    body = response["body"]
    return body if isinstance(body, str) else b"".join(body).decode()


def test_every_sample_event_has_an_outcome():
    assert set(EVENTS) == set(OUTCOMES)


@pytest.mark.parametrize("streams", [False, True], ids=["stock runtime", "our runtime"])
@pytest.mark.parametrize("name", sorted(EVENTS))
def test_sample_events(name, streams, function):
    wants_stream = name == "hello_streamed"
    for slug in ("openai", "groq"):
        function.upstream.on(
            slug, stream(chat_chunks("Hel", "lo")) if wants_stream else answer(chat_completion("Hello"))
        )
    response = function.handle(EVENTS[name], invocation(streams=streams))
    status, code = OUTCOMES[name]
    assert response["statusCode"] == status
    assert response["headers"]["x-request-id"] == "req_5e0c5b1a-2d7e-4b5e-9b7a-0d8f6c1e2a3b"
    text = body_of(response)
    if wants_stream:
        assert text.endswith("data: [DONE]\n\n")
        assert '"content":"Hel"' in text
    elif name == "explained":
        [attempt] = json.loads(text)["attempts"]
        assert (attempt["provider"], attempt["credential"], attempt["key_suffix"]) == ("openai", "user", "6789")
    elif code is None:
        assert json.loads(text)["choices"][0]["message"]["content"] == "Hello"
    else:
        assert json.loads(text)["error"]["code"] == code


def test_usage_is_in_the_table_after_the_answer(function):
    function.upstream.on("openai", answer(chat_completion("Hello")))
    body_of(function.handle(EVENTS["hello"], invocation(streams=True)))
    items = function.aws.items("Usage")
    assert {item["owner"]["S"] for item in items} <= {"user#u-1", "platform"}
    assert items


def test_a_store_that_is_down_is_503_and_not_401(function):
    with patch.dict("os.environ", {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "OWNKEY_UPSTREAMS": ""}):
        broken = load_function("chat")
    response = broken.lambda_handler(EVENTS["hello"], invocation(streams=True))
    assert response["statusCode"] == 503
    assert json.loads(body_of(response))["error"]["code"] == "service_unavailable"
    assert response["headers"]["Retry-After"]
    forget(broken)
