"""Signing up and recovering a password, on Amazon Cognito. Nothing here tells whether an address has an account."""

from collections.abc import Callable
from typing import Any, Protocol

from ownkey.domain.errors import (
    ForbiddenError,
    GatewayError,
    InvalidInputError,
    RateLimitedError,
    StoreUnavailableError,
)
from ownkey.domain.secrets import Secret

WRONG_CODE = "The code is wrong or has expired. Check it, or ask for a new one."
SILENT = frozenset({"UsernameExistsException", "UserNotFoundException", "InvalidParameterException"})
"""Cognito's codes that tell of accounts: to callers, all went well."""


class RegistrationClient(Protocol):
    """The part of boto3's Cognito client that is used here."""

    @property
    def sign_up(self) -> Callable[..., Any]:
        """Create a user who is not confirmed yet."""
        ...

    @property
    def confirm_sign_up(self) -> Callable[..., Any]:
        """Confirm a user by a code."""
        ...

    @property
    def resend_confirmation_code(self) -> Callable[..., Any]:
        """Send a user another code."""
        ...

    @property
    def forgot_password(self) -> Callable[..., Any]:
        """Send a user a code to change the password with."""
        ...

    @property
    def confirm_forgot_password(self) -> Callable[..., Any]:
        """Change a password by a code."""
        ...


class CognitoRegistration:
    """Makes accounts and recovers passwords."""

    def __init__(
        self, cognito_client: RegistrationClient, client_id: str, client_errors: tuple[type[Exception], ...]
    ) -> None:
        self._cognito = cognito_client
        self._client_id = client_id
        self._client_errors = client_errors

    def sign_up(self, email: str, password: Secret) -> None:
        """Make an account that waits for the code that is e-mailed; one that exists stays as it is.

        Raises:
            InvalidInputError: the password is too weak.
            ForbiddenError: the user pool takes nobody.
            RateLimitedError: too many sign-ups.
            StoreUnavailableError: Cognito could not be asked.
        """
        attributes = [{"Name": "email", "Value": email}]
        self._silently(self._cognito.sign_up, Username=email, Password=password.reveal(), UserAttributes=attributes)

    def confirm(self, email: str, code: str) -> None:
        """Confirm an account by its code; raises InvalidInputError and the rest of `sign_up`."""
        self._ask(self._cognito.confirm_sign_up, Username=email, ConfirmationCode=code)

    def resend(self, email: str) -> None:
        """Send another code, where there is an account that waits for one; raises as `sign_up`."""
        self._silently(self._cognito.resend_confirmation_code, Username=email)

    def forgot_password(self, email: str) -> None:
        """Send a code to change the password with, where there is an account; raises as `sign_up`."""
        self._silently(self._cognito.forgot_password, Username=email)

    def reset_password(self, email: str, code: str, password: Secret) -> None:
        """Change a password by a code; raises InvalidInputError and the rest of `sign_up`."""
        self._ask(
            self._cognito.confirm_forgot_password, Username=email, ConfirmationCode=code, Password=password.reveal()
        )

    def _silently(self, method: Callable[..., Any], **request: Any) -> None:
        try:
            method(ClientId=self._client_id, **request)
        except self._client_errors as exc:
            if _code(exc) not in SILENT:
                raise _error_of(exc) from exc

    def _ask(self, method: Callable[..., Any], **request: Any) -> None:
        try:
            method(ClientId=self._client_id, **request)
        except self._client_errors as exc:
            raise _error_of(exc) from exc


def _code(error: Exception) -> str:
    return str((getattr(error, "response", None) or {}).get("Error", {}).get("Code", ""))


def _error_of(error: Exception) -> GatewayError:
    match _code(error):
        case "InvalidPasswordException":
            return InvalidInputError(
                "The password is too weak: twelve characters or more, with capitals and digits.", field="password"
            )
        case (
            "CodeMismatchException"
            | "ExpiredCodeException"
            | "UserNotFoundException"
            | "NotAuthorizedException"
            | "InvalidParameterException"
        ):
            return InvalidInputError(WRONG_CODE, field="code")
        case "LimitExceededException" | "TooManyRequestsException" | "TooManyFailedAttemptsException":
            return RateLimitedError("Too many tries. Wait a minute and try again.", retry_after_seconds=60)
        case code:
            return StoreUnavailableError(f"Cognito did not answer: {code or type(error).__name__}")


def closed() -> ForbiddenError:
    """Return the refusal of a sign-up that the operator does not allow."""
    return ForbiddenError("Nobody can sign up here with this address. Ask the operator for an account.")
