"""Which tools a request declares, and which of them the model may or must call."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ownkey.domain.chat import JsonObject
from ownkey.domain.errors import InvalidParameterError, UnsupportedParameterError

_COMBINATIONS = ("allOf", "anyOf", "oneOf")
_DEPTH_LIMIT = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A function that the model may call."""

    name: str
    description: str = ""
    parameters: JsonObject
    """A JSON schema whose root is an object with `properties`."""
    strict: bool | None = None
    cache_control: JsonObject | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolChoice:
    """What the caller asks for: to call as the model likes, at least one tool, none, or the one with `name`."""

    mode: Literal["auto", "required", "none", "function"]
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tooling:
    """All that a request says about tools; `allowed_tools` and the legacy fields are resolved."""

    tools: tuple[Tool, ...] = ()
    choice: ToolChoice | None = None
    """None: not said."""
    parallel: bool | None = None
    """`parallel_tool_calls`; None: not said."""


def read_tooling(body: Mapping[str, Any]) -> Tooling:
    """Return what `tools`, `tool_choice`, `parallel_tool_calls`, `functions` and `function_call` say together.

    Raises:
        InvalidParameterError: one of them is malformed; UnsupportedParameterError: a tool is no function.
    """
    declared = body.get("tools")
    functions = body.get("functions")
    tools = [_read_tool(tool, f"tools[{index}]") for index, tool in enumerate(_list(declared, "tools"))]
    if not tools:
        tools = [
            _read_function(function, f"functions[{index}]", {})
            for index, function in enumerate(_list(functions, "functions"))
        ]
    choice = body.get("tool_choice")
    if choice is None and (legacy := body.get("function_call")) is not None:
        choice = {"type": "function", "function": legacy} if isinstance(legacy, dict) else legacy
    read, tools = _read_choice(choice, tools)
    parallel = body.get("parallel_tool_calls")
    return Tooling(tools=tuple(tools), choice=read, parallel=parallel if isinstance(parallel, bool) else None)


def object_schema(schema: Any) -> JsonObject:
    """Return a schema for the same arguments whose root is `{"type": "object", "properties": …}`, unshared at the root.

    A root `anyOf`, `oneOf` or `allOf` is merged into one object: all properties, and as required what every
    alternative requires (`allOf`: what any does). A root `$ref` into the schema itself is followed.
    """
    root: JsonObject = dict(schema) if isinstance(schema, dict) else {}
    merged = _merged(root, root, 0)
    for name in ("$defs", "definitions"):
        if name in root:
            merged[name] = root[name]
    merged["type"] = "object"
    if not isinstance(merged.get("properties"), dict):
        merged["properties"] = {}
    return merged


def _merged(schema: JsonObject, root: JsonObject, depth: int) -> JsonObject:
    """Return `schema` without a reference or combination at its own root."""
    schema = dict(schema)
    if depth > _DEPTH_LIMIT:
        return schema
    if isinstance(reference := schema.pop("$ref", None), str):
        schema = {**_merged(_resolved(reference, root), root, depth + 1), **schema}
    for combination in _COMBINATIONS:
        alternatives = schema.pop(combination, None)
        if isinstance(alternatives, list):
            parts = [_merged(part, root, depth + 1) for part in alternatives if isinstance(part, dict)]
            _merge(schema, parts, all_required=combination == "allOf")
    return schema


def _merge(schema: JsonObject, parts: list[JsonObject], *, all_required: bool) -> None:
    properties: JsonObject = {}
    for part in (*parts, schema):
        found = part.get("properties")
        properties |= found if isinstance(found, dict) else {}
    required = [set(_names(part)) for part in parts] or [set()]
    needed = (set.union if all_required else set.intersection)(*required) | set(_names(schema))
    schema.pop("required", None)
    schema["properties"] = properties
    if needed:
        schema["required"] = [name for name in properties if name in needed]


def _resolved(reference: str, root: JsonObject) -> JsonObject:
    found: Any = root
    for name in reference.removeprefix("#").strip("/").split("/"):
        found = found.get(name.replace("~1", "/").replace("~0", "~")) if isinstance(found, dict) else None
    return found if isinstance(found, dict) and found is not root else {}


def _names(schema: JsonObject) -> list[str]:
    required = schema.get("required")
    return [name for name in required if isinstance(name, str)] if isinstance(required, list) else []


def _read_tool(tool: Any, path: str) -> Tool:
    if not isinstance(tool, dict):
        raise InvalidParameterError("Send every tool as an object with type function.", param=path)
    kind = tool.get("type", "function")
    if kind != "function":
        raise UnsupportedParameterError(
            f"Tools of type {str(kind)[:64]!r} cannot be sent to this provider. Declare a function instead, or choose "
            "another provider.",
            param=path,
        )
    return _read_function(tool.get("function"), f"{path}.function", tool)


def _read_function(function: Any, path: str, tool: Mapping[str, Any]) -> Tool:
    name = function.get("name") if isinstance(function, dict) else None
    if not isinstance(function, dict) or not isinstance(name, str) or not name:
        raise InvalidParameterError("Give every function a name.", param=path)
    description, strict = function.get("description"), function.get("strict")
    marker = tool.get("cache_control") or function.get("cache_control")
    return Tool(
        name=name,
        description=description if isinstance(description, str) else "",
        parameters=object_schema(function.get("parameters")),
        strict=strict if isinstance(strict, bool) else None,
        cache_control=marker if isinstance(marker, dict) else None,
    )


def _read_choice(choice: Any, tools: list[Tool]) -> tuple[ToolChoice | None, list[Tool]]:
    match choice:
        case None:
            return None, tools
        case "auto" | "required" | "none":
            return ToolChoice(mode=choice), tools
        case {"type": "function", "function": {"name": str(name)}}:
            return ToolChoice(mode="function", name=name), tools
        case {"type": "allowed_tools", "allowed_tools": {"tools": list(allowed), **rest}}:
            names = {_allowed_name(entry) for entry in allowed}
            kept = [tool for tool in tools if tool.name in names]
            return ToolChoice(mode="required" if rest.get("mode") == "required" else "auto"), kept or tools
    raise InvalidParameterError(
        'Send tool_choice as "auto", "required", "none", or the function to call.', param="tool_choice"
    )


def _allowed_name(entry: Any) -> str | None:
    function = entry.get("function") if isinstance(entry, dict) else None
    source = function if isinstance(function, dict) else entry
    name = source.get("name") if isinstance(source, dict) else None
    return name if isinstance(name, str) else None


def _list(value: Any, name: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise InvalidParameterError(f"Send {name} as an array.", param=name)
    return value
