"""Encrypts provider keys. Whoever holds only this cannot read one back."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from ownkey.domain.errors import InvalidInputError, VaultUnavailableError
from ownkey.domain.provider_keys import Credential

MAX_PLAINTEXT_BYTES = 4096
"""The most that KMS encrypts at once."""


class EncryptingClient(Protocol):
    """The part of boto3's KMS client that seals."""

    @property
    def encrypt(self) -> Callable[..., Any]:
        """Encrypt some bytes under a KMS key and an encryption context."""
        ...


class KeySealer:
    """Seals credentials under one KMS key."""

    def __init__(
        self, kms_client: EncryptingClient, kms_key_id: str, client_errors: tuple[type[Exception], ...]
    ) -> None:
        self._kms = kms_client
        self._kms_key_id = kms_key_id
        self._client_errors = client_errors

    def seal(self, credential: Credential, context: Mapping[str, str]) -> bytes:
        """Return the ciphertext of `credential`, which opens under the same encryption context only.

        Raises:
            InvalidInputError: the credential is longer than KMS encrypts at once.
            VaultUnavailableError: KMS did not encrypt it.
        """
        plaintext = credential.to_sealable().encode()
        if len(plaintext) > MAX_PLAINTEXT_BYTES:
            raise InvalidInputError(
                f"The key is too long: with its field names it may have {MAX_PLAINTEXT_BYTES} bytes.", field="key"
            )
        try:
            response = self._kms.encrypt(KeyId=self._kms_key_id, Plaintext=plaintext, EncryptionContext=dict(context))
        except self._client_errors as exc:
            raise VaultUnavailableError(f"KMS did not encrypt: {type(exc).__name__}") from exc
        return bytes(response["CiphertextBlob"])
