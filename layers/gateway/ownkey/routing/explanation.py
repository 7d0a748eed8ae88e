"""A plan in words: what `?explain=true` answers."""

from ownkey.domain.chat import ChatRequest, JsonObject
from ownkey.domain.prices import Price
from ownkey.domain.routing import Attempt, ModelListing, RoutePlan, SearchPlan
from ownkey.domain.teams import TeamStanding


def explain_route(
    request: ChatRequest, listing: ModelListing, route: RoutePlan, *, falls_back: bool, billed: TeamStanding | None
) -> JsonObject:
    """Return the plan of `request` as JSON. It says of keys what their owner may see, and no more."""
    return {
        "object": "route_plan",
        "model": request.model,
        "canonical_model": listing.canonical_id,
        "byok": request.byok.enabled,
        "fallbacks": falls_back,
        "billed_team": billed.team.team_id if billed else None,
        "attempts": [_attempt(attempt) for attempt in route.attempts],
        "passed_over": [{"provider": each.provider, "reason": each.why} for each in route.passed_over],
    }


def explain_search(search: SearchPlan) -> JsonObject:
    """Return how the web is searched first, or why it is not."""
    attempt = search.attempt
    if attempt is None:
        return {"provider": None, "reason": search.skipped.message if search.skipped else ""}
    return {
        "provider": attempt.provider,
        "reason": "named by the request" if search.wish.engine else attempt.why,
        "credential": attempt.credential,
        "key_suffix": _shown_suffix(attempt),
        "key_status": attempt.key.status.value,
    }


def _attempt(attempt: Attempt) -> JsonObject:
    return {
        "provider": attempt.provider,
        "upstream_model": attempt.upstream_model,
        "reason": attempt.why,
        "credential": attempt.credential,
        "key_suffix": _shown_suffix(attempt),
        "key_status": attempt.key.status.value,
        "list_price": _price(attempt.price),
    }


def _shown_suffix(attempt: Attempt) -> str | None:
    """Return the end of the key. Whoever calls on the operator's keys is not told which they are."""
    return None if attempt.credential == "platform" else attempt.key.key_suffix


def _price(price: Price | None) -> JsonObject | None:
    """Return the rates as decimal strings; None where they are not known."""
    if price is None:
        return None
    rates = {"input": price.rates.input, "output": price.rates.output, "cached_input": price.rates.cached_input}
    shown = {name: format(rate, "f") for name, rate in rates.items() if rate is not None}
    return {**shown, "currency": "USD", "unit": "per_million_tokens"}
