"""The function behind /api/user: every sample event, with a person who is signed in and has a gateway key."""

import json
from collections.abc import Iterator
from dataclasses import replace
from types import ModuleType
from typing import Any
from unittest.mock import patch

import pytest

from ownkey.auth.sessions import CognitoSessions
from ownkey.domain.errors import ConflictError, StoreUnavailableError
from ownkey.domain.provider_keys import KeyStatus, ProviderKey
from ownkey.domain.secrets import Secret
from ownkey.storage.accounts import AccountRepository
from ownkey.storage.provider_keys import ProviderKeyRepository
from tests.support.provider_keys import EVENT_GATEWAY_KEY, Invocation, load_function, sample_events, with_body
from tests.support.tables import BOTO_ERRORS, EMAIL, PASSWORD, EmulatedAws, add_user, emulated_aws, sessions_of
from tests.support.teams import Offices

EVENTS = sample_events("user")
STATUSES = {
    "change_gateway_key": 200,
    "change_gateway_key_unknown": 404,
    "change_gateway_key_wrong_limit": 422,
    "change_gateway_key_wrong_origin": 422,
    "default_team_of_others": 404,
    "delete_account": 200,
    "delete_account_from_another_site": 403,
    "delete_account_unconfirmed": 422,
    "no_default_team": 200,
    "show_audit": 200,
    "show_audit_without_session": 401,
    "show_audit_wrong_limit": 422,
}


class EmulatedUsers(CognitoSessions):
    """The emulation knows no call by which users delete themselves; the integration tests make the real one."""

    def __init__(self, aws: EmulatedAws) -> None:
        of_pool = sessions_of(aws)
        super().__init__(aws.cognito, aws.user_pool_client_id, BOTO_ERRORS, of_pool._verifier)
        self._aws = aws

    def delete(self, access_token: Secret) -> None:
        self._aws.cognito.admin_delete_user(
            UserPoolId=self._aws.user_pool_id, Username=self.user_of(access_token).email
        )


class Deployment:
    def __init__(self, aws: EmulatedAws, module: ModuleType) -> None:
        self.aws, self._module, self.events = aws, module, dict(EVENTS)
        self.accounts = AccountRepository(aws.dynamodb, "Accounts", BOTO_ERRORS)
        sessions = EmulatedUsers(aws)
        service = replace(module.build_own_account_service(module.settings()), users=sessions)
        module.service = lambda: service  # type: ignore[attr-defined]
        try:
            self._token = sessions.sign_in(EMAIL, Secret(PASSWORD)).access_token
        except Exception:  # the test before has deleted the user
            add_user(aws.cognito, aws.user_pool_id)
            self._token = sessions.sign_in(EMAIL, Secret(PASSWORD)).access_token
        self.user_id = sessions.user_of(self._token).user_id
        key = replace(EVENT_GATEWAY_KEY, key_id="IdOfAGatewayKey0", user_id=self.user_id)
        self.accounts.add_gateway_key(key)

    def invoke(self, name: str) -> tuple[int, dict[str, Any]]:
        signed_in = json.loads(json.dumps(self.events[name]).replace("the-access-token", self._token.reveal()))
        answered = self._module.lambda_handler(signed_in, Invocation())
        assert answered["multiValueHeaders"]["Cache-Control"] == ["no-store"]
        return answered["statusCode"], json.loads(answered["body"])


@pytest.fixture(scope="module")
def cold_start() -> Iterator[tuple[EmulatedAws, ModuleType]]:
    with emulated_aws() as aws, patch.dict("os.environ", aws.environment()):
        yield aws, load_function("user")


@pytest.fixture
def deployment(cold_start: tuple[EmulatedAws, ModuleType]) -> Deployment:
    aws, module = cold_start
    return Deployment(aws.emptied(), module)


def test_every_sample_event_has_a_status() -> None:
    assert set(EVENTS) == set(STATUSES)


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_sample_events(deployment: Deployment, name: str) -> None:
    status, body = deployment.invoke(name)
    assert status == STATUSES[name], body


