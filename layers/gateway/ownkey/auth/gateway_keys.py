"""Gateway keys: `ok-<id>-<secret>`, minted here, shown once, and checked against a SHA-256."""

import hashlib
import hmac
import re
import secrets
import string
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol

from ownkey.domain.dates import iso_utc
from ownkey.domain.errors import InvalidGatewayKeyError, MissingGatewayKeyError, OriginNotAllowedError
from ownkey.domain.identity import NO_LIMITS, GatewayKey, GatewayKeyLimits, Principal
from ownkey.domain.secrets import Secret

ALPHABET = string.ascii_letters + string.digits
ID_LENGTH = 16
SECRET_LENGTH = 43
"""43 of 62 characters are 256 bits."""

_FORM = re.compile(rf"ok-(?P<id>[A-Za-z0-9]{{{ID_LENGTH}}})-(?P<secret>[A-Za-z0-9]{{{SECRET_LENGTH}}})")
_NOBODY = ("0" * ID_LENGTH, "")
"""What is looked up for a malformed key, so that it costs what an unknown one costs."""


class GatewayKeyLookup(Protocol):
    """Finds what is stored of a gateway key; `storage/accounts.py` is the one."""

    def find_gateway_key(self, key_id: str) -> GatewayKey | None:
        """Return the key as it is now, or None; raises StoreUnavailableError."""
        ...


def mint(
    *,
    user_id: str,
    name: str,
    now: datetime,
    expires_at: datetime | None = None,
    limits: GatewayKeyLimits = NO_LIMITS,
    default_team_id: str | None = None,
) -> tuple[GatewayKey, Secret]:
    """Return a new gateway key: what to store of it, and the text to show once."""
    key_id = _random_text(ID_LENGTH)
    secret = _random_text(SECRET_LENGTH)
    key = GatewayKey(
        key_id=key_id,
        user_id=user_id,
        secret_sha256=_sha256(secret),
        name=name,
        created_at=iso_utc(now),
        expires_at=iso_utc(expires_at) if expires_at else None,
        limits=limits,
        default_team_id=default_team_id,
    )
    return key, Secret(f"ok-{key_id}-{secret}")


def is_key_id(text: str) -> bool:
    """Return whether `text` has the form of a gateway key's id."""
    return len(text) == ID_LENGTH and all(character in ALPHABET for character in text)


def shown_key(headers: Mapping[str, str]) -> str | None:
    """Return what a request shows as its gateway key, unchecked; None when it shows nothing.

    `Authorization: Bearer` wins over `x-api-key`. Names are lower-case.
    """
    authorization = headers.get("authorization", "").strip()
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() == "bearer":
        authorization = token.strip()
    elif headers.get("x-api-key", "").strip():
        # Some other scheme, meant for somebody on the way.
        authorization = ""
    return authorization or headers.get("x-api-key", "").strip() or None


class GatewayKeyAuthenticator:
    """Tells who shows a gateway key, in one lookup, whatever the key looks like."""

    def __init__(self, lookup: GatewayKeyLookup, now: Callable[[], datetime]) -> None:
        self._lookup = lookup
        self._now = now

    def authenticate(self, headers: Mapping[str, str]) -> Principal:
        """Return who shows the gateway key in `headers`, whose names are lower-case.

        Raises:
            MissingGatewayKeyError: no key is shown.
            InvalidGatewayKeyError: it is malformed, unknown, revoked or expired; which of them cannot be told.
            OriginNotAllowedError: it is good, and does not work on the page that the request comes from.
            StoreUnavailableError: the key could not be looked up.
        """
        shown = shown_key(headers)
        if shown is None:
            raise MissingGatewayKeyError("Send your gateway key as `Authorization: Bearer ok-…` or `x-api-key: ok-…`.")
        form = _FORM.fullmatch(shown)
        key_id, secret = form.group("id", "secret") if form else _NOBODY
        key = self._lookup.find_gateway_key(key_id)
        matches = hmac.compare_digest(_sha256(secret), key.secret_sha256 if key else _sha256(key_id))
        if form is None or key is None or not matches or self._expired(key):
            raise InvalidGatewayKeyError("The gateway key is not valid. Check it, or create a new one.")
        _check_origin(key.limits, headers.get("origin"))
        return Principal(
            user_id=key.user_id,
            credential="gateway_key",
            gateway_key_id=key.key_id,
            limits=key.limits,
            default_team_id=key.default_team_id,
            has_funds=key.has_funds,
        )

    def _expired(self, key: GatewayKey) -> bool:
        return key.expires_at is not None and datetime.fromisoformat(key.expires_at) <= self._now()


def _check_origin(limits: GatewayKeyLimits, origin: str | None) -> None:
    """Raise unless the key works there. Only browsers name an origin, and pages cannot choose theirs."""
    if limits.allowed_origins and origin is not None and origin.lower() not in limits.allowed_origins:
        raise OriginNotAllowedError(
            "This gateway key does not work on pages of this origin. Add the origin to the key, or use another key."
        )


def _random_text(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
