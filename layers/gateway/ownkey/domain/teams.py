"""Teams: who belongs to one, what each may do there, and whose key pays for its traffic."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal  # not needed to start


class Role(StrEnum):
    """What a member is. A team has exactly one owner."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"


class TeamStatus(StrEnum):
    """Whether a team's traffic runs."""

    ACTIVE = "active"
    PAUSED = "paused"
    """By an owner or admin, who may resume it."""
    SUSPENDED = "suspended"
    """By the operator."""


class ByokMode(StrEnum):
    """Whether the team's own provider keys pay for team-billed traffic."""

    DISABLED = "disabled"
    """Never."""
    PREFER_TEAM = "prefer_team"
    """Where the team has a key for the provider."""
    REQUIRE_TEAM = "require_team"
    """Always: without a team key the request is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """A team and its settings."""

    team_id: str
    """A UUID."""
    name: str
    owner_id: str
    """The user whose account pays for the team."""
    status: TeamStatus = TeamStatus.ACTIVE
    byok_mode: ByokMode = ByokMode.DISABLED
    created_at: str
    paused_at: str | None = None
    suspended_at: str | None = None
    allowed_models: Mapping[str, bool] | None = None
    """Model id -> whether members may use it; what is not listed they may not. None allows every model."""
    default_member_usage_limit_usd: "Decimal | None" = None
    """A month, for members without a limit of their own."""
    usage_limit_usd: "Decimal | None" = None
    """A month, for the whole team."""
    usage_limit_enforced: bool = False
    """Whether a limit that is reached stops traffic, or is only shown."""
    invite_link_enabled: bool = False
    invite_link_token: str | None = None
    has_funds: bool | None = None
    """Whether the owner's balance was positive when the team's last request was settled; None before the first."""

    @property
    def owner(self) -> str:
        """The owner of this team's provider keys: `team#<id>`."""
        return f"team#{self.team_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A user in a team."""

    team_id: str
    user_id: str
    role: Role
    joined_at: str
    email: str
    name: str | None = None
    """What the member is called in this team."""
    bill_to_team: bool = False
    """Whether the member's requests are the team's when it is their default team."""
    usage_limit_usd: "Decimal | None" = None
    """A month; None leaves it to the team's default."""
    usage_limit_enforced: bool | None = None
    """None leaves it to the team."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamStanding:
    """A caller's place in the team that a request is billed to, as it is at this moment."""

    team: Team
    member: Member
    team_spent_usd: "Decimal | int" = 0
    """This month, UTC."""
    member_spent_usd: "Decimal | int" = 0
    """This month, UTC, in this team."""

    @property
    def member_limit_usd(self) -> "Decimal | None":
        """The member's limit that is in force: their own, else the team's default."""
        own = self.member.usage_limit_usd
        return self.team.default_member_usage_limit_usd if own is None else own

    @property
    def member_limit_enforced(self) -> bool:
        """Whether that limit stops traffic."""
        own = self.member.usage_limit_enforced
        return self.team.usage_limit_enforced if own is None else own


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """An offer to join a team, good for whoever holds its token, once."""

    team_id: str
    invitation_id: str
    email: str
    """Whom it was meant for; what the inviter wrote."""
    role: Role
    status: str
    """`pending`, `accepted` or `revoked`."""
    token: str
    created_at: str
    expires_at: str

    def status_at(self, now: str) -> str:
        """Return the status that holds now, an ISO date: a pending one expires."""
        return "expired" if self.status == "pending" and self.expires_at <= now else self.status


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinRequest:
    """A wish to join a team, made with its invite link; one a user and team."""

    team_id: str
    user_id: str
    email: str
    status: str
    """`pending`, `accepted` or `rejected`."""
    created_at: str
