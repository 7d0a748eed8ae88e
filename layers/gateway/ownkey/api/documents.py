"""Public answers, which anybody may keep for a while."""

import hashlib
import json
from dataclasses import dataclass

from ownkey.api.proxy import HttpRequest, ProxyResponse
from ownkey.domain.chat import JsonObject

MAX_AGE_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Document:
    """A public JSON body, rendered, and the tag that changes with it."""

    text: str
    etag: str

    @classmethod
    def of(cls, body: JsonObject) -> "Document":
        """Return `body`, rendered."""
        text = json.dumps(body, separators=(",", ":"))
        return cls(text, f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"')


def document_response(document: Document, request: HttpRequest) -> ProxyResponse:
    """Return a public answer, without its body for a caller that has it already."""
    headers = {
        "Cache-Control": f"public, max-age={MAX_AGE_SECONDS}",
        "ETag": document.etag,
        "X-Content-Type-Options": "nosniff",
        "x-request-id": request.request_id,
    }
    if _holds(document, request.headers.get("if-none-match", "")):
        return {"statusCode": 304, "headers": headers, "body": ""}
    return {"statusCode": 200, "headers": {"Content-Type": "application/json", **headers}, "body": document.text}


def _holds(document: Document, if_none_match: str) -> bool:
    """Return whether `If-None-Match` names this document. A proxy that compressed it on the way calls its tag weak."""
    tags = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return document.etag in tags or "*" in tags
