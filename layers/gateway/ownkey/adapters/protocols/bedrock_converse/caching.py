"""How many cache points a request may hold."""

from collections.abc import Iterator
from typing import Any

from ownkey.domain.chat import JsonObject

MAX_CACHE_POINTS = 4


def limit_cache_points(body: JsonObject) -> None:
    """Leave the last four cache points of a request: more are refused, and the later ones cover what came before."""
    places = [
        (blocks, block)
        for blocks in _block_lists(body)
        for block in blocks
        if isinstance(block, dict) and "cachePoint" in block
    ]
    for blocks, block in places[: max(0, len(places) - MAX_CACHE_POINTS)]:
        blocks[:] = [kept for kept in blocks if kept is not block]


def _block_lists(body: JsonObject) -> Iterator[list[Any]]:
    """Yield the lists of blocks in the order in which the model reads them."""
    yield body.get("toolConfig", {}).get("tools", [])
    yield body.get("system", [])
    for message in body["messages"]:
        yield message["content"]
