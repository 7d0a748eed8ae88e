"""One answer, said in every wire format: whole, and as a stream that is cut wherever a test likes.

What is here is written after the formats' descriptions and shares no code with the gateway.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.support.adapter_transport import FakeResponse
from tests.support.bedrock import EVENT_STREAM, frames

JSON = {"content-type": "application/json"}
EVENTS = {"content-type": "text/event-stream"}
Cut = Callable[[str], Sequence[str]]
"""Cuts a text into the deltas that it is streamed in."""


@dataclass(frozen=True)
class Spoken:
    """What a model says."""

    text: str = "Hello"
    thoughts: str = ""
    calls: tuple[tuple[str, str], ...] = ()
    """Name and arguments (JSON) of each tool call."""
    cut_short: bool = False
    """The answer ended at the limit of tokens."""
    input_tokens: int = 9
    cached_tokens: int = 0
    output_tokens: int = 4
    reasoning_tokens: int = 0


def in_one(text: str) -> Sequence[str]:
    """Return a text uncut."""
    return (text,) if text else ()


def _calls(spoken: Spoken) -> list[tuple[str, str, str]]:
    return [(f"call_{place}", name, arguments) for place, (name, arguments) in enumerate(spoken.calls)]


def _sse(*payloads: Any, named: bool = False, ending: str = "\n") -> bytes:
    lines = []
    for payload in payloads:
        lines += [f"event: {payload['type']}"] if named else []
        lines += [f"data: {payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False)}", ""]
    return (ending.join(lines) + ending).encode()


class OpenAIChat:
    """OpenAI's chat completions."""

    content_type = EVENTS

    def whole(self, spoken: Spoken) -> Any:
        message: dict[str, Any] = {"role": "assistant", "content": spoken.text or None}
        if spoken.thoughts:
            message["reasoning_content"] = spoken.thoughts
        if spoken.calls:
            message["tool_calls"] = [
                {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}
                for call_id, name, arguments in _calls(spoken)
            ]
        choice = {"index": 0, "message": message, "finish_reason": self._finish(spoken)}
        return {**self._head("chat.completion"), "choices": [choice], "usage": self._usage(spoken)}

    def stream(self, spoken: Spoken, cut: Cut = in_one, ending: str = "\n") -> bytes:
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
        deltas += [{"reasoning_content": piece} for piece in cut(spoken.thoughts)]
        deltas += [{"content": piece} for piece in cut(spoken.text)]
        for index, (call_id, name, arguments) in enumerate(_calls(spoken)):
            begun = {"index": index, "id": call_id, "type": "function", "function": {"name": name, "arguments": ""}}
            pieces = [{"index": index, "function": {"arguments": piece}} for piece in cut(arguments)]
            deltas += [{"tool_calls": [entry]} for entry in (begun, *pieces)]
        return _sse(
            *(self._chunk(delta) for delta in deltas),
            self._chunk({}, self._finish(spoken)),
            {**self._head("chat.completion.chunk"), "choices": [], "usage": self._usage(spoken)},
            "[DONE]",
            ending=ending,
        )

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": "chatcmpl-1", "object": kind, "created": 1700000000, "model": "m-2026"}

    def _chunk(self, delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return {**self._head("chat.completion.chunk"), "choices": [choice]}

    def _finish(self, spoken: Spoken) -> str:
        return "length" if spoken.cut_short else "tool_calls" if spoken.calls else "stop"

    def _usage(self, spoken: Spoken) -> dict[str, Any]:
        return {
            "prompt_tokens": spoken.input_tokens,
            "completion_tokens": spoken.output_tokens,
            "total_tokens": spoken.input_tokens + spoken.output_tokens,
            "prompt_tokens_details": {"cached_tokens": spoken.cached_tokens},
            "completion_tokens_details": {"reasoning_tokens": spoken.reasoning_tokens},
        }

    def error(self, status: int, said: str) -> Any:
        return {"error": {"message": said, "type": "error", "code": None, "param": None}}


class AnthropicMessages:
    """Anthropic's messages."""

    content_type = EVENTS

    def whole(self, spoken: Spoken) -> Any:
        return self._message(self._blocks(spoken), self._stop(spoken), self._usage(spoken))

    def stream(self, spoken: Spoken, cut: Cut = in_one, ending: str = "\n") -> bytes:
        usage = self._usage(spoken)
        events: list[dict[str, Any]] = [
            {"type": "message_start", "message": self._message([], None, {**usage, "output_tokens": 1})},
            {"type": "ping"},
        ]
        for index, block in enumerate(self._blocks(spoken)):
            events += self._block(index, block, cut)
        output = {name: usage[name] for name in ("output_tokens", "output_tokens_details")}
        events += [
            {"type": "message_delta", "delta": {"stop_reason": self._stop(spoken)}, "usage": output},
            {"type": "message_stop"},
        ]
        return _sse(*events, named=True, ending=ending)

    def _message(self, content: list[Any], stop: str | None, usage: dict[str, Any]) -> dict[str, Any]:
        head = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m-2026"}
        return {**head, "content": content, "stop_reason": stop, "usage": usage}

    def _blocks(self, spoken: Spoken) -> list[dict[str, Any]]:
        blocks: list[dict[str, Any]] = []
        if spoken.thoughts:
            blocks.append({"type": "thinking", "thinking": spoken.thoughts, "signature": "c2lnbmVk"})
        if spoken.text:
            blocks.append({"type": "text", "text": spoken.text})
        for call_id, name, arguments in _calls(spoken):
            blocks.append({"type": "tool_use", "id": call_id, "name": name, "input": json.loads(arguments)})
        return blocks

    def _block(self, index: int, block: dict[str, Any], cut: Cut) -> list[dict[str, Any]]:
        kind = block["type"]
        empty: dict[str, Any] = {"input": {}}
        if kind == "thinking":
            empty = {"thinking": "", "signature": ""}
            deltas: list[dict[str, Any]] = [
                {"type": "thinking_delta", "thinking": piece} for piece in cut(block["thinking"])
            ]
            deltas.append({"type": "signature_delta", "signature": block["signature"]})
        elif kind == "text":
            empty = {"text": ""}
            deltas = [{"type": "text_delta", "text": piece} for piece in cut(block["text"])]
        else:
            said = json.dumps(block["input"], ensure_ascii=False) if block["input"] else ""
            deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in ("", *cut(said))]
        return [
            {"type": "content_block_start", "index": index, "content_block": {**block, **empty}},
            *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
            {"type": "content_block_stop", "index": index},
        ]

    def _stop(self, spoken: Spoken) -> str:
        return "max_tokens" if spoken.cut_short else "tool_use" if spoken.calls else "end_turn"

    def _usage(self, spoken: Spoken) -> dict[str, Any]:
        return {
            "input_tokens": spoken.input_tokens - spoken.cached_tokens,
            "cache_read_input_tokens": spoken.cached_tokens,
            "cache_creation_input_tokens": 0,
            "output_tokens": spoken.output_tokens,
            "output_tokens_details": {"thinking_tokens": spoken.reasoning_tokens},
        }

    def error(self, status: int, said: str) -> Any:
        kinds = {400: "invalid_request_error", 401: "authentication_error", 429: "rate_limit_error"}
        return {"type": "error", "error": {"type": kinds.get(status, "api_error"), "message": said}}