def test_a_changed_key_is_shown_and_recorded(deployment: Deployment) -> None:
    _, shown = deployment.invoke("change_gateway_key")
    assert (shown["name"], shown["allowed_origins"], shown["requests_per_day"], shown["usd_per_day"]) == (
        "laptop",
        ["https://app.example.com"],
        1000,
        "2.50",
    )
    key = deployment.accounts.find_gateway_key("IdOfAGatewayKey0")
    assert key is not None
    assert key.limits.allowed_origins == ("https://app.example.com",)
    [record] = deployment.invoke("show_audit")[1]["records"]
    assert (record["action"], record["target"]) == ("gateway_key.changed", "IdOfAGatewayKey0")


def test_a_deleted_account_leaves_nothing_that_works(deployment: Deployment) -> None:
    aws, user = deployment.aws, deployment.user_id
    stored = ProviderKey(
        owner=f"user#{user}",
        provider="openai",
        key_id="k",
        status=KeyStatus.ACTIVE,
        created_at="2026-11-23T12:00:00Z",
        updated_at="2026-11-23T12:00:00Z",
        ciphertext=b"sealed",
    )
    ProviderKeyRepository(aws.dynamodb, "ProviderKeys", BOTO_ERRORS).save(stored)
    offices = Offices(aws)
    team = offices.found("olga")
    offices.bring(team, "olga", user)
    assert deployment.invoke("delete_account") == (200, {"success": True})
    assert aws.items("ProviderKeys") == []
    left = {item["pk"]["S"] for item in aws.items("Accounts") if user in item["pk"]["S"] + item["sk"]["S"]}
    # What stays is the trail, and for a day that they are gone: a token that still lives makes no new key.
    assert left == {f"audit#user#{user}", f"user#{user}"}
    key = replace(EVENT_GATEWAY_KEY, key_id="IdOfAGatewayKey9", user_id=user)
    with pytest.raises(ConflictError):
        deployment.accounts.add_gateway_key(key)
    with pytest.raises(aws.cognito.exceptions.UserNotFoundException):
        aws.cognito.admin_get_user(UserPoolId=aws.user_pool_id, Username=EMAIL)


def test_a_deletion_is_recorded_once_however_often_it_takes(deployment: Deployment) -> None:
    broken = patch.object(EmulatedUsers, "delete", side_effect=StoreUnavailableError("away"))
    with broken:
        assert deployment.invoke("delete_account")[0] == 503
    assert deployment.accounts.list_gateway_keys(deployment.user_id) == []
    assert deployment.invoke("delete_account") == (200, {"success": True})
    actions = [
        item["action"]["S"]
        for item in deployment.aws.items("Accounts")
        if item["pk"]["S"] == f"audit#user#{deployment.user_id}"
    ]
    assert sorted(actions) == ["account.deleted", "gateway_key.revoked"]


def test_a_team_that_is_made_meanwhile_is_not_left_without_its_owner(deployment: Deployment) -> None:
    offices = Offices(deployment.aws)
    forget_user = AccountRepository.forget_user

    def founding(*arguments: Any) -> None:
        offices.found(deployment.user_id)
        forget_user(*arguments)

    with patch.object(AccountRepository, "forget_user", founding):
        assert deployment.invoke("delete_account")[0] == 409
    assert deployment.aws.cognito.admin_get_user(UserPoolId=deployment.aws.user_pool_id, Username=EMAIL)["Enabled"]


def test_an_empty_change_is_refused(deployment: Deployment) -> None:
    deployment.events["change_gateway_key"] = with_body(EVENTS["change_gateway_key"], {})
    assert deployment.invoke("change_gateway_key")[0] == 422


def test_who_owns_a_team_cannot_go(deployment: Deployment) -> None:
    Offices(deployment.aws).found(deployment.user_id)
    status, body = deployment.invoke("delete_account")
    assert (status, body["code"]) == (409, "CONFLICT")
    assert deployment.accounts.find_gateway_key("IdOfAGatewayKey0") is not None
