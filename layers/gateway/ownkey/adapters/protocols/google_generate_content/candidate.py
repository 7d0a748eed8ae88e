"""One candidate of an answer: from its parts to OpenAI's deltas."""

from collections.abc import Iterator
from typing import Any

from ownkey.adapters.protocols.google_generate_content.citations import grounding_annotations
from ownkey.adapters.protocols.google_generate_content.signatures import call_extras, signature_detail
from ownkey.adapters.protocols.openai_chat.tool_calls import arguments_text, new_call_id
from ownkey.adapters.protocols.tool_names import decode_tool_name
from ownkey.domain.chat import JsonObject


class Candidate:
    """What is known of one candidate so far. Parts that no OpenAI client knows (code run at Google's) are left out."""

    def __init__(self) -> None:
        self.reason = ""
        """Gemini's finish reason, "" until it came."""
        self.begun = False
        """Whether a chunk has been made of it."""
        self.has_content = False
        self.calls = 0
        """How many tool calls there were."""
        self._signatures = 0
        self._images = 0
        self._texts: list[str] = []
        self._grounding: JsonObject = {}

    @property
    def annotations(self) -> list[JsonObject]:
        """The pages that the text rests on, once it is whole."""
        return grounding_annotations("".join(self._texts), self._grounding)

    def take(self, reported: JsonObject) -> list[JsonObject]:
        """Return the deltas that one piece of the candidate comes to."""
        reason = reported.get("finishReason")
        if isinstance(reason, str) and reason:
            self.reason = self.reason or reason
        grounding = reported.get("groundingMetadata")
        if isinstance(grounding, dict) and grounding.get("groundingSupports"):
            self._grounding = grounding
        content = reported.get("content")
        parts = content.get("parts") if isinstance(content, dict) else None
        deltas: list[JsonObject] = []
        for part in parts if isinstance(parts, list) else ():
            if isinstance(part, dict):
                deltas += self._part(part)
        return deltas

    def _part(self, part: JsonObject) -> Iterator[JsonObject]:
        signature = part.get("thoughtSignature") or part.get("thought_signature")
        signature = signature if isinstance(signature, str) else ""
        text, call, blob = part.get("text"), part.get("functionCall"), part.get("inlineData")
        if isinstance(call, dict):
            yield from self._call(call, signature)
        elif isinstance(text, str):
            yield from self._text(text, signature, is_thought=part.get("thought") is True)
        elif isinstance(blob, dict) and part.get("thought") is not True:
            yield from self._image(blob)
            if signature:
                yield self._detail(signature)

    def _text(self, text: str, signature: str, *, is_thought: bool) -> Iterator[JsonObject]:
        if text:
            self.has_content = self.has_content or not is_thought
            if not is_thought:
                self._texts.append(text)
            yield {"reasoning_content" if is_thought else "content": text}
        if signature:
            yield self._detail(signature, thought=text if is_thought else "")

    def _call(self, call: JsonObject, signature: str) -> Iterator[JsonObject]:
        self.has_content = True
        call_id, name, arguments = call.get("id"), call.get("name"), call.get("args")
        start: JsonObject = {
            **(call_extras(signature) if signature else {}),
            "index": self.calls,
            "id": call_id if isinstance(call_id, str) and call_id else new_call_id(),
            "type": "function",
            "function": {"name": decode_tool_name(name) if isinstance(name, str) else "", "arguments": ""},
        }
        self.calls += 1
        yield {"tool_calls": [start]}
        text = arguments_text(arguments if isinstance(arguments, dict) else {})
        yield {"tool_calls": [{"index": start["index"], "function": {"arguments": text}}]}
        if signature:
            yield self._detail(signature, call_id=start["id"])

    def _image(self, blob: JsonObject) -> Iterator[JsonObject]:
        kind, data = blob.get("mimeType"), blob.get("data")
        if isinstance(kind, str) and kind.startswith("image/") and isinstance(data, str):
            self.has_content = True
            image = {"type": "image_url", "image_url": {"url": f"data:{kind};base64,{data}"}, "index": self._images}
            self._images += 1
            yield {"images": [image]}

    def _detail(self, signature: str, *, call_id: str = "", thought: str = "") -> JsonObject:
        detail = signature_detail(signature, index=self._signatures, call_id=call_id, thought=thought)
        self._signatures += 1
        return {"reasoning_details": [detail]}


def parse_logprobs(reported: Any) -> JsonObject | None:
    """Return a candidate's `logprobsResult` as OpenAI's `logprobs`, or None when there is none."""
    chosen = reported.get("chosenCandidates") if isinstance(reported, dict) else None
    if not isinstance(chosen, list) or not chosen:
        return None
    steps = reported.get("topCandidates")
    steps = steps if isinstance(steps, list) else []
    content = []
    for position, token in enumerate(chosen):
        step = steps[position] if position < len(steps) else None
        others = step.get("candidates") if isinstance(step, dict) else None
        tops = [_token(other) for other in others or () if isinstance(other, dict)]
        content.append({**_token(token if isinstance(token, dict) else {}), "top_logprobs": tops})
    return {"content": content, "refusal": None}


def _token(reported: JsonObject) -> JsonObject:
    text = str(reported.get("token", ""))
    return {"token": text, "logprob": reported.get("logProbability", 0.0), "bytes": list(text.encode())}
