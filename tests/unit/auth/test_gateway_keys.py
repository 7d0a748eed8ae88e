"""Gateway keys: minted at random, checked in one lookup, and silent about why they are refused."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ownkey.auth.gateway_keys import GatewayKeyAuthenticator, is_key_id, mint, shown_key
from ownkey.domain.errors import (
    InvalidGatewayKeyError,
    MissingGatewayKeyError,
    OriginNotAllowedError,
    StoreUnavailableError,
)
from ownkey.domain.identity import GatewayKey, GatewayKeyLimits, Principal
from ownkey.domain.secrets import Secret
from tests.support.accounts import GatewayKeysInMemory

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
KEY, TEXT = mint(user_id="ada", name="laptop", now=NOON)
GOOD = TEXT.reveal()


def authenticate(text: str, store: GatewayKeysInMemory) -> Principal:
    return GatewayKeyAuthenticator(store, lambda: NOON).authenticate({"authorization": f"Bearer {text}"})


def test_a_minted_key_has_the_promised_form_and_stores_a_digest_only() -> None:
    prefix, key_id, secret = GOOD.split("-")
    assert (prefix, len(key_id), len(secret)) == ("ok", 16, 43)
    assert (key_id + secret).isalnum()
    assert (key_id + secret).isascii()
    expected = GatewayKey(
        key_id=key_id,
        user_id="ada",
        secret_sha256=hashlib.sha256(secret.encode()).hexdigest(),
        name="laptop",
        created_at="2026-11-23T12:00:00Z",
    )
    assert expected == KEY
    assert secret not in repr(KEY) + repr(TEXT)


def test_no_two_keys_share_anything() -> None:
    minted = [mint(user_id="ada", name="n", now=NOON) for _ in range(50)]
    assert len({key.key_id for key, _ in minted} | {text.reveal() for _, text in minted}) == 100


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": f"Bearer {GOOD}"},
        {"authorization": f"bearer   {GOOD}  "},
        {"authorization": f"  BEARER {GOOD}"},
        {"x-api-key": GOOD},
        {"x-api-key": f" {GOOD}\t"},
        {"authorization": f"Bearer {GOOD}", "x-api-key": "ok-something-else"},
        {"authorization": "Basic dXNlcjpwYXNz", "x-api-key": GOOD},
        {"authorization": "Bearer ", "x-api-key": GOOD},
    ],
)
def test_a_good_key_is_known_by_either_header(headers: dict[str, str]) -> None:
    principal = GatewayKeyAuthenticator(GatewayKeysInMemory(KEY), lambda: NOON).authenticate(headers)
    assert principal == Principal(user_id="ada", credential="gateway_key", gateway_key_id=KEY.key_id)


@pytest.mark.parametrize(
    "headers",
    [{}, {"authorization": ""}, {"authorization": "Bearer"}, {"authorization": "Bearer  "}, {"x-api-key": " "}],
)
def test_no_key_is_a_different_answer_from_a_bad_one(headers: dict[str, str]) -> None:
    store = GatewayKeysInMemory(KEY)
    with pytest.raises(MissingGatewayKeyError):
        GatewayKeyAuthenticator(store, lambda: NOON).authenticate(headers)
    assert store.looked_up == []


BAD = {
    "unknown": f"ok-{'Z' * 16}-{'s' * 43}",
    "wrong secret": GOOD[:-1] + ("a" if GOOD[-1] != "a" else "b"),
    "empty secret": f"ok-{KEY.key_id}-",
    "short": GOOD[:-1],
    "long": GOOD + "a",
    "other prefix": "sk" + GOOD[2:],
    "inner space": f"{GOOD[:30]} {GOOD[31:]}",
    "newline": f"{GOOD[:30]}\n{GOOD[31:]}",
    "trailing newline inside": GOOD + "\n.",
    "non-ASCII": GOOD[:-1] + "\u0661",
    "lone surrogate": GOOD[:-1] + "\ud800",
    "the digest itself": f"ok-{KEY.key_id}-{KEY.secret_sha256[:43]}",
    "nobody": f"ok-{'0' * 16}-",
    "something else": "Hello",
    "huge": "ok-" + "a" * 100_000,
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD.keys())
def test_every_bad_key_looks_the_same_and_costs_one_lookup(text: str) -> None:
    store = GatewayKeysInMemory(KEY)
    with pytest.raises(InvalidGatewayKeyError) as refused:
        authenticate(text, store)
    with pytest.raises(InvalidGatewayKeyError) as unknown:
        authenticate(BAD["unknown"], GatewayKeysInMemory())

    assert refused.value.message == unknown.value.message
    assert len(store.looked_up) == 1
    assert is_key_id(store.looked_up[0])


@given(st.text(max_size=80))
def test_no_text_but_the_key_gets_in(text: str) -> None:
    store = GatewayKeysInMemory(KEY)
    with pytest.raises((InvalidGatewayKeyError, MissingGatewayKeyError)):
        authenticate(text, store)


@pytest.mark.parametrize(
    ("expires_at", "good"),
    [(NOON - timedelta(days=1), False), (NOON, False), (NOON + timedelta(seconds=1), True), (None, True)],
)
def test_a_key_works_until_it_expires(expires_at: datetime | None, good: bool) -> None:
    key, text = mint(user_id="ada", name="n", now=NOON - timedelta(days=2), expires_at=expires_at)
    store = GatewayKeysInMemory(key)
    if good:
        assert authenticate(text.reveal(), store).user_id == "ada"
    else:
        with pytest.raises(InvalidGatewayKeyError):
            authenticate(text.reveal(), store)


def test_a_revoked_key_stops_at_once() -> None:
    store = GatewayKeysInMemory(KEY)
    authenticate(GOOD, store)
    store.stored.clear()
    with pytest.raises(InvalidGatewayKeyError):
        authenticate(GOOD, store)


def test_one_users_secret_does_not_open_another_key() -> None:
    other, _ = mint(user_id="eve", name="n", now=NOON)
    swapped = GOOD.replace(KEY.key_id, other.key_id)
    with pytest.raises(InvalidGatewayKeyError):
        authenticate(swapped, GatewayKeysInMemory(KEY, other))


@pytest.mark.parametrize("text", [GOOD, "malformed"], ids=["good", "malformed"])
def test_a_store_that_fails_is_not_the_callers_fault(text: str) -> None:
    store = GatewayKeysInMemory(KEY)
    store.error = StoreUnavailableError("down")
    with pytest.raises(StoreUnavailableError):
        authenticate(text, store)


@pytest.mark.parametrize(
    ("text", "well_formed"),
    [("a" * 16, True), ("a" * 15, False), ("a" * 17, False), ("a-" * 8, False), ("\u0661" * 16, False)],
)
def test_an_id_has_one_form(text: str, well_formed: bool) -> None:
    assert is_key_id(text) is well_formed


def test_a_foreign_authorization_is_a_bad_key_when_nothing_else_is_shown() -> None:
    assert shown_key({"authorization": "Basic dXNlcjpwYXNz"}) == "Basic dXNlcjpwYXNz"


def test_an_expiry_is_stored_in_utc() -> None:
    expires_at = datetime.fromisoformat("2027-01-01T01:00:00+02:00")
    key, _ = mint(user_id="ada", name="n", now=NOON, expires_at=expires_at)
    assert replace(key, key_id="", secret_sha256="").expires_at == "2026-12-31T23:00:00Z"
    assert isinstance(mint(user_id="a", name="n", now=NOON)[1], Secret)


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (None, True),
        ("https://app.example.com", True),
        ("HTTPS://App.Example.com", True),
        ("https://evil.example.com", False),
        ("http://app.example.com", False),
        ("null", False),
        ("", False),
    ],
)
def test_a_key_with_origins_works_on_their_pages_and_in_programs(origin: str | None, allowed: bool) -> None:
    limits = GatewayKeyLimits(allowed_origins=("https://app.example.com",))
    key, text = mint(user_id="ada", name="page", now=NOON, limits=limits)
    store = GatewayKeysInMemory()
    store.add_gateway_key(key)
    headers = {"authorization": f"Bearer {text.reveal()}"} | ({} if origin is None else {"origin": origin})
    authenticator = GatewayKeyAuthenticator(store, lambda: NOON)
    if allowed:
        assert authenticator.authenticate(headers).limits == limits
    else:
        with pytest.raises(OriginNotAllowedError):
            authenticator.authenticate(headers)
