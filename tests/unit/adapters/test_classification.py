import json
from email.utils import formatdate
from typing import Any

import pytest

from ownkey.adapters.classification import MESSAGE_LIMIT, ErrorClassifier, retry_after_seconds
from ownkey.adapters.registry import REGISTRY
from ownkey.domain.errors import (
    ProviderFailureError,
    ProviderKeyRejectedError,
    ProviderQuotaError,
    ProviderRateLimitedError,
    ProviderRequestError,
    ProviderTimeoutError,
    UpstreamError,
)
from ownkey.domain.secrets import Secret

KEY = "sk-test-0123456789abcdefghijklmnop"
NOW = 1_800_000_000.0


def classifier(slug: str = "openai") -> ErrorClassifier:
    return ErrorClassifier(spec=REGISTRY[slug], secrets=(Secret(KEY),), key_suffix=KEY[-4:], now=lambda: NOW)


def classified(slug: str, status: int, body: Any = None, **headers: str) -> UpstreamError:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return classifier(slug).of_response(
        status, {name.replace("_", "-"): value for name, value in headers.items()}, text
    )


def refused(kind: str) -> tuple[type[UpstreamError], str]:
    return ProviderRequestError, kind


BY_STATUS: dict[int, type[UpstreamError] | tuple[type[UpstreamError], str]] = {
    301: ProviderFailureError,
    307: ProviderFailureError,
    400: refused("bad_request"),
    401: ProviderKeyRejectedError,
    402: ProviderQuotaError,
    403: ProviderKeyRejectedError,
    404: refused("not_found"),
    405: refused("bad_request"),
    408: ProviderTimeoutError,
    409: refused("bad_request"),
    410: refused("not_found"),
    413: refused("too_large"),
    415: refused("bad_request"),
    418: refused("bad_request"),
    422: refused("unprocessable"),
    424: ProviderFailureError,
    429: ProviderRateLimitedError,
    498: ProviderRateLimitedError,
    499: ProviderFailureError,
    500: ProviderFailureError,
    502: ProviderFailureError,
    503: ProviderFailureError,
    504: ProviderTimeoutError,
    524: ProviderTimeoutError,
    529: ProviderFailureError,
    599: ProviderFailureError,
}


@pytest.mark.parametrize("slug", REGISTRY)
@pytest.mark.parametrize("status", BY_STATUS)
@pytest.mark.parametrize("body", [b"", b'{"error":{"message":"words of theirs"}}', b"<html>words</html>"])
def test_a_status_means_the_same_at_every_provider(slug: str, status: int, body: bytes) -> None:
    # A web page that forbids is of whoever stands before the provider: it says nothing of the key.
    expected = ProviderFailureError if status == 403 and body.startswith(b"<html") else BY_STATUS[status]
    kind, refusal = expected if isinstance(expected, tuple) else (expected, None)

    error = classified(slug, status, body)

    assert type(error) is kind
    assert getattr(error, "kind", None) == refusal
    assert error.provider == slug
    assert error.upstream_status == status
    assert REGISTRY[slug].name in error.message
    assert error.message.endswith(".")
    assert "<" not in error.message


