"""A streamed answer, one event at a time, normalised."""

import json
import time
from collections.abc import Callable
from typing import Any

from ownkey.adapters.classification import ErrorClassifier
from ownkey.adapters.protocols.openai_chat.answer import (
    explains_itself,
    move_reasoning,
    new_completion_id,
    text_of,
    whole_seconds,
)
from ownkey.adapters.protocols.openai_chat.finish_reasons import ERROR, finish_reason
from ownkey.adapters.protocols.openai_chat.tool_calls import ToolCalls
from ownkey.adapters.protocols.openai_chat.usage import usage_of
from ownkey.adapters.protocols.written_numbers import WrittenFloat
from ownkey.adapters.spec import ProviderSpec
from ownkey.domain.chat import JsonObject, Usage

DONE = "[DONE]"

_PER_CHUNK = ("choices", "usage", "x_groq", "prompt_filter_results", "error")
"""Fields of a chunk that callers get in another form, or not at all."""
_PER_DELTA = frozenset({"index", "delta", "message", "finish_reason", "logprobs"})


class StreamParser:
    """Turns the events of one answer into OpenAI's chunks.

    Every choice begins with a chunk that holds the role, and its finish reason is held back until the end: providers
    repeat it, send text after it, or call a tool and say `stop`. The usage seen last counts, and none is added up.
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
        self.usage: Usage | None = None
        self.done = False
        """Whether the provider said that it is done."""
        self._spec = spec
        self._errors = errors or ErrorClassifier(spec=spec)
        self._expected = choices
        self._choices: dict[int, _Choice] = {}
        self._identity: JsonObject = {"id": "", "created": 0, "model": "", "object": "chat.completion.chunk"}
        self._upstream_model = upstream_model
        self._now = now

    @property
    def complete(self) -> bool:
        """Whether every choice that was asked for has its finish reason."""
        return len(self._choices) >= self._expected and all(choice.reason for choice in self._choices.values())

    def feed(self, data: str, *, event: str = "") -> list[JsonObject]:
        """Return the chunks that one event comes to; raises UpstreamError when it reports an error or is no chunk."""
        if self.done or data.strip() in ("", DONE):
            self.done = self.done or bool(data.strip())
            return []
        try:
            payload = json.loads(data, parse_float=WrittenFloat if self._spec.cost_field else None)
        except (ValueError, RecursionError):
            # Not chained: the exception holds the whole text.
            raise self._errors.failure("broke its answer off in the middle") from None
        if event == "error" and isinstance(payload, dict):
            payload.setdefault("error", payload.get("message") or True)
        return self.take(payload)

    def take(self, payload: Any) -> list[JsonObject]:
        """Return the chunks that one decoded event comes to."""
        if not isinstance(payload, dict):
            raise self._errors.failure("sent a chunk that is not a JSON object")
        self._note_usage(payload)
        self._check_error(payload)
        choices = payload.get("choices")
        if not isinstance(choices, list) or not choices:
            return []
        envelope = self._envelope(payload)
        return [
            {**envelope, "choices": [part]}
            for choice in choices
            if isinstance(choice, dict)
            for part in self._parts(choice, envelope)
        ]

    def end(self) -> list[JsonObject]:
        """Return the chunks that close the answer, after its last event.

        Raises:
            ProviderFailureError: it stopped before its end, or there was nothing in it.
        """
        if not self.done and not self.complete:
            raise self._errors.failure("broke its answer off in the middle")
        if not self._choices:
            raise self._errors.failure("sent an empty answer")
        chunks: list[JsonObject] = []
        for index in sorted(self._choices):
            choice = self._choices[index]
            parts: list[JsonObject] = [
                {"index": index, "delta": {"tool_calls": [entry]}, "finish_reason": None}
                for entry in choice.tool_calls.end()
            ]
            reason = finish_reason(choice.reason, self._spec.finish_reasons, calls_tools=bool(choice.tool_calls))
            parts.append({**choice.extras, "index": index, "delta": {}, "finish_reason": reason})
            chunks += ({**choice.envelope, "choices": [part]} for part in parts)
        return chunks

    def _note_usage(self, payload: JsonObject) -> None:
        reported = payload.get("usage")
        if not reported and isinstance(groq := payload.get("x_groq"), dict):
            reported = groq.get("usage")
        usage = usage_of(self._spec, reported) if reported else None
        if usage is not None and (self.usage is None or usage != Usage()):
            self.usage = usage

    def _check_error(self, payload: JsonObject) -> None:
        groq = payload.get("x_groq")
        in_groq = isinstance(groq, dict) and groq.get("error")
        if (payload.get("error") or in_groq or explains_itself(payload)) and not self.complete:
            raise self._errors.of_payload(groq if in_groq else payload)

    def _envelope(self, payload: JsonObject) -> JsonObject:
        """Return the chunk's own fields, with the id, time and model that the first chunk of the answer had."""
        identity = self._identity
        if not identity["id"]:
            identity["id"] = payload.get("id") or new_completion_id()
            identity["created"] = whole_seconds(payload.get("created")) or int(self._now())
            identity["model"] = payload.get("model") or self._upstream_model
        envelope = {**payload, **identity}
        for name in _PER_CHUNK:
            envelope.pop(name, None)
        return envelope

    def _parts(self, reported: JsonObject, envelope: JsonObject) -> list[JsonObject]:
        index = reported.get("index")
        index = index if isinstance(index, int) else 0
        delta = reported.get("delta") or reported.get("message")
        delta = delta if isinstance(delta, dict) else {}
        parts: list[JsonObject] = []
        choice = self._choices.get(index)
        if choice is None:
            choice = self._choices[index] = _Choice(envelope)
            first = {"role": "assistant", "content": _first_content(delta)}
            parts.append({"index": index, "delta": first, "finish_reason": None})
        calls = delta.pop("tool_calls", None)
        _clean(delta)
        if delta or reported.get("logprobs"):
            parts.append({**reported, "index": index, "delta": delta, "finish_reason": None})
        if calls:
            parts += (
                {"index": index, "delta": {"tool_calls": [entry]}, "finish_reason": None}
                for entry in choice.tool_calls.take(calls)
            )
        if reported.get("finish_reason") and not choice.reason:
            self._finish(choice, reported, envelope)
        return parts

    def _finish(self, choice: "_Choice", reported: JsonObject, envelope: JsonObject) -> None:
        reason = reported["finish_reason"]
        if finish_reason(reason, self._spec.finish_reasons, calls_tools=False) == ERROR:
            if reported.get("error"):
                raise self._errors.of_payload(reported)
            raise self._errors.failure("broke off its answer")
        choice.reason = reason
        choice.envelope = envelope
        choice.extras = {name: value for name, value in reported.items() if name not in _PER_DELTA}


class _Choice:
    """What is known of one choice so far."""

    __slots__ = ("envelope", "extras", "reason", "tool_calls")

    def __init__(self, envelope: JsonObject) -> None:
        self.envelope = envelope
        self.extras: JsonObject = {}
        self.reason: Any = None
        self.tool_calls = ToolCalls()


def _first_content(delta: JsonObject) -> str | None:
    """Return "", or None for a provider that says from the start that a tool is called instead of text written."""
    unsaid = delta.get("content") is None and ("content" in delta or "tool_calls" in delta)
    return None if unsaid else ""


def _clean(delta: JsonObject) -> None:
    """Leave in a delta only what it adds."""
    delta.pop("role", None)
    if "reasoning" in delta or "reasoning_content" in delta:
        move_reasoning(delta)
    if isinstance(delta.get("content"), list):
        delta["content"] = text_of(delta["content"])
    for name in [name for name, value in delta.items() if value is None or value in ("", [])]:
        del delta[name]
