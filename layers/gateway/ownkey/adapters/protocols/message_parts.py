"""What messages are made of, read from OpenAI's content parts."""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from ownkey.adapters.protocols.media import checked_base64, image_type, parse_data_uri, type_of_name
from ownkey.domain.chat import JsonObject
from ownkey.domain.errors import InvalidParameterError, UnsupportedParameterError


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPart:
    """Text that is not blank."""

    text: str
    cache_control: JsonObject | None = None
    """Anthropic's prompt cache marker, as the caller wrote it."""
    param: str = ""
    """The JSON path of the part, for errors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePart:
    """An image: base64 `data` of `media_type`, or a `url`."""

    media_type: str = ""
    """By the bytes themselves where they tell, else by the data URI. Empty for a URL."""
    data: str = ""
    """Valid base64 (standard alphabet, padded). Empty for a URL."""
    url: str = ""
    detail: str | None = None
    cache_control: JsonObject | None = None
    param: str = ""

    @property
    def content(self) -> bytes:
        """The decoded bytes; empty for a URL."""
        return base64.b64decode(self.data)


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePart:
    """A document: base64 `data` of `media_type`, a `url`, or the `file_id` of an upload."""

    media_type: str = ""
    """Lower case, without parameters. Empty when nothing tells."""
    data: str = ""
    url: str = ""
    file_id: str = ""
    name: str = ""
    cache_control: JsonObject | None = None
    param: str = ""

    @property
    def content(self) -> bytes:
        """The decoded bytes; empty for a URL or an upload."""
        return base64.b64decode(self.data)


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioPart:
    """Spoken input: base64 `data` in `format`, such as "wav" or "mp3"."""

    data: str
    format: str
    param: str = ""

    @property
    def content(self) -> bytes:
        """The decoded bytes."""
        return base64.b64decode(self.data)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCallPart:
    """A call that the model made earlier. Its id is unique in the conversation."""

    id: str
    name: str
    arguments: JsonObject
    extras: JsonObject
    """Fields of the call that are not OpenAI's, such as `extra_content`."""
    cache_control: JsonObject | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResultPart:
    """What a call came to. It stands in the turn right after the call's; nothing else has its id."""

    call_id: str
    name: str
    """The name of the tool that was called."""
    content: tuple["TextPart | ImagePart | FilePart", ...]
    """Empty when the tool said nothing."""
    is_error: bool = False
    cache_control: JsonObject | None = None

    @property
    def text(self) -> str:
        """All text of the result; "" when there is none."""
        return "\n".join(part.text for part in self.content if isinstance(part, TextPart))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasoningPart:
    """What the model thought before it answered, one part a message.

    Protocols send back only `details` that they made themselves, by `format`.
    """

    text: str
    """The readable text, from `reasoning_content` or `reasoning`."""
    details: tuple[JsonObject, ...]
    """The message's `reasoning_details`, as they came."""


ContentPart = TextPart | ImagePart | FilePart | AudioPart
Part = ContentPart | ToolCallPart | ToolResultPart | ReasoningPart


def read_content(message: Mapping[str, Any], path: str) -> Iterator[ContentPart]:
    """Yield the parts of a message's `content`, blank text left out. `path` is the message's JSON path.

    Raises:
        InvalidParameterError: a part is malformed; UnsupportedParameterError: its type is unknown.
    """
    content = message.get("content")
    path = f"{path}.content"
    marker = _marker(message)
    if isinstance(content, str):
        content = [{"type": "text", "text": content}]
        paths = [path]
    elif isinstance(content, list):
        paths = [f"{path}[{index}]" for index in range(len(content))]
    elif content is None:
        return
    else:
        raise InvalidParameterError("Send content as a string or as an array of parts.", param=path)
    for index, (part, part_path) in enumerate(zip(content, paths, strict=True)):
        read = _read_part(part, part_path, marker if index == len(content) - 1 else None)
        if read is not None:
            yield read


