"""Bodies of the account routes."""

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from ownkey.domain.chat import JsonObject
from ownkey.domain.identity import GatewayKey
from ownkey.domain.secrets import Secret

Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")
]
Email = Annotated[str, StringConstraints(strip_whitespace=True, max_length=254, pattern=r"^[!-?A-~]+@[!-?A-~]+$")]
Password = Annotated[SecretStr, Field(min_length=1, max_length=256)]


class SignIn(BaseModel):
    """`POST /api/session`."""

    model_config = ConfigDict(extra="forbid")

    email: Email
    password: Password

    @property
    def secret_password(self) -> Secret:
        """The password, in the type that the rest of us uses."""
        return Secret(self.password.get_secret_value())


class NewGatewayKey(BaseModel):
    """`POST /api/user/gateway-keys`."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    expires_at: AwareDatetime | None = None
    """ISO 8601 with a time zone."""


def shown_gateway_key(key: GatewayKey) -> JsonObject:
    """Return what its user sees of a gateway key."""
    return {"id": key.key_id, "name": key.name, "created_at": key.created_at, "expires_at": key.expires_at}