SIGNALS = [
    ("openai", 429, {"error": {"message": "m", "code": "insufficient_quota"}}, ProviderQuotaError),
    ("openai", 429, {"error": {"message": "m", "type": "insufficient_quota"}}, ProviderQuotaError),
    ("openai", 429, {"error": {"message": "m", "code": "rate_limit_exceeded"}}, ProviderRateLimitedError),
    ("openai", 403, {"error": {"message": "Country, region, or territory not supported"}}, refused("bad_request")),
    ("openai", 403, {"error": {"message": "You are not allowed to sample from this model"}}, refused("not_found")),
    ("openai", 403, {"error": {"message": "m", "code": "model_not_found"}}, refused("not_found")),
    ("openai", 400, {"error": {"message": "m", "code": "invalid_api_key"}}, ProviderKeyRejectedError),
    ("azure", 404, {"error": {"message": "m", "code": "DeploymentNotFound"}}, refused("not_found")),
    ("azure", 403, {"error": {"message": "Denied by Virtual Network rules."}}, refused("bad_request")),
    ("azure", 400, {"error": {"message": "m", "code": "content_filter"}}, refused("bad_request")),
    ("azure", 429, {"statusCode": 429, "message": "Rate limit is exceeded."}, ProviderRateLimitedError),
    ("openrouter", 402, {"error": {"message": "m", "code": 402}}, ProviderQuotaError),
    ("openrouter", 403, {"error": {"message": "Key limit exceeded (total limit)"}}, ProviderQuotaError),
    ("openrouter", 403, {"error": {"message": "Your input was flagged"}}, refused("bad_request")),
    (
        "openrouter",
        403,
        {"error": {"message": "Provider returned error", "metadata": {"raw": '{"error":"Content violates rules"}'}}},
        refused("bad_request"),
    ),
    ("novita", 403, {"code": 403, "reason": "NOT_ENOUGH_BALANCE", "message": "not enough balance"}, ProviderQuotaError),
    ("novita", 403, {"code": 403, "reason": "INVALID_API_KEY", "message": "m"}, ProviderKeyRejectedError),
    ("novita", 401, {"code": 401, "reason": "FAILED_TO_AUTH", "message": "m"}, ProviderKeyRejectedError),
    ("zai", 429, {"error": {"code": "1113", "message": "m"}}, ProviderQuotaError),
    ("zai", 429, {"error": {"code": "1302", "message": "m"}}, ProviderRateLimitedError),
    ("zai", 429, {"error": {"code": "1305", "message": "order 1113"}}, ProviderRateLimitedError),
    ("zai", 400, {"error": {"code": "1261", "message": "prompt too long"}}, refused("bad_request")),
    ("siliconflow", 403, {"code": 30001, "message": "m", "data": None}, ProviderQuotaError),
    ("siliconflow", 403, {"code": 1, "message": "Real-name verification is needed"}, refused("bad_request")),
    ("siliconflow", 401, "Invalid token", ProviderKeyRejectedError),
    ("nvidia", 403, {"status": 403, "title": "Forbidden", "detail": "Authorization failed"}, ProviderKeyRejectedError),
    ("nvidia", 404, {"status": 404, "detail": "Function x: Not found for account"}, refused("not_found")),
    ("vercel", 403, {"error": {"message": "A valid credit card is needed"}}, ProviderQuotaError),
    ("anthropic", 400, {"error": {"message": "Your credit balance is too low"}}, ProviderQuotaError),
    ("anthropic", 500, {"error": {"message": "Your credit balance is too low"}}, ProviderFailureError),
    (
        "google",
        400,
        [{"error": {"message": "m", "status": "INVALID_ARGUMENT", "details": [{"reason": "API_KEY_INVALID"}]}}],
        ProviderKeyRejectedError,
    ),
    ("cerebras", 401, {"message": "Wrong API Key", "code": "wrong_api_key"}, ProviderKeyRejectedError),
    ("groq", 403, {"error": {"message": "m", "code": "permissions_error"}}, ProviderKeyRejectedError),
]


@pytest.mark.parametrize(("slug", "status", "body", "expected"), SIGNALS)
def test_what_a_body_says_goes_before_its_status(slug: str, status: int, body: Any, expected: Any) -> None:
    kind, refusal = expected if isinstance(expected, tuple) else (expected, None)

    error = classified(slug, status, body)

    assert type(error) is kind
    assert getattr(error, "kind", None) == refusal


