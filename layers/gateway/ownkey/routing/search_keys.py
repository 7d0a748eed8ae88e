"""Which engine a web search runs on, and whose key pays. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from ownkey.domain.errors import (
    ProviderKeyMissingError,
    ProviderKeyUnusableError,
    TeamKeyRequiredError,
    UnknownProviderError,
)
from ownkey.domain.provider_keys import ProviderKey
from ownkey.domain.routing import Attempt, CredentialOwner, KeyRing
from ownkey.domain.search import SEARCH_ENGINES, SearchWish
from ownkey.domain.teams import ByokMode, TeamStanding
from ownkey.routing.providers import listed
from ownkey.routing.team_rules import needed_credentials


def engines_of(wish: SearchWish) -> tuple[str, ...]:
    """Return the engines that may serve a search, first choice first; raises UnknownProviderError."""
    if wish.engine is None:
        return SEARCH_ENGINES
    if wish.engine not in SEARCH_ENGINES:
        param = wish.param if wish.param == "model" else f"{wish.param}.provider".lstrip(".")
        raise UnknownProviderError(
            f"There is no search engine {wish.engine[:64]!r}. Choose one of: {listed(SEARCH_ENGINES)}.", param=param
        )
    return (wish.engine,)


def search_rings(
    standing: TeamStanding | None, keys: Mapping[CredentialOwner, Mapping[str, ProviderKey]], *, opted_in: bool
) -> tuple[KeyRing, ...]:
    """Return the key rings that a search may use, first choice first: those of a chat, then the operator's.

    A team that allows its own keys only allows no others here either.
    """
    mode = standing.team.byok_mode if standing else None
    owners = needed_credentials(mode, opted_in=opted_in)
    if mode is not ByokMode.REQUIRE_TEAM and "platform" not in owners:
        owners = (*owners, "platform")
    return tuple(KeyRing(owner, keys.get(owner, {})) for owner in owners)


def choose_search(wish: SearchWish, rings: Sequence[KeyRing], *, now: datetime) -> Attempt:
    """Return the engine and the key for a search: the first ring that has a key of such an engine decides.

    A key that cannot be used at the moment does not hand the bill to somebody else.

    Raises:
        UnknownProviderError: the engine is not one of ours.
        ProviderKeyUnusableError: the ring that decides has keys, and none that may be used.
        ProviderKeyMissingError: no ring has a key.
        TeamKeyRequiredError: the team allows its own keys only, and has none.
    """
    engines = engines_of(wish)
    for ring in rings:
        stored = [ring.keys[engine] for engine in engines if engine in ring.keys]
        for key in stored:
            if key.usable_at(now):
                return Attempt(key.provider, "", key, ring.credential, why="the first engine with a key")
        if stored:
            raise ProviderKeyUnusableError(
                f"The stored key for {listed(key.provider for key in stored)} has expired or was rejected. Store a new "
                "one (POST /api/user/provider-keys)."
            )
    names = listed(engines)
    if rings[-1].credential == "team":
        raise TeamKeyRequiredError(
            f"The team runs on its own provider keys only, and has none for web search ({names}). Ask an admin to "
            "store one."
        )
    if rings[0].credential == "platform":
        raise ProviderKeyMissingError(
            f"This gateway has no key of its own for web search ({names}). Send x-use-byok: true to use a key that you "
            "have stored."
        )
    raise ProviderKeyMissingError(
        f"You have stored no key for web search. Store one for: {names} (POST /api/user/provider-keys)."
    )
