"""Trying a provider key on request: one that the caller sends, or the one that is stored."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from ownkey.adapters.credentials import parse_credential
from ownkey.adapters.spec import ProviderSpec
from ownkey.domain.chat import Deadline, JsonObject
from ownkey.domain.errors import NotFoundError
from ownkey.domain.provider_keys import Credential, KeyStatus, ProviderKey
from ownkey.services.provider_keys import RateLimit, Verifier, provider_named

if TYPE_CHECKING:
    from ownkey.adapters.verification import Verdict
    from ownkey.api.schemas.provider_keys import ValidateProviderKeyBody

VALIDATIONS_PER_MINUTE = 10


class StoredKeys(Protocol):
    """What a validation reads and notes of stored keys."""

    def load_for_use(self, owner: str, provider: str) -> ProviderKey | None:
        """Return one key with its ciphertext."""
        ...

    def mark(self, key: ProviderKey, *, status: KeyStatus, last_error: str | None, at: datetime) -> None:
        """Note what a provider said of a key, unless it was replaced meanwhile."""
        ...


class Opener(Protocol):
    """Decrypts one stored key."""

    def open(self, key: ProviderKey) -> Credential:
        """Return the credential; raises VaultUnavailableError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyValidation:
    """Whether a key works: True, False, or None where nobody could tell."""

    valid: bool | None
    error: str | None = None
    """In our words, never the provider's."""
    model: str | None = None
    """The model that the caller asked to try it with."""

    def to_json(self) -> JsonObject:
        """Return the answer to `POST /api/user/provider-keys/validate`."""
        extras = {"error": self.error, "model": self.model}
        return {"valid": self.valid, **{name: value for name, value in extras.items() if value is not None}}


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyValidationService:
    """Tries keys with their providers."""

    repository: StoredKeys
    opener: Opener
    verifier: Verifier
    rate_limiter: RateLimit
    providers: Mapping[str, ProviderSpec]
    now: Callable[[], datetime]

    def validate(self, owner: str, body: "ValidateProviderKeyBody", deadline: Deadline) -> KeyValidation:
        """Return whether the provider takes the key in `body`, or the stored one when `body` has none.

        What a provider says of the stored key is noted with it.

        Raises:
            InvalidInputError: the provider or the key is wrong.
            NotFoundError: no key was sent and none is stored.
            RateLimitedError: too many validations in this minute.
        """
        spec = provider_named(self.providers, body.provider)
        if body.key is not None:
            credential = parse_credential(spec, body.key).credential
            self._count(owner)
            return _result(self.verifier.verify(spec.slug, credential, model=body.model, deadline=deadline), body.model)
        self._count(owner)
        stored = self.repository.load_for_use(owner, spec.slug)
        if stored is None:
            raise NotFoundError(f"There is no stored {spec.name} key to try. Send one as `key`, or store one first.")
        if stored.expired_at(self.now()):
            return KeyValidation(valid=False, error="The expiry date of the stored key has passed. Store it again.")
        verdict = self.verifier.verify(spec.slug, self.opener.open(stored), model=body.model, deadline=deadline)
        self._note(stored, verdict)
        return _result(verdict, body.model)

    def _count(self, owner: str) -> None:
        self.rate_limiter.hit(owner, "provider_keys.validate", VALIDATIONS_PER_MINUTE)

    def _note(self, key: ProviderKey, verdict: "Verdict") -> None:
        if verdict.valid is not None:
            status = KeyStatus.ACTIVE if verdict.valid else KeyStatus.INVALID
            last_error = None if verdict.valid else verdict.reason
            self.repository.mark(key, status=status, last_error=last_error, at=self.now())


def _result(verdict: "Verdict", model: str | None) -> KeyValidation:
    return KeyValidation(valid=verdict.valid, error=None if verdict.valid else verdict.reason or None, model=model)