class OpenAIResponses:
    """OpenAI's responses."""

    content_type = EVENTS

    def whole(self, spoken: Spoken) -> Any:
        return self._response(spoken, self._items(spoken))

    def stream(self, spoken: Spoken, cut: Cut = in_one, ending: str = "\n") -> bytes:
        begun = {**self._response(spoken, []), "status": "in_progress", "usage": None}
        events: list[dict[str, Any]] = [{"type": "response.created", "response": begun}]
        for index, item in enumerate(self._items(spoken)):
            events += self._item(index, item, cut)
        last = "response.incomplete" if spoken.cut_short else "response.completed"
        events.append({"type": last, "response": self.whole(spoken)})
        return _sse(*events, named=True, ending=ending)

    def _response(self, spoken: Spoken, output: list[Any]) -> dict[str, Any]:
        return {
            "id": "resp_1",
            "object": "response",
            "created_at": 1700000000,
            "model": "m-2026",
            "status": "incomplete" if spoken.cut_short else "completed",
            "incomplete_details": {"reason": "max_output_tokens"} if spoken.cut_short else None,
            "output": output,
            "usage": {
                "input_tokens": spoken.input_tokens,
                "input_tokens_details": {"cached_tokens": spoken.cached_tokens},
                "output_tokens": spoken.output_tokens,
                "output_tokens_details": {"reasoning_tokens": spoken.reasoning_tokens},
                "total_tokens": spoken.input_tokens + spoken.output_tokens,
            },
        }

    def _items(self, spoken: Spoken) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        if spoken.thoughts:
            summary = [{"type": "summary_text", "text": spoken.thoughts}]
            items.append({"type": "reasoning", "id": "rs_1", "summary": summary, "encrypted_content": "c2VhbGVk"})
        if spoken.text:
            content = [{"type": "output_text", "text": spoken.text, "annotations": []}]
            items.append({"type": "message", "id": "m_1", "role": "assistant", "content": content})
        for call_id, name, arguments in _calls(spoken):
            call = {"type": "function_call", "id": f"fc_{call_id}", "call_id": call_id, "name": name}
            items.append({**call, "arguments": arguments})
        return items

    def _item(self, index: int, item: dict[str, Any], cut: Cut) -> list[dict[str, Any]]:
        place = {"output_index": index, "item_id": item["id"]}
        empty: dict[str, Any]
        if item["type"] == "reasoning":
            kind, text, empty = "response.reasoning_summary_text.delta", item["summary"][0]["text"], {"summary": []}
            place["summary_index"] = 0
        elif item["type"] == "message":
            kind, text, empty = "response.output_text.delta", item["content"][0]["text"], {"content": []}
            place["content_index"] = 0
        else:
            kind, text, empty = "response.function_call_arguments.delta", item["arguments"], {"arguments": ""}
        return [
            {"type": "response.output_item.added", "output_index": index, "item": {**item, **empty}},
            *({"type": kind, **place, "delta": piece} for piece in cut(text)),
            {"type": "response.output_item.done", "output_index": index, "item": item},
        ]

    def error(self, status: int, said: str) -> Any:
        return {"error": {"message": said, "type": "error", "code": None, "param": None}}


