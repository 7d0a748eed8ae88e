"""The one table from error classes to HTTP, in both of the API's error shapes."""

from dataclasses import dataclass

from ownkey.domain import errors as e
from ownkey.domain.chat import JsonObject

INTERNAL_MESSAGE = "Something failed on our side. Please try again; if it goes on, give the operator the request id."


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """How one error class looks over HTTP."""

    status: int
    type: str
    """OpenAI's error type."""
    code: str
    """OpenAI's error code on `/api/v1`."""
    management_code: str = "INTERNAL_ERROR"
    """The code on `/api/user` and `/api/teams`."""
    management_status: int | None = None
    """The status there, where it differs."""


def _invalid(code: str, status: int = 400) -> ErrorRow:
    return ErrorRow(status, "invalid_request_error", code, "INVALID_INPUT", 422)


def _forbidden(code: str) -> ErrorRow:
    return ErrorRow(403, "permission_denied_error", code, "FORBIDDEN")


def _limited(code: str) -> ErrorRow:
    return ErrorRow(429, "rate_limit_error", code, "RATE_LIMITED")


_UNAVAILABLE = ErrorRow(503, "service_unavailable", "service_unavailable", "UNAVAILABLE")
_UNAUTHORIZED = ErrorRow(401, "authentication_error", "invalid_api_key", "UNAUTHORIZED")

ROWS: dict[type[e.GatewayError], ErrorRow] = {
    e.InvalidJsonError: _invalid("invalid_json"),
    e.InvalidParameterError: _invalid("invalid_parameter_value"),
    e.UnsupportedParameterError: _invalid("unsupported_parameter"),
    e.MissingGatewayKeyError: ErrorRow(401, "authentication_error", "missing_api_key", "UNAUTHORIZED"),
    e.InvalidGatewayKeyError: _UNAUTHORIZED,
    e.ModelNotFoundError: _invalid("model_not_found", 404),
    e.UnknownProviderError: _invalid("byok_unknown_provider"),
    e.ProviderUnsupportedError: _invalid("byok_provider_unsupported"),
    e.ProviderKeyMissingError: _invalid("byok_key_missing"),
    e.ProviderKeyUnusableError: _invalid("byok_key_unusable"),
    e.OriginNotAllowedError: _forbidden("api_key_origin_not_allowed"),
    e.DailyRequestLimitError: _limited("daily_rpd_limit_exceeded"),
    e.DailySpendingLimitError: _limited("daily_usd_limit_exceeded"),
    e.TeamForbiddenError: _forbidden("team_forbidden"),
    e.TeamPausedError: _forbidden("team_paused"),
    e.TeamKeyRequiredError: _forbidden("team_key_required"),
    e.ModelNotAllowedError: _forbidden("model_not_allowed"),
    e.UsageLimitError: ErrorRow(402, "billing_error", "usage_limit_exceeded", "FORBIDDEN"),
    e.InsufficientBalanceError: ErrorRow(402, "billing_error", "insufficient_balance", "FORBIDDEN"),
    e.NotSignedInError: _UNAUTHORIZED,
    e.ForbiddenError: _forbidden("forbidden"),
    e.NotFoundError: ErrorRow(404, "not_found_error", "not_found", "NOT_FOUND"),
    e.ConflictError: ErrorRow(409, "invalid_request_error", "conflict", "CONFLICT"),
    e.InvalidInputError: _invalid("invalid_parameter_value"),
    e.SelfTargetError: ErrorRow(400, "invalid_request_error", "invalid_parameter_value", "INVALID_INPUT"),
    e.RateLimitedError: _limited("rate_limit_exceeded"),
    e.ProviderKeyRejectedError: ErrorRow(424, "invalid_request_error", "byok_key_rejected"),
    e.ProviderQuotaError: ErrorRow(402, "billing_error", "provider_insufficient_quota"),
    e.ProviderRateLimitedError: ErrorRow(429, "rate_limit_error", "provider_rate_limited"),
    e.ProviderRequestError: _invalid("provider_bad_request"),
    e.ProviderFailureError: ErrorRow(502, "api_error", "provider_error", "UNAVAILABLE"),
    e.ProviderTimeoutError: ErrorRow(504, "api_error", "provider_timeout", "UNAVAILABLE"),
    e.StoreUnavailableError: _UNAVAILABLE,
    e.VaultUnavailableError: _UNAVAILABLE,
    e.MisconfiguredError: _UNAVAILABLE,
}
"""Every concrete error class, and nothing else: a test walks the tree."""

REFUSALS: dict[e.RefusalKind, tuple[int, str]] = {
    "bad_request": (400, "provider_bad_request"),
    "not_found": (404, "provider_not_found"),
    "too_large": (413, "provider_request_too_large"),
    "unprocessable": (422, "provider_unprocessable"),
}
"""Status and code of the ways in which a provider refuses a request."""

PROMPT_TOO_LONG = "context_length_exceeded"
"""OpenAI's code for a prompt that does not fit, whatever the status: clients shorten the conversation on it."""

UNEXPECTED = _UNAVAILABLE
"""An exception that nobody foresaw is our fault: 503, and never a word of it to the caller."""

RETRY_AFTER_OUR_FAULT_SECONDS = 2


@dataclass(frozen=True, slots=True)
class ErrorAnswer:
    """A status, a JSON body and headers."""

    status: int
    body: JsonObject
    headers: dict[str, str]


def row_of(error: Exception) -> ErrorRow:
    """Return how `error` looks over HTTP."""
    row = ROWS.get(type(error), UNEXPECTED) if isinstance(error, e.GatewayError) else UNEXPECTED
    if isinstance(error, e.ProviderRequestError):
        status, code = REFUSALS[error.kind]
        return ErrorRow(status, row.type, PROMPT_TOO_LONG if error.prompt_too_long else code)
    return row


def public_message(error: Exception) -> str:
    """Return what the caller may read about `error`. Our own faults are not explained to callers."""
    if isinstance(error, e.GatewayError) and not isinstance(error, e.InternalError):
        return error.message
    return INTERNAL_MESSAGE


def chat_error(error: Exception) -> ErrorAnswer:
    """Return `error` in OpenAI's envelope."""
    row = row_of(error)
    body = {
        "error": {
            "message": public_message(error),
            "type": row.type,
            "code": row.code,
            "param": getattr(error, "param", None),
        }
    }
    return ErrorAnswer(row.status, body, _retry_headers(error, row))


def management_error(error: Exception) -> ErrorAnswer:
    """Return `error` in the flat shape of the management routes."""
    row = row_of(error)
    status = row.management_status or row.status
    field = getattr(error, "field", None) or getattr(error, "param", None)
    body = {
        "code": row.management_code,
        "message": public_message(error),
        "details": {"field": field} if field else {},
        "status": status,
    }
    return ErrorAnswer(status, body, _retry_headers(error, row))


def _retry_headers(error: Exception, row: ErrorRow) -> dict[str, str]:
    seconds = getattr(error, "retry_after_seconds", None)
    if seconds is None and row.status == 503:
        seconds = RETRY_AFTER_OUR_FAULT_SECONDS
    return {} if seconds is None else {"Retry-After": str(max(0, -int(-seconds // 1)))}
