from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from ownkey.domain import errors as e
from ownkey.domain.provider_keys import KeyStatus, ProviderKey
from ownkey.storage.spending import SpendingRepository
from tests.support.tables import BOTO_ERRORS, EmulatedAws, emulated_aws
from tests.support.teams import CONSOLE_URL, Offices

STAMP = "2026-11-23T12:00:00Z"


@pytest.fixture(scope="module")
def module_aws() -> Iterator[EmulatedAws]:
    with emulated_aws() as aws:
        yield aws


@pytest.fixture
def aws(module_aws: EmulatedAws) -> EmulatedAws:
    return module_aws.emptied()


@pytest.fixture
def offices(aws: EmulatedAws) -> Offices:
    return Offices(aws)


@pytest.fixture
def team(offices: Offices) -> str:
    path = offices.found("olga")
    offices.bring(path, "olga", "adam", "admin")
    offices.bring(path, "olga", "mia")
    return path


def refused(kind: type[e.GatewayError], offices: Offices, *call: Any, **query: str) -> str:
    with pytest.raises(kind) as raised:
        offices.ask(*call, **query)
    assert type(raised.value) is kind
    return raised.value.message


def actions(offices: Offices, team: str) -> list[str]:
    records = offices.ask("olga", "GET", f"{team}/audit")["records"]
    return [record["action"] for record in reversed(records)]


def test_a_team_is_created_listed_and_shown(offices: Offices) -> None:
    path = offices.found("olga", "  Blue-Team_7 ")
    [row] = offices.ask("olga", "GET", "/api/teams")["teams"]
    assert row == {"uuid": path.rpartition("/")[2], "name": "Blue-Team_7", "status": "active", "role": "owner"}
    shown = offices.ask("olga", "GET", path)["team"]
    assert (shown["byok_enabled"], shown["byok_mode"], shown["usage_limit_usd"]) == (False, "disabled", None)
    assert offices.ask("sam", "GET", "/api/teams") == {"teams": []}


def test_an_owner_has_one_team_of_a_name(offices: Offices) -> None:
    path = offices.found("olga")
    refused(e.ConflictError, offices, "olga", "POST", "/api/teams", {"name": "ENGINEERING"})
    offices.found("otto")
    offices.ask("olga", "PATCH", path, {"name": "Research"})
    offices.found("olga")
    refused(e.ConflictError, offices, "olga", "PATCH", path, {"name": "engineering"})
    offices.ask("olga", "PATCH", path, {"name": "RESEARCH"})


@pytest.mark.parametrize("name", ["x", "a" * 51, "a/b", "a\nb", "", " a ", 7, None])
def test_names_are_checked(offices: Offices, name: Any) -> None:
    refused(e.InvalidInputError, offices, "olga", "POST", "/api/teams", {"name": name})


def test_a_team_is_paused_and_resumed_but_not_by_its_people_when_suspended(offices: Offices, team: str) -> None:
    assert offices.ask("adam", "PATCH", team, {"status": "paused"})["team"]["status"] == "paused"
    assert offices.ask("mia", "GET", team)["team"]["paused_at"]
    offices.ask("olga", "PATCH", team, {"status": "active"})
    assert offices.ask("mia", "GET", team)["team"]["paused_at"] is None
    of_team, _ = offices.teams.place_of(team.rpartition("/")[2], "olga")
    offices.teams.close(of_team, offices_actor("olga"))
    refused(e.ConflictError, offices, "olga", "PATCH", team, {"status": "active"})


def offices_actor(who: str) -> Any:
    from ownkey.domain.audit import Actor

    return Actor(user_id=who)


