"""Usage records are settled exactly once, whatever happens to who settles them."""

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from ownkey.domain.figures import Figures, Rollup
from ownkey.domain.identity import GatewayKey
from ownkey.domain.money import total
from ownkey.domain.prices import Charge
from ownkey.domain.teams import ByokMode, Team, TeamStatus
from ownkey.domain.usage import UsageRecord
from ownkey.storage.accounts import AccountRepository
from ownkey.storage.balances import BalanceRepository, Credit, FundsMarker
from ownkey.storage.rollups import RollupReader
from ownkey.storage.table import Table
from ownkey.storage.team_items import team_item, team_of
from ownkey.storage.usage import UsageRepository
from tests.support.exact_tables import ExactTables
from tests.support.tables import BOTO_ERRORS, BrokenClient, CountingClient, client_error
from tests.support.usage_records import (
    TEAM_OWNERS,
    USERS,
    Killed,
    Mortal,
    images_of,
    metering,
    random_batches,
    usage_record,
)

PERIOD = ("2026-11-01", "2026-11-30")


@pytest.fixture
def tables() -> ExactTables:
    return ExactTables()


def recorded(tables: ExactTables, *records: UsageRecord) -> dict[str, Any]:
    """Store records as the chat function does, and return them as the stream shows them."""
    usage = UsageRepository(tables, "Usage", BOTO_ERRORS)
    for record in records:
        usage.put(record)
    return images_of(tables.scan("Usage"))


def made_up(count: int, dice: random.Random, **changes: Any) -> list[UsageRecord]:
    return [usage_record(number, dice, **changes) for number in range(count)]


def balances(tables: ExactTables) -> dict[str, Decimal]:
    repository = BalanceRepository(tables, "Accounts", BOTO_ERRORS)
    return {user: repository.balance_of(user) for user in {*USERS, *TEAM_OWNERS.values()}}


def rollups(tables: ExactTables) -> tuple[list[Rollup], list[Rollup]]:
    reader = RollupReader(tables, "Usage", BOTO_ERRORS)
    of_users = [row for user in USERS for row in reader.of_user(user, *PERIOD)]
    return of_users, [row for team in TEAM_OWNERS for row in reader.of_team(team, *PERIOD)]


def owed(records: list[UsageRecord]) -> Decimal:
    return total(*(record.charge.amount for record in records if record.charge.amount is not None))


def check_settled_once(tables: ExactTables, records: list[UsageRecord]) -> None:
    """Check that receipts, sums and balances agree to the last digit."""
    of_users, of_teams = rollups(tables)
    assert total(*(row.figures.amount_usd for row in of_users)) == owed(records)
    assert sum(row.figures.requests for row in of_users) == len(records)
    assert sum(row.figures.unknown_priced for row in of_users) == sum(r.charge.amount is None for r in records)
    assert sum(row.figures.estimated for row in of_users) == sum(record.estimated for record in records)
    for record_tokens, name in (
        (sum(record.usage.input_tokens for record in records), "input_tokens"),
        (sum(record.usage.output_tokens for record in records), "output_tokens"),
    ):
        assert sum(getattr(row.figures, name) for row in of_users) == record_tokens
    teams = [record for record in records if record.team_id]
    assert total(*(row.figures.amount_usd for row in of_teams)) == owed(teams)
    for payer, balance in balances(tables).items():
        assert -balance == owed([record for record in records if record.payer_id == payer])
    rows = {(r.day, r.user_id, r.team_id, r.provider, r.model): r.figures for r in of_teams}
    for row, figures in rows.items():
        of_row = [r for r in teams if (str(r.started_at)[:10], r.user_id, r.team_id, r.provider, r.model) == row]
        assert (figures.requests, figures.amount_usd) == (len(of_row), owed(of_row))


