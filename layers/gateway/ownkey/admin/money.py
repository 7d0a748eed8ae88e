"""Balances, and usage records that were not settled."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from ownkey.admin.stack import StackOutputs, client_errors
from ownkey.bootstrap.metering import metering_service
from ownkey.domain.dates import iso_utc, utc_now
from ownkey.domain.errors import NotFoundError
from ownkey.observability import Logger
from ownkey.storage import keyspace
from ownkey.storage.balances import BalanceRepository, Credit
from ownkey.storage.table import Table
from ownkey.storage.team_items import team_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def balances(dynamodb: "DynamoDBClient", outputs: StackOutputs) -> BalanceRepository:
    """Return what keeps balances."""
    return BalanceRepository(dynamodb, outputs.accounts_table, client_errors())


def credit_user(
    dynamodb: "DynamoDBClient",
    outputs: StackOutputs,
    user_id: str,
    amount_usd: Decimal,
    reference: str,
    note: str | None = None,
) -> bool:
    """Credit a user; return whether that is new: the same credit under one reference counts once.

    Raises:
        ConflictError: the reference stands for another amount.
    """
    credit = Credit(reference=reference, amount_usd=amount_usd, at=iso_utc(utc_now()), note=note)
    return balances(dynamodb, outputs).credit(user_id, credit)


def owner_of(dynamodb: "DynamoDBClient", outputs: StackOutputs, team_id: str) -> str:
    """Return the id of a team's owner, whose balance pays for the team; raises NotFoundError."""
    item = Table(dynamodb, outputs.accounts_table, client_errors()).get(keyspace.team(team_id))
    if item is None:
        raise NotFoundError(f"There is no team {team_id}.")
    return team_of(item).owner_id


def users_with_balances(dynamodb: "DynamoDBClient", outputs: StackOutputs) -> list[str]:
    """Return the ids of all users to whom something was credited, or who spent something."""
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=outputs.accounts_table,
        FilterExpression="begins_with(pk, :prefix)",
        ExpressionAttributeValues={":prefix": {"S": keyspace.BALANCE_PREFIX}},
        ProjectionExpression="pk",
    )
    owners = {item["pk"]["S"].removeprefix(keyspace.BALANCE_PREFIX) for page in pages for item in page["Items"]}
    return sorted(owners)


def settle_usage(
    dynamodb: "DynamoDBClient", outputs: StackOutputs, since: datetime
) -> tuple[int, dict[str, Exception]]:
    """Settle the usage records of requests that began since then; those that are settled already stay as they are.

    Returns:
        How many records there are, and why some could not be settled, by their ids.
    """
    service = metering_service(
        dynamodb,
        client_errors(),
        usage_table=outputs.usage_table,
        accounts_table=outputs.accounts_table,
        notes_funds=True,
        logger=Logger(service="ownkey-admin", level="WARNING"),
    )
    seen, failures = 0, dict[str, Exception]()
    for images in _records(dynamodb, outputs, iso_utc(since, "milliseconds")):
        seen += len(images)
        failures |= service.settle(images)
    return seen, failures


def _records(
    dynamodb: "DynamoDBClient", outputs: StackOutputs, since: str
) -> Iterator[dict[str, dict[str, dict[str, str]]]]:
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=outputs.usage_table,
        FilterExpression="begins_with(sk, :prefix) AND started_at >= :since",
        ExpressionAttributeValues={":prefix": {"S": keyspace.USAGE_PREFIX}, ":since": {"S": since}},
        ConsistentRead=True,
    )
    for page in pages:
        yield {f"{item['pk']['S']} {item['sk']['S']}": item for item in page["Items"]}  # type: ignore[misc]
