"""The function behind /api/session/…: every sample event, and who may sign up."""

import json
from collections.abc import Iterator
from dataclasses import replace
from types import ModuleType
from typing import Any
from unittest.mock import patch

import pytest

from ownkey.domain.secrets import Secret
from ownkey.services.entrance import SignUpRules, rules_of
from tests.support.provider_keys import Invocation, load_function, sample_events, with_body
from tests.support.tables import EMAIL, PASSWORD, EmulatedAws, emulated_aws, sessions_of
from tests.support.teams import Offices

EVENTS = sample_events("entrance")
STATUSES = {
    "challenge_without_session": 422,
    "confirm": 200,
    "forgot_password": 200,
    "forgot_password_of_nobody": 200,
    "refresh": 200,
    "refresh_from_another_site": 403,
    "refresh_without_cookie": 401,
    "resend_without_address": 422,
    "reset_password_wrong_code": 422,
    "sign_up": 200,
    "sign_up_again": 200,
    "sign_up_by_a_form": 422,
    "sign_up_without_password": 422,
    "unknown_step": 404,
}
Answer = tuple[int, dict[str, Any], list[str]]


class Deployment:
    def __init__(self, aws: EmulatedAws, module: ModuleType) -> None:
        self.aws, self.module = aws, module
        self.let(SignUpRules(mode="open"))
        sessions = sessions_of(aws)
        refresh = sessions.sign_in(EMAIL, Secret(PASSWORD)).refresh_token
        assert refresh is not None
        self._refresh = refresh.reveal()

    def let(self, rules: SignUpRules) -> None:
        entrance = replace(self.module.build_entrance(self.module.settings()), rules=rules)
        self.module.entrance = lambda: entrance  # type: ignore[attr-defined]

    def invoke(self, event: dict[str, Any]) -> Answer:
        signed_in = json.loads(json.dumps(event).replace("the-refresh-token", self._refresh))
        answered = self.module.lambda_handler(signed_in, Invocation())
        assert answered["multiValueHeaders"]["Cache-Control"] == ["no-store"]
        return (
            answered["statusCode"],
            json.loads(answered["body"]),
            answered["multiValueHeaders"].get("Set-Cookie", []),
        )

    def sign_up(self, email: str, **fields: str) -> int:
        return self.invoke(with_body(EVENTS["sign_up"], {"email": email, "password": PASSWORD, **fields}))[0]


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    with emulated_aws() as aws, patch.dict("os.environ", aws.environment()):
        yield Deployment(aws, load_function("entrance"))


def test_every_sample_event_has_a_status() -> None:
    assert set(EVENTS) == set(STATUSES)


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_sample_events(deployment: Deployment, name: str) -> None:
    if name == "confirm":
        deployment.invoke(EVENTS["sign_up"])
    status, body, cookies = deployment.invoke(EVENTS[name])
    assert status == STATUSES[name], body
    assert bool(cookies) is (name == "refresh")


def test_a_renewed_session_is_in_cookies_only(deployment: Deployment) -> None:
    _, body, [cookie] = deployment.invoke(EVENTS["refresh"])
    assert body == {"success": True}
    assert cookie.startswith("__Host-ownkey_session=")
    assert cookie.endswith("; Path=/; HttpOnly; SameSite=Strict; Secure")


def test_an_address_that_has_an_account_is_answered_like_one_that_has_none(deployment: Deployment) -> None:
    assert deployment.invoke(EVENTS["sign_up"]) == deployment.invoke(EVENTS["sign_up_again"])
    of_ada, of_nobody = (deployment.invoke(EVENTS[name]) for name in ("forgot_password", "forgot_password_of_nobody"))
    assert of_ada == of_nobody


@pytest.mark.parametrize(
    ("rules", "email", "status"),
    [
        (SignUpRules(), "new@example.com", 403),
        (SignUpRules(mode="open"), "new@example.com", 200),
        (SignUpRules(mode="open", email_domains=frozenset({"example.com"})), "new@EXAMPLE.com", 200),
        (SignUpRules(mode="open", email_domains=frozenset({"example.com"})), "new@evil-example.com", 403),
        (SignUpRules(mode="open", email_domains=frozenset({"example.com"})), "new@sub.example.com", 403),
        (SignUpRules(mode="invitation"), "new@example.com", 403),
    ],
)
def test_the_operator_decides_who_signs_up(deployment: Deployment, rules: SignUpRules, email: str, status: int) -> None:
    deployment.let(rules)
    assert deployment.sign_up(email) == status


def test_an_invitation_opens_the_door_to_the_one_it_was_written_for(deployment: Deployment) -> None:
    deployment.let(SignUpRules(mode="invitation"))
    offices = Offices(deployment.aws)
    team = offices.found("olga")
    offices.time = deployment.module.entrance().now()
    made = offices.ask("olga", "POST", f"{team}/invitations", {"email": "new@example.com"})["invitation"]
    assert deployment.sign_up("other@example.com", invitation=made["token"]) == 403
    assert deployment.sign_up("new@example.com", invitation="0" * 43) == 403
    assert deployment.sign_up("New@example.com", invitation=made["token"]) == 200
    offices.ask("olga", "PATCH", f"{team}/invitations", {"id": made["id"]})
    assert deployment.sign_up("new@example.com", invitation=made["token"]) == 403


def test_a_token_whose_invitation_is_gone_opens_nothing(deployment: Deployment) -> None:
    deployment.let(SignUpRules(mode="invitation"))
    offices = Offices(deployment.aws)
    team = offices.found("olga")
    offices.time = deployment.module.entrance().now()
    made = offices.ask("olga", "POST", f"{team}/invitations", {"email": "new@example.com"})["invitation"]
    [place] = [item for item in deployment.aws.items("Accounts") if item["sk"]["S"].startswith("invitation#")]
    deployment.aws.dynamodb.delete_item(TableName="Accounts", Key={"pk": place["pk"], "sk": place["sk"]})
    assert deployment.sign_up("new@example.com", invitation=made["token"]) == 403


def test_tries_are_counted_by_address(deployment: Deployment) -> None:
    entrance = deployment.module.entrance()
    fixed = entrance.now()
    entrance.attempts.rate_limit._now = lambda: fixed
    statuses = [deployment.invoke(EVENTS["forgot_password"])[0] for _ in range(6)]
    assert statuses == [200] * 5 + [429]


def test_parameters_make_the_rules() -> None:
    assert rules_of("open", " Example.com,,b.org ") == SignUpRules(
        mode="open", email_domains=frozenset({"example.com", "b.org"})
    )
    assert rules_of("anything", "") == SignUpRules()
