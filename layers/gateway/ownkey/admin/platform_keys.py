"""The platform's own provider keys, sealed like all others."""

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

from ownkey.adapters.credentials import parse_credential
from ownkey.adapters.registry import REGISTRY
from ownkey.admin.stack import StackOutputs, client_errors
from ownkey.domain.dates import iso_utc, utc_now
from ownkey.domain.provider_keys import PLATFORM_OWNER, KeyStatus, ProviderKey
from ownkey.storage.provider_keys import ProviderKeyRepository
from ownkey.vault.sealing import KeySealer

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient


def set_platform_key(
    dynamodb: "DynamoDBClient", kms: "KMSClient", outputs: StackOutputs, provider: str, key: str
) -> tuple[ProviderKey, tuple[str, ...]]:
    """Seal and store the platform's key of a provider; return it, and warnings; raises InvalidInputError."""
    parsed = parse_credential(REGISTRY[provider], key)
    now = iso_utc(utc_now())
    unsealed = ProviderKey(
        owner=PLATFORM_OWNER,
        provider=provider,
        key_id=str(uuid.uuid4()),
        key_suffix=parsed.credential.suffix,
        status=KeyStatus.UNVERIFIED,
        created_at=now,
        updated_at=now,
    )
    sealer = KeySealer(kms, outputs.provider_keys_kms_key, client_errors())
    stored = replace(unsealed, ciphertext=sealer.seal(parsed.credential, unsealed.encryption_context))
    platform_keys(dynamodb, outputs).save(stored)
    return stored, parsed.warnings


def platform_keys(dynamodb: "DynamoDBClient", outputs: StackOutputs) -> ProviderKeyRepository:
    """Return what stores provider keys."""
    return ProviderKeyRepository(dynamodb, outputs.provider_keys_table, client_errors())
