"""A person's own account: signing in and out, and their gateway keys."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from ownkey.auth.gateway_keys import is_key_id, mint
from ownkey.auth.sessions import CognitoSessions, PasswordChallenge, SessionTokens, SignedInUser
from ownkey.domain.audit import Actor
from ownkey.domain.chat import JsonObject
from ownkey.domain.errors import ConflictError, InvalidInputError, NotFoundError, NotSignedInError
from ownkey.domain.identity import NO_LIMITS, GatewayKey, GatewayKeyLimits, Principal
from ownkey.domain.secrets import Secret
from ownkey.services.attempts import Attempts

MAX_GATEWAY_KEYS = 50
SIGN_INS_PER_ADDRESS_AND_MINUTE = 10
SIGN_INS_PER_IP_AND_MINUTE = 60
DEFAULT_NAME = "Gateway key"
LONGEST_LIFE = timedelta(days=36_500)


class GatewayKeyStore(Protocol):
    """Keeps what is stored of gateway keys; `storage/accounts.py` is the one."""

    def list_gateway_keys(self, user_id: str) -> list[GatewayKey]:
        """Return a user's keys, oldest first."""
        ...

    def default_team(self, user_id: str) -> str | None:
        """Return the team that a user has chosen for traffic that names none."""
        ...

    def add_gateway_key(self, key: GatewayKey, actor: Actor | None = None) -> None:
        """Store a new key."""
        ...

    def remove_gateway_key(self, user_id: str, key_id: str, actor: Actor | None = None) -> None:
        """Revoke a key of this user; raises NotFoundError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountService:
    """What a person may do with their own account. Every method raises StoreUnavailableError when it cannot tell."""

    gateway_key_store: GatewayKeyStore
    sessions: CognitoSessions
    attempts: Attempts
    now: Callable[[], datetime]

    def sign_in(
        self, email: str, password: Secret, source_ip: str | None = None
    ) -> tuple[JsonObject, SessionTokens | None]:
        """Return what to tell whoever signs in, and their session; none where a new password is needed first.

        Raises:
            NotSignedInError: address or password is wrong.
            RateLimitedError: too many tries in this minute, right or wrong.
        """
        self.attempts.count(email, source_ip)
        begun = self.sessions.begin(email, password)
        if isinstance(begun, PasswordChallenge):
            # Not a credential yet: it is worth something with a new password alone, for three minutes.
            return {"challenge": "NEW_PASSWORD_REQUIRED", "session": begun.session.reveal()}, None
        return self.session(begun.access_token), begun

    def session(self, access_token: Secret) -> JsonObject:
        """Return what to tell a person of their own session; raises NotSignedInError."""
        user = self.user_of(access_token)
        default_team = self.gateway_key_store.default_team(user.user_id)
        return {"user_id": user.user_id, "email": user.email, "default_team_uuid": default_team}

    def user_of(self, access_token: Secret) -> SignedInUser:
        """Return whose session it is; raises NotSignedInError."""
        return self.sessions.user_of(access_token)

    def sign_out(self, access_token: Secret | None, refresh_token: Secret | None = None) -> None:
        """End all sessions of whose tokens these are. What has ended already is fine.

        An access token ends by itself, long before its session does: then the refresh token is what must not live on.
        """
        if access_token is not None and self._signed_out(access_token):
            return
        if refresh_token is not None:
            try:
                renewed = self.sessions.renew(refresh_token)
            except NotSignedInError:
                return
            self._signed_out(renewed.access_token)

    def _signed_out(self, access_token: Secret) -> bool:
        try:
            self.sessions.sign_out(access_token)
        except NotSignedInError:
            return False
        return True

    def gateway_keys(self, principal: Principal) -> list[GatewayKey]:
        """Return the caller's gateway keys, oldest first."""
        return self.gateway_key_store.list_gateway_keys(principal.user_id)

    def create_gateway_key(
        self,
        principal: Principal,
        *,
        name: str | None = None,
        expires_at: datetime | None = None,
        limits: GatewayKeyLimits = NO_LIMITS,
        source_ip: str | None = None,
    ) -> tuple[GatewayKey, Secret]:
        """Store a new gateway key; return what is stored, and its text, which cannot be had again.

        Raises:
            InvalidInputError: the expiry date is past, or absurd.
            ConflictError: the caller has as many keys as one may have.
        """
        now = self.now()
        if expires_at is not None and not now < expires_at <= now + LONGEST_LIFE:
            raise InvalidInputError("`expires_at` must lie in the future. Send a later date.", field="expires_at")
        if len(self.gateway_keys(principal)) >= MAX_GATEWAY_KEYS:
            raise ConflictError(f"You have {MAX_GATEWAY_KEYS} gateway keys, which is the most. Revoke one first.")
        key, text = mint(
            user_id=principal.user_id,
            name=name or DEFAULT_NAME,
            now=now,
            expires_at=expires_at,
            limits=limits,
            default_team_id=self.gateway_key_store.default_team(principal.user_id),
        )
        self.gateway_key_store.add_gateway_key(key, Actor(user_id=principal.user_id, source_ip=source_ip))
        return key, text

    def revoke_gateway_key(self, principal: Principal, key_id: str, source_ip: str | None = None) -> None:
        """End one of the caller's gateway keys, at once and everywhere; raises NotFoundError."""
        if not is_key_id(key_id):
            raise NotFoundError("You have no gateway key with this id. List your keys to see their ids.")
        actor = Actor(user_id=principal.user_id, source_ip=source_ip)
        self.gateway_key_store.remove_gateway_key(principal.user_id, key_id, actor)
