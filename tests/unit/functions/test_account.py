"""The function behind /api/session and /api/user/gateway-keys: every sample event, and what may never leave it."""

import json
from collections.abc import Iterator
from datetime import timedelta
from types import ModuleType
from typing import Any
from unittest.mock import patch

import pytest

from ownkey.domain.audit import Actor
from ownkey.domain.dates import utc_now
from ownkey.domain.errors import NotSignedInError
from ownkey.domain.identity import GatewayKey
from ownkey.domain.secrets import Secret
from ownkey.services.account import AccountService
from ownkey.storage import keyspace
from ownkey.storage.accounts import AccountRepository
from tests.support.accounts import attempts
from tests.support.provider_keys import ROOT, Invocation, load_function, sample_events, with_body
from tests.support.tables import (
    BOTO_ERRORS,
    EMAIL,
    PASSWORD,
    BrokenClient,
    EmulatedAws,
    client_error,
    emulated_aws,
    sessions_of,
)

EVENTS = sample_events("account")
STATUSES = {
    "sign_in": 200,
    "sign_in_wrong_password": 401,
    "sign_in_unknown_user": 401,
    "sign_in_not_json": 422,
    "sign_in_by_a_form": 422,
    "sign_in_without_password": 422,
    "sign_in_unknown_field": 422,
    "show_session": 200,
    "show_session_without_one": 401,
    "show_session_ended": 401,
    "sign_out": 200,
    "sign_out_from_another_site": 403,
    "list_gateway_keys": 200,
    "list_gateway_keys_with_a_gateway_key": 401,
    "create_gateway_key": 200,
    "create_gateway_key_without_name": 200,
    "create_gateway_key_expired": 422,
    "create_gateway_key_without_zone": 422,
    "create_gateway_key_from_another_site": 403,
    "revoke_gateway_key": 200,
    "revoke_gateway_key_unknown": 404,
    "revoke_gateway_key_without_id": 422,
    "unknown_route": 404,
}
CODES = {401: "UNAUTHORIZED", 403: "FORBIDDEN", 404: "NOT_FOUND", 422: "INVALID_INPUT", 503: "UNAVAILABLE"}
Answer = tuple[int, dict[str, Any], dict[str, list[str]]]


class Deployment:
    """The function after a cold start, and a person who is signed in."""

    def __init__(self, aws: EmulatedAws, module: ModuleType) -> None:
        self.aws = aws
        self.module = module
        self.accounts = AccountRepository(aws.dynamodb, "Accounts", BOTO_ERRORS)
        self.accounts.add_gateway_key(
            GatewayKey(
                key_id="IdOfAGatewayKey0",
                user_id=aws.user_id,
                secret_sha256="ab" * 32,
                name="in the sample events",
                created_at="2026-01-01T00:00:00Z",
            )
        )
        sessions = sessions_of(aws)
        self.client_id = aws.user_pool_client_id
        tokens = sessions.sign_in(EMAIL, Secret(PASSWORD))
        assert tokens.refresh_token is not None
        self.token, self.refresh_token = tokens.access_token.reveal(), tokens.refresh_token.reveal()

    def invoke(self, event: dict[str, Any]) -> Answer:
        signed_in = json.loads(json.dumps(event).replace("the-access-token", self.token))
        answered = self.module.lambda_handler(signed_in, Invocation())
        return answered["statusCode"], json.loads(answered["body"]), answered["multiValueHeaders"]


@pytest.fixture(scope="module")
def aws() -> Iterator[EmulatedAws]:
    with emulated_aws() as in_this_process, patch.dict("os.environ", in_this_process.environment()):
        yield in_this_process


@pytest.fixture(scope="module")
def cold_start(aws: EmulatedAws) -> ModuleType:
    return load_function("account")


@pytest.fixture
def function(aws: EmulatedAws, cold_start: ModuleType) -> Deployment:
    return Deployment(aws.emptied(), cold_start)


