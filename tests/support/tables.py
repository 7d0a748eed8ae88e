"""An emulated AWS inside the test process: our three tables, a KMS key and a user pool."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from moto import mock_aws
from moto.core.botocore_stubber import BotocoreStubber

from ownkey.auth.sessions import CognitoSessions
from ownkey.auth.tokens import TokenIssuer, TokenVerifier
from ownkey.bootstrap.people import fetch_keys
from ownkey.config import Settings

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient

REGION = "eu-central-1"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "example-secret",
    "AWS_SESSION_TOKEN": "example-session",
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
}
BOTO_ERRORS = (ClientError, BotoCoreError)
TABLE_NAMES = ("Accounts", "ProviderKeys", "Usage")
EMAIL = "ada@example.com"
PASSWORD = "Correct-horse-42"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmulatedAws:
    """Clients of the emulated AWS, and the names of what is in it."""

    dynamodb: "DynamoDBClient"
    kms: "KMSClient"
    cognito: "CognitoIdentityProviderClient"
    kms_key_arn: str
    user_pool_id: str
    user_pool_client_id: str
    user_id: str
    """The `sub` of the one user, EMAIL with PASSWORD."""

    def items(self, table: str) -> list[dict[str, Any]]:
        """Return everything a table holds, in typed values."""
        return self.dynamodb.scan(TableName=table)["Items"]

    def emptied(self) -> "EmulatedAws":
        """Empty the tables, and return this."""
        for table in TABLE_NAMES:
            for item in self.items(table):
                self.dynamodb.delete_item(TableName=table, Key={"pk": item["pk"], "sk": item["sk"]})
        return self

    def environment(self) -> dict[str, str]:
        """Return the environment that the template would give a function."""
        return {
            **ENVIRONMENT,
            "OWNKEY_ACCOUNTS_TABLE": "Accounts",
            "OWNKEY_PROVIDER_KEYS_TABLE": "ProviderKeys",
            "OWNKEY_USAGE_TABLE": "Usage",
            "OWNKEY_PROVIDER_KEYS_KMS_KEY": self.kms_key_arn,
            "OWNKEY_USER_POOL_ID": self.user_pool_id,
            "OWNKEY_USER_POOL_CLIENT_ID": self.user_pool_client_id,
        }


@contextmanager
def emulated_aws() -> Iterator[EmulatedAws]:
    """Give an emulated AWS for as long as the block lasts. Like DynamoDB, it does one write to an item at a time."""
    with patch.dict("os.environ", ENVIRONMENT), mock_aws(), _one_call_at_a_time():
        dynamodb = boto3.client("dynamodb", region_name=REGION)
        for name in TABLE_NAMES:
            create_table(dynamodb, name)
        kms = boto3.client("kms", region_name=REGION)
        cognito = boto3.client("cognito-idp", region_name=REGION)
        pool = cognito.create_user_pool(PoolName="users", UsernameAttributes=["email"])["UserPool"]["Id"]
        client = cognito.create_user_pool_client(
            UserPoolId=pool,
            ClientName="console",
            ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        )
        yield EmulatedAws(
            dynamodb=dynamodb,
            kms=kms,
            cognito=cognito,
            kms_key_arn=kms.create_key()["KeyMetadata"]["Arn"],
            user_pool_id=pool,
            user_pool_client_id=client["UserPoolClient"]["ClientId"],
            user_id=add_user(cognito, pool),
        )


@contextmanager
def _one_call_at_a_time() -> Iterator[None]:
    """Serialise the calls: moto looks at a condition and then writes, and another thread may write between the two."""
    process, lock = BotocoreStubber.process_request, threading.RLock()

    def process_alone(stubber: BotocoreStubber, request: Any) -> Any:
        with lock:
            return process(stubber, request)

    with patch.object(BotocoreStubber, "process_request", process_alone):
        yield


def create_table(dynamodb: "DynamoDBClient", name: str) -> None:
    """Create a table with the primary key that all of ours have."""
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
    )


def add_user(cognito: "CognitoIdentityProviderClient", pool: str, email: str = EMAIL) -> str:
    """Create a user whose password is PASSWORD; return their id."""
    created = cognito.admin_create_user(
        UserPoolId=pool, Username=email, UserAttributes=[{"Name": "email", "Value": email}]
    )
    cognito.admin_set_user_password(UserPoolId=pool, Username=email, Password=PASSWORD, Permanent=True)
    return next(a["Value"] for a in created["User"]["Attributes"] if a["Name"] == "sub")


def sessions_of(aws: EmulatedAws, *, client_id: str | None = None, cognito: Any = None) -> CognitoSessions:
    """Return the sessions of the user pool, whose tokens are verified by its own keys."""
    settings = Settings(user_pool_id=aws.user_pool_id, user_pool_client_id=client_id or aws.user_pool_client_id)
    issuer = TokenIssuer(user_pool_id=aws.user_pool_id, client_id=settings.user_pool_client_id)
    verifier = TokenVerifier(issuer, lambda: fetch_keys(settings))
    return CognitoSessions(cognito or aws.cognito, settings.user_pool_client_id, BOTO_ERRORS, verifier)


class BrokenClient:
    """A client all of whose calls fail in one way."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        def fail(**_: Any) -> Any:
            raise self._error

        return fail


class CountingClient:
    """A client that passes every call on and remembers what was called."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, name: str) -> Any:
        def call(**request: Any) -> Any:
            self.calls.append((name, request))
            return getattr(self._client, name)(**request)

        return call

    @property
    def names(self) -> list[str]:
        """What was called, in order."""
        return [name for name, _ in self.calls]


def client_error(code: str, operation: str = "Operation") -> ClientError:
    """Return boto3's error for an AWS error code."""
    return ClientError({"Error": {"Code": code, "Message": "refused"}}, operation)
