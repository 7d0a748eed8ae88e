"""The ProviderKeys table: one item an owner and provider."""

from datetime import datetime

from ownkey.domain.dates import iso_utc
from ownkey.domain.errors import StoreUnavailableError
from ownkey.domain.provider_keys import KeyStatus, ProviderKey
from ownkey.storage import keyspace
from ownkey.storage.attributes import Item, Value, check_version, read, read_optional
from ownkey.storage.table import PRESENT, Action, ClientErrors, ConditionFailedError, DynamoDBClient, Table

ITEM_VERSION = 1

# fmt: off
METADATA = (
    "pk", "sk", "version", "key_id", "name", "key_suffix", "status", "created_at", "updated_at", "last_used_at",
    "last_error", "expires_at", "added_by",
)
# fmt: on
"""Everything but the ciphertext: the attributes that the managing functions may read."""


class ProviderKeyRepository:
    """Stores sealed provider keys. It never sees one in the clear."""

    def __init__(self, client: DynamoDBClient, table_name: str, client_errors: ClientErrors) -> None:
        self._table = Table(client, table_name, client_errors)

    def load(self, owner: str, provider: str) -> ProviderKey | None:
        """Return one key without its ciphertext."""
        item = self._table.get(keyspace.provider_key(owner, provider), attributes=METADATA)
        return _provider_key(item) if item else None

    def load_for_use(self, owner: str, provider: str) -> ProviderKey | None:
        """Return one key with its ciphertext, in one read, as it is now: a deleted key is gone at once."""
        item = self._table.get(keyspace.provider_key(owner, provider))
        return usable_key_of(item) if item else None

    def load_all_for_use(self, owner: str) -> list[ProviderKey]:
        """Return an owner's keys with their ciphertexts, in one query."""
        return [usable_key_of(item) for item in self._table.query(owner, keyspace.PROVIDER_KEY_PREFIX)]

    def save(self, key: ProviderKey, record: Action | None = None) -> None:
        """Store a sealed key in the place of the one the owner had for that provider, and the record of it with it."""
        if key.ciphertext is None:
            raise ValueError("a provider key is stored sealed; seal it first")
        item: dict[str, Value | None] = {
            **keyspace.provider_key(key.owner, key.provider),
            "version": ITEM_VERSION,
            "key_id": key.key_id,
            "name": key.name,
            "key_suffix": key.key_suffix,
            "status": key.status.value,
            "created_at": key.created_at,
            "updated_at": key.updated_at,
            "last_used_at": key.last_used_at,
            "last_error": key.last_error,
            "expires_at": key.expires_at,
            "added_by": key.added_by,
            "ciphertext": key.ciphertext,
        }
        self._table.transact([self._table.putting(item), *([record] if record else [])])

    def delete(self, owner: str, provider: str, record: Action | None = None) -> bool:
        """Erase a key, ciphertext and all, and store the record of it; False when there was none."""
        gone = self._table.deleting(keyspace.provider_key(owner, provider), condition=PRESENT)
        try:
            self._table.transact([gone, *([record] if record else [])])
        except ConditionFailedError:
            return False
        return True

    def delete_all(self, owner: str) -> None:
        """Erase every key of an owner. Doing it again is fine."""
        for item in list(self._table.query(owner, keyspace.PROVIDER_KEY_PREFIX, attributes=("pk", "sk"))):
            self._table.transact([self._table.deleting({"pk": str(item["pk"]), "sk": str(item["sk"])})])

    def mark(self, key: ProviderKey, *, status: KeyStatus, last_error: str | None, at: datetime) -> None:
        """Note what a provider said of this key when it was used. A key that replaced it meanwhile is left alone."""
        change = "SET #status = :status, last_used_at = :at"
        values = {":status": status.value, ":at": iso_utc(at)}
        if last_error is None:
            change += " REMOVE last_error"
        else:
            change += ", last_error = :error"
            values[":error"] = last_error
        self._change(key, change, names={"#status": "status"}, values=values)

    def touch(self, key: ProviderKey, *, at: datetime) -> None:
        """Note that this key was used. A key that replaced it meanwhile is left alone."""
        self._change(key, "SET last_used_at = :at", names={}, values={":at": iso_utc(at)})

    def _change(self, key: ProviderKey, change: str, *, names: dict[str, str], values: dict[str, str]) -> None:
        try:
            self._table.update(
                keyspace.provider_key(key.owner, key.provider),
                change,
                condition="key_id = :key_id",
                names=names,
                values={**values, ":key_id": key.key_id},
            )
        except ConditionFailedError:
            return

    def list(self, owner: str) -> list[ProviderKey]:
        """Return an owner's keys without their ciphertexts, sorted by provider."""
        items = self._table.query(owner, keyspace.PROVIDER_KEY_PREFIX, attributes=METADATA)
        return [_provider_key(item) for item in items]


def usable_key_of(item: Item) -> ProviderKey:
    """Return the key in an item that was read whole; raises StoreUnavailableError when it has no ciphertext."""
    read(item, "ciphertext", bytes)
    return _provider_key(item)


def _provider_key(item: Item) -> ProviderKey:
    check_version(item, ITEM_VERSION)
    try:
        status = KeyStatus(read(item, "status", str))
    except ValueError as exc:
        raise StoreUnavailableError("a stored provider key is unreadable: its status is unknown") from exc
    return ProviderKey(
        owner=read(item, "pk", str),
        provider=read(item, "sk", str).removeprefix(keyspace.PROVIDER_KEY_PREFIX),
        key_id=read(item, "key_id", str),
        name=read_optional(item, "name"),
        key_suffix=read_optional(item, "key_suffix"),
        status=status,
        created_at=read(item, "created_at", str),
        updated_at=read(item, "updated_at", str),
        last_used_at=read_optional(item, "last_used_at"),
        last_error=read_optional(item, "last_error"),
        expires_at=read_optional(item, "expires_at"),
        added_by=read_optional(item, "added_by"),
        ciphertext=read(item, "ciphertext", bytes) if "ciphertext" in item else None,
    )
