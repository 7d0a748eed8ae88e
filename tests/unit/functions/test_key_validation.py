"""The function behind /api/user/provider-keys/validate: every sample event, with sent keys and stored ones."""

import dataclasses
import json
from collections.abc import Iterator
from types import ModuleType
from typing import Any
from unittest.mock import patch

import pytest

from ownkey.adapters.credentials import parse_credential
from ownkey.adapters.registry import REGISTRY
from ownkey.adapters.verification import Verdict
from ownkey.domain.provider_keys import KeyStatus, ProviderKey
from ownkey.storage.accounts import AccountRepository
from ownkey.storage.provider_keys import ProviderKeyRepository
from ownkey.vault.sealing import KeySealer
from tests.support.provider_keys import (
    EVENT_GATEWAY_KEY,
    USUAL_KEYS,
    FakeVerifier,
    Invocation,
    load_function,
    sample_events,
    secrets_of,
    with_body,
)
from tests.support.tables import BOTO_ERRORS, EmulatedAws, emulated_aws

EVENTS = sample_events("key_validation")
STATUSES = {
    "broken_key": 422,
    "nothing_stored": 404,
    "sent_key": 200,
    "stored_key": 200,
    "unknown_provider": 422,
    "without_credential": 401,
}


class Deployment:
    """The function after a cold start, in an AWS in this process and with a provider that answers as told."""

    def __init__(self, aws: EmulatedAws, module: ModuleType) -> None:
        self.aws = aws
        self.verifier = FakeVerifier()
        self.module = module
        self.service = dataclasses.replace(
            module.build_key_validation_service(module.settings()), verifier=self.verifier
        )
        module.service = lambda: self.service  # type: ignore[attr-defined]
        self.keys = ProviderKeyRepository(aws.dynamodb, "ProviderKeys", BOTO_ERRORS)
        AccountRepository(aws.dynamodb, "Accounts", BOTO_ERRORS).add_gateway_key(EVENT_GATEWAY_KEY)

    def invoke(self, event: dict[str, Any]) -> tuple[int, dict[str, Any], dict[str, Any]]:
        answered = self.module.lambda_handler(event, Invocation())
        return answered["statusCode"], json.loads(answered["body"]), answered["multiValueHeaders"]

    def store(self, slug: str) -> None:
        credential = parse_credential(REGISTRY[slug], USUAL_KEYS[slug]).credential
        context = {"owner": "user#u-1", "provider": slug, "key_id": "key-1"}
        dates = {"created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"}
        sealed = KeySealer(self.aws.kms, self.aws.kms_key_arn, BOTO_ERRORS).seal(credential, context)
        self.keys.save(ProviderKey(**context, **dates, status=KeyStatus.UNVERIFIED, ciphertext=sealed))


@pytest.fixture(scope="module")
def aws() -> Iterator[EmulatedAws]:
    with emulated_aws() as in_this_process, patch.dict("os.environ", in_this_process.environment()):
        yield in_this_process


@pytest.fixture(scope="module")
def cold_start(aws: EmulatedAws) -> ModuleType:
    return load_function("key_validation")


@pytest.fixture
def function(aws: EmulatedAws, cold_start: ModuleType) -> Deployment:
    return Deployment(aws.emptied(), cold_start)


def test_every_sample_event_has_an_expected_status() -> None:
    assert set(STATUSES) == set(EVENTS)


@pytest.mark.parametrize("name", STATUSES)
def test_a_sample_event_is_answered_as_expected(
    function: Deployment, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if name == "stored_key":
        function.store("openai")

    status, body, headers = function.invoke(EVENTS[name])

    assert status == STATUSES[name], body
    assert headers["Cache-Control"] == ["no-store"]
    if status != 200:
        assert body.keys() == {"code", "message", "details", "status"}
    logged = capsys.readouterr()
    assert "EXAMPLEexample" not in json.dumps(body) + logged.out + logged.err


def test_a_sent_key_is_answered_with_its_model(function: Deployment) -> None:
    assert function.invoke(EVENTS["sent_key"])[1] == {"valid": True, "model": "openai/gpt-oss-20b"}


@pytest.mark.parametrize("slug", USUAL_KEYS)
def test_the_stored_key_of_any_provider_is_tried_unseen(
    function: Deployment, slug: str, capsys: pytest.CaptureFixture[str]
) -> None:
    function.store(slug)
    function.verifier.verdict = Verdict(valid=False, reason="It is refused.")

    _, body, _ = function.invoke(with_body(EVENTS["stored_key"], {"provider": slug}))

    assert body == {"valid": False, "error": "It is refused."}
    marked = function.keys.load("user#u-1", slug)
    assert marked is not None
    assert (marked.status, marked.last_error) == (KeyStatus.INVALID, "It is refused.")
    [(_, credential, _, _)] = function.verifier.asked
    assert {secret.reveal() for secret in credential.secrets.values()} == set(secrets_of(USUAL_KEYS[slug]))
    logged = capsys.readouterr()
    for secret in secrets_of(USUAL_KEYS[slug]):
        assert secret not in json.dumps(body) + logged.out + logged.err


def test_could_not_tell_is_null(function: Deployment) -> None:
    function.verifier.verdict = Verdict(valid=None, reason="It is late.")
    assert function.invoke(EVENTS["sent_key"])[1]["valid"] is None


def test_the_eleventh_validation_in_a_minute_is_asked_to_wait(function: Deployment) -> None:
    fixed = function.service.now()
    function.service.rate_limiter._now = lambda: fixed
    statuses = [function.invoke(EVENTS["sent_key"])[0] for _ in range(11)]

    assert statuses == [200] * 10 + [429]
