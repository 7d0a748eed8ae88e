"""Parts of chat messages as parts of input items."""

from typing import Any

from ownkey.domain.chat import JsonObject
from ownkey.domain.errors import InvalidParameterError, UnsupportedParameterError


def render_parts(content: Any, path: str) -> list[JsonObject]:
    """Return what a user, the system or a tool says as input parts. `path` is the content's JSON path.

    Raises:
        InvalidParameterError: a part is malformed; UnsupportedParameterError: its type cannot be carried.
    """
    if isinstance(content, str):
        return [{"type": "input_text", "text": content}]
    parts = content if isinstance(content, list) else []
    return [_render_part(part, f"{path}[{index}]") for index, part in enumerate(parts)]


def render_tool_output(content: Any, path: str) -> str | list[JsonObject]:
    """Return what a tool answered: as text where it is one, as input parts where it holds more."""
    if content is None or isinstance(content, str):
        return content or ""
    parts = render_parts(content, path)
    if all(part["type"] == "input_text" for part in parts) and len(parts) <= 1:
        return "".join(part["text"] for part in parts)
    return parts


def assistant_text(content: Any, path: str) -> tuple[str, str]:
    """Return what the model said and what it refused to say in an earlier message."""
    if isinstance(content, str):
        return content, ""
    said: list[str] = []
    refused: list[str] = []
    for index, part in enumerate(content if isinstance(content, list) else ()):
        kind = part.get("type") if isinstance(part, dict) else None
        if kind not in ("text", "refusal"):
            raise _unsupported(kind, f"{path}[{index}]")
        (said if kind == "text" else refused).append(_text(part, kind, f"{path}[{index}]"))
    return "".join(said), "".join(refused)


def _render_part(part: Any, path: str) -> JsonObject:
    kind = part.get("type") if isinstance(part, dict) else None
    match kind:
        case "text":
            return {"type": "input_text", "text": _text(part, "text", path)}
        case "image_url":
            return _render_image(part.get("image_url"), f"{path}.image_url")
        case "file":
            return _render_file(part.get("file"), f"{path}.file")
    raise _unsupported(kind, path)


def _render_image(image: Any, path: str) -> JsonObject:
    described = image if isinstance(image, dict) else {"url": image}
    url = described.get("url")
    if not isinstance(url, str) or not url:
        raise InvalidParameterError("Send the image as an https URL or a data URI in image_url.url.", param=path)
    return {"type": "input_image", "image_url": url, "detail": described.get("detail") or "auto"}


def _render_file(file: Any, path: str) -> JsonObject:
    described = file if isinstance(file, dict) else {}
    found = {name: described[name] for name in ("file_id", "file_data", "file_url") if described.get(name)}
    if not found or not all(isinstance(value, str) for value in found.values()):
        raise InvalidParameterError("Send the file as a data URI in file.file_data, or name file.file_id.", param=path)
    if found.get("file_data", "").startswith(("https://", "http://")):
        found["file_url"] = found.pop("file_data")
    if "file_data" in found:
        # Without a name, data is refused.
        name = described.get("filename")
        found["filename"] = name if isinstance(name, str) and name else _default_name(found["file_data"])
    return {"type": "input_file", **found}


def _default_name(data: str) -> str:
    return "document.pdf" if data.startswith("data:application/pdf") else "document"


def _text(part: JsonObject, name: str, path: str) -> str:
    text = part.get(name)
    if not isinstance(text, str):
        raise InvalidParameterError(f"Send the {name} of a {name} part as a string.", param=f"{path}.{name}")
    return text


def _unsupported(kind: Any, path: str) -> InvalidParameterError:
    if not isinstance(kind, str):
        return InvalidParameterError("Send every content part as an object with a type.", param=path)
    return UnsupportedParameterError(
        f"Content parts of type {kind[:64]!r} cannot be sent here. Leave the part out, or choose another provider.",
        param=path,
    )
