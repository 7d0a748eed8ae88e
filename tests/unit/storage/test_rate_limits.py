"""Counting calls in windows of time."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from ownkey.domain.errors import RateLimitedError, StoreUnavailableError
from ownkey.storage.rate_limits import RateLimiter
from tests.support.tables import BOTO_ERRORS, BrokenClient, EmulatedAws, client_error, emulated_aws

NOON = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.present = NOON

    def __call__(self) -> datetime:
        return self.present


@pytest.fixture(scope="module")
def module_aws() -> Iterator[EmulatedAws]:
    with emulated_aws() as aws:
        yield aws


@pytest.fixture
def aws(module_aws: EmulatedAws) -> EmulatedAws:
    return module_aws.emptied()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limiter(aws: EmulatedAws, clock: Clock) -> RateLimiter:
    return RateLimiter(aws.dynamodb, "Accounts", BOTO_ERRORS, clock)


def test_the_call_after_the_limit_is_refused_until_the_window_ends(limiter: RateLimiter, clock: Clock) -> None:
    for _ in range(3):
        limiter.hit("user#ada", "write", 3)

    clock.present = NOON + timedelta(seconds=48.5)
    with pytest.raises(RateLimitedError) as refused:
        limiter.hit("user#ada", "write", 3)
    assert refused.value.retry_after_seconds == 12

    clock.present = NOON + timedelta(seconds=60)
    limiter.hit("user#ada", "write", 3)


def test_owners_and_actions_are_counted_apart(limiter: RateLimiter) -> None:
    for owner, action in (("user#ada", "write"), ("user#ada", "validate"), ("user#bob", "write")):
        limiter.hit(owner, action, 1)
        with pytest.raises(RateLimitedError):
            limiter.hit(owner, action, 1)


def test_a_counter_goes_away_by_itself(limiter: RateLimiter, aws: EmulatedAws) -> None:
    limiter.hit("user#ada", "write", 1)
    with pytest.raises(RateLimitedError):
        limiter.hit("user#ada", "write", 1)

    [item] = aws.items("Accounts")
    assert item["sk"] == {"S": f"rate#write#{int(NOON.timestamp())}"}
    assert item["hits"] == {"N": "1"}
    assert int(item["expires_at_epoch"]["N"]) > NOON.timestamp() + 60


def test_a_store_that_fails_lets_nobody_pass() -> None:
    broken = BrokenClient(client_error("ThrottlingException"))
    with pytest.raises(StoreUnavailableError):
        RateLimiter(broken, "Accounts", BOTO_ERRORS, Clock()).hit("user#ada", "write", 5)
