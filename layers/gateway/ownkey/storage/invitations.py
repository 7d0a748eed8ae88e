"""Invitations, invite links and requests to join, in the Accounts table. Tokens are found by their SHA-256."""

from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from ownkey.domain.audit import Actor, AuditAction
from ownkey.domain.errors import ConflictError, NotFoundError
from ownkey.domain.teams import Invitation, JoinRequest, Member, Role, Team
from ownkey.storage import keyspace
from ownkey.storage.attributes import Item, Value, check_version, read
from ownkey.storage.audit import AuditTrail
from ownkey.storage.table import ABSENT, Action, ClientErrors, ConditionFailedError, DynamoDBClient, Table
from ownkey.storage.team_changes import TeamChanges

ITEM_VERSION = 1
KEPT_AFTERWARDS = timedelta(days=90)
"""How long an invitation that has expired can still be looked up."""
NO_SUCH_INVITATION = "There is no such invitation. GET the team's invitations to see which there are."
NO_SUCH_REQUEST = "There is no such request to join. GET the team's join requests to see which there are."


class Token(NamedTuple):
    """What a token opens."""

    kind: Literal["invitation", "link"]
    team_id: str
    invitation_id: str


class InvitationRepository:
    """Stores the ways into teams."""

    def __init__(self, client: DynamoDBClient, table_name: str, client_errors: ClientErrors, audit: AuditTrail) -> None:
        self._table = Table(client, table_name, client_errors)
        self._changes = TeamChanges(self._table)
        self._audit = audit

    def token(self, token: str) -> Token | None:
        """Return what a token opens; None when it opens nothing."""
        item = self._table.get(keyspace.join_token(token))
        if item is None:
            return None
        kind: Literal["invitation", "link"] = "link" if read(item, "kind", str) == "link" else "invitation"
        return Token(kind, read(item, "team_id", str), str(item.get("invitation_id", "")))

    # Invitations.

    def invitations(self, team_id: str) -> list[Invitation]:
        """Return a team's invitations, newest first."""
        items = self._table.query(keyspace.team(team_id)["pk"], keyspace.INVITATION_PREFIX)
        return sorted(map(_invitation, items), key=lambda one: (one.created_at, one.invitation_id), reverse=True)

    def invitation(self, team_id: str, invitation_id: str) -> Invitation:
        """Return an invitation; raises NotFoundError."""
        item = self._table.get(keyspace.invitation(team_id, invitation_id))
        if item is None:
            raise NotFoundError(NO_SUCH_INVITATION)
        return _invitation(item)

    def invite(self, team: Team, invitation: Invitation, expires_at: datetime, actor: Actor) -> None:
        """Store a new invitation."""
        item: dict[str, Value | None] = {
            **keyspace.invitation(team.team_id, invitation.invitation_id),
            "version": ITEM_VERSION,
            "team_id": team.team_id,
            "invitation_id": invitation.invitation_id,
            "email": invitation.email,
            "role": invitation.role.value,
            "status": invitation.status,
            "token": invitation.token,
            "created_at": invitation.created_at,
            "expires_at": invitation.expires_at,
            "expires_at_epoch": int((expires_at + KEPT_AFTERWARDS).timestamp()),
        }
        token: dict[str, Value | None] = {
            **keyspace.join_token(invitation.token),
            "kind": "invitation",
            "team_id": team.team_id,
            "invitation_id": invitation.invitation_id,
            "expires_at_epoch": item["expires_at_epoch"],
        }
        record = self._audit.recording(
            team.owner, actor, "invitation.created", target=invitation.invitation_id, details={"role": invitation.role}
        )
        actions = [
            self._table.putting(item, condition=ABSENT),
            self._table.putting(token, condition=ABSENT),
            record,
        ]
        self._changes.commit(actions, team.team_id, actor, conflict="Try again.")

    def revoke(self, team: Team, invitation: Invitation, actor: Actor) -> None:
        """Take an invitation back; raises ConflictError unless it is pending."""
        change = self._settling(invitation, "revoked")
        record = self._audit.recording(team.owner, actor, "invitation.revoked", target=invitation.invitation_id)
        conflict = "The invitation is not pending any more. GET the team's invitations to see its status."
        self._changes.commit([change, record], team.team_id, actor, conflict=conflict)

    def accept(self, team: Team, invitation: Invitation, member: Member, actor: Actor) -> None:
        """Let somebody in, once; raises ConflictError when the invitation is used up, or they are in already."""
        record = self._audit.recording(
            team.owner, actor, "invitation.accepted", target=invitation.invitation_id, details={"role": member.role}
        )
        self._let_in(self._settling(invitation, "accepted"), member, record, "The invitation is not pending any more.")

    def _settling(self, invitation: Invitation, status: str) -> Action:
        return self._table.changing(
            keyspace.invitation(invitation.team_id, invitation.invitation_id),
            "SET #status = :status",
            condition="#status = :pending",
            names={"#status": "status"},
            values={":status": status, ":pending": "pending"},
        )

    # The invite link.

    def change_link(self, team: Team, token: str | None, actor: Actor) -> None:
        """Open the team's invite link with a new token, or close it; the old token opens nothing any more."""
        changed = self._table.changing(
            keyspace.team(team.team_id),
            "SET invite_link_enabled = :enabled, invite_link_token = :token"
            if token
            else "SET invite_link_enabled = :enabled REMOVE invite_link_token",
            condition="invite_link_token = :old"
            if team.invite_link_token
            else "attribute_not_exists(invite_link_token)",
            names={},
            values={
                ":enabled": token is not None,
                **({":token": token} if token else {}),
                **({":old": team.invite_link_token} if team.invite_link_token else {}),
            },
        )
        actions = [
            changed,
            self._audit.recording(team.owner, actor, "team.invite_link_changed", details={"enabled": str(bool(token))}),
        ]
        if token:
            place = keyspace.join_token(token)
            actions.append(self._table.putting({**place, "kind": "link", "team_id": team.team_id}, condition=ABSENT))
        if team.invite_link_token:
            actions.append(self._table.deleting(keyspace.join_token(team.invite_link_token)))
        conflict = "The invite link was changed meanwhile. Look at it again."
        self._changes.commit(actions, team.team_id, actor, conflict=conflict)

    # Requests to join.

    def requests(self, team_id: str) -> list[JoinRequest]:
        """Return a team's requests to join, newest first."""
        items = self._table.query(keyspace.team(team_id)["pk"], keyspace.JOIN_REQUEST_PREFIX)
        return sorted(map(_request, items), key=lambda one: (one.created_at, one.user_id), reverse=True)

    def request(self, team_id: str, user_id: str) -> JoinRequest:
        """Return a user's request to join; raises NotFoundError."""
        item = self._table.get(keyspace.join_request(team_id, user_id))
        if item is None:
            raise NotFoundError(NO_SUCH_REQUEST)
        return _request(item)

    def ask(self, team: Team, wanted: JoinRequest, actor: Actor) -> None:
        """Store a request to join; one that is pending already stays as it is."""
        item: dict[str, Value | None] = {
            **keyspace.join_request(team.team_id, wanted.user_id),
            "version": ITEM_VERSION,
            "team_id": team.team_id,
            "user_id": wanted.user_id,
            "email": wanted.email,
            "status": wanted.status,
            "created_at": wanted.created_at,
        }
        put = self._table.putting(
            item,
            condition="attribute_not_exists(pk) OR #status <> :pending",
            names={"#status": "status"},
            values={":pending": "pending"},
        )
        record = self._audit.recording(team.owner, actor, "join_request.created", target=wanted.user_id)
        try:
            self._table.transact([self._changes.open_to_members(team.team_id), put, record])
        except ConditionFailedError as exc:
            if 0 in exc.failed:
                raise ConflictError("The team takes no members now.") from exc

    def decide(self, team: Team, wanted: JoinRequest, member: Member | None, actor: Actor) -> None:
        """Let the one who asked in as `member`, or reject them; raises ConflictError unless the request is pending."""
        action: AuditAction = "join_request.accepted" if member else "join_request.rejected"
        decided = self._table.changing(
            keyspace.join_request(team.team_id, wanted.user_id),
            "SET #status = :status",
            condition="#status = :pending",
            names={"#status": "status"},
            values={":status": "accepted" if member else "rejected", ":pending": "pending"},
        )
        entering = [*self._changes.joining(member), self._changes.open_to_members(team.team_id)] if member else []
        record = self._audit.recording(team.owner, actor, action, target=wanted.user_id)
        conflict = "The request is not pending any more, or its user is a member already."
        self._changes.commit([decided, *entering, record], team.team_id, actor, conflict=conflict)

    def withdraw(self, team: Team, wanted: JoinRequest, actor: Actor) -> None:
        """Delete a request to join; raises ConflictError when it is pending and somebody else's."""
        own = wanted.user_id == actor.user_id
        gone = self._table.deleting(
            keyspace.join_request(team.team_id, wanted.user_id),
            condition=None if own else "#status <> :pending",
            names={} if own else {"#status": "status"},
            values={} if own else {":pending": "pending"},
        )
        action: AuditAction = "join_request.withdrawn" if own else "join_request.deleted"
        record = self._audit.recording(team.owner, actor, action, target=wanted.user_id)
        if own:
            self._table.transact([gone, record])
            return
        conflict = "The request is pending. Accept or reject it first."
        self._changes.commit([gone, record], team.team_id, actor, conflict=conflict)

    def _let_in(self, settled: Action, member: Member, record: Action, used_up: str) -> None:
        entering = self._changes.joining(member)
        try:
            self._table.transact([settled, self._changes.open_to_members(member.team_id), *entering, record])
        except ConditionFailedError as exc:
            said = (used_up, "The team takes no members now.", "You are a member of this team already.")
            raise ConflictError(said[min([*exc.failed, 2])]) from exc


def _invitation(item: Item) -> Invitation:
    check_version(item, ITEM_VERSION)
    return Invitation(
        team_id=read(item, "team_id", str),
        invitation_id=read(item, "invitation_id", str),
        email=read(item, "email", str),
        role=Role(read(item, "role", str)),
        status=read(item, "status", str),
        token=read(item, "token", str),
        created_at=read(item, "created_at", str),
        expires_at=read(item, "expires_at", str),
    )


def _request(item: Item) -> JoinRequest:
    check_version(item, ITEM_VERSION)
    return JoinRequest(
        team_id=read(item, "team_id", str),
        user_id=read(item, "user_id", str),
        email=read(item, "email", str),
        status=read(item, "status", str),
        created_at=read(item, "created_at", str),
    )
