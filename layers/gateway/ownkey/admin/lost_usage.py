"""Usage records that could not be stored, put back from the log lines that hold them."""

import json
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from ownkey.admin.stack import StackOutputs, client_errors
from ownkey.domain.chat import Usage
from ownkey.domain.prices import Charge
from ownkey.domain.usage import UsageRecord
from ownkey.storage.usage import UsageRepository

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_AMOUNTS = ("list_price", "platform_fee", "amount")


def restore_usage(dynamodb: "DynamoDBClient", outputs: StackOutputs, lines: Iterable[str]) -> tuple[int, int]:
    """Store the records that are in log lines; one that is stored already stays as it is.

    Args:
        dynamodb: the client.
        outputs: names the table.
        lines: of the log, whatever stands around their JSON. Those without a record are passed over.

    Returns:
        How many records there were, and how many lines have one that cannot be read.
    """
    repository = UsageRepository(dynamodb, outputs.usage_table, client_errors())
    records: dict[str, UsageRecord] = {}
    unreadable = 0
    for line in lines:
        logged = _logged_record(line)
        if logged is None:
            continue
        try:
            record = _record(logged)
        except (KeyError, TypeError, ValueError, InvalidOperation):
            unreadable += 1
        else:
            records[record.request_id] = record
    for record in records.values():
        repository.put(record)
    return len(records), unreadable


def _logged_record(line: str) -> dict[str, Any] | None:
    try:
        logged = json.loads(line[line.index("{") :])
    except ValueError:
        return None
    record = logged.get("record") if isinstance(logged, dict) else None
    return record if isinstance(record, dict) else None


def _record(logged: dict[str, Any]) -> UsageRecord:
    """Return the record that `usage_keeping.py` has logged."""
    fields = dict(logged)
    usage, charge, started_at = dict(fields.pop("usage")), dict(fields.pop("charge")), fields.pop("started_at")
    usage["reported_cost"] = _amount(usage.get("reported_cost"))
    charge |= {name: _amount(charge.get(name)) for name in _AMOUNTS}
    charge["effective_at"] = date.fromisoformat(charge["effective_at"]) if charge.get("effective_at") else None
    fields |= {"credential": fields.pop("credential_owner"), "started_at": datetime.fromisoformat(started_at)}
    return UsageRecord(**fields, usage=Usage(**usage), charge=Charge(**charge))


def _amount(text: Any) -> Decimal | None:
    return None if text is None else Decimal(text)
