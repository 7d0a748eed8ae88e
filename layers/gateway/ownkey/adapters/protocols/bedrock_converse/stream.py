"""A streamed Converse answer, one event at a time, normalised."""

import base64
import json
import time
from collections.abc import Callable
from typing import Any

from ownkey.adapters.classification import ErrorClassifier
from ownkey.adapters.protocols.bedrock_converse.blocks import (
    ANSWER_TOOL,
    MALFORMED,
    finish_reason,
    is_hidden,
    reasoning_detail,
)
from ownkey.adapters.protocols.bedrock_converse.errors import error_of
from ownkey.adapters.protocols.bedrock_converse.usage import read_usage
from ownkey.adapters.protocols.openai_chat.answer import new_completion_id
from ownkey.adapters.protocols.openai_chat.tool_calls import new_call_id
from ownkey.adapters.protocols.tool_names import decode_tool_name
from ownkey.adapters.spec import ProviderSpec
from ownkey.domain.chat import JsonObject, Usage


class StreamParser:
    """Turns the events of one ConverseStream into OpenAI's chunks.

    Blocks begin with their first delta, since text and reasoning are not announced. Usage comes after the end of the
    message, so the finish reason waits for the end of the stream.
    """

    def __init__(
        self,
        spec: ProviderSpec,
        *,
        upstream_model: str = "",
        choices: int = 1,  # noqa: ARG002  # a message has one
        errors: ErrorClassifier | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.usage: Usage | None = None
        self.done = False
        """Whether nothing more is to come."""
        self._errors = errors or ErrorClassifier(spec=spec)
        self._blocks: dict[int, _Block] = {}
        self._calls = 0
        self._details = 0
        self._begun = False
        self._said_something = False
        self._stop_reason: str | None = None
        self._additional: Any = None
        self._envelope: JsonObject = {
            "id": new_completion_id(),
            "object": "chat.completion.chunk",
            "created": int(now()),
            "model": upstream_model,
        }

    @property
    def complete(self) -> bool:
        """Whether the message has its end; only its usage may be missing."""
        return self._stop_reason is not None

    def feed(self, data: str, *, event: str = "") -> list[JsonObject]:
        """Return the chunks that one event comes to, given its type and its JSON."""
        try:
            payload = json.loads(data)
        except (ValueError, RecursionError):
            # Not chained: the exception holds the whole text.
            raise self._errors.failure("broke its answer off in the middle") from None
        return self.take({event: payload} if event else payload)

    def take(self, event: Any) -> list[JsonObject]:
        """Return the chunks that one event comes to, as boto3 gives it: an object with the one field of its type."""
        if not isinstance(event, dict):
            raise self._errors.failure("sent an event that is not an object")
        deltas: list[JsonObject] = []
        for kind, given in event.items():
            payload = given if isinstance(given, dict) else {}
            if kind.lower().endswith("exception") and not self.complete:
                raise error_of(self._errors, kind, str(payload.get("message") or payload.get("originalMessage") or ""))
            deltas += self._take(kind, payload)
        return self._chunks(deltas)

    def end(self) -> list[JsonObject]:
        """Return the chunks that close the answer, after its last event.

        Raises:
            ProviderFailureError: it stopped before its end, or there was nothing readable in it.
        """
        if not self.complete:
            raise self._errors.failure("broke its answer off in the middle")
        if self._stop_reason in MALFORMED and not self._said_something:
            raise self._errors.failure("did not get its answer into a form that can be read")
        deltas = [delta for index in sorted(self._blocks) for delta in self._stop(index)]
        chunks = self._chunks([*self._role(), *deltas])
        reason = finish_reason(self._stop_reason, calls_tools=bool(self._calls))
        return [*chunks, {**self._envelope, "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}]

    def _take(self, kind: str, payload: JsonObject) -> list[JsonObject]:
        index = payload.get("contentBlockIndex")
        index = index if isinstance(index, int) else 0
        match kind:
            case "messageStart":
                return self._role()
            case "contentBlockStart":
                return self._start(index, payload.get("start"))
            case "contentBlockDelta":
                return self._delta(index, payload.get("delta"))
            case "contentBlockStop":
                return self._stop(index)
            case "messageStop":
                self._stop_reason = str(payload.get("stopReason") or "end_turn")
                self._additional = payload.get("additionalModelResponseFields")
            case "metadata":
                self.usage = read_usage(payload.get("usage"), self._additional) or self.usage
                self.done = self.complete
        return []

    def _role(self) -> list[JsonObject]:
        if self._begun:
            return []
        self._begun = True
        return [{"role": "assistant", "content": ""}]

    def _start(self, index: int, start: Any) -> list[JsonObject]:
        tool_use = start.get("toolUse") if isinstance(start, dict) else None
        if not isinstance(tool_use, dict) or is_hidden(tool_use):
            self._blocks[index] = _Block(hidden=True)
            return []
        name = tool_use.get("name") or ""
        if name == ANSWER_TOOL:
            self._blocks[index] = _Block(is_answer=True)
            return []
        self._blocks[index] = _Block(call=self._calls)
        function = {"name": decode_tool_name(name), "arguments": ""}
        call_id = tool_use.get("toolUseId") or new_call_id()
        entry = {"index": self._calls, "id": call_id, "type": "function", "function": function}
        self._calls += 1
        return [*self._role(), {"tool_calls": [entry]}]

    def _delta(self, index: int, delta: Any) -> list[JsonObject]:
        block = self._blocks.setdefault(index, _Block())
        if block.hidden or not isinstance(delta, dict):
            return []
        if isinstance(text := delta.get("text"), str) and text:
            return [*self._role(), {"content": text}]
        if isinstance(tool_use := delta.get("toolUse"), dict):
            return self._arguments(block, tool_use.get("input"))
        if isinstance(reasoning := delta.get("reasoningContent"), dict):
            thought = block.think(reasoning)
            return [*self._role(), {"reasoning_content": thought}] if thought else []
        return []

    def _arguments(self, block: "_Block", fragment: Any) -> list[JsonObject]:
        if not isinstance(fragment, str) or not fragment:
            return []
        block.has_arguments = True
        if block.is_answer:
            return [*self._role(), {"content": fragment}]
        if block.call is None:
            return []
        return [{"tool_calls": [{"index": block.call, "function": {"arguments": fragment}}]}]

    def _stop(self, index: int) -> list[JsonObject]:
        block = self._blocks.get(index)
        if block is None or block.stopped:
            return []
        block.stopped = True
        if (block.call is not None or block.is_answer) and not block.has_arguments:
            return self._arguments(block, "{}")
        detail = reasoning_detail("".join(block.thoughts), block.signature, b"".join(block.redacted), self._details)
        if detail is None:
            return []
        self._details += 1
        return [*self._role(), {"reasoning_details": [detail]}]

    def _chunks(self, deltas: list[JsonObject]) -> list[JsonObject]:
        self._said_something = self._said_something or any("role" not in delta for delta in deltas)
        return [
            {**self._envelope, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas
        ]


class _Block:
    """What is known of one content block."""

    __slots__ = ("call", "has_arguments", "hidden", "is_answer", "redacted", "signature", "stopped", "thoughts")

    def __init__(self, *, call: int | None = None, hidden: bool = False, is_answer: bool = False) -> None:
        self.call = call
        self.hidden = hidden
        self.is_answer = is_answer
        self.has_arguments = False
        self.stopped = False
        self.thoughts: list[str] = []
        self.signature = ""
        self.redacted: list[bytes] = []

    def think(self, delta: JsonObject) -> str:
        """Take a piece of reasoning, and return what of it can be read."""
        if isinstance(signature := delta.get("signature"), str):
            self.signature += signature
        redacted = delta.get("redactedContent")
        if isinstance(redacted, bytes):
            self.redacted.append(redacted)
        elif isinstance(redacted, str):
            self.redacted.append(base64.b64decode(redacted))
        text = delta.get("text")
        text = text if isinstance(text, str) else ""
        self.thoughts.append(text)
        return text
