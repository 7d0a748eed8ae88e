"""From a request at a team route to its use case: who calls, whether they may, what they sent."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel

from ownkey.api.schemas import teams as bodies
from ownkey.domain.chat import JsonObject
from ownkey.services.teams.access import ROUTES, Access, PlaceStore, Visitor, enter, route_of
from ownkey.services.teams.directory import AUDIT_PAGE, TeamDirectory
from ownkey.services.teams.doors import TeamDoors
from ownkey.services.teams.people import MAX_PAGE, TeamPeople

SchemaT = TypeVar("SchemaT", bound=BaseModel)


class TeamRequest(Protocol):
    """A request, as far as team routes read it."""

    @property
    def method(self) -> str:
        """The HTTP method."""
        ...

    @property
    def path(self) -> str:
        """The path without the stage."""
        ...

    @property
    def source_ip(self) -> str | None:
        """The caller's address."""
        ...

    def query(self, name: str) -> str | None:
        """Return a query parameter, or None."""
        ...

    def number(self, name: str, *, default: int, most: int) -> int:
        """Return a query parameter that is a whole number from 1 to `most`; raises InvalidInputError."""
        ...

    def body(self, schema: type[SchemaT]) -> SchemaT:
        """Return the body as `schema`; raises InvalidInputError or InvalidJsonError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamFront:
    """Answers the team routes."""

    places: PlaceStore
    directory: TeamDirectory
    people: TeamPeople
    doors: TeamDoors

    def answer(self, request: TeamRequest, who: Callable[[], Visitor]) -> JsonObject:
        """Return the answer to a request; `who` tells who is signed in, and is asked where that matters.

        Raises:
            GatewayError: as the table in `api/errors.py` says.
        """
        route, team_id = route_of(request.method, request.path)
        access = ROUTES[request.method, route]
        if access is Access.PUBLIC:
            return self.doors.lookup(request.query("token") or "", request.source_ip)
        visitor = who()
        if team_id is None:
            act, schema = self._for_visitors[request.method, route]
            return act(visitor, *_sent(request, schema))
        place = enter(self.places, visitor, team_id, access)
        if (request.method, route) in self._with_query:
            return self._with_query[request.method, route](place, request)
        act, schema = self._in_teams[request.method, route]
        return act(place, *_sent(request, schema))

    @property
    def _for_visitors(self) -> Mapping[tuple[str, str], tuple[Callable[..., JsonObject], type[BaseModel] | None]]:
        return {
            ("GET", "/api/teams"): (self.directory.list, None),
            ("POST", "/api/teams"): (self.directory.create, bodies.NewTeam),
            ("POST", "/api/teams/invitations/accept"): (self.doors.accept, bodies.TokenBody),
            ("POST", "/api/teams/join"): (self.doors.ask, bodies.TokenBody),
            ("DELETE", "/api/teams/join"): (self.doors.withdraw, bodies.TokenBody),
        }

    @property
    def _in_teams(self) -> Mapping[tuple[str, str], tuple[Callable[..., JsonObject], type[BaseModel] | None]]:
        directory, people, doors = self.directory, self.people, self.doors
        team = "/api/teams/{team}"
        return {
            ("GET", team): (directory.show, None),
            ("PATCH", team): (directory.change, bodies.TeamChange),
            ("DELETE", team): (directory.delete, bodies.ConfirmedName),
            ("PATCH", f"{team}/members"): (people.change, bodies.MemberChange),
            ("DELETE", f"{team}/members"): (people.remove, bodies.MemberName),
            ("GET", f"{team}/members/self"): (people.show_own, None),
            ("PATCH", f"{team}/members/self"): (people.change_own, bodies.OwnPreferences),
            ("POST", f"{team}/leave"): (people.leave, None),
            ("GET", f"{team}/invitations"): (doors.list, None),
            ("POST", f"{team}/invitations"): (doors.invite, bodies.NewInvitation),
            ("PATCH", f"{team}/invitations"): (doors.revoke, bodies.InvitationChange),
            ("GET", f"{team}/invite-link"): (doors.show_link, None),
            ("POST", f"{team}/invite-link"): (doors.change_link, bodies.LinkChange),
            ("POST", f"{team}/invite-link/email"): (doors.mail_link, bodies.LinkEmails),
            ("GET", f"{team}/join-requests"): (doors.requests, None),
            ("PATCH", f"{team}/join-requests"): (doors.decide, bodies.RequestDecision),
            ("DELETE", f"{team}/join-requests"): (doors.forget, bodies.RequestName),
            ("PATCH", f"{team}/settings"): (directory.change_settings, bodies.SettingsChange),
            ("GET", f"{team}/allowed-models"): (directory.allowed_models, None),
            ("PATCH", f"{team}/allowed-models"): (directory.change_allowed_models, bodies.AllowedModels),
            ("POST", f"{team}/owner"): (people.transfer, bodies.MemberName),
            ("GET", f"{team}/byok-settings"): (directory.byok_settings, None),
            ("PATCH", f"{team}/byok-settings"): (directory.change_byok, bodies.ByokChange),
        }

    @property
    def _with_query(self) -> Mapping[tuple[str, str], Callable[..., JsonObject]]:
        return {
            ("GET", "/api/teams/{team}/members"): lambda place, request: self.people.list(
                place,
                page=request.number("page", default=1, most=10_000),
                # Without a limit everybody is shown.
                limit=request.number("limit", default=0, most=MAX_PAGE) or None,
            ),
            ("GET", "/api/teams/{team}/audit"): lambda place, request: self.directory.audit(
                place, limit=request.number("limit", default=50, most=AUDIT_PAGE), before=request.query("before")
            ),
        }


def _sent(request: TeamRequest, schema: type[BaseModel] | None) -> tuple[Any, ...]:
    return () if schema is None else (request.body(schema),)
