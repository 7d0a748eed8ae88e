"""The small AWS client: one connection, three tries, boto-shaped errors."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from ownkey.config import AwsCredentials
from ownkey.domain.secrets import Secret
from ownkey.storage.aws.client import JsonClient, Waiting
from ownkey.storage.aws.errors import AwsCallError
from ownkey.storage.aws.services import DYNAMODB, KMS, DynamoDB, Kms
from tests.support.aws_endpoint import Endpoint, Reply, aws_endpoint

THROTTLING = Reply(status=400, body={"__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException", "message": "?"})
REFUSAL = Reply(status=400, body={"__type": "com.amazon.coral.validate#ValidationException", "Message": "bad key"})


class FixedCredentials:
    def current(self) -> AwsCredentials:
        return AwsCredentials(
            access_key_id="AKIDEXAMPLE", secret_access_key=Secret("hidden-secret"), session_token=Secret("session")
        )


class Clock:
    """Time that moves when somebody sleeps, or is told to."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds

    def waiting(self) -> Waiting:
        return Waiting(now=lambda: datetime(2026, 11, 23, tzinfo=UTC), monotonic=lambda: self.seconds, sleep=self.sleep)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@contextmanager
def called(clock: Clock, *replies: Reply) -> Iterator[tuple[Endpoint, JsonClient]]:
    with aws_endpoint(*replies) as endpoint:
        client = JsonClient(
            DYNAMODB,
            region="eu-central-1",
            credentials=FixedCredentials(),
            endpoint_url=endpoint.url,
            waiting=clock.waiting(),
        )
        yield endpoint, client
        client.close()


def code_of(error: AwsCallError) -> Any:
    return error.response["Error"]["Code"]


def test_a_call_is_signed_json(clock: Clock) -> None:
    with called(clock, Reply(body={"Item": {}})) as (endpoint, client):
        assert client.call("GetItem", {"TableName": "T", "Key": {"pk": {"B": b"\x00\xff"}}}) == {"Item": {}}

    [(path, headers, body)] = endpoint.requests
    assert path == "/"
    assert headers["host"] == endpoint.url.removeprefix("http://")
    assert headers["content-type"] == "application/x-amz-json-1.0"
    assert headers["x-amz-target"] == "DynamoDB_20120810.GetItem"
    assert headers["x-amz-security-token"] == "session"
    assert "Credential=AKIDEXAMPLE/20261123/eu-central-1/dynamodb/aws4_request" in headers["authorization"]
    assert json.loads(body) == {"TableName": "T", "Key": {"pk": {"B": "AP8="}}}


def test_binary_values_come_back_as_bytes(clock: Clock) -> None:
    item = {"ciphertext": {"B": "AP8="}, "B": {"S": "a text named B"}}
    with called(clock, Reply(body={"Items": [item]})) as (_, client):
        answer = client.call("Query", {})
    assert answer == {"Items": [{"ciphertext": {"B": b"\x00\xff"}, "B": {"S": "a text named B"}}]}


def test_calls_share_one_connection(clock: Clock) -> None:
    with called(clock) as (endpoint, client):
        for _ in range(5):
            client.call("GetItem", {})
    assert (endpoint.connections, len(endpoint.requests)) == (1, 5)


def test_a_connection_that_rested_too_long_is_not_trusted(clock: Clock) -> None:
    with called(clock) as (endpoint, client):
        client.call("GetItem", {})
        clock.seconds += 21
        client.call("GetItem", {})
    assert endpoint.connections == 2


@pytest.mark.parametrize("closing", [Reply(then_close=True)])
def test_a_connection_closed_by_the_other_side_is_replaced_without_a_wait(clock: Clock, closing: Reply) -> None:
    with called(clock, closing, Reply(body={"ok": 1})) as (endpoint, client):
        client.call("GetItem", {})
        assert client.call("GetItem", {}) == {"ok": 1}
    assert (endpoint.connections, clock.slept) == (2, [])


