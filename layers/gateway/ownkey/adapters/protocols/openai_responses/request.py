"""From a caller's chat completion to a Responses request."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ownkey.adapters.protocols import openai_chat
from ownkey.adapters.protocols.azure import azure_path
from ownkey.adapters.protocols.openai_responses.input_items import render_input
from ownkey.adapters.protocols.openai_responses.tools import (
    modern_tooling,
    render_text_format,
    render_tool_choice,
    render_tools,
)
from ownkey.adapters.protocols.wire import Rendered
from ownkey.adapters.spec import ProviderSpec
from ownkey.domain.chat import ChatRequest, JsonObject

MIN_OUTPUT_TOKENS = 16
"""The lowest limit that is not refused."""

_REASONS = re.compile(r"(?:ft:)?(?:o\d|codex|gpt-(?!35)(?:[5-9]|[1-9]\d)(?!(?:\.\d+)?-chat))")
"""Models that reason, and so can seal their reasoning; others refuse to be asked for it."""
_SAME = (
    *("temperature", "top_p", "top_logprobs", "parallel_tool_calls", "service_tier", "metadata"),
    *("user", "safety_identifier", "prompt_cache_key", "prompt_cache_retention"),
)
_REASONING_FIELDS = frozenset({"effort", "summary", "context", "mode"})


def render_request(
    spec: ProviderSpec, request: ChatRequest, *, upstream_model: str, credential_settings: Mapping[str, str]
) -> Rendered:
    """Return the provider's request, of which the provider is to keep nothing.

    Raises:
        UnsupportedParameterError: the provider cannot do what a field asks, and leaving it out would change the answer.
        InvalidParameterError: what is to be translated is malformed.
    """
    request = replace(request, body=modern_tooling(request.body))
    fitted = openai_chat.render_request(
        spec, request, upstream_model=upstream_model, credential_settings=credential_settings
    )
    chat = fitted.body
    body: JsonObject = {
        "model": chat["model"],
        "input": render_input(spec.slug, chat.get("messages") or []),
        "store": False,
        **{name: chat[name] for name in _SAME if chat.get(name) is not None},
    }
    if tools := chat.get("tools"):
        body["tools"] = render_tools(tools)
    if (choice := chat.get("tool_choice")) is not None:
        body["tool_choice"] = render_tool_choice(choice)
    limit = chat.get("max_completion_tokens") or chat.get("max_tokens")
    if limit is not None:
        body["max_output_tokens"] = max(limit, MIN_OUTPUT_TOKENS)
    body |= _found(
        text=_text(chat), reasoning=_reasoning(chat), include=_include(chat, {chat["model"], upstream_model})
    )
    if request.stream:
        body |= {"stream": True} | _found(stream_options=_stream_options(chat))
    url_path = azure_path(credential_settings, spec.chat_path) if spec.url_style == "azure" else spec.chat_path
    return Rendered(url_path, body, fitted.dropped)


def _found(**fields: Any) -> JsonObject:
    return {name: value for name, value in fields.items() if value}


def _text(chat: JsonObject) -> JsonObject:
    text: JsonObject = {}
    if isinstance(wanted := chat.get("response_format"), dict):
        text["format"] = render_text_format(wanted)
    if chat.get("verbosity"):
        text["verbosity"] = chat["verbosity"]
    return text


def _reasoning(chat: JsonObject) -> JsonObject:
    asked = chat.get("reasoning")
    asked = asked if isinstance(asked, dict) else {}
    reasoning = {name: value for name, value in asked.items() if name in _REASONING_FIELDS and value is not None}
    if chat.get("reasoning_effort"):
        reasoning["effort"] = chat["reasoning_effort"]
    if reasoning.get("effort", "none") != "none":
        reasoning.setdefault("summary", "auto")
    return reasoning


def _include(chat: JsonObject, model_names: set[str]) -> list[str]:
    include: list[str] = []
    if any(_REASONS.match(name) for name in model_names) or _reasoning(chat):
        include.append("reasoning.encrypted_content")
    if chat.get("logprobs"):
        include.append("message.output_text.logprobs")
    return include


def _stream_options(chat: JsonObject) -> JsonObject:
    options = chat.get("stream_options")
    wanted = options.get("include_obfuscation") if isinstance(options, dict) else None
    return {} if wanted is None else {"include_obfuscation": wanted}
