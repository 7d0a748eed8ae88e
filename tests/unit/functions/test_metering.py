"""The function behind the Usage table's stream: every sample event, and what comes again."""

from collections.abc import Iterator
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest

from ownkey.api.stream_records import new_items
from ownkey.storage.balances import BalanceRepository
from ownkey.storage.rollups import RollupReader
from tests.support.provider_keys import Invocation, load_function, sample_events
from tests.support.tables import BOTO_ERRORS, EmulatedAws, emulated_aws

EVENTS = sample_events("metering")
COME_AGAIN: dict[str, list[str]] = {"records": [], "a_newer_record": ["100002"], "a_sum": []}


@pytest.fixture(scope="module")
def deployment() -> Iterator[SimpleNamespace]:
    with emulated_aws() as aws, patch.dict("os.environ", aws.environment()):
        yield SimpleNamespace(aws=aws, module=load_function("metering"))


@pytest.fixture
def aws(deployment: SimpleNamespace) -> EmulatedAws:
    emptied: EmulatedAws = deployment.aws.emptied()
    return emptied


def handle(deployment: SimpleNamespace, event: dict[str, Any]) -> list[str]:
    answer = deployment.module.lambda_handler(event, Invocation())
    return [each["itemIdentifier"] for each in answer["batchItemFailures"]]


def balance(aws: EmulatedAws) -> Decimal:
    return BalanceRepository(aws.dynamodb, "Accounts", BOTO_ERRORS).balance_of("u-1")


def test_every_sample_event_has_an_outcome() -> None:
    assert set(EVENTS) == set(COME_AGAIN)


@pytest.mark.parametrize("name", sorted(COME_AGAIN))
def test_sample_events(name: str, deployment: SimpleNamespace, aws: EmulatedAws) -> None:
    assert handle(deployment, EVENTS[name]) == COME_AGAIN[name]


def test_a_batch_that_comes_again_is_charged_once(deployment: SimpleNamespace, aws: EmulatedAws) -> None:
    for _ in range(3):
        assert handle(deployment, EVENTS["records"]) == []
    assert balance(aws) == Decimal("-0.000356")
    [row] = RollupReader(aws.dynamodb, "Usage", BOTO_ERRORS).of_user("u-1", "2026-11-23", "2026-11-23")
    assert (row.model, row.figures.requests) == ("openai/gpt-4.1", 2)


def test_a_record_that_cannot_be_settled_holds_up_no_other(deployment: SimpleNamespace, aws: EmulatedAws) -> None:
    assert handle(deployment, EVENTS["a_newer_record"]) == ["100002"]
    assert balance(aws) == Decimal("-0.000356")


def test_all_of_a_batch_comes_again_when_the_store_is_down(deployment: SimpleNamespace) -> None:
    with patch.dict("os.environ", {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}):
        broken = SimpleNamespace(module=load_function("metering"))
        with patch("ownkey.bootstrap.metering.boto3_client", impatient):
            assert handle(broken, EVENTS["records"]) == ["100001", "100002"]


def impatient(settings: Any, service: str) -> Any:
    import boto3
    from botocore.config import Config

    once = Config(retries={"total_max_attempts": 1}, connect_timeout=1)
    return boto3.client(service, endpoint_url=settings.aws_endpoint_url, config=once)


def test_what_is_not_a_new_record_is_left_alone() -> None:
    assert new_items(EVENTS["a_sum"], "usage#") == {}
    [first, second] = EVENTS["records"]["Records"]
    assert new_items({"Records": [first, {**second, "eventName": "REMOVE"}]}, "usage#").keys() == {first["eventID"]}
    removed = {**first, "eventName": "REMOVE", "dynamodb": {"Keys": {}}}
    assert new_items({"Records": [removed]}, "usage#") == {}