def test_a_thousand_records_are_settled_once_by_consumers_that_die_and_are_replaced(tables: ExactTables) -> None:
    dice = random.Random(20261126)
    records = made_up(1000, dice)
    images = recorded(tables, *records)
    deaths = 0

    def dies(call: str) -> str | None:
        return dice.choice((None, None, None, "before", "after")) if call != "query" else None

    for delivery in range(3):
        for batch in random_batches(list(images), dice):
            delivered = {name: images[name] for name in batch}
            consumer = metering(Mortal(tables, dies if delivery < 2 else lambda _: None), lane=dice.randrange(16))
            try:
                assert consumer.settle(delivered) == {}
            except Killed:
                deaths += 1
    assert deaths > 10
    check_settled_once(tables, records)


def test_consumers_at_the_same_time_settle_once(tables: ExactTables) -> None:
    dice = random.Random(7)
    records = made_up(120, dice)
    images = recorded(tables, *records)
    batches = [{name: images[name] for name in batch} for _ in range(4) for batch in random_batches(list(images), dice)]
    with ThreadPoolExecutor(8) as threads:
        failures = list(
            threads.map(lambda each: metering(tables, lane=each[0] % 16).settle(each[1]), enumerate(batches))
        )
    assert failures == [{}] * len(batches)
    check_settled_once(tables, records)


def test_one_record_in_a_batch_twice_is_settled_once(tables: ExactTables) -> None:
    records = made_up(1, random.Random(1))
    [image] = recorded(tables, *records).values()
    assert metering(tables).settle({"e1": image, "e2": image}) == {}
    check_settled_once(tables, records)


def test_a_batch_is_written_once_a_sum(tables: ExactTables) -> None:
    records = made_up(
        60, random.Random(2), user_id="ada", payer_id="ada", team_id=None, provider="groq", model="m",
        started_at=datetime(2026, 11, 23, tzinfo=UTC),
    )  # fmt: skip
    images = recorded(tables, *records)
    client = CountingClient(tables)
    assert metering(client, marks=False).settle(images) == {}
    [transaction] = [request for name, request in client.calls if name == "transact_write_items"]
    assert len(transaction["TransactItems"]) == 60 + 1 + 1


def test_what_a_transaction_cannot_hold_goes_into_the_next(tables: ExactTables) -> None:
    dice = random.Random(3)
    records = [replace(usage_record(n, dice), user_id=f"u{n}", payer_id=f"u{n}", team_id=None) for n in range(100)]
    images = recorded(tables, *records)
    client = CountingClient(tables)
    assert metering(client, marks=False).settle(images) == {}
    sizes = [len(request["TransactItems"]) for name, request in client.calls if name == "transact_write_items"]
    assert (len(sizes), max(sizes)) == (4, 99)


def test_a_record_that_cannot_be_read_fails_alone(tables: ExactTables) -> None:
    records = made_up(3, random.Random(4))
    images = recorded(tables, *records)
    broken = {"e1": {**images["event-req-0"], "started_at": {"N": "1"}}, "e2": {"pk": {"S": "x"}}}
    newer = {"e3": {**images["event-req-1"], "version": {"N": "99"}}}
    negative = {"e4": {**images["event-req-2"], "amount_usd": {"N": "-1"}}}
    assert metering(tables).settle({**broken, **newer, **negative, **images}).keys() == {"e1", "e2", "e3", "e4"}
    check_settled_once(tables, records)


def test_attributes_of_later_releases_are_left_alone(tables: ExactTables) -> None:
    records = made_up(1, random.Random(5))
    [image] = recorded(tables, *records).values()
    assert metering(tables).settle({"e": {**image, "more": {"M": {}}, "less": {"NULL": True}}}) == {}
    check_settled_once(tables, records)


def test_records_of_earlier_releases_are_paid_by_their_user(tables: ExactTables) -> None:
    records = made_up(1, random.Random(6), user_id="ada", payer_id="ada", team_id=None)
    [image] = recorded(tables, *records).values()
    del image["payer_id"]
    assert metering(tables).settle({"e": image}) == {}
    check_settled_once(tables, records)


