"""Provider keys in DynamoDB: metadata and ciphertext are read apart, and a replaced key is not touched."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from ownkey.domain.errors import StoreUnavailableError
from ownkey.domain.provider_keys import KeyStatus, ProviderKey
from ownkey.storage.provider_keys import ProviderKeyRepository
from tests.support.tables import BOTO_ERRORS, BrokenClient, CountingClient, EmulatedAws, client_error, emulated_aws

AT = datetime(2026, 11, 23, 10, 20, 9, tzinfo=UTC)
KEY = ProviderKey(
    owner="user#ada",
    provider="openai",
    key_id="k-1",
    name="work",
    key_suffix="cdef",
    status=KeyStatus.ACTIVE,
    created_at="2026-11-01T00:00:00Z",
    updated_at="2026-11-02T00:00:00Z",
    last_used_at="2026-11-03T00:00:00Z",
    last_error="said no",
    expires_at="2027-01-01T00:00:00Z",
    added_by="ada",
    ciphertext=b"\x00sealed\xff",
)
BARE = ProviderKey(
    owner="user#ada",
    provider="groq",
    key_id="k-2",
    status=KeyStatus.UNVERIFIED,
    created_at="2026-11-01T00:00:00Z",
    updated_at="2026-11-01T00:00:00Z",
    ciphertext=b"other",
)


@pytest.fixture(scope="module")
def module_aws() -> Iterator[EmulatedAws]:
    with emulated_aws() as aws:
        yield aws


@pytest.fixture
def aws(module_aws: EmulatedAws) -> EmulatedAws:
    return module_aws.emptied()


@pytest.fixture
def client(aws: EmulatedAws) -> CountingClient:
    return CountingClient(aws.dynamodb)


@pytest.fixture
def keys(client: CountingClient) -> ProviderKeyRepository:
    return ProviderKeyRepository(client, "ProviderKeys", BOTO_ERRORS)


@pytest.mark.parametrize("key", [KEY, BARE])
def test_a_saved_key_is_loaded_as_it_was(keys: ProviderKeyRepository, key: ProviderKey) -> None:
    keys.save(key)

    assert keys.load_for_use(key.owner, key.provider) == key
    assert keys.load_all_for_use(key.owner) == [key]


def test_managing_functions_never_ask_for_the_ciphertext(keys: ProviderKeyRepository, client: CountingClient) -> None:
    keys.save(KEY)
    client.calls.clear()

    assert keys.load(KEY.owner, KEY.provider) == replace(KEY, ciphertext=None)
    assert keys.list(KEY.owner) == [replace(KEY, ciphertext=None)]
    for name, request in client.calls:
        assert "ciphertext" not in request["ExpressionAttributeNames"].values()
        assert request["ProjectionExpression"].count("#") == 13
        assert name == "get_item" or request["Select"] == "SPECIFIC_ATTRIBUTES"


def test_reads_see_the_last_write(keys: ProviderKeyRepository, client: CountingClient) -> None:
    keys.load("user#ada", "openai")
    keys.load_for_use("user#ada", "openai")
    keys.load_all_for_use("user#ada")
    assert all(request["ConsistentRead"] for _, request in client.calls)
    assert client.names == ["get_item", "get_item", "query"]


def test_an_owners_keys_are_sorted_and_nobody_elses(keys: ProviderKeyRepository) -> None:
    for key in (BARE, KEY, replace(KEY, owner="user#bob"), replace(KEY, owner="user#ada2")):
        keys.save(key)

    assert [key.provider for key in keys.list("user#ada")] == ["groq", "openai"]
    assert keys.load_for_use("user#eve", "openai") is None


def test_every_page_of_a_long_list_is_read(aws: EmulatedAws) -> None:
    class OnePerPage(CountingClient):
        def __getattr__(self, name: str) -> Any:
            call = super().__getattr__(name)
            return (lambda **request: call(**request, Limit=1)) if name == "query" else call

    keys = ProviderKeyRepository(OnePerPage(aws.dynamodb), "ProviderKeys", BOTO_ERRORS)
    for provider in ("akash", "groq", "openai"):
        keys.save(replace(KEY, provider=provider))
    assert [key.provider for key in keys.list("user#ada")] == ["akash", "groq", "openai"]


def test_saving_replaces_the_whole_key(keys: ProviderKeyRepository) -> None:
    keys.save(KEY)
    keys.save(replace(BARE, provider="openai"))
    assert keys.load_for_use("user#ada", "openai") == replace(BARE, provider="openai")


def test_a_key_is_never_stored_unsealed(keys: ProviderKeyRepository) -> None:
    with pytest.raises(ValueError, match="seal it first"):
        keys.save(replace(KEY, ciphertext=None))


def test_a_deleted_key_leaves_nothing_behind(keys: ProviderKeyRepository, aws: EmulatedAws) -> None:
    keys.save(KEY)

    assert keys.delete("user#ada", "openai") is True
    assert keys.delete("user#ada", "openai") is False
    assert aws.items("ProviderKeys") == []


def test_a_mark_is_stored_and_a_later_good_answer_clears_the_error(keys: ProviderKeyRepository) -> None:
    keys.save(BARE)
    keys.mark(BARE, status=KeyStatus.INVALID, last_error="openai said 401", at=AT)
    marked = replace(BARE, status=KeyStatus.INVALID, last_error="openai said 401", last_used_at="2026-11-23T10:20:09Z")
    assert keys.load_for_use("user#ada", "groq") == marked

    keys.mark(BARE, status=KeyStatus.ACTIVE, last_error=None, at=AT)
    assert keys.load_for_use("user#ada", "groq") == replace(marked, status=KeyStatus.ACTIVE, last_error=None)


def test_a_touch_changes_the_date_only(keys: ProviderKeyRepository, client: CountingClient) -> None:
    keys.save(KEY)
    keys.touch(KEY, at=AT)
    # DynamoDB refuses an empty map of names, and the emulator in this process does not.
    assert "ExpressionAttributeNames" not in client.calls[-1][1]
    assert keys.load_for_use("user#ada", "openai") == replace(KEY, last_used_at="2026-11-23T10:20:09Z")


@pytest.mark.parametrize("successor", [replace(KEY, key_id="k-9"), None])
def test_a_replaced_or_deleted_key_is_left_alone(
    keys: ProviderKeyRepository, aws: EmulatedAws, successor: ProviderKey | None
) -> None:
    if successor:
        keys.save(successor)
    before = aws.items("ProviderKeys")

    keys.mark(KEY, status=KeyStatus.INVALID, last_error="no", at=AT)
    keys.touch(KEY, at=AT)

    assert aws.items("ProviderKeys") == before


@pytest.mark.parametrize(
    "change",
    [
        {"version": {"N": "2"}},
        {"version": {"S": "1"}},
        {"status": {"S": "resting"}},
        {"key_id": {"N": "1"}},
        {"ciphertext": {"S": "plain"}},
        {"name": {"L": []}},
        {"name": {"N": "1.5"}},
    ],
)
def test_an_item_of_another_shape_is_refused_not_guessed(
    keys: ProviderKeyRepository, aws: EmulatedAws, change: dict[str, Any]
) -> None:
    keys.save(KEY)
    [item] = aws.items("ProviderKeys")
    aws.dynamodb.put_item(TableName="ProviderKeys", Item={**item, **change})

    with pytest.raises(StoreUnavailableError):
        keys.load_for_use("user#ada", "openai")
    with pytest.raises(StoreUnavailableError):
        keys.load_all_for_use("user#ada")


def test_a_newer_item_is_named_for_the_operator(keys: ProviderKeyRepository, aws: EmulatedAws) -> None:
    keys.save(KEY)
    [item] = aws.items("ProviderKeys")
    aws.dynamodb.put_item(TableName="ProviderKeys", Item={**item, "version": {"N": "7"}})
    with pytest.raises(StoreUnavailableError, match="version 7, and this release knows 1"):
        keys.list("user#ada")


@pytest.mark.parametrize(
    "error",
    [
        client_error("ProvisionedThroughputExceededException"),
        client_error("AccessDeniedException"),
        EndpointConnectionError(endpoint_url="http://x"),
    ],
)
def test_every_failure_of_the_table_is_one_error(error: Exception) -> None:
    keys = ProviderKeyRepository(BrokenClient(error), "ProviderKeys", BOTO_ERRORS)
    calls = (
        lambda: keys.list("o"),
        lambda: keys.load("o", "p"),
        lambda: keys.load_for_use("o", "p"),
        lambda: keys.load_all_for_use("o"),
        lambda: keys.save(KEY),
        lambda: keys.delete("o", "p"),
        lambda: keys.mark(KEY, status=KeyStatus.ACTIVE, last_error=None, at=AT),
        lambda: keys.touch(KEY, at=AT),
    )
    for call in calls:
        with pytest.raises(StoreUnavailableError, match="ProviderKeys"):
            call()
