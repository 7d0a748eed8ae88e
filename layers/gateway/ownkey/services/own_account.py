"""What a person changes of their own account: limits of gateway keys, the default team, its end."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from ownkey.auth.gateway_keys import is_key_id
from ownkey.auth.sessions import SignedInUser
from ownkey.domain.audit import Actor
from ownkey.domain.chat import JsonObject
from ownkey.domain.errors import ConflictError, InvalidInputError, NotFoundError
from ownkey.domain.identity import GatewayKey
from ownkey.domain.secrets import Secret
from ownkey.domain.teams import Member, Role, Team
from ownkey.services.teams.directory import TeamKeys, audit_page
from ownkey.storage.accounts import NO_SUCH_KEY, AccountRepository
from ownkey.storage.audit import AuditTrail
from ownkey.storage.team_members import MemberRepository
from ownkey.storage.teams import TeamRepository

if TYPE_CHECKING:
    from ownkey.api.schemas.account import GatewayKeyChange

AUDIT_PAGE = 100


class Users(Protocol):
    """Keeps people's sign-ins; `auth/sessions.py` has the ones."""

    def user_of(self, access_token: Secret) -> SignedInUser:
        """Return whose session it is; raises NotSignedInError."""
        ...

    def delete(self, access_token: Secret) -> None:
        """Delete the user whose session it is."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnAccountService:
    """Every method raises StoreUnavailableError when it cannot tell."""

    accounts: AccountRepository
    teams: TeamRepository
    members: MemberRepository
    keys: TeamKeys
    users: Users
    trail: AuditTrail
    now: Callable[[], datetime]

    def change_gateway_key(self, actor: Actor, key_id: str, body: "GatewayKeyChange") -> GatewayKey:
        """Change a gateway key's name and limits; what is not sent stays, and null takes a limit away."""
        if "name" in body.sent and body.name is None:
            raise InvalidInputError("name must be a text.", field="name")
        if not body.sent:
            raise InvalidInputError("Send what is to change: a name, or a limit.")
        if not is_key_id(key_id):
            raise NotFoundError(NO_SUCH_KEY)
        self.accounts.change_gateway_key(actor.user_id, key_id, actor, name=body.name, **body.limit_changes())
        key = self.accounts.find_gateway_key(key_id)
        if key is None:  # revoked since
            raise NotFoundError(NO_SUCH_KEY)
        return key

    def default_team(self, user_id: str) -> str | None:
        """Return the team that a user has chosen for traffic that names none."""
        return self.accounts.default_team(user_id)

    def change_default_team(self, actor: Actor, team_id: str | None) -> JsonObject:
        """Choose the team for traffic that names none, or none; raises NotFoundError."""
        self.accounts.change_default_team(actor.user_id, team_id, actor)
        return {"ok": True, "metadata": {"default_team_uuid": team_id}}

    def audit(self, user_id: str, *, limit: int, before: str | None) -> JsonObject:
        """Return who changed what of this person's own things, newest first."""
        return audit_page(self.trail, f"user#{user_id}", limit=limit, before=before)

    def delete(self, actor: Actor, access_token: Secret, *, confirmed: str) -> None:
        """Delete the account and everything that it owns. What a crash left half done, the next call finishes.

        Raises:
            InvalidInputError: what is `confirmed` is not the person's e-mail address.
            ConflictError: the person owns a team.
        """
        if confirmed.strip().lower() != self.users.user_of(access_token).email.lower():
            raise InvalidInputError("confirm must be your e-mail address, to be sure.", field="confirm")
        self._places(actor.user_id)
        # First, that no key is made from here on; then the keys: nothing runs on this account any more.
        self.accounts.forget_user(actor.user_id, self.now(), actor)
        for key in self.accounts.list_gateway_keys(actor.user_id):
            self.accounts.remove_gateway_key(actor.user_id, key.key_id, actor)
        self.keys.delete_all(f"user#{actor.user_id}")
        # Looked at again: a team may have been joined, or made, meanwhile.
        for team, member in self._places(actor.user_id):
            self.members.remove(team, member, actor)
        self.users.delete(access_token)

    def _places(self, user_id: str) -> list[tuple[Team, Member]]:
        """Return the teams that a user can leave; raises ConflictError when they own one."""
        places = self.teams.teams_of(user_id)
        if owned := [team.name for team, member in places if member.role is Role.OWNER]:
            raise ConflictError(f"You own the team {owned[0]}. Transfer or delete it first.")
        return places
