"""Sessions of people, on Amazon Cognito: it checks passwords, issues tokens and revokes them."""

import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from ownkey.auth.tokens import NOT_SIGNED_IN
from ownkey.domain.errors import (
    GatewayError,
    InvalidInputError,
    MisconfiguredError,
    NotSignedInError,
    StoreUnavailableError,
)
from ownkey.domain.identity import Principal
from ownkey.domain.secrets import Secret

_TOKEN = re.compile(r"[A-Za-z0-9_-]+\.(?P<claims>[A-Za-z0-9_-]{1,4096})\.[A-Za-z0-9_-]+")
"""A JSON web token."""

REFUSALS = frozenset(
    {
        "NotAuthorizedException",
        "UserNotFoundException",
        "UserNotConfirmedException",
        "PasswordResetRequiredException",
        "InvalidParameterException",
        "CodeMismatchException",  # a challenge that was answered already
        "ExpiredCodeException",
    }
)
"""Cognito's codes that say something of the caller. Every other one is trouble of ours."""

WRONG_PASSWORD = "The e-mail address or the password is wrong. Check both and try again."
CHALLENGES = {
    "NEW_PASSWORD_REQUIRED": "The password was only a temporary one. Ask the operator to set a permanent password.",
}


class CognitoClient(Protocol):
    """The part of boto3's Cognito client that is used here."""

    @property
    def initiate_auth(self) -> Callable[..., Any]:
        """Check a password and issue tokens."""
        ...

    @property
    def get_user(self) -> Callable[..., Any]:
        """Tell whose access token it is."""
        ...

    @property
    def respond_to_auth_challenge(self) -> Callable[..., Any]:
        """Go on with a sign-in."""
        ...

    @property
    def delete_user(self) -> Callable[..., Any]:
        """Delete a user."""
        ...

    @property
    def global_sign_out(self) -> Callable[..., Any]:
        """Revoke a user's tokens."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionTokens:
    """What a sign-in yields."""

    access_token: Secret
    expires_in_seconds: int
    refresh_token: Secret | None = None
    """None where a session is renewed: the one it was renewed with goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordChallenge:
    """A sign-in with a temporary password: it goes on with a new one."""

    session: Secret
    """Cognito's own state of the sign-in, good for three minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedInUser:
    """A person with a valid session."""

    user_id: str
    """Cognito's `sub`."""
    email: str

    @property
    def principal(self) -> Principal:
        """The caller that this person is."""
        return Principal(user_id=self.user_id, credential="session")


class Verifier(Protocol):
    """Checks access tokens without asking; `auth/tokens.py` has the one."""

    def user_id_of(self, access_token: Secret) -> str:
        """Return whose token it is; raises NotSignedInError or StoreUnavailableError."""
        ...


