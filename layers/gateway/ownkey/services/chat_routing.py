"""From a request and its caller to a plan, by the catalog, the team's rules and the stored keys. Nothing is opened."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ownkey.domain.chat import ChatRequest, JsonObject
from ownkey.domain.errors import TeamForbiddenError
from ownkey.domain.identity import Principal
from ownkey.domain.provider_keys import PLATFORM_OWNER, ProviderKey
from ownkey.domain.routing import Candidate, CredentialOwner, ModelListing, RoutePlan, Shortlist
from ownkey.domain.teams import TeamStanding
from ownkey.routing.candidates import candidates_for
from ownkey.routing.explanation import explain_route
from ownkey.routing.planner import plan
from ownkey.routing.providers import Providers
from ownkey.routing.suffixes import apply_suffixes
from ownkey.routing.team_rules import check_standing, key_rings
from ownkey.services.funds import FundsGate

_TEAM_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class KeyStore(Protocol):
    """What a chat reads of stored provider keys."""

    def load_for_use(self, owner: str, provider: str) -> ProviderKey | None:
        """Return one key with its ciphertext, in one read."""
        ...

    def load_all_for_use(self, owner: str) -> list[ProviderKey]:
        """Return all keys of an owner with their ciphertexts, in one read."""
        ...


class FoundContext(Protocol):
    """What a team-billed chat needs to know."""

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


class ModelCatalog(Protocol):
    """Knows who runs a model."""

    def listing_of(self, model: str) -> ModelListing:
        """Return what is known of `model`; without candidates when nobody is known to run it."""
        ...

    def nearest_names(self, model: str) -> tuple[str, ...]:
        """Return the names of models most like `model`."""
        ...


class ParameterJudge(Protocol):
    """Knows what providers can take."""

    def left_out(self, request: ChatRequest, *, provider: str, upstream_model: str) -> tuple[str, ...]:
        """Return the fields of the request that `provider` could not take."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    """A request with its plan."""

    request: ChatRequest
    """The suffixes of its model taken for what they mean."""
    plan: RoutePlan
    billed: TeamStanding | None
    """The caller's place in the team that pays; None when they pay themselves."""
    listing: ModelListing
    falls_back: bool

    def explained(self) -> JsonObject:
        """Return the plan in words."""
        return explain_route(self.request, self.listing, self.plan, falls_back=self.falls_back, billed=self.billed)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRouter:
    """Plans chats, in one read of the store, and one more where a balance may be used up."""

    keys: KeyStore
    contexts: ContextStore
    catalog: ModelCatalog
    providers: Providers
    judge: ParameterJudge
    funds: FundsGate | None = None
    """None where no request needs a balance."""

    def route(self, request: ChatRequest, principal: Principal, now: datetime) -> Routed:
        """Return the plan of a request.

        Raises:
            CallerError: the request, the team's rules or the stored keys allow no attempt.
            StoreUnavailableError: the store could not be read.
        """
        request = apply_suffixes(request, self.providers)
        listing = self.catalog.listing_of(request.model)
        shortlist = self._shortlist(request, listing)
        billed, keys = self._context(request, principal, shortlist.candidates, now)
        if billed:
            check_standing(billed, request.model, listing.canonical_id, self._canonical_id)
        rings = key_rings(billed, shortlist.candidates, keys, opted_in=request.byok.enabled)
        falls_back = request.may_fall_back(rings[0].credential)
        route = plan(shortlist, rings, now=now, fail_fast=not falls_back)
        if self.funds:
            on_platform_key = any(attempt.credential == "platform" for attempt in route.attempts)
            self.funds.check(principal, billed.team if billed else None, on_platform_key=on_platform_key)
        return Routed(
            request=request,
            plan=route,
            billed=billed,
            listing=listing,
            falls_back=falls_back,
        )

    def _shortlist(self, request: ChatRequest, listing: ModelListing) -> Shortlist:
        return candidates_for(
            request,
            listing,
            self.providers,
            nearest_names=self.catalog.nearest_names,
            left_out=lambda each: self.judge.left_out(
                request, provider=each.provider, upstream_model=each.upstream_model
            ),
        )

    def _canonical_id(self, model: str) -> str | None:
        return self.catalog.listing_of(model).canonical_id

    def _context(
        self, request: ChatRequest, principal: Principal, candidates: tuple[Candidate, ...], now: datetime
    ) -> tuple[TeamStanding | None, Mapping[CredentialOwner, Mapping[str, ProviderKey]]]:
        """Return the caller's place in the team that pays, and the keys that may be used, by whose they are."""
        own: CredentialOwner = "user" if request.byok.enabled else "platform"
        own_owner = principal.owner if request.byok.enabled else PLATFORM_OWNER
        team_id = _named_team(request) or principal.default_team_id
        if team_id is None:
            return None, {own: self._load_keys(own_owner, candidates)}
        team_owner = f"team#{team_id}"
        context = self.contexts.load(
            team_id,
            principal.user_id,
            owners=(team_owner, own_owner),
            providers=tuple(candidate.provider for candidate in candidates),
            now=now,
        )
        standing = context.standing
        if standing is None and request.team_id:
            raise _not_theirs()
        if standing and not request.team_id and not standing.member.bill_to_team:
            standing = None
        return standing, {"team": context.keys[team_owner], own: context.keys[own_owner]}

    def _load_keys(self, owner: str, candidates: tuple[Candidate, ...]) -> Mapping[str, ProviderKey]:
        if len(candidates) == 1:
            key = self.keys.load_for_use(owner, candidates[0].provider)
            return {key.provider: key} if key else {}
        return {key.provider: key for key in self.keys.load_all_for_use(owner)}


def _named_team(request: ChatRequest) -> str | None:
    """Return the team that the request names; raises TeamForbiddenError when it can be none."""
    if request.team_id is None:
        return None
    team_id = request.team_id.strip().lower()
    if not _TEAM_ID.fullmatch(team_id):
        raise _not_theirs()
    return team_id


def _not_theirs() -> TeamForbiddenError:
    return TeamForbiddenError("x-team-id names no team of yours. Check it, or leave the header out.")