def test_members_are_listed_in_pages(offices: Offices, team: str, aws: EmulatedAws) -> None:
    spending = SpendingRepository(aws.dynamodb, "Usage", BOTO_ERRORS)
    spending.add(Decimal("1.25"), now=offices.now(), gateway_key_id=None, member=(team.rpartition("/")[2], "mia"))
    everyone = offices.ask("mia", "GET", f"{team}/members")
    assert [(each["sessionId"], each["role"]) for each in everyone["members"]] == [
        ("olga", "owner"),
        ("adam", "admin"),
        ("mia", "member"),
    ]
    assert [each["usage_usd_monthly"] for each in everyone["members"]] == [0, 0, 1.25]
    assert everyone["pagination"] == {"page": 1, "limit": 3, "total": 3, "totalPages": 1}
    second = offices.ask("mia", "GET", f"{team}/members", page="2", limit="2")
    assert [each["sessionId"] for each in second["members"]] == ["mia"]
    assert second["pagination"]["totalPages"] == 2
    for wrong in ({"page": "0"}, {"limit": "101"}, {"limit": "-1"}, {"page": "x"}):
        refused(e.InvalidInputError, offices, "mia", "GET", f"{team}/members", **wrong)


def test_roles_change_but_not_the_owners_and_not_ones_own(offices: Offices, team: str) -> None:
    offices.ask("adam", "PATCH", f"{team}/members", {"sessionId": "mia", "role": "admin"})
    offices.ask("mia", "PATCH", f"{team}/members", {"sessionId": "adam", "role": "member"})
    refused(e.ForbiddenError, offices, "adam", "PATCH", f"{team}/members", {"sessionId": "mia", "role": "member"})
    refused(e.ForbiddenError, offices, "mia", "PATCH", f"{team}/members", {"sessionId": "olga", "role": "member"})
    refused(e.SelfTargetError, offices, "mia", "PATCH", f"{team}/members", {"sessionId": "mia", "role": "member"})
    refused(e.NotFoundError, offices, "mia", "PATCH", f"{team}/members", {"sessionId": "sam", "role": "member"})
    refused(e.InvalidInputError, offices, "mia", "PATCH", f"{team}/members", {"sessionId": "adam", "role": "owner"})
    refused(e.InvalidInputError, offices, "mia", "PATCH", f"{team}/members", {"sessionId": "adam"})


def test_limits_are_exact_and_can_be_taken_away(offices: Offices, team: str) -> None:
    of_mia = {"sessionId": "mia", "usage_limit_usd": 0.1, "usage_limit_enforced": True}
    offices.ask("adam", "PATCH", f"{team}/members", of_mia)
    _, mia = offices.teams.place_of(team.rpartition("/")[2], "mia")
    assert (mia.usage_limit_usd, mia.usage_limit_enforced) == (Decimal("0.1"), True)
    own = offices.ask("mia", "GET", f"{team}/members/self")
    assert (own["effective_usage_limit_usd"], own["effective_usage_limit_enforced"]) == (0.1, True)
    offices.ask(
        "olga", "PATCH", f"{team}/settings", {"default_member_usage_limit_usd": 5, "usage_limit_enforced": True}
    )
    offices.ask("adam", "PATCH", f"{team}/members", {"sessionId": "mia", "usage_limit_usd": None})
    assert offices.ask("mia", "GET", f"{team}/members/self")["effective_usage_limit_usd"] == 5
    wrong: Any
    for wrong in (-1, "x", True, [], 1e12, "NaN"):
        refused(e.InvalidInputError, offices, "olga", "PATCH", f"{team}/settings", {"team_usage_limit_usd": wrong})


def test_own_preferences(offices: Offices, team: str) -> None:
    changed = offices.ask("mia", "PATCH", f"{team}/members/self", {"bill_to_team": True, "name": " Mia M. "})
    assert changed["preferences"]["bill_to_team"] is True
    assert offices.ask("mia", "GET", f"{team}/members/self")["name"] == "Mia M."
    offices.ask("mia", "PATCH", f"{team}/members/self", {"name": None})
    assert offices.ask("mia", "GET", f"{team}/members/self")["name"] is None
    refused(e.InvalidInputError, offices, "mia", "PATCH", f"{team}/members/self", {"bill_to_team": None})
    refused(e.InvalidInputError, offices, "mia", "PATCH", f"{team}/members/self", {"role": "owner"})


