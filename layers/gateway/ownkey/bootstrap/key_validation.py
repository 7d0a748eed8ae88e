"""KeyValidationFunction: it opens stored keys to try them, and cannot store one."""

import time

from ownkey.adapters.registry import REGISTRY
from ownkey.bootstrap.key_checks import build_key_verifier
from ownkey.bootstrap.shared import boto3_client, boto3_errors
from ownkey.config import Settings
from ownkey.domain.dates import utc_now
from ownkey.services.key_validation import KeyValidationService
from ownkey.storage.provider_keys import ProviderKeyRepository
from ownkey.storage.rate_limits import RateLimiter
from ownkey.vault.opening import KeyOpener


def build_key_validation_service(settings: Settings) -> KeyValidationService:
    """Return what tries provider keys, stored ones too: it may open them."""
    dynamodb, errors = boto3_client(settings, "dynamodb"), boto3_errors()
    kms = boto3_client(settings, "kms")
    return KeyValidationService(
        repository=ProviderKeyRepository(dynamodb, settings.provider_keys_table, errors),
        opener=KeyOpener(kms, settings.provider_keys_kms_key, errors, monotonic=time.monotonic),
        verifier=build_key_verifier(settings),
        rate_limiter=RateLimiter(dynamodb, settings.provider_keys_table, errors, utc_now),
        providers=REGISTRY,
        now=utc_now,
    )
