"""Tool calls in a stream: one number and one id each, whatever the provider numbers and repeats."""

import json
import os
from typing import Any

from ownkey.domain.chat import JsonObject

_OWN_FIELDS = frozenset({"index", "id", "type", "function"})


def new_call_id() -> str:
    """Return an id for a tool call that came without one."""
    return f"call_{os.urandom(12).hex()}"


def arguments_text(arguments: Any) -> str:
    """Return a call's arguments as JSON text; "" when there are none."""
    if isinstance(arguments, str):
        return arguments
    return "" if arguments is None else json.dumps(arguments, separators=(",", ":"))


class ToolCalls:
    """The tool calls of one choice, from fragments to OpenAI's deltas."""

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._by_index: dict[int, _Call] = {}

    def __len__(self) -> int:
        return len(self._calls)

    def take(self, fragments: Any) -> list[JsonObject]:
        """Return the `tool_calls` entries that `fragments` of one delta come to, each for a delta of its own."""
        entries: list[JsonObject] = []
        for fragment in fragments if isinstance(fragments, list) else ():
            if isinstance(fragment, dict) and fragment.keys() - {"index", "type"}:
                entries += self._call_of(fragment).take(fragment)
        return entries

    def end(self) -> list[JsonObject]:
        """Return what is missing of calls that nothing more will come for."""
        return [entry for call in self._calls for entry in call.end()]

    def _call_of(self, fragment: JsonObject) -> "_Call":
        index, call_id, name = fragment.get("index"), fragment.get("id"), _name(fragment)
        if not isinstance(index, int):
            call = self._known(call_id) or (self._calls[-1] if self._calls else None)
        else:
            call = self._by_index.get(index)
        if call is None or call.gives_way_to(call_id, name, has_arguments=bool(_function(fragment).get("arguments"))):
            call = _Call(len(self._calls), call_id)
            self._calls.append(call)
        if isinstance(index, int):
            self._by_index[index] = call
        return call

    def _known(self, call_id: Any) -> "_Call | None":
        return next((call for call in self._calls if call_id and call.given_id == call_id), None)


class _Call:
    """One tool call."""

    def __init__(self, position: int, given_id: Any) -> None:
        self.given_id = given_id if isinstance(given_id, str) else ""
        self._position = position
        self._id = self.given_id or new_call_id()
        self._name: str | None = None
        self._arguments: list[str] = []
        self._is_function = True
        self._begun = False

    def gives_way_to(self, call_id: Any, name: str | None, *, has_arguments: bool) -> bool:
        """Return whether a fragment that points here begins another call.

        Some providers number every call 0, and some repeat ids or names on every fragment of one call.
        """
        if name is None:
            return False
        if call_id:
            return bool(self.given_id) and call_id != self.given_id
        if self.given_id or self._name is None:
            return False
        return name != self._name or (has_arguments and _is_whole("".join(self._arguments)))

    def take(self, fragment: JsonObject) -> list[JsonObject]:
        if fragment.get("type") not in (None, "", "function"):
            return [self._foreign(fragment)]
        function = _function(fragment)
        self._name = self._name or _name(fragment)
        extras = {name: value for name, value in fragment.items() if name not in _OWN_FIELDS and value is not None}
        arguments = arguments_text(function.get("arguments"))
        self._arguments.append(arguments)
        if self._name is None:
            return []
        if not self._begun:
            entries = [self._start(extras)]
            arguments = "".join(self._arguments)
        else:
            entries = [{"index": self._position, **extras}] if extras else []
        if arguments:
            entries.append({"index": self._position, "function": {"arguments": arguments}})
        return entries

    def end(self) -> list[JsonObject]:
        if not self._is_function:
            return []
        entries = [] if self._begun else [self._start({})]
        arguments = "".join(self._arguments)
        if not arguments.strip():
            entries.append({"index": self._position, "function": {"arguments": "{}"}})
        elif entries:
            entries.append({"index": self._position, "function": {"arguments": arguments}})
        return entries

    def _start(self, extras: JsonObject) -> JsonObject:
        self._begun = True
        function = {"name": self._name or "", "arguments": ""}
        return {**extras, "index": self._position, "id": self._id, "type": "function", "function": function}

    def _foreign(self, fragment: JsonObject) -> JsonObject:
        """Pass on a call of another type, such as a custom tool's, with our number."""
        self._is_function = False
        entry = {**fragment, "index": self._position}
        if not self._begun:
            entry["id"] = self._id
        self._begun = True
        return entry


def _function(fragment: JsonObject) -> JsonObject:
    function = fragment.get("function")
    return function if isinstance(function, dict) else {}


def _name(fragment: JsonObject) -> str | None:
    name = _function(fragment).get("name")
    return name if isinstance(name, str) and name else None


def _is_whole(arguments: str) -> bool:
    try:
        return isinstance(json.loads(arguments), dict)
    except (ValueError, RecursionError):
        return False
