"""One DynamoDB table as the repositories see it: plain values in and out, one error for every failure."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from ownkey.domain.errors import StoreUnavailableError
from ownkey.storage.attributes import Item, Value, from_typed, to_typed
from ownkey.storage.keyspace import Key

ClientErrors = tuple[type[Exception], ...]
"""The exception classes of a client."""


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

    def query(self, pk: str, sk_prefix: str, *, attributes: Sequence[str] = ()) -> Iterator[Item]:
        """Yield the items of a partition as they are now, in the order of their sort keys."""
        request: dict[str, Any] = {
            "TableName": self._name,
            "KeyConditionExpression": "pk = :pk AND begins_with(sk, :prefix)",
            "ExpressionAttributeValues": to_typed({":pk": pk, ":prefix": sk_prefix}),
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

    def put(self, item: Mapping[str, Value | None], *, condition: str | None = None) -> None:
        """Write a whole item; raises ConditionFailedError when `condition` does not hold."""
        request: dict[str, Any] = {"TableName": self._name, "Item": to_typed(item)}
        if condition:
            request["ConditionExpression"] = condition
        self._call("PutItem", self._client.put_item, **request)

    def update(
        self, key: Key, expression: str, *, condition: str, names: Mapping[str, str], values: Mapping[str, Value]
    ) -> None:
        """Change an item in place; raises ConditionFailedError when `condition` does not hold."""
        request: dict[str, Any] = {
            "TableName": self._name,
            "Key": to_typed(key),
            "UpdateExpression": expression,
            "ConditionExpression": condition,
            "ExpressionAttributeValues": to_typed(values),
        }
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
            ConditionExpression="attribute_exists(pk)",
        )

    def put_all(self, items: Iterable[Mapping[str, Value | None]]) -> None:
        """Write several new items or none; raises ConditionFailedError when one of them exists."""
        self._transact(
            {"Put": {"Item": to_typed(item), "ConditionExpression": "attribute_not_exists(pk)"}} for item in items
        )

    def delete_all(self, keys: Iterable[Key]) -> None:
        """Delete several items or none; raises ConditionFailedError when one of them does not exist."""
        self._transact(
            {"Delete": {"Key": to_typed(key), "ConditionExpression": "attribute_exists(pk)"}} for key in keys
        )

    def _transact(self, actions: Iterable[dict[str, dict[str, Any]]]) -> None:
        named = [{kind: {"TableName": self._name, **request}} for action in actions for kind, request in action.items()]
        self._call("TransactWriteItems", self._client.transact_write_items, TransactItems=named)

    def _call(self, operation: str, method: Callable[..., Any], **request: Any) -> Any:
        try:
            return method(**request)
        except self._client_errors as exc:
            code = error_code(exc)
            if _is_failed_condition(exc, code):
                raise ConditionFailedError(operation) from exc
            raise StoreUnavailableError(
                f"{operation} on table {self._name} failed: {code or type(exc).__name__}"
            ) from exc


def error_code(error: Exception) -> str:
    """Return the AWS error code inside a client's exception, or an empty string."""
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


def _projection(attributes: Sequence[str]) -> dict[str, Any]:
    if not attributes:
        return {}
    names = {f"#{index}": attribute for index, attribute in enumerate(attributes)}
    return {"ProjectionExpression": ",".join(names), "ExpressionAttributeNames": names}


def _is_failed_condition(error: Exception, code: str) -> bool:
    if code == "TransactionCanceledException":
        reasons = {reason.get("Code") for reason in getattr(error, "response", {}).get("CancellationReasons", ())}
        # A conflict with another transaction says nothing about the condition: that one is worth another try.
        return "ConditionalCheckFailed" in reasons and reasons <= {"ConditionalCheckFailed", "None", None}
    return code == "ConditionalCheckFailedException"
