"""Tools as function declarations, and how they may be called."""

import re

from ownkey.adapters.protocols.conversation import Tool, ToolChoice, Tooling
from ownkey.adapters.protocols.google_generate_content.families import Family
from ownkey.adapters.protocols.google_generate_content.schemas import json_schema, openapi_schema
from ownkey.adapters.protocols.tool_names import encode_tool_name
from ownkey.domain.chat import JsonObject

NAME_LIMIT = 128

_TAKEN = re.compile(r"[A-Za-z]|_(?!x[0-9A-F]+[^A-Za-z0-9.:-])|(?!^)[0-9.:-]")
"""A name begins with a letter or `_`."""
_MODES = {"auto": "AUTO", "none": "NONE", "required": "ANY", "function": "ANY"}


def render_name(name: str, *, param: str) -> str:
    """Return a tool's name as Gemini takes it; raises UnsupportedParameterError when it is too long."""
    return encode_tool_name(name, limit=NAME_LIMIT, param=param, taken=_TAKEN)


def render_tools(family: Family, tooling: Tooling) -> JsonObject:
    """Return the body's `tools` and `toolConfig`; nothing when there are no tools."""
    if not tooling.tools:
        return {}
    declarations = [_declaration(family, tool, index) for index, tool in enumerate(tooling.tools)]
    rendered: JsonObject = {"tools": [{"functionDeclarations": declarations}]}
    if tooling.choice is not None:
        rendered["toolConfig"] = {"functionCallingConfig": _calling(tooling.choice)}
    return rendered


def _declaration(family: Family, tool: Tool, index: int) -> JsonObject:
    declaration: JsonObject = {"name": render_name(tool.name, param=f"tools[{index}].function.name")}
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
        calling["allowedFunctionNames"] = [render_name(choice.name, param="tool_choice.function.name")]
    return calling
