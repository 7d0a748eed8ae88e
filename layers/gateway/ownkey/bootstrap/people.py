"""What signs people in, and knows them."""

from functools import partial
from typing import TYPE_CHECKING

from ownkey.auth.gateway_keys import GatewayKeyAuthenticator
from ownkey.auth.tokens import TokenIssuer, TokenVerifier
from ownkey.bootstrap.shared import boto3_client, boto3_errors, build_audit_trail
from ownkey.config import Settings
from ownkey.domain.chat import JsonObject
from ownkey.domain.dates import utc_now
from ownkey.domain.errors import StoreUnavailableError
from ownkey.services.authentication import Authenticator
from ownkey.storage.accounts import AccountRepository
from ownkey.storage.provider_keys import ProviderKeyRepository

if TYPE_CHECKING:
    from ownkey.auth.cookies import SessionCookie, SessionCookies
    from ownkey.auth.sessions import CognitoSessions
    from ownkey.services.account import AccountService
    from ownkey.services.entrance import Entrance
    from ownkey.services.own_account import OwnAccountService


def build_sessions(settings: Settings) -> "CognitoSessions":
    """Return what checks people's sessions."""
    from ownkey.auth.sessions import CognitoSessions

    client_id = settings.user_pool_client_id
    verifier = TokenVerifier(
        TokenIssuer(user_pool_id=settings.user_pool_id, client_id=client_id), partial(fetch_keys, settings)
    )
    return CognitoSessions(boto3_client(settings, "cognito-idp"), client_id, boto3_errors(), verifier)


def fetch_keys(settings: Settings) -> JsonObject:
    """Return the public keys of the user pool (JWKS); raises StoreUnavailableError."""
    import requests

    issuer = TokenIssuer(user_pool_id=settings.user_pool_id, client_id="").url
    base = f"{settings.aws_endpoint_url}/{settings.user_pool_id}" if settings.aws_endpoint_url else issuer
    try:
        answer = requests.get(f"{base}/.well-known/jwks.json", timeout=(1, 3), allow_redirects=False)
        answer.raise_for_status()
        keys = answer.json()
    except (requests.RequestException, ValueError) as exc:
        raise StoreUnavailableError("the user pool's keys could not be fetched") from exc
    if not isinstance(keys, dict):
        raise StoreUnavailableError("the user pool's keys are no key set")
    return keys


def build_authenticator(settings: Settings) -> Authenticator:
    """Return what tells who calls a management function: programs by gateway key, people by session."""
    accounts = AccountRepository(boto3_client(settings, "dynamodb"), settings.accounts_table, boto3_errors())
    gateway_keys = GatewayKeyAuthenticator(accounts, utc_now)
    return Authenticator(gateway_keys, build_sessions(settings), build_session_cookie(settings))


def build_session_cookie(settings: Settings) -> "SessionCookie":
    """Return the cookie that sessions live in."""
    from ownkey.auth.cookies import SessionCookie

    # Beside an emulated AWS the console is on plain loopback HTTP, where browsers refuse cookies that ask for https.
    return SessionCookie(https=settings.aws_endpoint_url is None)


def build_session_cookies(settings: Settings) -> "SessionCookies":
    """Return both cookies of a session."""
    from ownkey.auth.cookies import SessionCookie, SessionCookies

    https = settings.aws_endpoint_url is None
    return SessionCookies(build_session_cookie(settings), SessionCookie(https=https, name="ownkey_refresh"))


def build_entrance(settings: Settings) -> "Entrance":
    """Return what people sign up, recover and renew with."""
    from ownkey.auth.registration import CognitoRegistration
    from ownkey.services.attempts import Attempts
    from ownkey.services.entrance import PER_ADDRESS_AND_MINUTE, PER_IP_AND_MINUTE, Entrance, rules_of
    from ownkey.storage.invitations import InvitationRepository
    from ownkey.storage.rate_limits import RateLimiter

    dynamodb, errors, table = boto3_client(settings, "dynamodb"), boto3_errors(), settings.accounts_table
    cognito = boto3_client(settings, "cognito-idp")
    return Entrance(
        registration=CognitoRegistration(cognito, settings.user_pool_client_id, errors),
        sessions=build_sessions(settings),
        invitations=InvitationRepository(dynamodb, table, errors, build_audit_trail(settings, dynamodb)),
        rules=rules_of(settings.sign_up, settings.allowed_email_domains),
        attempts=Attempts(
            rate_limit=RateLimiter(dynamodb, table, errors, utc_now),
            action="entrance",
            per_address_and_minute=PER_ADDRESS_AND_MINUTE,
            per_ip_and_minute=PER_IP_AND_MINUTE,
        ),
        now=utc_now,
    )


def build_account_service(settings: Settings) -> "AccountService":
    """Return what signs people in and out, and manages their gateway keys."""
    from ownkey.services import account
    from ownkey.services.attempts import Attempts
    from ownkey.storage.rate_limits import RateLimiter

    dynamodb, errors, table = boto3_client(settings, "dynamodb"), boto3_errors(), settings.accounts_table
    return account.AccountService(
        gateway_key_store=AccountRepository(dynamodb, table, errors, build_audit_trail(settings, dynamodb)),
        sessions=build_sessions(settings),
        attempts=Attempts(
            rate_limit=RateLimiter(dynamodb, table, errors, utc_now),
            action="sign-in",
            per_address_and_minute=account.SIGN_INS_PER_ADDRESS_AND_MINUTE,
            per_ip_and_minute=account.SIGN_INS_PER_IP_AND_MINUTE,
        ),
        now=utc_now,
    )


def build_own_account_service(settings: Settings) -> "OwnAccountService":
    """Return what a person changes their own account with. Nothing it is given knows a KMS key."""
    from ownkey.services.own_account import OwnAccountService
    from ownkey.storage.team_members import MemberRepository
    from ownkey.storage.teams import TeamRepository

    dynamodb, errors, table = boto3_client(settings, "dynamodb"), boto3_errors(), settings.accounts_table
    trail = build_audit_trail(settings, dynamodb)
    return OwnAccountService(
        accounts=AccountRepository(dynamodb, table, errors, trail),
        teams=TeamRepository(dynamodb, table, errors, trail),
        members=MemberRepository(dynamodb, table, errors, trail),
        keys=ProviderKeyRepository(dynamodb, settings.provider_keys_table, errors),
        users=build_sessions(settings),
        trail=trail,
        now=utc_now,
    )
