"""The items of a streamed answer, from their events to the deltas of a chat completion."""

from collections.abc import Callable, Hashable, Mapping
from typing import Any

from ownkey.adapters.protocols.openai_responses.output import chat_annotations, chat_logprobs, item_text
from ownkey.adapters.protocols.openai_responses.reasoning import CALLS, PART_BREAK, reasoning_text
from ownkey.adapters.protocols.openai_responses.stream_calls import StreamedCalls
from ownkey.domain.chat import JsonObject

_ITEM_ADDED = "response.output_item.added"
_REASONING = "reasoning_content"


class StreamedItems:
    """The items so far. Deltas come out as choices, such as `{"delta": {"content": "Hel"}}`.

    Items are told apart by `output_index` alone, since their ids may change from event to event. What an event repeats
    is passed over, unless its deltas never came.
    """

    def __init__(self) -> None:
        self.calls = StreamedCalls()
        self.annotations: list[JsonObject] = []
        """Those that had events of their own. Most providers repeat them in the item."""
        self._items: dict[Hashable, JsonObject] = {}
        self._written: set[Hashable] = set()
        self._last_thought: Hashable = None
        self._length = 0
        self._starts: dict[Hashable, int] = {}
        self._handlers: Mapping[str, Callable[[Hashable, JsonObject], list[JsonObject]]] = {
            _ITEM_ADDED: self._start,
            "response.output_item.done": self._complete,
            "response.output_text.delta": self._take_text,
            "response.output_text.annotation.added": self._note_annotation,
            "response.refusal.delta": self._take_refusal,
            "response.reasoning_summary_text.delta": self._take_thought,
            "response.reasoning_text.delta": self._take_thought,
            "response.function_call_arguments.delta": self._take_input,
            "response.function_call_arguments.done": self._finish_input,
            "response.custom_tool_call_input.delta": self._take_input,
            "response.custom_tool_call_input.done": self._finish_input,
        }

    @property
    def output(self) -> list[JsonObject]:
        """The complete items."""
        return [item for item in self._items.values() if item]

    def take(self, event: JsonObject) -> list[JsonObject] | None:
        """Return the choices that an event comes to, None for one that says nothing.

        Those repeat what has been said, or tell of what runs at the provider.
        """
        kind = event.get("type")
        handler = self._handlers.get(kind) if isinstance(kind, str) else None
        if handler is None:
            return None
        index = event.get("output_index")
        if not isinstance(index, int):
            # Hosts that do not say the place send one item after the other.
            index = len(self._items) - (0 if kind == _ITEM_ADDED else 1)
        self._items.setdefault(index, {})
        return handler(index, event)

    def take_output(self, output: list[JsonObject]) -> list[JsonObject]:
        """Return the choices that a whole output comes to, for an answer whose items had no events of their own."""
        if self._items:
            return []
        return [choice for key, item in enumerate(output) for choice in self._complete(key, {"item": item})]

    def end(self) -> list[JsonObject]:
        """Return what is missing when nothing more will come."""
        return _choices(self.calls.end())

    def _start(self, key: Hashable, event: JsonObject) -> list[JsonObject]:
        item = _object(event.get("item"))
        return _choices(self.calls.start(key, item)) if item.get("type") in CALLS else []

    def _complete(self, key: Hashable, event: JsonObject) -> list[JsonObject]:
        self._items[key] = item = _object(event.get("item"))
        kind = item.get("type")
        if kind in CALLS:
            return _choices(self.calls.whole(key, item))
        if kind == "reasoning":
            return self._write_missing(key, _REASONING, reasoning_text(item))
        if kind == "message":
            said = self._write_missing(key, "content", item_text(item, "output_text", "text"))
            return said + self._write_missing(key, "refusal", item_text(item, "refusal", "refusal"))
        return []

    def _take_text(self, key: Hashable, event: JsonObject) -> list[JsonObject]:
        self._starts.setdefault(_part(key, event), self._length)
        choices = self._write(key, "content", event.get("delta"))
        if choices and (entries := chat_logprobs(event.get("logprobs"))):
            choices[0]["logprobs"] = {"content": entries, "refusal": None}
        return choices

    def _note_annotation(self, key: Hashable, event: JsonObject) -> list[JsonObject]:
        start = self._starts.get(_part(key, event), self._length)
        self.annotations += chat_annotations(event.get("annotation"), start)
        return []

    def _take_refusal(self, key: Hashable, event: JsonObject) -> list[JsonObject]:
        return self._write(key, "refusal", event.get("delta"))

    def _take_thought(self, key: Hashable, event: JsonObject) -> list[JsonObject]:
        part = (event["type"], event.get("summary_index"), event.get("content_index"))
        return self._write(key, _REASONING, event.get("delta"), part)

    def _take_input(self, key: Hashable, event: JsonObject) -> list[JsonObject]:
        delta = event.get("delta")
        return _choices(self.calls.add(key, delta if isinstance(delta, str) else ""))

    def _finish_input(self, key: Hashable, event: JsonObject) -> list[JsonObject]:
        return _choices(self.calls.finish(key, event))

    def _write_missing(self, key: Hashable, name: str, text: str) -> list[JsonObject]:
        return [] if (key, name) in self._written else self._write(key, name, text)

    def _write(self, key: Hashable, name: str, text: Any, part: Hashable = None) -> list[JsonObject]:
        """Return the delta for a piece of text; for reasoning, with a break before every part but the first."""
        if not isinstance(text, str) or not text:
            return []
        self._written.add((key, name))
        self._length += len(text) if name == "content" else 0
        if name == _REASONING:
            before, self._last_thought = self._last_thought, (key, part)
            text = text if before in (None, self._last_thought) else PART_BREAK + text
        return [{"delta": {name: text}}]


def _choices(calls: list[JsonObject]) -> list[JsonObject]:
    return [{"delta": {"tool_calls": [entry]}} for entry in calls]


def _part(key: Hashable, event: JsonObject) -> Hashable:
    index = event.get("content_index")
    return key, index if isinstance(index, int) else None


def _object(value: Any) -> JsonObject:
    return value if isinstance(value, dict) else {}
