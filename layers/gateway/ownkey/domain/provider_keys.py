"""A stored key of a model or search provider, and the credential inside it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ownkey.domain.secrets import Secret

PLATFORM_OWNER = "platform"
"""The owner of the operator's own provider keys."""

SECRET_FIELDS = frozenset({"apiKey", "accessKeyId", "secretAccessKey", "sessionToken"})
"""Fields of a JSON credential that are secret; every other one is a setting."""


class KeyStatus(StrEnum):
    """Whether a stored key is known to work."""

    ACTIVE = "active"
    """The provider accepted it."""
    UNVERIFIED = "unverified"
    """Nobody could tell yet."""
    INVALID = "invalid"
    """The provider refused it on a real request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderKey:
    """One stored provider key: its metadata, and its ciphertext where the reader may see it."""

    owner: str
    """`user#<id>`, `team#<id>` or `platform`."""
    provider: str
    key_id: str
    """Minted anew whenever the key is replaced; part of the encryption context."""
    name: str | None = None
    key_suffix: str | None = None
    status: KeyStatus
    created_at: str
    updated_at: str
    last_used_at: str | None = None
    last_error: str | None = None
    expires_at: str | None = None
    added_by: str | None = None
    """The id of the user who stored it."""
    ciphertext: bytes | None = field(default=None, repr=False)
    """None when read by a function that may not see it."""

    def expired_at(self, now: datetime) -> bool:
        """Return whether the owner's own expiry date has passed."""
        return self.expires_at is not None and datetime.fromisoformat(self.expires_at) <= now

    def usable_at(self, now: datetime) -> bool:
        """Return whether a request may try this key."""
        return self.status is not KeyStatus.INVALID and not self.expired_at(now)

    @property
    def encryption_context(self) -> dict[str, str]:
        """What the ciphertext is bound to: a row moved to another owner or provider does not open."""
        return {"owner": self.owner, "provider": self.provider, "key_id": self.key_id}


@dataclass(frozen=True, slots=True)
class Credential:
    """A provider credential in the clear, for as long as one attempt takes.

    A plain key has the one secret `apiKey`. A JSON credential has several secrets and settings, named as in the
    provider's own JSON (`endpoint`, `deploymentName`, `apiVersion`, `region`).
    """

    secrets: Mapping[str, Secret]
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def api_key(self) -> Secret:
        """The one secret that HTTP providers want; raises KeyError for AWS credentials."""
        return self.secrets["apiKey"]

    @property
    def suffix(self) -> str | None:
        """The last four characters that may be shown, or None when the secret is too short for that."""
        named = self.secrets.get("apiKey") or self.secrets.get("secretAccessKey")
        return named.suffix() if named else None

    def to_sealable(self) -> str:
        """Return the text to encrypt. `from_sealable` reads it back."""
        return json.dumps(
            {name: secret.reveal() for name, secret in self.secrets.items()} | dict(self.settings),
            separators=(",", ":"),
            sort_keys=True,
        )

    @classmethod
    def from_sealable(cls, text: str) -> "Credential":
        """Return the credential that `to_sealable` wrote; raises ValueError when it did not write this."""
        fields = json.loads(text)
        if not isinstance(fields, dict) or not all(isinstance(value, str) for value in fields.values()):
            raise ValueError("not a sealed credential")
        return cls(
            {name: Secret(value) for name, value in fields.items() if name in SECRET_FIELDS},
            {name: value for name, value in fields.items() if name not in SECRET_FIELDS},
        )
