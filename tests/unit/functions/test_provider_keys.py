"""The function behind /api/user/provider-keys: every sample event, and what may never leave it."""

import dataclasses
import json
from collections.abc import Iterator
from types import ModuleType
from typing import Any
from unittest.mock import patch

import pytest

from ownkey.adapters.egress import EgressPolicy
from ownkey.adapters.registry import REGISTRY
from ownkey.adapters.transport import HttpTransport
from ownkey.adapters.verification import KeyVerifier, Verdict
from ownkey.storage.accounts import AccountRepository
from tests.support.provider_keys import (
    EVENT_GATEWAY_KEY,
    ROOT,
    USUAL_KEYS,
    FakeVerifier,
    Invocation,
    load_function,
    sample_events,
    secrets_of,
    with_body,
)
from tests.support.tables import BOTO_ERRORS, BrokenClient, EmulatedAws, client_error, emulated_aws
from tests.support.upstream import FakeUpstream, Script, answer, echoing_error, html_error

EVENTS = sample_events("provider_keys")
STATUSES = {
    "add_broken_key": 422,
    "add_foreign_endpoint": 422,
    "add_json_object": 200,
    "add_json_string": 200,
    "add_not_json": 422,
    "add_plain": 200,
    "add_search": 200,
    "add_surprising": 200,
    "add_unknown_field": 422,
    "add_unknown_gateway_key": 401,
    "add_unknown_provider": 422,
    "add_without_credential": 401,
    "delete": 200,
    "delete_missing": 404,
    "delete_unknown_provider": 422,
    "delete_without_provider": 422,
    "list": 200,
}
CODES = {401: "UNAUTHORIZED", 404: "NOT_FOUND", 422: "INVALID_INPUT", 429: "RATE_LIMITED", 503: "UNAVAILABLE"}


class Deployment:
    """The function after a cold start, in an AWS in this process and with a provider that answers as told."""

    def __init__(self, aws: EmulatedAws, module: ModuleType) -> None:
        self.aws = aws
        self.verifier = FakeVerifier()
        self.module = module
        self.service = dataclasses.replace(
            module.build_provider_keys_service(module.settings()), verifier=self.verifier
        )
        module.service = lambda: self.service  # type: ignore[attr-defined]
        AccountRepository(aws.dynamodb, "Accounts", BOTO_ERRORS).add_gateway_key(EVENT_GATEWAY_KEY)

    def invoke(self, event: dict[str, Any]) -> tuple[int, dict[str, Any], dict[str, Any]]:
        answered = self.module.lambda_handler(event, Invocation())
        return answered["statusCode"], json.loads(answered["body"]), answered["multiValueHeaders"]

    def add(self, provider: str, key: Any, **fields: Any) -> tuple[int, dict[str, Any]]:
        status, body, _ = self.invoke(with_body(EVENTS["add_plain"], {"provider": provider, "key": key, **fields}))
        return status, body


@pytest.fixture(scope="module")
def aws() -> Iterator[EmulatedAws]:
    with emulated_aws() as in_this_process, patch.dict("os.environ", in_this_process.environment()):
        yield in_this_process


@pytest.fixture(scope="module")
def cold_start(aws: EmulatedAws) -> ModuleType:
    return load_function("provider_keys")


@pytest.fixture
def function(aws: EmulatedAws, cold_start: ModuleType) -> Deployment:
    return Deployment(aws.emptied(), cold_start)


def test_every_sample_event_has_an_expected_status() -> None:
    assert set(STATUSES) == set(EVENTS)


