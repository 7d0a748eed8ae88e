"""From a caller's chat completion to the body that Gemini takes."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from ownkey.adapters.protocols.conversation import normalise, read_tooling
from ownkey.adapters.protocols.google_generate_content.contents import render_contents
from ownkey.adapters.protocols.google_generate_content.families import family_of
from ownkey.adapters.protocols.google_generate_content.generation import (
    READ,
    render_generation,
    render_response_format,
)
from ownkey.adapters.protocols.google_generate_content.tools import render_tools
from ownkey.adapters.protocols.wire import Rendered
from ownkey.adapters.spec import ProviderSpec
from ownkey.domain.chat import ChatRequest, JsonObject
from ownkey.domain.errors import UnsupportedParameterError

_UNARY, _STREAMED = ":generateContent", ":streamGenerateContent?alt=sse"
"""The end of the path. Without `alt=sse` a stream is one JSON array."""

_READ = READ | {
    *("model", "messages", "stream", "stream_options", "tools", "tool_choice", "functions", "function_call"),
    *("extra_body", "safety_settings", "safetySettings", "cached_content", "cachedContent"),
}
_REFUSED = frozenset({"audio", "web_search_options"})
_NEUTRAL: Mapping[str, Any] = {"parallel_tool_calls": True, "service_tier": "auto"}
"""Values that ask for what happens anyway."""


def render_request(
    spec: ProviderSpec, request: ChatRequest, *, upstream_model: str, credential_settings: Mapping[str, str]
) -> Rendered:
    """Return Gemini's request. Fields that Gemini does not have are left out and named.

    Raises:
        UnsupportedParameterError: Gemini cannot do what a field asks, and leaving it out would change the answer.
    """
    del credential_settings  # the key says all
    body = request.body
    family = family_of(upstream_model)
    dropped = _left_out(body)
    google = _google_options(body)
    tooling = read_tooling(body)
    has_tools = bool(tooling.tools) and not (tooling.choice and tooling.choice.mode == "none")
    settings, words = render_response_format(family, body.get("response_format"), has_tools=has_tools)
    messages = list(body.get("messages") or ())
    if words:
        messages.insert(_leading(messages), {"role": "system", "content": words})
        dropped.append("response_format")
    conversation = normalise(messages)
    generation = {**render_generation(family, body, google=google, dropped=dropped), **settings}
    rendered: JsonObject = {**render_contents(family, conversation), **render_tools(family, tooling)}
    if generation:
        rendered["generationConfig"] = generation
    for theirs, ours in (("safetySettings", "safety_settings"), ("cachedContent", "cached_content")):
        if value := body.get(theirs) or body.get(ours) or google.get(ours):
            rendered[theirs] = value
    url_path = spec.chat_path.replace("{model}", quote(family.model, safe=""))
    if request.stream:
        url_path = url_path.replace(_UNARY, _STREAMED)
    return Rendered(url_path, rendered, tuple(dict.fromkeys([*dropped, *conversation.dropped])))


def _left_out(body: Mapping[str, Any]) -> list[str]:
    """Return the fields that have no place in the request; raises UnsupportedParameterError."""
    asked = [
        name
        for name, value in sorted(body.items())
        if name not in _READ
        and value is not None
        and value not in ({}, [], "")
        and not (value is False and name not in _NEUTRAL)
        and value != _NEUTRAL.get(name)
    ]
    for name in asked:
        if name in _REFUSED:
            raise UnsupportedParameterError(
                f"Google AI Studio cannot do what {name} asks for here. Leave {name} out, or choose another provider.",
                param=name,
            )
    return asked


def _google_options(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what stands where Google's own OpenAI endpoint has its own options."""
    extra = body.get("extra_body")
    google = extra.get("google") if isinstance(extra, dict) else None
    return google if isinstance(google, dict) else {}


def _leading(messages: list[Any]) -> int:
    """Return how many system messages lead."""
    for index, message in enumerate(messages):
        if not isinstance(message, dict) or message.get("role") not in ("system", "developer"):
            return index
    return len(messages)
