"""A streamed answer, one event at a time, in OpenAI's form."""

import json
import time
from collections.abc import Callable
from typing import Any

from ownkey.adapters.classification import ErrorClassifier
from ownkey.adapters.protocols.anthropic_messages.citations import block_annotations
from ownkey.adapters.protocols.anthropic_messages.outcomes import finish_reason, refusal_text, reported_error
from ownkey.adapters.protocols.anthropic_messages.reasoning import redacted_detail, thinking_detail
from ownkey.adapters.protocols.anthropic_messages.tools import ANSWER_TOOL
from ownkey.adapters.protocols.anthropic_messages.usage import merge_usage, parse_usage
from ownkey.adapters.protocols.openai_chat.answer import new_completion_id
from ownkey.adapters.protocols.openai_chat.tool_calls import arguments_text, new_call_id
from ownkey.adapters.protocols.tool_names import decode_tool_name
from ownkey.adapters.spec import ProviderSpec
from ownkey.domain.chat import JsonObject, Usage

_DELTA_TEXTS = {"text_delta": "text", "thinking_delta": "thinking", "input_json_delta": "partial_json"}
"""Kinds of deltas, and the field that holds their text."""
_DELTAS_OF = {"text": "text_delta", "thinking": "thinking_delta", "tool_use": "input_json_delta"}
"""The kind of delta that says something in a block. Blocks that are not here are the provider's own affair."""


