"""Messages put into turns one by one: the state behind `conversation.normalise`."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ownkey.adapters.protocols.message_parts import (
    AudioPart,
    ContentPart,
    FilePart,
    ImagePart,
    Part,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
    parse_arguments,
    read_content,
)
from ownkey.adapters.protocols.turns import NO_RESULT, Conversation, Role, Turn
from ownkey.domain.chat import JsonObject
from ownkey.domain.errors import InvalidParameterError, UnsupportedParameterError

_CALL_FIELDS = frozenset({"id", "type", "function", "index", "cache_control"})
_RANKS: Mapping[type, int] = {ReasoningPart: 0, ToolResultPart: 0, ToolCallPart: 2}


@dataclass(slots=True)
class _Calls:
    """The calls of the last assistant turn that wait for their results."""

    place: int
    """The index of that turn."""
    waiting: list[tuple[str, ToolCallPart]] = field(default_factory=list)
    """Each call with the id that the caller gave it."""

    def answer(self, original: Any, name: Any) -> ToolCallPart | None:
        """Return the call that a result belongs to, by its id or, when it has none, by its tool's name."""
        for position, (given, call) in enumerate(self.waiting):
            if given == original if isinstance(original, str) and original else call.name == name:
                return self.waiting.pop(position)[1]
        return None


class TurnBuilder:
    """Takes the messages of one request, in order."""

    def __init__(self, later_system: str, call_id: Callable[[str], str]) -> None:
        self._system: list[TextPart] = []
        self._turns: list[Turn] = []
        self._later_system = later_system
        self._call_id = call_id
        self._used_ids: set[str] = set()
        self._calls = _Calls(-1)
        self._dropped: list[str] = []
        self._started = False

    def take(self, message: JsonObject, path: str) -> None:
        """Take the next message; `path` is its JSON path.

        Raises:
            InvalidParameterError: it is malformed; UnsupportedParameterError: it holds what cannot be carried.
        """
        role = message.get("role")
        if message.get("name") and role in ("system", "developer", "user", "assistant"):
            self._dropped.append("messages[].name")
        match role:
            case "system" | "developer":
                self._take_system(message, path)
                return
            case "user":
                self._take_user(message, path)
            case "assistant":
                self._take_assistant(message, path)
            case "tool" | "function":
                self._take_result(message, path)
            case _:
                raise InvalidParameterError(
                    "Give every message one of the roles system, developer, user, assistant and tool.",
                    param=f"{path}.role",
                )
        self._started = True

    def finish(self, placeholder: str) -> Conversation:
        """Return the conversation, `placeholder` standing for a user turn that would be empty."""
        self._answer_open_calls()
        turns = _settled(self._turns)
        if not turns or turns[0].role != "user":
            turns.insert(0, Turn("user", []))
        for turn in turns:
            turn.parts.sort(key=lambda part: _RANKS.get(type(part), 1))
            if not turn.parts:
                turn.parts.append(TextPart(text=placeholder))
        return Conversation(system=self._system, turns=turns, dropped=tuple(dict.fromkeys(self._dropped)))

    def _take_user(self, message: JsonObject, path: str) -> None:
        parts: list[Part] = list(read_content(message, path))
        if any(isinstance(part, ImagePart) and part.detail not in (None, "auto") for part in parts):
            self._dropped.append("messages[].content[].image_url.detail")
        self._append("user", parts, empty_turn=True)

    def _take_system(self, message: JsonObject, path: str) -> None:
        parts = [_as_text(part) for part in read_content(message, path)]
        if not self._started or self._later_system == "hoist":
            self._system += parts
        elif self._later_system == "keep":
            self._append("system", [*parts])
        else:
            for part in parts:
                self._append("user", [_as_user_text(part)])

    def _take_assistant(self, message: JsonObject, path: str) -> None:
        content: list[Part] = list(read_content(message, path))
        refusal = message.get("refusal")
        if not content and isinstance(refusal, str) and refusal.strip():
            content.append(TextPart(text=refusal, param=f"{path}.refusal"))
        requested = [call for call in _list_of(message.get("tool_calls")) if isinstance(call, dict)]
        if not requested and isinstance(legacy := message.get("function_call"), dict):
            requested = [{"function": legacy}]
        if not content and not requested:
            return
        if not (self._turns and self._turns[-1].role == "assistant"):
            self._answer_open_calls()
            self._calls = _Calls(len(self._turns))
        calls = [self._read_call(call, f"{path}.tool_calls[{index}]") for index, call in enumerate(requested)]
        self._append("assistant", [*_reasoning(message), *content, *calls])

    def _read_call(self, call: JsonObject, path: str) -> ToolCallPart:
        function = call.get("function")
        name = function.get("name") if isinstance(function, dict) else None
        if not isinstance(function, dict) or not isinstance(name, str) or not name:
            raise InvalidParameterError("Send every tool call with the name of its function.", param=path)
        original = call.get("id")
        original = original if isinstance(original, str) else ""
        marker = call.get("cache_control")
        part = ToolCallPart(
            id=self._unique_id(original or "call"),
            name=name,
            arguments=parse_arguments(function.get("arguments")),
            extras={field: value for field, value in call.items() if field not in _CALL_FIELDS},
            cache_control=marker if isinstance(marker, dict) else None,
        )
        self._calls.waiting.append((original, part))
        return part

    def _unique_id(self, original: str) -> str:
        # Counted, not random: a request that is sent again must be the same, or the provider's cache misses.
        unique, count = self._call_id(original), 1
        while unique in self._used_ids:
            count += 1
            unique = self._call_id(f"{count}_{original}")
        self._used_ids.add(unique)
        return unique

    def _take_result(self, message: JsonObject, path: str) -> None:
        content = tuple(_as_result(part) for part in read_content(message, path))
        call = self._calls.answer(message.get("tool_call_id"), message.get("name"))
        if call is None:
            text = ToolResultPart(call_id="", name="", content=content).text
            media = [part for part in content if not isinstance(part, TextPart)]
            self._append("user", [TextPart(text=f"Tool result: {text or NO_RESULT}", param=path), *media])
            return
        marker = next((part.cache_control for part in content if part.cache_control), None)
        self._add_result(
            ToolResultPart(
                call_id=call.id,
                name=call.name,
                content=content,
                is_error=message.get("is_error") is True,
                cache_control=marker,
            )
        )

    def _answer_open_calls(self) -> None:
        for _, call in self._calls.waiting:
            self._add_result(
                ToolResultPart(call_id=call.id, name=call.name, content=(TextPart(text=NO_RESULT),), is_error=True)
            )
        self._calls.waiting.clear()
        place = self._calls.place
        if 0 <= place < len(self._turns) - 1:
            order = [part.id for part in self._turns[place].parts if isinstance(part, ToolCallPart)]
            self._turns[place + 1].parts.sort(
                key=lambda part: order.index(part.call_id) if isinstance(part, ToolResultPart) else len(order)
            )

    def _add_result(self, result: ToolResultPart) -> None:
        """Put a result into the turn after its call's."""
        after = self._calls.place + 1
        if after == len(self._turns) or self._turns[after].role != "user":
            self._turns.insert(after, Turn("user", []))
        self._turns[after].parts.append(result)

    def _append(self, role: Role, parts: Iterable[Part], *, empty_turn: bool = False) -> None:
        parts = list(parts)
        if not parts and not empty_turn:
            return
        if self._turns and self._turns[-1].role == role:
            self._turns[-1].parts.extend(parts)
        else:
            self._turns.append(Turn(role, parts))


