"""ProviderKeysFunction: it seals, and never opens."""

import uuid

from ownkey.adapters.registry import REGISTRY
from ownkey.bootstrap.key_checks import build_key_verifier
from ownkey.bootstrap.shared import boto3_client, boto3_errors, build_audit_trail
from ownkey.config import Settings
from ownkey.domain.dates import utc_now
from ownkey.services.provider_keys import ProviderKeysService
from ownkey.storage.provider_keys import ProviderKeyRepository
from ownkey.storage.rate_limits import RateLimiter
from ownkey.vault.sealing import KeySealer


def build_provider_keys_service(settings: Settings) -> ProviderKeysService:
    """Return what adds, lists and deletes provider keys. Nothing it is given can open one."""
    dynamodb, errors = boto3_client(settings, "dynamodb"), boto3_errors()
    return ProviderKeysService(
        repository=ProviderKeyRepository(dynamodb, settings.provider_keys_table, errors),
        records=build_audit_trail(settings, dynamodb),
        sealer=KeySealer(boto3_client(settings, "kms"), settings.provider_keys_kms_key, errors),
        verifier=build_key_verifier(settings),
        rate_limiter=RateLimiter(dynamodb, settings.provider_keys_table, errors, utc_now),
        providers=REGISTRY,
        now=utc_now,
        new_id=lambda: str(uuid.uuid4()),
    )
