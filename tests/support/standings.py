"""A member in a team that pays."""

from decimal import Decimal

from ownkey.domain.teams import ByokMode, Member, Role, Team, TeamStanding

TEAM_ID = "6f1c0c9e-5f0a-4b52-9a6f-2d0f9c1b7a10"
STAMP = "2026-11-23T12:00:00Z"


def standing(*, mode=ByokMode.DISABLED, role=Role.MEMBER, bill_to_team=True, spent=(0, 0), member=None, **team):
    return TeamStanding(
        team=Team(team_id=TEAM_ID, name="Engineering", owner_id="olga", created_at=STAMP, byok_mode=mode, **team),
        member=Member(
            team_id=TEAM_ID,
            user_id="u1",
            role=role,
            joined_at=STAMP,
            email="u@example.com",
            bill_to_team=bill_to_team,
            **(member or {}),
        ),
        team_spent_usd=Decimal(spent[0]),
        member_spent_usd=Decimal(spent[1]),
    )
