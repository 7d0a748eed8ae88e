"""A conversation as Gemini's contents and system instruction."""

import json
import math
from collections.abc import Iterable
from typing import Any

from ownkey.adapters.protocols.conversation import (
    AudioPart,
    Conversation,
    FilePart,
    ImagePart,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
    Turn,
)
from ownkey.adapters.protocols.google_generate_content.families import Family
from ownkey.adapters.protocols.google_generate_content.media import goes_into_result, media_part
from ownkey.adapters.protocols.google_generate_content.signatures import (
    UNKNOWN,
    Signature,
    call_signature,
    signatures_of,
)
from ownkey.adapters.protocols.google_generate_content.tools import render_name
from ownkey.domain.chat import JsonObject

_NAME = "messages[].tool_calls[].function.name"


def render_contents(family: Family, conversation: Conversation) -> JsonObject:
    """Return the body's `contents` and, where there are instructions, `systemInstruction`.

    Raises:
        UnsupportedParameterError: a message holds what the model cannot be given.
    """
    contents = [
        {"role": "model", "parts": _model_parts(family, turn)}
        if turn.role == "assistant"
        else {"role": "user", "parts": _user_parts(family, turn)}
        for turn in conversation.turns
    ]
    system = [{"text": part.text} for part in conversation.system]
    if not system:
        return {"contents": contents}
    if family.has_system_instruction:
        return {"systemInstruction": {"parts": system}, "contents": contents}
    contents[0] = {"role": "user", "parts": [*system, *contents[0]["parts"]]}
    return {"contents": contents}


def _user_parts(family: Family, turn: Turn) -> list[JsonObject]:
    """Return the parts of a user's turn: results first, and what cannot stand inside one after all of them."""
    results: list[JsonObject] = []
    rest: list[JsonObject] = []
    for part in turn.parts:
        if isinstance(part, ToolResultPart):
            result, beside = _result(family, part)
            results.append(result)
            rest += beside
        elif isinstance(part, TextPart):
            rest.append({"text": part.text})
        elif isinstance(part, ImagePart | FilePart | AudioPart):
            rest.append(media_part(family, part))
    return [*results, *rest]


def _result(family: Family, result: ToolResultPart) -> tuple[JsonObject, list[JsonObject]]:
    response: JsonObject = {"name": render_name(result.name, param=_NAME), "response": _response(result)}
    if family.has_call_ids:
        response = {"id": result.call_id, **response}
    inside: list[JsonObject] = []
    beside: list[JsonObject] = []
    for part in result.content:
        if not isinstance(part, TextPart):
            fits = family.has_call_ids and goes_into_result(part)
            (inside if fits else beside).append(media_part(family, part))
    if inside:
        response["parts"] = inside
    return {"functionResponse": response}, beside


def _response(result: ToolResultPart) -> JsonObject:
    """Return the result as an object; a bare number or word stays the text it is."""
    try:
        value = json.loads(result.text, parse_constant=str, parse_float=_number)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict | list):
        value = result.text
    if result.is_error:
        return {"error": value}
    return value if isinstance(value, dict) else {"result": value}


def _number(text: str) -> float | str:
    value = float(text)
    return value if math.isfinite(value) else text


def _model_parts(family: Family, turn: Turn) -> list[JsonObject]:
    signatures = _signatures(family, turn.parts)
    thoughts = [
        {"text": kept.thought, "thought": True, "thoughtSignature": kept.data} for kept in signatures if kept.thought
    ]
    parts: list[JsonObject] = []
    for part in turn.parts:
        if isinstance(part, TextPart):
            parts.append({"text": part.text})
        elif isinstance(part, ImagePart | FilePart | AudioPart):
            parts.append(media_part(family, part))
    unattached = [kept.data for kept in signatures if not kept.thought and not kept.call_id]
    calls = _calls(family, turn.parts, {kept.call_id: kept.data for kept in signatures if kept.call_id})
    if unattached:
        if parts and "text" in parts[-1]:
            parts[-1]["thoughtSignature"] = unattached[-1]
        else:
            calls.append({"text": "", "thoughtSignature": unattached[-1]})
    return [*thoughts, *parts, *calls]


def _signatures(family: Family, parts: Iterable[Any]) -> list[Signature]:
    if not family.has_signatures:
        return []
    return [signature for part in parts if isinstance(part, ReasoningPart) for signature in signatures_of(part.details)]


def _calls(family: Family, parts: Iterable[Any], by_id: dict[str, str]) -> list[JsonObject]:
    """Return the calls of a turn, each with its own signature. Only the first of a set has to have one."""
    rendered: list[JsonObject] = []
    for part in parts:
        if not isinstance(part, ToolCallPart):
            continue
        call: JsonObject = {"name": render_name(part.name, param=_NAME), "args": part.arguments}
        if family.has_call_ids:
            call = {"id": part.id, **call}
        signature = call_signature(part.extras) or by_id.get(part.id, "")
        if family.requires_signatures and not signature and not rendered:
            signature = UNKNOWN
        signed = signature and family.has_signatures
        rendered.append({"functionCall": call, **({"thoughtSignature": signature} if signed else {})})
    return rendered
