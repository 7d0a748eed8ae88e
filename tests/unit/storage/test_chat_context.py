from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from ownkey.adapters.registry import REGISTRY
from ownkey.domain.provider_keys import KeyStatus, ProviderKey
from ownkey.domain.teams import Member, Role, Team
from ownkey.storage.batch import MAX_KEYS
from ownkey.storage.chat_context import ChatContextRepository, TeamContext
from ownkey.storage.keyspace import TEAM_PARTS
from ownkey.storage.provider_keys import ProviderKeyRepository
from ownkey.storage.spending import SpendingRepository
from ownkey.storage.table import Table
from ownkey.storage.team_items import member_item, team_item
from tests.support.tables import BOTO_ERRORS, CountingClient, EmulatedAws, emulated_aws

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
STAMP = "2026-11-23T12:00:00Z"
TEAM = Team(team_id="t1", name="Engineering", owner_id="olga", created_at=STAMP)
MEMBER = Member(team_id="t1", user_id="ada", role=Role.MEMBER, joined_at=STAMP, email="ada@example.com")
OWNERS = ("team#t1", "user#ada")


def provider_key(owner: str, provider: str) -> ProviderKey:
    return ProviderKey(
        owner=owner,
        provider=provider,
        key_id=f"{owner}-{provider}",
        status=KeyStatus.ACTIVE,
        created_at=STAMP,
        updated_at=STAMP,
        ciphertext=b"sealed",
    )


@pytest.fixture(scope="module")
def aws() -> Iterator[EmulatedAws]:
    with emulated_aws() as aws:
        accounts = Table(aws.dynamodb, "Accounts", BOTO_ERRORS)
        accounts.put(team_item(TEAM))
        accounts.put(team_item(replace(TEAM, team_id="t2")))
        accounts.put(member_item(MEMBER))
        keys = ProviderKeyRepository(aws.dynamodb, "ProviderKeys", BOTO_ERRORS)
        for owner, provider in (
            ("team#t1", "openai"),
            ("team#t1", "groq"),
            ("user#ada", "groq"),
            ("user#bob", "openai"),
        ):
            keys.save(provider_key(owner, provider))
        spending = SpendingRepository(aws.dynamodb, "Usage", BOTO_ERRORS)
        spending.add(Decimal("1.5"), now=NOW, gateway_key_id=None, member=("t1", "ada"))
        spending.add(Decimal(2), now=NOW, gateway_key_id=None, member=("t1", "bob"))
        yield aws


def load(client: CountingClient, team_id: str = "t1", user_id: str = "ada", now: datetime = NOW) -> TeamContext:
    repository = ChatContextRepository(
        client, BOTO_ERRORS, accounts_table="Accounts", provider_keys_table="ProviderKeys", usage_table="Usage"
    )
    return repository.load(team_id, user_id, owners=OWNERS, providers=("openai", "groq", "azure"), now=now)


def test_everything_is_read_at_once(aws: EmulatedAws) -> None:
    client = CountingClient(aws.dynamodb)
    context = load(client)
    assert client.names == ["batch_get_item"]
    assert context.standing is not None
    assert (context.standing.team, context.standing.member) == (TEAM, MEMBER)
    assert (context.standing.team_spent_usd, context.standing.member_spent_usd) == (Decimal("3.5"), Decimal("1.5"))
    assert context.keys == {
        "team#t1": {slug: provider_key("team#t1", slug) for slug in ("openai", "groq")},
        "user#ada": {"groq": provider_key("user#ada", "groq")},
    }


def test_a_new_month_begins_at_nothing(aws: EmulatedAws) -> None:
    context = load(CountingClient(aws.dynamodb), now=datetime(2026, 12, 1, tzinfo=UTC))
    assert context.standing is not None
    assert (context.standing.team_spent_usd, context.standing.member_spent_usd) == (0, 0)


@pytest.mark.parametrize(("team_id", "user_id"), [("t2", "ada"), ("t1", "bob"), ("t3", "ada")])
def test_nobody_stands_in_a_team_that_is_not_theirs(aws: EmulatedAws, team_id: str, user_id: str) -> None:
    assert load(CountingClient(aws.dynamodb), team_id, user_id).standing is None


def test_a_batch_holds_whatever_providers_there_are() -> None:
    # Team and member, the member's counter and the team's, and the keys of two owners.
    assert 2 + 1 + TEAM_PARTS + 2 * len(REGISTRY) <= MAX_KEYS
