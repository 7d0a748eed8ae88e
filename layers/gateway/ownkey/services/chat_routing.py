"""From a request and its caller to a plan, by the catalog, the team's rules and the stored keys. Nothing is opened."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ownkey.domain.chat import ChatRequest, JsonObject
from ownkey.domain.errors import ProviderKeyMissingError, ProviderKeyUnusableError, TeamKeyRequiredError
from ownkey.domain.identity import Principal
from ownkey.domain.routing import ModelListing, RoutePlan, SearchPlan, Shortlist
from ownkey.domain.search import SearchWish
from ownkey.domain.teams import TeamStanding
from ownkey.routing.candidates import candidates_for
from ownkey.routing.explanation import explain_route, explain_search
from ownkey.routing.planner import plan
from ownkey.routing.providers import Providers
from ownkey.routing.search_keys import choose_search, engines_of, search_rings
from ownkey.routing.suffixes import apply_suffixes
from ownkey.routing.team_rules import check_standing, key_rings
from ownkey.services.caller_keys import CallerKeys, OwnedKeys
from ownkey.services.funds import FundsGate


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
    search: SearchPlan | None = None
    """The web search that comes first, where one is asked for."""

    def explained(self) -> JsonObject:
        """Return the plan in words."""
        explained = explain_route(self.request, self.listing, self.plan, falls_back=self.falls_back, billed=self.billed)
        return {**explained, "web_search": explain_search(self.search) if self.search else None}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRouter:
    """Plans chats, in one read of the store, and one more where a balance may be used up."""

    caller_keys: CallerKeys
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
        wish, opted_in = request.search or None, request.byok.enabled
        billed, keys = self.caller_keys.load(
            principal,
            team_id=request.team_id,
            opted_in=opted_in,
            providers=[candidate.provider for candidate in shortlist.candidates],
            engines=engines_of(wish) if wish else (),
            now=now,
        )
        if billed:
            check_standing(billed, request.model, listing.canonical_id, self._canonical_id)
        rings = key_rings(billed, shortlist.candidates, keys, opted_in=opted_in)
        falls_back = request.may_fall_back(rings[0].credential)
        route = plan(shortlist, rings, now=now, fail_fast=not falls_back)
        search = _planned_search(wish, billed, keys, opted_in=opted_in, now=now) if wish else None
        if self.funds:
            attempts = route.attempts if search is None or search.attempt is None else (*route.attempts, search.attempt)
            on_platform_key = any(attempt.credential == "platform" for attempt in attempts)
            self.funds.check(principal, billed.team if billed else None, on_platform_key=on_platform_key)
        return Routed(request=request, plan=route, billed=billed, listing=listing, falls_back=falls_back, search=search)

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


def _planned_search(
    wish: SearchWish, billed: TeamStanding | None, keys: OwnedKeys, *, opted_in: bool, now: datetime
) -> SearchPlan:
    """Return how a search is made, or why the chat goes on without one; raises when it may not."""
    try:
        return SearchPlan(wish, choose_search(wish, search_rings(billed, keys, opted_in=opted_in), now=now))
    except (ProviderKeyMissingError, ProviderKeyUnusableError, TeamKeyRequiredError) as error:
        if not wish.optional:
            raise
        return SearchPlan(wish, skipped=error)
