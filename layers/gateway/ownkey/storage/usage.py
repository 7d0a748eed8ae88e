"""The Usage table: one immutable item a request."""

from collections.abc import Iterator
from datetime import timedelta

from ownkey.domain.dates import iso_utc
from ownkey.domain.usage import UsageRecord
from ownkey.storage import keyspace
from ownkey.storage.attributes import Item
from ownkey.storage.table import ClientErrors, ConditionFailedError, DynamoDBClient, Table

ITEM_VERSION = 1


class UsageRepository:
    """Stores usage records for as long as the operator keeps them."""

    def __init__(
        self, client: DynamoDBClient, table_name: str, client_errors: ClientErrors, *, retention_days: int = 400
    ) -> None:
        self._table = Table(client, table_name, client_errors)
        self._retention = timedelta(days=retention_days)

    def put(self, record: UsageRecord) -> None:
        """Store a record once. Storing it again changes nothing."""
        started_at = iso_utc(record.started_at, "milliseconds")
        effective_at = record.charge.effective_at
        item = {
            **keyspace.usage(record.user_id, started_at, record.request_id),
            "version": ITEM_VERSION,
            "request_id": record.request_id,
            "user_id": record.user_id,
            "payer_id": record.payer_id,
            "owner": record.owner,
            "provider": record.provider,
            "model": record.model,
            "upstream_model": record.upstream_model,
            "credential": record.credential,
            "key_id": record.key_id,
            "gateway_key_id": record.gateway_key_id,
            "byok": record.byok,
            "stream": record.stream,
            "input_tokens": record.usage.input_tokens,
            "output_tokens": record.usage.output_tokens,
            "cached_input_tokens": record.usage.cached_input_tokens,
            "cache_write_tokens": record.usage.cache_write_tokens,
            "hour_cache_write_tokens": record.usage.hour_cache_write_tokens or None,
            "reasoning_tokens": record.usage.reasoning_tokens,
            "searches": record.searches,
            "list_price_usd": record.charge.list_price,
            "platform_fee_usd": record.charge.platform_fee,
            "amount_usd": record.charge.amount,
            "price_source": record.charge.source,
            "price_effective_at": effective_at.isoformat() if effective_at else None,
            "catalog_version": record.charge.catalog_version,
            "reported_cost_usd": record.usage.reported_cost,
            "team_id": record.team_id,
            "estimated": record.estimated,
            "outcome": record.outcome,
            "error_code": record.error_code,
            "started_at": started_at,
            "duration_ms": record.duration_ms,
            "time_to_first_byte_ms": record.time_to_first_byte_ms,
            "expires_at_epoch": int((record.started_at + self._retention).timestamp()),
        }
        try:
            self._table.put(item, condition="attribute_not_exists(pk)")
        except ConditionFailedError:
            return

    def of_user(self, user_id: str, first: str, last: str, *, after: str | None = None) -> Iterator[tuple[str, Item]]:
        """Yield what is stored of a user's requests, each after a place to go on from.

        Args:
            user_id: who asked.
            first: the first day, as `2026-11-23`, UTC.
            last: the last day.
            after: the place of the last request that is known already.
        """
        partition = keyspace.usage(user_id, first, "")["pk"]
        begin = f"{keyspace.USAGE_PREFIX}{first}"
        if after is not None:
            begin = max(begin, f"{keyspace.USAGE_PREFIX}{after} ")
        # `U` follows the `T` between day and time.
        for item in self._table.query(partition, between=(begin, f"{keyspace.USAGE_PREFIX}{last}U")):
            yield str(item["sk"]).removeprefix(keyspace.USAGE_PREFIX), item
