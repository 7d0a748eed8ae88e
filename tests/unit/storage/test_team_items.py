from decimal import Decimal

import pytest

from ownkey.domain.errors import StoreUnavailableError
from ownkey.domain.teams import ByokMode, Member, Role, Team, TeamStatus
from ownkey.storage.attributes import from_typed, to_typed
from ownkey.storage.team_items import member_item, member_of, team_item, team_of

TEAM = Team(team_id="t1", name="Engineering", owner_id="ada", created_at="2026-11-23T12:00:00Z")
FULL_TEAM = Team(
    team_id="t1",
    name="Engineering",
    owner_id="ada",
    created_at="2026-11-23T12:00:00Z",
    status=TeamStatus.PAUSED,
    byok_mode=ByokMode.REQUIRE_TEAM,
    paused_at="2026-11-23T13:00:00Z",
    suspended_at="2026-11-23T14:00:00Z",
    allowed_models={"openai/gpt-4.1": True, "x": False},
    default_member_usage_limit_usd=Decimal("12.50"),
    usage_limit_usd=Decimal(100),
    usage_limit_enforced=True,
    invite_link_enabled=True,
    invite_link_token="t" * 43,
)
MEMBER = Member(team_id="t1", user_id="bob", role=Role.MEMBER, joined_at="2026-11-23T12:00:00Z", email="b@example.com")
FULL_MEMBER = Member(
    team_id="t1",
    user_id="bob",
    role=Role.ADMIN,
    joined_at="2026-11-23T12:00:00Z",
    email="b@example.com",
    name="Bob",
    bill_to_team=True,
    usage_limit_usd=Decimal("0.000000001"),
    usage_limit_enforced=False,
)


@pytest.mark.parametrize("team", [TEAM, FULL_TEAM])
def test_a_team_comes_back_as_it_was_stored(team: Team) -> None:
    assert team_of(from_typed(to_typed(team_item(team)))) == team


@pytest.mark.parametrize("member", [MEMBER, FULL_MEMBER])
def test_a_member_comes_back_as_it_was_stored(member: Member) -> None:
    assert member_of(from_typed(to_typed(member_item(member)))) == member


@pytest.mark.parametrize(
    "change", [{"status": "asleep"}, {"byok_mode": "maybe"}, {"version": 99}, {"name": 7}, {"allowed_models": "{"}]
)
def test_an_unreadable_team_is_refused(change: dict[str, str | int]) -> None:
    with pytest.raises(StoreUnavailableError):
        team_of(from_typed(to_typed({**team_item(TEAM), **change})))


@pytest.mark.parametrize("change", [{"role": "king"}, {"usage_limit_usd": "1"}, {"version": 99}])
def test_an_unreadable_member_is_refused(change: dict[str, str | int]) -> None:
    with pytest.raises(StoreUnavailableError):
        member_of(from_typed(to_typed({**member_item(MEMBER), **change})))
