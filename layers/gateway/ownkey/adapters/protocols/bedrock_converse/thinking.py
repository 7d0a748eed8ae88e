"""`reasoning_effort`, in the words of each family of models."""

from dataclasses import dataclass, field

from ownkey.adapters.protocols.bedrock_converse.models import Model
from ownkey.domain.chat import JsonObject

BUDGETS = {"minimal": 1024, "low": 1024, "medium": 2048, "high": 4096, "xhigh": 8192, "max": 16384}
"""Tokens to think with, for a Claude that wants a number."""
_THREE_STEPS = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "high", "max": "high"}
_THINKING_TOKENS = ["/usage/output_tokens_details"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Thinking:
    """How a model is told to think, and what that means for the rest of the request."""

    fields: JsonObject = field(default_factory=dict)
    """For `additionalModelRequestFields`."""
    answer_fields: list[str] = field(default_factory=list)
    """For `additionalModelResponseFieldPaths`."""
    on: bool = False
    """Whether the model will think, as far as is known."""
    budget: int = 0
    """Tokens of the answer's limit that thinking may take."""
    rules_out_limits: bool = False
    """The model takes neither sampling fields nor a token limit at this effort."""
    dropped: bool = False
    """The effort that was asked for could not be carried."""


def plan_thinking(model: Model, effort: str | None, *, forces_tool: bool, lost_state: bool) -> Thinking:
    """Return how `model` is told to think.

    Args:
        model: who is to think.
        effort: what the caller asks for; None: nothing.
        forces_tool: the request makes the model call a tool, which Claude does not do while it thinks.
        lost_state: the conversation calls tools without the thoughts that led to the calls.
    """
    if model.is_claude:
        return _of_claude(model, effort, forces_tool=forces_tool, lost_state=lost_state)
    if effort is None:
        return Thinking()
    step = _THREE_STEPS.get(effort)
    match model.thinking:
        case "effort":
            off = model.name.startswith("deepseek.")
            return Thinking(fields={} if step is None and off else {"reasoning_effort": step or "low"})
        case "reasoning":
            return Thinking(fields={"reasoning": {"effort": effort}})
        case "nova" if step:
            config = {"type": "enabled", "maxReasoningEffort": step}
            return Thinking(fields={"reasoningConfig": config}, on=True, rules_out_limits=step == "high")
        case "nova":
            return Thinking(fields={"reasoningConfig": {"type": "disabled"}})
    return Thinking(dropped=effort != "none")


def _of_claude(model: Model, effort: str | None, *, forces_tool: bool, lost_state: bool) -> Thinking:
    asked = effort not in (None, "none")
    may_think = model.thinking != "none" and not (forces_tool and not model.always_thinks)
    if effort is None and not (forces_tool and model.thinks_unasked):
        return Thinking(on=model.thinks_unasked)
    if not asked or not may_think:
        return _unthinking(model, dropped=asked)
    if model.thinking == "adaptive":
        fields = {
            "thinking": {"type": "adaptive", "display": "summarized"},
            "output_config": {"effort": _adaptive_effort(model, effort or "high")},
        }
        return Thinking(fields=fields, answer_fields=_THINKING_TOKENS, on=True)
    if lost_state:
        return Thinking(dropped=True)
    budget = BUDGETS.get(effort or "", BUDGETS["high"])
    return Thinking(fields={"thinking": {"type": "enabled", "budget_tokens": budget}}, on=True, budget=budget)


def _unthinking(model: Model, *, dropped: bool) -> Thinking:
    if model.always_thinks:
        return Thinking(fields={"output_config": {"effort": "low"}}, on=True, dropped=dropped)
    if model.thinks_unasked:
        return Thinking(fields={"thinking": {"type": "disabled"}}, dropped=dropped)
    return Thinking(dropped=dropped)


def _adaptive_effort(model: Model, effort: str) -> str:
    if effort == "xhigh" and not model.claude.has_xhigh:
        return "max"
    return "low" if effort == "minimal" else effort