class BedrockConverse:
    """Bedrock's Converse and ConverseStream."""

    content_type = EVENT_STREAM

    def whole(self, spoken: Spoken) -> Any:
        blocks: list[dict[str, Any]] = []
        if spoken.thoughts:
            thought = {"text": spoken.thoughts, "signature": "c2lnbmVk"}
            blocks.append({"reasoningContent": {"reasoningText": thought}})
        if spoken.text:
            blocks.append({"text": spoken.text})
        for call_id, name, arguments in _calls(spoken):
            blocks.append({"toolUse": {"toolUseId": call_id, "name": name, "input": json.loads(arguments)}})
        return {
            "output": {"message": {"role": "assistant", "content": blocks}},
            "stopReason": self._stop(spoken),
            "usage": self._usage(spoken),
            "metrics": {"latencyMs": 1},
        }

    def stream(self, spoken: Spoken, cut: Cut = in_one, ending: str = "\n") -> bytes:
        del ending  # its messages are binary
        events: list[dict[str, Any]] = [{"messageStart": {"role": "assistant"}}]
        for index, block in enumerate(self.whole(spoken)["output"]["message"]["content"]):
            events += self._block(index, block, cut)
        events += [
            {"messageStop": {"stopReason": self._stop(spoken)}},
            {"metadata": {"usage": self._usage(spoken), "metrics": {"latencyMs": 1}}},
        ]
        return b"".join(frames(*events))

    def _block(self, index: int, block: dict[str, Any], cut: Cut) -> list[dict[str, Any]]:
        place = {"contentBlockIndex": index}
        begun: list[dict[str, Any]] = []
        if "text" in block:
            deltas: list[dict[str, Any]] = [{"text": piece} for piece in cut(block["text"])]
        elif "reasoningContent" in block:
            thought = block["reasoningContent"]["reasoningText"]
            deltas = [{"reasoningContent": {"text": piece}} for piece in cut(thought["text"])]
            deltas.append({"reasoningContent": {"signature": thought["signature"]}})
        else:
            use = block["toolUse"]
            start = {"toolUse": {"toolUseId": use["toolUseId"], "name": use["name"]}}
            begun = [{"contentBlockStart": {"start": start, **place}}]
            said = json.dumps(use["input"], ensure_ascii=False) if use["input"] else ""
            deltas = [{"toolUse": {"input": piece}} for piece in cut(said)]
        return [
            *begun,
            *({"contentBlockDelta": {"delta": delta, **place}} for delta in deltas),
            {"contentBlockStop": place},
        ]

    def _stop(self, spoken: Spoken) -> str:
        return "max_tokens" if spoken.cut_short else "tool_use" if spoken.calls else "end_turn"

    def _usage(self, spoken: Spoken) -> dict[str, Any]:
        return {
            "inputTokens": spoken.input_tokens - spoken.cached_tokens,
            "cacheReadInputTokens": spoken.cached_tokens,
            "outputTokens": spoken.output_tokens,
            "totalTokens": spoken.input_tokens + spoken.output_tokens,
        }

    def error(self, status: int, said: str) -> Any:
        kinds = {400: "ValidationException", 401: "UnrecognizedClientException", 429: "ThrottlingException"}
        return {"__type": kinds.get(status, "InternalServerException"), "message": said}


