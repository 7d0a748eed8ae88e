"""Tools and tool choice as Anthropic takes them."""

from ownkey.adapters.protocols.anthropic_messages.blocks import TOOL_NAME_LIMIT
from ownkey.adapters.protocols.anthropic_messages.schemas import supported_schema
from ownkey.adapters.protocols.claude_models import ClaudeModel
from ownkey.adapters.protocols.conversation import Tool, Tooling
from ownkey.adapters.protocols.tool_names import encode_tool_name
from ownkey.domain.chat import JsonObject

ANSWER_TOOL = "ownkey_json_answer"
"""The tool whose input is the answer, for models that cannot be given an answer's schema."""

_NO_TOOL = {
    "name": "no_tool",
    "description": "Does nothing. Never call it.",
    "input_schema": {"type": "object", "properties": {}},
}
_CHOICES = {"auto": "auto", "required": "any", "none": "none"}


def render_tools(tooling: Tooling, model: ClaudeModel, *, called_before: bool) -> list[JsonObject]:
    """Return the declarations. A conversation in which tools were called needs one, whatever it is."""
    tools = [_declaration(tool, index, strict=model.takes_schema) for index, tool in enumerate(tooling.tools)]
    return tools or ([dict(_NO_TOOL)] if called_before else [])


def answer_tool(schema: JsonObject) -> JsonObject:
    """Return the tool by which a model answers in the form of `schema`, whose root is an object."""
    return {"name": ANSWER_TOOL, "description": "Give your answer by calling this tool.", "input_schema": schema}


def render_choice(tooling: Tooling) -> JsonObject | None:
    """Return Anthropic's `tool_choice`, None when nothing needs saying."""
    if not tooling.tools:
        return None
    choice: JsonObject | None = None
    if tooling.choice is not None and tooling.choice.mode == "function":
        name = encode_tool_name(tooling.choice.name, limit=TOOL_NAME_LIMIT, param="tool_choice.function.name")
        choice = {"type": "tool", "name": name}
    elif tooling.choice is not None:
        choice = {"type": _CHOICES[tooling.choice.mode]}
    if tooling.parallel is False and (choice is None or choice["type"] != "none"):
        choice = (choice or {"type": "auto"}) | {"disable_parallel_tool_use": True}
    return choice


def choice_with_answer(choice: JsonObject | None, *, own_tools: bool) -> JsonObject:
    """Return a choice by which the model calls the answer's tool, or one of the caller's when it may."""
    if choice is not None and is_forced(choice):
        return choice
    if not own_tools or (choice is not None and choice["type"] == "none"):
        return {"type": "tool", "name": ANSWER_TOOL}
    return {**(choice or {}), "type": "any"}


def is_forced(choice: JsonObject | None) -> bool:
    """Return whether a choice leaves the model no way but to call a tool."""
    return choice is not None and choice["type"] in ("any", "tool")


def _declaration(tool: Tool, index: int, *, strict: bool) -> JsonObject:
    strict = strict and tool.strict is True
    name = encode_tool_name(tool.name, limit=TOOL_NAME_LIMIT, param=f"tools[{index}].function.name")
    declaration: JsonObject = {"name": name}
    if tool.description:
        declaration["description"] = tool.description
    declaration["input_schema"] = supported_schema(tool.parameters) if strict else tool.parameters
    if strict:
        declaration["strict"] = True
    if tool.cache_control:
        declaration["cache_control"] = tool.cache_control
    return declaration