def test_every_sample_event_has_an_expected_status() -> None:
    assert set(STATUSES) == set(EVENTS)


@pytest.mark.parametrize("name", STATUSES)
def test_a_sample_event_gets_its_answer(function: Deployment, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, body, headers = function.invoke(EVENTS[name])

    assert status == STATUSES[name]
    assert headers["Cache-Control"] == ["no-store"]
    assert headers["x-request-id"] == [f"req_{EVENTS[name]['requestContext']['requestId']}"]
    if status != 200:
        assert (body["code"], body["status"]) == (CODES[status], status)
        assert "Set-Cookie" not in headers
    logged = capsys.readouterr().out
    for secret in (PASSWORD, "Wrong-horse-42", function.token, body.get("key", "\0")):
        assert secret not in logged


def test_signing_in_sets_a_cookie_that_works(function: Deployment, aws: EmulatedAws) -> None:
    _, body, headers = function.invoke(EVENTS["sign_in"])
    assert body == {"user_id": aws.user_id, "email": EMAIL, "default_team_uuid": None}

    for cookie, name in zip(headers["Set-Cookie"], ("__Host-ownkey_session", "__Host-ownkey_refresh"), strict=True):
        value, _, attributes = cookie.partition("; ")
        assert value.startswith(f"{name}=")
        assert attributes.startswith("Max-Age=")
        assert attributes.endswith("; Path=/; HttpOnly; SameSite=Strict; Secure")
    value = headers["Set-Cookie"][0].partition("; ")[0]

    shown = {**EVENTS["show_session"], "headers": {"Cookie": value}, "multiValueHeaders": None}
    assert function.invoke(shown)[:2] == (200, body)


def test_no_answer_but_the_cookie_holds_a_token(function: Deployment) -> None:
    _, body, headers = function.invoke(EVENTS["sign_in"])
    for cookie in headers.pop("Set-Cookie"):
        token = cookie.partition("=")[2].partition(";")[0]
        assert len(token) > 20
        assert token not in json.dumps([body, headers])


def test_a_wrong_password_and_an_unknown_user_get_the_same_answer(function: Deployment) -> None:
    assert function.invoke(EVENTS["sign_in_wrong_password"])[:2] == function.invoke(EVENTS["sign_in_unknown_user"])[:2]


@pytest.mark.parametrize(
    "email", ["", "nobody", "a b@example.com", "a@b@c", "ä@example.com", "a\u0000@b", "\ud800@b", 7]
)
@pytest.mark.parametrize("password", [PASSWORD, "", None, "x" * 257, {"a": PASSWORD}])
def test_no_sign_in_body_breaks_the_function_or_is_repeated(function: Deployment, email: Any, password: Any) -> None:
    status, body, _ = function.invoke(with_body(EVENTS["sign_in"], {"email": email, "password": password}))
    assert status == 422
    assert PASSWORD not in json.dumps(body)


def test_signing_out_ends_the_session_and_clears_the_cookie(function: Deployment) -> None:
    _, body, headers = function.invoke(EVENTS["sign_out"])
    assert body == {"success": True}
    assert headers["Set-Cookie"][0].startswith("__Host-ownkey_session=; Max-Age=0; ")
    assert function.invoke(EVENTS["show_session"])[0] == 401


def test_a_session_tells_the_default_team(function: Deployment, aws: EmulatedAws) -> None:
    place = {name: {"S": value} for name, value in keyspace.member("t1", aws.user_id).items()}
    aws.dynamodb.put_item(TableName="Accounts", Item=place)
    function.accounts.change_default_team(aws.user_id, "t1", Actor(user_id=aws.user_id))
    assert function.invoke(EVENTS["show_session"])[1]["default_team_uuid"] == "t1"


def test_signing_out_ends_a_session_whose_access_token_has_ended(function: Deployment) -> None:
    sign_out = json.dumps(EVENTS["sign_out"])
    # The browser has dropped the access token's cookie: it lasts for minutes, the session for days.
    late = json.loads(sign_out.replace("__Host-ownkey_session=the-access-token", "__Host-ownkey_refresh=the-refresh"))
    late = json.loads(json.dumps(late).replace("the-refresh", function.refresh_token))
    status, _, headers = function.invoke(late)
    assert status == 200
    assert [cookie.partition(";")[0] for cookie in headers["Set-Cookie"]] == [
        "__Host-ownkey_session=",
        "__Host-ownkey_refresh=",
    ]
    with pytest.raises(NotSignedInError):
        sessions_of(function.aws).renew(Secret(function.refresh_token))


def test_guessing_passwords_is_slowed_down(function: Deployment) -> None:
    tomorrow = utc_now() + timedelta(days=1)  # a minute that no other test counts in
    with patch.object(function.module.accounts.attempts.rate_limit, "_now", lambda: tomorrow):
        statuses = [function.invoke(EVENTS["sign_in_wrong_password"])[0] for _ in range(11)]
    assert statuses == [401] * 10 + [429]


def test_signing_out_twice_is_no_mistake(function: Deployment) -> None:
    assert [function.invoke(EVENTS["sign_out"])[0] for _ in range(2)] == [200, 200]


def test_a_created_key_is_shown_once_and_works(function: Deployment, aws: EmulatedAws) -> None:
    _, created, _ = function.invoke(EVENTS["create_gateway_key"])
    limits = {"allowed_origins", "requests_per_day", "usd_per_day"}
    assert created.keys() == {"id", "key", "name", "created_at", "expires_at"} | limits
    assert (created["name"], created["expires_at"]) == ("laptop", "2098-12-31T23:00:00Z")

    principal = function.module.authenticator.program({"x-api-key": created["key"]})
    assert principal.user_id == aws.user_id

    _, listed, _ = function.invoke(EVENTS["list_gateway_keys"])
    assert [key["id"] for key in listed["keys"]] == ["IdOfAGatewayKey0", created["id"]]
    assert listed["keys"][1] == {name: value for name, value in created.items() if name != "key"}
    secret = created["key"].rpartition("-")[2]
    assert secret not in json.dumps([listed, aws.items("Accounts")])


def test_a_revoked_key_stops_at_once(function: Deployment) -> None:
    _, created, _ = function.invoke(EVENTS["create_gateway_key"])
    revoke = {**EVENTS["revoke_gateway_key"], "queryStringParameters": {"id": created["id"]}}

    assert [function.invoke(revoke)[0] for _ in range(2)] == [200, 404]
    assert function.accounts.find_gateway_key(created["id"]) is None


def test_nobody_revokes_somebody_elses_key(function: Deployment) -> None:
    other = GatewayKey(key_id="E" * 16, user_id="eve", secret_sha256="", name="n", created_at="2026-01-01T00:00:00Z")
    function.accounts.add_gateway_key(other)
    revoke = {**EVENTS["revoke_gateway_key"], "queryStringParameters": {"id": other.key_id}}
    assert function.invoke(revoke)[0] == 404
    assert function.accounts.find_gateway_key(other.key_id) == other


@pytest.mark.parametrize("name", ["sign_in", "show_session", "sign_out", "list_gateway_keys", "create_gateway_key"])
def test_a_cloud_that_is_away_is_503_and_never_401(function: Deployment, name: str) -> None:
    broken = BrokenClient(client_error("InternalErrorException"))
    away = AccountService(
        gateway_key_store=AccountRepository(broken, "Accounts", BOTO_ERRORS),
        sessions=sessions_of(function.aws, cognito=broken),
        attempts=attempts(),
        now=utc_now,
    )
    with patch.object(function.module, "accounts", away):
        status, body, headers = function.invoke(EVENTS[name])
    assert (status, body["code"]) == (503, "UNAVAILABLE")
    assert int(headers["Retry-After"][0]) > 0


def test_the_handler_file_stays_thin() -> None:
    assert len((ROOT / "functions/account/app.py").read_text().splitlines()) <= 60
