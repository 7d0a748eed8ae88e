"""One DynamoDB table as the repositories see it: plain values in and out, one error for every failure."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from ownkey.domain.errors import StoreUnavailableError
from ownkey.storage.attributes import Item, Value, from_typed, to_typed
from ownkey.storage.keyspace import Key

ClientErrors = tuple[type[Exception], ...]
"""The exception classes of a client."""

Action = dict[str, dict[str, Any]]
"""One part of a transaction, as DynamoDB takes it."""

ABSENT = "attribute_not_exists(pk)"
PRESENT = "attribute_exists(pk)"
CONFLICT_PAUSES_SECONDS = (0.02, 0.05, 0.1)
"""How long a transaction that met another one waits before it is tried again."""


class DynamoDBClient(Protocol):
    """The part of boto3's low-level DynamoDB client that is used here."""

    @property
    def get_item(self) -> Callable[..., Any]:
        """Read one item."""
        ...

    @property
    def query(self) -> Callable[..., Any]:
        """Read the items of one partition, a page at a time."""
        ...

    @property
    def put_item(self) -> Callable[..., Any]:
        """Write one item."""
        ...

    @property
    def update_item(self) -> Callable[..., Any]:
        """Change one item."""
        ...

    @property
    def delete_item(self) -> Callable[..., Any]:
        """Delete one item."""
        ...

    @property
    def transact_write_items(self) -> Callable[..., Any]:
        """Change several items or none."""
        ...


class ConditionFailedError(Exception):
    """A write was refused by its own condition. Repositories handle it; it never leaves this package."""

    def __init__(self, operation: str, reasons: Sequence[str] = ()) -> None:
        super().__init__(operation)
        self.failed = tuple(place for place, reason in enumerate(reasons) if reason == "ConditionalCheckFailed")
        """Of a transaction: the places of the actions whose conditions did not hold."""


class _ConflictError(Exception):
    """A transaction met another one on the same item: it says nothing of the conditions, and is worth another try."""


