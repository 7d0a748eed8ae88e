"""A person's account."""

from datetime import UTC, datetime, timedelta

import pytest

from ownkey.domain.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    NotSignedInError,
    RateLimitedError,
    StoreUnavailableError,
)
from ownkey.domain.identity import Principal
from ownkey.domain.secrets import Secret
from ownkey.services.account import MAX_GATEWAY_KEYS, AccountService
from tests.support.accounts import FakeCognito, GatewayKeysInMemory, access_token, attempts, fake_sessions, refusal

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ADA = Principal(user_id=FakeCognito.USER_ID, credential="session")
EVE = Principal(user_id="eve", credential="session")


class Account:
    def __init__(self) -> None:
        self.cognito = FakeCognito()
        self.store = GatewayKeysInMemory()
        self.service = AccountService(
            gateway_key_store=self.store,
            sessions=fake_sessions(self.cognito),
            attempts=attempts(per_address=3, per_ip=5),
            now=lambda: NOON,
        )


@pytest.fixture
def account() -> Account:
    return Account()


def test_signing_in_tells_who_did(account: Account) -> None:
    said, tokens = account.service.sign_in(FakeCognito.EMAIL, Secret(FakeCognito.PASSWORD))
    assert said == {"user_id": FakeCognito.USER_ID, "email": FakeCognito.EMAIL, "default_team_uuid": None}
    assert tokens is not None
    assert account.service.user_of(tokens.access_token).principal == ADA


def test_a_temporary_password_asks_for_a_new_one(account: Account) -> None:
    account.cognito.challenge = "NEW_PASSWORD_REQUIRED"
    said, tokens = account.service.sign_in(FakeCognito.EMAIL, Secret(FakeCognito.PASSWORD))
    assert (said, tokens) == ({"challenge": "NEW_PASSWORD_REQUIRED", "session": "s"}, None)


def test_signing_out_ends_the_session_and_may_be_repeated(account: Account) -> None:
    _, tokens = account.service.sign_in(FakeCognito.EMAIL, Secret(FakeCognito.PASSWORD))
    assert tokens is not None
    account.service.sign_out(tokens.access_token)
    account.service.sign_out(tokens.access_token)
    with pytest.raises(NotSignedInError):
        account.service.user_of(tokens.access_token)


def test_signing_out_after_the_access_token_ended_ends_what_could_be_renewed(account: Account) -> None:
    _, tokens = account.service.sign_in(FakeCognito.EMAIL, Secret(FakeCognito.PASSWORD))
    assert tokens is not None
    account.service.sign_out(None, tokens.refresh_token)
    with pytest.raises(NotSignedInError):
        account.service.user_of(tokens.access_token)
    account.service.sign_out(Secret(access_token(number=99)), tokens.refresh_token)
    assert account.cognito.tokens == set()
    account.service.sign_out(None, Secret("ended long ago"))
    account.service.sign_out(None, None)


@pytest.mark.parametrize(("email", "ip"), [(FakeCognito.EMAIL, "198.51.100.2"), ("other@example.com", "192.0.2.1")])
def test_tries_to_sign_in_are_counted_by_address_and_caller(account: Account, email: str, ip: str) -> None:
    for number in range(3):
        with pytest.raises(NotSignedInError):
            account.service.sign_in("Ada@Example.com", Secret(f"guess {number}"), "192.0.2.1")
    for number in range(2):
        with pytest.raises(NotSignedInError):
            account.service.sign_in(f"{number}@example.com", Secret("guess"), "192.0.2.1")
    asked = len(account.cognito.calls)
    with pytest.raises(RateLimitedError):
        account.service.sign_in(email, Secret(FakeCognito.PASSWORD), ip)
    assert len(account.cognito.calls) == asked
    with pytest.raises(NotSignedInError):
        account.service.sign_in("third@example.com", Secret("guess"), "198.51.100.2")


def test_signing_out_does_not_pretend_when_cognito_is_away(account: Account) -> None:
    account.cognito.error = refusal("InternalErrorException")
    with pytest.raises(StoreUnavailableError):
        account.service.sign_out(Secret(access_token()))


def test_a_created_key_is_listed_without_its_text(account: Account) -> None:
    key, text = account.service.create_gateway_key(ADA, name="laptop", expires_at=NOON + timedelta(days=30))
    assert account.service.gateway_keys(ADA) == [key]
    assert (key.user_id, key.name, key.expires_at) == (ADA.user_id, "laptop", "2026-12-23T12:00:00Z")
    assert text.reveal().startswith(f"ok-{key.key_id}-")
    assert account.service.gateway_keys(EVE) == []


def test_a_key_needs_no_name_and_no_end(account: Account) -> None:
    key, _ = account.service.create_gateway_key(ADA)
    assert (key.name, key.expires_at) == ("Gateway key", None)


@pytest.mark.parametrize(
    "expires_at", [NOON, NOON - timedelta(days=1), datetime.fromisoformat("9999-12-31T23:59:59-14:00")]
)
def test_a_key_cannot_expire_in_the_past_or_beyond_the_calendar(account: Account, expires_at: datetime) -> None:
    with pytest.raises(InvalidInputError) as refused:
        account.service.create_gateway_key(ADA, expires_at=expires_at)
    assert refused.value.field == "expires_at"
    assert account.store.stored == {}


def test_nobody_has_more_keys_than_the_limit(account: Account) -> None:
    for _ in range(MAX_GATEWAY_KEYS):
        account.service.create_gateway_key(ADA)
    with pytest.raises(ConflictError, match="Revoke one"):
        account.service.create_gateway_key(ADA)
    account.service.create_gateway_key(EVE)


def test_a_revoked_key_is_gone(account: Account) -> None:
    key, _ = account.service.create_gateway_key(ADA)
    account.service.revoke_gateway_key(ADA, key.key_id)
    assert account.service.gateway_keys(ADA) == []


@pytest.mark.parametrize("key_id", ["", "short", "Z" * 16, "x" * 3000, "../../etc"])
def test_an_unknown_key_cannot_be_revoked(account: Account, key_id: str) -> None:
    with pytest.raises(NotFoundError):
        account.service.revoke_gateway_key(ADA, key_id)


def test_somebody_elses_key_looks_unknown(account: Account) -> None:
    key, _ = account.service.create_gateway_key(ADA)
    with pytest.raises(NotFoundError):
        account.service.revoke_gateway_key(EVE, key.key_id)
    assert account.service.gateway_keys(ADA) == [key]
