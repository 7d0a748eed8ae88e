"""Pages that an answer is grounded in, from `groundingMetadata`."""

from collections.abc import Iterator
from typing import Any

from ownkey.adapters.protocols.openai_chat.annotations import url_citation
from ownkey.domain.chat import JsonObject


def grounding_annotations(content: str, grounding: Any) -> list[JsonObject]:
    """Return an annotation for every page that supports a piece of `content`, an answer's whole text."""
    if not isinstance(grounding, dict):
        return []
    pages = [_page(chunk) for chunk in _items(grounding.get("groundingChunks"))]
    annotations: list[JsonObject] = []
    for support in _items(grounding.get("groundingSupports")):
        place = _place(content, support.get("segment")) if isinstance(support, dict) else None
        if place is not None:
            annotations += (url_citation(*page, *place) for page in _supporting(pages, support))
    return annotations


def _supporting(pages: list[tuple[str, str] | None], support: JsonObject) -> Iterator[tuple[str, str]]:
    for index in _items(support.get("groundingChunkIndices")):
        page = pages[index] if isinstance(index, int) and 0 <= index < len(pages) else None
        if page is not None:
            yield page


def _page(chunk: Any) -> tuple[str, str] | None:
    """Return URL and title of a source, of whichever kind it is; None when it is not on the web."""
    for source in chunk.values() if isinstance(chunk, dict) else ():
        url = source.get("uri") if isinstance(source, dict) else None
        if isinstance(url, str) and url.startswith(("https://", "http://")):
            title = source.get("title")
            return url, title if isinstance(title, str) else ""
    return None


def _place(content: str, segment: Any) -> tuple[int, int] | None:
    """Return where a segment of the content is, in characters; None when nobody can tell.

    Gemini counts bytes of UTF-8: of the whole text or of one part of it, which an answer need not say. The words of the
    segment decide.
    """
    if not isinstance(segment, dict):
        return None
    first, last, words = segment.get("startIndex", 0), segment.get("endIndex"), segment.get("text")
    words = words if isinstance(words, str) else ""
    if isinstance(first, int) and isinstance(last, int) and 0 <= first < last:
        data = content.encode("utf-8", "replace")
        said = data[first:last].decode("utf-8", "replace")
        if last <= len(data) and said == (words or said):
            start = len(data[:first].decode("utf-8", "replace"))
            return start, start + len(said)
    start = content.find(words) if words else -1
    return None if start < 0 else (start, start + len(words))


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
