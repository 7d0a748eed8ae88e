"""A streamed answer, one `GenerateContentResponse` at a time, as OpenAI's chunks."""

import json
import time
from collections.abc import Callable
from typing import Any

from ownkey.adapters.classification import ErrorClassifier
from ownkey.adapters.protocols.google_generate_content.candidate import Candidate, parse_logprobs
from ownkey.adapters.protocols.google_generate_content.finish_reasons import finish_reason
from ownkey.adapters.protocols.google_generate_content.usage import parse_usage
from ownkey.adapters.protocols.openai_chat.answer import new_completion_id
from ownkey.adapters.spec import ProviderSpec
from ownkey.domain.chat import JsonObject, Usage

_BLOCKED = "PROHIBITED_CONTENT"
"""The finish reason of an answer to a prompt that was blocked."""


class StreamParser:
    """Turns the events of one answer into OpenAI's chunks.

    Every choice begins with a chunk that holds the role, and its finish reason is held back until the end: Gemini may
    send it apart from what it finishes, and calls `STOP` what ends in tool calls. The usage seen last counts, and
    none is added up. The stream has no end mark; it is whole when every choice has its finish reason.
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
        """Always False: only the end of the connection says that nothing more comes."""
        self._errors = errors or ErrorClassifier(spec=spec)
        self._expected = choices
        self._candidates: dict[int, Candidate] = {}
        self._upstream_model = upstream_model
        self._now = now
        self._envelope: JsonObject = {}

    @property
    def complete(self) -> bool:
        """Whether every choice that was asked for has its finish reason."""
        candidates = self._candidates.values()
        return len(candidates) >= self._expected and all(candidate.reason for candidate in candidates)

    def feed(self, data: str, *, event: str = "") -> list[JsonObject]:
        """Return the chunks that one event comes to; raises UpstreamError when it reports an error or is no chunk."""
        if data.strip() in ("", "[DONE]"):
            return []
        try:
            payload = json.loads(data)
        except (ValueError, RecursionError):
            # Not chained: the exception holds the whole text.
            raise self._errors.failure("broke its answer off in the middle") from None
        if event == "error" and isinstance(payload, dict):
            payload.setdefault("error", payload.get("message") or True)
        return self.take(payload)

    def take(self, payload: Any) -> list[JsonObject]:
        """Return the chunks that one decoded response comes to, or a list of them."""
        if isinstance(payload, list):
            return [chunk for item in payload for chunk in self.take(item)]
        if not isinstance(payload, dict):
            raise self._errors.failure("sent a chunk that is not a JSON object")
        self._note_usage(payload.get("usageMetadata"))
        if payload.get("error"):
            if self.complete:
                return []
            raise self._errors.of_payload(payload)
        self._identify(payload)
        chunks: list[JsonObject] = []
        candidates = payload.get("candidates")
        for reported in candidates if isinstance(candidates, list) else ():
            if isinstance(reported, dict):
                chunks += self._candidate(reported)
        self._note_block(payload.get("promptFeedback"))
        return chunks

    def end(self) -> list[JsonObject]:
        """Return the chunks that close the answer, after its last event.

        Raises:
            ProviderFailureError: it stopped before its end, or there was nothing in it.
        """
        if not self.complete:
            raise self._errors.failure(
                "broke its answer off in the middle" if self._candidates else "sent an empty answer"
            )
        chunks: list[JsonObject] = []
        for index in sorted(self._candidates):
            candidate = self._candidates[index]
            reason = finish_reason(
                candidate.reason, has_content=candidate.has_content, calls_tools=bool(candidate.calls)
            )
            if reason is None:
                raise self._errors.failure(f"made a tool call or an answer that cannot be read ({candidate.reason})")
            if not candidate.begun:
                chunks.append(self._chunk(index, {"role": "assistant", "content": ""}))
            if annotations := candidate.annotations:
                chunks.append(self._chunk(index, {"annotations": annotations}))
            chunks.append(self._chunk(index, {}, finish_reason=reason))
        return chunks

    def assume_finished(self) -> None:
        """Take the answer as whole although a choice did not say how it ended."""
        for candidate in self._candidates.values():
            candidate.reason = candidate.reason or "FINISH_REASON_UNSPECIFIED"

    def _note_usage(self, reported: Any) -> None:
        usage = parse_usage(reported) if isinstance(reported, dict) else None
        if usage is not None and (self.usage is None or usage != Usage()):
            self.usage = usage

    def _note_block(self, feedback: Any) -> None:
        if not isinstance(feedback, dict) or not feedback.get("blockReason"):
            return
        for index in range(self._expected):
            candidate = self._candidates.setdefault(index, Candidate())
            candidate.reason = candidate.reason or _BLOCKED

    def _identify(self, payload: JsonObject) -> None:
        if not self._envelope:
            self._envelope = {
                "id": payload.get("responseId") or new_completion_id(),
                "object": "chat.completion.chunk",
                "created": int(self._now()),
                "model": payload.get("modelVersion") or self._upstream_model,
            }

    def _candidate(self, reported: JsonObject) -> list[JsonObject]:
        index = reported.get("index")
        index = index if isinstance(index, int) else 0
        candidate = self._candidates.setdefault(index, Candidate())
        deltas = candidate.take(reported)
        logprobs = parse_logprobs(reported.get("logprobsResult"))
        if logprobs and not deltas:
            deltas = [{"content": ""}]
        chunks: list[JsonObject] = []
        if deltas and not candidate.begun:
            candidate.begun = True
            first = {"role": "assistant", "content": "" if "content" in deltas[0] else None}
            chunks.append(self._chunk(index, first))
        chunks += (self._chunk(index, delta) for delta in deltas)
        if logprobs:
            chunks[-1]["choices"][0]["logprobs"] = logprobs
        return chunks

    def _chunk(self, index: int, delta: JsonObject, *, finish_reason: str | None = None) -> JsonObject:
        choice = {"index": index, "delta": delta, "finish_reason": finish_reason}
        return {**self._envelope, "choices": [choice]}
