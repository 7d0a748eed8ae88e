"""Which tools a model may or must call, as far as a provider can be told."""

from typing import Any

from ownkey.adapters.protocols.openai_chat.messages import without_marks
from ownkey.adapters.spec import ProviderSpec
from ownkey.domain.chat import JsonObject
from ownkey.domain.errors import UnsupportedParameterError


def render_tool_choice(spec: ProviderSpec, body: JsonObject) -> None:
    """Put the tool choice of `body` into words that the provider knows.

    Raises:
        UnsupportedParameterError: it cannot be told so.
    """
    known = spec.parameters.tool_choices
    choice = body.get("tool_choice")
    kind = _kind(choice)
    if kind == "allowed_tools" and kind not in known:
        choice = _narrow(body, choice)
        kind = _kind(choice)
    if kind is None or kind in known:
        return
    if kind == "none":
        for name in ("tools", "tool_choice", "parallel_tool_calls"):
            body.pop(name, None)
        return
    raise UnsupportedParameterError(
        f"{spec.name} takes no tool_choice but {' or '.join(sorted(known))}. Leave tool_choice out, or choose another "
        "provider.",
        param="tool_choice",
    )


def render_tools(spec: ProviderSpec, body: JsonObject) -> None:
    """Leave in the tools of `body` only what the provider knows."""
    if isinstance(tools := body.get("tools"), list):
        body["tools"] = [_without_marks(spec, tool) for tool in without_marks(spec.parameters, tools)]


def _without_marks(spec: ProviderSpec, tool: Any) -> Any:
    function = tool.get("function") if isinstance(tool, dict) else None
    if not isinstance(function, dict):
        return tool
    return {**tool, "function": without_marks(spec.parameters, [function])[0]}


def _kind(choice: Any) -> str | None:
    if isinstance(choice, dict):
        choice = choice.get("type")
    return choice if isinstance(choice, str) else None


def _narrow(body: JsonObject, choice: Any) -> Any:
    """Leave only the allowed tools in `body`, and return the plain choice that is left of `allowed_tools`."""
    allowed = choice.get("allowed_tools")
    allowed = allowed if isinstance(allowed, dict) else {}
    names = {_name(tool) for tool in allowed.get("tools") or ()}
    tools = [tool for tool in body.get("tools") or () if _name(tool) in names]
    if tools:
        body["tools"] = tools
    body["tool_choice"] = "required" if allowed.get("mode") == "required" else "auto"
    return body["tool_choice"]


def _name(tool: Any) -> str | None:
    function = tool.get("function") if isinstance(tool, dict) else None
    name = function.get("name") if isinstance(function, dict) else None
    return name if isinstance(name, str) else None
