"""The ways into a team: invitations, the invite link, and requests to join."""

import secrets
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from ownkey.domain.chat import JsonObject
from ownkey.domain.dates import iso_utc
from ownkey.domain.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from ownkey.domain.teams import Invitation, JoinRequest, Member, Role, Team
from ownkey.services.teams.access import Place, Visitor
from ownkey.storage.invitations import InvitationRepository, Token
from ownkey.storage.teams import TeamRepository

if TYPE_CHECKING:
    from ownkey.api.schemas.teams import (
        InvitationChange,
        LinkChange,
        LinkEmails,
        NewInvitation,
        RequestDecision,
        RequestName,
        TokenBody,
    )

LIFETIME = timedelta(days=7)
MAX_PENDING = 200
EMAILS_PER_MINUTE = 5
LOOKUPS_PER_MINUTE = 60
NO_SUCH_TOKEN = "This invitation does not exist, or the link is closed. Ask for a new one."


class Mailer(Protocol):
    """Sends invitations by e-mail, where the operator has configured a sender."""

    def invite(self, addresses: Sequence[str], team_name: str, token: str, console_url: str) -> bool:
        """Return whether the invitation went out; False where nobody sends e-mails."""
        ...


class RateLimit(Protocol):
    """Counts calls."""

    def hit(self, owner: str, action: str, limit: int, window_seconds: int = 60) -> None:
        """Count a call; raises RateLimitedError when it is one too many."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamDoors:
    """What people do to let others in, and to come in."""

    teams: TeamRepository
    invitations: InvitationRepository
    mailer: Mailer
    rate_limit: RateLimit
    now: Callable[[], datetime]

    # Invitations.

    def list(self, place: Place) -> JsonObject:
        """Return the team's invitations."""
        return {
            "invitations": [
                {
                    "id": each.invitation_id,
                    "email": each.email,
                    "role": each.role.value,
                    "status": each.status_at(self._stamp),
                    "token": each.token,
                    "created_at": each.created_at,
                    "expires_at": each.expires_at,
                }
                for each in self.invitations.invitations(place.team.team_id)
            ]
        }

    def invite(self, place: Place, body: "NewInvitation") -> JsonObject:
        """Invite somebody, by e-mail or with the token that is returned."""
        pending = sum(
            each.status_at(self._stamp) == "pending" for each in self.invitations.invitations(place.team.team_id)
        )
        if pending >= MAX_PENDING:
            raise ConflictError(f"The team has {MAX_PENDING} invitations pending, which is the most. Revoke some.")
        now = self.now()
        invitation = Invitation(
            team_id=place.team.team_id,
            invitation_id=str(uuid.uuid4()),
            email=body.email.lower(),
            role=Role(body.role),
            status="pending",
            token=secrets.token_urlsafe(32),
            created_at=iso_utc(now),
            expires_at=iso_utc(now + LIFETIME),
        )
        self.invitations.invite(place.team, invitation, now + LIFETIME, place.actor)
        mailed = self.mailer.invite([invitation.email], place.team.name, invitation.token, place.visitor.console_url)
        return {
            "invitation": {
                "id": invitation.invitation_id,
                "email": invitation.email,
                "role": invitation.role.value,
                "status": "pending",
                "token": invitation.token,
                "expires_at": invitation.expires_at,
                "emailed": mailed,
            }
        }

    def revoke(self, place: Place, body: "InvitationChange") -> JsonObject:
        """Take an invitation back."""
        if (body.id is None) == (body.token is None):
            raise InvalidInputError("Send the invitation's id, or its token.", field="id")
        invitation_id = body.id
        if body.token is not None:
            opened = self._opened(body.token, "invitation")
            # An invitation of another team does not exist here.
            invitation_id = opened.invitation_id if opened.team_id == place.team.team_id else "-"
        invitation = self.invitations.invitation(place.team.team_id, invitation_id or "-")
        self.invitations.revoke(place.team, invitation, place.actor)
        return {"ok": True}

    def accept(self, visitor: Visitor, body: "TokenBody") -> JsonObject:
        """Join the team that an invitation is for."""
        opened = self._opened(body.token, "invitation")
        invitation, team = self.invitations.invitation(opened.team_id, opened.invitation_id), self._team(opened)
        if (status := invitation.status_at(self._stamp)) != "pending":
            raise ConflictError(f"The invitation is {status}. Ask for a new one.")
        member = self._new_member(team, visitor.user_id, visitor.email, invitation.role)
        self.invitations.accept(team, invitation, member, visitor.actor)
        return {"ok": True, "team": {"uuid": team.team_id, "name": team.name}}

    def lookup(self, token: str, source_ip: str | None) -> JsonObject:
        """Tell whoever holds a token what it is for."""
        self.rate_limit.hit(f"ip#{source_ip}", "invitations.lookup", LOOKUPS_PER_MINUTE)
        opened = self.invitations.token(token)
        if opened is None:
            raise NotFoundError(NO_SUCH_TOKEN)
        team = self._team(opened)
        if opened.kind == "link":
            return {"type": "link", "teamName": team.name, "enabled": team.invite_link_enabled}
        invitation = self.invitations.invitation(opened.team_id, opened.invitation_id)
        return {
            "type": "invitation",
            "email": invitation.email,
            "status": invitation.status_at(self._stamp),
            "teamName": team.name,
        }

    # The invite link.

    def show_link(self, place: Place) -> JsonObject:
        """Return the team's invite link."""
        return {"enabled": place.team.invite_link_enabled, "token": place.team.invite_link_token}

    def change_link(self, place: Place, body: "LinkChange") -> JsonObject:
        """Open the team's invite link with a new token, or close it."""
        token = secrets.token_urlsafe(32) if body.action == "enable" else None
        self.invitations.change_link(place.team, token, place.actor)
        return {"enabled": token is not None, "token": token}

    def mail_link(self, place: Place, body: "LinkEmails") -> JsonObject:
        """Send the team's invite link by e-mail."""
        token = place.team.invite_link_token
        if not place.team.invite_link_enabled or token is None:
            raise ForbiddenError("The invite link is off. POST …/invite-link to open it.")
        for _ in body.emails:
            self.rate_limit.hit(place.team.owner, "invite_link.email", EMAILS_PER_MINUTE)
        addresses = [each.lower() for each in body.emails]
        mailed = self.mailer.invite(addresses, place.team.name, token, place.visitor.console_url)
        return {"ok": True, "emailed": mailed, "token": token}

    # Requests to join.

    def ask(self, visitor: Visitor, body: "TokenBody") -> JsonObject:
        """Ask to join the team that a link is for."""
        team = self._linked(body.token)
        if any(team.team_id == mine.team_id for mine, _ in self.teams.teams_of(visitor.user_id)):
            return {"ok": True, "alreadyMember": True}
        wanted = JoinRequest(
            team_id=team.team_id,
            user_id=visitor.user_id,
            email=visitor.email,
            status="pending",
            created_at=self._stamp,
        )
        self.invitations.ask(team, wanted, visitor.actor)
        return {"ok": True}

    def withdraw(self, visitor: Visitor, body: "TokenBody") -> JsonObject:
        """Take one's request to join back."""
        team = self._linked(body.token)
        wanted = self.invitations.request(team.team_id, visitor.user_id)
        self.invitations.withdraw(team, wanted, visitor.actor)
        return {"ok": True}

    def requests(self, place: Place) -> JsonObject:
        """Return who wishes to join."""
        return {
            "requests": [
                {
                    "id": each.user_id,
                    "user_id": each.user_id,
                    "status": each.status,
                    "created_at": each.created_at,
                    "name": each.email.partition("@")[0],
                    "email": each.email,
                }
                for each in self.invitations.requests(place.team.team_id)
            ]
        }

    def decide(self, place: Place, body: "RequestDecision") -> JsonObject:
        """Let somebody in who has asked, or reject them."""
        wanted = self.invitations.request(place.team.team_id, body.id)
        member = None
        if body.action == "accept":
            member = self._new_member(place.team, wanted.user_id, wanted.email, Role.MEMBER)
        self.invitations.decide(place.team, wanted, member, place.actor)
        return {"ok": True}

    def forget(self, place: Place, body: "RequestName") -> JsonObject:
        """Delete a request to join that was decided."""
        wanted = self.invitations.request(place.team.team_id, body.id)
        self.invitations.withdraw(place.team, wanted, place.actor)
        return {"ok": True}

    @property
    def _stamp(self) -> str:
        return iso_utc(self.now())

    def _opened(self, token: str, kind: str) -> Token:
        opened = self.invitations.token(token)
        if opened is None or opened.kind != kind:
            raise NotFoundError(NO_SUCH_TOKEN)
        return opened

    def _team(self, opened: Token) -> Team:
        team = self.teams.find(opened.team_id)
        if team is None:
            raise NotFoundError(NO_SUCH_TOKEN)
        return team

    def _linked(self, token: str) -> Team:
        team = self._team(self._opened(token, "link"))
        if not team.invite_link_enabled or team.invite_link_token != token:
            raise NotFoundError(NO_SUCH_TOKEN)
        return team

    def _new_member(self, team: Team, user_id: str, email: str, role: Role) -> Member:
        return Member(team_id=team.team_id, user_id=user_id, role=role, joined_at=self._stamp, email=email)