class GoogleGenerateContent:
    """Google's generateContent."""

    content_type = EVENTS

    def whole(self, spoken: Spoken) -> Any:
        return self._answer(self._parts(spoken), self._finish(spoken), spoken)

    def stream(self, spoken: Spoken, cut: Cut = in_one, ending: str = "\n") -> bytes:
        answers = []
        for part in self._parts(spoken):
            # A call comes whole.
            pieces = [{**part, "text": piece} for piece in cut(part["text"])] if "text" in part else [part]
            answers += [self._answer([piece], None, spoken) for piece in pieces]
        return _sse(*answers, self._answer([{"text": ""}], self._finish(spoken), spoken), ending=ending)

    def _parts(self, spoken: Spoken) -> list[dict[str, Any]]:
        parts: list[dict[str, Any]] = []
        if spoken.thoughts:
            parts.append({"text": spoken.thoughts, "thought": True})
        if spoken.text:
            parts.append({"text": spoken.text})
        for call_id, name, arguments in _calls(spoken):
            parts.append({"functionCall": {"id": call_id, "name": name, "args": json.loads(arguments)}})
        return parts

    def _answer(self, parts: list[Any], finish: str | None, spoken: Spoken) -> dict[str, Any]:
        candidate: dict[str, Any] = {"index": 0, "content": {"role": "model", "parts": parts}}
        if finish:
            candidate["finishReason"] = finish
        usage = {
            "promptTokenCount": spoken.input_tokens,
            "cachedContentTokenCount": spoken.cached_tokens,
            "candidatesTokenCount": spoken.output_tokens - spoken.reasoning_tokens,
            "thoughtsTokenCount": spoken.reasoning_tokens,
            "totalTokenCount": spoken.input_tokens + spoken.output_tokens,
        }
        return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "m-2026", "responseId": "r_1"}

    def _finish(self, spoken: Spoken) -> str:
        return "MAX_TOKENS" if spoken.cut_short else "STOP"

    def error(self, status: int, said: str) -> Any:
        if status == 401:  # a bad key is a 400 there
            reason = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
            return {"error": {"code": 400, "message": said, "status": "INVALID_ARGUMENT", "details": [reason]}}
        kinds = {400: "INVALID_ARGUMENT", 429: "RESOURCE_EXHAUSTED"}
        return {"error": {"code": status, "message": said, "status": kinds.get(status, "INTERNAL")}}


WIRES: dict[str, Any] = {
    "openai_chat": OpenAIChat(),
    "anthropic_messages": AnthropicMessages(),
    "openai_responses": OpenAIResponses(),
    "bedrock_converse": BedrockConverse(),
    "google_generate_content": GoogleGenerateContent(),
}
"""By the name of the protocol: a row whose protocol is not here fails the matrix."""


def whole_response(wire: Any, spoken: Spoken) -> FakeResponse:
    """Return a whole answer."""
    return FakeResponse(200, json.dumps(wire.whole(spoken)).encode(), JSON)


def stream_response(wire: Any, body: bytes, pieces: int | None = None) -> FakeResponse:
    """Return a stream, cut into pieces of so many bytes."""
    size = pieces or len(body)
    return FakeResponse(200, [body[start : start + size] for start in range(0, len(body), size)], wire.content_type)


def error_response(wire: Any, status: int, said: str, **headers: str) -> FakeResponse:
    """Return a refusal or failure; Google's answer to a bad key is a 400."""
    body = wire.error(status, said)
    sent = 400 if isinstance(wire, GoogleGenerateContent) and status == 401 else status
    kind = {"x-amzn-errortype": body["__type"]} if "__type" in body else {}
    return FakeResponse(sent, json.dumps(body).encode(), {**JSON, **kind, **headers})
