"""Parts of messages as Converse's content blocks."""

import base64
import re
from collections.abc import Iterator

from ownkey.adapters.protocols.bedrock_converse.blocks import REASONING_FORMAT
from ownkey.adapters.protocols.bedrock_converse.models import Model
from ownkey.adapters.protocols.conversation import (
    AudioPart,
    ContentPart,
    FilePart,
    ImagePart,
    Part,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
    checked_base64,
)
from ownkey.adapters.protocols.tool_names import encode_tool_name
from ownkey.adapters.spec import ProviderSpec
from ownkey.domain.chat import JsonObject
from ownkey.domain.errors import UnsupportedParameterError

_IMAGE_FORMATS = {"image/png": "png", "image/jpeg": "jpeg", "image/gif": "gif", "image/webp": "webp"}
_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_DOCUMENT_FORMATS = {
    "application/pdf": "pdf",
    "text/csv": "csv",
    "application/msword": "doc",
    _WORD: "docx",
    "application/vnd.ms-excel": "xls",
    _SHEET: "xlsx",
    "text/html": "html",
    "text/plain": "txt",
    "text/markdown": "md",
}
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9 ()\[\]-]+")
_BUCKET = "s3://"
_EMPTY_RESULT = "(empty)"


class BlockWriter:
    """Writes the blocks of one request: names of documents are unique in it."""

    def __init__(self, spec: ProviderSpec, model: Model) -> None:
        self._spec = spec
        self._model = model
        self._document_names: set[str] = set()

    def write(self, part: Part) -> Iterator[JsonObject]:
        """Yield the blocks of a part; the last one may be a cache point.

        Raises:
            UnsupportedParameterError: the part cannot be carried.
        """
        match part:
            case ReasoningPart():
                yield from self._reasoning(part)
                return
            case ToolCallPart():
                tool_use = {
                    "toolUseId": part.id,
                    "name": tool_name(part.name, "messages[].tool_calls[].function.name"),
                    "input": part.arguments,
                }
                yield {"toolUse": tool_use}
            case ToolResultPart():
                yield {"toolResult": self._result(part)}
            case _:
                yield self._content(part)
        yield from self.cache_point(part.cache_control if not isinstance(part, AudioPart) else None)

    def cache_point(self, marker: JsonObject | None) -> Iterator[JsonObject]:
        """Yield the cache point for a marker, where the model knows any."""
        if marker and self._model.caches_prompts:
            ttl = marker.get("ttl")
            yield {"cachePoint": {"type": "default", **({"ttl": ttl} if ttl in ("5m", "1h") else {})}}

    def _content(self, part: ContentPart) -> JsonObject:
        match part:
            case TextPart():
                return {"text": part.text}
            case ImagePart():
                return {"image": self._image(part)}
            case FilePart() if part.media_type in _IMAGE_FORMATS and (part.data or part.url.startswith(_BUCKET)):
                image = ImagePart(media_type=part.media_type, data=part.data, url=part.url, param=part.param)
                return {"image": self._image(image)}
            case FilePart():
                return {"document": self._document(part)}
        raise self._refusal("takes no audio", "Leave the audio out", part.param)

    def _image(self, part: ImagePart) -> JsonObject:
        if part.url.startswith(_BUCKET):
            suffix = part.url.rpartition(".")[2].lower()
            kind = "jpeg" if suffix == "jpg" else suffix
            if kind in _IMAGE_FORMATS.values():
                return {"format": kind, "source": {"s3Location": {"uri": part.url}}}
        if part.url:
            raise self._refusal("takes no URLs of images", "Send the image as a data URI", part.param)
        kind = _IMAGE_FORMATS.get(part.media_type, "")
        if not kind:
            raise self._refusal("takes PNG, JPEG, GIF and WebP images only", "Convert the image", part.param)
        return {"format": kind, "source": {"bytes": part.content}}

    def _document(self, part: FilePart) -> JsonObject:
        kind = _DOCUMENT_FORMATS.get(part.media_type, part.name.rpartition(".")[2].lower())
        if kind not in _DOCUMENT_FORMATS.values():
            kinds = ", ".join(_DOCUMENT_FORMATS.values())
            raise self._refusal(f"takes documents of these kinds only: {kinds}", "Convert the file", part.param)
        if part.url.startswith(_BUCKET):
            source: JsonObject = {"s3Location": {"uri": part.url}}
        elif part.data:
            source = {"bytes": part.content}
        else:
            raise self._refusal("takes no URLs or ids of files", "Send the file as a data URI", part.param)
        return {"format": kind, "name": self._document_name(part.name), "source": source}

    def _document_name(self, given: str) -> str:
        stem = given.rpartition(".")[0] or given
        cleaned = " ".join(_NOT_IN_NAMES.sub(" ", stem).split())[:190] or "document"
        name, count = cleaned, 1
        while name in self._document_names:
            count += 1
            name = f"{cleaned} {count}"
        self._document_names.add(name)
        return name

    def _result(self, part: ToolResultPart) -> JsonObject:
        content = [self._content(piece) for piece in part.content]
        result: JsonObject = {"toolUseId": part.call_id, "content": content or [{"text": _EMPTY_RESULT}]}
        if self._model.takes_result_status:
            result["status"] = "error" if part.is_error else "success"
        return result

    def _reasoning(self, part: ReasoningPart) -> Iterator[JsonObject]:
        """Yield the thoughts that came from here, unaltered. A changed or foreign signature would be refused."""
        for detail in part.details:
            if detail.get("format") != REASONING_FORMAT or not self._model.is_claude:
                continue
            if isinstance(data := detail.get("data"), str) and data:
                redacted = base64.b64decode(checked_base64(data, param="messages[].reasoning_details"))
                yield {"reasoningContent": {"redactedContent": redacted}}
            text, signature = detail.get("text"), detail.get("signature")
            if isinstance(text, str) and isinstance(signature, str) and signature:
                yield {"reasoningContent": {"reasoningText": {"text": text, "signature": signature}}}

    def _refusal(self, fact: str, advice: str, param: str) -> UnsupportedParameterError:
        return UnsupportedParameterError(
            f"{self._spec.name} {fact}. {advice}, or choose another provider.", param=param
        )


def tool_name(name: str, param: str) -> str:
    """Return a name that Converse takes for a tool; `decode_tool_name` leads back."""
    return encode_tool_name(name, limit=64, param=param)