@pytest.mark.parametrize("name", STATUSES)
def test_a_sample_event_is_answered_as_expected(
    function: Deployment, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if name == "delete":
        function.invoke(EVENTS["add_plain"])

    status, body, headers = function.invoke(EVENTS[name])

    assert status == STATUSES[name], body
    assert headers["Cache-Control"] == ["no-store"]
    assert headers["x-request-id"] == [f"req_{EVENTS[name]['requestContext']['requestId']}"]
    if status != 200:
        assert body.keys() == {"code", "message", "details", "status"}
        assert (body["code"], body["status"]) == (CODES[status], status)
    logged = capsys.readouterr()
    sent = json.dumps(EVENTS[name]["body"])
    for piece in ("EXAMPLEexample", "EXAMPLE/example", "0123456789abcdef"):
        if piece in sent:
            assert piece not in json.dumps(body) + logged.out + logged.err + repr(function.aws.items("ProviderKeys"))


@pytest.mark.parametrize("slug", USUAL_KEYS)
def test_a_key_of_any_provider_is_stored_listed_and_deleted(
    function: Deployment, slug: str, capsys: pytest.CaptureFixture[str]
) -> None:
    key = USUAL_KEYS[slug]
    status, added = function.add(slug, key, name="work")
    _, listed, _ = function.invoke(EVENTS["list"])

    assert status == 200
    assert list(added) == ["success", "id", "provider", "key_suffix", "status", "warnings"]
    assert list(listed) == ["keys", "providers"]
    assert [(entry["id"], entry["provider"], entry["added_by"]) for entry in listed["keys"]] == [
        (added["id"], slug, "u-1")
    ]
    assert list(listed["keys"][0]) == [
        "id", "provider", "name", "key_suffix", "status", "created_at", "updated_at", "last_used_at", "last_error",
        "expires_at", "added_by",
    ]  # fmt: skip
    logged = capsys.readouterr()
    seen = json.dumps([added, listed]) + logged.out + logged.err + repr(function.aws.items("ProviderKeys"))
    for secret in secrets_of(key):
        assert secret not in seen

    erase = {**EVENTS["delete"], "queryStringParameters": {"provider": slug}}
    assert function.invoke(erase)[:2] == (200, {"success": True})
    assert function.invoke(erase)[0] == 404
    assert function.invoke(EVENTS["list"])[1]["keys"] == []


@pytest.mark.parametrize(("valid", "status"), [(True, "active"), (None, "unverified"), (False, "unverified")])
def test_the_providers_word_decides_the_status(function: Deployment, valid: bool | None, status: str) -> None:
    function.verifier.verdict = Verdict(valid=valid, reason=None if valid else "Try again later.")

    _, added = function.add("openai", USUAL_KEYS["openai"])

    assert added["status"] == status
    assert len(added["warnings"]) == (0 if valid else 1)


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        (answer({"data": []}), "active"),
        (echoing_error(401), "unverified"),
        (echoing_error(500), "unverified"),
        (html_error(403), "unverified"),
    ],
)
@pytest.mark.parametrize("slug", ["openai", "azure", "tavily"])
def test_what_the_provider_says_is_never_passed_on(
    function: Deployment, slug: str, reply: Script, status: str, capsys: pytest.CaptureFixture[str]
) -> None:
    key = USUAL_KEYS[slug]
    with FakeUpstream() as upstream:
        upstream.on(slug, reply)
        transport = HttpTransport(EgressPolicy(REGISTRY, upstream.base_urls(slug)))
        function.service = dataclasses.replace(
            function.service, verifier=KeyVerifier(REGISTRY, transport, upstream.base_urls(slug))
        )
        _, added = function.add(slug, key)
        [exchange] = upstream.exchanges

    [secret] = secrets_of(key)
    assert secret in "".join(exchange.headers.values())
    assert added["status"] == status
    logged = capsys.readouterr()
    assert secret not in json.dumps(added) + logged.out + logged.err


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"key": "sk-EXAMPLE0"}, "provider"),
        ({"provider": "openai"}, "key"),
        ({"provider": "openai", "key": None}, "key"),
        ({"provider": "openai", "key": 7}, "key"),
        ({"provider": "openai", "key": ""}, "key"),
        ({"provider": "openai", "key": "\ud800sk-EXAMPLE0"}, "key"),
        ({"provider": "openai", "key": "sk-EXAMPLE0", "name": "n" * 101}, "name"),
        ({"provider": "openai", "key": "sk-EXAMPLE0", "expires_at": "tomorrow"}, "expires_at"),
        ({"provider": "aws", "key": {"accessKeyId": "sk-EXAMPLE0"}}, "key.secretAccessKey"),
        ({"provider": "azure", "key": "sk-EXAMPLE0"}, "key"),
        ({"provider": "groq", "key": {"apiKey": "sk-EXAMPLE0"}}, "key"),
    ],
)
def test_a_wrong_body_is_a_flat_422_that_names_the_field(
    function: Deployment, body: dict[str, Any], field: str
) -> None:
    status, answered, _ = function.invoke(with_body(EVENTS["add_plain"], body))

    assert (status, answered["code"], answered["details"].get("field")) == (422, "INVALID_INPUT", field)
    assert "sk-EXAMPLE0" not in json.dumps(answered)
    assert function.aws.items("ProviderKeys") == []


