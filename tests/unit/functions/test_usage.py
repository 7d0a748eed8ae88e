"""The function of reports: every sample event, with a program and a person, and figures settled before."""

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from types import ModuleType
from typing import Any
from unittest.mock import patch

import pytest

from ownkey.domain.prices import Charge
from ownkey.domain.secrets import Secret
from ownkey.domain.teams import ByokMode, Member, Role, Team, TeamStatus
from ownkey.storage.accounts import AccountRepository
from ownkey.storage.table import Table
from ownkey.storage.team_items import member_item, team_item
from ownkey.storage.usage import UsageRepository
from tests.support.provider_keys import EVENT_GATEWAY_KEY, forget, load_function, sample_events
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
from tests.support.usage_records import images_of, metering, usage_record

EVENTS = sample_events("usage")
OUTCOMES = {
    "account": (200, None),
    "balance": (200, None),
    "balance_without_credential": (401, "missing_api_key"),
    "export": (200, None),
    "export_as_something_else": (400, "invalid_parameter_value"),
    "export_of_a_team": (200, None),
    "export_requests": (200, None),
    "own": (200, None),
    "own_by_provider": (200, None),
    "own_in_the_future": (400, "invalid_parameter_value"),
    "own_old_parameter": (400, "invalid_parameter_value"),
    "own_other_key": (403, "forbidden"),
    "own_unknown_gateway_key": (401, "invalid_api_key"),
    "own_without_credential": (401, "missing_api_key"),
    "team": (200, None),
    "team_by_day": (200, None),
    "team_of_others": (404, "NOT_FOUND"),
    "team_with_a_gateway_key": (401, "UNAUTHORIZED"),
    "unknown_route": (404, "not_found"),
}
TEAM_ID = "00000000-0000-4000-8000-0000000000aa"
USED_AT = datetime(2026, 11, 23, 9, tzinfo=UTC)


class Deployment:
    def __init__(self, aws: EmulatedAws, module: ModuleType) -> None:
        self._module = module
        self._token = sessions_of(aws).sign_in(EMAIL, Secret(PASSWORD)).access_token.reveal()

    def handle(self, event: dict[str, Any]) -> tuple[int, Any, dict[str, str]]:
        signed_in = json.loads(json.dumps(event).replace("the-access-token", self._token))
        answer = self._module.lambda_handler(signed_in, None)
        is_json = answer["headers"]["Content-Type"] == "application/json"
        return answer["statusCode"], json.loads(answer["body"]) if is_json else answer["body"], answer["headers"]


@pytest.fixture(scope="module")
def deployment() -> Iterator[Deployment]:
    with emulated_aws() as aws, patch.dict("os.environ", aws.environment()):
        AccountRepository(aws.dynamodb, "Accounts", BOTO_ERRORS).add_gateway_key(EVENT_GATEWAY_KEY)
        accounts = Table(aws.dynamodb, "Accounts", BOTO_ERRORS)
        team = Team(
            team_id=TEAM_ID,
            name="Engineering",
            owner_id="olga",
            status=TeamStatus.ACTIVE,
            byok_mode=ByokMode.DISABLED,
            created_at="2026-11-01T00:00:00Z",
        )
        accounts.put(team_item(team))
        joined: dict[str, Any] = {"joined_at": "2026-11-01T00:00:00Z", "email": EMAIL}
        accounts.put(member_item(Member(team_id=TEAM_ID, user_id=aws.user_id, role=Role.MEMBER, **joined)))
        settle(aws)
        with patch("ownkey.bootstrap.usage.utc_now", lambda: datetime(2026, 11, 23, 12, tzinfo=UTC)):
            module = load_function("usage")
            yield Deployment(aws, module)
    forget(module)


def settle(aws: EmulatedAws) -> None:
    dice, usage = random.Random(1), UsageRepository(aws.dynamodb, "Usage", BOTO_ERRORS)
    charge = Charge(list_price=Decimal("0.0034"), platform_fee=Decimal("0.00017"), amount=Decimal("0.00017"))
    shared: dict[str, Any] = {"charge": charge, "provider": "groq", "model": "m", "started_at": USED_AT}
    usage.put(usage_record(1, dice, user_id="u-1", payer_id="u-1", team_id=None, **shared))
    usage.put(usage_record(2, dice, user_id=aws.user_id, payer_id="olga", team_id=TEAM_ID, **shared))
    usage.put(usage_record(3, dice, user_id="gone", payer_id="olga", team_id=TEAM_ID, **shared))
    images = images_of(aws.items("Usage"))
    images["event-req-1"]["gateway_key_id"] = {"S": EVENT_GATEWAY_KEY.key_id}
    assert metering(aws.dynamodb).settle(images) == {}


