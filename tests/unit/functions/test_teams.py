"""The function behind /api/teams: every sample event, with a person who is signed in."""

import json
from collections.abc import Iterator
from types import ModuleType
from typing import Any
from unittest.mock import patch

import pytest

from ownkey.domain.secrets import Secret
from tests.support.provider_keys import Invocation, load_function, sample_events
from tests.support.tables import EMAIL, PASSWORD, EmulatedAws, emulated_aws, sessions_of

EVENTS = sample_events("teams")
STATUSES = {
    "create": 200,
    "create_from_another_site": 403,
    "create_with_a_bad_name": 422,
    "list": 200,
    "list_with_a_gateway_key": 401,
    "lookup_of_an_unknown_token": 404,
    "settings_of_another_team": 404,
    "show_another_team": 404,
    "unknown_route": 404,
}


class Deployment:
    def __init__(self, aws: EmulatedAws, module: ModuleType) -> None:
        self.aws, self._module = aws, module
        sessions = sessions_of(aws)
        self._token = sessions.sign_in(EMAIL, Secret(PASSWORD)).access_token.reveal()

    def invoke(self, event: dict[str, Any]) -> tuple[int, dict[str, Any], dict[str, list[str]]]:
        signed_in = json.loads(json.dumps(event).replace("the-access-token", self._token))
        answered = self._module.lambda_handler(signed_in, Invocation())
        return answered["statusCode"], json.loads(answered["body"]), answered["multiValueHeaders"]


@pytest.fixture(scope="module")
def deployment() -> Iterator[Deployment]:
    with emulated_aws() as aws, patch.dict("os.environ", aws.environment()):
        yield Deployment(aws, load_function("teams"))


def test_every_sample_event_has_a_status() -> None:
    assert set(EVENTS) == set(STATUSES)


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_sample_events(deployment: Deployment, name: str) -> None:
    deployment.aws.emptied()
    status, body, headers = deployment.invoke(EVENTS[name])
    assert status == STATUSES[name]
    assert headers["Cache-Control"] == ["no-store"]
    assert headers["x-request-id"]
    if status >= 400:
        assert set(body) == {"code", "message", "details", "status"}


def test_a_created_team_belongs_to_the_person_and_is_in_the_trail(deployment: Deployment) -> None:
    deployment.aws.emptied()
    _, created, _ = deployment.invoke(EVENTS["create"])
    _, listed, _ = deployment.invoke(EVENTS["list"])
    assert listed["teams"] == [created["team"]]
    [record] = [item for item in deployment.aws.items("Accounts") if item["pk"]["S"].startswith("audit#")]
    assert record["actor_id"]["S"] == deployment.aws.user_id
    assert record["source_ip"]["S"] == "192.0.2.1"
