"""How long a model shall think, in the words of its family."""

from collections.abc import Mapping
from typing import TypeVar

from ownkey.adapters.protocols.google_generate_content.families import Family
from ownkey.domain.chat import JsonObject

_Value = TypeVar("_Value")

_RUNGS = ("minimal", "low", "medium", "high")
_EFFORTS: Mapping[str, str] = {**{rung: rung for rung in _RUNGS}, "none": "minimal", "xhigh": "high", "max": "high"}

_ALL = _RUNGS
_UPPER = ("low", "medium", "high")
_LEVELS: Mapping[str, tuple[str, ...]] = {
    "gemini-3.1-flash-lite-image": ("minimal", "high"),
    "gemini-3.1-flash-lite": _ALL,
    "gemini-3.7-flash": _UPPER,
    "gemini-3.6-flash": _ALL,
    "gemini-3.5-flash-lite": _ALL,
    "gemini-3.5-flash": _ALL,
    "gemini-3.1-pro": _UPPER,
    "gemini-3-flash": _ALL,
    "gemini-3-pro": ("low", "high"),
}
"""The rungs of `thinkingLevel` by the start of a model's id; the longest start counts."""

_BUDGETS: Mapping[str, int] = {"none": 0, "minimal": 1024, "low": 1024, "medium": 8192, "high": 24576}
_RANGES: Mapping[str, tuple[int, int]] = {
    "gemini-2.5-flash-lite": (512, 24576),
    "gemini-2.5-flash": (0, 24576),
    "gemini-2.5-pro": (128, 32768),
}
_MOST = 32768
_NEVER_STOPS = "gemini-2.5-pro"


def thinking_config(family: Family, effort: str) -> JsonObject | None:
    """Return the `thinkingConfig` for a `reasoning_effort`, or None where there is nothing to set.

    Thoughts are asked for whenever there is some effort. A model that cannot stop thinking thinks as little as it can.
    """
    if effort not in _EFFORTS or family.generation < 2.5:
        return None
    rungs = _longest(_LEVELS, family.model)
    if family.is_specialised and rungs != _LEVELS["gemini-3.1-flash-lite-image"]:
        return None
    if family.generation < 3:
        return _budget(family.model, effort)
    return {"includeThoughts": effort != "none", "thinkingLevel": _nearest(_EFFORTS[effort], rungs or _UPPER)}


def _budget(model: str, effort: str) -> JsonObject:
    low, high = _longest(_RANGES, model) or (0, 24576)
    if effort == "none" and not model.lower().startswith(_NEVER_STOPS):
        return {"includeThoughts": False, "thinkingBudget": 0}
    budget = min(max(_BUDGETS.get(effort, _MOST), low), high)
    return {"includeThoughts": effort != "none", "thinkingBudget": budget}


def _nearest(wanted: str, rungs: tuple[str, ...]) -> str:
    """Return the rung nearest to the one wanted, of two equally near ones the higher."""
    place = _RUNGS.index(wanted)
    return min(rungs, key=lambda rung: (abs(_RUNGS.index(rung) - place), -_RUNGS.index(rung)))


def _longest(table: Mapping[str, _Value], model: str) -> _Value | None:
    starts = [start for start in table if model.lower().startswith(start)]
    return table[max(starts, key=len)] if starts else None
