"""Audit trails, in the Accounts table: written once, in the transaction of the change itself, and never changed."""

import json
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from ownkey.domain.audit import Actor, AuditAction, AuditRecord
from ownkey.domain.dates import iso_utc
from ownkey.storage import keyspace
from ownkey.storage.attributes import Item, check_version, read, read_optional
from ownkey.storage.table import ABSENT, Action, ClientErrors, DynamoDBClient, Table

ITEM_VERSION = 1


class AuditTrail:
    """Makes the records of changes, and reads trails."""

    def __init__(
        self,
        client: DynamoDBClient,
        table_name: str,
        client_errors: ClientErrors,
        now: Callable[[], datetime],
        *,
        retention_days: int = 400,
    ) -> None:
        self._table = Table(client, table_name, client_errors)
        self._now = now
        self._retention = timedelta(days=retention_days)

    def recording(
        self,
        subject: str,
        actor: Actor,
        action: AuditAction,
        *,
        target: str | None = None,
        details: Mapping[str, str] | None = None,
    ) -> Action:
        """Return the writing of a record, for the transaction that makes the change."""
        now = self._now()
        at, record_id = iso_utc(now, "milliseconds"), uuid.uuid4().hex
        item = {
            **keyspace.audit(subject, at, record_id),
            "version": ITEM_VERSION,
            "record_id": record_id,
            "subject": subject,
            "at": at,
            "actor_id": actor.user_id,
            "source_ip": actor.source_ip,
            "action": action,
            "target": target,
            "details": json.dumps(details, sort_keys=True) if details else None,
            "expires_at_epoch": int((now + self._retention).timestamp()),
        }
        return self._table.putting(item, condition=ABSENT)

    def page(self, subject: str, *, limit: int, before: str | None = None) -> tuple[list[AuditRecord], str | None]:
        """Return up to `limit` records of a trail, newest first, and the `before` of the next page."""
        items, following = self._table.page(f"audit#{subject}", keyspace.AUDIT_PREFIX, limit=limit, before=before)
        return [_record(item) for item in items], following


def _record(item: Item) -> AuditRecord:
    check_version(item, ITEM_VERSION)
    details = read_optional(item, "details")
    return AuditRecord(
        record_id=read(item, "record_id", str),
        subject=read(item, "subject", str),
        at=read(item, "at", str),
        actor=Actor(user_id=read(item, "actor_id", str), source_ip=read_optional(item, "source_ip")),
        action=read(item, "action", str),  # type: ignore[arg-type]  # an action of an older release is shown as it is
        target=read_optional(item, "target"),
        details=json.loads(details) if details else {},
    )