def parse_arguments(arguments: Any) -> JsonObject:
    """Return a call's arguments as an object. What is no JSON object comes as `{"_raw": …}`."""
    if isinstance(arguments, dict):
        return arguments
    if arguments is None or (isinstance(arguments, str) and not arguments.strip()):
        return {}
    try:
        parsed = json.loads(arguments, parse_constant=_refuse_constant)
    except (ValueError, TypeError, RecursionError):
        return {"_raw": arguments}
    return parsed if isinstance(parsed, dict) else {"_raw": arguments}


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(constant)


def _read_part(part: Any, path: str, marker: JsonObject | None) -> ContentPart | None:
    if isinstance(part, str):
        part = {"type": "text", "text": part}
    if not isinstance(part, dict):
        raise InvalidParameterError("Send every content part as an object with a type.", param=path)
    kind = part.get("type")
    marker = _marker(part) or marker
    match kind:
        case "text" | "refusal" | "input_text" | "output_text":
            text = part.get("refusal" if kind == "refusal" else "text")
            if not isinstance(text, str):
                raise InvalidParameterError("Send the text of a text part as a string.", param=path)
            return TextPart(text=text, cache_control=marker, param=path) if text.strip() else None
        case "image_url":
            return _read_image(part.get("image_url"), path, marker)
        case "file":
            return _read_file(part.get("file"), path, marker)
        case "input_audio":
            return _read_audio(part.get("input_audio"), path)
    raise UnsupportedParameterError(
        f"Content parts of type {str(kind)[:64]!r} cannot be sent to this provider. Leave the part out, or choose "
        "another provider.",
        param=path,
    )


def _read_image(image: Any, path: str, marker: JsonObject | None) -> ImagePart:
    param = f"{path}.image_url"
    url = image.get("url") if isinstance(image, dict) else image
    detail = image.get("detail") if isinstance(image, dict) else None
    detail = detail if isinstance(detail, str) else None
    if not isinstance(url, str) or not url.strip():
        raise InvalidParameterError("Send the image as a data URI or an https URL in image_url.url.", param=param)
    url = url.strip()
    if url[:5].lower() != "data:":
        return ImagePart(url=url, detail=detail, cache_control=marker, param=param)
    media_type, data = parse_data_uri(url, param=param)
    media_type = image_type(data) or ("image/jpeg" if media_type == "image/jpg" else media_type)
    return ImagePart(media_type=media_type, data=data, detail=detail, cache_control=marker, param=param)


def _read_file(file: Any, path: str, marker: JsonObject | None) -> FilePart:
    param = f"{path}.file"
    file = file if isinstance(file, dict) else {}
    name, data, url, file_id = (_text(file, field) for field in ("filename", "file_data", "file_url", "file_id"))
    if data.startswith(("https://", "http://")):
        data, url = "", data
    media_type = type_of_name(name or url)
    if data[:5].lower() == "data:":
        stated, data = parse_data_uri(data, param=param)
        media_type = media_type if media_type and stated in ("", "application/octet-stream") else stated
    elif data:
        data = checked_base64(data, param=param)
    if not (data or url or file_id):
        raise InvalidParameterError("Send the file as a data URI in file.file_data.", param=param)
    return FilePart(
        media_type=media_type, data=data, url=url, file_id=file_id, name=name, cache_control=marker, param=param
    )


def _read_audio(audio: Any, path: str) -> AudioPart:
    param = f"{path}.input_audio"
    audio = audio if isinstance(audio, dict) else {}
    return AudioPart(
        data=checked_base64(_text(audio, "data"), param=param), format=_text(audio, "format").lower(), param=param
    )


def _text(source: Mapping[str, Any], name: str) -> str:
    value = source.get(name)
    return value.strip() if isinstance(value, str) else ""


def _marker(source: Mapping[str, Any]) -> JsonObject | None:
    marker = source.get("cache_control")
    return marker if isinstance(marker, dict) and marker else None