def test_people_leave_and_are_removed_but_not_the_owner(offices: Offices, team: str) -> None:
    refused(e.ForbiddenError, offices, "olga", "POST", f"{team}/leave")
    refused(e.ForbiddenError, offices, "adam", "DELETE", f"{team}/members", {"sessionId": "olga"})
    refused(e.SelfTargetError, offices, "adam", "DELETE", f"{team}/members", {"sessionId": "adam"})
    offices.ask("adam", "DELETE", f"{team}/members", {"sessionId": "mia"})
    refused(e.NotFoundError, offices, "mia", "GET", team)
    assert offices.ask("mia", "GET", "/api/teams") == {"teams": []}
    offices.ask("adam", "POST", f"{team}/leave")
    refused(e.NotFoundError, offices, "adam", "GET", team)


def test_an_invitation_lets_one_person_in_once(offices: Offices, team: str) -> None:
    made = offices.ask("adam", "POST", f"{team}/invitations", {"email": "New@Example.com"})["invitation"]
    assert (made["email"], made["role"], made["status"], made["emailed"]) == (
        "new@example.com",
        "member",
        "pending",
        False,
    )
    looked_up = offices.ask("", "GET", "/api/teams/invitations/lookup", token=made["token"])
    assert looked_up == {
        "type": "invitation",
        "email": "new@example.com",
        "status": "pending",
        "teamName": "Engineering",
    }
    accept = ("POST", "/api/teams/invitations/accept", {"token": made["token"]})
    offices.ask("nina", *accept)
    refused(e.ConflictError, offices, "sam", *accept)
    refused(e.ConflictError, offices, "nina", *accept)
    statuses = [each["status"] for each in offices.ask("olga", "GET", f"{team}/invitations")["invitations"]]
    assert statuses == ["accepted", "accepted", "accepted"]
    refused(e.NotFoundError, offices, "sam", "POST", "/api/teams/invitations/accept", {"token": "x" * 43})
    refused(e.InvalidInputError, offices, "sam", "POST", "/api/teams/invitations/accept", {"token": "short"})


def test_an_invitation_expires_and_is_revoked(offices: Offices, team: str) -> None:
    made = [offices.ask("adam", "POST", f"{team}/invitations", {"email": "a@example.com"})["invitation"] for _ in "abc"]
    offices.ask("adam", "PATCH", f"{team}/invitations", {"id": made[0]["id"]})
    offices.ask("adam", "PATCH", f"{team}/invitations", {"action": "revoke", "token": made[1]["token"]})
    refused(e.ConflictError, offices, "adam", "PATCH", f"{team}/invitations", {"id": made[0]["id"]})
    for one in made[:2]:
        refused(e.ConflictError, offices, "sam", "POST", "/api/teams/invitations/accept", {"token": one["token"]})
    offices.time = offices.time.replace(day=30, hour=13)
    assert "expired" in refused(
        e.ConflictError, offices, "sam", "POST", "/api/teams/invitations/accept", {"token": made[2]["token"]}
    )
    other = offices.found("otto")
    refused(e.NotFoundError, offices, "otto", "PATCH", f"{other}/invitations", {"token": made[2]["token"]})
    refused(e.InvalidInputError, offices, "adam", "PATCH", f"{team}/invitations", {})