TOO_LONG: list[tuple[str, int, dict[str, Any]]] = [
    ("openai", 400, {"error": {"message": "m", "type": "invalid_request_error", "code": "context_length_exceeded"}}),
    (
        "openai-responses",
        400,
        {"error": {"message": "Your input exceeds the context window of this model. Please adjust your input."}},
    ),
    (
        "azure",
        400,
        {"error": {"message": "This model's maximum context length is 8192 tokens. However, you requested 9000."}},
    ),
    ("anthropic", 400, {"error": {"message": "prompt is too long: 3333404 tokens > 200000 maximum"}}),
    ("anthropic", 413, {"error": {"message": "Prompt is too long"}}),
    (
        "anthropic",
        400,
        {"error": {"message": "input length and `max_tokens` exceed context limit: 174167 + 64000 > 200000"}},
    ),
    ("aws", 400, {"message": "Input is too long for requested model."}),
    ("aws", 400, {"message": "The model returned the following errors: Input Tokens Exceeded: Number of input tokens"}),
    (
        "google",
        400,
        {"error": {"message": "The input token count (1066750) exceeds the maximum number of tokens allowed (1)."}},
    ),
    ("groq", 400, {"error": {"message": "Please reduce the length of the messages or completion.", "code": None}}),
    ("cerebras", 400, {"message": "Please reduce the length of the messages or completion. Current length is 42328"}),
    ("chutes", 400, {"message": "The input (9001 tokens) is longer than the model's context length (8192 tokens)."}),
    ("nvidia", 422, {"detail": "The decoder prompt (length 9) is longer than the maximum model length of 8."}),
    ("siliconflow", 400, {"code": 20015, "message": "length of prompt_tokens (9) must be less than max_seq_len (8)."}),
    ("zai", 400, {"error": {"code": "1261", "message": "Prompt exceeds max length"}}),
    ("zai", 400, {"error": {"code": "1261", "message": "m"}}),
    ("openrouter", 400, {"error": {"message": "This endpoint's maximum context length is 131072 tokens."}}),
    (
        "openrouter",
        400,
        {
            "error": {
                "code": 400,
                "message": "Provider returned error",
                "metadata": {"raw": '{"error":"This model\'s maximum prompt length is 131072 but it contains 537812"}'},
            }
        },
    ),
]


@pytest.mark.parametrize(("slug", "status", "body"), TOO_LONG)
def test_a_prompt_that_does_not_fit_is_known_by_its_code_or_its_words(
    slug: str, status: int, body: dict[str, Any]
) -> None:
    error = classified(slug, status, body)

    assert isinstance(error, ProviderRequestError)
    assert error.prompt_too_long
    assert not error.fallback_allowed
    assert BY_STATUS[status] == refused(error.kind)
    assert error.message.endswith("a model with a longer context.")


@pytest.mark.parametrize(
    ("slug", "status", "body"),
    [
        ("openai", 400, {"error": {"message": "max_tokens is too large: 9. This model supports at most 8 tokens."}}),
        ("anthropic", 413, {"error": {"message": "Request exceeds the maximum size", "type": "request_too_large"}}),
        ("groq", 413, {"error": {"message": "Request too large for model on tokens per minute (TPM): Limit 6000"}}),
        ("groq", 400, {"error": {"code": "1261", "message": "m"}}),
        ("groq", 404, {"error": {"message": "prompt is too long"}}),
    ],
)
def test_other_refusals_are_not_about_the_length_of_the_prompt(slug: str, status: int, body: dict[str, Any]) -> None:
    error = classified(slug, status, body)

    assert isinstance(error, ProviderRequestError)
    assert not error.prompt_too_long


@pytest.mark.parametrize("status", [429, 500, 503])
def test_words_about_the_length_do_not_make_another_failure_a_refusal(status: int) -> None:
    assert type(classified("groq", status, {"error": {"message": "prompt is too long"}})) is BY_STATUS[status]


def test_a_prompt_that_does_not_fit_is_a_refusal_inside_an_answer_too() -> None:
    error = classifier().of_payload({"error": {"message": "m", "code": "context_length_exceeded"}})

    assert isinstance(error, ProviderRequestError)
    assert (error.upstream_status, error.prompt_too_long) == (400, True)


