"""Several items of several tables in one round trip."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from ownkey.domain.errors import StoreUnavailableError
from ownkey.storage.attributes import Item, from_typed, to_typed
from ownkey.storage.keyspace import Key
from ownkey.storage.table import ClientErrors, error_code

MAX_KEYS = 100
"""How many items DynamoDB reads at once."""
PAUSES_SECONDS = (0.02, 0.05, 0.1)
"""How long a batch of which DynamoDB left a part unread waits before it asks for the rest."""


class BatchClient(Protocol):
    """The part of boto3's low-level DynamoDB client that is used here."""

    @property
    def batch_get_item(self) -> Callable[..., Any]:
        """Read items by their keys."""
        ...


class BatchReader:
    """Reads items by their keys, as they are now, whatever tables they are in."""

    def __init__(self, client: BatchClient, client_errors: ClientErrors) -> None:
        self._client = client
        self._client_errors = client_errors

    def read(self, keys: Mapping[str, Iterable[Key]]) -> "dict[str, dict[tuple[str, str], Item]]":
        """Return what is there of `keys`, by table, then by `(pk, sk)`.

        One round trip, unless DynamoDB is too busy to answer it whole. At most 100 keys.
        """
        wanted = {
            table: {"Keys": [to_typed(key) for key in unique], "ConsistentRead": True}
            for table, of_table in keys.items()
            if (unique := {(key["pk"], key["sk"]): key for key in of_table}.values())
        }
        found: dict[str, dict[tuple[str, str], Item]] = {table: {} for table in keys}
        for pause_seconds in (*PAUSES_SECONDS, None):
            if not wanted:
                return found
            answer = self._ask(wanted)
            for table, items in answer.get("Responses", {}).items():
                for item in map(from_typed, items):
                    found[table][str(item["pk"]), str(item["sk"])] = item
            wanted = answer.get("UnprocessedKeys") or {}
            if wanted and pause_seconds is not None:
                time.sleep(pause_seconds)
        if wanted:
            raise StoreUnavailableError("BatchGetItem left keys unread again and again: the table is throttled")
        return found

    def _ask(self, wanted: Mapping[str, Any]) -> Any:
        try:
            return self._client.batch_get_item(RequestItems=wanted)
        except self._client_errors as exc:
            raise StoreUnavailableError(f"BatchGetItem failed: {error_code(exc) or type(exc).__name__}") from exc
