"""The small client against an emulated DynamoDB and KMS: the repositories and the vault cannot tell it from boto3."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import boto3
import pytest
from moto.server import ThreadedMotoServer

from ownkey.domain.chat import Usage
from ownkey.domain.identity import GatewayKey
from ownkey.domain.prices import Charge
from ownkey.domain.provider_keys import KeyStatus, ProviderKey
from ownkey.domain.usage import UsageRecord
from ownkey.storage.accounts import AccountRepository
from ownkey.storage.aws.client import JsonClient, JsonService
from ownkey.storage.aws.credentials import EnvironmentCredentials
from ownkey.storage.aws.errors import AwsCallError
from ownkey.storage.aws.services import DYNAMODB, KMS, DynamoDB, Kms
from ownkey.storage.provider_keys import ProviderKeyRepository
from ownkey.storage.usage import UsageRepository
from tests.support.tables import ENVIRONMENT, REGION, create_table

AT = datetime(2026, 11, 23, 10, 20, 9, tzinfo=UTC)
KEY = ProviderKey(
    owner="user#ada",
    provider="openai",
    key_id="k-1",
    status=KeyStatus.ACTIVE,
    created_at="2026-11-01T00:00:00Z",
    updated_at="2026-11-02T00:00:00Z",
    ciphertext=bytes(range(256)),
)


@dataclass(frozen=True, slots=True)
class Server:
    """A moto server, and boto3's clients for it."""

    url: str
    dynamodb: Any
    kms: Any

    def client(self, service: JsonService) -> JsonClient:
        credentials = EnvironmentCredentials(ENVIRONMENT)
        return JsonClient(service, region=REGION, credentials=credentials, endpoint_url=self.url)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    with patch.dict("os.environ", ENVIRONMENT):
        dynamodb = boto3.client("dynamodb", region_name=REGION, endpoint_url=url)
        for table in ("Accounts", "ProviderKeys", "Usage"):
            create_table(dynamodb, table)
        yield Server(url, dynamodb, boto3.client("kms", region_name=REGION, endpoint_url=url))
        dynamodb.close()
    server.stop()


def test_provider_keys_read_and_write_the_same_items_over_either_client(server: Server) -> None:
    ours = ProviderKeyRepository(DynamoDB(server.client(DYNAMODB)), "ProviderKeys", (AwsCallError,))
    theirs = ProviderKeyRepository(server.dynamodb, "ProviderKeys", ())

    theirs.save(KEY)
    ours.touch(KEY, at=AT)
    ours.mark(replace(KEY, key_id="older"), status=KeyStatus.INVALID, last_error="no", at=AT)

    seen = replace(KEY, last_used_at="2026-11-23T10:20:09Z")
    assert ours.load_for_use(KEY.owner, KEY.provider) == seen
    assert ours.load_all_for_use(KEY.owner) == theirs.load_all_for_use(KEY.owner) == [seen]
    assert ours.list(KEY.owner) == [replace(seen, ciphertext=None)]
    assert (ours.delete(KEY.owner, KEY.provider), ours.delete(KEY.owner, KEY.provider)) == (True, False)


def test_gateway_keys_are_found_over_either_client(server: Server) -> None:
    key = GatewayKey(key_id="A" * 16, user_id="ada", secret_sha256="00", name="n", created_at="2026-11-23T10:00:00Z")
    ours = AccountRepository(DynamoDB(server.client(DYNAMODB)), "Accounts", (AwsCallError,))
    ours.add_gateway_key(key)
    assert AccountRepository(server.dynamodb, "Accounts", ()).find_gateway_key(key.key_id) == key
    ours.remove_gateway_key("ada", key.key_id)
    assert ours.find_gateway_key(key.key_id) is None


def test_usage_is_written_once_over_the_small_client(server: Server) -> None:
    record = UsageRecord(
        request_id="r",
        user_id="ada",
        payer_id="ada",
        owner="platform",
        provider="openai",
        model="m",
        upstream_model="m",
        credential="platform",
        key_id="k",
        byok=False,
        stream=True,
        usage=Usage(),
        charge=Charge(),
        outcome="cut",
        started_at=AT,
        duration_ms=1,
        time_to_first_byte_ms=1,
    )
    usage = UsageRepository(DynamoDB(server.client(DYNAMODB)), "Usage", (AwsCallError,))
    usage.put(record)
    usage.put(record)
    assert server.dynamodb.scan(TableName="Usage")["Count"] == 1


def test_kms_opens_under_the_same_encryption_context_only(server: Server) -> None:
    key_id = server.kms.create_key()["KeyMetadata"]["KeyId"]
    context = {"owner": "user#ada", "provider": "openai", "key_id": "k-1"}
    sealed = server.kms.encrypt(KeyId=key_id, Plaintext=b"\x00secret\xff", EncryptionContext=context)["CiphertextBlob"]
    kms = Kms(server.client(KMS))

    opened = kms.decrypt(KeyId=key_id, CiphertextBlob=sealed, EncryptionContext=context)
    assert opened["Plaintext"] == b"\x00secret\xff"
    with pytest.raises(AwsCallError) as refused:
        kms.decrypt(KeyId=key_id, CiphertextBlob=sealed, EncryptionContext={**context, "owner": "user#eve"})
    assert refused.value.response["Error"]["Code"] == "InvalidCiphertextException"


def test_a_missing_table_is_named_by_its_code(server: Server) -> None:
    with pytest.raises(AwsCallError) as refused:
        DynamoDB(server.client(DYNAMODB)).get_item(TableName="Nowhere", Key={"pk": {"S": "a"}, "sk": {"S": "b"}})
    assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"
