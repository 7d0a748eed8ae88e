"""Sums over usage records, in the Usage table: added to in the transaction that settles the records.

What a user used lies in one partition a user. What a team paid for lies in as many as TEAM_PARTS, by who asked, so
that a large team does not write to one partition only. A sum is one item for each day and combination of what it is
told by.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any

from ownkey.domain.figures import Figures, MeteredRequest, Rollup
from ownkey.domain.money import ZERO
from ownkey.storage import keyspace
from ownkey.storage.attributes import Item, Value, check_version, read, read_amount, read_optional
from ownkey.storage.table import Action, ClientErrors, DynamoDBClient, Table

ITEM_VERSION = 1
KEPT = timedelta(days=800)
LONGEST_NAME = 256
"""Longer names of models share a sum: a sort key has 1,024 bytes at most."""
_MONEY = frozenset(field.name for field in fields(Figures) if field.name.endswith("_usd"))
_END = "$"
"""Follows `#` in the order of sort keys: what begins with a day ends before this day and this sign."""


@dataclass(frozen=True, slots=True)
class Sum:
    """A sum that requests are added to."""

    pk: str
    sk: str

    @property
    def key(self) -> keyspace.Key:
        """Its key in the table."""
        return {"pk": self.pk, "sk": self.sk}


def sums_of(request: MeteredRequest) -> dict[Sum, dict[str, Value | None]]:
    """Return the sums that a request is added to, with what each is told by."""
    model = request.model[:LONGEST_NAME]
    told_by: dict[str, Value | None] = {
        "day": request.day,
        "user_id": request.user_id,
        "team_id": request.team_id,
        "provider": request.provider,
        "model": model,
    }
    of_user = keyspace.user_rollup(
        request.user_id, request.day, request.gateway_key_id or "", request.team_id or "", request.provider, model
    )
    sums = {Sum(**of_user): {**told_by, "gateway_key_id": request.gateway_key_id}}
    if request.team_id:
        part = keyspace.team_part(request.user_id)
        sums[
            Sum(**keyspace.team_rollup(request.team_id, part, request.day, request.user_id, request.provider, model))
        ] = told_by
    return sums


def adding(table: Table, place: Sum, told_by: Mapping[str, Value | None], figures: Figures, expires_at: int) -> Action:
    """Return the adding of figures to a sum, which begins with them."""
    added = {field.name: getattr(figures, field.name) for field in fields(Figures)}
    added = {name: value for name, value in added.items() if value}
    said = {name: value for name, value in told_by.items() if value is not None}
    said |= {"version": ITEM_VERSION, "expires_at_epoch": expires_at}
    names = {f"#{place}": name for place, name in enumerate((*added, *said))}
    values = {f":{place}": value for place, value in enumerate((*added.values(), *said.values()))}
    adds = ", ".join(f"#{place} :{place}" for place in range(len(added)))
    sets = ", ".join(f"#{place} = :{place}" for place in range(len(added), len(names)))
    return table.adding(place.key, f"ADD {adds} SET {sets}", names=names, values=values)


class RollupReader:
    """Reads sums, of the days from one to another, both included."""

    def __init__(self, client: DynamoDBClient, table_name: str, client_errors: ClientErrors) -> None:
        self._table = Table(client, table_name, client_errors)

    def of_user(self, user_id: str, first_day: str, last_day: str) -> Iterator[Rollup]:
        """Yield what a user used, whoever paid, by the day."""
        return self._read(keyspace.user_rollup(user_id, first_day)["pk"], first_day, last_day)

    def of_team(self, team_id: str, first_day: str, last_day: str) -> Iterator[Rollup]:
        """Yield what a team paid for, part by part."""
        for part in range(keyspace.TEAM_PARTS):
            yield from self._read(keyspace.team_rollup(team_id, part, first_day)["pk"], first_day, last_day)

    def _read(self, pk: str, first_day: str, last_day: str) -> Iterator[Rollup]:
        return map(_rollup, self._table.query(pk, between=(first_day, last_day + _END)))


def _rollup(item: Item) -> Rollup:
    check_version(item, ITEM_VERSION)
    figures: dict[str, Any] = {
        field.name: (read_amount(item, field.name) or ZERO)
        if field.name in _MONEY
        else (read(item, field.name, int) if field.name in item else 0)
        for field in fields(Figures)
    }
    return Rollup(
        day=read(item, "day", str),
        user_id=read(item, "user_id", str),
        team_id=read_optional(item, "team_id"),
        gateway_key_id=read_optional(item, "gateway_key_id"),
        provider=read(item, "provider", str),
        model=read(item, "model", str),
        figures=Figures(**figures),
    )
