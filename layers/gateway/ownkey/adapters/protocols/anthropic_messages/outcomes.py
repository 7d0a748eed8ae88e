"""How an answer ends: in OpenAI's finish reasons, or in an error."""

from collections.abc import Mapping
from typing import Any

from ownkey.adapters.classification import ErrorClassifier
from ownkey.adapters.spec import ProviderSpec
from ownkey.domain.chat import JsonObject
from ownkey.domain.errors import UpstreamError

_REASONS: Mapping[str, str] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "compaction": "length",
    "refusal": "content_filter",
}
"""`tool_use` is a stop until a tool of the caller's was called."""
_STATUSES: Mapping[str, int] = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
"""What an error type's status would have been, had the answer not begun before."""


def finish_reason(spec: ProviderSpec, stop_reason: Any, *, calls_tools: bool) -> str:
    """Return OpenAI's finish reason; "stop" for one that nobody knows."""
    reported = stop_reason if isinstance(stop_reason, str) else ""
    reason = spec.finish_reasons.get(reported) or _REASONS.get(reported, "stop")
    return "tool_calls" if calls_tools and reason == "stop" else reason


def refusal_text(stop_details: Any) -> str | None:
    """Return why Claude would not answer, if it says so."""
    explanation = stop_details.get("explanation") if isinstance(stop_details, dict) else None
    return explanation if isinstance(explanation, str) and explanation else None


def reported_error(payload: JsonObject, errors: ErrorClassifier) -> UpstreamError:
    """Return the error that a payload of type `error` reports."""
    error = payload.get("error")
    status = _STATUSES.get(str(error.get("type"))) if isinstance(error, dict) else None
    if isinstance(error, dict) and status is not None:
        payload = {**payload, "error": {"code": status, **error}}
    return errors.of_payload(payload)
