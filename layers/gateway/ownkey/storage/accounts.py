"""The Accounts table: gateway keys."""

from ownkey.domain.errors import NotFoundError, StoreUnavailableError
from ownkey.domain.identity import GatewayKey, GatewayKeyLimits
from ownkey.storage import keyspace
from ownkey.storage.attributes import Item, Value, check_version, read, read_amount, read_optional
from ownkey.storage.table import ClientErrors, ConditionFailedError, DynamoDBClient, Table

ITEM_VERSION = 1


class AccountRepository:
    """Stores what is kept of gateway keys.

    Each is two items that come and go together: one that a request is checked against, and one in its user's list.
    """

    def __init__(self, client: DynamoDBClient, table_name: str, client_errors: ClientErrors) -> None:
        self._table = Table(client, table_name, client_errors)

    def find_gateway_key(self, key_id: str) -> GatewayKey | None:
        """Return a gateway key in one read, as it is now: a revoked key is gone at once."""
        item = self._table.get(keyspace.gateway_key(key_id))
        return _gateway_key(item) if item else None

    def list_gateway_keys(self, user_id: str) -> list[GatewayKey]:
        """Return a user's gateway keys, oldest first."""
        items = self._table.query(keyspace.user(user_id), keyspace.GATEWAY_KEY_PREFIX)
        return sorted((_gateway_key(item) for item in items), key=lambda key: (key.created_at, key.key_id))

    def add_gateway_key(self, key: GatewayKey) -> None:
        """Store a new gateway key."""
        content: dict[str, Value | None] = {
            "version": ITEM_VERSION,
            "key_id": key.key_id,
            "user_id": key.user_id,
            "secret_sha256": key.secret_sha256,
            "name": key.name,
            "created_at": key.created_at,
            "expires_at": key.expires_at,
            "allowed_origins": " ".join(key.limits.allowed_origins) or None,
            "requests_per_day": key.limits.requests_per_day,
            "usd_per_day": key.limits.usd_per_day,
            "default_team_id": key.default_team_id,
        }
        both = (keyspace.gateway_key(key.key_id), keyspace.listed_gateway_key(key.user_id, key.key_id))
        try:
            self._table.put_all({**place, **content} for place in both)
        except ConditionFailedError as exc:
            # Ids are 95 random bits, so this is a repeated write whose first answer was lost, or a broken generator.
            raise StoreUnavailableError("a gateway key with this id exists already") from exc

    def remove_gateway_key(self, user_id: str, key_id: str) -> None:
        """Revoke a gateway key; raises NotFoundError when the user has no such key."""
        try:
            # The list entry is the proof that the key is this user's: with it missing, nothing is deleted.
            self._table.delete_all((keyspace.listed_gateway_key(user_id, key_id), keyspace.gateway_key(key_id)))
        except ConditionFailedError as exc:
            raise NotFoundError("You have no gateway key with this id. List your keys to see their ids.") from exc


def _gateway_key(item: Item) -> GatewayKey:
    check_version(item, ITEM_VERSION)
    return GatewayKey(
        key_id=read(item, "key_id", str),
        user_id=read(item, "user_id", str),
        secret_sha256=read(item, "secret_sha256", str),
        name=read(item, "name", str),
        created_at=read(item, "created_at", str),
        expires_at=read_optional(item, "expires_at"),
        limits=GatewayKeyLimits(
            allowed_origins=tuple((read_optional(item, "allowed_origins") or "").split()),
            requests_per_day=read(item, "requests_per_day", int) if "requests_per_day" in item else None,
            usd_per_day=read_amount(item, "usd_per_day"),
        ),
        default_team_id=read_optional(item, "default_team_id"),
    )
