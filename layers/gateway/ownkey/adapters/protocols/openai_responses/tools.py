"""Tools, their choice and the shape of answers: what chat completions nest, Responses has flat."""

from typing import Any

from ownkey.domain.chat import JsonObject
from ownkey.domain.errors import InvalidParameterError

_NO_PARAMETERS: JsonObject = {"type": "object", "properties": {}}
_NAMED = ("function", "custom")
_LEGACY = ("functions", "function_call")


def render_tools(tools: list[Any]) -> list[JsonObject]:
    """Return the declarations. Tools that run at the provider travel as they are.

    Raises:
        InvalidParameterError: a tool is malformed.
    """
    return [_render_tool(tool, f"tools[{index}]") for index, tool in enumerate(tools)]


def modern_tooling(chat: JsonObject) -> JsonObject:
    """Return a chat completion's fields with `functions` and `function_call` as the tools and choice that they are."""
    modern = {name: value for name, value in chat.items() if name not in _LEGACY}
    functions, choice = (chat.get(name) for name in _LEGACY)
    if isinstance(functions, list) and functions and not modern.get("tools"):
        modern["tools"] = [{"type": "function", "function": function} for function in functions]
    if choice is not None and modern.get("tool_choice") is None:
        modern["tool_choice"] = {"type": "function", "function": choice} if isinstance(choice, dict) else choice
    return modern


def render_tool_choice(choice: Any) -> Any:
    """Return which tools the model may or must call."""
    if not isinstance(choice, dict):
        return choice
    kind = choice.get("type")
    if kind == "allowed_tools" and isinstance(allowed := choice.get(kind), dict):
        tools = [render_tool_choice(tool) for tool in allowed.get("tools") or ()]
        return {"type": kind, "mode": allowed.get("mode") or "auto", "tools": tools}
    if kind in _NAMED and isinstance(named := choice.get(kind), dict):
        return {"type": kind, "name": named.get("name")}
    return choice


def render_text_format(response_format: JsonObject) -> JsonObject:
    """Return the shape that an answer's text shall have."""
    described = response_format.get("json_schema")
    if response_format.get("type") != "json_schema" or not isinstance(described, dict):
        return {"type": response_format.get("type")}
    rendered: JsonObject = {
        "type": "json_schema",
        "name": described.get("name") or "answer",
        "schema": described.get("schema") or {},
        "strict": described.get("strict") is True,
    }
    if described.get("description"):
        rendered["description"] = described["description"]
    return rendered


def _render_tool(tool: Any, path: str) -> JsonObject:
    if not isinstance(tool, dict):
        raise InvalidParameterError("Send every tool as an object with a type.", param=path)
    kind = tool.get("type", "function")
    if kind not in _NAMED:
        return tool
    described = tool.get(kind)
    name = described.get("name") if isinstance(described, dict) else None
    if not isinstance(described, dict) or not isinstance(name, str) or not name:
        raise InvalidParameterError(f"Give every tool a name, in its {kind}.", param=f"{path}.{kind}")
    rendered: JsonObject = {"type": kind, "name": name}
    if described.get("description"):
        rendered["description"] = described["description"]
    if kind == "custom":
        return rendered | _render_grammar(described.get("format"))
    # Left out, `strict` would mean yes.
    strict = described.get("strict") is True
    parameters = described.get("parameters") or _no_parameters(strict=strict)
    return rendered | {"parameters": parameters, "strict": strict}


def _no_parameters(*, strict: bool) -> JsonObject:
    return _NO_PARAMETERS | ({"required": [], "additionalProperties": False} if strict else {})


def _render_grammar(text_format: Any) -> JsonObject:
    if not isinstance(text_format, dict):
        return {}
    grammar = text_format.get("grammar")
    return {"format": {"type": text_format.get("type"), **(grammar if isinstance(grammar, dict) else {})}}