def test_a_link_leads_to_requests_that_admins_decide(offices: Offices, team: str) -> None:
    refused(e.ForbiddenError, offices, "olga", "POST", f"{team}/invite-link/email", {"emails": ["a@example.com"]})
    first = offices.ask("adam", "POST", f"{team}/invite-link", {})["token"]
    token = offices.ask("adam", "POST", f"{team}/invite-link", {"action": "enable"})["token"]
    refused(e.NotFoundError, offices, "sam", "POST", "/api/teams/join", {"token": first})
    assert offices.ask("olga", "GET", f"{team}/invite-link") == {"enabled": True, "token": token}
    assert offices.ask("mia", "GET", team)["team"]["invite_link_token"] is None
    assert offices.ask("mia", "POST", "/api/teams/join", {"token": token}) == {"ok": True, "alreadyMember": True}
    for who in ("sam", "sam", "tom", "una"):
        assert offices.ask(who, "POST", "/api/teams/join", {"token": token}) == {"ok": True}
    offices.ask("una", "DELETE", "/api/teams/join", {"token": token})
    assert {each["id"] for each in offices.ask("adam", "GET", f"{team}/join-requests")["requests"]} == {"sam", "tom"}
    refused(e.ConflictError, offices, "adam", "DELETE", f"{team}/join-requests", {"id": "sam"})
    offices.ask("adam", "PATCH", f"{team}/join-requests", {"id": "sam"})
    offices.ask("adam", "PATCH", f"{team}/join-requests", {"id": "tom", "action": "reject"})
    refused(e.ConflictError, offices, "adam", "PATCH", f"{team}/join-requests", {"id": "tom"})
    assert offices.ask("sam", "GET", team)["team"]["role"] == "member"
    refused(e.NotFoundError, offices, "tom", "GET", team)
    offices.ask("adam", "DELETE", f"{team}/join-requests", {"id": "tom"})
    offices.ask("adam", "POST", f"{team}/invite-link", {"action": "disable"})
    refused(e.NotFoundError, offices, "tom", "POST", "/api/teams/join", {"token": token})


def test_e_mails_go_out_where_there_is_a_sender(aws: EmulatedAws) -> None:
    offices = Offices(aws, sender="team@example.com")
    team = offices.found("olga")
    made = offices.ask("olga", "POST", f"{team}/invitations", {"email": "a@example.com"})["invitation"]
    assert made["emailed"]
    assert f"\n{CONSOLE_URL}#/invitation?token={made['token']}\n" in offices.ses.texts[0]
    offices.ask("olga", "POST", f"{team}/invite-link", {})
    sent = offices.ask("olga", "POST", f"{team}/invite-link/email", {"emails": ["b@example.com", "c@example.com"]})
    assert sent["emailed"]
    assert offices.ses.sent == ["a@example.com", "b@example.com", "c@example.com"]
    refused(e.RateLimitedError, offices, "olga", "POST", f"{team}/invite-link/email", {"emails": ["d@example.com"] * 4})
    offices.ses.error = RuntimeError("the sender is not verified")
    assert not offices.ask("olga", "POST", f"{team}/invitations", {"email": "e@example.com"})["invitation"]["emailed"]


def test_ownership_goes_over_and_the_old_owner_stays_as_an_admin(offices: Offices, team: str) -> None:
    refused(e.SelfTargetError, offices, "olga", "POST", f"{team}/owner", {"sessionId": "olga"})
    refused(e.NotFoundError, offices, "olga", "POST", f"{team}/owner", {"sessionId": "sam"})
    offices.ask("olga", "POST", f"{team}/owner", {"sessionId": "mia"})
    roles = {each["sessionId"]: each["role"] for each in offices.ask("mia", "GET", f"{team}/members")["members"]}
    assert roles == {"olga": "admin", "adam": "admin", "mia": "owner"}
    offices.found("olga")
    refused(e.ConflictError, offices, "mia", "POST", "/api/teams", {"name": "Engineering"})
    refused(e.ConflictError, offices, "mia", "POST", f"{team}/owner", {"sessionId": "olga"})


def test_allowed_models_and_byok_settings(offices: Offices, team: str) -> None:
    assert offices.ask("mia", "GET", f"{team}/allowed-models") == {"allowed_models": None, "all_allowed": True}
    models = {"openai/gpt-4.1": True, "x": False}
    changed = offices.ask("adam", "PATCH", f"{team}/allowed-models", {"allowed_models": models})
    assert changed == {"ok": True, "allowed_models": models, "all_allowed": False}
    assert offices.ask("adam", "PATCH", f"{team}/allowed-models", {"allowed_models": {}})["allowed_models"] == {}
    offices.ask("adam", "PATCH", f"{team}/allowed-models", {"allowed_models": None})
    refused(e.InvalidInputError, offices, "adam", "PATCH", f"{team}/allowed-models", {})
    for body, mode in (
        ({"byok_enabled": True}, "prefer_team"),
        ({"byok_mode": "require_team"}, "require_team"),
        ({"byok_enabled": True}, "require_team"),
        ({"byok_enabled": False}, "disabled"),
        ({"byok_enabled": True, "byok_mode": "prefer_team"}, "prefer_team"),
    ):
        assert offices.ask("adam", "PATCH", f"{team}/byok-settings", body)["byok_mode"] == mode
        shown = offices.ask("mia", "GET", f"{team}/byok-settings")
        assert shown == {"byok_enabled": mode != "disabled", "byok_mode": mode}
    for wrong in (
        {},
        {"byok_enabled": False, "byok_mode": "require_team"},
        {"byok_enabled": True, "byok_mode": "disabled"},
    ):
        refused(e.InvalidInputError, offices, "adam", "PATCH", f"{team}/byok-settings", wrong)


