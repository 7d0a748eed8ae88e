"""Sessions: Cognito decides, and its troubles are not the caller's."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from ownkey.auth.sessions import CognitoSessions
from ownkey.domain.errors import (
    GatewayError,
    InvalidInputError,
    MisconfiguredError,
    NotSignedInError,
    StoreUnavailableError,
)
from ownkey.domain.identity import Principal
from ownkey.domain.secrets import Secret
from tests.support.accounts import FakeCognito, access_token, fake_sessions, refusal
from tests.support.tables import EMAIL, PASSWORD, EmulatedAws, add_user, emulated_aws, sessions_of


@pytest.fixture
def cognito() -> FakeCognito:
    return FakeCognito()


@pytest.fixture
def sessions(cognito: FakeCognito) -> CognitoSessions:
    return fake_sessions(cognito)


@pytest.fixture(scope="module")
def aws() -> Iterator[EmulatedAws]:
    with emulated_aws() as aws:
        yield aws


def test_a_right_password_begins_a_session_of_that_user(aws: EmulatedAws) -> None:
    sessions = sessions_of(aws)

    tokens = sessions.sign_in(EMAIL, Secret(PASSWORD))

    assert tokens.expires_in_seconds > 0
    assert sessions.user_of(tokens.access_token).email == EMAIL
    assert sessions.principal_of(tokens.access_token) == Principal(user_id=aws.user_id, credential="session")
    assert tokens.access_token.reveal() not in repr(tokens)


def test_a_session_ends_everywhere_at_once(aws: EmulatedAws) -> None:
    sessions = sessions_of(aws)
    first, second = (sessions.sign_in(EMAIL, Secret(PASSWORD)).access_token for _ in range(2))

    sessions.sign_out(first)

    for token in (first, second):
        with pytest.raises(NotSignedInError):
            sessions.user_of(token)


@pytest.mark.parametrize(("email", "password"), [(EMAIL, "Wrong-horse-42"), ("eve@example.com", PASSWORD)])
def test_a_wrong_password_and_an_unknown_user_look_the_same(aws: EmulatedAws, email: str, password: str) -> None:
    sessions = sessions_of(aws)
    with pytest.raises(NotSignedInError, match=r"^The e-mail address or the password is wrong\."):
        sessions.sign_in(email, Secret(password))


@pytest.mark.parametrize(("challenge", "text"), [("NEW_PASSWORD_REQUIRED", "permanent"), ("SMS_MFA", "SMS_MFA")])
def test_an_account_that_needs_more_says_what(
    sessions: CognitoSessions, cognito: FakeCognito, challenge: str, text: str
) -> None:
    cognito.challenge = challenge
    with pytest.raises(InvalidInputError, match=text):
        sessions.sign_in(FakeCognito.EMAIL, Secret(FakeCognito.PASSWORD))


MALFORMED = {
    "empty": "",
    "no parts": "token",
    "two parts": access_token().rpartition(".")[0],
    "space": access_token().replace("e30", "e 30"),
    "newline": access_token() + "\n",
    "non-ASCII": access_token() + "\u00e4",
    "huge": f"e30.{'a' * 4097}.s",
    "not base64": "e30.a.s",
    "not JSON": "e30.YWJj.s",
    "not UTF-8": "e30.__79.s",
    "not an object": "e30.W10.s",
    "no client": "e30.e30.s",
}


@pytest.mark.parametrize("token", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_token_is_not_sent_anywhere(sessions: CognitoSessions, cognito: FakeCognito, token: str) -> None:
    for call in (sessions.user_of, sessions.sign_out):
        with pytest.raises(NotSignedInError):
            call(Secret(token))
    assert cognito.calls == []


def test_a_token_of_a_strangers_user_pool_is_not_a_session_here(aws: EmulatedAws) -> None:
    # Cognito itself takes it: it is valid, and GetUser names no pool.
    pool = aws.cognito.create_user_pool(PoolName="theirs")["UserPool"]["Id"]
    client = aws.cognito.create_user_pool_client(
        UserPoolId=pool, ClientName="theirs", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]
    )["UserPoolClient"]["ClientId"]
    add_user(aws.cognito, pool, "eve@example.com")
    token = sessions_of(aws, client_id=client).sign_in("eve@example.com", Secret(PASSWORD)).access_token
    assert aws.cognito.get_user(AccessToken=token.reveal())["Username"]

    ours = sessions_of(aws)
    with pytest.raises(NotSignedInError):
        ours.principal_of(token)
    with pytest.raises(NotSignedInError):
        ours.sign_out(token)


ERRORS: dict[str, tuple[Exception, type[GatewayError]]] = {
    "not authorized": (refusal("NotAuthorizedException"), NotSignedInError),
    "unknown": (refusal("UserNotFoundException"), NotSignedInError),
    "unconfirmed": (refusal("UserNotConfirmedException"), NotSignedInError),
    "reset": (refusal("PasswordResetRequiredException"), NotSignedInError),
    "parameter": (refusal("InvalidParameterException"), NotSignedInError),
    "answered already": (refusal("CodeMismatchException"), NotSignedInError),
    "answered late": (refusal("ExpiredCodeException"), NotSignedInError),
    "flow": (refusal("InvalidParameterException", "USER_PASSWORD_AUTH flow not enabled"), MisconfiguredError),
    "throttled": (refusal("TooManyRequestsException"), StoreUnavailableError),
    "internal": (refusal("InternalErrorException"), StoreUnavailableError),
    "no client": (refusal("ResourceNotFoundException"), StoreUnavailableError),
    "network": (EndpointConnectionError(endpoint_url="http://x"), StoreUnavailableError),
}


@pytest.mark.parametrize(("raised", "expected"), ERRORS.values(), ids=ERRORS.keys())
def test_only_cognitos_own_no_means_not_signed_in(
    sessions: CognitoSessions, cognito: FakeCognito, raised: Exception, expected: type[GatewayError]
) -> None:
    cognito.error = raised
    calls: tuple[Callable[[], Any], ...] = (
        lambda: sessions.sign_in("a@b", Secret("hidden-password")),
        lambda: sessions.user_of(Secret(access_token())),
        lambda: sessions.sign_out(Secret(access_token())),
    )
    for call in calls:
        with pytest.raises(expected) as failed:
            call()
        assert "hidden-password" not in str(failed.value)
