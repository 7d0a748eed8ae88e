"""Tools as function declarations, and how they may be called."""

from ownkey.adapters.protocols.conversation import Tool, ToolChoice, Tooling
from ownkey.adapters.protocols.google_generate_content.families import Family
from ownkey.adapters.protocols.google_generate_content.schemas import json_schema, openapi_schema
from ownkey.domain.chat import JsonObject

_MODES = {"auto": "AUTO", "none": "NONE", "required": "ANY", "function": "ANY"}


def render_tools(family: Family, tooling: Tooling) -> JsonObject:
    """Return the body's `tools` and `toolConfig`; nothing when there are no tools."""
    if not tooling.tools:
        return {}
    rendered: JsonObject = {"tools": [{"functionDeclarations": [_declaration(family, tool) for tool in tooling.tools]}]}
    if tooling.choice is not None:
        rendered["toolConfig"] = {"functionCallingConfig": _calling(tooling.choice)}
    return rendered


def _declaration(family: Family, tool: Tool) -> JsonObject:
    declaration: JsonObject = {"name": tool.name}
    if tool.description:
        declaration["description"] = tool.description
    if not tool.parameters.get("properties") and not tool.parameters.get("additionalProperties"):
        return declaration  # an object without properties is refused as a schema
    if family.reads_json_schema:
        declaration["parametersJsonSchema"] = json_schema(tool.parameters)
    else:
        declaration["parameters"] = openapi_schema(tool.parameters)
    return declaration


def _calling(choice: ToolChoice) -> JsonObject:
    calling: JsonObject = {"mode": _MODES[choice.mode]}
    if choice.mode == "function":
        calling["allowedFunctionNames"] = [choice.name]
    return calling
