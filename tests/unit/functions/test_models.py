"""The catalog's function: every sample event, on the light AWS client, and what it may never load or read."""

import json
import subprocess
import sys
from types import SimpleNamespace
from unittest.mock import patch

import pytest
from moto.server import ThreadedMotoServer

from ownkey.domain.provider_keys import KeyStatus, ProviderKey
from ownkey.storage.accounts import AccountRepository
from ownkey.storage.provider_keys import ProviderKeyRepository
from tests.support.provider_keys import EVENT_GATEWAY_KEY, ROOT, forget, load_function, sample_events
from tests.support.tables import BOTO_ERRORS, EMAIL, PASSWORD, emulated_aws

EVENTS = sample_events("models")
OUTCOMES = {
    "list": (200, None),
    "list_byok": (200, None),
    "list_byok_detailed": (200, None),
    "list_byok_unknown_gateway_key": (401, "invalid_api_key"),
    "list_byok_without_credential": (401, "missing_api_key"),
    "list_detailed": (200, None),
    "list_strange_flag": (400, "invalid_parameter_value"),
    "list_with_an_unknown_gateway_key": (200, None),
    "providers": (200, None),
    "providers_alias": (200, None),
    "providers_other_path": (404, "not_found"),
    "providers_unknown": (404, "model_not_found"),
    "show": (200, None),
    "show_alias": (200, None),
    "show_encoded": (200, None),
    "show_unknown": (404, "model_not_found"),
}
SONNET = "anthropic/claude-sonnet-4.5"


@pytest.fixture(scope="module")
def function():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    with emulated_aws() as aws:
        host, port = server.get_host_and_port()
        AccountRepository(aws.dynamodb, "Accounts", BOTO_ERRORS).add_gateway_key(EVENT_GATEWAY_KEY)
        for owner, provider in (("user#u-1", "groq"), ("platform", "anthropic"), (f"user#{aws.user_id}", "zai")):
            store_key(aws, owner, provider)
        with patch.dict("os.environ", {**aws.environment(), "AWS_ENDPOINT_URL": f"http://{host}:{port}"}):
            module = load_function("models")
            yield SimpleNamespace(handle=lambda event: module.lambda_handler(event, None), aws=aws)
    server.stop()
    forget(module)


def store_key(aws, owner, provider):
    ProviderKeyRepository(aws.dynamodb, "ProviderKeys", BOTO_ERRORS).save(
        ProviderKey(
            owner=owner,
            provider=provider,
            key_id=f"k-{provider}",
            status=KeyStatus.ACTIVE,
            created_at="2026-01-01T00:00:00Z",
            updated_at="2026-01-01T00:00:00Z",
            ciphertext=b"sealed",
        )
    )


def body_of(response):
    return json.loads(response["body"])


def ids_of(response):
    return {row["id"] for row in body_of(response)["data"]}


def test_every_sample_event_has_an_outcome():
    assert set(EVENTS) == set(OUTCOMES)


@pytest.mark.parametrize("name", sorted(OUTCOMES))
def test_sample_events(name, function):
    response = function.handle(EVENTS[name])
    status, code = OUTCOMES[name]
    assert response["statusCode"] == status
    assert response["headers"]["x-request-id"] == "req_5e0c5b1a-2d7e-4b5e-9b7a-0d8f6c1e2a3b"
    is_public = status == 200 and "byok" not in name
    assert response["headers"]["Cache-Control"] == ("public, max-age=300" if is_public else "no-store")
    assert ("ETag" in response["headers"]) is is_public
    if code:
        assert body_of(response)["error"]["code"] == code


def test_a_model_is_shown_by_any_name_and_in_any_spelling_of_its_path(function):
    assert body_of(function.handle(EVENTS["show"]))["id"] == SONNET
    assert body_of(function.handle(EVENTS["show_encoded"]))["name"] == "Claude Sonnet 4.5"
    assert body_of(function.handle(EVENTS["show_alias"]))["id"] == "openai/gpt-4.1"
    assert body_of(function.handle(EVENTS["providers_alias"]))["canonicalId"] == SONNET
    assert function.handle(EVENTS["providers_alias"])["body"] == function.handle(EVENTS["providers"])["body"]


def test_a_list_that_the_caller_has_is_not_sent_again(function):
    etag = function.handle(EVENTS["list"])["headers"]["ETag"]
    again = function.handle({**EVENTS["list"], "headers": {"If-None-Match": etag}})
    assert (again["statusCode"], again["body"]) == (304, "")
    assert function.handle(EVENTS["list_detailed"])["headers"]["ETag"] != etag


def test_the_longest_answer_is_far_from_lambdas_limit(function):
    assert len(function.handle(EVENTS["list_detailed"])["body"]) < 1_000_000


def test_a_callers_own_keys_decide_and_nobody_elses(function):
    everything, own = ids_of(function.handle(EVENTS["list"])), ids_of(function.handle(EVENTS["list_byok"]))
    assert own < everything
    assert "openai/gpt-oss-120b" in own
    assert SONNET not in own
    detailed = body_of(function.handle(EVENTS["list_byok_detailed"]))["data"]
    assert {row["id"] for row in detailed} == own
    assert all("context_length" in row for row in detailed)


def with_session(token):
    event = EVENTS["list_byok_without_credential"]
    headers = {**event["headers"], "Cookie": f"ownkey_session={token}"}
    return {**event, "headers": headers, "multiValueHeaders": {name: [value] for name, value in headers.items()}}


def test_a_person_may_ask_too(function):
    issued = function.aws.cognito.initiate_auth(
        ClientId=function.aws.user_pool_client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": EMAIL, "PASSWORD": PASSWORD},
    )["AuthenticationResult"]["AccessToken"]
    assert "zai/glm-4.6" in ids_of(function.handle(with_session(issued)))
    refused = function.handle(with_session("e30.e30.signature"))
    assert (refused["statusCode"], body_of(refused)["error"]["code"]) == (401, "invalid_api_key")


def test_a_store_that_is_down_is_503_for_those_only_whom_it_is_asked_about(function):
    with patch.dict("os.environ", {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}):
        broken = load_function("models")
    down = broken.lambda_handler(EVENTS["list_byok"], None)
    assert (down["statusCode"], body_of(down)["error"]["code"]) == (503, "service_unavailable")
    assert down["headers"]["Retry-After"]
    assert broken.lambda_handler(EVENTS["list_with_an_unknown_gateway_key"], None)["statusCode"] == 200
    forget(broken)


def test_an_unknown_route_is_not_found(function):
    response = function.handle({**EVENTS["list"], "resource": "/api/v1/other"})
    assert (response["statusCode"], body_of(response)["error"]["code"]) == (404, "not_found")


def test_a_start_loads_nothing_heavy():
    script = "import sys, app; print(*(name for name in sys.argv[1:] if name in sys.modules))"
    heavy = [
        "jwt",
        "cryptography",
        "boto3",
        "botocore",
        "pydantic",
        "requests",
        "urllib3",
        "aws_lambda_powertools",
        "http.client",
    ]
    loaded = subprocess.run(
        [sys.executable, "-c", script, *heavy],
        cwd=ROOT / "functions" / "models",
        env={"PYTHONPATH": str(ROOT / "layers" / "gateway")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert loaded.stdout.split() == []
