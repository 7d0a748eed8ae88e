"""Who changed what, when, from where: records that are written once, with the change itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

AuditAction = Literal[
    "account.created",
    "account.deleted",
    "account.default_team_changed",
    "account.password_reset",
    "gateway_key.created",
    "gateway_key.changed",
    "gateway_key.revoked",
    "provider_key.stored",
    "provider_key.deleted",
    "team.created",
    "team.changed",
    "team.deleted",
    "team.owner_changed",
    "team.settings_changed",
    "team.allowed_models_changed",
    "team.byok_changed",
    "team.invite_link_changed",
    "invitation.created",
    "invitation.revoked",
    "invitation.accepted",
    "join_request.created",
    "join_request.withdrawn",
    "join_request.accepted",
    "join_request.rejected",
    "join_request.deleted",
    "member.role_changed",
    "member.limits_changed",
    "member.preferences_changed",
    "member.removed",
    "member.left",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who makes a change, and from where."""

    user_id: str
    source_ip: str | None = None
    """As API Gateway saw it; never a header of the caller's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """One change. Never a secret, and no more of a person than an id and what the change was about."""

    record_id: str
    subject: str
    """Whose trail it stands in: `team#<id>` or `user#<id>`."""
    at: str
    """ISO 8601, UTC, with milliseconds."""
    actor: Actor
    action: AuditAction
    target: str | None = None
    """What was changed: an id, a provider's slug."""
    details: Mapping[str, str] = field(default_factory=dict)
    """New values, as text."""
