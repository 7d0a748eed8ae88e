"""What a team-billed chat needs to know, in one round trip: team, member, what they spent, keys that may be used."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ownkey.domain.dates import month_of
from ownkey.domain.provider_keys import ProviderKey
from ownkey.domain.teams import TeamStanding
from ownkey.storage import keyspace
from ownkey.storage.attributes import Item, read_amount
from ownkey.storage.batch import BatchClient, BatchReader
from ownkey.storage.provider_keys import usable_key_of
from ownkey.storage.table import ClientErrors
from ownkey.storage.team_items import member_of, team_of

if TYPE_CHECKING:
    from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamContext:
    """What was found."""

    standing: TeamStanding | None
    """None when the user is not a member of such a team."""
    keys: Mapping[str, Mapping[str, ProviderKey]]
    """By owner, then by provider, with their ciphertexts."""


class ChatContextRepository:
    """Reads from all three tables at once, as they are now: what was changed holds for the next request."""

    def __init__(
        self,
        client: BatchClient,
        client_errors: ClientErrors,
        *,
        accounts_table: str,
        provider_keys_table: str,
        usage_table: str,
    ) -> None:
        self._reader = BatchReader(client, client_errors)
        self._accounts = accounts_table
        self._provider_keys = provider_keys_table
        self._usage = usage_table

    def load(
        self, team_id: str, user_id: str, *, owners: Collection[str], providers: Collection[str], now: datetime
    ) -> TeamContext:
        """Return a user's standing in a team, and the keys that `owners` hold for `providers`."""
        month = month_of(now)
        of_team = [keyspace.spending(f"team#{team_id}#{part:02d}", month) for part in range(keyspace.TEAM_PARTS)]
        of_member = keyspace.spending(f"member#{team_id}#{user_id}", month)
        found = self._reader.read(
            {
                self._accounts: (keyspace.team(team_id), keyspace.member(team_id, user_id)),
                self._usage: (*of_team, of_member),
                self._provider_keys: [keyspace.provider_key(owner, slug) for owner in owners for slug in providers],
            }
        )
        keys: dict[str, dict[str, ProviderKey]] = {owner: {} for owner in owners}
        for item in found[self._provider_keys].values():
            key = usable_key_of(item)
            keys[key.owner][key.provider] = key
        accounts, usage = found[self._accounts], found[self._usage]
        team, member = _at(accounts, keyspace.team(team_id)), _at(accounts, keyspace.member(team_id, user_id))
        if team is None or member is None:
            return TeamContext(standing=None, keys=keys)
        standing = TeamStanding(
            team=team_of(team),
            member=member_of(member),
            team_spent_usd=_sum(read_amount(_at(usage, part) or {}, "usd") for part in of_team),
            member_spent_usd=read_amount(_at(usage, of_member) or {}, "usd") or 0,
        )
        return TeamContext(standing=standing, keys=keys)


def _at(items: Mapping[tuple[str, str], Item], key: keyspace.Key) -> Item | None:
    return items.get((key["pk"], key["sk"]))


def _sum(amounts: "Iterable[Decimal | None]") -> "Decimal | int":
    known = [amount for amount in amounts if amount]
    if not known:
        return 0
    from ownkey.domain.money import total  # not needed to start

    return total(*known)
