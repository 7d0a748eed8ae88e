"""The Accounts table: gateway keys, and which team is their user's default.

A request finds its user's default team with its gateway key, in one read: each key carries a copy. The user's profile
has a revision, so that no key is made with an old default while it changes.
"""

from datetime import datetime, timedelta
from typing import Any

from ownkey.domain.audit import Actor, AuditAction
from ownkey.domain.dates import iso_utc
from ownkey.domain.errors import ConflictError, NotFoundError, StoreUnavailableError
from ownkey.domain.identity import GatewayKey, GatewayKeyLimits
from ownkey.storage import keyspace
from ownkey.storage.attributes import Item, Value, check_version, read, read_amount, read_optional
from ownkey.storage.audit import AuditTrail
from ownkey.storage.table import (
    ABSENT,
    PRESENT,
    Action,
    ClientErrors,
    ConditionFailedError,
    DynamoDBClient,
    Table,
    assignments,
)

ITEM_VERSION = 1
TRIES = 3
REMEMBERED_GONE = timedelta(days=1)
"""How long an account that was deleted makes no new gateway key: its last access token lives for 15 minutes."""
NO_SUCH_KEY = "You have no gateway key with this id. List your keys to see their ids."


class AccountRepository:
    """Stores what is kept of gateway keys.

    Each is two items that come and go together: one that a request is checked against, and one in its user's list.
    """

    def __init__(
        self, client: DynamoDBClient, table_name: str, client_errors: ClientErrors, audit: AuditTrail | None = None
    ) -> None:
        """Take `audit` where people change their keys: what has no actor, and no trail, is the operator's doing."""
        self._table = Table(client, table_name, client_errors)
        self._audit = audit

    def find_gateway_key(self, key_id: str) -> GatewayKey | None:
        """Return a gateway key in one read, as it is now: a revoked key is gone at once."""
        item = self._table.get(keyspace.gateway_key(key_id))
        return _gateway_key(item) if item else None

    def list_gateway_keys(self, user_id: str) -> list[GatewayKey]:
        """Return a user's gateway keys, oldest first."""
        items = self._table.query(keyspace.user(user_id), keyspace.GATEWAY_KEY_PREFIX)
        return sorted((_gateway_key(item) for item in items), key=lambda key: (key.created_at, key.key_id))

    def add_gateway_key(self, key: GatewayKey, actor: Actor | None = None) -> None:
        """Store a new gateway key; raises ConflictError when the user's default team is another one meanwhile."""
        content: dict[str, Value | None] = {
            "version": ITEM_VERSION,
            "key_id": key.key_id,
            "user_id": key.user_id,
            "secret_sha256": key.secret_sha256,
            "name": key.name,
            "created_at": key.created_at,
            "expires_at": key.expires_at,
            **_limits(key.limits),
            "default_team_id": key.default_team_id,
        }
        both = (keyspace.gateway_key(key.key_id), keyspace.listed_gateway_key(key.user_id, key.key_id))
        unchanged = "default_team_id = :team" if key.default_team_id else "attribute_not_exists(default_team_id)"
        unchanged += " AND attribute_not_exists(deleted_at)"
        values: dict[str, Value] = {":one": 1, **({":team": key.default_team_id} if key.default_team_id else {})}
        bump = self._table.changing(
            keyspace.profile(key.user_id), "ADD revision :one", condition=unchanged, names={}, values=values
        )
        puts = [self._table.putting({**place, **content}, condition=ABSENT) for place in both]
        try:
            self._table.transact([bump, *puts, *self._record(key.user_id, actor, "gateway_key.created", key.key_id)])
        except ConditionFailedError as exc:
            if 0 in exc.failed:
                raise ConflictError("Your account is gone, or its default team changed meanwhile. Try again.") from exc
            # Ids are 95 random bits, so this is a repeated write whose first answer was lost, or a broken generator.
            raise StoreUnavailableError("a gateway key with this id exists already") from exc

    def change_gateway_key(
        self, user_id: str, key_id: str, actor: Actor, *, name: str | None = None, **limits: Any
    ) -> None:
        """Change a key's name, and the limits that are given, by their names; None takes one away.

        What is not given stays as it is, whoever changes it meanwhile.

        Raises:
            NotFoundError: the user has no such key.
        """
        stored = _limits(GatewayKeyLimits(**limits))
        changes: dict[str, Value | None] = {limit: stored[limit] for limit in limits}
        if name is not None:
            changes["name"] = name
        expression, names, values = assignments(changes)
        # The list entry is the proof that the key is this user's.
        places = (keyspace.listed_gateway_key(user_id, key_id), keyspace.gateway_key(key_id))
        changed = [
            self._table.changing(place, expression, condition=PRESENT, names=names, values=values) for place in places
        ]
        try:
            self._table.transact([*changed, *self._record(user_id, actor, "gateway_key.changed", key_id)])
        except ConditionFailedError as exc:
            raise NotFoundError(NO_SUCH_KEY) from exc

    def remove_gateway_key(self, user_id: str, key_id: str, actor: Actor | None = None) -> None:
        """Revoke a gateway key; raises NotFoundError when the user has no such key."""
        # The list entry is the proof that the key is this user's: with it missing, nothing is deleted.
        places = (keyspace.listed_gateway_key(user_id, key_id), keyspace.gateway_key(key_id))
        gone = [self._table.deleting(place, condition=PRESENT) for place in places]
        try:
            self._table.transact([*gone, *self._record(user_id, actor, "gateway_key.revoked", key_id)])
        except ConditionFailedError as exc:
            raise NotFoundError(NO_SUCH_KEY) from exc

    # The default team.

    def default_team(self, user_id: str) -> str | None:
        """Return the team that a user has chosen for traffic that names none; they may have left it since."""
        item = self._table.get(keyspace.profile(user_id))
        return read_optional(item, "default_team_id") if item else None

    def change_default_team(self, user_id: str, team_id: str | None, actor: Actor) -> None:
        """Choose another default team, or none, for the user and all of their gateway keys at once.

        Raises:
            NotFoundError: the user is not in that team.
            ConflictError: their keys change again and again meanwhile.
        """
        for _ in range(TRIES):
            try:
                self._table.transact(self._defaulting(user_id, team_id, actor))
            except ConditionFailedError as exc:
                if team_id is not None and 0 in exc.failed:
                    raise NotFoundError("There is no such team of yours. GET /api/teams lists your teams.") from exc
            else:
                return
        raise ConflictError("Your gateway keys were changed meanwhile. Try again.")

    def _defaulting(self, user_id: str, team_id: str | None, actor: Actor) -> list[Action]:
        profile = self._table.get(keyspace.profile(user_id)) or {}
        revision = profile.get("revision")
        expression = "SET default_team_id = :team" if team_id else "REMOVE default_team_id"
        values: dict[str, Value] = {":team": team_id} if team_id else {}
        member = [self._table.checking(keyspace.member(team_id, user_id), condition=PRESENT)] if team_id else []
        keys = [
            self._table.changing(
                keyspace.gateway_key(key.key_id), expression, condition=PRESENT, names={}, values=values
            )
            for key in self.list_gateway_keys(user_id)
        ]
        changed = self._table.changing(
            keyspace.profile(user_id),
            f"{expression} ADD revision :one",
            condition="attribute_not_exists(revision)" if revision is None else "revision = :seen",
            names={},
            values={**values, ":one": 1, **({} if revision is None else {":seen": revision})},
        )
        record = self._record(user_id, actor, "account.default_team_changed", team_id)
        return [*member, changed, *keys, *record]

    def forget_user(self, user_id: str, at: datetime, actor: Actor) -> None:
        """Replace a user's profile by a note that they are gone, which outlives their tokens, and record it.

        Doing it again is fine, and recorded once.
        """
        note: dict[str, Value | None] = {
            **keyspace.profile(user_id),
            "deleted_at": iso_utc(at),
            "expires_at_epoch": int((at + REMEMBERED_GONE).timestamp()),
        }
        gone = self._table.putting(note, condition="attribute_not_exists(deleted_at)")
        try:
            self._table.transact([gone, *self._record(user_id, actor, "account.deleted", None)])
        except ConditionFailedError:
            return

    def _record(self, user_id: str, actor: Actor | None, action: AuditAction, target: str | None) -> list[Action]:
        if actor is None or self._audit is None:
            return []
        return [self._audit.recording(keyspace.user(user_id), actor, action, target=target)]


def _limits(limits: GatewayKeyLimits) -> dict[str, Value | None]:
    return {
        "allowed_origins": " ".join(limits.allowed_origins) or None,
        "requests_per_day": limits.requests_per_day,
        "usd_per_day": limits.usd_per_day,
    }


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
        has_funds=read(item, "has_funds", bool) if "has_funds" in item else None,
    )
