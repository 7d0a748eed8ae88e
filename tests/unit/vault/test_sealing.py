"""What is sealed opens again, for its own owner, provider and key id only."""

import json
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ownkey.domain.errors import InvalidInputError, VaultUnavailableError
from ownkey.domain.provider_keys import SECRET_FIELDS, Credential, KeyStatus, ProviderKey
from ownkey.domain.secrets import Secret
from ownkey.vault.opening import KeyOpener
from ownkey.vault.sealing import MAX_PLAINTEXT_BYTES, KeySealer
from tests.support.tables import BOTO_ERRORS, BrokenClient, EmulatedAws, client_error, emulated_aws

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)
credentials = st.builds(
    lambda secrets, settings: Credential({name: Secret(text) for name, text in secrets.items()}, settings),
    st.dictionaries(st.sampled_from(sorted(SECRET_FIELDS)), texts, min_size=1),
    st.dictionaries(st.sampled_from(["endpoint", "deploymentName", "apiVersion", "region"]), texts),
)
owners = st.sampled_from(["platform", "user#ada", "user#eve", "team#1"])


@pytest.fixture(scope="module")
def aws() -> Iterator[EmulatedAws]:
    with emulated_aws() as aws:
        yield aws


def stored(owner: str, provider: str, key_id: str, ciphertext: bytes | None) -> ProviderKey:
    return ProviderKey(
        owner=owner,
        provider=provider,
        key_id=key_id,
        status=KeyStatus.ACTIVE,
        created_at="2026-11-01T00:00:00Z",
        updated_at="2026-11-01T00:00:00Z",
        ciphertext=ciphertext,
    )


places = st.tuples(owners, st.sampled_from(["openai", "groq"]), st.sampled_from(["k-1", "k-2"]))


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(credential=credentials, place=places, elsewhere=places)
def test_sealed_opens_in_its_own_place_and_nowhere_else(
    aws: EmulatedAws, credential: Credential, place: tuple[str, str, str], elsewhere: tuple[str, str, str]
) -> None:
    ciphertext = KeySealer(aws.kms, aws.kms_key_arn, BOTO_ERRORS).seal(
        credential, stored(*place, None).encryption_context
    )
    opener = KeyOpener(aws.kms, aws.kms_key_arn, BOTO_ERRORS, monotonic=lambda: 0.0)

    assert opener.open(stored(*place, ciphertext)) == credential
    if elsewhere != place:
        with pytest.raises(VaultUnavailableError):
            opener.open(stored(*elsewhere, ciphertext))


def test_the_ciphertext_holds_nothing_of_the_secret(aws: EmulatedAws) -> None:
    credential = Credential({"apiKey": Secret("sk-0123456789abcdef")})
    sealed = KeySealer(aws.kms, aws.kms_key_arn, BOTO_ERRORS).seal(credential, {"owner": "user#ada"})
    assert b"0123" not in sealed


def test_a_credential_that_kms_cannot_take_is_refused_before_it_is_sent() -> None:
    envelope = len(json.dumps({"apiKey": ""}, separators=(",", ":")))
    sealer = KeySealer(BrokenClient(client_error("ValidationException")), "key", BOTO_ERRORS)

    with pytest.raises(InvalidInputError) as refused:
        sealer.seal(Credential({"apiKey": Secret("x" * (MAX_PLAINTEXT_BYTES - envelope + 1))}), {})
    assert refused.value.field == "key"
    with pytest.raises(VaultUnavailableError):
        sealer.seal(Credential({"apiKey": Secret("x" * (MAX_PLAINTEXT_BYTES - envelope))}), {})