class StreamParser:
    """Turns the events of one answer into OpenAI's chunks.

    The first chunk holds the role, and the finish reason comes at the end. Only tools of the caller's are tool calls.
    The answer is whole when `message_stop` came, and not before.
    """

    def __init__(
        self,
        spec: ProviderSpec,
        *,
        upstream_model: str = "",
        choices: int = 1,
        errors: ErrorClassifier | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        del choices  # there is never more than one
        self.usage: Usage | None = None
        self.done = False
        """Whether the provider said that it is done."""
        self._spec = spec
        self._errors = errors or ErrorClassifier(spec=spec)
        self._now = now
        self._identity: JsonObject = {"id": "", "created": 0, "model": upstream_model}
        self._handlers: dict[str, Callable[[JsonObject], list[JsonObject]]] = {
            "message_start": self._start,
            "content_block_start": self._open,
            "content_block_delta": self._add,
            "content_block_stop": lambda payload: self._close(_index(payload)),
            "message_delta": self._note_end,
            "message_stop": self._stop,
        }
        self._begun = False
        self._blocks: dict[Any, _Block] = {}
        self._calls = 0
        self._details = 0
        self._length = 0
        """How many characters of content there were."""
        self._annotations: list[JsonObject] = []
        self._stop_reason: Any = None
        self._counts: JsonObject = {}
        self._placeholder: JsonObject = {}

    @property
    def complete(self) -> bool:
        """Whether nothing of the answer is missing."""
        return self.done

    def feed(self, data: str, *, event: str = "") -> list[JsonObject]:
        """Return the chunks that one event comes to; raises UpstreamError when it reports an error or is no event."""
        if self.done or data.strip() in ("", "[DONE]"):
            return []
        try:
            payload = json.loads(data)
        except (ValueError, RecursionError):
            # Not chained: the exception holds the whole text.
            raise self._errors.failure("broke its answer off in the middle") from None
        if isinstance(payload, dict) and event and not payload.get("type"):
            payload["type"] = event
        return self.take(payload)

    def take(self, payload: Any) -> list[JsonObject]:
        """Return the chunks that one decoded event comes to. Events that nobody knows come to none."""
        if not isinstance(payload, dict):
            raise self._errors.failure("sent an event that is not a JSON object")
        kind = payload.get("type")
        if kind == "error" or payload.get("error"):
            raise reported_error(payload, self._errors)
        handle = self._handlers.get(kind) if isinstance(kind, str) else None
        return handle(payload) if handle else []

    def end(self) -> list[JsonObject]:
        """Return the chunks that close the answer, after its last event.

        Raises:
            ProviderFailureError: it stopped before its end, or there was nothing in it.
        """
        if not self.done:
            raise self._errors.failure("broke its answer off in the middle")
        if not self._begun:
            raise self._errors.failure("sent an empty answer")
        reason = finish_reason(self._spec, self._stop_reason, calls_tools=self._calls > 0)
        cited = [self._chunk({"annotations": self._annotations})] if self._annotations else []
        return [*cited, self._chunk({}, reason)]

    def _start(self, payload: JsonObject) -> list[JsonObject]:
        message = _object(payload, "message")
        self._identity["id"] = self._identity["id"] or message.get("id") or ""
        self._identity["model"] = message.get("model") or self._identity["model"]
        usage = _object(message, "usage")
        # A placeholder of a few tokens, which stands for the output only if nothing else comes.
        self._placeholder = {"output_tokens": usage.pop("output_tokens", None)}
        self._note_usage({"usage": usage})
        return self._chunks()

    def _open(self, payload: JsonObject) -> list[JsonObject]:
        block = _object(payload, "content_block")
        opened = self._blocks[_index(payload)] = _Block(block, self._length)
        match opened.kind:
            case "text" | "thinking":
                return self._say(opened, _text(block, opened.kind))
            case "tool_use" if not opened.is_answer:
                opened.position = self._calls
                self._calls += 1
                function = {"name": decode_tool_name(_text(block, "name")), "arguments": ""}
                call_id = _text(block, "id") or new_call_id()
                return self._chunks(_call(opened.position, id=call_id, type="function", function=function))
        return []

    def _add(self, payload: JsonObject) -> list[JsonObject]:
        index, delta = _index(payload), _object(payload, "delta")
        kind = _text(delta, "type")
        block = self._blocks.get(index)
        if block is None and kind in ("text_delta", "thinking_delta"):
            block = self._blocks[index] = _Block({"type": _DELTA_TEXTS[kind]}, self._length)
        if block is None:
            return []
        if kind == "signature_delta" and block.kind == "thinking":
            block.signature += _text(delta, "signature")
        if kind == "citations_delta":
            block.citations.append(delta.get("citation"))
        if kind != _DELTAS_OF.get(block.kind):
            return []
        return self._say(block, _text(delta, _DELTA_TEXTS[kind]))

    def _say(self, block: "_Block", text: str) -> list[JsonObject]:
        if not text:
            return []
        block.texts.append(text)
        if block.kind == "thinking":
            return self._chunks({"reasoning_content": text})
        if block.position is None:
            self._length += len(text)
            return self._chunks({"content": text})
        return self._chunks(_call(block.position, function={"arguments": text}))

    def _close(self, index: Any) -> list[JsonObject]:
        block = self._blocks.pop(index, None)
        if block is None:
            return []
        if block.kind == "tool_use" and not "".join(block.texts).strip():
            return self._say(block, arguments_text(block.given.get("input")) or "{}")
        if block.kind == "text":
            self._annotations += block_annotations(block.citations, block.start, "".join(block.texts))
        detail = None
        if block.kind == "thinking" and block.signature:
            detail = thinking_detail(self._spec, self._details, "".join(block.texts), block.signature)
        elif block.kind == "redacted_thinking" and (data := _text(block.given, "data")):
            detail = redacted_detail(self._spec, self._details, data)
        if detail is None:
            return []
        self._details += 1
        return self._chunks({"reasoning_details": [detail]})

    def _stop(self, _: JsonObject) -> list[JsonObject]:
        self.done = True
        if self.usage is not None and "output_tokens" not in self._counts:
            self._note_usage({"usage": self._placeholder})
        return [chunk for index in list(self._blocks) for chunk in self._close(index)]

    def _note_end(self, payload: JsonObject) -> list[JsonObject]:
        delta = _object(payload, "delta")
        self._stop_reason = delta.get("stop_reason") or self._stop_reason
        self._note_usage(payload)
        refusal = refusal_text(delta.get("stop_details"))
        return self._chunks({"refusal": refusal}) if refusal else []

    def _note_usage(self, source: JsonObject) -> None:
        merge_usage(self._counts, source.get("usage"))
        self.usage = parse_usage(self._counts)

    def _chunks(self, *deltas: JsonObject) -> list[JsonObject]:
        """Return a chunk for each delta, and before the answer's first the one with the role."""
        if not self._begun:
            self._begun = True
            self._identity["id"] = self._identity["id"] or new_completion_id()
            self._identity["created"] = int(self._now())
            deltas = ({"role": "assistant", "content": ""}, *deltas)
        return [self._chunk(delta) for delta in deltas]

    def _chunk(self, delta: JsonObject, reason: str | None = None) -> JsonObject:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        return {**self._identity, "object": "chat.completion.chunk", "choices": [choice]}


class _Block:
    """One block of the answer."""

    __slots__ = ("citations", "given", "is_answer", "kind", "position", "signature", "start", "texts")

    def __init__(self, given: JsonObject, start: int) -> None:
        self.given = given
        self.start = start
        """How many characters of content came before it."""
        cited = given.get("citations")
        self.citations: list[Any] = [*cited] if isinstance(cited, list) else []
        self.kind = _text(given, "type")
        self.is_answer = self.kind == "tool_use" and given.get("name") == ANSWER_TOOL
        self.position: int | None = None
        """Its number among the tool calls."""
        self.signature = _text(given, "signature")
        self.texts: list[str] = []


def _call(position: int, **fields: Any) -> JsonObject:
    return {"tool_calls": [{"index": position, **fields}]}


def _index(payload: JsonObject) -> int | None:
    index = payload.get("index")
    return index if isinstance(index, int) else None


def _object(source: JsonObject, name: str) -> JsonObject:
    value = source.get(name)
    return value if isinstance(value, dict) else {}


def _text(source: JsonObject, name: str) -> str:
    value = source.get(name)
    return value if isinstance(value, str) else ""
