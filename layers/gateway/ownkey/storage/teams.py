"""Teams in the Accounts table: the team, its members, and the list of a user's teams.

Every change is one transaction, with its audit record and the condition that the person who makes it still may.
"""

from collections.abc import Iterator, Mapping
from typing import Protocol

from ownkey.domain.audit import Actor, AuditAction
from ownkey.domain.errors import ConflictError, NotFoundError
from ownkey.domain.teams import Member, Role, Team, TeamStatus
from ownkey.storage import keyspace
from ownkey.storage.attributes import Value
from ownkey.storage.audit import AuditTrail
from ownkey.storage.batch import MAX_KEYS, BatchClient, BatchReader
from ownkey.storage.table import ABSENT, PRESENT, ClientErrors, ConditionFailedError, DynamoDBClient, Table, assignments
from ownkey.storage.team_changes import TeamChanges, shown
from ownkey.storage.team_items import member_of, team_item, team_of

NOT_YOURS = "There is no such team of yours. GET /api/teams lists your teams."


class TeamsClient(DynamoDBClient, BatchClient, Protocol):
    """What is used of boto3's DynamoDB client."""


class TeamRepository:
    """Stores teams and their members."""

    def __init__(self, client: TeamsClient, table_name: str, client_errors: ClientErrors, audit: AuditTrail) -> None:
        self._table = Table(client, table_name, client_errors)
        self._reader = BatchReader(client, client_errors)
        self._name = table_name
        self._changes = TeamChanges(self._table)
        self._audit = audit

    # Reading.

    def place_of(self, team_id: str, user_id: str) -> tuple[Team, Member]:
        """Return a team and the user's place in it, in one read; raises NotFoundError when they have none."""
        for team, member in self._places([team_id], user_id):
            return team, member
        raise NotFoundError(NOT_YOURS)

    def teams_of(self, user_id: str) -> list[tuple[Team, Member]]:
        """Return a user's teams and their place in each, oldest membership first."""
        listed = self._table.query(keyspace.user(user_id), keyspace.TEAM_PREFIX, attributes=("sk",))
        ids = [str(item["sk"]).removeprefix(keyspace.TEAM_PREFIX) for item in listed]
        return sorted(self._places(ids, user_id), key=lambda place: (place[1].joined_at, place[0].team_id))

    def find(self, team_id: str) -> Team | None:
        """Return a team, whoever asks."""
        item = self._table.get(keyspace.team(team_id))
        return team_of(item) if item else None

    def owned_names(self, user_id: str) -> int:
        """Return how many teams a user owns."""
        return sum(1 for _ in self._table.query(keyspace.user(user_id), "team-name#", attributes=("sk",)))

    def _places(self, team_ids: list[str], user_id: str) -> Iterator[tuple[Team, Member]]:
        for start in range(0, len(team_ids), MAX_KEYS // 2):
            ids = team_ids[start : start + MAX_KEYS // 2]
            keys = [key for one in ids for key in (keyspace.team(one), keyspace.member(one, user_id))]
            found = self._reader.read({self._name: keys})[self._name]
            for one in ids:
                team, member = (
                    found.get((key["pk"], key["sk"])) for key in (keyspace.team(one), keyspace.member(one, user_id))
                )
                if team and member:
                    yield team_of(team), member_of(member)

    # Teams.

    def create(self, team: Team, owner: Member, actor: Actor) -> None:
        """Store a new team with its owner; raises ConflictError when the owner has one of this name."""
        try:
            self._table.transact(
                [
                    self._table.putting(keyspace.team_name(team.owner_id, team.name), condition=ABSENT),
                    self._table.putting(team_item(team), condition=ABSENT),
                    *self._changes.joining(owner),
                    self._audit.recording(team.owner, actor, "team.created", target=team.team_id),
                ]
            )
        except ConditionFailedError as exc:
            raise ConflictError("You have a team of this name already. Choose another name.") from exc

    def rename(self, team: Team, name: str, actor: Actor) -> None:
        """Give a team another name; raises ConflictError when its owner has one of that name already."""
        guards = []
        if name.casefold() != team.name.casefold():
            guards = [
                self._table.putting(keyspace.team_name(team.owner_id, name), condition=ABSENT),
                self._table.deleting(keyspace.team_name(team.owner_id, team.name)),
            ]
        change = self._table.changing(
            keyspace.team(team.team_id),
            "SET #name = :name",
            condition="#name = :old AND owner_id = :owner",
            names={"#name": "name"},
            values={":name": name, ":old": team.name, ":owner": team.owner_id},
        )
        conflict = "The team's owner has a team of this name already, or it was renamed meanwhile. Look at it again."
        self._changes.commit(
            [*guards, change, self._audit.recording(team.owner, actor, "team.changed", details={"name": name})],
            team.team_id,
            actor,
            conflict=conflict,
        )

    def change(
        self,
        team: Team,
        changes: Mapping[str, Value | None],
        actor: Actor,
        action: AuditAction,
        *,
        unless_suspended: bool = False,
    ) -> None:
        """Set attributes of a team's item, or take them away where the new value is None."""
        expression, names, values = assignments(changes)
        condition = PRESENT
        if unless_suspended:
            condition += " AND #status <> :suspended"
            names["#status"], values[":suspended"] = "status", TeamStatus.SUSPENDED.value
        change = self._table.changing(
            keyspace.team(team.team_id), expression, condition=condition, names=names, values=values
        )
        said = {name: "none" if value is None else str(value) for name, value in changes.items()}
        self._changes.commit(
            [change, self._audit.recording(team.owner, actor, action, target=team.team_id, details=shown(said))],
            team.team_id,
            actor,
            conflict="The team is suspended. Ask the operator.",
        )

    def transfer(self, team: Team, old: Member, new: Member, actor: Actor) -> None:
        """Make another member the owner; raises ConflictError when anything of it changed meanwhile."""
        of_team = keyspace.team(team.team_id)
        try:
            self._table.transact(
                [
                    self._table.changing(
                        of_team,
                        "SET owner_id = :new REMOVE has_funds",
                        condition="owner_id = :old",
                        names={},
                        values={":new": new.user_id, ":old": old.user_id},
                    ),
                    self._changes.becoming(old, Role.ADMIN),
                    self._changes.becoming(new, Role.OWNER),
                    self._table.putting(keyspace.team_name(new.user_id, team.name), condition=ABSENT),
                    self._table.deleting(keyspace.team_name(old.user_id, team.name)),
                    self._audit.recording(team.owner, actor, "team.owner_changed", target=new.user_id),
                ]
            )
        except ConditionFailedError as exc:
            raise ConflictError(
                "The new owner has a team of this name already, or somebody's place changed meanwhile. Look again."
            ) from exc

    def close(self, team: Team, actor: Actor) -> None:
        """Stop a team for good: nobody runs on it or joins it any more, and its owner alone can finish deleting it."""
        change = self._table.changing(
            keyspace.team(team.team_id),
            "SET #status = :suspended, invite_link_enabled = :no",
            condition="owner_id = :owner",
            names={"#status": "status"},
            values={":suspended": TeamStatus.SUSPENDED.value, ":no": False, ":owner": actor.user_id},
        )
        try:
            self._table.transact([change])
        except ConditionFailedError as exc:
            raise ConflictError("The team has another owner now.") from exc

    def erase_belongings(self, team: Team) -> None:
        """Delete all that a closed team has, except the team and its owner's place. Doing it again is fine."""
        for item in list(self._table.query(keyspace.team(team.team_id)["pk"])):
            place = {"pk": str(item["pk"]), "sk": str(item["sk"])}
            if place["sk"] == "team" or place == keyspace.member(team.team_id, team.owner_id):
                continue
            actions = [self._table.deleting(place)]
            if place["sk"].startswith(keyspace.MEMBER_PREFIX):
                actions.append(self._table.deleting(keyspace.listed_team(str(item["user_id"]), team.team_id)))
            if token := item.get("token"):
                actions.append(self._table.deleting(keyspace.join_token(str(token))))
            self._table.transact(actions)

    def delete(self, team: Team, actor: Actor) -> None:
        """Delete a closed team that has nothing left; raises ConflictError when it has another owner."""
        link = team.invite_link_token
        try:
            self._table.transact(
                [
                    self._table.deleting(
                        keyspace.team(team.team_id), condition="owner_id = :owner", values={":owner": actor.user_id}
                    ),
                    self._table.deleting(keyspace.member(team.team_id, actor.user_id)),
                    self._table.deleting(keyspace.listed_team(actor.user_id, team.team_id)),
                    self._table.deleting(keyspace.team_name(actor.user_id, team.name)),
                    *([self._table.deleting(keyspace.join_token(link))] if link else []),
                    self._audit.recording(team.owner, actor, "team.deleted", target=team.team_id),
                ]
            )
        except ConditionFailedError as exc:
            raise ConflictError("The team has another owner now.") from exc
