"""Bodies of the routes before a session."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from ownkey.api.schemas.account import Email, Password
from ownkey.domain.secrets import Secret

Code = Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=64, pattern=r"^[!-~]+$")]


class EmailOnly(BaseModel):
    """`POST /api/session/resend`, `/forgot-password`."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    email: Email


class _WithPassword(EmailOnly):
    password: Password

    @property
    def secret(self) -> Secret:
        """The password, in the type that the rest of us uses."""
        return Secret(self.password.get_secret_value())


class SignUp(_WithPassword):
    """`POST /api/session/sign-up`."""

    invitation: Annotated[str, StringConstraints(min_length=16, max_length=128)] | None = None
    """The token of an invitation to a team, where the operator asks for one."""


class SignUpCode(EmailOnly):
    """`POST /api/session/confirm`."""

    code: Code


class PasswordReset(_WithPassword):
    """`POST /api/session/reset-password`."""

    code: Code


class NewPassword(_WithPassword):
    """`POST /api/session/challenge`: the new password of a sign-in that needs one."""

    session: Annotated[SecretStr, Field(min_length=1, max_length=4096)]
