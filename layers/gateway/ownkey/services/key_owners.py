"""Whose provider keys a request is about: the caller's own, or those of a team in which they may do this."""

from collections.abc import Mapping
from dataclasses import dataclass

from ownkey.domain.audit import Actor
from ownkey.services.authentication import Authenticator
from ownkey.services.teams.access import Access, PlaceStore, Visitor, enter


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyOwners:
    """Tells the owner of the keys, and who touches them."""

    authenticator: Authenticator
    places: PlaceStore

    def owner(
        self, headers: Mapping[str, str], method: str, team_id: str | None, access: Access, source_ip: str | None
    ) -> tuple[str, Actor]:
        """Return whose keys they are, and the caller.

        Args:
            headers: the request's, under lower-case names.
            method: the HTTP method.
            team_id: the team in the path; None for the caller's own keys, where a gateway key will do.
            access: who may do this with a team's keys.
            source_ip: the caller's address.

        Raises:
            NotSignedInError: nobody is signed in.
            NotFoundError: there is no such team of the caller's.
            ForbiddenError: the caller's role may not do this.
        """
        if team_id is None:
            principal = self.authenticator.anyone(headers, method)
            return principal.owner, Actor(user_id=principal.user_id, source_ip=source_ip)
        person = self.authenticator.person(headers, method)
        place = enter(self.places, Visitor(user_id=person.user_id, email="", source_ip=source_ip), team_id, access)
        return place.team.owner, place.actor