def _settled(turns: list[Turn]) -> list[Turn]:
    """Return the turns with only those of the system that stand between the user's and the assistant's, or last."""
    settled: list[Turn] = []
    for place, turn in enumerate(turns):
        role, parts = turn.role, turn.parts
        before = settled[-1].role if settled else None
        after = turns[place + 1].role if place + 1 < len(turns) else "assistant"
        if role == "system" and (before != "user" or after != "assistant"):
            role, parts = "user", [_as_user_text(part) if isinstance(part, TextPart) else part for part in parts]
        if role == before:
            settled[-1].parts.extend(parts)
        else:
            settled.append(Turn(role, parts))
    return settled


def _as_user_text(part: TextPart) -> TextPart:
    return TextPart(text=f"<system>{part.text}</system>", cache_control=part.cache_control, param=part.param)


def _as_text(part: ContentPart) -> TextPart:
    if isinstance(part, TextPart):
        return part
    raise UnsupportedParameterError("Send only text in system messages, and media in a user message.", param=part.param)


def _as_result(part: ContentPart) -> TextPart | ImagePart | FilePart:
    if not isinstance(part, AudioPart):
        return part
    raise UnsupportedParameterError("Send audio in a user message, not as the result of a tool.", param=part.param)


def _reasoning(message: Mapping[str, Any]) -> list[Part]:
    details = tuple(detail for detail in _list_of(message.get("reasoning_details")) if isinstance(detail, dict))
    text = message.get("reasoning_content") or message.get("reasoning")
    text = text if isinstance(text, str) else ""
    return [ReasoningPart(text=text, details=details)] if text or details else []


def _list_of(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