def test_a_rejected_key_is_named_by_its_suffix_and_never_by_the_provider() -> None:
    error = classified("openai", 401, {"error": {"message": f"Incorrect API key provided: {KEY}. See docs."}})

    assert "OpenAI rejected your API key ending in …mnop" in error.message
    assert "Incorrect" not in error.message
    assert KEY not in error.message


def test_a_key_too_short_to_show_has_no_ending() -> None:
    error = ErrorClassifier(spec=REGISTRY["groq"]).of_response(401, {}, b"")

    assert error.message.startswith("Groq rejected your API key. ")


@pytest.mark.parametrize("status", [400, 404, 413, 422, 429, 402, 500, 504])
@pytest.mark.parametrize("echo", [KEY, KEY[4:20], f"Bearer {KEY}", "sk-proj-abcdefgh12345678", f"api_key={KEY}"])
def test_no_message_holds_a_key_or_a_piece_of_one(status: int, echo: str) -> None:
    error = classified("openai", status, {"error": {"message": f"cannot use {echo} here", "param": echo}})

    assert "cannot use" in error.message
    assert echo not in error.message
    assert KEY[8:20] not in error.message
    assert KEY[8:20] not in str(getattr(error, "param", ""))


@pytest.mark.parametrize("place", [*range(MESSAGE_LIMIT - 30, MESSAGE_LIMIT + 4), *range(1970, 2004)])
def test_a_key_at_the_cut_is_not_halved(place: int) -> None:
    message = f"{'x' * place} {KEY} tail"

    error = classified("openai", 400, {"error": {"message": message}})

    assert len(error.message) < MESSAGE_LIMIT + 150
    assert not any(KEY[start : start + 8] in error.message for start in range(len(KEY) - 7))


def test_the_parameter_at_fault_is_passed_on() -> None:
    error = classified("openai", 400, {"error": {"message": "m", "param": "temperature"}})

    assert isinstance(error, ProviderRequestError)
    assert error.param == "temperature"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9.0),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": formatdate(NOW + 30, usegmt=True)}, 30.0),
        ({"retry-after": formatdate(NOW - 30, usegmt=True)}, 0.0),
    ],
)
def test_how_long_to_wait_is_read_in_every_form(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_seconds(headers, NOW) == seconds


@pytest.mark.parametrize("status", [402, 429, 503, 504])
def test_how_long_to_wait_is_passed_on(status: int) -> None:
    assert classified("groq", status, {}, retry_after="7").retry_after_seconds == 7.0


def test_a_delay_in_the_body_counts_when_no_header_has_one() -> None:
    body = [{"error": {"message": "m", "details": [{"retryDelay": "17s"}]}}]

    assert classified("google", 429, body).retry_after_seconds == 17.0
    assert classified("google", 429, body, retry_after="3").retry_after_seconds == 3.0


@pytest.mark.parametrize(
    ("payload", "expected", "status"),
    [
        ({"error": {"code": 502, "message": "m"}}, ProviderFailureError, 502),
        ({"error": {"code": 429, "message": "m"}}, ProviderRateLimitedError, 429),
        ({"error": {"code": 401, "message": "m"}}, ProviderKeyRejectedError, 401),
        ({"error": {"code": "tool_use_failed", "status_code": 400, "message": "m"}}, refused("bad_request"), 400),
        ({"error": {"type": "invalid_request_error", "message": "m"}}, refused("bad_request"), 400),
        ({"error": {"message": "m"}, "status_code": 503}, ProviderFailureError, 503),
        ({"error": {"message": "m"}}, ProviderFailureError, 502),
        ({"error": "m"}, ProviderFailureError, 502),
        ({"code": 20012, "message": "m", "data": None}, ProviderFailureError, 502),
    ],
)
def test_an_error_inside_an_answer_means_the_status_it_names(payload: Any, expected: Any, status: int) -> None:
    kind, refusal = expected if isinstance(expected, tuple) else (expected, None)

    error = classifier().of_payload(payload)

    assert type(error) is kind
    assert getattr(error, "kind", None) == refusal
    assert error.upstream_status == status