def test_every_sample_event_has_an_outcome() -> None:
    assert set(EVENTS) == set(OUTCOMES)


@pytest.mark.parametrize("name", sorted(OUTCOMES))
def test_sample_events(name: str, deployment: Deployment) -> None:
    status, code = OUTCOMES[name]
    answered, body, headers = deployment.handle(EVENTS[name])
    assert answered == status, body
    assert headers["x-request-id"] == "req_5e0c5b1a-2d7e-4b5e-9b7a-0d8f6c1e2a3b"
    assert headers["Cache-Control"] == "no-store"
    if code:
        assert (body["code"] if "code" in body else body["error"]["code"]) == code


def test_a_gateway_key_sees_what_it_used(deployment: Deployment) -> None:
    _, body, _ = deployment.handle(EVENTS["own"])
    assert (body["scope"], body["apiKey"]["id"], body["from"], body["to"]) == (
        "current_key", EVENT_GATEWAY_KEY.key_id, "2026-10-25", "2026-11-23",
    )  # fmt: skip
    assert (body["totals"]["requests"], body["totals"]["amount"], body["totals"]["costUsd"]) == (1, "0.00017", 0.00017)
    assert [(row["date"], row["model"], row["requests"]) for row in body["byDayModel"]] == [("2026-11-23", "m", 1)]
    assert body["source"]["liveDays"] == ["2026-11-23"]
    assert len(body["source"]["rollupDays"]) == 29
    _, body, _ = deployment.handle(EVENTS["own_by_provider"])
    assert body["groupBy"] == "day,model,provider"
    assert [(row["date"], row["provider"], row["model"]) for row in body["rows"]] == [("2026-11-23", "groq", "m")]
    assert "byDay" not in body


def test_a_person_sees_all_of_theirs_whoever_paid(deployment: Deployment) -> None:
    _, body, _ = deployment.handle(EVENTS["account"])
    assert (body["scope"], body["apiKey"], body["totals"]["requests"]) == ("account", None, 1)


def test_members_see_what_their_team_paid_for(deployment: Deployment) -> None:
    _, body, _ = deployment.handle(EVENTS["team"])
    assert (body["from"], body["to"]) == ("2026-11-01", "2026-11-23")
    assert {row["displayName"]: row["amount"] for row in body["byActor"]} == {"ada": "0.00017", "gone": "0.00017"}
    assert body["totals"] == [{"totalAmount": 0.00034, "currency": "USD", "amount": "0.00034", "requests": 2}]
    assert "rows" not in body
    _, body, _ = deployment.handle(EVENTS["team_by_day"])
    assert sorted((row["date"], row["memberName"], row["requests"]) for row in body["rows"]) == [
        ("2026-11-23", "ada", 1),
        ("2026-11-23", "gone", 1),
    ]


def test_usage_comes_as_csv(deployment: Deployment) -> None:
    _, text, headers = deployment.handle(EVENTS["export"])
    assert headers["Content-Type"] == "text/csv; charset=utf-8"
    assert headers["Content-Disposition"] == 'attachment; filename="usage.csv"'
    assert "x-next-cursor" not in headers
    [columns, line] = text.splitlines()
    assert columns.startswith("date,api_key_id,team_id,provider,model,requests,")
    assert line.startswith(f"2026-11-23,{EVENT_GATEWAY_KEY.key_id},,groq,m,1,")
    assert ",0.00017,0.00017,0.0034," in line
    _, text, _ = deployment.handle(EVENTS["export_of_a_team"])
    assert sorted(line.split(",")[2] for line in text.splitlines()) == ["", "ada", "member_name"]


def test_a_balance_is_an_exact_string(deployment: Deployment) -> None:
    assert deployment.handle(EVENTS["balance"])[1] == {"usd_balance": "-0.00017"}


def test_a_store_that_is_down_is_503(deployment: Deployment) -> None:
    broken = BrokenClient(client_error("InternalServerError"))
    with (
        patch("ownkey.bootstrap.usage.boto3_client", lambda *_: broken),
        patch("ownkey.bootstrap.people.boto3_client", lambda *_: broken),
    ):
        module = load_function("usage")
        for name, code in (("own", "service_unavailable"), ("balance", "service_unavailable")):
            answer = module.lambda_handler(EVENTS[name], None)
            assert (answer["statusCode"], json.loads(answer["body"])["error"]["code"]) == (503, code)
            assert answer["headers"]["Retry-After"]