class CognitoSessions:
    """Begins, checks and ends sessions.

    Who calls is read from the token itself. What wants to know more of a person asks Cognito, and hears of a session
    that was ended elsewhere.
    """

    def __init__(
        self,
        cognito_client: CognitoClient,
        client_id: str,
        client_errors: tuple[type[Exception], ...],
        verifier: Verifier,
    ) -> None:
        self._verifier = verifier
        self._cognito = cognito_client
        self._client_id = client_id
        self._client_errors = client_errors

    def sign_in(self, email: str, password: Secret) -> SessionTokens:
        """Return the tokens of a new session.

        Raises:
            NotSignedInError: address or password is wrong; which of them is not said.
            InvalidInputError: the password must be changed first.
            StoreUnavailableError: Cognito could not be asked.
        """
        begun = self.begin(email, password)
        if isinstance(begun, PasswordChallenge):
            raise InvalidInputError(CHALLENGES["NEW_PASSWORD_REQUIRED"])
        return begun

    def begin(self, email: str, password: Secret) -> SessionTokens | PasswordChallenge:
        """Return the tokens of a new session, or that the password must be changed first; raises as `sign_in`."""
        response = self._ask(
            self._cognito.initiate_auth,
            WRONG_PASSWORD,
            ClientId=self._client_id,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": email, "PASSWORD": password.reveal()},
        )
        if response.get("ChallengeName") == "NEW_PASSWORD_REQUIRED":
            return PasswordChallenge(session=Secret(response["Session"]))
        return _tokens(response)

    def change_password(self, email: str, session: Secret, new_password: Secret) -> SessionTokens:
        """Go on with a sign-in that needs a new password; raises NotSignedInError or InvalidInputError."""
        response = self._ask(
            self._cognito.respond_to_auth_challenge,
            "This sign-in has ended. Sign in again with the temporary password.",
            ClientId=self._client_id,
            ChallengeName="NEW_PASSWORD_REQUIRED",
            Session=session.reveal(),
            ChallengeResponses={"USERNAME": email, "NEW_PASSWORD": new_password.reveal()},
        )
        return _tokens(response)

    def renew(self, refresh_token: Secret) -> SessionTokens:
        """Return fresh tokens of a session; raises NotSignedInError when it has ended."""
        response = self._ask(
            self._cognito.initiate_auth,
            NOT_SIGNED_IN,
            ClientId=self._client_id,
            AuthFlow="REFRESH_TOKEN_AUTH",
            AuthParameters={"REFRESH_TOKEN": refresh_token.reveal()},
        )
        return _tokens(response)

    def user_of(self, access_token: Secret) -> SignedInUser:
        """Return whose session it is; raises NotSignedInError or StoreUnavailableError."""
        self._check_issued_here(access_token)
        response = self._ask(self._cognito.get_user, NOT_SIGNED_IN, AccessToken=access_token.reveal())
        attributes = {attribute["Name"]: attribute.get("Value", "") for attribute in response["UserAttributes"]}
        return SignedInUser(user_id=attributes["sub"], email=attributes.get("email", ""))

    def principal_of(self, access_token: Secret) -> Principal:
        """Return who calls with this session; raises NotSignedInError or StoreUnavailableError."""
        return Principal(user_id=self._verifier.user_id_of(access_token), credential="session")

    def sign_out(self, access_token: Secret) -> None:
        """End all sessions of this user; raises NotSignedInError or StoreUnavailableError."""
        self._check_issued_here(access_token)
        self._ask(self._cognito.global_sign_out, NOT_SIGNED_IN, AccessToken=access_token.reveal())

    def delete(self, access_token: Secret) -> None:
        """Delete the user whose session it is; raises NotSignedInError or StoreUnavailableError."""
        self._check_issued_here(access_token)
        self._ask(self._cognito.delete_user, NOT_SIGNED_IN, AccessToken=access_token.reveal())

    def _check_issued_here(self, access_token: Secret) -> None:
        # Cognito takes a valid token of any user pool, a stranger's own pool too. It checks the signature, and so what
        # the token says; that it was issued to our client is for us to check.
        if _claims(access_token.reveal()).get("client_id") != self._client_id:
            raise NotSignedInError(NOT_SIGNED_IN)

    def _ask(self, method: Callable[..., Any], refusal: str, **request: Any) -> Any:
        try:
            return method(**request)
        except self._client_errors as exc:
            raise _error_of(exc, refusal) from exc


def _tokens(response: Any) -> SessionTokens:
    if challenge := response.get("ChallengeName"):
        raise InvalidInputError(f"This account needs {challenge} to sign in, which is not supported here.")
    result = response["AuthenticationResult"]
    refresh = result.get("RefreshToken")
    return SessionTokens(
        access_token=Secret(result["AccessToken"]),
        expires_in_seconds=int(result["ExpiresIn"]),
        refresh_token=Secret(refresh) if refresh else None,
    )


def _error_of(error: Exception, refusal: str) -> GatewayError:
    details = (getattr(error, "response", None) or {}).get("Error", {})
    code = details.get("Code", "")
    if code == "InvalidParameterException" and "flow not enabled" in details.get("Message", ""):
        return MisconfiguredError("the user pool client does not allow USER_PASSWORD_AUTH")
    if code == "InvalidPasswordException":
        return InvalidInputError("The password is too weak: twelve characters or more, with capitals and digits.")
    if code in REFUSALS:
        return NotSignedInError(refusal)
    return StoreUnavailableError(f"Cognito did not answer: {code or type(error).__name__}")


def _claims(token: str) -> dict[str, Any]:
    """Return what a token says, unchecked; nothing when it is no token."""
    form = _TOKEN.fullmatch(token)
    if form is None:
        return {}
    try:
        claims = json.loads(base64.urlsafe_b64decode(form["claims"] + "=" * (-len(form["claims"]) % 4)))
    except (ValueError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}
