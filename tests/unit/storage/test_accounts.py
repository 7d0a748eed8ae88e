"""Gateway keys in DynamoDB: two items that come and go together."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ownkey.domain.audit import Actor
from ownkey.domain.errors import ConflictError, NotFoundError, StoreUnavailableError
from ownkey.domain.identity import GatewayKey, GatewayKeyLimits
from ownkey.storage import keyspace
from ownkey.storage.accounts import AccountRepository
from tests.support.tables import BOTO_ERRORS, BrokenClient, CountingClient, EmulatedAws, emulated_aws

KEY = GatewayKey(
    key_id="A" * 16,
    user_id="ada",
    secret_sha256="ab" * 32,
    name="laptop",
    created_at="2026-11-23T10:00:00Z",
    expires_at="2027-11-23T10:00:00Z",
    limits=GatewayKeyLimits(
        allowed_origins=("https://a.example.com", "http://localhost:3000"),
        requests_per_day=100,
        usd_per_day=Decimal("2.5"),
    ),
)
OTHER = GatewayKey(
    key_id="B" * 16, user_id="ada", secret_sha256="cd" * 32, name="server", created_at="2026-11-22T10:00:00Z"
)


ADA = Actor(user_id="ada")


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
def accounts(client: CountingClient) -> AccountRepository:
    return AccountRepository(client, "Accounts", BOTO_ERRORS)


def test_a_stored_key_is_found_in_one_consistent_read(accounts: AccountRepository, client: CountingClient) -> None:
    accounts.add_gateway_key(KEY)
    client.calls.clear()

    assert accounts.find_gateway_key(KEY.key_id) == KEY
    assert accounts.find_gateway_key("Z" * 16) is None
    assert client.names == ["get_item", "get_item"]
    assert all(request["ConsistentRead"] for _, request in client.calls)


def test_a_users_keys_are_listed_oldest_first(accounts: AccountRepository) -> None:
    for key in (KEY, OTHER, replace(KEY, key_id="C" * 16, user_id="bob")):
        accounts.add_gateway_key(key)
    assert accounts.list_gateway_keys("ada") == [OTHER, KEY]


def test_an_id_is_used_once(accounts: AccountRepository) -> None:
    accounts.add_gateway_key(KEY)
    with pytest.raises(StoreUnavailableError):
        accounts.add_gateway_key(replace(KEY, user_id="bob"))
    assert accounts.find_gateway_key(KEY.key_id) == KEY
    assert accounts.list_gateway_keys("bob") == []


def test_a_revoked_key_leaves_nothing_behind(accounts: AccountRepository, aws: EmulatedAws) -> None:
    accounts.add_gateway_key(KEY)
    accounts.remove_gateway_key("ada", KEY.key_id)
    assert [item["sk"]["S"] for item in aws.items("Accounts")] == ["profile"]


@pytest.mark.parametrize(("user_id", "key_id"), [("bob", KEY.key_id), ("ada", "Z" * 16)])
def test_somebody_elses_and_an_unknown_key_cannot_be_revoked(
    accounts: AccountRepository, user_id: str, key_id: str
) -> None:
    accounts.add_gateway_key(KEY)
    with pytest.raises(NotFoundError):
        accounts.remove_gateway_key(user_id, key_id)
    assert accounts.find_gateway_key(KEY.key_id) == KEY


@pytest.mark.parametrize(
    "reasons",
    [
        [{"Code": "None"}, {"Code": "TransactionConflict"}],
        [{"Code": "ConditionalCheckFailed"}, {"Code": "ThrottlingError"}],
        [],
    ],
)
def test_a_transaction_that_lost_a_race_is_our_trouble_not_the_callers(reasons: list[dict[str, str]]) -> None:
    response = {"Error": {"Code": "TransactionCanceledException", "Message": "no"}, "CancellationReasons": reasons}
    error = ClientError(response, "TransactWriteItems")  # type: ignore[arg-type]
    accounts = AccountRepository(BrokenClient(error), "Accounts", BOTO_ERRORS)
    with pytest.raises(StoreUnavailableError):
        accounts.remove_gateway_key("ada", KEY.key_id)


def test_an_item_of_a_newer_shape_is_refused(accounts: AccountRepository, aws: EmulatedAws) -> None:
    accounts.add_gateway_key(KEY)
    for item in aws.items("Accounts"):
        aws.dynamodb.put_item(TableName="Accounts", Item={**item, "version": {"N": "2"}})
    with pytest.raises(StoreUnavailableError, match="gateway-key has version 2"):
        accounts.find_gateway_key(KEY.key_id)


def member_of(aws: EmulatedAws, user_id: str, team_id: str) -> None:
    place = {name: {"S": value} for name, value in keyspace.member(team_id, user_id).items()}
    aws.dynamodb.put_item(TableName="Accounts", Item=place)


def test_every_key_carries_the_default_team_and_new_ones_too(accounts: AccountRepository, aws: EmulatedAws) -> None:
    accounts.add_gateway_key(KEY)
    member_of(aws, "ada", "t1")
    accounts.change_default_team("ada", "t1", ADA)
    assert accounts.default_team("ada") == "t1"
    found = accounts.find_gateway_key(KEY.key_id)
    assert found == replace(KEY, default_team_id="t1")
    with pytest.raises(ConflictError):
        accounts.add_gateway_key(OTHER)
    accounts.add_gateway_key(replace(OTHER, default_team_id="t1"))
    accounts.change_default_team("ada", None, ADA)
    assert [accounts.find_gateway_key(key.key_id) for key in (KEY, OTHER)] == [KEY, OTHER]
    assert accounts.default_team("ada") is None


def test_a_team_of_others_is_no_default(accounts: AccountRepository, aws: EmulatedAws) -> None:
    member_of(aws, "bob", "t1")
    with pytest.raises(NotFoundError):
        accounts.change_default_team("ada", "t1", ADA)
    assert accounts.default_team("ada") is None


def test_fifty_keys_are_changed_at_once(accounts: AccountRepository, aws: EmulatedAws) -> None:
    member_of(aws, "ada", "t1")
    for number in range(50):
        accounts.add_gateway_key(replace(OTHER, key_id=f"{number:016d}"))
    accounts.change_default_team("ada", "t1", ADA)
    found = [accounts.find_gateway_key(f"{number:016d}") for number in range(50)]
    assert {key.default_team_id for key in found if key} == {"t1"}


def test_a_changed_key_keeps_its_secret_and_a_revoked_one_stays_gone(accounts: AccountRepository) -> None:
    accounts.add_gateway_key(KEY)
    changed = replace(KEY, name="desktop", limits=replace(KEY.limits, requests_per_day=7))
    accounts.change_gateway_key("ada", KEY.key_id, ADA, name="desktop", requests_per_day=7)
    assert accounts.find_gateway_key(KEY.key_id) == changed
    assert accounts.list_gateway_keys("ada") == [changed]
    accounts.remove_gateway_key("ada", KEY.key_id)
    with pytest.raises(NotFoundError):
        accounts.change_gateway_key("ada", KEY.key_id, ADA, name="desktop")
    assert accounts.find_gateway_key(KEY.key_id) is None


def test_changes_of_different_limits_do_not_undo_each_other(accounts: AccountRepository) -> None:
    accounts.add_gateway_key(KEY)
    changes: list[dict[str, Any]] = [
        {"name": "desktop"},
        {"allowed_origins": ("https://a.example", "https://b.example")},
        {"requests_per_day": 7},
        {"usd_per_day": Decimal("2.50")},
    ]
    with ThreadPoolExecutor(len(changes)) as pool:
        for done in [pool.submit(accounts.change_gateway_key, "ada", KEY.key_id, ADA, **one) for one in changes]:
            done.result()
    found = accounts.find_gateway_key(KEY.key_id)
    limits = GatewayKeyLimits(
        allowed_origins=("https://a.example", "https://b.example"), requests_per_day=7, usd_per_day=Decimal("2.50")
    )
    assert found == replace(KEY, name="desktop", limits=limits)
    assert accounts.list_gateway_keys("ada") == [found]
    accounts.change_gateway_key("ada", KEY.key_id, ADA, requests_per_day=None, allowed_origins=())
    kept = accounts.find_gateway_key(KEY.key_id)
    assert kept is not None
    assert kept.limits == GatewayKeyLimits(usd_per_day=Decimal("2.50"))


def test_somebody_elses_key_is_not_changed(accounts: AccountRepository) -> None:
    accounts.add_gateway_key(KEY)
    with pytest.raises(NotFoundError):
        accounts.change_gateway_key("bob", KEY.key_id, ADA, requests_per_day=10_000_000)
    assert accounts.find_gateway_key(KEY.key_id) == KEY
