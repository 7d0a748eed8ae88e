"""The stored keys that a request may run on, and the team that pays, in one read of the store. Nothing is opened."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ownkey.domain.errors import TeamForbiddenError
from ownkey.domain.identity import Principal
from ownkey.domain.provider_keys import PLATFORM_OWNER, ProviderKey
from ownkey.domain.routing import CredentialOwner
from ownkey.domain.teams import TeamStanding

_TEAM_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

OwnedKeys = Mapping[CredentialOwner, Mapping[str, ProviderKey]]
"""Keys by whose they are, then by provider."""


class KeyStore(Protocol):
    """What a request reads of stored provider keys."""

    def load_for_use(self, owner: str, provider: str) -> ProviderKey | None:
        """Return one key with its ciphertext, in one read."""
        ...

    def load_all_for_use(self, owner: str) -> list[ProviderKey]:
        """Return all keys of an owner with their ciphertexts, in one read."""
        ...


class FoundContext(Protocol):
    """What a team-billed request needs to know."""

    @property
    def standing(self) -> TeamStanding | None:
        """The caller's place in the team; None when they have none."""
        ...

    @property
    def keys(self) -> Mapping[str, Mapping[str, ProviderKey]]:
        """The keys that were asked for, by owner and provider, with their ciphertexts."""
        ...


class ContextStore(Protocol):
    """Reads it in one round trip; `storage/chat_context.py` is the one."""

    def load(
        self, team_id: str, user_id: str, *, owners: Collection[str], providers: Collection[str], now: datetime
    ) -> FoundContext:
        """Return a user's standing in a team, and the keys that `owners` hold for `providers`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerKeys:
    """Finds the keys of a caller and of the team that pays."""

    keys: KeyStore
    contexts: ContextStore

    def load(
        self,
        principal: Principal,
        *,
        team_id: str | None,
        opted_in: bool,
        providers: Sequence[str],
        engines: Sequence[str] = (),
        now: datetime,
    ) -> tuple[TeamStanding | None, OwnedKeys]:
        """Return the caller's place in the team that pays, and the keys that may be used.

        Args:
            principal: the caller.
            team_id: the team that the request names, as it came.
            opted_in: whether the caller's own keys may be used, instead of the operator's.
            providers: who may run the chat.
            engines: who may search the web for it; there the operator's keys count behind the caller's own, and cost
                one more read when no team pays and the caller has none.
            now: decides which month's spending counts.

        Raises:
            TeamForbiddenError: the request names no team of the caller's.
            StoreUnavailableError: the store could not be read.
        """
        own: CredentialOwner = "user" if opted_in else "platform"
        own_owner = principal.owner if opted_in else PLATFORM_OWNER
        wanted = (*providers, *engines)
        paying = _named_team(team_id) or principal.default_team_id
        if paying is None:
            keys = {own: self._load(own_owner, wanted)}
            if opted_in and engines and not any(engine in keys[own] for engine in engines):
                keys["platform"] = self._load(PLATFORM_OWNER, engines)
            return None, keys
        owners: dict[CredentialOwner, str] = {"team": f"team#{paying}", own: own_owner}
        if engines:
            owners["platform"] = PLATFORM_OWNER
        context = self.contexts.load(
            paying, principal.user_id, owners=tuple(owners.values()), providers=wanted, now=now
        )
        standing = context.standing
        if standing is None and team_id:
            raise _not_theirs()
        if standing and not team_id and not standing.member.bill_to_team:
            standing = None
        return standing, {whose: context.keys[owner] for whose, owner in owners.items()}

    def _load(self, owner: str, providers: Sequence[str]) -> Mapping[str, ProviderKey]:
        if len(providers) == 1:
            key = self.keys.load_for_use(owner, providers[0])
            return {key.provider: key} if key else {}
        return {key.provider: key for key in self.keys.load_all_for_use(owner)}


def _named_team(team_id: str | None) -> str | None:
    """Return the team that the request names; raises TeamForbiddenError when it can be none."""
    if team_id is None:
        return None
    team_id = team_id.strip().lower()
    if not _TEAM_ID.fullmatch(team_id):
        raise _not_theirs()
    return team_id


def _not_theirs() -> TeamForbiddenError:
    return TeamForbiddenError("x-team-id names no team of yours. Check it, or leave the header out.")
