"""Decrypts provider keys, for the functions that call providers with them and for no other."""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Protocol

from ownkey.domain.errors import VaultUnavailableError
from ownkey.domain.provider_keys import Credential, ProviderKey


class DecryptingClient(Protocol):
    """The part of boto3's KMS client that opens."""

    @property
    def decrypt(self) -> Callable[..., Any]:
        """Decrypt some bytes under a KMS key and an encryption context."""
        ...


class KeyOpener:
    """Opens stored keys, and remembers what the same ciphertext held for some minutes.

    The stored item is read anew for every request, so a deleted or replaced key is not found here any more: only the
    decryption is remembered, by a digest of ciphertext and encryption context together.
    """

    def __init__(
        self,
        kms_client: DecryptingClient,
        kms_key_id: str,
        client_errors: tuple[type[Exception], ...],
        *,
        monotonic: Callable[[], float],
        ttl_seconds: float = 300,
        max_entries: int = 1000,
    ) -> None:
        self._kms = kms_client
        self._kms_key_id = kms_key_id
        self._client_errors = client_errors
        self._monotonic = monotonic
        self._ttl_seconds = ttl_seconds
        self._max_entries = max_entries
        self._opened: OrderedDict[bytes, tuple[float, Credential]] = OrderedDict()

    def open(self, key: ProviderKey) -> Credential:
        """Return the credential inside `key`.

        Raises:
            VaultUnavailableError: KMS is out of reach, or the ciphertext is not one of this owner, provider and key id.
        """
        if key.ciphertext is None:
            raise VaultUnavailableError("a provider key was read without its ciphertext")
        digest = _digest(key.ciphertext, key.encryption_context)
        remembered = self._opened.get(digest)
        if remembered and self._monotonic() < remembered[0]:
            self._opened.move_to_end(digest)
            return remembered[1]
        credential = self._decrypt(key.ciphertext, key.encryption_context)
        self._remember(digest, credential)
        return credential

    def _remember(self, digest: bytes, credential: Credential) -> None:
        present = self._monotonic()
        for old in [old for old, (until, _) in self._opened.items() if until <= present]:
            del self._opened[old]
        while len(self._opened) >= self._max_entries:
            self._opened.popitem(last=False)
        self._opened[digest] = (present + self._ttl_seconds, credential)

    def _decrypt(self, ciphertext: bytes, context: dict[str, str]) -> Credential:
        try:
            response = self._kms.decrypt(KeyId=self._kms_key_id, CiphertextBlob=ciphertext, EncryptionContext=context)
        except self._client_errors as exc:
            raise VaultUnavailableError(f"KMS did not decrypt: {type(exc).__name__}") from exc
        credential = _credential_in(response["Plaintext"])
        if credential is None:
            raise VaultUnavailableError("a stored key opened to something that is no credential")
        return credential


def _credential_in(plaintext: bytes) -> Credential | None:
    try:
        return Credential.from_sealable(plaintext.decode())
    except ValueError:
        # Swallowed on purpose: a decoder's exception holds the text that it could not decode.
        return None


def _digest(ciphertext: bytes, context: dict[str, str]) -> bytes:
    canonical = json.dumps(context, sort_keys=True, separators=(",", ":")).encode()
    return hashlib.sha256(len(ciphertext).to_bytes(4, "big") + ciphertext + canonical).digest()