def test_the_sixth_write_in_a_minute_is_asked_to_wait(function: Deployment) -> None:
    fixed = function.service.now()
    function.service.rate_limiter._now = lambda: fixed
    statuses = [function.invoke(EVENTS["add_plain"])[0] for _ in range(5)]
    status, body, headers = function.invoke(EVENTS["delete"])

    assert statuses == [200] * 5
    assert (status, body["code"]) == (429, "RATE_LIMITED")
    assert 0 < int(headers["Retry-After"][0]) <= 60


def test_another_users_keys_are_neither_seen_nor_deleted(function: Deployment) -> None:
    function.invoke(EVENTS["add_plain"])
    other = dataclasses.replace(EVENT_GATEWAY_KEY, user_id="u-2")
    function.aws.dynamodb.delete_item(
        TableName="Accounts", Key={"pk": {"S": "user#u-1"}, "sk": {"S": f"gateway-key#{other.key_id}"}}
    )
    function.aws.dynamodb.delete_item(
        TableName="Accounts", Key={"pk": {"S": f"gateway-key#{other.key_id}"}, "sk": {"S": "gateway-key"}}
    )
    AccountRepository(function.aws.dynamodb, "Accounts", BOTO_ERRORS).add_gateway_key(other)

    assert function.invoke(EVENTS["list"])[1]["keys"] == []
    assert function.invoke(EVENTS["delete"])[0] == 404
    assert any("ciphertext" in item for item in function.aws.items("ProviderKeys"))


@pytest.mark.parametrize("broken", ["sealer", "repository"])
def test_trouble_of_ours_is_503_and_never_says_why(
    function: Deployment, broken: str, capsys: pytest.CaptureFixture[str]
) -> None:
    client = BrokenClient(client_error("ThrottlingException"))
    part = getattr(function.service, broken)
    attribute = "_kms" if broken == "sealer" else "_table"
    setattr(part, attribute, client if broken == "sealer" else type(part)(client, "ProviderKeys", BOTO_ERRORS)._table)

    status, body, headers = function.invoke(EVENTS["add_plain"])

    assert (status, body["code"]) == (503, "UNAVAILABLE")
    assert int(headers["Retry-After"][0]) > 0
    assert "Throttling" not in json.dumps(body)
    assert "EXAMPLEexample" not in capsys.readouterr().out


def test_a_cold_start_calls_nobody_and_a_wrong_method_is_not_found(function: Deployment) -> None:
    load_function("provider_keys")
    assert function.invoke({**EVENTS["list"], "httpMethod": "PATCH"})[0] == 404


def test_the_handler_stays_thin() -> None:
    for name in ("provider_keys", "key_validation"):
        assert len((ROOT / "functions" / name / "app.py").read_text().splitlines()) <= 60
