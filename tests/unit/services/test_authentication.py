"""Which credential a route takes."""

from datetime import UTC, datetime

import pytest

from ownkey.auth.cookies import SessionCookie
from ownkey.auth.gateway_keys import GatewayKeyAuthenticator, mint
from ownkey.domain.errors import (
    ForbiddenError,
    GatewayError,
    InvalidGatewayKeyError,
    MissingGatewayKeyError,
    NotSignedInError,
)
from ownkey.services.authentication import Authenticator
from tests.support.accounts import FakeCognito, GatewayKeysInMemory, access_token, fake_sessions

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
KEY, TEXT = mint(user_id="program", name="n", now=NOON)
GATEWAY_KEY = {"x-api-key": TEXT.reveal()}
BAD_KEY = {"authorization": "Bearer ok-bad"}
SESSION = {"cookie": f"ownkey_session={access_token()}"}
ENDED = {"cookie": f"ownkey_session={access_token(number=9)}"}
CSRF = {"x-ownkey-csrf": "1"}


@pytest.fixture
def authenticator() -> Authenticator:
    cognito = FakeCognito()
    cognito.tokens.add(access_token())
    return Authenticator(
        GatewayKeyAuthenticator(GatewayKeysInMemory(KEY), lambda: NOON),
        fake_sessions(cognito),
        SessionCookie(https=False),
    )


Outcome = str | type[GatewayError]
PERSON = FakeCognito.USER_ID
MATRIX: dict[str, tuple[dict[str, str], str, Outcome, Outcome, Outcome]] = {
    # headers, method, program, anyone, person
    "nothing": ({}, "GET", MissingGatewayKeyError, NotSignedInError, NotSignedInError),
    "key": (GATEWAY_KEY, "POST", "program", "program", NotSignedInError),
    "bad key": (BAD_KEY, "GET", InvalidGatewayKeyError, InvalidGatewayKeyError, NotSignedInError),
    "session, reading": (SESSION, "GET", MissingGatewayKeyError, PERSON, PERSON),
    "session, writing": (SESSION, "POST", MissingGatewayKeyError, ForbiddenError, ForbiddenError),
    "session, writing from our page": (SESSION | CSRF, "POST", MissingGatewayKeyError, PERSON, PERSON),
    "ended session": (ENDED, "GET", MissingGatewayKeyError, NotSignedInError, NotSignedInError),
    "header alone": (CSRF, "DELETE", MissingGatewayKeyError, NotSignedInError, NotSignedInError),
    "key and session": (GATEWAY_KEY | SESSION, "POST", "program", "program", ForbiddenError),
    "bad key and session": (BAD_KEY | SESSION, "GET", InvalidGatewayKeyError, InvalidGatewayKeyError, PERSON),
}


@pytest.mark.parametrize("case", MATRIX.values(), ids=MATRIX.keys())
@pytest.mark.parametrize("route", ["program", "anyone", "person"])
def test_each_kind_of_route_takes_its_own_credentials(
    authenticator: Authenticator, route: str, case: tuple[dict[str, str], str, Outcome, Outcome, Outcome]
) -> None:
    headers, method, *outcomes = case
    expected = outcomes[["program", "anyone", "person"].index(route)]
    calls = {
        "program": lambda: authenticator.program(headers),
        "anyone": lambda: authenticator.anyone(headers, method),
        "person": lambda: authenticator.person(headers, method),
    }
    if isinstance(expected, str):
        principal = calls[route]()
        assert (principal.user_id, principal.owner) == (expected, f"user#{expected}")
        assert principal.credential == ("gateway_key" if expected == "program" else "session")
    else:
        with pytest.raises(expected):
            calls[route]()


def test_without_sessions_only_programs_get_in() -> None:
    programs_only = Authenticator(GatewayKeyAuthenticator(GatewayKeysInMemory(KEY), lambda: NOON))
    assert programs_only.anyone(GATEWAY_KEY, "GET").user_id == "program"
    with pytest.raises(NotSignedInError):
        programs_only.anyone(SESSION, "GET")


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, MissingGatewayKeyError),
        (GATEWAY_KEY, "program"),
        (BAD_KEY, InvalidGatewayKeyError),
        (SESSION, PERSON),
        (ENDED, NotSignedInError),
        (GATEWAY_KEY | SESSION, "program"),
        (BAD_KEY | SESSION, InvalidGatewayKeyError),
        ({"cookie": "another=1"}, MissingGatewayKeyError),
    ],
)
def test_a_reader_of_a_programs_route_shows_a_key_or_a_session(
    authenticator: Authenticator, headers: dict[str, str], expected: Outcome
) -> None:
    if isinstance(expected, str):
        assert authenticator.reader(headers).user_id == expected
    else:
        with pytest.raises(expected):
            authenticator.reader(headers)
