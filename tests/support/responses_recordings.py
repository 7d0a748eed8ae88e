"""Recorded traffic in OpenAI's Responses format, read by code that shares nothing with the gateway's."""

import functools
import json
from typing import Any

from tests.support.adapter_folding import naive_events
from tests.support.adapter_recordings import FOLDER, is_streamed

PROVIDERS = ("openai-responses", "azure-responses")


@functools.cache
def responses_recordings() -> tuple[dict[str, Any], ...]:
    """Return every exchange."""
    return tuple(
        json.loads(path.read_text()) for provider in PROVIDERS for path in sorted((FOLDER / provider).glob("*.json"))
    )


def answers(*, streamed: bool) -> list[dict[str, Any]]:
    """Return the exchanges that went well."""
    return [
        recording
        for recording in responses_recordings()
        if recording["response"]["status"] == 200 and is_streamed(recording) == streamed
    ]


def refusals() -> list[dict[str, Any]]:
    """Return the exchanges that did not."""
    return [recording for recording in responses_recordings() if recording["response"]["status"] != 200]


def last_response(body: str) -> dict[str, Any] | None:
    """Return the response object that a stream ends with, None when it ends with an error."""
    ends = [event for event in naive_events(body) if event["type"] in ("response.completed", "response.incomplete")]
    return ends[-1]["response"] if ends else None


def said(output: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what an output says: text, refusal, reasoning, and calls as id, name and input."""
    parts = [part for item in output if item["type"] == "message" for part in item["content"]]
    thoughts = [part for item in output if item["type"] == "reasoning" for part in item["summary"]]
    calls = [item for item in output if item["type"] in ("function_call", "custom_tool_call")]
    return {
        "content": "".join(part.get("text", "") for part in parts),
        "refusal": "".join(part.get("refusal", "") for part in parts),
        "reasoning_content": "\n\n".join(part["text"] for part in thoughts if part["text"]),
        "calls": [(call["call_id"], call["name"], call.get("arguments") or call.get("input")) for call in calls],
    }
