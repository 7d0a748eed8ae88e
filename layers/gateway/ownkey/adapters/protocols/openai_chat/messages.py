"""The messages of a request, as one provider takes them."""

import json
from typing import Any

from ownkey.adapters.spec import ParameterRules, ProviderSpec
from ownkey.domain.chat import JsonObject
from ownkey.domain.errors import UnsupportedParameterError

_ECHOES = frozenset(
    {"reasoning", "reasoning_content", "reasoning_details", "provider_metadata", "annotations", "refusal", "audio"}
    | {"executed_tools", "images", "channel"}
)
"""Fields of answers that callers send back because they were there; leaving them out takes nothing from a request."""
_MARKS = frozenset({"cache_control", "extra_content"})
"""What other providers' models read, on messages, parts, calls and tools; strict hosts reject what they do not know."""
_LEADING_ROLES = ("system", "developer")
_SCHEMA_PROMPT = "Answer with one JSON object that is valid under this JSON schema, and with nothing else:\n"


def render_messages(spec: ProviderSpec, messages: list[Any], dropped: list[str]) -> list[Any]:
    """Return the messages for `spec`; names of what was left out go to `dropped`.

    Raises:
        UnsupportedParameterError: a message holds what the provider cannot take.
    """
    return [
        _render_message(spec, message, index, dropped) if isinstance(message, dict) else message
        for index, message in enumerate(messages)
    ]


def with_schema_prompt(messages: list[Any], schema: Any) -> list[Any]:
    """Return `messages` with a JSON schema asked for in words, after the system messages that lead."""
    place = 0
    while place < len(messages) and isinstance(messages[place], dict) and messages[place].get("role") in _LEADING_ROLES:
        place += 1
    prompt = {"role": "system", "content": f"{_SCHEMA_PROMPT}{json.dumps(schema)}"}
    return [*messages[:place], prompt, *messages[place:]]


def without_marks(rules: ParameterRules, items: list[Any]) -> list[Any]:
    """Return parts, calls or tools without the marks that the provider does not know."""
    return items if rules.cache_control else [_without_marks(item) for item in items]


def _render_message(spec: ProviderSpec, message: JsonObject, index: int, dropped: list[str]) -> JsonObject:
    rules = spec.parameters
    rendered = _known_fields(rules, message, dropped)
    if rendered.get("role") == "developer" and not rules.developer_role:
        rendered["role"] = "system"
    if isinstance(calls := rendered.get("tool_calls"), list):
        rendered["tool_calls"] = without_marks(rules, calls)
    if isinstance(content := rendered.get("content"), list):
        if rendered.get("role") == "tool" and not rules.images_in_tool_messages and not _is_text(content):
            raise UnsupportedParameterError(
                f"{spec.name} takes only text as the result of a tool. Send images in a user message.",
                param=f"messages[{index}].content",
            )
        rendered["content"] = _render_content(rules, content)
    return rendered


def _known_fields(rules: ParameterRules, message: JsonObject, dropped: list[str]) -> JsonObject:
    """Return the fields of a message that the provider knows, in its spelling."""
    known: JsonObject = {}
    (unmarked,) = without_marks(rules, [message])
    for name, value in unmarked.items():
        theirs = rules.message_fields_renamed.get(name, name)
        if theirs in rules.message_fields_dropped:
            if theirs not in _ECHOES and value is not None:
                dropped.append(f"messages[].{name}")
        elif value is not None or name == "content" or rules.null_message_fields:
            known.setdefault(theirs, value)
    return known


def _render_content(rules: ParameterRules, parts: list[Any]) -> list[Any] | str:
    if rules.text_content_as_string and _is_text(parts):
        return "\n".join(part["text"] for part in parts)
    return without_marks(rules, parts)


def _is_text(parts: list[Any]) -> bool:
    return all(
        isinstance(part, dict) and part.get("type") == "text" and isinstance(part.get("text"), str) for part in parts
    )


def _without_marks(item: Any) -> Any:
    if not isinstance(item, dict) or not _MARKS & item.keys():
        return item
    return {name: value for name, value in item.items() if name not in _MARKS}
