"""Pages that Claude cites. It cites in the middle of its text: a text block is what its citations support."""

from collections.abc import Iterable
from typing import Any

from ownkey.adapters.protocols.openai_chat.annotations import url_citation
from ownkey.domain.chat import JsonObject


def block_annotations(citations: Any, start: int, text: str) -> list[JsonObject]:
    """Return the annotations of a text block that begins at character `start`. Only pages of the web have a URL."""
    found = [citation for citation in citations if isinstance(citation, dict)] if isinstance(citations, list) else []
    return [
        url_citation(url, title if isinstance(title := citation.get("title"), str) else "", start, start + len(text))
        for citation in found
        if citation.get("type") == "web_search_result_location" and isinstance(url := citation.get("url"), str) and url
    ]


def message_annotations(blocks: Iterable[JsonObject]) -> list[JsonObject]:
    """Return the annotations of a whole answer."""
    annotations: list[JsonObject] = []
    start = 0
    for block in blocks:
        text = block.get("text")
        if block.get("type") != "text" or not isinstance(text, str):
            continue
        annotations += block_annotations(block.get("citations"), start, text)
        start += len(text)
    return annotations
