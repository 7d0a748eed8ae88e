import pytest

from ownkey.api.errors import INTERNAL_MESSAGE, REFUSALS, ROWS, chat_error, management_error
from ownkey.domain import errors as e


def concrete(kind):
    below = kind.__subclasses__()
    return {kind} if not below and kind is not e.GatewayError else set().union(*(concrete(sub) for sub in below))


def test_every_error_class_has_a_row_and_every_row_a_class():
    leaves = concrete(e.GatewayError) | {e.InvalidParameterError}
    assert leaves == set(ROWS)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (e.InvalidJsonError("x"), 400, "invalid_json"),
        (e.InvalidParameterError("x", param="model"), 400, "invalid_parameter_value"),
        (e.UnsupportedParameterError("x", param="n"), 400, "unsupported_parameter"),
        (e.MissingGatewayKeyError("x"), 401, "missing_api_key"),
        (e.InvalidGatewayKeyError("x"), 401, "invalid_api_key"),
        (e.ModelNotFoundError("x"), 404, "model_not_found"),
        (e.UnknownProviderError("x"), 400, "byok_unknown_provider"),
        (e.ProviderUnsupportedError("x"), 400, "byok_provider_unsupported"),
        (e.ProviderKeyMissingError("x"), 400, "byok_key_missing"),
        (e.ProviderKeyUnusableError("x"), 400, "byok_key_unusable"),
        (e.TeamForbiddenError("x"), 403, "team_forbidden"),
        (e.TeamPausedError("x"), 403, "team_paused"),
        (e.TeamKeyRequiredError("x"), 403, "team_key_required"),
        (e.ModelNotAllowedError("x"), 403, "model_not_allowed"),
        (e.UsageLimitError("x"), 402, "usage_limit_exceeded"),
        (e.InsufficientBalanceError("x"), 402, "insufficient_balance"),
        (e.OriginNotAllowedError("x"), 403, "api_key_origin_not_allowed"),
        (e.DailyRequestLimitError("x", retry_after_seconds=9), 429, "daily_rpd_limit_exceeded"),
        (e.DailySpendingLimitError("x", retry_after_seconds=9), 429, "daily_usd_limit_exceeded"),
        (e.ProviderKeyRejectedError("x", provider="p"), 424, "byok_key_rejected"),
        (e.ProviderRateLimitedError("x", provider="p"), 429, "provider_rate_limited"),
        (e.ProviderQuotaError("x", provider="p"), 402, "provider_insufficient_quota"),
        (e.ProviderRequestError("x", provider="p"), 400, "provider_bad_request"),
        (e.ProviderRequestError("x", provider="p", kind="not_found"), 404, "provider_not_found"),
        (e.ProviderRequestError("x", provider="p", kind="too_large"), 413, "provider_request_too_large"),
        (e.ProviderRequestError("x", provider="p", kind="unprocessable"), 422, "provider_unprocessable"),
        (e.ProviderRequestError("x", provider="p", prompt_too_long=True), 400, "context_length_exceeded"),
        (
            e.ProviderRequestError("x", provider="p", kind="too_large", prompt_too_long=True),
            413,
            "context_length_exceeded",
        ),
        (e.ProviderFailureError("x", provider="p"), 502, "provider_error"),
        (e.ProviderTimeoutError("x", provider="p"), 504, "provider_timeout"),
        (e.StoreUnavailableError("x"), 503, "service_unavailable"),
        (e.VaultUnavailableError("x"), 503, "service_unavailable"),
    ],
)
def test_the_contracts_table_holds(error, status, code):
    answer = chat_error(error)
    assert answer.status == status
    assert set(answer.body["error"]) == {"message", "type", "code", "param"}
    assert answer.body["error"]["code"] == code


@pytest.mark.parametrize(
    "error", [KeyError("sk-secret"), e.StoreUnavailableError("table arn:aws:…"), RuntimeError("boom")]
)
def test_our_own_faults_are_503_with_retry_after_and_explain_nothing(error):
    for answer in (chat_error(error), management_error(error)):
        assert answer.status == 503
        assert int(answer.headers["Retry-After"]) >= 1
        assert INTERNAL_MESSAGE in str(answer.body)
        assert "sk-secret" not in str(answer.body)


def test_a_providers_retry_after_is_passed_on_rounded_up():
    answer = chat_error(e.ProviderRateLimitedError("x", provider="p", retry_after_seconds=1.2))
    assert answer.headers["Retry-After"] == "2"


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (e.InvalidInputError("x", field="key"), 422, "INVALID_INPUT"),
        (e.InvalidJsonError("x"), 422, "INVALID_INPUT"),
        (e.UnknownProviderError("x"), 422, "INVALID_INPUT"),
        (e.NotSignedInError("x"), 401, "UNAUTHORIZED"),
        (e.MissingGatewayKeyError("x"), 401, "UNAUTHORIZED"),
        (e.ForbiddenError("x"), 403, "FORBIDDEN"),
        (e.NotFoundError("x"), 404, "NOT_FOUND"),
        (e.ConflictError("x"), 409, "CONFLICT"),
        (e.SelfTargetError("x"), 400, "INVALID_INPUT"),
        (e.RateLimitedError("x", retry_after_seconds=7), 429, "RATE_LIMITED"),
        (e.StoreUnavailableError("x"), 503, "UNAVAILABLE"),
    ],
)
def test_management_errors_are_flat(error, status, code):
    answer = management_error(error)
    assert (answer.status, answer.body["code"], answer.body["status"]) == (status, code, status)
    assert set(answer.body) == {"code", "message", "details", "status"}


def test_every_kind_of_refusal_has_a_code():
    assert set(REFUSALS) == {"bad_request", "not_found", "too_large", "unprocessable"}
