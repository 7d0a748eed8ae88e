"""Tools, and the choice among them, as Converse's `toolConfig`."""

from dataclasses import dataclass, field
from typing import Any

from ownkey.adapters.protocols.bedrock_converse.blocks import ANSWER_TOOL
from ownkey.adapters.protocols.bedrock_converse.content import BlockWriter, tool_name
from ownkey.adapters.protocols.bedrock_converse.models import Model
from ownkey.adapters.protocols.bedrock_converse.schemas import closed_schema
from ownkey.adapters.protocols.conversation import Tool, ToolChoice, Tooling, object_schema
from ownkey.domain.chat import JsonObject

_NO_TOOL = {
    "toolSpec": {
        "name": "no_tool",
        "description": "There is no tool any more. Never call this.",
        "inputSchema": {"json": {"type": "object", "properties": {}}},
    }
}
"""Stands in where a conversation has called tools and none may be called now: Bedrock wants one declared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolPlan:
    """What a request says about tools, fitted to a model."""

    tools: list[JsonObject] = field(default_factory=list)
    choice: JsonObject | None = None
    one_at_a_time: bool = False
    """Parallel calls are to be switched off, where the model can."""
    dropped: tuple[str, ...] = ()

    @property
    def forces_tool(self) -> bool:
        """Whether the model has to call a tool."""
        return self.choice is not None and "auto" not in self.choice

    def config(self) -> JsonObject:
        """Return `toolConfig`."""
        return {"tools": self.tools} | ({"toolChoice": self.choice} if self.choice else {})


def plan_tools(
    model: Model, tooling: Tooling, writer: BlockWriter, *, answer_schema: Any = None, has_history: bool
) -> ToolPlan:
    """Return the tools of a request.

    Args:
        model: who may call them.
        tooling: what the caller says.
        writer: writes cache points.
        answer_schema: the schema that the answer has to have, when it can only be bound to it as a tool's input.
        has_history: the conversation holds calls already.
    """
    wanted = tooling.choice
    declared = () if wanted and wanted.mode == "none" else tooling.tools
    tools = [block for tool in declared for block in _blocks(model, tool, writer)]
    dropped: list[str] = []
    choice = _choice(model, wanted, dropped) if tools else None
    if answer_schema is not None:
        tools.append(_answer_tool(answer_schema))
        if choice is None and model.takes_forced_tool:
            choice = {"any": {}} if declared else {"tool": {"name": ANSWER_TOOL}}
    if not tools and has_history:
        tools = [_NO_TOOL]
    one_at_a_time = tooling.parallel is False and bool(declared)
    if one_at_a_time and not model.is_claude:
        dropped.append("parallel_tool_calls")
    return ToolPlan(tools=tools, choice=choice, one_at_a_time=one_at_a_time and model.is_claude, dropped=tuple(dropped))


def _blocks(model: Model, tool: Tool, writer: BlockWriter) -> list[JsonObject]:
    strict = tool.strict is True and model.is_claude and model.schema_support == "native"
    specification: JsonObject = {
        "name": tool_name(tool.name, "tools"),
        "inputSchema": {"json": closed_schema(tool.parameters) if strict else tool.parameters},
    }
    if tool.description.strip():
        specification["description"] = tool.description
    if strict:
        specification["strict"] = True
    cached = [] if model.is_nova else writer.cache_point(tool.cache_control)  # Nova caches no tools
    return [{"toolSpec": specification}, *cached]


def _choice(model: Model, wanted: ToolChoice | None, dropped: list[str]) -> JsonObject | None:
    if wanted is None or wanted.mode in ("auto", "none"):
        return None  # what happens anyway
    if not model.takes_forced_tool:
        dropped.append("tool_choice")
        return None
    return {"any": {}} if wanted.mode == "required" else {"tool": {"name": tool_name(wanted.name, "tool_choice")}}


def _answer_tool(schema: Any) -> JsonObject:
    return {
        "toolSpec": {
            "name": ANSWER_TOOL,
            "description": "Call this to give your answer: its input is the whole answer.",
            "inputSchema": {"json": object_schema(schema)},
        }
    }
