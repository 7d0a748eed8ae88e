"""Signing up and recovering a password, on Amazon Cognito. Nothing here tells whether an address has an account."""

import string
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
WEAK_PASSWORD = "The password is too weak: twelve characters or more, with capitals, small letters and digits."
SHORTEST_PASSWORD = 12
KINDS = (string.ascii_uppercase, string.ascii_lowercase, string.digits)
"""The user pool's own policy in the template, checked here first: Cognito may look for the account before."""

TELLS_OF_SIGN_UP = frozenset({"UsernameExistsException"})
TELLS_OF_AN_ACCOUNT = frozenset(
    {
        "UserNotFoundException",
        "InvalidParameterException",  # confirmed already; no verified address to write to
        "NotAuthorizedException",  # disabled; has not changed its temporary password yet
        "LimitExceededException",  # this one was written to too often
    }
)
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
        check_password(password)
        try:
            self._silently(
                TELLS_OF_SIGN_UP,
                self._cognito.sign_up,
                Username=email,
                Password=password.reveal(),
                UserAttributes=attributes,
            )
        except self._client_errors as exc:
            raise _sign_up_error(exc) from exc

    def confirm(self, email: str, code: str) -> None:
        """Confirm an account by its code; raises InvalidInputError and the rest of `sign_up`."""
        self._ask(self._cognito.confirm_sign_up, Username=email, ConfirmationCode=code)

    def resend(self, email: str) -> None:
        """Send another code, where there is an account that waits for one; raises as `sign_up`."""
        self._quietly(self._cognito.resend_confirmation_code, email)

    def forgot_password(self, email: str) -> None:
        """Send a code to change the password with, where there is an account; raises as `sign_up`."""
        self._quietly(self._cognito.forgot_password, email)

    def reset_password(self, email: str, code: str, password: Secret) -> None:
        """Change a password by a code; raises InvalidInputError and the rest of `sign_up`."""
        check_password(password)
        self._ask(
            self._cognito.confirm_forgot_password, Username=email, ConfirmationCode=code, Password=password.reveal()
        )

    def _quietly(self, method: Callable[..., Any], email: str) -> None:
        try:
            self._silently(TELLS_OF_AN_ACCOUNT, method, Username=email)
        except self._client_errors as exc:
            raise _error_of(exc) from exc

    def _silently(self, codes: frozenset[str], method: Callable[..., Any], **request: Any) -> None:
        try:
            method(ClientId=self._client_id, **request)
        except self._client_errors as exc:
            if _code(exc) not in codes:
                raise

    def _ask(self, method: Callable[..., Any], **request: Any) -> None:
        try:
            method(ClientId=self._client_id, **request)
        except self._client_errors as exc:
            raise _error_of(exc) from exc


def check_password(password: Secret) -> None:
    """Raise InvalidInputError for a password that the user pool would not take, whoever's it is."""
    text = password.reveal()
    if len(text) < SHORTEST_PASSWORD or not all(any(one in kind for one in text) for kind in KINDS):
        raise InvalidInputError(WEAK_PASSWORD, field="password")


def _code(error: Exception) -> str:
    return str((getattr(error, "response", None) or {}).get("Error", {}).get("Code", ""))


def _error_of(error: Exception) -> GatewayError:
    match _code(error):
        case "InvalidPasswordException":
            return InvalidInputError(WEAK_PASSWORD, field="password")
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


def _sign_up_error(error: Exception) -> GatewayError:
    match _code(error):
        case "NotAuthorizedException":
            return closed()
        case "InvalidParameterException":
            return InvalidInputError("No account can be made with this address and password. Check both.")
        case _:
            return _error_of(error)


def closed() -> ForbiddenError:
    """Return the refusal of a sign-up that the operator does not allow."""
    return ForbiddenError("Nobody can sign up here with this address. Ask the operator for an account.")
