"""A streamed answer, one event at a time, as chunks of a chat completion."""

import json
import time
from collections.abc import Callable
from typing import Any

from ownkey.adapters.classification import ErrorClassifier
from ownkey.adapters.protocols.openai_chat.answer import new_completion_id, whole_seconds
from ownkey.adapters.protocols.openai_chat.usage import parse_usage
from ownkey.adapters.protocols.openai_responses.answer import check_status
from ownkey.adapters.protocols.openai_responses.output import (
    finish_reason,
    message_extras,
    output_items,
    reported_error,
)
from ownkey.adapters.protocols.openai_responses.stream_items import StreamedItems
from ownkey.adapters.spec import ProviderSpec
from ownkey.domain.chat import JsonObject, Usage

_DONE = "[DONE]"
_ENDS = ("response.completed", "response.incomplete", "response.failed", "response.cancelled")


class StreamParser:
    """Turns the events of one answer into OpenAI's chunks.

    The chunk with the role waits for the first item: an error that comes before it is still an error of the whole
    request, which another provider may mend.
    """

    def __init__(
        self,
        spec: ProviderSpec,
        *,
        upstream_model: str = "",
        choices: int = 1,  # noqa: ARG002 - there is only ever one
        errors: ErrorClassifier | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.usage: Usage | None = None
        self.done = False
        """Whether the provider said that it is done."""
        self._spec = spec
        self._errors = errors or ErrorClassifier(spec=spec)
        self._upstream_model = upstream_model
        self._now = now
        self._identity: JsonObject = {}
        self._begun = False
        self._items = StreamedItems()
        self._response: JsonObject | None = None

    @property
    def complete(self) -> bool:
        """Whether the answer has ended as it should."""
        return self._response is not None

    def feed(self, data: str, *, event: str = "") -> list[JsonObject]:
        """Return the chunks that one event comes to; raises UpstreamError when it reports an error or is no event."""
        if self.done or data.strip() in ("", _DONE):
            return []
        try:
            payload = json.loads(data)
        except (ValueError, RecursionError):
            # Not chained: the exception holds the whole text.
            raise self._errors.failure("broke its answer off in the middle") from None
        if event and isinstance(payload, dict):
            payload.setdefault("type", event)
        return self.take(payload)

    def take(self, payload: Any) -> list[JsonObject]:
        """Return the chunks that one decoded event comes to."""
        if not isinstance(payload, dict):
            raise self._errors.failure("sent an event that is not a JSON object")
        kind = payload.get("type")
        if kind == "error" or (kind is None and payload.get("error")):
            raise reported_error(self._errors, payload.get("error") or {**payload, "type": None})
        response = payload.get("response")
        response = response if isinstance(response, dict) else {}
        if response and not self._identity:
            self._identify(response)
        if kind in _ENDS:
            return self._finish(response, kind)
        choices = self._items.take(payload)
        return [] if choices is None else self._chunks(choices)

    def end(self) -> list[JsonObject]:
        """Return the chunks that close the answer, after its last event.

        Raises:
            ProviderFailureError: it stopped before its end.
        """
        response = self._response
        if response is None:
            raise self._errors.failure("broke its answer off in the middle")
        choices = self._items.end()
        extras = message_extras(self._spec.slug, output_items(response) or self._items.output)
        if self._items.annotations:
            extras.setdefault("annotations", self._items.annotations)
        if extras:
            choices.append({"delta": extras})
        choices.append({"delta": {}, "finish_reason": finish_reason(response, calls_tools=bool(self._items.calls))})
        chunks = self._chunks(choices)
        if response.get("service_tier"):
            chunks[-1]["service_tier"] = response["service_tier"]
        return chunks

    def _finish(self, response: JsonObject, kind: str) -> list[JsonObject]:
        self.usage = parse_usage(response.get("usage")) or self.usage
        response = {**response, "status": response.get("status") or kind.removeprefix("response.")}
        check_status(response, self._errors)
        choices = self._items.take_output(output_items(response))
        self._response = response
        self.done = True
        return self._chunks(choices) if choices else []

    def _identify(self, response: JsonObject) -> None:
        self._identity = {
            "id": response.get("id") or new_completion_id(),
            "object": "chat.completion.chunk",
            "created": whole_seconds(response.get("created_at")) or int(self._now()),
            "model": response.get("model") or self._upstream_model,
        }

    def _chunks(self, choices: list[JsonObject]) -> list[JsonObject]:
        """Return one chunk a choice, after the one with the role when nothing has been said yet."""
        if not self._begun:
            self._begun = True
            choices = [{"delta": {"role": "assistant", "content": ""}}, *choices]
        if not self._identity:
            self._identify({})
        return [
            {**self._identity, "choices": [{"index": 0, "logprobs": None, "finish_reason": None, **choice}]}
            for choice in choices
        ]