def test_a_record_that_dynamodb_refuses_does_not_hold_up_the_others(tables: ExactTables) -> None:
    records = made_up(40, random.Random(8))
    images = recorded(tables, *records)

    class Refusing(Mortal):
        def transact_write_items(self, **request: Any) -> Any:
            if "req-7#" in str(request) or "req-7'" in str(request):
                raise client_error("ValidationException")
            return tables.transact_write_items(**request)

    failures = metering(Refusing(tables, lambda _: None)).settle(images)
    assert failures.keys() == {"event-req-7"}
    check_settled_once(tables, [record for record in records if record.request_id != "req-7"])
    assert metering(tables).settle(images) == {}
    check_settled_once(tables, records)


def test_an_amount_with_more_decimals_than_can_be_added_up_exactly_is_not_guessed(tables: ExactTables) -> None:
    records = made_up(5, random.Random(12))
    images = recorded(tables, *records)
    fine = {**images["event-req-0"], "sk": {"S": "usage#fine"}, "amount_usd": {"N": "0." + "0" * 27 + "1"}}
    finer = {**images["event-req-0"], "sk": {"S": "usage#finer"}, "amount_usd": {"N": "0." + "0" * 28 + "1"}}
    before = total(*balances(tables).values())
    assert metering(tables).settle({"fine": fine, "finer": finer}).keys() == {"finer"}
    assert total(*balances(tables).values()) == before - Decimal("1e-28")


@pytest.mark.parametrize("code", ["ProvisionedThroughputExceededException", "InternalServerError", ""])
def test_records_come_again_when_the_store_is_down(tables: ExactTables, code: str) -> None:
    records = made_up(20, random.Random(9))
    images = recorded(tables, *records)
    assert metering(BrokenClient(client_error(code))).settle(images).keys() == images.keys()
    assert metering(tables).settle(images) == {}
    check_settled_once(tables, records)


# Who has funds.


def key_of(tables: ExactTables, key_id: str) -> GatewayKey | None:
    return AccountRepository(tables, "Accounts", BOTO_ERRORS).find_gateway_key(key_id)


def test_whether_the_payer_has_funds_is_noted_on_keys_and_teams(tables: ExactTables) -> None:
    accounts = Table(tables, "Accounts", BOTO_ERRORS)
    AccountRepository(tables, "Accounts", BOTO_ERRORS).add_gateway_key(
        GatewayKey(key_id="g1", user_id="ada", secret_sha256="0", name="n", created_at="2026-11-01T00:00:00Z")
    )
    team = Team(
        team_id="t1", name="T", owner_id="olga", status=TeamStatus.ACTIVE, byok_mode=ByokMode.DISABLED, created_at="x"
    )
    accounts.put(team_item(team))
    charge = Charge(list_price=Decimal(1), platform_fee=Decimal(0), amount=Decimal(1))
    credit = Credit(reference="r", amount_usd=Decimal("1.5"), at="2026-11-01T00:00:00Z")
    for user in ("ada", "olga"):
        BalanceRepository(tables, "Accounts", BOTO_ERRORS).credit(user, credit)
    dice = random.Random(10)
    own = [replace(usage_record(n, dice), user_id="ada", payer_id="ada", team_id=None, charge=charge) for n in range(2)]
    teams = [
        replace(usage_record(n, dice), user_id="ada", payer_id="olga", team_id="t1", charge=charge) for n in range(2, 4)
    ]
    images = recorded(tables, *own, *teams)
    for name in images:
        images[name]["gateway_key_id"] = {"S": "g1"}

    def noted() -> tuple[bool | None, bool | None]:
        key, stored = key_of(tables, "g1"), accounts.get({"pk": "team#t1", "sk": "team"})
        assert key is not None
        assert stored is not None
        return key.has_funds, team_of(stored).has_funds

    def settle(*numbers: int, client: Any = tables) -> None:
        assert metering(client).settle({f"{n}": images[f"event-req-{n}"] for n in numbers}) == {}

    assert noted() == (None, None)
    settle(0, 2)
    assert noted() == (True, True)
    with pytest.raises(Killed):
        settle(1, client=Mortal(tables, lambda call: "before" if call == "update_item" else None))
    assert noted() == (True, True)
    settle(1)
    assert noted() == (False, True)
    settle(3)
    assert noted() == (False, False)


