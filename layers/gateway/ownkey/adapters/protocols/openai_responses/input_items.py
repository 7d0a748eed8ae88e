"""Chat messages as input items."""

import json
from typing import Any

from ownkey.adapters.protocols.openai_responses.content import assistant_text, render_parts, render_tool_output
from ownkey.adapters.protocols.openai_responses.reasoning import FIRST, MESSAGE, reasoning_items
from ownkey.domain.chat import JsonObject
from ownkey.domain.errors import InvalidParameterError


def render_input(provider: str, messages: list[JsonObject]) -> list[JsonObject]:
    """Return the conversation as input items, with the reasoning that `provider` has sealed earlier.

    Instructions stay in the input, where they were: `instructions` would not count for what JSON mode demands, and an
    input must not be empty.

    Raises:
        InvalidParameterError: a message is malformed; UnsupportedParameterError: it holds what cannot be carried.
    """
    conversation = _Conversation(provider)
    for index, message in enumerate(messages):
        conversation.add(message, f"messages[{index}]")
    return conversation.items


class _Conversation:
    """Input items so far."""

    def __init__(self, provider: str) -> None:
        self.items: list[JsonObject] = []
        self._provider = provider
        self._custom_calls: set[str] = set()
        self._legacy_id = ""

    def add(self, message: JsonObject, path: str) -> None:
        role = message.get("role")
        if role == "assistant":
            self._add_answer(message, path)
        elif role in ("tool", "function"):
            self._add_output(message, path)
        else:
            content = render_parts(message.get("content"), f"{path}.content")
            self.items.append({"type": "message", "role": role, "content": content})

    def _add_answer(self, message: JsonObject, path: str) -> None:
        reasoning = reasoning_items(self._provider, message.get("reasoning_details"))
        answer = [*_said(message, path), *self._calls(message, path)]
        for position, (led_by, item) in enumerate(answer):
            if position == 0:
                self.items += reasoning.get(FIRST, ())
            self.items += (*reasoning.get(led_by, ()), item)

    def _calls(self, message: JsonObject, path: str) -> list[tuple[str, JsonObject]]:
        calls = message.get("tool_calls")
        calls = list(calls) if isinstance(calls, list) else []
        if isinstance(legacy := message.get("function_call"), dict):
            self._legacy_id = f"call_{len(self.items)}"
            calls.append({"id": self._legacy_id, "type": "function", "function": legacy})
        rendered = [_render_call(call, f"{path}.tool_calls[{index}]") for index, call in enumerate(calls)]
        self._custom_calls |= {item["call_id"] for item in rendered if item["type"] == "custom_tool_call"}
        return [(item["call_id"], item) for item in rendered]

    def _add_output(self, message: JsonObject, path: str) -> None:
        call_id = message.get("tool_call_id") if message["role"] == "tool" else self._legacy_id
        if not isinstance(call_id, str) or not call_id:
            raise InvalidParameterError("Say which call a tool message answers.", param=f"{path}.tool_call_id")
        kind = "custom_tool_call_output" if call_id in self._custom_calls else "function_call_output"
        output = render_tool_output(message.get("content"), f"{path}.content")
        self.items.append({"type": kind, "call_id": call_id, "output": output})


def _said(message: JsonObject, path: str) -> list[tuple[str, JsonObject]]:
    text, refusal = assistant_text(message.get("content"), f"{path}.content")
    if not refusal and isinstance(message.get("refusal"), str):
        refusal = message["refusal"]
    item: JsonObject = {"type": "message", "role": "assistant", "content": text}
    if refusal:
        parts: list[JsonObject] = [{"type": "output_text", "text": text, "annotations": []}] if text else []
        item["content"] = [*parts, {"type": "refusal", "refusal": refusal}]
    if isinstance(phase := message.get("phase"), str):
        item["phase"] = phase
    return [(MESSAGE, item)] if item["content"] else []


def _render_call(call: Any, path: str) -> JsonObject:
    kind = call.get("type") or "function" if isinstance(call, dict) else None
    described = call.get(kind) if kind in ("function", "custom") else None
    call_id = call.get("id") if isinstance(call, dict) else None
    if not isinstance(described, dict) or not isinstance(call_id, str) or not isinstance(described.get("name"), str):
        raise InvalidParameterError("Send every tool call with its id, and the name of what is called.", param=path)
    item = {"call_id": call_id, "name": described["name"]}
    if kind == "custom":
        return {"type": "custom_tool_call", **item, "input": str(described.get("input") or "")}
    arguments = described.get("arguments")
    if isinstance(arguments, dict):
        arguments = json.dumps(arguments, separators=(",", ":"))
    return {
        "type": "function_call",
        **item,
        "arguments": arguments if isinstance(arguments, str) and arguments else "{}",
    }
