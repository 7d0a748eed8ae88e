"""Bodies of the account routes."""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, StringConstraints

from ownkey.domain.chat import JsonObject
from ownkey.domain.identity import GatewayKey, GatewayKeyLimits
from ownkey.domain.secrets import Secret

Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")
]
Email = Annotated[str, StringConstraints(strip_whitespace=True, max_length=254, pattern=r"^[!-?A-~]+@[!-?A-~]+$")]
Origin = Annotated[
    str,
    StringConstraints(to_lower=True, max_length=256, pattern=r"^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?$"),
]
"""As browsers name it: scheme, host, and the port where it is not the usual one."""
TeamId = Annotated[str, StringConstraints(to_lower=True, pattern=r"^[0-9A-Fa-f-]{36}$")]
Usd = Annotated[Decimal, Field(gt=0, le=Decimal("1e9"), max_digits=20, decimal_places=9)]


def exact_number(value: Any) -> Any:
    """Return a JSON number in the digits it was written with; decimal texts, as we answer with, are fine too."""
    if isinstance(value, bool) or (value is not None and not isinstance(value, int | float | str)):
        raise ValueError("send a number, or null for no limit")
    return value if value is None else str(value)


Password = Annotated[SecretStr, Field(min_length=1, max_length=256)]


class SignIn(BaseModel):
    """`POST /api/session`."""

    model_config = ConfigDict(extra="forbid")

    email: Email
    password: Password

    @property
    def credentials(self) -> tuple[str, Secret]:
        """The address, and the password in the type that the rest of us uses."""
        return self.email, Secret(self.password.get_secret_value())


class _Limits(BaseModel):
    """Daily limits and allowed origins of a gateway key; null for none."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    allowed_origins: Annotated[list[Origin], Field(max_length=20)] | None = None
    requests_per_day: Annotated[int, Field(ge=1, le=10_000_000, strict=True)] | None = None
    usd_per_day: Annotated[Usd, BeforeValidator(exact_number)] | None = None

    @property
    def sent(self) -> set[str]:
        """The fields that were sent, null ones too."""
        return self.model_fields_set

    def limit_changes(self) -> dict[str, Any]:
        """Return the limits that were sent, by their names in `GatewayKeyLimits`."""
        names = ("allowed_origins", "requests_per_day", "usd_per_day")
        changes = {name: getattr(self, name) for name in names if name in self.sent}
        if "allowed_origins" in changes:
            changes["allowed_origins"] = tuple(dict.fromkeys(changes["allowed_origins"] or ()))
        return changes


class NewGatewayKey(_Limits):
    """`POST /api/user/gateway-keys`."""

    name: Name | None = None
    expires_at: AwareDatetime | None = None
    """ISO 8601 with a time zone."""

    def wishes(self) -> dict[str, Any]:
        """Return what the key is to be, by the names of its own fields."""
        limits = GatewayKeyLimits(**self.limit_changes())
        return {"name": self.name, "expires_at": self.expires_at, "limits": limits}


class GatewayKeyChange(_Limits):
    """`PATCH /api/user/gateway-keys?id=`."""

    name: Name | None = None


class DefaultTeam(BaseModel):
    """`PATCH /api/user/default-team`: null for none."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    team_uuid: TeamId | None = None
    team_id: TeamId | None = None


class Confirmation(BaseModel):
    """`DELETE /api/user`: one's e-mail address, to be sure."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    confirm: str


def shown_gateway_key(key: GatewayKey) -> JsonObject:
    """Return what its user sees of a gateway key."""
    limits = key.limits
    return {
        "id": key.key_id,
        "name": key.name,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "allowed_origins": list(limits.allowed_origins),
        "requests_per_day": limits.requests_per_day,
        "usd_per_day": None if limits.usd_per_day is None else format(limits.usd_per_day, "f"),
    }
