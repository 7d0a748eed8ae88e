"""A thousand requests: what their callers were told they cost is, to the last digit, what the ledger says."""

import io
from collections import Counter
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest

from ownkey.domain.errors import StoreUnavailableError
from ownkey.domain.money import is_chargeable
from ownkey.domain.usage import UsageRecord
from ownkey.storage.usage import UsageRepository
from tests.support.adapter_recordings import recordings
from tests.support.money import (
    AlreadyThereError,
    Case,
    Gateway,
    RememberingDynamoDB,
    Result,
    expected,
    traffic,
)

SEEDS = (20261126, 7)
REQUESTS = 1000


class Kept:
    """Stores records as the function does, and remembers them."""

    def __init__(self, failures: int = 0) -> None:
        self.table = RememberingDynamoDB()
        self.records: list[UsageRecord] = []
        self._repository = UsageRepository(self.table, "Usage", (AlreadyThereError,))  # type: ignore[arg-type]
        self._failures = failures

    def put(self, record: UsageRecord) -> None:
        self._repository.put(record)
        self.records.append(record)
        if len(self.records) % 10 < self._failures:
            # It was stored, and its answer was lost: the record is put again.
            raise StoreUnavailableError("PutItem on table Usage failed: NoAnswer")


@pytest.fixture(scope="module", params=SEEDS)
def soaked(request: pytest.FixtureRequest) -> tuple[Kept, list[Result]]:
    kept = Kept(failures=1)
    gateway = Gateway(kept)
    cases = traffic(request.param, REQUESTS, recordings=recordings(status=200))
    return kept, [gateway.run(case) for case in cases]


def total(*amounts: str | Decimal | None) -> Decimal:
    with localcontext(prec=60):
        return sum((Decimal(amount) for amount in amounts if amount is not None), Decimal(0))


def chats(kept: Kept) -> dict[str, UsageRecord]:
    return {record.request_id: record for record in kept.records if not record.searches}


def test_the_receipts_come_to_what_the_ledger_holds(soaked: tuple[Kept, list[Result]]) -> None:
    kept, results = soaked
    told = {result.case.request_id: result.receipt for result in results if result.receipt}
    amounts = {item["request_id"]["S"]: item.get("amount_usd", {}).get("N") for item in kept.table.items.values()}
    for request_id, receipt in told.items():
        search = amounts.get(f"{request_id}.search", "0")
        if None in (amounts[request_id], search):
            assert receipt["amount"] is None
            assert "unknown" in (receipt["priceSource"], "unknown" if search is None else "")
        else:
            assert Decimal(receipt["amount"]) == total(amounts[request_id], search)
    known = [request_id for request_id, receipt in told.items() if receipt["amount"] is not None]
    assert len(known) > REQUESTS // 3
    assert total(*(told[request_id]["amount"] for request_id in known)) == total(
        *(amounts[request_id] for request_id in known), *(amounts.get(f"{request_id}.search") for request_id in known)
    )


def test_every_request_leaves_one_record_and_no_other(soaked: tuple[Kept, list[Result]]) -> None:
    kept, results = soaked
    ids = Counter(item["request_id"]["S"] for item in kept.table.items.values())
    searched = {f"{result.case.request_id}.search" for result in results if result.case.searches}
    assert set(ids) == {result.case.request_id for result in results} | searched
    assert set(ids.values()) == {1}


def test_every_amount_is_what_it_must_be(soaked: tuple[Kept, list[Result]]) -> None:
    kept, results = soaked
    records = chats(kept)
    for case in (result.case for result in results):
        record = records[case.request_id]
        amount = record.charge.amount
        assert (None if amount is None else Fraction(amount)) == expected(case, record), case.request_id
        assert (record.charge.source == "unknown") == (amount is None)
        assert amount is None or is_chargeable(amount)
    assert {record.charge.source for record in records.values()} == {"catalog", "provider", "unknown", None}
    on_free_ones = [each for each in records.values() if each.provider in ("nvidia", "zai") and each.byok]
    assert sum(bool(each.charge.amount) for each in on_free_ones) > 3


