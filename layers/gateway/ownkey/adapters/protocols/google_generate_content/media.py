"""Images, documents and sound, as parts of a content."""

import mimetypes
from urllib.parse import urlsplit

from ownkey.adapters.protocols.conversation import AudioPart, FilePart, ImagePart
from ownkey.adapters.protocols.google_generate_content.families import Family
from ownkey.domain.chat import JsonObject
from ownkey.domain.errors import UnsupportedParameterError

_FILES_URL = "https://generativelanguage.googleapis.com/"
_VIDEO_HOSTS = frozenset({"www.youtube.com", "youtube.com", "m.youtube.com", "youtu.be"})
_INLINE_RESULTS = frozenset({"image/png", "image/jpeg", "image/webp", "application/pdf", "text/plain"})


def media_part(family: Family, part: ImagePart | FilePart | AudioPart) -> JsonObject:
    """Return the part that holds or names the media.

    Raises:
        UnsupportedParameterError: the model cannot be given it in this form.
    """
    if isinstance(part, AudioPart):
        return _inline(f"audio/{part.format or 'wav'}", part.data)
    if part.data:
        if not part.media_type:
            raise UnsupportedParameterError(
                "Google AI Studio needs to know what the data is. Send it as data:<media type>;base64,<data>.",
                param=part.param,
            )
        return _inline(part.media_type, part.data)
    return _linked(family, part)


def goes_into_result(part: ImagePart | FilePart) -> bool:
    """Return whether a tool's result may hold the media; other media stand after the results."""
    return bool(part.data) and part.media_type in _INLINE_RESULTS


def _inline(media_type: str, data: str) -> JsonObject:
    return {"inlineData": {"mimeType": media_type, "data": data}}


def _linked(family: Family, part: ImagePart | FilePart) -> JsonObject:
    url = part.url
    if isinstance(part, FilePart) and part.file_id:
        url = part.file_id if "://" in part.file_id else f"{_FILES_URL}v1beta/{part.file_id}"
    address = urlsplit(url)
    if url.startswith((_FILES_URL, "gs://")) or address.hostname in _VIDEO_HOSTS:
        media_type = part.media_type or mimetypes.guess_type(address.path)[0]
        return {"fileData": {**({"mimeType": media_type} if media_type else {}), "fileUri": url}}
    if address.scheme != "https" or family.generation < 2.5:
        raise UnsupportedParameterError(
            "This model cannot fetch from that address. Send the data itself as data:<media type>;base64,<data>.",
            param=part.param,
        )
    fallback = "image/jpeg" if isinstance(part, ImagePart) else "application/pdf"
    media_type = part.media_type or mimetypes.guess_type(address.path)[0] or fallback
    return {"fileData": {"mimeType": media_type, "fileUri": url}}
