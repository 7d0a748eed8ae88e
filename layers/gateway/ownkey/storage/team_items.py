"""Teams and members as items of the Accounts table, both ways."""

import json

from ownkey.domain.errors import StoreUnavailableError
from ownkey.domain.teams import ByokMode, Member, Role, Team, TeamStatus
from ownkey.storage import keyspace
from ownkey.storage.attributes import Item, Value, check_version, read, read_amount, read_optional

ITEM_VERSION = 1


def team_item(team: Team) -> dict[str, Value | None]:
    """Return the item that a team is stored as."""
    return {
        **keyspace.team(team.team_id),
        "version": ITEM_VERSION,
        "team_id": team.team_id,
        "name": team.name,
        "owner_id": team.owner_id,
        "status": team.status.value,
        "byok_mode": team.byok_mode.value,
        "created_at": team.created_at,
        "paused_at": team.paused_at,
        "suspended_at": team.suspended_at,
        "allowed_models": None if team.allowed_models is None else json.dumps(dict(team.allowed_models)),
        "default_member_usage_limit_usd": team.default_member_usage_limit_usd,
        "usage_limit_usd": team.usage_limit_usd,
        "usage_limit_enforced": team.usage_limit_enforced,
        "invite_link_enabled": team.invite_link_enabled,
        "invite_link_token": team.invite_link_token,
        "has_funds": team.has_funds,
    }


def team_of(item: Item) -> Team:
    """Return the team in an item; raises StoreUnavailableError when it is unreadable."""
    check_version(item, ITEM_VERSION)
    allowed_models = read_optional(item, "allowed_models")
    try:
        return Team(
            team_id=read(item, "team_id", str),
            name=read(item, "name", str),
            owner_id=read(item, "owner_id", str),
            status=TeamStatus(read(item, "status", str)),
            byok_mode=ByokMode(read(item, "byok_mode", str)),
            created_at=read(item, "created_at", str),
            paused_at=read_optional(item, "paused_at"),
            suspended_at=read_optional(item, "suspended_at"),
            allowed_models=None if allowed_models is None else json.loads(allowed_models),
            default_member_usage_limit_usd=read_amount(item, "default_member_usage_limit_usd"),
            usage_limit_usd=read_amount(item, "usage_limit_usd"),
            usage_limit_enforced=read(item, "usage_limit_enforced", bool),
            invite_link_enabled=read(item, "invite_link_enabled", bool),
            invite_link_token=read_optional(item, "invite_link_token"),
            has_funds=read(item, "has_funds", bool) if "has_funds" in item else None,
        )
    except ValueError as exc:
        raise StoreUnavailableError("a stored team is unreadable: a value is unknown") from exc


def member_item(member: Member) -> dict[str, Value | None]:
    """Return the item that a member is stored as."""
    return {
        **keyspace.member(member.team_id, member.user_id),
        "version": ITEM_VERSION,
        "team_id": member.team_id,
        "user_id": member.user_id,
        "role": member.role.value,
        "joined_at": member.joined_at,
        "email": member.email,
        "name": member.name,
        "bill_to_team": member.bill_to_team,
        "usage_limit_usd": member.usage_limit_usd,
        "usage_limit_enforced": member.usage_limit_enforced,
    }


def member_of(item: Item) -> Member:
    """Return the member in an item; raises StoreUnavailableError when it is unreadable."""
    check_version(item, ITEM_VERSION)
    try:
        role = Role(read(item, "role", str))
    except ValueError as exc:
        raise StoreUnavailableError("a stored member is unreadable: the role is unknown") from exc
    return Member(
        team_id=read(item, "team_id", str),
        user_id=read(item, "user_id", str),
        role=role,
        joined_at=read(item, "joined_at", str),
        email=read(item, "email", str),
        name=read_optional(item, "name"),
        bill_to_team=read(item, "bill_to_team", bool),
        usage_limit_usd=read_amount(item, "usage_limit_usd"),
        usage_limit_enforced=read(item, "usage_limit_enforced", bool) if "usage_limit_enforced" in item else None,
    )
