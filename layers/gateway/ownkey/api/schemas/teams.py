"""Bodies of the team routes."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from ownkey.api.schemas.account import Email, exact_number
from ownkey.domain.teams import ByokMode

TeamName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=50, pattern=r"^[\w \-]*$")]
"""Letters, digits, space, hyphen and underscore."""
Token = Annotated[str, StringConstraints(min_length=16, max_length=128, pattern=r"^[A-Za-z0-9_-]+$")]
Id = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9-]+$")]


Usd = Annotated[Decimal, Field(ge=0, le=Decimal("1e9"), max_digits=20, decimal_places=9)]
Limit = Annotated[Usd | None, BeforeValidator(exact_number)]
"""US dollars a month; null for no limit."""


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    @property
    def sent(self) -> set[str]:
        """The fields that were sent, null ones too."""
        return self.model_fields_set


class NewTeam(_Body):
    """`POST /api/teams`, and what confirms `DELETE /api/teams/{team}`."""

    name: TeamName


class ConfirmedName(_Body):
    """`DELETE /api/teams/{team}`: the team's name, to be sure."""

    name: str


class TeamChange(_Body):
    """`PATCH /api/teams/{team}`."""

    name: TeamName | None = None
    status: Literal["active", "paused"] | None = None


class MemberChange(_Body):
    """`PATCH /api/teams/{team}/members`: a role, or limits."""

    member_id: Id = Field(alias="sessionId")
    role: Literal["admin", "member"] | None = None
    usage_limit_usd: Limit = None
    usage_limit_enforced: bool | None = None


class MemberName(_Body):
    """Names a member: `DELETE …/members`, `POST …/owner`."""

    member_id: Id = Field(alias="sessionId")


class OwnPreferences(_Body):
    """`PATCH …/members/self`."""

    bill_to_team: bool | None = None
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)] | None = None


class NewInvitation(_Body):
    """`POST …/invitations`."""

    email: Email
    role: Literal["admin", "member"] = "member"


class InvitationChange(_Body):
    """`PATCH …/invitations`."""

    action: Literal["revoke"] = "revoke"
    id: Id | None = None
    token: Token | None = None


class TokenBody(_Body):
    """A token: to accept an invitation, to ask to join."""

    token: Token


class LinkChange(_Body):
    """`POST …/invite-link`."""

    action: Literal["enable", "disable"] = "enable"


class LinkEmails(_Body):
    """`POST …/invite-link/email`."""

    emails: Annotated[list[Email], Field(min_length=1, max_length=10)]


class RequestDecision(_Body):
    """`PATCH …/join-requests`."""

    action: Literal["accept", "reject"] = "accept"
    id: Id


class RequestName(_Body):
    """`DELETE …/join-requests`."""

    id: Id


class SettingsChange(_Body):
    """`PATCH …/settings`."""

    default_member_usage_limit_usd: Limit = None
    team_usage_limit_usd: Limit = None
    usage_limit_enforced: bool | None = None


class AllowedModels(_Body):
    """`PATCH …/allowed-models`: null allows every model."""

    allowed_models: (
        Annotated[
            dict[Annotated[str, StringConstraints(min_length=1, max_length=256, pattern=r"^[!-~]+$")], bool],
            Field(max_length=500),
        ]
        | None
    )


class ByokChange(_Body):
    """`PATCH …/byok-settings`."""

    byok_enabled: bool | None = None
    byok_mode: ByokMode | None = None
