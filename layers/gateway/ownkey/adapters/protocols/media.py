"""Media inside of messages: data URIs, and base64 as providers take it."""

import base64
import binascii
from collections.abc import Mapping
from typing import NoReturn
from urllib.parse import unquote_to_bytes

from ownkey.domain.errors import InvalidParameterError

_MAGIC: Mapping[bytes, str] = {
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
}


_TYPES_OF_NAMES: Mapping[str, str] = {
    "csv": "text/csv",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "gif": "image/gif",
    "htm": "text/html",
    "html": "text/html",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "json": "application/json",
    "md": "text/markdown",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "pdf": "application/pdf",
    "png": "image/png",
    "txt": "text/plain",
    "wav": "audio/wav",
    "webp": "image/webp",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xml": "application/xml",
    "yaml": "application/yaml",
    "yml": "application/yaml",
}


def type_of_name(name: str) -> str:
    """Return the media type that a file name or URL ends in the extension of, "" for none that is known."""
    path = name.partition("?")[0].partition("#")[0]
    return _TYPES_OF_NAMES.get(path.rpartition(".")[2].lower(), "")


def parse_data_uri(uri: str, *, param: str) -> tuple[str, str]:
    """Return the media type and the base64 data of a `data:` URI.

    Raises:
        InvalidParameterError: it is no valid data URI.
    """
    header, comma, data = uri[5:].partition(",")
    if uri[:5].lower() != "data:" or not comma:
        _invalid(param)
    media_type, *parameters = (piece.strip().lower() for piece in header.split(";"))
    if "base64" not in parameters:
        return media_type or "text/plain", base64.b64encode(unquote_to_bytes(data)).decode()
    return media_type, checked_base64(data, param=param)


def checked_base64(data: str, *, param: str) -> str:
    """Return base64 in its standard form: no white space, standard alphabet, padded.

    Raises:
        InvalidParameterError: it is empty, or no base64.
    """
    data = "".join(data.split()).replace("-", "+").replace("_", "/").rstrip("=")
    data += "=" * (-len(data) % 4)
    try:
        decoded = binascii.a2b_base64(data, strict_mode=True)
    except ValueError:
        _invalid(param)
    if not decoded:
        _invalid(param)
    return data


def image_type(data: str) -> str:
    """Return the media type that the first bytes of base64 data show, "" when they show none that is known."""
    start = base64.b64decode(data[:24])
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "image/webp"
    return next((media_type for magic, media_type in _MAGIC.items() if start.startswith(magic)), "")


def _invalid(param: str) -> NoReturn:
    # Not chained: the exception could quote megabytes.
    raise InvalidParameterError("Send the data as base64 in a data URI: data:<media type>;base64,<data>.", param=param)
