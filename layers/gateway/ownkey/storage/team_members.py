"""Members of teams: two items each, in the team and in the list of the user's teams, that come and go together."""

from collections.abc import Mapping

from ownkey.domain.audit import Actor, AuditAction
from ownkey.domain.errors import ConflictError
from ownkey.domain.teams import Member, Role, Team
from ownkey.storage import keyspace
from ownkey.storage.attributes import Value
from ownkey.storage.audit import AuditTrail
from ownkey.storage.table import PRESENT, Action, ClientErrors, ConditionFailedError, DynamoDBClient, Table, assignments
from ownkey.storage.team_changes import TeamChanges
from ownkey.storage.team_items import member_of


class MemberRepository:
    """Stores the members of teams."""

    def __init__(self, client: DynamoDBClient, table_name: str, client_errors: ClientErrors, audit: AuditTrail) -> None:
        self._table = Table(client, table_name, client_errors)
        self._changes = TeamChanges(self._table)
        self._audit = audit

    def members(self, team_id: str) -> list[Member]:
        """Return a team's members: its owner, its admins, the others, each by how long they have been there."""
        items = self._table.query(keyspace.team(team_id)["pk"], keyspace.MEMBER_PREFIX)
        order = list(Role)
        return sorted(map(member_of, items), key=lambda one: (order.index(one.role), one.joined_at, one.user_id))

    def change_role(self, team: Team, member: Member, role: Role, actor: Actor) -> None:
        """Give a member another role."""
        self._change_member(
            team, member, self._changes.becoming(member, role), actor, "member.role_changed", {"role": role.value}
        )

    def change_member(
        self, team: Team, member: Member, changes: Mapping[str, Value | None], actor: Actor, action: AuditAction
    ) -> None:
        """Set attributes of a member's item, or take them away where the new value is None."""
        expression, names, values = assignments(changes)
        change = self._table.changing(
            keyspace.member(team.team_id, member.user_id), expression, condition=PRESENT, names=names, values=values
        )
        said = {name: "none" if value is None else str(value) for name, value in changes.items() if name != "name"}
        self._change_member(team, member, change, actor, action, said)

    def remove(self, team: Team, member: Member, actor: Actor) -> None:
        """Take a member out of the team, or let them go; raises ConflictError when they own it meanwhile."""
        action: AuditAction = "member.left" if member.user_id == actor.user_id else "member.removed"
        gone = self._table.deleting(
            keyspace.member(team.team_id, member.user_id),
            condition=f"{PRESENT} AND #role <> :owner",
            names={"#role": "role"},
            values={":owner": Role.OWNER.value},
        )
        unlisted = self._table.deleting(keyspace.listed_team(member.user_id, team.team_id))
        self._change_member(team, member, gone, actor, action, {}, unlisted)

    def _change_member(
        self,
        team: Team,
        member: Member,
        change: Action,
        actor: Actor,
        action: AuditAction,
        said: Mapping[str, str],
        *more: Action,
    ) -> None:
        record = self._audit.recording(team.owner, actor, action, target=member.user_id, details=said)
        conflict = "The member's place changed meanwhile. Look at the members again."
        if member.user_id != actor.user_id:
            self._changes.commit([change, *more, record], team.team_id, actor, conflict=conflict)
            return
        try:
            # A condition on an item and its change cannot stand in one transaction; the change has its own.
            self._table.transact([change, *more, record])
        except ConditionFailedError as exc:
            raise ConflictError(conflict) from exc
