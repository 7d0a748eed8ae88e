"""Prompt cache markers, of which Anthropic takes four a request."""

from typing import Any

from ownkey.domain.chat import JsonObject

MARKER_LIMIT = 4


def limit_markers(body: JsonObject) -> bool:
    """Take the earliest `cache_control` markers off a body until few enough are left; return whether any was taken."""
    blocks = [*_blocks(body.get("tools")), *_blocks(body.get("system"))]
    for message in body["messages"]:
        blocks += _blocks(message["content"])
    marked = [block for block in blocks if "cache_control" in block]
    surplus = marked[: max(0, len(marked) - MARKER_LIMIT)]
    for block in surplus:
        del block["cache_control"]
    return bool(surplus)


def _blocks(value: Any) -> list[JsonObject]:
    return value if isinstance(value, list) else []