class Table:
    """Reads and writes one table. Every failure is a StoreUnavailableError, except a failed condition."""

    def __init__(self, client: DynamoDBClient, name: str, client_errors: ClientErrors) -> None:
        self._client = client
        self._name = name
        self._client_errors = client_errors

    def get(self, key: Key, *, attributes: Sequence[str] = ()) -> Item | None:
        """Return the item as it is now, or only some of its attributes; None when there is none."""
        response = self._call(
            "GetItem",
            self._client.get_item,
            TableName=self._name,
            Key=to_typed(key),
            ConsistentRead=True,
            **_projection(attributes),
        )
        return from_typed(response["Item"]) if response.get("Item") else None

    def query(
        self,
        pk: str,
        sk_prefix: str | None = None,
        *,
        between: tuple[str, str] | None = None,
        attributes: Sequence[str] = (),
    ) -> Iterator[Item]:
        """Yield the items of a partition as they are now, in the order of their sort keys.

        Of all, or of those whose sort keys begin with `sk_prefix`, or are one of `between` or between the two.
        """
        condition, values = "pk = :pk", {":pk": pk}
        if sk_prefix:
            condition, values = "pk = :pk AND begins_with(sk, :prefix)", {":pk": pk, ":prefix": sk_prefix}
        if between:
            condition, values = "pk = :pk AND sk BETWEEN :a AND :z", {":pk": pk, ":a": between[0], ":z": between[1]}
        request: dict[str, Any] = {
            "TableName": self._name,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": to_typed(values),
            "ConsistentRead": True,
            **_projection(attributes),
        }
        if attributes:
            # A role that may read some attributes only must ask for exactly those.
            request["Select"] = "SPECIFIC_ATTRIBUTES"
        while True:
            response = self._call("Query", self._client.query, **request)
            yield from (from_typed(item) for item in response.get("Items", ()))
            if not response.get("LastEvaluatedKey"):
                return
            request["ExclusiveStartKey"] = response["LastEvaluatedKey"]

    def page(self, pk: str, sk_prefix: str, *, limit: int, before: str | None = None) -> tuple[list[Item], str | None]:
        """Return up to `limit` items of a partition, last sort key first, and where the next page begins.

        `before` is what an earlier call returned: items whose sort keys are below it follow.
        """
        request: dict[str, Any] = {
            "TableName": self._name,
            "KeyConditionExpression": "pk = :pk AND begins_with(sk, :prefix)",
            "ExpressionAttributeValues": to_typed({":pk": pk, ":prefix": sk_prefix}),
            "ScanIndexForward": False,
            "Limit": limit,
        }
        if before:
            request["ExclusiveStartKey"] = to_typed({"pk": pk, "sk": before})
        response = self._call("Query", self._client.query, **request)
        last = response.get("LastEvaluatedKey")
        return [from_typed(item) for item in response.get("Items", ())], last["sk"]["S"] if last else None

    def put(self, item: Mapping[str, Value | None], *, condition: str | None = None) -> None:
        """Write a whole item; raises ConditionFailedError when `condition` does not hold."""
        request: dict[str, Any] = {"TableName": self._name, "Item": to_typed(item)}
        if condition:
            request["ConditionExpression"] = condition
        self._call("PutItem", self._client.put_item, **request)

    def update(
        self,
        key: Key,
        expression: str,
        *,
        condition: str | None = None,
        names: Mapping[str, str],
        values: Mapping[str, Value],
    ) -> None:
        """Change an item in place; raises ConditionFailedError when `condition` does not hold."""
        request: dict[str, Any] = {
            "TableName": self._name,
            "Key": to_typed(key),
            "UpdateExpression": expression,
            "ExpressionAttributeValues": to_typed(values),
        }
        if condition:
            request["ConditionExpression"] = condition
        if names:  # DynamoDB refuses an empty map.
            request["ExpressionAttributeNames"] = dict(names)
        self._call("UpdateItem", self._client.update_item, **request)

    def delete(self, key: Key) -> None:
        """Delete an item; raises ConditionFailedError when there is none."""
        self._call(
            "DeleteItem",
            self._client.delete_item,
            TableName=self._name,
            Key=to_typed(key),
            ConditionExpression=PRESENT,
        )

    def put_all(self, items: Iterable[Mapping[str, Value | None]]) -> None:
        """Write several new items or none; raises ConditionFailedError when one of them exists."""
        self.transact(self.putting(item, condition=ABSENT) for item in items)

    def delete_all(self, keys: Iterable[Key]) -> None:
        """Delete several items or none; raises ConditionFailedError when one of them does not exist."""
        self.transact(self.deleting(key, condition=PRESENT) for key in keys)

    # The parts of a transaction. Those of another table may stand among them.

    def putting(
        self,
        item: Mapping[str, Value | None],
        *,
        condition: str | None = None,
        names: Mapping[str, str] | None = None,
        values: Mapping[str, Value] | None = None,
    ) -> Action:
        """Return the writing of a whole item."""
        return self._action("Put", {"Item": to_typed(item)}, condition, names or {}, values or {})

    def changing(
        self, key: Key, expression: str, *, condition: str, names: Mapping[str, str], values: Mapping[str, Value]
    ) -> Action:
        """Return the changing of an item in place."""
        change = {"Key": to_typed(key), "UpdateExpression": expression}
        return self._action("Update", change, condition, names, values)

    def adding(self, key: Key, expression: str, *, names: Mapping[str, str], values: Mapping[str, Value]) -> Action:
        """Return the changing of an item in place, which begins to be where it is not there."""
        return self._action("Update", {"Key": to_typed(key), "UpdateExpression": expression}, None, names, values)

    def deleting(
        self,
        key: Key,
        *,
        condition: str | None = None,
        names: Mapping[str, str] | None = None,
        values: Mapping[str, Value] | None = None,
    ) -> Action:
        """Return the deleting of an item."""
        return self._action("Delete", {"Key": to_typed(key)}, condition, names or {}, values or {})

    def checking(
        self,
        key: Key,
        *,
        condition: str,
        names: Mapping[str, str] | None = None,
        values: Mapping[str, Value] | None = None,
    ) -> Action:
        """Return a condition on an item that is not changed."""
        return self._action("ConditionCheck", {"Key": to_typed(key)}, condition, names or {}, values or {})

    def transact(self, actions: Iterable[Action]) -> None:
        """Do all of it or nothing; raises ConditionFailedError, which tells which conditions did not hold."""
        items = list(actions)
        for pause_seconds in (*CONFLICT_PAUSES_SECONDS, None):
            try:
                self._call("TransactWriteItems", self._client.transact_write_items, TransactItems=items)
            except _ConflictError as exc:
                if pause_seconds is None:
                    raise StoreUnavailableError("TransactWriteItems met other changes of the same items") from exc
                time.sleep(pause_seconds)
            else:
                return

    def _action(
        self,
        kind: str,
        request: dict[str, Any],
        condition: str | None,
        names: Mapping[str, str],
        values: Mapping[str, Value],
    ) -> Action:
        request["TableName"] = self._name
        if condition:
            request["ConditionExpression"] = condition
        if names:  # DynamoDB refuses empty maps.
            request["ExpressionAttributeNames"] = dict(names)
        if values:
            request["ExpressionAttributeValues"] = to_typed(values)
        return {kind: request}

    def _call(self, operation: str, method: Callable[..., Any], **request: Any) -> Any:
        try:
            return method(**request)
        except self._client_errors as exc:
            code = error_code(exc)
            reasons = _cancellation_reasons(exc, code)
            if "TransactionConflict" in reasons:
                raise _ConflictError(operation) from exc
            if code == "ConditionalCheckFailedException" or _is_failed_condition(reasons):
                raise ConditionFailedError(operation, reasons) from exc
            raise StoreUnavailableError(
                f"{operation} on table {self._name} failed: {code or type(exc).__name__}"
            ) from exc


