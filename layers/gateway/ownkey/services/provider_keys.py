"""Provider keys of one owner: checked, tried with the provider, sealed, listed without their secrets, deleted at once.

Nothing here can open what it has sealed.
"""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from ownkey.adapters.credentials import parse_credential
from ownkey.adapters.spec import ProviderSpec
from ownkey.domain.audit import Actor, AuditAction
from ownkey.domain.chat import Deadline, JsonObject
from ownkey.domain.dates import iso_utc
from ownkey.domain.errors import InvalidInputError, NotFoundError
from ownkey.domain.provider_keys import SECRET_FIELDS, Credential, KeyStatus, ProviderKey

if TYPE_CHECKING:
    from ownkey.adapters.verification import Verdict
    from ownkey.api.schemas.provider_keys import AddProviderKeyBody

WRITES_PER_MINUTE = 5

# fmt: off
_SHOWN = (
    "provider", "name", "key_suffix", "status", "created_at", "updated_at", "last_used_at", "last_error", "expires_at",
    "added_by",
)
# fmt: on


class KeyStore(Protocol):
    """What the provider-key routes do with stored keys. None of it reads a ciphertext."""

    def save(self, key: ProviderKey, record: Any) -> None:
        """Store a key in the place of the owner's key for the same provider, and its record with it."""
        ...

    def delete(self, owner: str, provider: str, record: Any) -> bool:
        """Erase a key, and store the record of it; return whether there was one."""
        ...

    def list(self, owner: str) -> list[ProviderKey]:
        """Return the owner's keys without their ciphertexts."""
        ...


class Records(Protocol):
    """Makes audit records; `storage/audit.py` has the ones."""

    def recording(self, subject: str, actor: Actor, action: AuditAction, *, target: str | None) -> Any:
        """Return the writing of a record, for the store."""
        ...


class Sealer(Protocol):
    """Encrypts one credential."""

    def seal(self, credential: Credential, context: Mapping[str, str]) -> bytes:
        """Return the ciphertext, bound to `context`; raises VaultUnavailableError."""
        ...


class Verifier(Protocol):
    """Asks providers whether keys are good."""

    def verify(self, provider: str, credential: Credential, *, model: str | None, deadline: Deadline) -> "Verdict":
        """Return the provider's verdict within ten seconds; it never raises for what a provider does."""
        ...


class RateLimit(Protocol):
    """Counts calls of an owner."""

    def hit(self, owner: str, action: str, limit: int, window_seconds: int = 60) -> None:
        """Count a call; raises RateLimitedError when it is one too many."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedKey:
    """A key as it was stored, for the caller who sent it."""

    id: str
    provider: str
    key_suffix: str | None
    status: KeyStatus
    warnings: tuple[str, ...]

    def to_json(self) -> JsonObject:
        """Return the answer to `POST /api/user/provider-keys`."""
        return {
            "success": True,
            "id": self.id,
            "provider": self.provider,
            "key_suffix": self.key_suffix,
            "status": self.status.value,
            "warnings": list(self.warnings),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderKeysService:
    """Adds, lists and deletes the provider keys of one owner."""

    repository: KeyStore
    records: Records
    sealer: Sealer
    verifier: Verifier
    rate_limiter: RateLimit
    providers: Mapping[str, ProviderSpec]
    now: Callable[[], datetime]
    new_id: Callable[[], str]

    def add(self, owner: str, actor: Actor, body: "AddProviderKeyBody", deadline: Deadline) -> AddedKey:
        """Store a key, in the place of any that the owner had for the provider.

        It is tried with the provider first. A key that the provider cannot confirm, or refuses, is stored all the same,
        as unverified and with a warning that says why.

        Raises:
            InvalidInputError: the provider, the key, the name or the date is wrong.
            RateLimitedError: too many writes in this minute.
        """
        spec = provider_named(self.providers, body.provider)
        parsed = parse_credential(spec, body.key)
        now = self.now()
        expires_at = _future(body.expires_at, now)
        name = _checked_name(body.name, parsed.credential)
        self._count_write(owner)
        verdict = self.verifier.verify(spec.slug, parsed.credential, model=None, deadline=deadline)
        stored_at = iso_utc(now)
        key = ProviderKey(
            owner=owner,
            provider=spec.slug,
            key_id=self.new_id(),
            name=name,
            key_suffix=parsed.credential.suffix,
            status=KeyStatus.ACTIVE if verdict.valid else KeyStatus.UNVERIFIED,
            created_at=stored_at,
            updated_at=stored_at,
            expires_at=expires_at,
            added_by=actor.user_id,
        )
        self._save(key, parsed.credential, actor)
        return AddedKey(
            id=key.key_id,
            provider=key.provider,
            key_suffix=key.key_suffix,
            status=key.status,
            warnings=parsed.warnings + _verdict_warnings(spec, verdict),
        )

    def list(self, owner: str) -> JsonObject:
        """Return the owner's keys, without secrets, and every provider that a key can be stored for."""
        return {
            "keys": [_describe_key(key) for key in self.repository.list(owner)],
            "providers": [_describe_provider(spec) for spec in self.providers.values()],
        }

    def delete(self, owner: str, provider: str, actor: Actor) -> None:
        """Erase the owner's key of a provider.

        Raises:
            NotFoundError: there was none.
            InvalidInputError: there is no such provider.
            RateLimitedError: too many writes in this minute.
        """
        spec = provider_named(self.providers, provider)
        self._count_write(owner)
        record = self.records.recording(owner, actor, "provider_key.deleted", target=spec.slug)
        if not self.repository.delete(owner, spec.slug, record):
            raise NotFoundError(f"There is no {spec.name} key to delete. GET this address to list the stored keys.")

    def _count_write(self, owner: str) -> None:
        self.rate_limiter.hit(owner, "provider_keys.write", WRITES_PER_MINUTE)

    def _save(self, key: ProviderKey, credential: Credential, actor: Actor) -> None:
        ciphertext = self.sealer.seal(credential, key.encryption_context)
        record = self.records.recording(key.owner, actor, "provider_key.stored", target=key.provider)
        self.repository.save(replace(key, ciphertext=ciphertext), record)


