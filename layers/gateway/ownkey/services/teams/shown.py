"""Teams and members as callers see them."""

from typing import TYPE_CHECKING

from ownkey.domain.chat import JsonObject
from ownkey.domain.teams import Member, Role, Team, TeamStanding

if TYPE_CHECKING:
    from decimal import Decimal


def number(amount: "Decimal | int | None") -> int | float | None:
    """Return the JSON number that is written with the digits of an exact one."""
    if amount is None:
        return None
    whole = int(amount)
    return whole if whole == amount else float(amount)


def team_row(team: Team, role: Role) -> JsonObject:
    """Return a team as it stands in a list."""
    return {"uuid": team.team_id, "name": team.name, "status": team.status.value, "role": role.value}


def team_details(team: Team, role: Role) -> JsonObject:
    """Return all of a team that its members may know; the invite link is its admins'."""
    return {
        **team_row(team, role),
        "created_at": team.created_at,
        "paused_at": team.paused_at,
        "suspended_at": team.suspended_at,
        "invite_link_enabled": team.invite_link_enabled,
        "invite_link_token": None if role is Role.MEMBER else team.invite_link_token,
        "default_member_usage_limit_usd": number(team.default_member_usage_limit_usd),
        "usage_limit_usd": number(team.usage_limit_usd),
        "usage_limit_enforced": team.usage_limit_enforced,
        "byok_enabled": team.byok_mode.value != "disabled",
        "byok_mode": team.byok_mode.value,
    }


def member_row(member: Member, spent_usd: "Decimal | int") -> JsonObject:
    """Return a member as the other members see them."""
    return {
        "sessionId": member.user_id,
        "sessionUUID": member.user_id,
        "role": member.role.value,
        "joinedAt": member.joined_at,
        "member_name": member.name,
        "displayName": display_name(member),
        "email": member.email,
        "usage_limit_usd": number(member.usage_limit_usd),
        "usage_limit_enforced": member.usage_limit_enforced,
        "usage_usd_monthly": number(spent_usd),
    }


def display_name(member: Member) -> str:
    """Return what a member is called."""
    return member.name or member.email.partition("@")[0]


def own_preferences(member: Member) -> JsonObject:
    """Return what a member has chosen, or was given."""
    return {
        "bill_to_team": member.bill_to_team,
        "name": member.name,
        "usage_limit_usd": number(member.usage_limit_usd),
        "usage_limit_enforced": member.usage_limit_enforced,
    }


def own_standing(team: Team, member: Member) -> JsonObject:
    """Return a member's preferences, and the limits that are in force for them."""
    standing = TeamStanding(team=team, member=member)
    return {
        **own_preferences(member),
        "default_member_usage_limit_usd": number(team.default_member_usage_limit_usd),
        "default_usage_limit_enforced": team.usage_limit_enforced,
        "effective_usage_limit_usd": number(standing.member_limit_usd),
        "effective_usage_limit_enforced": standing.member_limit_enforced,
    }
