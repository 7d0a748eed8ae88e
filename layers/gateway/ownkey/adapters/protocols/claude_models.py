"""What the Claude models can do, whoever runs them. A new model is a row."""

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

_DECORATION = re.compile(r"(?:@.*|:.*|-latest|-v\d+|-\d{8})$")
_VERSION_FIRST = re.compile(r"claude-([4-9](?:-\d)?)-([a-z]+)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaudeModel:
    """The facts of one model that decide what a request may hold."""

    thinking: Literal["adaptive", "budget", "none"] = "adaptive"
    """The dialect in which the model is told to think."""
    can_stop_thinking: Literal["always", "unless_effort_above_high", "never"] = "always"
    """Whether `thinking: disabled` is taken."""
    thinks_unasked: bool = False
    """Whether the model thinks when nothing is said."""
    has_xhigh: bool = True
    """Whether effort `xhigh` is known; else it goes out as `max`."""
    takes_sampling: bool = False
    """Whether temperature, top_p and top_k are taken at all."""
    takes_forced_tools: bool = True
    takes_schema: bool = True
    """Whether an answer's schema and strict tools are taken."""
    takes_prefill: bool = False
    """Whether the last message may be the assistant's."""
    takes_later_system: bool = False
    """Whether system messages may stand between the others."""
    default_max_tokens: int = 128_000
    """What goes out when the caller sets no limit, since the format demands one."""


UNKNOWN = ClaudeModel(can_stop_thinking="never", thinks_unasked=True, default_max_tokens=4096)
"""A name that says nothing, such as a deployment's: as a future model would be."""

_ALWAYS_THINKS = ClaudeModel(can_stop_thinking="never", thinks_unasked=True, takes_later_system=True)
_OPUS_5 = replace(_ALWAYS_THINKS, can_stop_thinking="unless_effort_above_high")
_SONNET_5 = replace(_ALWAYS_THINKS, can_stop_thinking="always")
_FOUR_8 = ClaudeModel(takes_later_system=True)
_FOUR_7 = ClaudeModel()
_FOUR_6 = ClaudeModel(has_xhigh=False, takes_sampling=True)
_FOUR_5 = ClaudeModel(thinking="budget", takes_sampling=True, takes_prefill=True, default_max_tokens=64_000)
_FOUR_1 = replace(_FOUR_5, default_max_tokens=32_000)
_SONNET_4 = replace(_FOUR_5, takes_schema=False)
_OPUS_4 = replace(_SONNET_4, default_max_tokens=32_000)
_THREE_7 = replace(_SONNET_4, default_max_tokens=4096)
_OLDER = replace(_THREE_7, thinking="none")

MODELS: tuple[tuple[str, ClaudeModel], ...] = (
    (r"claude-(fable|mythos)-5-1|claude-(opus|sonnet)-5-5", replace(_ALWAYS_THINKS, takes_forced_tools=False)),
    (r"claude-(fable|mythos)-5", _ALWAYS_THINKS),
    (r"claude-mythos-preview", replace(_ALWAYS_THINKS, takes_later_system=False)),
    (r"claude-opus-5", _OPUS_5),
    (r"claude-sonnet-5", _SONNET_5),
    (r"claude-opus-4-8", _FOUR_8),
    (r"claude-opus-4-7", _FOUR_7),
    (r"claude-(opus|sonnet)-4-6", _FOUR_6),
    (r"claude-(opus|sonnet|haiku)-4-5", _FOUR_5),
    (r"claude-opus-4-1", _FOUR_1),
    (r"claude-opus-4(-0)?", _OPUS_4),
    (r"claude-sonnet-4(-0)?", _SONNET_4),
    (r"claude-3-7-.*", _THREE_7),
    (r"claude-(3|2|instant).*", _OLDER),
    (r"claude-(opus|sonnet)-\d.*", replace(UNKNOWN, default_max_tokens=128_000)),
    (r"claude-haiku-\d.*", replace(UNKNOWN, default_max_tokens=64_000)),
)
"""Patterns of whole normalised ids -> facts; the first that matches counts."""


@lru_cache(maxsize=256)
def claude_model(model: str) -> ClaudeModel:
    """Return the facts of a model by any of its ids: bare, dated, with a vendor's prefix, Bedrock's or Vertex's."""
    name = _normalised(model)
    return next((facts for pattern, facts in MODELS if re.fullmatch(pattern, name)), UNKNOWN)


def _normalised(model: str) -> str:
    name = model.lower()
    place = name.find("claude")
    name = name[place:] if place >= 0 else name
    undecorated = _DECORATION.sub("", name)
    while undecorated != name:
        name, undecorated = undecorated, _DECORATION.sub("", undecorated)
    return _VERSION_FIRST.sub(r"claude-\2-\1", name.replace(".", "-").replace("_", "-"))
