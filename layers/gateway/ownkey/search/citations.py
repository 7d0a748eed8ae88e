"""Which passages of an answer rest on which source: `[1]` in the text becomes an annotation. Pure."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Any

from ownkey.adapters.protocols.openai_chat.annotations import url_citation
from ownkey.domain.chat import JsonObject
from ownkey.domain.search import SearchResult

_MARKS = re.compile(r"(?:[\[【]\s*\d{1,3}(?:\s*,\s*\d{1,3})*\s*(?:†[^\[\]【】]*)?[\]】]\s?)+")
_NUMBER = re.compile(r"\d{1,3}")
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
_SENTENCE_END = re.compile(r"[.!?\u2026\u3002\uff01\uff1f][\"'\u201d\u2019)*_]*\s+|\n+")
_LEAD = re.compile(r"[\s,;:.]*(?:(?:[-*#>]+|\d+\.)\s+)?")


def citations_in(text: str, sources: Sequence[SearchResult]) -> list[JsonObject]:
    """Return an annotation for each source that a passage of `text` cites.

    A passage is the sentence that the mark stands in, or what of it follows the mark before, up to the mark's end.
    Marks inside code, and numbers that no source has, cite nothing.
    """
    code = [found.span() for found in _CODE.finditer(text)]
    code_starts = [start for start, _ in code]
    found: list[JsonObject] = []
    begin = 0
    for mark in _MARKS.finditer(text):
        before = bisect_right(code_starts, mark.start())
        if before and mark.start() < code[before - 1][1]:
            continue
        numbers = dict.fromkeys(int(number) for number in _NUMBER.findall(_without_notes(mark.group())))
        cited = [sources[number - 1] for number in numbers if 0 < number <= len(sources)]
        end = mark.start() + len(mark.group().rstrip())
        start = _passage_start(text, begin, mark.start())
        found.extend(url_citation(source.url, source.title, start, end) for source in cited)
        begin = mark.end()
    return found


def cite_completion(body: JsonObject, sources: Sequence[SearchResult]) -> None:
    """Add annotations to the messages of a whole completion."""
    for choice in body["choices"]:
        message = choice.get("message")
        if isinstance(message, dict) and isinstance(message.get("content"), str):
            _annotate(message, message["content"], sources)


def cite_chunks(chunks: Iterator[JsonObject], sources: Sequence[SearchResult]) -> Iterator[JsonObject]:
    """Yield the chunks of a stream; the last delta of each choice carries the annotations of all its text."""
    texts: dict[int, list[str]] = {}
    for chunk in chunks:
        for choice in chunk["choices"]:
            said = texts.setdefault(choice.get("index", 0), [])
            delta = choice.get("delta")
            if isinstance(delta, dict) and isinstance(delta.get("content"), str):
                said.append(delta["content"])
            if choice.get("finish_reason"):
                choice["delta"] = delta if isinstance(delta, dict) else {}
                _annotate(choice["delta"], "".join(said), sources)
        yield chunk


def _annotate(holder: dict[str, Any], text: str, sources: Sequence[SearchResult]) -> None:
    if annotations := citations_in(text, sources):
        holder["annotations"] = [*(holder.get("annotations") or ()), *annotations]


def _passage_start(text: str, begin: int, mark: int) -> int:
    """Return where the passage before a mark starts, not before `begin`."""
    start = begin
    # The end of a sentence right before the mark is the cited sentence's own: "It rained. [1]".
    said = begin + len(text[begin:mark].rstrip())
    for end in _SENTENCE_END.finditer(text, begin, said):
        start = end.end()
    lead = _LEAD.match(text, start)
    return min(mark, lead.end()) if lead else start


def _without_notes(mark: str) -> str:
    """Return a mark without what some models write behind a number, as in 【1†L3】."""
    return re.sub(r"†[^\[\]【】]*", "", mark)
