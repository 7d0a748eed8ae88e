from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ownkey.domain.provider_keys import Credential, KeyStatus, ProviderKey
from ownkey.domain.secrets import Secret

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def provider_key(**changes):
    fields = {
        "owner": "user#1",
        "provider": "openai",
        "key_id": "k1",
        "status": KeyStatus.ACTIVE,
        "created_at": "2026-01-01T00:00:00+00:00",
        "updated_at": "2026-01-01T00:00:00+00:00",
        "ciphertext": b"sealed",
    }
    return ProviderKey(**{**fields, **changes})


@pytest.mark.parametrize(
    ("changes", "usable"),
    [
        ({}, True),
        ({"status": KeyStatus.UNVERIFIED}, True),
        ({"status": KeyStatus.INVALID}, False),
        ({"expires_at": "2026-11-23T11:59:59+00:00"}, False),
        ({"expires_at": "2026-11-23T13:00:00+01:00"}, False),
        ({"expires_at": "2026-11-24T00:00:00+00:00"}, True),
    ],
)
def test_expired_and_invalid_keys_are_not_usable(changes, usable):
    assert provider_key(**changes).usable_at(NOW) is usable


def test_the_encryption_context_names_owner_provider_and_key():
    assert provider_key().encryption_context == {"owner": "user#1", "provider": "openai", "key_id": "k1"}


def test_the_ciphertext_is_not_printed():
    assert "sealed" not in repr(provider_key())


@given(st.text(min_size=1), st.text(), st.text())
def test_a_credential_survives_sealing(api_key, endpoint, region):
    credential = Credential({"apiKey": Secret(api_key)}, {"endpoint": endpoint, "region": region})
    assert Credential.from_sealable(credential.to_sealable()) == credential


@pytest.mark.parametrize("text", ["", "[]", '"x"', '{"apiKey": 1}', "{"])
def test_what_was_not_sealed_by_us_is_refused(text):
    with pytest.raises(ValueError):
        Credential.from_sealable(text)


def test_the_suffix_is_that_of_the_secret_people_know():
    aws = Credential({"accessKeyId": Secret("AKIA0123456789ABCDEF"), "secretAccessKey": Secret("x" * 36 + "tail")})
    assert aws.suffix == "tail"
    assert Credential({"apiKey": Secret("short")}).suffix is None
    assert "tail" not in repr(aws)