def test_a_balance_that_is_used_up_is_noted_on_all_keys_of_the_payer_and_on_their_teams(tables: ExactTables) -> None:
    accounts, keys = Table(tables, "Accounts", BOTO_ERRORS), AccountRepository(tables, "Accounts", BOTO_ERRORS)
    for key_id, user_id in (("g1", "ada"), ("g2", "ada"), ("g3", "bob")):
        keys.add_gateway_key(
            GatewayKey(key_id=key_id, user_id=user_id, secret_sha256="0", name="n", created_at="2026-11-01T00:00:00Z")
        )
        FundsMarker(tables, "Accounts", BOTO_ERRORS).mark_gateway_key(key_id, has_funds=True)
    for team_id, owner_id in (("t1", "ada"), ("t2", "bob")):
        team = Team(
            team_id=team_id,
            name="T",
            owner_id=owner_id,
            status=TeamStatus.ACTIVE,
            byok_mode=ByokMode.DISABLED,
            created_at="x",
            has_funds=True,
        )
        accounts.put(team_item(team))
        accounts.put({"pk": "user#ada", "sk": f"team#{team_id}"})
    charge = Charge(list_price=Decimal(1), platform_fee=Decimal(0), amount=Decimal(1))
    record = replace(
        usage_record(0, random.Random(12), team_id=None, charge=charge),
        user_id="ada",
        payer_id="ada",
        gateway_key_id="g1",
    )
    assert metering(tables).settle(recorded(tables, record)) == {}
    assert [key.has_funds for key_id in ("g1", "g2", "g3") if (key := key_of(tables, key_id))] == [False, False, True]
    noted = [accounts.get({"pk": f"team#{team_id}", "sk": "team"}) or {} for team_id in ("t1", "t2")]
    assert [item["has_funds"] for item in noted] == [False, True]


def test_a_key_that_is_gone_and_a_team_of_another_owner_are_not_noted_on(tables: ExactTables) -> None:
    accounts = Table(tables, "Accounts", BOTO_ERRORS)
    team = Team(
        team_id="t1", name="T", owner_id="new", status=TeamStatus.ACTIVE, byok_mode=ByokMode.DISABLED, created_at="x"
    )
    accounts.put(team_item(team))
    dice = random.Random(11)
    own = replace(usage_record(0, dice), user_id="ada", payer_id="ada", team_id=None)
    images = recorded(tables, own, replace(usage_record(1, dice), payer_id="olga", team_id="t1"))
    for image in images.values():
        image["gateway_key_id"] = {"S": "gone"}
    assert metering(tables).settle(images) == {}
    assert accounts.get({"pk": "gateway-key#gone", "sk": "gateway-key"}) is None
    assert "has_funds" not in (accounts.get({"pk": "team#t1", "sk": "team"}) or {})


def test_records_whose_note_could_not_be_written_come_again_and_are_charged_once(tables: ExactTables) -> None:
    records = made_up(6, random.Random(13), user_id="ada", payer_id="ada", team_id=None)
    images = recorded(tables, *records)
    for image in images.values():
        image["gateway_key_id"] = {"S": "g1"}

    class Unnoted(Mortal):
        def update_item(self, **request: Any) -> Any:
            raise client_error("InternalServerError")

    assert metering(Unnoted(tables, lambda _: None)).settle(images).keys() == images.keys()
    assert metering(tables).settle(images) == {}
    check_settled_once(tables, records)


def test_figures_add_up() -> None:
    one = Figures(requests=1, amount_usd=Decimal("0.1"), input_tokens=3)
    assert one.plus(one) == Figures(requests=2, amount_usd=Decimal("0.2"), input_tokens=6)
    with pytest.raises(ArithmeticError):
        one.plus(Figures(amount_usd=Decimal("1e30") + Decimal("1e-9")).plus(Figures(amount_usd=Decimal("1e-20"))))
