"""Members of teams: list, roles, limits, preferences, leaving, a new owner."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from ownkey.domain.chat import JsonObject
from ownkey.domain.dates import month_of
from ownkey.domain.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError, SelfTargetError
from ownkey.domain.teams import Member, Role
from ownkey.services.teams.access import Place
from ownkey.services.teams.shown import member_row, own_preferences, own_standing
from ownkey.storage.team_members import MemberRepository
from ownkey.storage.teams import TeamRepository

if TYPE_CHECKING:
    from decimal import Decimal

    from ownkey.api.schemas.teams import MemberChange, MemberName, OwnPreferences

MAX_PAGE = 100
NO_SUCH_MEMBER = "The team has no such member. GET the team's members to see who they are."


class Spent(Protocol):
    """Knows what was spent; `storage/spending.py` is the one."""

    def of_members(self, team_id: str, user_ids: list[str], months: list[str]) -> "Mapping[str, Decimal]":
        """Return what each user spent in a team in these months together; nothing for those who spent nothing."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamPeople:
    """What people do with members."""

    teams: TeamRepository
    members: MemberRepository
    spent: Spent
    now: Callable[[], datetime]

    def list(self, place: Place, *, page: int, limit: int | None) -> JsonObject:
        """Return a page of the members with what each spent this month; all of them without a limit."""
        everyone = self.members.members(place.team.team_id)
        size = limit or max(1, len(everyone))
        shown = everyone[(page - 1) * size : page * size]
        month = month_of(self.now())
        spent = self.spent.of_members(place.team.team_id, [each.user_id for each in shown], [month])
        pages = -(-len(everyone) // size)
        return {
            "members": [member_row(each, spent.get(each.user_id, 0)) for each in shown],
            "pagination": {"page": page, "limit": size, "total": len(everyone), "totalPages": pages},
        }

    def change(self, place: Place, body: "MemberChange") -> JsonObject:
        """Give a member another role, or limits of their own."""
        limits = body.sent & {"usage_limit_usd", "usage_limit_enforced"}
        if (body.role is None) == (not limits):
            raise InvalidInputError("Send either role, or usage_limit_usd and usage_limit_enforced.", field="role")
        member = self._member(place, body.member_id)
        if body.role is not None:
            _require_another(place, member, "change your own role")
            if member.role is Role.OWNER:
                raise ForbiddenError("The owner's role changes by a transfer only.")
            if member.role is not Role(body.role):
                self.members.change_role(place.team, member, Role(body.role), place.actor)
            return {"ok": True}
        changes = {name: getattr(body, name) for name in sorted(limits)}
        self.members.change_member(place.team, member, changes, place.actor, "member.limits_changed")
        return {"ok": True}

    def remove(self, place: Place, body: "MemberName") -> JsonObject:
        """Take a member out of the team."""
        member = self._member(place, body.member_id)
        if member.role is Role.OWNER:
            raise ForbiddenError("The owner cannot be removed. Transfer the team first.")
        _require_another(place, member, "remove yourself; leave the team instead")
        self.members.remove(place.team, member, place.actor)
        return {"ok": True}

    def leave(self, place: Place) -> JsonObject:
        """Leave the team."""
        if place.member.role is Role.OWNER:
            raise ForbiddenError("The owner cannot leave. Transfer or delete the team first.")
        self.members.remove(place.team, place.member, place.actor)
        return {"ok": True}

    def show_own(self, place: Place) -> JsonObject:
        """Return the member's own preferences and limits."""
        return own_standing(place.team, place.member)

    def change_own(self, place: Place, body: "OwnPreferences") -> JsonObject:
        """Change the member's own preferences."""
        if "bill_to_team" in body.sent and body.bill_to_team is None:
            raise InvalidInputError("bill_to_team must be true or false.", field="bill_to_team")
        changes = {name: getattr(body, name) for name in sorted(body.sent)}
        if changes:
            self.members.change_member(place.team, place.member, changes, place.actor, "member.preferences_changed")
        return {"ok": True, "preferences": own_preferences(replace(place.member, **changes))}

    def transfer(self, place: Place, body: "MemberName") -> JsonObject:
        """Make another member the owner; the old one becomes an admin."""
        if body.member_id == place.team.owner_id:
            if body.member_id == place.member.user_id:
                raise SelfTargetError("You own the team already. Name another member.")
            raise ConflictError("This member owns the team already.")
        member = self._member(place, body.member_id)
        self.teams.transfer(place.team, place.member, member, place.actor)
        return {"ok": True}

    def _member(self, place: Place, user_id: str) -> Member:
        try:
            return self.teams.place_of(place.team.team_id, user_id)[1]
        except NotFoundError as exc:
            raise NotFoundError(NO_SUCH_MEMBER) from exc


def _require_another(place: Place, member: Member, deed: str) -> None:
    if member.user_id == place.member.user_id:
        raise SelfTargetError(f"You cannot {deed}.")
