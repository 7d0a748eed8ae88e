"""Which providers may run a request, best first. No I/O, and no look at what keys there are."""

from collections.abc import Callable
from dataclasses import replace

from ownkey.domain.chat import ChatRequest
from ownkey.domain.errors import ModelNotFoundError
from ownkey.domain.routing import Candidate, ModelListing, Shortlist
from ownkey.routing.providers import Providers, listed
from ownkey.routing.selection import select


def candidates_for(
    request: ChatRequest,
    listing: ModelListing,
    providers: Providers,
    *,
    nearest_names: Callable[[str], tuple[str, ...]] = lambda _: (),
    left_out: Callable[[Candidate], tuple[str, ...]] = lambda _: (),
) -> Shortlist:
    """Return the providers that may run the request's model, best first.

    Args:
        request: what was asked.
        listing: what the catalog knows of the model.
        providers: what exists.
        nearest_names: finds the names of models that the caller may have meant.
        left_out: tells which fields of the request a candidate could not take.

    Raises:
        UnknownProviderError: the pinned or chosen provider does not exist.
        ProviderUnsupportedError: it cannot run chat completions, or not this model.
        ModelNotFoundError: nobody is known to run the model.
        InvalidParameterError: what the request says of providers leaves none.
    """
    shortlist = _shortlist(request, listing, providers, nearest_names, left_out)
    if any(each.price and each.price.rates.are_free for each in shortlist.candidates):
        return replace(shortlist, lowest_paid_price=listing.lowest_paid_price)
    return shortlist


def _shortlist(
    request: ChatRequest,
    listing: ModelListing,
    providers: Providers,
    nearest_names: Callable[[str], tuple[str, ...]],
    left_out: Callable[[Candidate], tuple[str, ...]],
) -> Shortlist:
    runnable = tuple(each for each in listing.candidates if each.provider in providers.chat)
    if pinned := request.byok.provider:
        named = _named(request, listing, runnable, pinned, providers, param="byok.provider")
        if request.byok.disable_fallbacks:
            return Shortlist((named,))
        others = [
            replace(each, why=f"{each.why}, and byok.disableFallbacks is false")
            for each in runnable
            if each.provider != pinned
        ]
        return Shortlist((named, *others))
    selection = request.selection
    if selection and selection.only:
        found = tuple(
            _named(request, listing, runnable, slug, providers, param=selection.param) for slug in selection.only
        )
    else:
        found = _listed(request, runnable, providers, nearest_names)
    return select(found, selection, left_out) if selection else Shortlist(found)


def _named(
    request: ChatRequest,
    listing: ModelListing,
    runnable: tuple[Candidate, ...],
    slug: str,
    providers: Providers,
    *,
    param: str,
) -> Candidate:
    """Return the candidate that the caller names: under the catalog's id, else as written less its own prefix."""
    providers.require_chat(slug, param=param)
    why = f"named by {param}"
    for candidate in runnable:
        if candidate.provider == slug:
            return replace(candidate, why=why)
    providers.require_maker(slug, listing.canonical_id, param=param)
    prefix, _, rest = request.model.partition("/")
    # An aggregator's own models look like `openrouter/auto`: there the prefix is part of the id.
    own_model = slug == "openrouter" and "/" not in rest
    return Candidate(slug, rest if prefix == slug and rest and not own_model else request.model, why=why)


def _listed(
    request: ChatRequest,
    runnable: tuple[Candidate, ...],
    providers: Providers,
    nearest_names: Callable[[str], tuple[str, ...]],
) -> tuple[Candidate, ...]:
    prefix, _, rest = request.model.partition("/")
    if prefix in providers.chat and rest and not any(candidate.provider == prefix for candidate in runnable):
        runnable = (Candidate(prefix, rest, why="named by the model's prefix"), *runnable)
    if not runnable:
        near = listed(nearest_names(request.model))
        raise ModelNotFoundError(
            f"No provider is known to run the model {request.model!r}. {f'Did you mean {near}? ' if near else ''}"
            "If it is right, name its provider: as provider/model, or with byok.provider (header x-byok-provider)."
        )
    return runnable
