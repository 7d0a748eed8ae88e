"""The session cookie, and the header that a page of ours proves itself with."""

from collections.abc import Mapping

from ownkey.domain.errors import ForbiddenError
from ownkey.domain.secrets import Secret

CSRF_HEADER = "x-ownkey-csrf"
READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class SessionCookie:
    """The cookie that holds a session's access token. Scripts cannot read it, other sites cannot send it."""

    def __init__(self, *, https: bool) -> None:
        """Prepare for a site on https, or on loopback http, where browsers refuse `__Host-` and `Secure`."""
        self._name = "__Host-ownkey_session" if https else "ownkey_session"
        self._attributes = "; Path=/; HttpOnly; SameSite=Strict" + ("; Secure" if https else "")

    def value_in(self, headers: Mapping[str, str]) -> Secret | None:
        """Return the access token that a request carries, unchecked. Header names are lower-case."""
        for pair in headers.get("cookie", "").split(";"):
            name, _, value = pair.strip().partition("=")
            if name == self._name and value:
                return Secret(value)
        return None

    def setting(self, access_token: Secret, *, max_age_seconds: int) -> str:
        """Return the `Set-Cookie` value that begins a session."""
        return f"{self._name}={access_token.reveal()}; Max-Age={max_age_seconds}{self._attributes}"

    def clearing(self) -> str:
        """Return the `Set-Cookie` value that ends a session in the browser."""
        return f"{self._name}=; Max-Age=0{self._attributes}"


def check_csrf(headers: Mapping[str, str], method: str) -> None:
    """Raise ForbiddenError for a write with a session that no page of ours can have made.

    A page of another site cannot add a header of its own to a request without being asked first, and is not allowed to.
    """
    if method.upper() not in READING_METHODS and headers.get(CSRF_HEADER) != "1":
        raise ForbiddenError(f"A write with a session needs the header `{CSRF_HEADER}: 1`. Add it.")
