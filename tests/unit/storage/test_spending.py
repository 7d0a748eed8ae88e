import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from ownkey.domain.errors import CallerError, DailyRequestLimitError, DailySpendingLimitError
from ownkey.domain.identity import GatewayKeyLimits
from ownkey.storage.keyspace import team_part
from ownkey.storage.spending import SpendingRepository
from tests.support.tables import BOTO_ERRORS, CountingClient, EmulatedAws, emulated_aws

EVENING = datetime(2026, 11, 23, 23, 59, 30, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture(scope="module")
def module_aws() -> Iterator[EmulatedAws]:
    with emulated_aws() as aws:
        yield aws


@pytest.fixture
def aws(module_aws: EmulatedAws) -> EmulatedAws:
    return module_aws.emptied()


@pytest.fixture
def spending(aws: EmulatedAws) -> SpendingRepository:
    return SpendingRepository(aws.dynamodb, "Usage", BOTO_ERRORS)


@pytest.fixture
def eager_threads() -> Iterator[None]:
    """Switch between threads as often as can be, so that a race shows."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def counters(aws: EmulatedAws) -> dict[tuple[str, str], tuple[str, str]]:
    return {
        (item["pk"]["S"], item["sk"]["S"]): (item.get("requests", {}).get("N", ""), item.get("usd", {}).get("N", ""))
        for item in aws.items("Usage")
    }


def test_requests_of_a_day_are_counted_up_to_the_limit_and_anew_after_midnight(spending: SpendingRepository) -> None:
    limits = GatewayKeyLimits(requests_per_day=2)
    for _ in range(2):
        spending.admit("g1", limits, EVENING)
    with pytest.raises(DailyRequestLimitError) as raised:
        spending.admit("g1", limits, EVENING)
    assert raised.value.retry_after_seconds == 30
    spending.admit("g1", limits, MIDNIGHT)
    spending.admit("g2", limits, EVENING)


@pytest.mark.usefixtures("eager_threads")
def test_no_more_than_the_limit_get_through_at_once(spending: SpendingRepository) -> None:
    limits = GatewayKeyLimits(requests_per_day=5)

    def admitted(_: int) -> bool:
        try:
            spending.admit("g1", limits, EVENING)
        except CallerError:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(admitted, range(20))) == 5


def test_money_of_a_day_is_counted_exactly(spending: SpendingRepository, aws: EmulatedAws) -> None:
    limits = GatewayKeyLimits(usd_per_day=Decimal("0.3"))
    for amount in ("0.1", "0.1999999999"):
        spending.admit("g1", limits, EVENING)
        spending.add(Decimal(amount), now=EVENING, gateway_key_id="g1", member=None)
    spending.admit("g1", limits, EVENING)
    spending.add(Decimal("0.0000000001"), now=EVENING, gateway_key_id="g1", member=None)
    with pytest.raises(DailySpendingLimitError) as raised:
        spending.admit("g1", limits, EVENING)
    assert raised.value.retry_after_seconds == 30
    [(requests, usd)] = counters(aws).values()
    assert (requests, Decimal(usd)) == ("3", Decimal("0.3"))


def test_whichever_limit_is_reached_is_named(spending: SpendingRepository) -> None:
    limits = GatewayKeyLimits(requests_per_day=1, usd_per_day=Decimal(5))
    spending.admit("g1", limits, EVENING)
    with pytest.raises(DailyRequestLimitError):
        spending.admit("g1", limits, EVENING)
    spending.add(Decimal(5), now=EVENING, gateway_key_id="g1", member=None)
    with pytest.raises(DailySpendingLimitError):
        spending.admit("g1", limits, EVENING)


def test_a_team_and_its_members_are_counted_by_the_month(spending: SpendingRepository, aws: EmulatedAws) -> None:
    for amount, user in ((Decimal("0.25"), "ada"), (None, "ada"), (Decimal("0.5"), "bob")):
        spending.add(amount, now=EVENING, gateway_key_id=None, member=("t1", user))
    assert team_part("ada") != team_part("bob")
    assert counters(aws) == {
        (f"spending#team#t1#{team_part('ada'):02d}", "2026-11"): ("2", "0.25"),
        (f"spending#team#t1#{team_part('bob'):02d}", "2026-11"): ("1", "0.5"),
        ("spending#member#t1#ada", "2026-11"): ("2", "0.25"),
        ("spending#member#t1#bob", "2026-11"): ("1", "0.5"),
    }


def test_a_price_that_is_not_known_adds_nothing(spending: SpendingRepository, aws: EmulatedAws) -> None:
    spending.add(None, now=EVENING, gateway_key_id="g1", member=None)
    assert counters(aws) == {}


def test_a_request_is_admitted_in_one_write(aws: EmulatedAws) -> None:
    client = CountingClient(aws.dynamodb)
    SpendingRepository(client, "Usage", BOTO_ERRORS).admit("g1", GatewayKeyLimits(requests_per_day=1), EVENING)
    assert client.names == ["update_item"]
