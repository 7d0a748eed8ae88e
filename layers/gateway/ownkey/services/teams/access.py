"""THE TABLE of team routes: which there are, and who may use each. Who may not is told so before anything is done."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from ownkey.domain.audit import Actor
from ownkey.domain.errors import ForbiddenError, NotFoundError
from ownkey.domain.teams import Member, Role, Team


class Access(Enum):
    """Who may use a route."""

    PUBLIC = "anyone"
    SIGNED_IN = "anyone who is signed in"
    MEMBERS = "members of the team"
    ADMINS = "owner and admins of the team"
    OWNER = "the owner of the team"


_ROLES: Mapping[Access, frozenset[Role]] = {
    Access.MEMBERS: frozenset(Role),
    Access.ADMINS: frozenset({Role.OWNER, Role.ADMIN}),
    Access.OWNER: frozenset({Role.OWNER}),
}

ROUTES: Mapping[tuple[str, str], Access] = {
    ("GET", "/api/teams"): Access.SIGNED_IN,
    ("POST", "/api/teams"): Access.SIGNED_IN,
    ("POST", "/api/teams/invitations/accept"): Access.SIGNED_IN,
    ("GET", "/api/teams/invitations/lookup"): Access.PUBLIC,
    ("POST", "/api/teams/join"): Access.SIGNED_IN,
    ("DELETE", "/api/teams/join"): Access.SIGNED_IN,
    ("GET", "/api/teams/{team}"): Access.MEMBERS,
    ("PATCH", "/api/teams/{team}"): Access.ADMINS,
    ("DELETE", "/api/teams/{team}"): Access.OWNER,
    ("GET", "/api/teams/{team}/members"): Access.MEMBERS,
    ("PATCH", "/api/teams/{team}/members"): Access.ADMINS,
    ("DELETE", "/api/teams/{team}/members"): Access.ADMINS,
    ("GET", "/api/teams/{team}/members/self"): Access.MEMBERS,
    ("PATCH", "/api/teams/{team}/members/self"): Access.MEMBERS,
    ("POST", "/api/teams/{team}/leave"): Access.MEMBERS,
    ("GET", "/api/teams/{team}/invitations"): Access.ADMINS,
    ("POST", "/api/teams/{team}/invitations"): Access.ADMINS,
    ("PATCH", "/api/teams/{team}/invitations"): Access.ADMINS,
    ("GET", "/api/teams/{team}/invite-link"): Access.ADMINS,
    ("POST", "/api/teams/{team}/invite-link"): Access.ADMINS,
    ("POST", "/api/teams/{team}/invite-link/email"): Access.ADMINS,
    ("GET", "/api/teams/{team}/join-requests"): Access.ADMINS,
    ("PATCH", "/api/teams/{team}/join-requests"): Access.ADMINS,
    ("DELETE", "/api/teams/{team}/join-requests"): Access.ADMINS,
    ("PATCH", "/api/teams/{team}/settings"): Access.ADMINS,
    ("GET", "/api/teams/{team}/allowed-models"): Access.MEMBERS,
    ("PATCH", "/api/teams/{team}/allowed-models"): Access.ADMINS,
    ("POST", "/api/teams/{team}/owner"): Access.OWNER,
    ("GET", "/api/teams/{team}/byok-settings"): Access.MEMBERS,
    ("PATCH", "/api/teams/{team}/byok-settings"): Access.ADMINS,
    ("GET", "/api/teams/{team}/audit"): Access.ADMINS,
}
"""Method and path -> who may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Somebody who is signed in."""

    user_id: str
    email: str
    source_ip: str | None = None
    console_url: str = ""
    """Where the console is that they use, with a slash at the end."""

    @property
    def actor(self) -> Actor:
        """Who they are in audit records."""
        return Actor(user_id=self.user_id, source_ip=self.source_ip)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A member at a route of their team that they may use."""

    visitor: Visitor
    team: Team
    member: Member

    @property
    def actor(self) -> Actor:
        """Who they are in audit records."""
        return self.visitor.actor


class PlaceStore(Protocol):
    """Knows who is in which team; `storage/teams.py` is the one."""

    def place_of(self, team_id: str, user_id: str) -> tuple[Team, Member]:
        """Return a team and the user's place in it; raises NotFoundError when they have none."""
        ...


def route_of(method: str, path: str) -> tuple[str, str | None]:
    """Return the route that a request is for, as in the table, and the team in its path; raises NotFoundError."""
    path = path.rstrip("/")
    if (method, path) in ROUTES:
        return path, None
    team_id, slash, rest = path.removeprefix("/api/teams/").partition("/")
    route = f"/api/teams/{{team}}{slash}{rest}"
    if path.startswith("/api/teams/") and team_id and (method, route) in ROUTES:
        return route, team_id
    raise NotFoundError("There is nothing here. Check the method and the path.")


def enter(store: PlaceStore, visitor: Visitor, team_id: str, access: Access) -> Place:
    """Return the visitor's place in a team.

    Raises:
        NotFoundError: they have none, or there is no such team: which of them is not said.
        ForbiddenError: their role may not do this.
    """
    team, member = store.place_of(team_id.lower(), visitor.user_id)
    if member.role not in _ROLES[access]:
        raise ForbiddenError(f"Only {access.value} may do this. Ask one of them.")
    return Place(visitor=visitor, team=team, member=member)
