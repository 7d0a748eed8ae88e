import pytest

from ownkey.adapters.classification import ErrorClassifier
from ownkey.adapters.protocols.bedrock_converse import error_of
from ownkey.domain.errors import (
    ProviderFailureError,
    ProviderKeyRejectedError,
    ProviderRateLimitedError,
    ProviderRequestError,
    ProviderTimeoutError,
    UpstreamError,
)
from ownkey.domain.secrets import Secret
from tests.support.bedrock import SECRET_KEY, SPEC

ERRORS = ErrorClassifier(spec=SPEC, secrets=(Secret(SECRET_KEY),))


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("UnrecognizedClientException", 403, ProviderKeyRejectedError),
        ("InvalidSignatureException", 403, ProviderKeyRejectedError),
        ("ExpiredTokenException", 403, ProviderKeyRejectedError),
        ("InvalidClientTokenId", 403, ProviderKeyRejectedError),
        ("IncompleteSignature", 400, ProviderKeyRejectedError),
        ("AccessDeniedException", 403, ProviderKeyRejectedError),
        ("ThrottlingException", 400, ProviderRateLimitedError),
        ("ModelNotReadyException", 429, ProviderRateLimitedError),
        ("ServiceQuotaExceededException", 400, ProviderRateLimitedError),
        ("ModelTimeoutException", 408, ProviderTimeoutError),
        ("ModelErrorException", 424, ProviderFailureError),
        ("ModelStreamErrorException", 424, ProviderFailureError),
        ("InternalServerException", 500, ProviderFailureError),
        ("ServiceUnavailableException", 503, ProviderFailureError),
        ("ValidationException", 400, ProviderRequestError),
        ("validationException", None, ProviderRequestError),
        ("com.amazon#ThrottlingException:http://internal.amazon.com/", 429, ProviderRateLimitedError),
        ("", 401, ProviderKeyRejectedError),
        ("", 500, ProviderFailureError),
        ("SomethingNew", None, ProviderFailureError),
    ],
)
def test_an_exception_means_what_its_name_says(code: str, status: int | None, error: type[UpstreamError]) -> None:
    assert type(error_of(ERRORS, code, "Said.", status=status)) is error


@pytest.mark.parametrize(
    ("code", "status", "message"),
    [
        ("ValidationException", 400, "The provided model identifier is invalid."),
        ("ValidationException", 400, "Invocation of model ID x with on-demand throughput isn\u2019t supported."),
        ("ResourceNotFoundException", 404, "This model version has reached the end of its life."),
        ("AccessDeniedException", 403, "You don't have access to the model with the specified model ID."),
        (
            "AccessDeniedException",
            403,
            "User: arn:aws:iam::123456789012:user/x is not authorized to perform: bedrock:…",
        ),
    ],
)
def test_a_model_that_the_account_lacks_is_not_found_and_the_key_stays_good(
    code: str, status: int, message: str
) -> None:
    error = error_of(ERRORS, code, message, status=status)

    assert isinstance(error, ProviderRequestError)
    assert error.kind == "not_found"
    assert "123456789012" not in error.message


def test_a_wrong_clock_is_not_the_keys_fault() -> None:
    error = error_of(
        ERRORS, "InvalidSignatureException", "Signature expired: 2026 is now earlier than 2026", status=403
    )

    assert isinstance(error, ProviderFailureError)


def test_messages_hold_no_secret() -> None:
    assert SECRET_KEY[5:25] not in error_of(ERRORS, "ValidationException", f"Bad {SECRET_KEY}", status=400).message


def test_how_long_to_wait_is_passed_on() -> None:
    error = error_of(ERRORS, "ThrottlingException", "Slow", status=429, headers={"retry-after": "3"})

    assert error.retry_after_seconds == 3
