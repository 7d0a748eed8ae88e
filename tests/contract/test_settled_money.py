"""A thousand requests, settled by consumers that die and are replaced: receipts, ledger and balances are one sum."""

import random
from decimal import Decimal

import pytest

from ownkey.domain.money import total
from ownkey.storage.balances import BalanceRepository, Credit
from ownkey.storage.rollups import RollupReader
from ownkey.storage.usage import UsageRepository
from tests.support.adapter_recordings import recordings
from tests.support.exact_tables import ExactTables
from tests.support.money import Gateway, traffic
from tests.support.standings import TEAM_ID
from tests.support.tables import BOTO_ERRORS
from tests.support.usage_records import Killed, Mortal, images_of, metering, random_batches

REQUESTS = 1000
CREDITED = Decimal("1000.00")
DAY = "2026-11-23"


@pytest.mark.parametrize("seed", [20261126, 7])
def test_receipts_and_ledger_and_balances_are_one_sum(seed: int) -> None:
    tables, dice = ExactTables(), random.Random(seed)
    gateway = Gateway(UsageRepository(tables, "Usage", BOTO_ERRORS))
    results = [gateway.run(case) for case in traffic(seed, REQUESTS, recordings=recordings(status=200))]
    images = images_of(tables.scan("Usage"))
    payers = sorted({image["payer_id"]["S"] for image in images.values()})
    assert len(payers) > 2
    balances = BalanceRepository(tables, "Accounts", BOTO_ERRORS)
    for payer in payers:
        balances.credit(payer, Credit(reference="first", amount_usd=CREDITED, at=f"{DAY}T00:00:00Z"))

    deaths = settle_with_deaths(tables, images, dice)
    assert deaths > 10

    ledger = {name: Decimal(image["amount_usd"]["N"]) for name, image in images.items() if "amount_usd" in image}
    spent = total(*(CREDITED - balances.balance_of(payer) for payer in payers))
    assert spent == total(*ledger.values()) > 0
    for payer in payers:
        owed = total(
            *(ledger.get(name, Decimal(0)) for name, image in images.items() if image["payer_id"]["S"] == payer)
        )
        assert CREDITED - balances.balance_of(payer) == owed

    # A receipt is for the chat and its search; who hung up has none, though the record has the amount.
    told = {f"event-{each.case.request_id}": each.receipt for each in results if each.receipt}
    priced = {name: Decimal(receipt["amount"]) for name, receipt in told.items() if receipt["amount"] is not None}
    both = [each for name in priced for each in (name, f"{name}.search") if each in ledger]
    assert total(*priced.values()) == total(*(ledger[name] for name in both)) > 0

    reader = RollupReader(tables, "Usage", BOTO_ERRORS)
    sums = [row.figures for user in ("ada", "bob") for row in reader.of_user(user, DAY, DAY)]
    assert total(*(each.amount_usd for each in sums)) == spent
    assert sum(each.requests for each in sums) == len(images)
    assert sum(each.unknown_priced for each in sums) == len(images) - len(ledger)
    of_team = [row.figures for row in reader.of_team(TEAM_ID, DAY, DAY)]
    teams = [name for name, image in images.items() if image.get("team_id", {}).get("S") == TEAM_ID]
    assert total(*(each.amount_usd for each in of_team)) == total(*(ledger[n] for n in teams if n in ledger)) > 0


def settle_with_deaths(tables: ExactTables, images: dict[str, dict[str, object]], dice: random.Random) -> int:
    """Deliver everything three times in any order, to consumers that die at any call but in the last round."""
    deaths = 0
    for may_die in (True, True, False):

        def dies(call: str, *, may_die: bool = may_die) -> str | None:
            return dice.choice((None, None, "before", "after")) if may_die else None

        for batch in random_batches(list(images), dice):
            consumer = metering(Mortal(tables, dies), lane=dice.randrange(16))
            try:
                assert consumer.settle({name: images[name] for name in batch}) == {}  # type: ignore[misc]
            except Killed:
                deaths += 1
    return deaths
