"""Sums of usage, grouped as a caller wants to see them."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from ownkey.domain.chat import JsonObject
from ownkey.domain.errors import InvalidParameterError
from ownkey.domain.figures import Figures, Rollup

MOST_ROWS = 10_000
MOST_SUMS = 200_000
"""How many stored sums a report is made from; some thirty megabytes, read in a few seconds."""
DIMENSIONS: Mapping[str, tuple[str, str]] = {
    "day": ("day", "date"),
    "model": ("model", "model"),
    "provider": ("provider", "provider"),
    "api_key": ("gateway_key_id", "apiKeyId"),
    "team": ("team_id", "teamId"),
    "member": ("user_id", "memberId"),
}
"""What figures can be told apart by: the attribute of a sum, and the field of a row."""

Groups = dict[tuple[str | None, ...], Figures]


def grouping_of(text: str, allowed: tuple[str, ...]) -> tuple[str, ...]:
    """Return the dimensions in a comma-separated list; raises InvalidParameterError for one that is not allowed."""
    names = tuple(name.strip() for name in text.split(","))
    if not set(names) <= set(allowed) or len(set(names)) != len(names):
        raise InvalidParameterError(f"group_by must be some of {', '.join(allowed)}, each once.", param="group_by")
    return tuple(name for name in DIMENSIONS if name in names)


def grouped(rollups: Iterable[Rollup], grouping: tuple[str, ...]) -> Groups:
    """Return the figures of each combination; raises InvalidParameterError when there are too many."""
    groups: Groups = {}
    for read, rollup in enumerate(rollups):
        combination = tuple(getattr(rollup, DIMENSIONS[name][0]) for name in grouping)
        groups[combination] = groups.get(combination, Figures()).plus(rollup.figures)
        if len(groups) > MOST_ROWS:
            raise InvalidParameterError(
                f"That would be more than {MOST_ROWS} rows. Ask for fewer days, or group by less.", param="group_by"
            )
        if read >= MOST_SUMS:
            raise InvalidParameterError("These days have too much usage for one report. Ask for fewer.", param="from")
    return groups


def regrouped(groups: Groups, grouping: tuple[str, ...], coarser: tuple[str, ...]) -> Groups:
    """Return the figures of fewer dimensions from those of more."""
    places = [grouping.index(name) for name in coarser]
    sums: Groups = {}
    for combination, figures in groups.items():
        kept = tuple(combination[place] for place in places)
        sums[kept] = sums.get(kept, Figures()).plus(figures)
    return sums


def rows(groups: Groups, grouping: tuple[str, ...]) -> list[JsonObject]:
    """Return a row for each combination, in the order of what they are told apart by."""
    fields = [DIMENSIONS[name][1] for name in grouping]
    ordered = sorted(groups.items(), key=lambda each: tuple(value or "" for value in each[0]))
    return [{**dict(zip(fields, combination, strict=True)), **shown(figures)} for combination, figures in ordered]


def total_of(groups: Groups) -> Figures:
    """Return the sum over all combinations."""
    return regrouped(groups, (), ()).get((), Figures())


def shown(figures: Figures) -> JsonObject:
    """Return figures as callers see them."""
    cost = number(figures.amount_usd)
    return {
        "requests": figures.requests,
        "costUsd": cost,
        "refundedUsd": 0,
        "netCostUsd": cost,
        "inputTokens": figures.input_tokens,
        "outputTokens": figures.output_tokens,
        "reasoningTokens": figures.reasoning_tokens,
        "totalTokens": figures.input_tokens + figures.output_tokens,
        "cachedInputTokens": figures.cached_input_tokens,
        "amount": exact(figures.amount_usd),
        "platformFee": exact(figures.platform_fee_usd),
        "listPrice": exact(figures.list_price_usd),
        "unknownPriced": figures.unknown_priced,
        "estimated": figures.estimated,
    }


def number(amount: Decimal) -> int | float:
    """Return the JSON number nearest to an exact one."""
    whole = int(amount)
    return whole if whole == amount else float(amount)


def exact(amount: Decimal) -> str:
    """Return an exact decimal string without needless zeros."""
    text = format(amount, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
