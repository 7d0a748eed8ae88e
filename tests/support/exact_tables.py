"""DynamoDB in memory, as far as settling uses it: fast, one call at a time, and exact like DynamoDB's 38-digit numbers.

moto copies whole tables for each transaction and rounds to 28 digits. What expressions it understands is checked there
and in the emulator; here the same calls are made by the thousand.
"""

import re
import threading
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from botocore.exceptions import ClientError

from ownkey.domain.money import EXACT

Item = dict[str, dict[str, Any]]


class ExactTables:
    """Stands in for boto3's DynamoDB client. Every table has `pk` and `sk`."""

    def __init__(self) -> None:
        self._tables: dict[str, dict[tuple[str, str], Item]] = {}
        self._lock = threading.Lock()

    def put_item(self, **request: Any) -> dict[str, Any]:
        """Write one item."""
        self._one("Put", request)
        return {}

    def update_item(self, **request: Any) -> dict[str, Any]:
        """Change one item."""
        self._one("Update", request)
        return {}

    def delete_item(self, **request: Any) -> dict[str, Any]:
        """Delete one item."""
        with self._lock:
            self._table(request).pop(_place(request["Key"]), None)
        return {}

    def get_item(self, **request: Any) -> dict[str, Any]:
        """Read one item."""
        with self._lock:
            found = self._table(request).get(_place(request["Key"]))
        return {"Item": dict(found)} if found else {}

    def query(self, **request: Any) -> dict[str, Any]:
        """Read a partition, or the part of it that a condition on `sk` leaves."""
        values = {name: value["S"] for name, value in request["ExpressionAttributeValues"].items()}
        with self._lock:
            items = {sk: dict(item) for (pk, sk), item in self._table(request).items() if pk == values[":pk"]}
        if ":prefix" in values:
            items = {sk: item for sk, item in items.items() if sk.startswith(values[":prefix"])}
        if ":a" in values:
            items = {sk: item for sk, item in items.items() if values[":a"] <= sk <= values[":z"]}
        return {"Items": [items[sk] for sk in sorted(items)]}

    def transact_write_items(self, **request: Any) -> dict[str, Any]:
        """Do all actions or none."""
        actions = [next(iter(action.items())) for action in request["TransactItems"]]
        places = [(action["TableName"], _place(action.get("Key") or action["Item"])) for _, action in actions]
        assert len(actions) <= 100
        assert len(set(places)) == len(places), "an item twice in a transaction"
        with self._lock:
            results = [self._prepared(kind, action) for kind, action in actions]
            reasons = [result if isinstance(result, str) else "None" for result in results]
            if set(reasons) != {"None"}:
                raise ClientError(
                    {
                        "Error": {"Code": "TransactionCanceledException", "Message": "cancelled"},
                        "CancellationReasons": [{"Code": reason} for reason in reasons],
                    },
                    "TransactWriteItems",
                )
            for (table, place), result in zip(places, results, strict=True):
                assert not isinstance(result, str)
                self._tables.setdefault(table, {})[place] = result
        return {}

    def scan(self, table: str) -> list[Item]:
        """Return every item of a table."""
        with self._lock:
            return [dict(item) for item in self._tables.get(table, {}).values()]

    def _table(self, request: Mapping[str, Any]) -> dict[tuple[str, str], Item]:
        return self._tables.setdefault(request["TableName"], {})

    def _one(self, kind: str, request: Mapping[str, Any]) -> None:
        with self._lock:
            result = self._prepared(kind, request)
            if isinstance(result, str):
                code = {"ConditionalCheckFailed": "ConditionalCheckFailedException"}.get(result, "ValidationException")
                raise ClientError({"Error": {"Code": code, "Message": "refused"}}, kind)
            self._table(request)[_place(result)] = result

    def _prepared(self, kind: str, action: Mapping[str, Any]) -> Item | str:
        """Return the item that an action makes, or why it cannot."""
        current = self._table(action).get(_place(action.get("Key") or action["Item"]))
        if not _holds(action.get("ConditionExpression", ""), current or {}, action):
            return "ConditionalCheckFailed"
        if kind == "Put":
            return dict(action["Item"])
        try:
            return _updated({**action["Key"], **(current or {})}, action)
        except ArithmeticError:
            return "ValidationError"


def _place(item: Mapping[str, Any]) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]


def _holds(condition: str, item: Item, action: Mapping[str, Any]) -> bool:
    if not condition:
        return True
    values = action.get("ExpressionAttributeValues", {})
    code = re.sub(
        r"attribute_(not_)?exists\((\w+)\)", lambda m: f"('{m[2]}' {'not ' if m[1] else ''}in item)", condition
    )
    code = re.sub(
        r"(\w+) (=|<>) (:\w+)", lambda m: f"(item.get('{m[1]}') {'==' if m[2] == '=' else '!='} values['{m[3]}'])", code
    )
    return bool(eval(code.replace(" AND ", " and ").replace(" OR ", " or "), {"item": item, "values": values}))


def _updated(item: Item, action: Mapping[str, Any]) -> Item:
    names, values = action.get("ExpressionAttributeNames", {}), action["ExpressionAttributeValues"]
    adds, _, sets = action["UpdateExpression"].partition("SET ")
    for placeholder, value in re.findall(r"(#?\w+) (:\w+)", adds.removeprefix("ADD ")):
        name = names.get(placeholder, placeholder)
        before = Decimal(item.get(name, {"N": "0"})["N"])
        item[name] = {"N": format(EXACT.add(before, Decimal(values[value]["N"])), "f")}
    for name, value in re.findall(r"(#?\w+) = (:\w+)", sets):
        item[names.get(name, name)] = values[value]
    return item
