"""Usage records are written once."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from ownkey.domain.chat import Usage
from ownkey.domain.errors import StoreUnavailableError
from ownkey.domain.prices import Charge
from ownkey.domain.usage import UsageRecord
from ownkey.storage.usage import UsageRepository
from tests.support.tables import BOTO_ERRORS, BrokenClient, EmulatedAws, client_error, emulated_aws

STARTED_AT = datetime(2026, 11, 23, 10, 20, 9, 12345, tzinfo=UTC)
RECORD = UsageRecord(
    request_id="req-1",
    user_id="ada",
    payer_id="olga",
    owner="user#ada",
    provider="openai",
    model="openai/gpt-5",
    upstream_model="gpt-5",
    credential="user",
    key_id="k-1",
    gateway_key_id="g-1",
    byok=True,
    stream=False,
    usage=Usage(
        input_tokens=9,
        output_tokens=20,
        cached_input_tokens=4,
        cache_write_tokens=3,
        hour_cache_write_tokens=1,
        reasoning_tokens=7,
        reported_cost=Decimal("0.00016"),
    ),
    charge=Charge(
        list_price=Decimal("0.00017"),
        platform_fee=Decimal("0.0000085"),
        amount=Decimal("0.0000085"),
        source="catalog",
        effective_at=date(2026, 3, 1),
        catalog_version="2026-11-23+x-1",
    ),
    team_id="t1",
    outcome="cut",
    error_code="provider_timeout",
    started_at=STARTED_AT,
    duration_ms=412,
)


@pytest.fixture(scope="module")
def aws() -> Iterator[EmulatedAws]:
    with emulated_aws() as aws:
        yield aws


@pytest.fixture
def usage(aws: EmulatedAws) -> UsageRepository:
    return UsageRepository(aws.dynamodb, "Usage", BOTO_ERRORS, retention_days=30)


def test_a_record_is_stored_whole_and_only_once(usage: UsageRepository, aws: EmulatedAws) -> None:
    usage.put(RECORD)
    usage.put(replace(RECORD, provider="groq"))

    [item] = aws.items("Usage")
    assert {name: next(iter(value.values())) for name, value in item.items()} == {
        "pk": "user#ada",
        "sk": "usage#2026-11-23T10:20:09.012Z#req-1",
        "version": "1",
        "request_id": "req-1",
        "user_id": "ada",
        "payer_id": "olga",
        "owner": "user#ada",
        "provider": "openai",
        "model": "openai/gpt-5",
        "upstream_model": "gpt-5",
        "credential": "user",
        "key_id": "k-1",
        "gateway_key_id": "g-1",
        "byok": True,
        "stream": False,
        "input_tokens": "9",
        "output_tokens": "20",
        "cached_input_tokens": "4",
        "cache_write_tokens": "3",
        "hour_cache_write_tokens": "1",
        "reasoning_tokens": "7",
        "searches": "0",
        "list_price_usd": "0.00017",
        "platform_fee_usd": "0.0000085",
        "amount_usd": "0.0000085",
        "price_source": "catalog",
        "price_effective_at": "2026-03-01",
        "catalog_version": "2026-11-23+x-1",
        "reported_cost_usd": "0.00016",
        "team_id": "t1",
        "estimated": False,
        "outcome": "cut",
        "error_code": "provider_timeout",
        "started_at": "2026-11-23T10:20:09.012Z",
        "duration_ms": "412",
        "expires_at_epoch": str(int((STARTED_AT + timedelta(days=30)).timestamp())),
    }


def test_a_store_that_fails_says_so() -> None:
    usage = UsageRepository(BrokenClient(client_error("InternalServerError")), "Usage", BOTO_ERRORS)
    with pytest.raises(StoreUnavailableError):
        usage.put(RECORD)
