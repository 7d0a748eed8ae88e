"""Which credential a route accepts, and whose it is."""

from collections.abc import Mapping
from typing import Protocol

from ownkey.auth.cookies import SessionCookie, check_csrf
from ownkey.auth.gateway_keys import GatewayKeyAuthenticator, shown_key
from ownkey.auth.tokens import NOT_SIGNED_IN
from ownkey.domain.errors import NotSignedInError
from ownkey.domain.identity import Principal
from ownkey.domain.secrets import Secret


class Sessions(Protocol):
    """Checks sessions; `auth/sessions.py` has the one."""

    def principal_of(self, access_token: Secret) -> Principal:
        """Return who calls with this session; raises NotSignedInError or StoreUnavailableError."""
        ...


class Authenticator:
    """Tells who calls. Header names are lower-case; every method raises StoreUnavailableError when it cannot tell."""

    def __init__(
        self,
        gateway_keys: GatewayKeyAuthenticator,
        sessions: Sessions | None = None,
        cookie: SessionCookie | None = None,
    ) -> None:
        """Take gateway keys alone, or sessions in `cookie` too."""
        self._gateway_keys = gateway_keys
        self._sessions = sessions
        self._cookie = cookie

    def program(self, headers: Mapping[str, str]) -> Principal:
        """Return the program that shows a gateway key; raises MissingGatewayKeyError or InvalidGatewayKeyError."""
        return self._gateway_keys.authenticate(headers)

    def anyone(self, headers: Mapping[str, str], method: str) -> Principal:
        """Return the program or person that calls. A gateway key that is shown counts, whatever else is sent.

        Raises:
            InvalidGatewayKeyError: the gateway key is not valid.
            NotSignedInError: there is neither a gateway key nor a valid session.
            ForbiddenError: a write with a session, without the header against request forgery.
        """
        if shown_key(headers) is not None:
            return self._gateway_keys.authenticate(headers)
        return self.person(headers, method)

    def reader(self, headers: Mapping[str, str]) -> Principal:
        """Return the program or person that reads a route of programs, where no credential is a missing gateway key.

        Raises:
            MissingGatewayKeyError: there is neither a gateway key nor a session.
            InvalidGatewayKeyError: the gateway key is not valid.
            NotSignedInError: the session is not valid.
        """
        has_session = self._cookie is not None and self._cookie.value_in(headers) is not None
        if has_session and shown_key(headers) is None:
            return self.person(headers, "GET")
        return self._gateway_keys.authenticate(headers)

    def person(self, headers: Mapping[str, str], method: str) -> Principal:
        """Return the person who is signed in; raises NotSignedInError or ForbiddenError. Gateway keys do not count."""
        access_token = self.session(headers, method)
        if self._sessions is None:
            raise NotSignedInError(NOT_SIGNED_IN)
        return self._sessions.principal_of(access_token)

    def session(self, headers: Mapping[str, str], method: str) -> Secret:
        """Return the access token that is shown, unchecked; raises NotSignedInError or ForbiddenError."""
        access_token = self._cookie.value_in(headers) if self._cookie else None
        if access_token is None:
            raise NotSignedInError(NOT_SIGNED_IN)
        check_csrf(headers, method)
        return access_token
