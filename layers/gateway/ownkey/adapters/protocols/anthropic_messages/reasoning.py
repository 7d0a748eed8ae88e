"""What Claude thinks: asked for by effort, and carried to the caller and back in `reasoning_details`."""

from collections.abc import Mapping
from dataclasses import dataclass

from ownkey.adapters.protocols.claude_models import ClaudeModel
from ownkey.adapters.spec import ProviderSpec
from ownkey.domain.chat import JsonObject
from ownkey.domain.errors import InvalidParameterError

FORMAT = "anthropic-claude-v1"
"""Marks the reasoning details that this protocol made and takes back."""

_EFFORTS: Mapping[str, str] = {"minimal": "low"} | {name: name for name in ("low", "medium", "high", "xhigh", "max")}
_BUDGETS: Mapping[str, int] = {
    "minimal": 1024,
    "low": 1024,
    "medium": 2048,
    "high": 4096,
    "xhigh": 8192,
    "max": 16_384,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Thinking:
    """How a request goes out about thinking."""

    config: JsonObject | None = None
    """The `thinking` field."""
    effort: str | None = None
    """`output_config.effort`."""
    is_on: bool = False
    """Whether the model will think, asked for or by itself."""

    @property
    def budget_tokens(self) -> int:
        """The tokens that are set aside for thinking; 0 when the model decides."""
        return int((self.config or {}).get("budget_tokens", 0))


def render_effort(model: ClaudeModel, effort: str | None) -> Thinking:
    """Return what a `reasoning_effort` means to a model.

    Raises:
        InvalidParameterError: there is no such effort.
    """
    if effort is None or (effort != "none" and model.thinking == "none"):
        return Thinking(is_on=model.thinks_unasked)
    if effort == "none":
        return without_thinking(model)
    if effort not in _EFFORTS:
        raise InvalidParameterError(
            f"Send reasoning_effort as none, {', '.join(_EFFORTS)}, or leave it out.", param="reasoning_effort"
        )
    if model.thinking == "budget":
        return Thinking(config={"type": "enabled", "budget_tokens": _BUDGETS[effort]}, is_on=True)
    theirs = "max" if effort == "xhigh" and not model.has_xhigh else _EFFORTS[effort]
    # Newer models leave the text of their thoughts out unless they are asked for it.
    return Thinking(config={"type": "adaptive", "display": "summarized"}, effort=theirs, is_on=True)


def without_thinking(model: ClaudeModel) -> Thinking:
    """Return the least thinking that a model can be told to do."""
    if model.thinking == "none":
        return Thinking()
    if model.can_stop_thinking != "never":
        return Thinking(config={"type": "disabled"})
    return Thinking(effort="low", is_on=True)


def thinking_detail(spec: ProviderSpec, index: int, text: str, signature: str) -> JsonObject:
    """Return the reasoning detail for a `thinking` block."""
    own = {"type": "reasoning.text", "text": text, "signature": signature}
    return own | {"format": FORMAT, "provider": spec.slug, "index": index}


def redacted_detail(spec: ProviderSpec, index: int, data: str) -> JsonObject:
    """Return the reasoning detail for a `redacted_thinking` block."""
    return {"type": "reasoning.encrypted", "data": data, "format": FORMAT, "provider": spec.slug, "index": index}
