"""Turns as Anthropic's messages."""

import base64
import re
from collections.abc import Iterable, Iterator
from typing import Any

from ownkey.adapters.protocols.anthropic_messages.reasoning import FORMAT
from ownkey.adapters.protocols.conversation import (
    AudioPart,
    FilePart,
    ImagePart,
    Part,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
    Turn,
)
from ownkey.adapters.protocols.tool_names import encode_tool_name
from ownkey.adapters.spec import ProviderSpec
from ownkey.domain.chat import JsonObject
from ownkey.domain.errors import UnsupportedParameterError

TOOL_NAME_LIMIT = 128

_IMAGE_TYPES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
_TEXT_TYPES = frozenset({"application/json", "application/xml", "application/yaml", "application/x-yaml"})
_BAD_ID_CHARACTER = re.compile(r"[^a-zA-Z0-9_-]")


def call_id(original: str) -> str:
    """Return an id that Anthropic takes for a tool call."""
    return _BAD_ID_CHARACTER.sub("_", original)


def render_text(parts: Iterable[TextPart]) -> str | list[JsonObject]:
    """Return text as Anthropic takes it, in its shortest form."""
    return _shortest([_text_block(part) for part in parts])


def render_turn(spec: ProviderSpec, turn: Turn, *, thinking_blocks: bool) -> JsonObject:
    """Return one message.

    Raises:
        UnsupportedParameterError: it holds what Anthropic cannot take.
    """
    blocks: list[JsonObject] = []
    for part in turn.parts:
        if isinstance(part, ReasoningPart):
            blocks += _thinking_blocks(spec, part) if thinking_blocks else ()
        elif turn.role != "user" and not isinstance(part, TextPart | ToolCallPart):
            raise _refusal("Send images and files in a user message.", part)
        else:
            blocks.append(_block(part))
    return {"role": turn.role, "content": _shortest(blocks)}


def _shortest(blocks: list[JsonObject]) -> str | list[JsonObject]:
    if len(blocks) == 1 and blocks[0].keys() == {"type", "text"}:
        return str(blocks[0]["text"])
    return blocks


def _block(part: Part) -> JsonObject:
    match part:
        case TextPart():
            return _text_block(part)
        case ImagePart():
            return _marked(_image_block(part), part.cache_control)
        case FilePart():
            return _marked(_document_block(part), part.cache_control)
        case ToolCallPart():
            name = encode_tool_name(part.name, limit=TOOL_NAME_LIMIT, param="messages[].tool_calls[].function.name")
            block = {"type": "tool_use", "id": part.id, "name": name, "input": part.arguments}
            return _marked(block, part.cache_control)
        case ToolResultPart():
            return _marked(_result_block(part), part.cache_control)
    raise _refusal("Claude cannot listen to audio. Send text, images or documents.", part)


def _text_block(part: TextPart) -> JsonObject:
    return _marked({"type": "text", "text": part.text}, part.cache_control)


def _result_block(part: ToolResultPart) -> JsonObject:
    block: JsonObject = {"type": "tool_result", "tool_use_id": part.call_id}
    # The marker of a part goes out once, on the whole result.
    content = _shortest([{n: v for n, v in _block(item).items() if n != "cache_control"} for item in part.content])
    if content:
        block["content"] = content
    if part.is_error:
        block["is_error"] = True
    return block


def _image_block(part: ImagePart) -> JsonObject:
    if part.url:
        if not part.url.lower().startswith(("https://", "http://")):
            raise _refusal("Send images as data URIs or https URLs.", part)
        return {"type": "image", "source": {"type": "url", "url": part.url}}
    if part.media_type not in _IMAGE_TYPES:
        raise _refusal("Claude sees JPEG, PNG, GIF and WebP images. Convert the image to one of them.", part)
    return {"type": "image", "source": {"type": "base64", "media_type": part.media_type, "data": part.data}}


def _document_block(part: FilePart) -> JsonObject:
    if part.media_type in _IMAGE_TYPES:
        return _image_block(ImagePart(media_type=part.media_type, data=part.data, url=part.url, param=part.param))
    block: JsonObject = {"type": "document", "source": _document_source(part)}
    if part.name:
        block["title"] = part.name
    return block


def _document_source(part: FilePart) -> JsonObject:
    if part.url:
        return {"type": "url", "url": part.url}
    if part.media_type == "application/pdf" and part.data:
        return {"type": "base64", "media_type": "application/pdf", "data": part.data}
    if part.data and (part.media_type.startswith("text/") or part.media_type in _TEXT_TYPES):
        text = base64.b64decode(part.data).decode("utf-8", "replace")
        return {"type": "text", "media_type": "text/plain", "data": text}
    raise _refusal("Claude reads PDF and plain text. Send the file as a data URI of one of them.", part)


def _thinking_blocks(spec: ProviderSpec, part: ReasoningPart) -> Iterator[JsonObject]:
    """Yield what Claude thought, as it signed it. What others thought it would refuse."""
    for detail in part.details:
        if detail.get("format", FORMAT) != FORMAT or detail.get("provider", spec.slug) != spec.slug:
            continue
        text, signature, data = detail.get("text"), detail.get("signature"), detail.get("data")
        if detail.get("type") == "reasoning.text" and isinstance(signature, str) and signature:
            yield {"type": "thinking", "thinking": text if isinstance(text, str) else "", "signature": signature}
        elif detail.get("type") == "reasoning.encrypted" and isinstance(data, str) and data:
            yield {"type": "redacted_thinking", "data": data}


def _marked(block: JsonObject, marker: JsonObject | None) -> JsonObject:
    return block | {"cache_control": marker} if marker else block


def _refusal(message: str, part: Any) -> UnsupportedParameterError:
    param = part.param if isinstance(part, TextPart | ImagePart | FilePart | AudioPart) else "messages"
    return UnsupportedParameterError(message, param=param)