def is_refused(error: StoreUnavailableError) -> bool:
    """Return whether DynamoDB found fault with the call itself: to repeat it is no use."""
    if not isinstance(cause := error.__cause__, Exception):
        return False
    code = error_code(cause)
    return code == "ValidationException" or "ValidationError" in _cancellation_reasons(cause, code)


def error_code(error: Exception) -> str:
    """Return the AWS error code inside a client's exception, or an empty string."""
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


def _projection(attributes: Sequence[str]) -> dict[str, Any]:
    if not attributes:
        return {}
    names = {f"#{index}": attribute for index, attribute in enumerate(attributes)}
    return {"ProjectionExpression": ",".join(names), "ExpressionAttributeNames": names}


def _cancellation_reasons(error: Exception, code: str) -> tuple[str, ...]:
    """Return why a transaction was cancelled, action by action; nothing when it was not."""
    if code != "TransactionCanceledException":
        return ()
    reasons = getattr(error, "response", {}).get("CancellationReasons", ())
    return tuple(str(reason.get("Code") or "None") for reason in reasons)


def _is_failed_condition(reasons: tuple[str, ...]) -> bool:
    return "ConditionalCheckFailed" in reasons and set(reasons) <= {"ConditionalCheckFailed", "None"}


def assignments(changes: Mapping[str, Value | None]) -> tuple[str, dict[str, str], dict[str, Value]]:
    """Return an update expression that sets what has a value and removes what has none, with its names and values."""
    names = {f"#a{place}": name for place, name in enumerate(changes)}
    values = {f":a{place}": value for place, value in enumerate(changes.values()) if value is not None}
    sets = [f"#a{place} = :a{place}" for place, value in enumerate(changes.values()) if value is not None]
    removals = [f"#a{place}" for place, value in enumerate(changes.values()) if value is None]
    parts = [f"SET {', '.join(sets)}"] * bool(sets) + [f"REMOVE {', '.join(removals)}"] * bool(removals)
    return " ".join(parts), names, values
