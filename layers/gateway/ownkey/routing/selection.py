"""What a caller says of providers, applied to those that run the model."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from ownkey.domain.errors import InvalidParameterError
from ownkey.domain.prices import Rates
from ownkey.domain.routing import Candidate, PassedOver, ProviderSelection, Shortlist

if TYPE_CHECKING:
    from decimal import Decimal


def select(
    candidates: tuple[Candidate, ...],
    selection: ProviderSelection,
    left_out: Callable[[Candidate], tuple[str, ...]],
) -> Shortlist:
    """Return the candidates that `selection` allows, in the order it wishes.

    Raises:
        InvalidParameterError: it allows none; the message says why each fell out.
    """
    kept, passed_over = [], []
    for candidate in candidates:
        if objection := _objection(candidate, selection, left_out):
            passed_over.append(PassedOver(candidate.provider, objection))
        else:
            kept.append(candidate)
    if not kept:
        reasons = "; ".join(f"{each.provider}: {each.why}" for each in passed_over)
        raise InvalidParameterError(
            f"{selection.param} leaves no provider for this request ({reasons}). Allow one more.",
            param=selection.param,
        )
    if selection.cheapest_first:
        # Sorting is stable: the catalog's order decides between equals, and unknown prices come last.
        kept = [_priced(each) for each in sorted(kept, key=_cost)]
    preferred = [
        replace(each, why=f"preferred by {selection.param}.order")
        for slug in selection.order
        for each in kept
        if each.provider == slug
    ]
    return Shortlist((*preferred, *(each for each in kept if each.provider not in selection.order)), tuple(passed_over))


def _objection(
    candidate: Candidate, selection: ProviderSelection, left_out: Callable[[Candidate], tuple[str, ...]]
) -> str | None:
    """Return why the candidate falls out, or None."""
    if candidate.provider in selection.ignore:
        return "ignored, as asked"
    rates = candidate.price.rates if candidate.price else Rates()
    for limit, rate, name in (
        (selection.max_input_price, rates.input, "prompt"),
        (selection.max_output_price, rates.output, "completion"),
    ):
        if limit is not None and (rate is None or rate > limit):
            shown = "is not known" if rate is None else f"of {rate} is above {limit}"
            return f"its {name} price {shown}"
    if selection.require_parameters and (fields := left_out(candidate)):
        return f"it cannot take {', '.join(fields)}"
    return None


def _cost(candidate: Candidate) -> "tuple[bool, Decimal | int]":
    total = candidate.price.rates.total if candidate.price else None
    return (total is None, 0 if total is None else total)


def _priced(candidate: Candidate) -> Candidate:
    rates = candidate.price.rates if candidate.price else None
    if rates is None or rates.total is None:
        return replace(candidate, why="its price is not known, so it comes after the others")
    return replace(candidate, why=f"by price: {rates.input} + {rates.output} USD per million tokens")