def provider_named(providers: Mapping[str, ProviderSpec], slug: str) -> ProviderSpec:
    """Return the provider; raises InvalidInputError that names the nearest ones, and not what was sent."""
    if slug in providers:
        return providers[slug]
    near = difflib.get_close_matches(slug[:64].strip().lower(), providers, n=3)
    advice = f"Did you mean {' or '.join(near)}?" if near else f"The providers are {', '.join(providers)}."
    raise InvalidInputError(f"provider names no provider. {advice}", field="provider")


def _future(text: str | None, now: datetime) -> str | None:
    """Return an expiry date as it is stored."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
        if moment.tzinfo is not None and moment > now:
            return iso_utc(moment)
    except (ValueError, OverflowError):
        pass
    example = iso_utc(now.replace(year=now.year + 1, month=1, day=1, hour=0, minute=0, second=0))
    raise InvalidInputError(
        f"expires_at must be a date in the future, in ISO 8601 with an offset, such as {example}.", field="expires_at"
    )


def _checked_name(name: str | None, credential: Credential) -> str | None:
    text = (name or "").strip()
    if not text.isprintable():
        raise InvalidInputError("name must be one line of text. Take out line breaks and tabs.", field="name")
    if any(secret.reveal() in text for secret in credential.secrets.values()):
        raise InvalidInputError("name holds the key itself, and names are shown. Send another name.", field="name")
    return text or None


def _verdict_warnings(spec: ProviderSpec, verdict: "Verdict") -> tuple[str, ...]:
    if verdict.valid:
        return ()
    if verdict.valid is None:
        return (f"The key could not be confirmed, so it is stored as unverified. {verdict.reason or ''}".rstrip(),)
    return (f"{spec.name} rejected the key just now. It is stored as unverified; if it is wrong, send the right one.",)


def _describe_key(key: ProviderKey) -> JsonObject:
    described = {"id": key.key_id} | {name: getattr(key, name) for name in _SHOWN}
    # Team routes know people by this name as well.
    return described | ({"added_by_session_id": key.added_by} if key.owner.startswith("team#") else {})


def _describe_provider(spec: ProviderSpec) -> JsonObject:
    hint = spec.key_format.hint or f"as {spec.name} shows it"
    key_format: JsonObject = {"type": "json" if spec.key_format.is_json else "string", "hint": hint}
    if spec.key_format.is_json:
        key_format["fields"] = [
            {"name": name, "required": name not in spec.key_format.optional_fields, "secret": name in SECRET_FIELDS}
            for name in spec.key_format.fields
        ]
    return {
        "slug": spec.slug,
        "name": spec.name,
        "kind": spec.kind,
        "key_format": key_format,
        "docs_url": spec.docs_url,
    }
