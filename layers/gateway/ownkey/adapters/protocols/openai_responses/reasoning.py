"""Reasoning items: text for people, and sealed state that callers carry to the next request.

The model's thoughts come encrypted, and belong directly before the item that they led to. A chat message has no such
order, so every detail says which of the message's items it `precedes`: its text, or the call of that id.
"""

from typing import Any

from ownkey.domain.chat import JsonObject

FORMAT = "openai-responses-v1"
"""Marks details that this protocol made."""
MESSAGE = "message"
"""What details precede that belong to the text."""
FIRST = ""
"""What details precede that do not say: the message's first item."""

PART_BREAK = "\n\n"
"""Stands between the parts of reasoning text."""

CALLS = ("function_call", "custom_tool_call")


def reasoning_text(item: JsonObject) -> str:
    """Return what is readable of a reasoning item: its summary, and its content where a model shows it."""
    parts = [*_dicts(item.get("summary")), *_dicts(item.get("content"))]
    return PART_BREAK.join(text for part in parts if isinstance(text := part.get("text"), str) and text)


def reasoning_details(provider: str, output: list[JsonObject]) -> list[JsonObject]:
    """Return the sealed state in an answer, less what could not be sent back beside the item that it led to."""
    details: list[JsonObject] = []
    for position, item in enumerate(output):
        sealed = item.get("encrypted_content")
        led_to = _led_to(output[position + 1 :])
        if item.get("type") == "reasoning" and isinstance(sealed, str) and sealed and led_to:
            details.append(
                {
                    "type": "reasoning.encrypted",
                    "data": sealed,
                    "id": item.get("id"),
                    "format": FORMAT,
                    "index": len(details),
                    "provider": provider,
                    "precedes": led_to,
                }
            )
    return details


def reasoning_items(provider: str, details: Any) -> dict[str, list[JsonObject]]:
    """Return the reasoning items in a message's `reasoning_details`, by what they precede.

    Only `provider` itself can read what it has sealed, and only for the organisation that it sealed it for, so what
    does not name it is not sent back: aggregators' details have the same format.
    """
    items: dict[str, list[JsonObject]] = {}
    for detail in _dicts(details):
        sealed, led_to = detail.get("data"), detail.get("precedes")
        ours = detail.get("format") == FORMAT and detail.get("provider") == provider
        if not ours or not isinstance(sealed, str) or not sealed:
            continue
        led_to = led_to if isinstance(led_to, str) else FIRST
        item: JsonObject = {"type": "reasoning", "summary": [], "encrypted_content": sealed}
        # Named, an item must be followed by the very item that it led to. Calls have ids of their own that tell which;
        # messages go back without any, and would be refused.
        if led_to not in (MESSAGE, FIRST) and isinstance(detail.get("id"), str):
            item["id"] = detail["id"]
        items.setdefault(led_to, []).append(item)
    return items


def _led_to(following: list[JsonObject]) -> str | None:
    item: JsonObject = next((item for item in following if item.get("type") != "reasoning"), {})
    if item.get("type") == "message":
        return MESSAGE
    call_id = item.get("call_id")
    return call_id if item.get("type") in CALLS and isinstance(call_id, str) else None


def _dicts(value: Any) -> list[JsonObject]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
