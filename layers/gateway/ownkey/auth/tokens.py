"""Access tokens of Cognito, checked here: signature, issuer, client, use and expiry.

PyJWT is imported by the first token: it costs more than the rest of a cold start.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ownkey.domain.chat import JsonObject
from ownkey.domain.errors import NotSignedInError, StoreUnavailableError
from ownkey.domain.secrets import Secret

NOT_SIGNED_IN = "You are not signed in, or your session has ended. Sign in and try again."
REFETCH_SECONDS = 60.0
"""How often the pool's keys are asked for at most, whatever tokens come."""
ALGORITHM = "RS256"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenIssuer:
    """Who issues the tokens that count."""

    user_pool_id: str
    client_id: str

    @property
    def url(self) -> str:
        """The pool's name in tokens; an id begins with its region."""
        return f"https://cognito-idp.{self.user_pool_id.partition('_')[0]}.amazonaws.com/{self.user_pool_id}"


class TokenVerifier:
    """Tells whose access token it is, without asking anybody but for the pool's public keys, once in a process."""

    def __init__(
        self,
        issuer: TokenIssuer,
        fetch_keys: Callable[[], JsonObject],
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the issuer, and what fetches its key set (JWKS); it raises StoreUnavailableError."""
        self._issuer = issuer
        self._fetch_keys = fetch_keys
        self._monotonic = monotonic
        self._keys: Mapping[str, Any] = {}
        self._fetched_at: float | None = None

    def user_id_of(self, access_token: Secret) -> str:
        """Return the id of the user whose token it is.

        Raises:
            NotSignedInError: it is forged, expired, or not an access token of our client.
            StoreUnavailableError: the pool's keys were never to be had; that is no fault of the token.
        """
        import jwt

        text = access_token.reveal()
        try:
            header = jwt.get_unverified_header(text)
            key = self._key(str(header.get("kid", "")))
            claims = jwt.decode(
                text,
                key,
                algorithms=[ALGORITHM],
                issuer=self._issuer.url,
                # A session begins at once, though Cognito's clock be a moment ahead of ours: `iat` is not looked at.
                options={"require": ["exp", "iss", "sub"], "verify_aud": False, "verify_iat": False},
            )
        except jwt.PyJWTError as exc:
            raise NotSignedInError(NOT_SIGNED_IN) from exc
        # Access tokens name their client, and no audience.
        ours = claims.get("client_id") == self._issuer.client_id and claims.get("token_use") == "access"
        if not ours or not isinstance(claims["sub"], str):
            raise NotSignedInError(NOT_SIGNED_IN)
        return claims["sub"]

    def _key(self, key_id: str) -> Any:
        if key_id not in self._keys:
            self._refresh()
        if key_id not in self._keys:
            raise NotSignedInError(NOT_SIGNED_IN)
        return self._keys[key_id]

    def _refresh(self) -> None:
        """Fetch the pool's keys, seldom. What is known goes on while they cannot be had."""
        now = self._monotonic()
        if self._fetched_at is not None and now - self._fetched_at < REFETCH_SECONDS:
            return
        from jwt import PyJWKSet, PyJWKSetError

        try:
            fetched = PyJWKSet.from_dict(self._fetch_keys())
        except (StoreUnavailableError, PyJWKSetError) as exc:
            if not self._keys:
                raise StoreUnavailableError("the user pool's keys could not be had") from exc
        else:
            self._keys = {key.key_id: key for key in fetched.keys if key.key_id and key.key_type == "RSA"}
        self._fetched_at = now
