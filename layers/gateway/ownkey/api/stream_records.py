"""A batch of a DynamoDB stream, as Lambda hands it to a function."""

from collections.abc import Mapping
from typing import Any


def new_items(event: Mapping[str, Any], sk_prefix: str) -> dict[str, Mapping[str, Mapping[str, Any]]]:
    """Return the items that were put, in DynamoDB's typed values, by the ids of their events.

    Those alone whose sort key begins with `sk_prefix`: the event source has the same filter.
    """
    found = {}
    for record in event["Records"]:
        item = record["dynamodb"].get("NewImage", {})
        if record["eventName"] == "INSERT" and item.get("sk", {}).get("S", "").startswith(sk_prefix):
            found[record["eventID"]] = item
    return found
