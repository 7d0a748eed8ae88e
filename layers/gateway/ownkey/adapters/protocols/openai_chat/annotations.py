"""What an answer's text rests on, in OpenAI's form."""

from ownkey.domain.chat import JsonObject


def url_citation(url: str, title: str, start: int, end: int) -> JsonObject:
    """Return the annotation that says which page the characters from `start` up to `end` of the content rest on."""
    citation = {"url": url, "title": title, "start_index": start, "end_index": end}
    return {"type": "url_citation", "url_citation": citation}