@pytest.mark.parametrize(
    "failing",
    [
        THROTTLING,
        Reply(status=500, body={"__type": "InternalServerError"}),
        Reply(status=503, body=b"<html>busy</html>"),
        Reply(hang_up=True),
        Reply(truncated=True),
    ],
)
def test_trouble_that_passes_is_tried_three_times_at_most(clock: Clock, failing: Reply) -> None:
    with called(clock, failing, failing, Reply(body={"ok": 1})) as (endpoint, client):
        assert client.call("GetItem", {}) == {"ok": 1}
    assert len(endpoint.requests) == 3
    assert len(clock.slept) == 2
    assert 0 <= clock.slept[0] <= 0.05
    assert 0 <= clock.slept[1] <= 0.1

    with called(clock, failing) as (endpoint, client), pytest.raises(AwsCallError):
        client.call("GetItem", {})
    assert len(endpoint.requests) == 3


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (REFUSAL, "ValidationException"),
        (Reply(status=400, body={"__type": "ConditionalCheckFailedException"}), "ConditionalCheckFailedException"),
        (Reply(status=403, body=b"not json"), "HTTP 403"),
        (Reply(status=413, body=b"[]"), "HTTP 413"),
        (Reply(status=200, body=b"{"), "HTTP 200"),
    ],
)
def test_a_refusal_is_not_repeated_and_looks_like_botos(clock: Clock, reply: Reply, code: str) -> None:
    with called(clock, reply) as (endpoint, client), pytest.raises(AwsCallError) as refused:
        client.call("PutItem", {})
    assert (len(endpoint.requests), code_of(refused.value)) == (1, code)
    assert "hidden-secret" not in repr(refused.value)


def test_cancellation_reasons_are_kept(clock: Clock) -> None:
    reasons = [{"Code": "None"}, {"Code": "ConditionalCheckFailed"}]
    reply = Reply(status=400, body={"__type": "#TransactionCanceledException", "CancellationReasons": reasons})
    with called(clock, reply) as (_, client), pytest.raises(AwsCallError) as refused:
        DynamoDB(client).transact_write_items()
    assert refused.value.response["CancellationReasons"] == reasons


def test_nobody_listening_is_an_error_of_ours(clock: Clock) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        client = JsonClient(
            KMS,
            region="eu-central-1",
            credentials=FixedCredentials(),
            endpoint_url=f"http://127.0.0.1:{port}",
            waiting=clock.waiting(),
        )
        with pytest.raises(AwsCallError) as failed:
            Kms(client).decrypt(CiphertextBlob=b"x")
    assert code_of(failed.value) == "NoAnswer"


def test_a_silent_service_is_given_up(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ownkey.storage.aws.connection.READ_TIMEOUT_SECONDS", 0.05)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        client = JsonClient(
            DYNAMODB,
            region="eu-central-1",
            credentials=FixedCredentials(),
            endpoint_url=f"http://127.0.0.1:{silent.getsockname()[1]}",
            waiting=clock.waiting(),
        )
        with pytest.raises(AwsCallError, match="NoAnswer: TimeoutError"):
            client.call("GetItem", {})
    assert len(clock.slept) == 2


@pytest.mark.parametrize(
    ("region", "origin"),
    [
        ("eu-central-1", "https://kms.eu-central-1.amazonaws.com"),
        ("us-gov-west-1", "https://kms.us-gov-west-1.amazonaws.com"),
        ("cn-north-1", "https://kms.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_services_have_their_own_https_address_in_every_region(region: str, origin: str) -> None:
    assert KMS.origin(region) == origin


def test_only_what_json_can_carry_is_sent(clock: Clock) -> None:
    with called(clock) as (endpoint, client), pytest.raises(TypeError, match="object cannot be sent"):
        client.call("GetItem", {"Key": object()})
    assert endpoint.requests == []
