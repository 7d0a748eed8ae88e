"""What settling writes, as the tables understand it."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from ownkey.domain.errors import ConflictError, StoreUnavailableError
from ownkey.domain.figures import Figures, Rollup
from ownkey.domain.prices import Charge
from ownkey.storage.balances import BalanceRepository, Credit, FundsMarker
from ownkey.storage.rollups import RollupReader
from ownkey.storage.usage import UsageRepository
from tests.support.tables import BOTO_ERRORS, BrokenClient, CountingClient, EmulatedAws, client_error, emulated_aws
from tests.support.usage_records import images_of, metering, usage_record

RECORD = replace(
    usage_record(1, random.Random(1)),
    user_id="ada",
    payer_id="olga",
    team_id="t1",
    provider="groq",
    model="m#1",
    charge=Charge(list_price=Decimal("0.002"), platform_fee=Decimal("0.0001"), amount=Decimal("0.0001")),
    estimated=True,
    started_at=datetime(2026, 11, 23, 23, 59, 59, tzinfo=UTC),
)


@pytest.fixture(scope="module")
def module_aws() -> Iterator[EmulatedAws]:
    with emulated_aws() as aws:
        yield aws


@pytest.fixture
def aws(module_aws: EmulatedAws) -> EmulatedAws:
    return module_aws.emptied()


@pytest.fixture
def balances(aws: EmulatedAws) -> BalanceRepository:
    return BalanceRepository(aws.dynamodb, "Accounts", BOTO_ERRORS)


def settle(aws: EmulatedAws, *records: object) -> None:
    for record in records:
        UsageRepository(aws.dynamodb, "Usage", BOTO_ERRORS).put(record)  # type: ignore[arg-type]
    assert metering(aws.dynamodb, lane=3).settle(images_of(aws.items("Usage"))) == {}


def test_a_record_is_summed_for_its_user_and_its_team_and_charged_to_the_payer(
    aws: EmulatedAws, balances: BalanceRepository
) -> None:
    for _ in range(2):
        settle(aws, RECORD, replace(RECORD, request_id="req-2", estimated=False))
    usage = RECORD.usage
    sums = Rollup(
        day="2026-11-23",
        user_id="ada",
        team_id="t1",
        gateway_key_id=None,
        provider="groq",
        model="m#1",
        figures=Figures(
            requests=2,
            input_tokens=2 * usage.input_tokens,
            output_tokens=2 * usage.output_tokens,
            reasoning_tokens=6,
            list_price_usd=Decimal("0.004"),
            platform_fee_usd=Decimal("0.0002"),
            amount_usd=Decimal("0.0002"),
            estimated=1,
        ),
    )
    reader = RollupReader(aws.dynamodb, "Usage", BOTO_ERRORS)
    assert list(reader.of_user("ada", "2026-11-23", "2026-11-23")) == [sums]
    assert list(reader.of_team("t1", "2026-11-01", "2026-11-30")) == [sums]
    assert list(reader.of_user("ada", "2026-11-24", "2026-11-30")) == []
    assert list(reader.of_user("ada", "2026-11-01", "2026-11-22")) == []
    assert (balances.balance_of("olga"), balances.balance_of("ada")) == (Decimal("-0.0002"), Decimal(0))


def test_a_mark_outlives_its_record_and_a_sum_outlives_both(aws: EmulatedAws) -> None:
    settle(aws, RECORD)
    expiry = {item["pk"]["S"].partition("#")[0]: int(item["expires_at_epoch"]["N"]) for item in aws.items("Usage")}
    assert expiry["user"] < expiry["settled"] < expiry["rollup"]


def test_long_names_of_models_are_summed_all_the_same(aws: EmulatedAws) -> None:
    settle(aws, replace(RECORD, model="m" * 2000), replace(RECORD, request_id="req-2", model="m" * 1000))
    [sums] = RollupReader(aws.dynamodb, "Usage", BOTO_ERRORS).of_user("ada", "2026-11-23", "2026-11-23")
    assert sums.figures.requests == 2


def test_a_credit_counts_once_under_its_reference(balances: BalanceRepository) -> None:
    credit = Credit(reference="invoice-1", amount_usd=Decimal("25.5"), at="2026-11-23T00:00:00Z", note="thanks")
    assert balances.credit("ada", credit)
    assert not balances.credit("ada", replace(credit, at="2026-11-24T00:00:00Z"))
    with pytest.raises(ConflictError):
        balances.credit("ada", replace(credit, amount_usd=Decimal(26)))
    assert balances.credit("ada", replace(credit, reference="correction", amount_usd=Decimal(-5)))
    assert balances.credit("bob", credit)
    assert balances.balance_of("ada") == Decimal("20.5")
    assert [each.reference for each in balances.credits_of("ada")] == ["correction", "invoice-1"]
    assert list(balances.credits_of("nobody")) == []


def test_a_balance_is_read_in_one_call(aws: EmulatedAws) -> None:
    client = CountingClient(aws.dynamodb)
    assert BalanceRepository(client, "Accounts", BOTO_ERRORS).balance_of("ada") == 0
    assert client.names == ["query"]


def test_funds_are_noted_on_nothing_that_is_gone(aws: EmulatedAws) -> None:
    marker = FundsMarker(aws.dynamodb, "Accounts", BOTO_ERRORS)
    marker.mark_gateway_key("g1", has_funds=True)
    marker.mark_team("t1", "olga", has_funds=False)
    assert aws.items("Accounts") == []


def test_a_store_that_fails_says_so() -> None:
    broken = BrokenClient(client_error("InternalServerError"))
    with pytest.raises(StoreUnavailableError):
        BalanceRepository(broken, "Accounts", BOTO_ERRORS).balance_of("ada")
    with pytest.raises(StoreUnavailableError):
        list(RollupReader(broken, "Usage", BOTO_ERRORS).of_team("t1", "2026-11-01", "2026-11-02"))
    with pytest.raises(StoreUnavailableError):
        FundsMarker(broken, "Accounts", BOTO_ERRORS).mark_gateway_key("g", has_funds=True)
