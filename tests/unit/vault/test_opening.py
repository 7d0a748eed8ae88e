"""Opening is remembered for minutes, by ciphertext and place; nothing else is."""

from dataclasses import replace
from typing import Any

import pytest

from ownkey.domain.errors import VaultUnavailableError
from ownkey.domain.provider_keys import Credential, KeyStatus, ProviderKey
from ownkey.domain.secrets import Secret
from ownkey.vault.opening import KeyOpener
from tests.support.tables import BOTO_ERRORS, BrokenClient, client_error

KEY = ProviderKey(
    owner="user#ada",
    provider="openai",
    key_id="k-1",
    status=KeyStatus.ACTIVE,
    created_at="2026-11-01T00:00:00Z",
    updated_at="2026-11-01T00:00:00Z",
    ciphertext=b"sealed-1",
)


class FakeKms:
    """Decrypts anything to a credential that says what it was made from."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.plaintext: bytes | None = None

    def decrypt(self, **request: Any) -> dict[str, Any]:
        self.requests.append(request)
        text = f'{{"apiKey":"{request["CiphertextBlob"].decode()} {request["EncryptionContext"]["owner"]}"}}'
        return {"Plaintext": self.plaintext if self.plaintext is not None else text.encode()}


class Bench:
    """An opener over a fake KMS, at a time of the test's choosing."""

    def __init__(self, **limits: Any) -> None:
        self.seconds = 0.0
        self.kms = FakeKms()
        self.opener = KeyOpener(self.kms, "kms-key", BOTO_ERRORS, monotonic=lambda: self.seconds, **limits)


def test_kms_is_asked_with_the_keys_own_context() -> None:
    bench = Bench()
    assert bench.opener.open(KEY) == Credential({"apiKey": Secret("sealed-1 user#ada")})
    assert bench.kms.requests == [
        {
            "KeyId": "kms-key",
            "CiphertextBlob": b"sealed-1",
            "EncryptionContext": {"owner": "user#ada", "provider": "openai", "key_id": "k-1"},
        }
    ]


def test_the_same_ciphertext_is_opened_once_in_five_minutes() -> None:
    bench = Bench()
    for bench.seconds in (0, 299, 300, 301):
        bench.opener.open(KEY)
    assert len(bench.kms.requests) == 2


@pytest.mark.parametrize(
    "other",
    [
        replace(KEY, ciphertext=b"sealed-2"),
        replace(KEY, owner="user#eve"),
        replace(KEY, provider="groq"),
        replace(KEY, key_id="k-2"),
    ],
)
def test_another_ciphertext_or_place_is_another_opening(other: ProviderKey) -> None:
    bench = Bench()
    bench.opener.open(KEY)
    bench.opener.open(other)
    assert len(bench.kms.requests) == 2


def test_no_more_than_the_limit_is_remembered_and_the_least_used_is_forgotten() -> None:
    bench = Bench(max_entries=2)
    first, second, third = (replace(KEY, key_id=f"k-{number}") for number in range(3))
    for key in (first, second, first, third, first):
        bench.opener.open(key)
    assert len(bench.kms.requests) == 3
    bench.opener.open(second)
    assert len(bench.kms.requests) == 4


def test_what_has_expired_is_not_kept_in_memory() -> None:
    bench = Bench()
    bench.opener.open(KEY)
    bench.seconds = 301
    bench.opener.open(replace(KEY, key_id="k-2"))
    assert len(bench.opener._opened) == 1


@pytest.mark.parametrize("code", ["InvalidCiphertextException", "ThrottlingException", "AccessDeniedException"])
def test_every_refusal_of_kms_is_one_error_and_is_not_remembered(code: str) -> None:
    opener = KeyOpener(BrokenClient(client_error(code)), "kms-key", BOTO_ERRORS, monotonic=lambda: 0.0)
    for _ in range(2):
        with pytest.raises(VaultUnavailableError):
            opener.open(KEY)


@pytest.mark.parametrize("plaintext", [b"", b"sk-sentinel", b"[]", b'{"apiKey": 1}', b"\xff\xfe"])
def test_a_plaintext_that_is_no_credential_is_refused_and_not_repeated(plaintext: bytes) -> None:
    bench = Bench()
    bench.kms.plaintext = plaintext
    with pytest.raises(VaultUnavailableError) as refused:
        bench.opener.open(KEY)
    assert "sentinel" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__context__ is None


def test_a_key_read_without_its_ciphertext_cannot_be_opened() -> None:
    with pytest.raises(VaultUnavailableError):
        Bench().opener.open(replace(KEY, ciphertext=None))


def test_opening_prints_no_secret() -> None:
    bench = Bench()
    credential = bench.opener.open(KEY)
    assert "sealed-1" not in repr(credential) + repr(bench.opener)
