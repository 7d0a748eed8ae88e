"""Credentials for signing: from the environment, or from the container's endpoint."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from ownkey.config import AwsCredentials, ContainerCredentialsEndpoint
from ownkey.domain.dates import iso_utc
from ownkey.domain.errors import MisconfiguredError
from ownkey.domain.secrets import Secret
from ownkey.storage.aws.credentials import ContainerCredentials, EnvironmentCredentials, credential_source
from ownkey.storage.aws.errors import AwsCallError
from tests.support.aws_endpoint import Reply, aws_endpoint

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "hidden", "AWS_SESSION_TOKEN": "hidden-too"}


class Clock:
    def __init__(self) -> None:
        self.present = NOON

    def __call__(self) -> datetime:
        return self.present


def issued(name: str, *, expires_at: datetime) -> Reply:
    return Reply(
        body={"AccessKeyId": name, "SecretAccessKey": "hidden", "Token": "session", "Expiration": iso_utc(expires_at)}
    )


def source_at(url: str, now: Clock) -> ContainerCredentials:
    return ContainerCredentials(ContainerCredentialsEndpoint(url=url, authorization=Secret("let-me")), now)


def test_the_environment_is_read_at_every_call() -> None:
    environment = dict(ENVIRONMENT)
    source = EnvironmentCredentials(environment)
    assert source.current().access_key_id == "AKID"
    environment["AWS_ACCESS_KEY_ID"] = "rotated"
    del environment["AWS_SESSION_TOKEN"]
    assert (source.current().access_key_id, source.current().session_token) == ("rotated", None)


def test_credentials_do_not_print_themselves() -> None:
    printed = repr(AwsCredentials.from_environment(ENVIRONMENT))
    assert not any(secret in printed for secret in ENVIRONMENT.values())


@pytest.mark.parametrize("missing", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_no_credentials_is_a_mistake_of_the_setup(missing: str) -> None:
    with pytest.raises(MisconfiguredError, match=missing):
        EnvironmentCredentials({**ENVIRONMENT, missing: ""}).current()


def test_the_containers_endpoint_is_preferred_when_lambda_names_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", raising=False)
    assert credential_source(Clock()).current().access_key_id == "AKID"

    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9001/credentials")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "let-me")
    assert isinstance(credential_source(Clock()), ContainerCredentials)


def test_container_credentials_are_kept_until_shortly_before_they_expire() -> None:
    now = Clock()
    replies = (
        issued("first", expires_at=NOON + timedelta(hours=1)),
        issued("second", expires_at=NOON + timedelta(hours=2)),
    )
    with aws_endpoint(*replies) as endpoint:
        source = source_at(f"{endpoint.url}/creds?role=chat", now)
        assert [source.current().access_key_id for _ in range(2)] == ["first", "first"]
        now.present = NOON + timedelta(minutes=56)
        assert source.current().access_key_id == "second"

    assert [(path, headers["authorization"]) for path, headers, _ in endpoint.requests] == [
        ("/creds?role=chat", "let-me")
    ] * 2


def test_credentials_that_still_last_outlive_an_endpoint_that_fails() -> None:
    now = Clock()
    with aws_endpoint(issued("first", expires_at=NOON + timedelta(hours=1)), Reply(status=500)) as endpoint:
        source = source_at(endpoint.url, now)
        source.current()
        now.present = NOON + timedelta(minutes=59)
        assert source.current().access_key_id == "first"
        now.present = NOON + timedelta(minutes=60)
        with pytest.raises(AwsCallError, match="HTTP 500"):
            source.current()


@pytest.mark.parametrize(
    "body",
    [
        b"not json hidden",
        b"[]",
        json.dumps({"AccessKeyId": "id", "SecretAccessKey": "hidden"}).encode(),
        json.dumps({"AccessKeyId": "id", "SecretAccessKey": "hidden", "Token": "t", "Expiration": "soon"}).encode(),
    ],
)
def test_an_answer_without_credentials_is_refused_and_not_repeated(body: bytes) -> None:
    with aws_endpoint(Reply(body=body)) as endpoint, pytest.raises(AwsCallError, match="Unreadable") as refused:
        source_at(endpoint.url, Clock()).current()
    assert "hidden" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_an_endpoint_that_is_gone_is_an_error() -> None:
    with aws_endpoint(Reply(hang_up=True)) as endpoint, pytest.raises(AwsCallError, match="NoAnswer"):
        source_at(endpoint.url, Clock()).current()


@pytest.mark.parametrize("url", ["http://example.com/", "https://127.0.0.1/", "http://10.0.0.1/", "http:///x"])
def test_the_authorization_token_goes_nowhere_but_to_this_container(url: str) -> None:
    with pytest.raises(MisconfiguredError):
        source_at(url, Clock()).current()
