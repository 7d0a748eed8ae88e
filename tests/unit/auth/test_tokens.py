"""Access tokens: what is forged, foreign or stale is no session, and trouble with the keys is no fault of the token."""

import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from ownkey.auth.tokens import REFETCH_SECONDS, TokenIssuer, TokenVerifier
from ownkey.domain.chat import JsonObject
from ownkey.domain.errors import NotSignedInError, StoreUnavailableError
from ownkey.domain.secrets import Secret

ISSUER = TokenIssuer(user_pool_id="eu-central-1_Abc123", client_id="client")
OURS, THEIRS = (generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))


def key_set(**keys: RSAPrivateKey) -> JsonObject:
    found = []
    for key_id, key in keys.items():
        public: Any = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
        found.append({**public, "kid": key_id, "use": "sig", "alg": "RS256"})
    return {"keys": found}


def token(key: Any = OURS, key_id: str | None = "k1", algorithm: str = "RS256", **changes: Any) -> Secret:
    claims = {
        "sub": "ada",
        "iss": ISSUER.url,
        "client_id": "client",
        "token_use": "access",
        "exp": int(time.time()) + 60,
        **changes,
    }
    claims = {name: value for name, value in claims.items() if value is not None}
    return Secret(jwt.encode(claims, key, algorithm=algorithm, headers={"kid": key_id} if key_id else {}))


class Pool:
    """A user pool's keys, which may be away."""

    def __init__(self) -> None:
        self.keys = key_set(k1=OURS)
        self.away = False
        self.fetches = 0
        self.seconds = 0.0

    def fetch(self) -> JsonObject:
        self.fetches += 1
        if self.away:
            raise StoreUnavailableError("away")
        return self.keys


@pytest.fixture
def pool() -> Pool:
    return Pool()


@pytest.fixture
def verifier(pool: Pool) -> TokenVerifier:
    return TokenVerifier(ISSUER, pool.fetch, monotonic=lambda: pool.seconds)


def test_a_good_token_says_whose_it_is_and_the_keys_are_fetched_once(verifier: TokenVerifier, pool: Pool) -> None:
    assert [verifier.user_id_of(token()) for _ in range(3)] == ["ada"] * 3
    assert pool.fetches == 1


def test_a_token_counts_at_once_though_its_clock_is_ahead(verifier: TokenVerifier) -> None:
    assert verifier.user_id_of(token(iat=int(time.time()) + 2)) == "ada"


def public_pem() -> bytes:
    return OURS.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def hs256_with_the_public_key() -> Secret:
    import base64
    import hashlib
    import hmac

    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    claims = {"sub": "ada", "iss": ISSUER.url, "client_id": "client", "token_use": "access", "exp": time.time() + 60}
    head = f"{part({'alg': 'HS256', 'kid': 'k1'})}.{part(claims)}"
    signature = hmac.new(public_pem(), head.encode(), hashlib.sha256).digest()
    return Secret(f"{head}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}")


BAD = {
    "another key's signature": token(THEIRS),
    "no signature": token(None, algorithm="none"),
    "HS256 with the public key": hs256_with_the_public_key(),
    "another algorithm": token(algorithm="RS512"),
    "no key id": token(key_id=None),
    "another pool": token(iss="https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Xyz789"),
    "another client": token(client_id="theirs"),
    "no client": token(client_id=None),
    "an id token": token(token_use="id"),  # a kind of token
    "expired": token(exp=int(time.time()) - 1),
    "no expiry": token(exp=None),
    "no subject": token(sub=None),
    "not yet valid": token(nbf=int(time.time()) + 60),
    "empty": Secret(""),
    "no token": Secret("a.b.c"),
    "tampered": Secret(token().reveal()[:-6] + "AAAAAA"),
    "non-ASCII": Secret("ä.ö.ü"),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_a_token_that_is_not_ours_is_no_session(verifier: TokenVerifier, bad: Secret) -> None:
    with pytest.raises(NotSignedInError):
        verifier.user_id_of(bad)


def test_a_new_key_is_fetched_but_strange_ones_do_not_make_us_ask_again_and_again(
    verifier: TokenVerifier, pool: Pool
) -> None:
    verifier.user_id_of(token())
    for _ in range(5):
        with pytest.raises(NotSignedInError):
            verifier.user_id_of(token(THEIRS, "k2"))
    assert pool.fetches == 1
    pool.keys = key_set(k1=OURS, k2=THEIRS)
    pool.seconds += REFETCH_SECONDS
    assert verifier.user_id_of(token(THEIRS, "k2")) == "ada"
    assert pool.fetches == 2


def test_known_keys_go_on_while_the_pool_is_away(verifier: TokenVerifier, pool: Pool) -> None:
    verifier.user_id_of(token())
    pool.away = True
    pool.seconds += REFETCH_SECONDS
    with pytest.raises(NotSignedInError):
        verifier.user_id_of(token(THEIRS, "k2"))
    assert verifier.user_id_of(token()) == "ada"


@pytest.mark.parametrize("keys", [None, {}, {"keys": []}, {"keys": [{"kty": "mystery"}]}])
def test_keys_that_were_never_there_are_our_fault(verifier: TokenVerifier, pool: Pool, keys: Any) -> None:
    pool.away, pool.keys = keys is None, keys or {}
    with pytest.raises(StoreUnavailableError):
        verifier.user_id_of(token())
    pool.away, pool.keys = False, key_set(k1=OURS)
    assert verifier.user_id_of(token()) == "ada"
