"""The web console's files: what they are called, how long they may be kept, and what their page may do.

Files are addressed below the hash of them all, so that they can be kept for ever and never mix with those of another
version. The page itself is looked up on every visit.
"""

import base64
import gzip
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from ownkey.api.proxy import HttpRequest, ProxyResponse

CONTENT_TYPES: Mapping[str, str] = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}
"""What is served; a file of another kind stops the start."""

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
"""No inline code or style, nothing from elsewhere, no frame, and no text that becomes markup or code."""

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=(), clipboard-write=(self)",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""On every answer of the console."""

_IMMUTABLE = "public, max-age=31536000, immutable"
_COMPRESSED = {".css", ".html", ".js", ".svg", ".txt"}


@dataclass(frozen=True)
class StaticFile:
    """One file as it is served."""

    content: bytes
    suffix: str
    """Of its name, with the dot."""
    cache_control: str
    status: int = 200

    @cached_property
    def compressed(self) -> bytes | None:
        """The content by gzip, or None where that is of no use. Made when it is first asked for."""
        return gzip.compress(self.content, mtime=0) if self.suffix in _COMPRESSED else None

    @cached_property
    def etag(self) -> str:
        """A tag that changes with the content; weak, since it is the same for both encodings."""
        return f'W/"{hashlib.sha256(self.content).hexdigest()[:32]}"'


NOT_FOUND = StaticFile(b"There is no such file. Reload the page.\n", ".txt", "no-store", status=404)


@dataclass(frozen=True)
class StaticSite:
    """A page and its assets."""

    files: Mapping[str, bytes]
    """Path below the site's folder -> content."""
    sign_up: str
    """Who may make an account, for the page to offer it or not."""
    _pages: dict[str, StaticFile] = field(default_factory=dict)
    _assets: dict[str, StaticFile] = field(default_factory=dict)

    @classmethod
    def load(cls, folder: Path, *, sign_up: str) -> "StaticSite":
        """Return the site in a folder; raises ValueError when it holds a file of an unknown kind."""
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        if strange := [path.name for path in paths if path.suffix not in CONTENT_TYPES]:
            raise ValueError(f"{strange[0]} is of no kind that the console serves")
        return cls({path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}, sign_up)

    @cached_property
    def version(self) -> str:
        """The hash of all files and their names."""
        digest = hashlib.sha256()
        for name, content in self.files.items():
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
        return digest.hexdigest()[:16]

    def page(self, context: Mapping[str, Any]) -> StaticFile:
        """Return the page for a request whose `requestContext` this is."""
        prefix = link_prefix(context)
        if prefix not in self._pages:
            text = self.files["index.html"].decode()
            text = text.replace("{assets}", f"{prefix}assets/{self.version}").replace("{sign_up}", self.sign_up)
            self._pages[prefix] = StaticFile(text.encode(), ".html", "no-cache")
        return self._pages[prefix]

    def asset(self, version: str, name: str) -> StaticFile:
        """Return a file of this version, to be kept for ever."""
        if version != self.version or name not in self.files or name == "index.html":
            return NOT_FOUND
        if name not in self._assets:
            self._assets[name] = StaticFile(self.files[name], Path(name).suffix, _IMMUTABLE)
        return self._assets[name]


def link_prefix(context: Mapping[str, Any]) -> str:
    """Return what relative links begin with.

    Below API Gateway's own host every path begins with the stage, and the address may lack its last slash; elsewhere
    links are relative to the page.
    """
    if ".execute-api." in str(context.get("domainName") or ""):
        return f"/{context.get('stage')}/"
    return ""


def file_response(file: StaticFile, request: HttpRequest, context: object) -> ProxyResponse:
    """Return a file, compressed where the caller takes that, and without its body where the caller has it.

    The body is a stream of bytes; where the runtime cannot stream, it is base64.
    """
    headers = {
        **HEADERS,
        "Cache-Control": file.cache_control,
        "Content-Type": CONTENT_TYPES[file.suffix],
        "Vary": "Accept-Encoding",
        "x-request-id": request.request_id,
    }
    body = file.content
    if file.status == 200:
        headers["ETag"] = file.etag
        if file.etag in {tag.strip() for tag in request.headers.get("if-none-match", "").split(",")}:
            return _response(304, headers, b"", context)
    if file.compressed is not None and _takes_gzip(request.headers.get("accept-encoding", "")):
        headers["Content-Encoding"] = "gzip"
        body = file.compressed
    return _response(file.status, headers, body, context)


def _takes_gzip(accept_encoding: str) -> bool:
    for choice in accept_encoding.lower().split(","):
        name, _, parameters = choice.partition(";")
        if name.strip() in {"gzip", "*"}:
            return parameters.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


def _response(status: int, headers: Mapping[str, str], body: bytes, context: object) -> ProxyResponse:
    response = {"statusCode": status, "headers": dict(headers)}
    if getattr(context, "streams_responses", False):
        pieces: Iterator[bytes] = iter((body,) if body else ())
        return {**response, "body": pieces}
    return {**response, "body": base64.b64encode(body).decode(), "isBase64Encoded": True}