def test_every_change_leaves_a_record_and_none_holds_a_token_or_an_address(
    offices: Offices, team: str, aws: EmulatedAws
) -> None:
    token = offices.ask("adam", "POST", f"{team}/invite-link", {})["token"]
    offices.ask("adam", "PATCH", f"{team}/settings", {"team_usage_limit_usd": 10})
    offices.ask("mia", "POST", f"{team}/leave")
    assert actions(offices, team) == [
        "team.created",
        "invitation.created",
        "invitation.accepted",
        "invitation.created",
        "invitation.accepted",
        "team.invite_link_changed",
        "team.settings_changed",
        "member.left",
    ]
    [last, *_] = offices.ask("olga", "GET", f"{team}/audit")["records"]
    assert (last["actor"], last["source_ip"], last["target"]) == ("mia", "203.0.113.7", "mia")
    trail = str([item for item in aws.items("Accounts") if item["pk"]["S"].startswith("audit#")])
    assert token not in trail
    assert "@example.com" not in trail
    page = offices.ask("olga", "GET", f"{team}/audit", limit="3")
    rest = offices.ask("olga", "GET", f"{team}/audit", limit="100", before=page["before"])
    assert len(page["records"]) + len(rest["records"]) == 8


def test_a_deleted_team_leaves_nothing_but_its_trail(offices: Offices, team: str, aws: EmulatedAws) -> None:
    team_id = team.rpartition("/")[2]
    offices.ask("adam", "POST", f"{team}/invite-link", {})
    offices.ask("adam", "POST", f"{team}/invitations", {"email": "x@example.com"})
    key = ProviderKey(
        owner=f"team#{team_id}",
        provider="openai",
        key_id="k",
        status=KeyStatus.ACTIVE,
        created_at=STAMP,
        updated_at=STAMP,
        ciphertext=b"sealed",
    )
    offices.keys.save(key)
    refused(e.InvalidInputError, offices, "olga", "DELETE", team, {"name": "engineering"})
    offices.ask("olga", "DELETE", team, {"name": "Engineering"})
    assert {item["pk"]["S"].partition("#")[0] for item in aws.items("Accounts")} == {"audit"}
    assert aws.items("ProviderKeys") == []
    offices.found("olga")


def test_a_deletion_that_broke_off_leaves_a_team_that_nobody_can_use_and_is_finished_later(
    offices: Offices, team: str, aws: EmulatedAws
) -> None:
    link = offices.ask("adam", "POST", f"{team}/invite-link", {})["token"]
    invitation = offices.ask("adam", "POST", f"{team}/invitations", {"email": "x@example.com"})["invitation"]["token"]
    of_team, _ = offices.teams.place_of(team.rpartition("/")[2], "olga")
    offices.teams.close(of_team, offices_actor("olga"))
    assert offices.ask("mia", "GET", team)["team"]["status"] == "suspended"
    refused(e.NotFoundError, offices, "sam", "POST", "/api/teams/join", {"token": link})
    refused(e.ConflictError, offices, "sam", "POST", "/api/teams/invitations/accept", {"token": invitation})
    offices.ask("olga", "DELETE", team, {"name": "Engineering"})
    assert {item["pk"]["S"].partition("#")[0] for item in aws.items("Accounts")} == {"audit"}
