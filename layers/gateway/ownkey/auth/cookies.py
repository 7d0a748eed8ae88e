"""The session cookie, and the header that a page of ours proves itself with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ownkey.domain.errors import ForbiddenError
from ownkey.domain.secrets import Secret

if TYPE_CHECKING:
    from ownkey.auth.sessions import SessionTokens

CSRF_HEADER = "x-ownkey-csrf"
READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class SessionCookie:
    """A cookie that holds a session's token. Scripts cannot read it, other sites cannot send it."""

    def __init__(self, *, https: bool, name: str = "ownkey_session") -> None:
        """Prepare for a site on https, or on loopback http, where browsers refuse `__Host-` and `Secure`.

        The path is `/`, as `__Host-` demands: below API Gateway's own address, paths begin with the stage's name.
        """
        self._name = f"__Host-{name}" if https else name
        self._attributes = "; Path=/; HttpOnly; SameSite=Strict" + ("; Secure" if https else "")

    def value_in(self, headers: Mapping[str, str]) -> Secret | None:
        """Return the token that a request carries, unchecked. Header names are lower-case."""
        for pair in headers.get("cookie", "").split(";"):
            name, _, value = pair.strip().partition("=")
            if name == self._name and value:
                return Secret(value)
        return None

    def setting(self, token: Secret, *, max_age_seconds: int) -> str:
        """Return the `Set-Cookie` value that begins a session."""
        return f"{self._name}={token.reveal()}; Max-Age={max_age_seconds}{self._attributes}"

    def clearing(self) -> str:
        """Return the `Set-Cookie` value that ends a session in the browser."""
        return f"{self._name}=; Max-Age=0{self._attributes}"


REFRESH_SECONDS = 30 * 24 * 3600
"""How long a refresh token lasts, as the user pool's client in the template says."""


@dataclass(frozen=True, slots=True)
class SessionCookies:
    """Both cookies of a session: the access token, for minutes, and the refresh token, for days."""

    access: SessionCookie
    refresh: SessionCookie

    def of(self, tokens: "SessionTokens") -> list[str]:
        """Return the `Set-Cookie` values that begin or renew a session."""
        refresh = tokens.refresh_token
        renewed = [self.refresh.setting(refresh, max_age_seconds=REFRESH_SECONDS)] if refresh else []
        return [self.access.setting(tokens.access_token, max_age_seconds=tokens.expires_in_seconds), *renewed]

    def ending(self) -> list[str]:
        """Return the `Set-Cookie` values that end a session in the browser."""
        return [self.access.clearing(), self.refresh.clearing()]


def check_csrf(headers: Mapping[str, str], method: str) -> None:
    """Raise ForbiddenError for a write with a session that no page of ours can have made.

    A page of another site cannot add a header of its own to a request without being asked first, and is not allowed to.
    """
    if method.upper() not in READING_METHODS and headers.get(CSRF_HEADER) != "1":
        raise ForbiddenError(f"A write with a session needs the header `{CSRF_HEADER}: 1`. Add it.")
