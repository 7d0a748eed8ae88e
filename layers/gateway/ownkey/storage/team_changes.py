"""What changes of teams have in common: they happen only while the person who makes them may."""

from collections.abc import Iterable, Mapping

from ownkey.domain.audit import Actor
from ownkey.domain.errors import ConflictError, ForbiddenError
from ownkey.domain.teams import Member, Role, TeamStatus
from ownkey.storage import keyspace
from ownkey.storage.table import ABSENT, PRESENT, Action, ConditionFailedError, Table
from ownkey.storage.team_items import member_item


class TeamChanges:
    """Makes the parts of transactions about teams, and carries them out."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def joining(self, member: Member) -> list[Action]:
        """Return the writing of a new member, for the transaction that lets them in."""
        listed = {**keyspace.listed_team(member.user_id, member.team_id), "joined_at": member.joined_at}
        return [self._table.putting(member_item(member), condition=ABSENT), self._table.putting(listed)]

    def open_to_members(self, team_id: str) -> Action:
        """Return the condition that a team exists and takes members."""
        return self._table.checking(
            keyspace.team(team_id),
            condition=f"{PRESENT} AND #status <> :suspended",
            names={"#status": "status"},
            values={":suspended": TeamStatus.SUSPENDED.value},
        )

    def commit(self, actions: Iterable[Action], team_id: str, actor: Actor, *, conflict: str) -> None:
        """Do all of it, if the actor still is an owner or admin; raises ConflictError with `conflict`."""
        still_may = self._table.checking(
            keyspace.member(team_id, actor.user_id),
            condition="#role IN (:owner, :admin)",
            names={"#role": "role"},
            values={":owner": Role.OWNER.value, ":admin": Role.ADMIN.value},
        )
        try:
            self._table.transact([still_may, *actions])
        except ConditionFailedError as exc:
            if 0 in exc.failed:
                raise ForbiddenError("You are no admin of this team any more.") from exc
            raise ConflictError(conflict) from exc

    def becoming(self, member: Member, role: Role) -> Action:
        """Return the change of a member's role, if it still is what it was."""
        return self._table.changing(
            keyspace.member(member.team_id, member.user_id),
            "SET #role = :role",
            condition="#role = :old",
            names={"#role": "role"},
            values={":role": role.value, ":old": member.role.value},
        )


def shown(said: Mapping[str, str]) -> dict[str, str]:
    """Return new values as an audit record may show them: tokens it may not, and lists are long."""
    return {
        name: value if len(value) <= 200 else f"{len(value)} characters"
        for name, value in said.items()
        if not name.startswith("invite_link_token")
    }