def test_what_a_provider_counted_is_what_is_charged_for(soaked: tuple[Kept, list[Result]]) -> None:
    kept, results = soaked
    records = chats(kept)
    checked = 0
    for case in (result.case for result in results):
        record = records[case.request_id]
        if case.said and case.end == "whole":
            usage = record.usage
            counted = (usage.input_tokens, usage.cached_input_tokens, usage.output_tokens)
            assert counted == (case.said.input_tokens, case.said.cached_tokens, case.said.output_tokens)
            assert usage.reported_cost == (Decimal(case.cost) if case.cost else None)
            assert not record.estimated
            checked += 1
    assert checked > REQUESTS // 6


def test_every_way_out_is_recorded_as_what_it_was(soaked: tuple[Kept, list[Result]]) -> None:
    kept, results = soaked
    records = chats(kept)
    outcomes: Counter[tuple[str, str]] = Counter()
    for result in results:
        record = records[result.case.request_id]
        outcomes[result.case.end, record.outcome] += 1
        if result.error:
            assert (record.outcome, record.error_code) == ("failed", result.error)
            assert record.charge.amount == 0
        elif result.receipt is None:
            assert record.outcome in ("client_gone", "completed")
        else:
            assert record.outcome in ("completed", "cut", "failed")
            assert (record.error_code is None) == (record.outcome == "completed")
            # Its stream had begun, and broke before anything of the answer came.
            assert record.outcome != "failed" or result.receipt["amount"] == "0"
    assert {outcome for _, outcome in outcomes} == {"completed", "failed", "cut", "client_gone"}
    for end, outcome in (
        ("whole", "completed"),
        ("broken", "cut"),
        ("silent", "cut"),
        ("broken", "failed"),
        ("hang_up", "client_gone"),
        ("late", "cut"),
        ("refused", "failed"),
        ("locked", "failed"),
    ):
        assert outcomes[end, outcome] > 3, (end, outcome)


def test_what_came_of_an_answer_that_was_cut_is_charged_for_although_nobody_counted_it(
    soaked: tuple[Kept, list[Result]],
) -> None:
    kept, _ = soaked
    cut = [record for record in chats(kept).values() if record.outcome == "cut" and record.estimated]
    assert len(cut) > 50
    assert sum(record.usage.output_tokens > 0 for record in cut) > len(cut) * 0.8
    assert all(record.usage.input_tokens > 0 for record in cut)


def test_who_pays_is_told_and_recorded_alike(soaked: tuple[Kept, list[Result]]) -> None:
    kept, results = soaked
    records = chats(kept)
    for result in results:
        case, record = result.case, records[result.case.request_id]
        assert (record.credential, record.provider) == (case.credential, case.provider)
        assert record.payer_id == ("olga" if case.credential == "team" else case.user_id)
        if result.receipt:
            assert result.receipt["credential"] == case.credential
            assert result.receipt["billedTeamId"] == record.team_id


def test_traffic_is_the_same_for_the_same_seed() -> None:
    def made(seed: int) -> list[Case]:
        return list(traffic(seed, 50))

    assert made(1) == made(1)
    assert made(1) != made(2)


def test_a_ledger_that_cannot_be_written_changes_no_answer_and_loses_no_number() -> None:
    class Broken:
        def put(self, record: UsageRecord) -> None:
            raise StoreUnavailableError("PutItem on table Usage failed: AccessDeniedException")

    log = io.StringIO()
    broken, fine = Gateway(Broken(), log=log), Gateway(Kept())
    cases = list(traffic(3, 60))
    assert [broken.run(case) for case in cases] == [fine.run(case) for case in cases]
    lost = log.getvalue()
    assert all(f'"request_id": "{case.request_id}"' in lost for case in cases)
