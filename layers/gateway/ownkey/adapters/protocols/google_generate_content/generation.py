"""What a request says about how the answer is made, as Gemini's generation settings."""

import json
from collections.abc import Mapping
from typing import Any

from ownkey.adapters.protocols.google_generate_content.families import Family
from ownkey.adapters.protocols.google_generate_content.schemas import json_schema, openapi_schema
from ownkey.adapters.protocols.google_generate_content.thinking import thinking_config
from ownkey.domain.chat import JsonObject
from ownkey.domain.errors import InvalidParameterError, UnsupportedParameterError

MAX_CHOICES = 8
MAX_STOPS = 5

_NUMBERS: Mapping[str, str] = {
    "temperature": "temperature",
    "top_p": "topP",
    "top_k": "topK",
    "seed": "seed",
    "max_tokens": "maxOutputTokens",
    "max_completion_tokens": "maxOutputTokens",
}
"""Ours -> theirs; of two for one, the later one counts."""
_PENALTIES: Mapping[str, str] = {"presence_penalty": "presencePenalty", "frequency_penalty": "frequencyPenalty"}

READ = frozenset(
    {*_NUMBERS, *_PENALTIES, "stop", "n", "logprobs", "top_logprobs", "modalities", "reasoning_effort"}
    | {"response_format"}
)
"""The fields of a request that are read here."""


def render_generation(
    family: Family, body: Mapping[str, Any], *, google: Mapping[str, Any], dropped: list[str]
) -> JsonObject:
    """Return the `generationConfig`; names of what was left out go to `dropped`. The response format is apart.

    Args:
        family: the model's.
        body: the caller's request.
        google: what the caller wrote for Google alone.
        dropped: takes the names.

    Raises:
        UnsupportedParameterError: the model cannot do what a field asks.
    """
    config: JsonObject = {theirs: body[name] for name, theirs in _NUMBERS.items() if body.get(name) is not None}
    penalties = {theirs: body[name] for name, theirs in _PENALTIES.items() if body.get(name)}
    if family.has_penalties:
        config |= penalties
    else:
        dropped += [name for name, theirs in _PENALTIES.items() if theirs in penalties]
    settings = {
        "stopSequences": _stops(body.get("stop")),
        "candidateCount": _choices(body.get("n")),
        **_logprobs(body),
        "responseModalities": _modalities(body.get("modalities")),
        "thinkingConfig": _thinking(family, body.get("reasoning_effort"), google, dropped),
    }
    return config | {name: value for name, value in settings.items() if value}


def render_response_format(family: Family, wanted: Any, *, has_tools: bool) -> tuple[JsonObject, str]:
    """Return the settings for a `response_format`, and the words that ask for it where settings cannot.

    Raises:
        UnsupportedParameterError: nobody here knows the format.
    """
    kind = wanted.get("type") if isinstance(wanted, dict) else None
    if wanted is None or kind == "text":
        return {}, ""
    if kind not in ("json_object", "json_schema"):
        raise UnsupportedParameterError(
            "Google AI Studio answers in text, json_object or json_schema. Choose one of them.",
            param="response_format",
        )
    described = wanted.get("json_schema")
    schema = described.get("schema") if isinstance(described, dict) else None
    schema = schema if isinstance(schema, dict) else None
    if not family.has_json_mode or (has_tools and not family.has_json_mode_with_tools):
        return {}, _in_words(schema)
    settings: JsonObject = {"responseMimeType": "application/json"}
    if schema and family.reads_json_schema:
        settings["responseJsonSchema"] = json_schema(schema)
    elif schema:
        settings["responseSchema"] = openapi_schema(schema)
    return settings, ""


def _in_words(schema: JsonObject | None) -> str:
    if not schema:
        return "Answer with one JSON object and with nothing else."
    asked = "Answer with one JSON object that is valid under this JSON schema, and with nothing else:"
    return f"{asked}\n{json.dumps(schema)}"


def _stops(stop: Any) -> list[str]:
    stops = [stop] if isinstance(stop, str) else stop
    stops = [text for text in stops or () if isinstance(text, str) and text] if isinstance(stops, list) else []
    if len(stops) > MAX_STOPS:
        raise UnsupportedParameterError(f"Google AI Studio takes at most {MAX_STOPS} stop sequences.", param="stop")
    return stops


def _choices(n: Any) -> int | None:
    """Return the number of choices where it is more than one."""
    if n is None or n == 1:
        return None
    if not isinstance(n, int) or n < 1:
        raise InvalidParameterError("Send n as a whole number from 1 on.", param="n")
    if n > MAX_CHOICES:
        raise UnsupportedParameterError(
            f"Google AI Studio answers with at most {MAX_CHOICES} choices. Send n={MAX_CHOICES}, or more requests.",
            param="n",
        )
    return n


def _logprobs(body: Mapping[str, Any]) -> JsonObject:
    return {"responseLogprobs": True, "logprobs": body.get("top_logprobs")} if body.get("logprobs") else {}


def _modalities(modalities: Any) -> list[str]:
    wanted = [name for name in modalities if isinstance(name, str)] if isinstance(modalities, list) else []
    if not set(wanted) <= {"text", "image"}:
        raise UnsupportedParameterError(
            "Answers are carried as text and images only. Leave the other modalities out.", param="modalities"
        )
    return [name.upper() for name in wanted] if "image" in wanted else []


def _thinking(family: Family, effort: Any, google: Mapping[str, Any], dropped: list[str]) -> JsonObject | None:
    if isinstance(own := google.get("thinking_config"), dict):
        return own
    if not effort:
        return None
    config = thinking_config(family, effort) if isinstance(effort, str) else None
    if config is None and effort != "none":
        dropped.append("reasoning_effort")
    return config
