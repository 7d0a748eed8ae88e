"""Tool calls in a stream, numbered from 0 whatever the places of their items."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from ownkey.adapters.protocols.openai_chat.tool_calls import arguments_text, new_call_id
from ownkey.domain.chat import JsonObject


@dataclass(slots=True, kw_only=True)
class _Call:
    """One call."""

    position: int
    is_custom: bool
    given: str
    """What its first event had of the arguments. Counts only if nothing else comes."""
    has_input: bool = False


class StreamedCalls:
    """The calls of one answer, as `tool_calls` entries of deltas, each for a delta of its own."""

    def __init__(self) -> None:
        self._calls: dict[Hashable, _Call] = {}

    def __len__(self) -> int:
        return len(self._calls)

    def start(self, key: Hashable, item: JsonObject) -> list[JsonObject]:
        """Return the entry that a new call begins with; nothing for a call that is known."""
        if key in self._calls:
            return []
        is_custom = item.get("type") == "custom_tool_call"
        call = _Call(position=len(self._calls), is_custom=is_custom, given=_input(item))
        self._calls[key] = call
        name = item.get("name") or ""
        described = {"custom": {"name": name, "input": ""}} if is_custom else _function(name=name, arguments="")
        kind = "custom" if is_custom else "function"
        return [{"index": call.position, "id": item.get("call_id") or new_call_id(), "type": kind, **described}]

    def add(self, key: Hashable, text: str) -> list[JsonObject]:
        """Return the entry that a piece of a call's input comes to; nothing before the call is known."""
        call = self._calls.get(key)
        if call is None or not text:
            return []
        call.has_input = True
        described = {"custom": {"input": text}} if call.is_custom else _function(arguments=text)
        return [{"index": call.position, **described}]

    def finish(self, key: Hashable, repeated: JsonObject) -> list[JsonObject]:
        """Return the whole input of a call that had none so far; `repeated` has it again."""
        call = self._calls.get(key)
        return [] if call is None or call.has_input else self.add(key, _input(repeated) or call.given)

    def whole(self, key: Hashable, item: JsonObject) -> list[JsonObject]:
        """Return what is missing of a call whose item is complete."""
        return self.start(key, item) + self.finish(key, item)

    def end(self) -> list[JsonObject]:
        """Return what is missing of calls that nothing more will come for."""
        waiting = [(key, call) for key, call in self._calls.items() if not call.has_input]
        return [
            entry
            for key, call in waiting
            for entry in self.add(key, call.given if call.is_custom or call.given.strip() else "{}")
        ]


def _input(source: JsonObject) -> str:
    return arguments_text(source.get("arguments")) or arguments_text(source.get("input"))


def _function(**fields: Any) -> JsonObject:
    return {"function": fields}
