"""The chat body and its headers, checked where they enter."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from ownkey.api.byok import byok_options, refuse_credentials
from ownkey.api.provider_selection import parse_selection
from ownkey.api.search_request import parse_search_wish
from ownkey.domain.chat import ChatRequest, JsonObject
from ownkey.domain.errors import InvalidParameterError

OWN_FIELDS = ("byok", "provider", "webSearch", "linkup")
"""OwnKey's own fields of the body: they never travel upstream."""

MODEL_PATTERN = re.compile(r"[\x21-\x7e]{1,256}")
MAX_MESSAGES = 10_000


def parse_chat_request(body: JsonObject, headers: Mapping[str, str]) -> ChatRequest:
    """Return the validated request; raises InvalidParameterError with the JSON path of the first wrong field."""
    refuse_credentials(body)
    for field, check in _FIELD_CHECKS.items():
        if body.get(field) is not None:
            check(field, body[field])
    _check_model(body.get("model"))
    _check_messages(body.get("messages"))
    byok = byok_options(body.get("byok"), headers)
    stream_options = body.get("stream_options") or {}
    return ChatRequest(
        body={name: value for name, value in body.items() if name not in OWN_FIELDS},
        model=body["model"],
        stream=body.get("stream") is True,
        include_usage=stream_options.get("include_usage") is True,
        byok=byok,
        selection=parse_selection(body.get("provider"), headers, byok),
        team_id=headers.get("x-team-id") or None,
        search=parse_search_wish(body),
    )


def _check_model(model: Any) -> None:
    if not isinstance(model, str) or not MODEL_PATTERN.fullmatch(model):
        raise InvalidParameterError(
            "model must be a model's id: printable, without spaces, at most 256 characters.", param="model"
        )


def _check_messages(messages: Any) -> None:
    if not isinstance(messages, list) or not messages:
        raise InvalidParameterError("messages must be an array with at least one message.", param="messages")
    if len(messages) > MAX_MESSAGES:
        raise InvalidParameterError(f"messages holds more than {MAX_MESSAGES} messages.", param="messages")
    for index, message in enumerate(messages):
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            raise InvalidParameterError("Every message must be an object with a role.", param=f"messages[{index}].role")
        if not isinstance(message.get("content"), str | list | None):
            raise InvalidParameterError(
                "content must be a string, an array of parts or null.", param=f"messages[{index}].content"
            )


def _is(kind: type, words: str) -> Callable[[str, Any], None]:
    def check(field: str, value: Any) -> None:
        if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
            raise InvalidParameterError(f"{field} must be {words}.", param=field)

    return check


def _between(low: float, high: float, *, whole: bool = False) -> Callable[[str, Any], None]:
    def check(field: str, value: Any) -> None:
        number = isinstance(value, int) or (isinstance(value, float) and not whole)
        if isinstance(value, bool) or not number or not low <= value <= high:
            raise InvalidParameterError(
                f"{field} must be {'a whole number' if whole else 'a number'} from {low:g} to {high:g}.", param=field
            )

    return check


_COUNT = _between(1, 10_000_000, whole=True)
_FIELD_CHECKS: dict[str, Callable[[str, Any], None]] = {
    "stream": _is(bool, "true or false"),
    "stream_options": _is(dict, "an object"),
    "temperature": _between(0, 2),
    "top_p": _between(0, 1),
    "frequency_penalty": _between(-2, 2),
    "presence_penalty": _between(-2, 2),
    "n": _between(1, 128, whole=True),
    "max_tokens": _COUNT,
    "max_completion_tokens": _COUNT,
    "top_logprobs": _between(0, 20, whole=True),
    "tools": _is(list, "an array"),
    "parallel_tool_calls": _is(bool, "true or false"),
    "response_format": _is(dict, "an object"),
    "logit_bias": _is(dict, "an object"),
    "reasoning_effort": _is(str, "a string"),
    "service_tier": _is(str, "a string"),
    "verbosity": _is(str, "a string"),
    "user": _is(str, "a string"),
}
"""Fields whose wrong values every upstream would refuse, each in its own words."""
