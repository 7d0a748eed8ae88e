"""All that people do before they have a session, or to renew one: sign up, confirm, recover, renew."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from ownkey.auth.registration import CognitoRegistration, closed
from ownkey.auth.sessions import CognitoSessions, SessionTokens
from ownkey.domain.dates import iso_utc
from ownkey.domain.errors import NotFoundError, NotSignedInError
from ownkey.domain.secrets import Secret
from ownkey.services.attempts import Attempts
from ownkey.storage.invitations import InvitationRepository

if TYPE_CHECKING:
    from ownkey.api.schemas.session import EmailOnly, NewPassword, PasswordReset, SignUp, SignUpCode

SignUpMode = Literal["off", "invitation", "open"]
PER_ADDRESS_AND_MINUTE = 5
PER_IP_AND_MINUTE = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUpRules:
    """Who may make an account, as the operator decided."""

    mode: SignUpMode = "off"
    email_domains: frozenset[str] = frozenset()
    """The only domains of addresses; empty for all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """Every call is counted by caller and by address, and none tells whether an address has an account."""

    registration: CognitoRegistration
    sessions: CognitoSessions
    invitations: InvitationRepository
    rules: SignUpRules
    attempts: Attempts
    now: Callable[[], datetime]

    def sign_up(self, body: "SignUp", source_ip: str | None) -> None:
        """Make an account, where the operator's rules allow it; a code comes by e-mail.

        Raises:
            ForbiddenError: they do not.
            InvalidInputError: the password is too weak.
        """
        self.attempts.count(body.email, source_ip)
        domain = body.email.rpartition("@")[2].lower()
        wrong_domain = self.rules.email_domains and domain not in self.rules.email_domains
        uninvited = self.rules.mode == "invitation" and not self._invited(body.email, body.invitation)
        if self.rules.mode == "off" or wrong_domain or uninvited:
            raise closed()
        self.registration.sign_up(body.email, body.secret)

    def confirm(self, body: "SignUpCode", source_ip: str | None) -> None:
        """Confirm an account by its code."""
        self.attempts.count(body.email, source_ip)
        self.registration.confirm(body.email, body.code)

    def resend(self, body: "EmailOnly", source_ip: str | None) -> None:
        """Send another code."""
        self.attempts.count(body.email, source_ip)
        self.registration.resend(body.email)

    def forgot_password(self, body: "EmailOnly", source_ip: str | None) -> None:
        """Send a code to change the password with."""
        self.attempts.count(body.email, source_ip)
        self.registration.forgot_password(body.email)

    def reset_password(self, body: "PasswordReset", source_ip: str | None) -> None:
        """Change the password by a code."""
        self.attempts.count(body.email, source_ip)
        self.registration.reset_password(body.email, body.code, body.secret)

    def change_password(self, body: "NewPassword", source_ip: str | None) -> SessionTokens:
        """Go on with a sign-in that needs a new password."""
        self.attempts.count(body.email, source_ip)
        return self.sessions.change_password(body.email, Secret(body.session.get_secret_value()), body.secret)

    def renew(self, refresh_token: Secret | None) -> SessionTokens:
        """Renew a session; raises NotSignedInError when it has ended."""
        if refresh_token is None:
            raise NotSignedInError("Your session has ended. Sign in again.")
        return self.sessions.renew(refresh_token)

    def _invited(self, email: str, token: str | None) -> bool:
        opened = self.invitations.token(token) if token else None
        if opened is None or opened.kind != "invitation":
            return False
        try:
            invitation = self.invitations.invitation(opened.team_id, opened.invitation_id)
        except NotFoundError:
            return False
        pending = invitation.status_at(iso_utc(self.now())) == "pending"
        return pending and invitation.email == email.lower()


def rules_of(mode: str, email_domains: str) -> SignUpRules:
    """Return the rules in the template's parameters; an unknown mode lets nobody in."""
    modes: Mapping[str, SignUpMode] = {"open": "open", "invitation": "invitation"}
    domains = frozenset(domain.strip().lower() for domain in email_domains.split(",") if domain.strip())
    return SignUpRules(mode=modes.get(mode, "off"), email_domains=domains)
