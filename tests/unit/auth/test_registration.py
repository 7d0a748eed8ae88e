"""Cognito's refusals while people sign up or recover a password: which of them are told, and which are kept quiet."""

from collections.abc import Callable

import pytest

from ownkey.auth.registration import CognitoRegistration
from ownkey.domain import errors as e
from ownkey.domain.secrets import Secret
from tests.support.tables import BOTO_ERRORS, BrokenClient, client_error

PASSWORD = Secret("Correct-horse-45")
Step = Callable[[CognitoRegistration], None]
SIGN_UP: Step = lambda one: one.sign_up("a@example.com", PASSWORD)  # noqa: E731
RESEND: Step = lambda one: one.resend("a@example.com")  # noqa: E731
FORGOT: Step = lambda one: one.forgot_password("a@example.com")  # noqa: E731
CONFIRM: Step = lambda one: one.confirm("a@example.com", "123456")  # noqa: E731
RESET: Step = lambda one: one.reset_password("a@example.com", "123456", PASSWORD)  # noqa: E731


def refused(code: str) -> CognitoRegistration:
    return CognitoRegistration(BrokenClient(client_error(code)), "client", BOTO_ERRORS)


@pytest.mark.parametrize(
    ("step", "code"),
    [
        (SIGN_UP, "UsernameExistsException"),
        *(
            (step, code)
            for step in (RESEND, FORGOT)
            for code in (
                "UserNotFoundException",
                "InvalidParameterException",
                "NotAuthorizedException",  # of a password that is only temporary, and of no unknown address
                "LimitExceededException",
            )
        ),
    ],
)
def test_whether_there_is_an_account_is_kept_quiet(step: Step, code: str) -> None:
    step(refused(code))


@pytest.mark.parametrize("step", [CONFIRM, RESET])
def test_an_unknown_address_looks_like_a_wrong_code(step: Step) -> None:
    said = set()
    for code in ("CodeMismatchException", "ExpiredCodeException", "UserNotFoundException", "NotAuthorizedException"):
        with pytest.raises(e.InvalidInputError) as raised:
            step(refused(code))
        said.add(raised.value.message)
    assert len(said) == 1


@pytest.mark.parametrize("step", [SIGN_UP, CONFIRM, RESET])
def test_too_many_tries_are_told_where_the_caller_knows_of_the_account(step: Step) -> None:
    with pytest.raises(e.RateLimitedError):
        step(refused("LimitExceededException"))


@pytest.mark.parametrize("step", [SIGN_UP, RESEND, FORGOT, CONFIRM, RESET])
@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("TooManyRequestsException", e.RateLimitedError),
        ("InternalErrorException", e.StoreUnavailableError),
        ("ResourceNotFoundException", e.StoreUnavailableError),
    ],
)
def test_trouble_is_told(step: Step, code: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        step(refused(code))


@pytest.mark.parametrize("step", [SIGN_UP, RESET])
def test_a_weak_password_is_told(step: Step) -> None:
    with pytest.raises(e.InvalidInputError, match="too weak"):
        step(refused("InvalidPasswordException"))


@pytest.mark.parametrize("password", ["short", "Correct-horse", "correct-horse-45", "CORRECT-HORSE-45", "Corr-45"])
@pytest.mark.parametrize("code", ["UsernameExistsException", "InvalidParameterException", "CodeMismatchException"])
def test_a_weak_password_is_told_before_anybody_is_asked(password: str, code: str) -> None:
    for step in (
        lambda: refused(code).sign_up("a@example.com", Secret(password)),
        lambda: refused(code).reset_password("a@example.com", "123456", Secret(password)),
    ):
        with pytest.raises(e.InvalidInputError) as raised:
            step()
        assert raised.value.field == "password"


@pytest.mark.parametrize(
    ("code", "error"),
    [("NotAuthorizedException", e.ForbiddenError), ("InvalidParameterException", e.InvalidInputError)],
)
def test_a_sign_up_that_made_no_account_is_not_called_a_success(code: str, error: type[Exception]) -> None:
    with pytest.raises(error) as raised:
        SIGN_UP(refused(code))
    assert "code" not in str(raised.value)
