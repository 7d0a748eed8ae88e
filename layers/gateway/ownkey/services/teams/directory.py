"""Teams themselves: list, create, show, change, delete, and their settings."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from ownkey.domain.chat import JsonObject
from ownkey.domain.dates import iso_utc
from ownkey.domain.errors import ConflictError, InvalidInputError
from ownkey.domain.teams import ByokMode, Member, Role, Team, TeamStatus
from ownkey.services.teams.access import Place, Visitor
from ownkey.services.teams.shown import team_details, team_row
from ownkey.storage.audit import AuditTrail
from ownkey.storage.teams import TeamRepository

if TYPE_CHECKING:
    from ownkey.api.schemas.teams import AllowedModels, ByokChange, ConfirmedName, NewTeam, SettingsChange, TeamChange

MAX_OWNED_TEAMS = 50
AUDIT_PAGE = 100
_SETTINGS = {
    "default_member_usage_limit_usd": "default_member_usage_limit_usd",
    "team_usage_limit_usd": "usage_limit_usd",
    "usage_limit_enforced": "usage_limit_enforced",
}
"""The fields of a change of settings -> the team's own."""


class TeamKeys(Protocol):
    """Erases provider keys; it need not be able to read them."""

    def delete_all(self, owner: str) -> None:
        """Erase every key of an owner."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamDirectory:
    """What people do with whole teams."""

    teams: TeamRepository
    keys: TeamKeys
    trail: AuditTrail
    now: Callable[[], datetime]

    def list(self, visitor: Visitor) -> JsonObject:
        """Return the visitor's teams."""
        return {"teams": [team_row(team, member.role) for team, member in self.teams.teams_of(visitor.user_id)]}

    def create(self, visitor: Visitor, body: "NewTeam") -> JsonObject:
        """Create a team that the visitor owns; raises ConflictError when they have one of this name, or too many."""
        if self.teams.owned_names(visitor.user_id) >= MAX_OWNED_TEAMS:
            raise ConflictError(f"You own {MAX_OWNED_TEAMS} teams, which is the most. Delete one first.")
        now = iso_utc(self.now())
        team = Team(team_id=str(uuid.uuid4()), name=body.name, owner_id=visitor.user_id, created_at=now)
        owner = Member(
            team_id=team.team_id, user_id=visitor.user_id, role=Role.OWNER, joined_at=now, email=visitor.email
        )
        self.teams.create(team, owner, visitor.actor)
        return {"team": team_row(team, Role.OWNER)}

    def show(self, place: Place) -> JsonObject:
        """Return the team."""
        return {"team": team_details(place.team, place.member.role)}

    def change(self, place: Place, body: "TeamChange") -> JsonObject:
        """Rename, pause or resume the team."""
        team = place.team
        if body.name is not None and body.name != team.name:
            self.teams.rename(team, body.name, place.actor)
            team = replace(team, name=body.name)
        if body.status is not None and body.status != team.status.value:
            paused_at = iso_utc(self.now()) if body.status == "paused" else None
            self.teams.change(
                team,
                {"status": body.status, "paused_at": paused_at},
                place.actor,
                "team.changed",
                unless_suspended=True,
            )
            team = replace(team, status=TeamStatus(body.status))
        return {"team": {"uuid": team.team_id, "name": team.name, "status": team.status.value}}

    def delete(self, place: Place, body: "ConfirmedName") -> JsonObject:
        """Delete the team with all that it has. What a crash left half done, the next call finishes."""
        if body.name != place.team.name:
            raise InvalidInputError("name must be the team's name, to be sure. Send it as it is shown.", field="name")
        self.teams.close(place.team, place.actor)
        self.keys.delete_all(place.team.owner)
        self.teams.erase_belongings(place.team)
        self.teams.delete(place.team, place.actor)
        return {"ok": True}

    def change_settings(self, place: Place, body: "SettingsChange") -> JsonObject:
        """Change the limits of the team and of members without one of their own."""
        if "usage_limit_enforced" in body.sent and body.usage_limit_enforced is None:
            raise InvalidInputError("usage_limit_enforced must be true or false.", field="usage_limit_enforced")
        changes = {ours: getattr(body, theirs) for theirs, ours in _SETTINGS.items() if theirs in body.sent}
        if changes:
            self.teams.change(place.team, changes, place.actor, "team.settings_changed")
        return {"ok": True}

    def allowed_models(self, place: Place) -> JsonObject:
        """Return which models members may use."""
        return _allowed(place.team.allowed_models)

    def change_allowed_models(self, place: Place, body: "AllowedModels") -> JsonObject:
        """Say which models members may use; null allows every one, and an empty object none."""
        import json

        allowed = body.allowed_models
        stored = None if allowed is None else json.dumps(allowed)
        self.teams.change(place.team, {"allowed_models": stored}, place.actor, "team.allowed_models_changed")
        return {"ok": True, **_allowed(allowed)}

    def byok_settings(self, place: Place) -> JsonObject:
        """Return whether the team's own keys pay for its traffic."""
        return _byok(place.team.byok_mode)

    def change_byok(self, place: Place, body: "ByokChange") -> JsonObject:
        """Say whether the team's own keys pay for its traffic. `byok_enabled: false` and `disabled` are the same."""
        mode = _mode(body.byok_enabled, body.byok_mode, place.team.byok_mode)
        self.teams.change(place.team, {"byok_mode": mode.value}, place.actor, "team.byok_changed")
        return {"ok": True, **_byok(mode)}

    def audit(self, place: Place, *, limit: int, before: str | None) -> JsonObject:
        """Return who changed what in the team, newest first."""
        return audit_page(self.trail, place.team.owner, limit=limit, before=before)


def audit_page(trail: AuditTrail, subject: str, *, limit: int, before: str | None) -> JsonObject:
    """Return a page of a trail, and where the next one begins."""
    records, following = trail.page(subject, limit=limit, before=before)
    rows = [
        {
            "id": record.record_id,
            "at": record.at,
            "actor": record.actor.user_id,
            "source_ip": record.actor.source_ip,
            "action": record.action,
            "target": record.target,
            "details": dict(record.details),
        }
        for record in records
    ]
    return {"records": rows, "before": following}


def _allowed(allowed: "dict[str, bool] | object | None") -> JsonObject:
    return {"allowed_models": allowed, "all_allowed": allowed is None}


def _byok(mode: ByokMode) -> JsonObject:
    return {"byok_enabled": mode is not ByokMode.DISABLED, "byok_mode": mode.value}


def _mode(enabled: bool | None, wanted: ByokMode | None, present: ByokMode) -> ByokMode:
    if wanted is None:
        if enabled is None:
            raise InvalidInputError("Send byok_enabled, byok_mode or both.", field="byok_mode")
        if enabled:
            return ByokMode.PREFER_TEAM if present is ByokMode.DISABLED else present
        return ByokMode.DISABLED
    if enabled is not None and enabled is (wanted is ByokMode.DISABLED):
        raise InvalidInputError(
            f"byok_enabled {str(enabled).lower()} and byok_mode {wanted.value} contradict each other. Send one.",
            field="byok_mode",
        )
    return wanted
