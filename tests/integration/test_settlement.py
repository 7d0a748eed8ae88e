"""From a chat to a settled balance, in the deployed template with IAM enforced."""

import asyncio
import json
import random
import urllib.request
import uuid
from decimal import Decimal
from typing import Any

import openai
import pytest

from local.emulator_process import EmulatorProcess
from local.state_folder import StateFolder
from ownkey.admin.money import settle_usage
from ownkey.admin.stack import stack_outputs
from ownkey.domain.dates import utc_now
from ownkey.domain.money import total
from ownkey.storage.balances import BalanceRepository
from ownkey.storage.rollups import RollupReader
from ownkey.storage.usage import UsageRepository
from tests.support.people import Person
from tests.support.stack import STACK, LocalStack, eventually
from tests.support.tables import BOTO_ERRORS
from tests.support.upstream import answer, chat_completion
from tests.support.usage_records import Killed, Mortal, images_of, metering, random_batches, usage_record

pytestmark = pytest.mark.integration

TODAY = f"from={utc_now().date()}&to={utc_now().date()}"
HELLO: Any = [{"role": "user", "content": "Say hello."}]


@pytest.fixture
def balances(stack):
    return BalanceRepository(stack.client("dynamodb"), stack.outputs["AccountsTableName"], BOTO_ERRORS)


def test_a_chat_on_the_operators_key_is_taken_off_the_callers_balance(stack, upstream, balances):
    upstream.on("openai", answer(chat_completion("Hello there.")))
    stack.store_provider_key("openai", "sk-platform-0123456789abcdef", owner="platform")
    before = balances.balance_of(stack.user_id)
    client = openai.OpenAI(base_url=f"{stack.base_url}/api/v1", api_key=stack.gateway_key, max_retries=0, timeout=30)
    completion: Any = client.chat.completions.create(model="gpt-4.1", messages=HELLO)
    amount = Decimal(completion.x_ownkey_pricing["amount"])
    assert amount > 0
    eventually(lambda: before - balances.balance_of(stack.user_id), amount)
    day = utc_now().date().isoformat()
    rollups = RollupReader(stack.client("dynamodb"), stack.outputs["UsageTableName"], BOTO_ERRORS)
    assert any(row.model == "openai/gpt-4.1" for row in rollups.of_user(stack.user_id, day, day))


def test_a_thousand_records_are_settled_to_the_last_digit(stack, balances):
    dynamodb, outputs = stack.client("dynamodb"), stack.outputs
    tables = {"usage": outputs["UsageTableName"], "accounts": outputs["AccountsTableName"]}
    dice, name = random.Random(1), uuid.uuid4().hex
    records = [
        usage_record(n, dice, user_id=f"{name}-{n % 7}", payer_id=f"{name}-payer", team_id=f"{name}-t{n % 3}")
        for n in range(1000)
    ]
    usage = UsageRepository(dynamodb, tables["usage"], BOTO_ERRORS)
    for record in records:
        usage.put(record)
    pages = dynamodb.get_paginator("scan").paginate(TableName=tables["usage"])
    images = images_of(item for page in pages for item in page["Items"] if item["pk"]["S"].startswith(f"user#{name}"))
    assert len(images) == 1000

    def dies(call):
        return dice.choice((None, None, "before", "after")) if call == "transact_write_items" else None

    # The stream's own consumer is at work at the same time.
    for client in (Mortal(dynamodb, dies), dynamodb):
        for batch in random_batches(list(images), dice):
            try:
                assert metering(client, lane=dice.randrange(16), **tables).settle({e: images[e] for e in batch}) == {}
            except Killed:
                continue
    owed = total(*(record.charge.amount for record in records if record.charge.amount is not None))
    assert balances.balance_of(f"{name}-payer") == -owed
    reader = RollupReader(dynamodb, tables["usage"], BOTO_ERRORS)
    rows = [row for n in range(3) for row in reader.of_team(f"{name}-t{n}", "2026-11-01", "2026-11-30")]
    assert total(*(row.figures.amount_usd for row in rows)) == owed
    assert sum(row.figures.requests for row in rows) == 1000


def test_the_operator_settles_what_the_stream_missed_and_nothing_twice(stack, balances):
    outputs = stack_outputs(stack.client("cloudformation"), STACK)
    before = balances.balance_of(stack.user_id)
    record = usage_record(1, random.Random(2), user_id="late", payer_id="late", team_id=None, started_at=utc_now())
    UsageRepository(stack.client("dynamodb"), outputs.usage_table, BOTO_ERRORS).put(record)
    for _ in range(2):
        seen, failures = settle_usage(stack.client("dynamodb"), outputs, record.started_at)
        assert (seen >= 1, failures) == (True, {})
    assert balances.balance_of("late") == -(record.charge.amount or 0)
    assert balances.balance_of(stack.user_id) == before


def test_a_balance_that_is_used_up_stops_the_operators_keys_and_no_others(stack, upstream, balances):
    upstream.on("openai", answer(chat_completion("Hello there.")))
    stack.store_provider_key("openai", "sk-platform-0123456789abcdef", owner="platform")
    ada = Person(stack, f"{uuid.uuid4().hex}@example.com")
    key = ada.ok("POST", "/api/user/gateway-keys", {"name": "laptop"})["key"]
    stack.store_provider_key("openai", "sk-own-0123456789abcdef", owner=f"user#{ada.user_id}")

    def ask(**headers: str) -> Any:
        client = openai.OpenAI(
            base_url=f"{stack.base_url}/api/v1", api_key=key, default_headers=headers, max_retries=0, timeout=30
        )
        completion: Any = client.chat.completions.create(model="gpt-4.1", messages=HELLO)
        return completion.x_ownkey_pricing

    def refused() -> str | None:
        try:
            ask()
        except openai.APIStatusError as error:
            return f"{error.status_code} {error.code}"
        return None

    assert refused() == "402 insufficient_balance"
    fee = Decimal(ask(**{"x-use-byok": "true"})["amount"])
    eventually(lambda: balances.balance_of(ada.user_id), -fee)
    stack.credit(ada.user_id, "0.00001", "little")
    # Until what it cost is settled a request may run that the balance cannot pay, and not for longer.
    owed = fee + Decimal(ask()["amount"])
    eventually(lambda: balances.balance_of(ada.user_id), Decimal("0.00001") - owed)
    eventually(refused, "402 insufficient_balance")
    stack.credit(ada.user_id, "1", "more")
    assert refused() is None
    said = ada.ok("POST", "/api/check-balance")
    assert Decimal(said["usd_balance"]) <= 1


def test_figures_are_reported_under_the_functions_role(stack, upstream):
    """The figures of the other tests of this file are there, by key, by session and as CSV."""
    headers = {"x-api-key": stack.gateway_key}

    def get(path: str) -> str:
        request = urllib.request.Request(f"{stack.base_url}{path}", headers=headers)
        with urllib.request.urlopen(request, timeout=30) as response:
            text: str = response.read().decode()
            return text

    report = json.loads(get("/api/v1/usage?scope=current_key&group_by=day,provider,model&" + TODAY))
    assert report["object"] == "usage"
    assert get("/api/usage/export?format=csv&" + TODAY).startswith("date,api_key_id,")
    requests = get("/api/usage/export?format=csv&of=requests&" + TODAY)
    assert requests.startswith("started_at,request_id,")
    mia = Person(stack, f"{uuid.uuid4().hex}@example.com")
    team_id = mia.ok("POST", "/api/teams", {"name": "Figures"})["team"]["uuid"]
    assert mia.ok("GET", "/api/v1/usage")["scope"] == "account"
    assert mia.ok("GET", f"/api/teams/{team_id}/usage", group_by="day,member")["rows"] == []
    assert Person(stack, f"{uuid.uuid4().hex}@example.com").refused("GET", f"/api/teams/{team_id}/usage") == (
        404,
        "NOT_FOUND",
    )


def test_what_was_not_settled_when_the_stack_ended_is_settled_when_it_starts_again(tmp_path):
    record = usage_record(1, random.Random(3), user_id="late", payer_id="late", team_id=None, started_at=utc_now())

    async def record_usage() -> None:
        """Write to the table while nobody reads its stream."""
        folder = StateFolder(tmp_path / "state")
        emulator = await EmulatorProcess.start(folder, port=0)
        try:
            outputs = stack_outputs(emulator.client("cloudformation"), STACK)
            UsageRepository(emulator.client("dynamodb"), outputs.usage_table, BOTO_ERRORS).put(record)
        finally:
            await emulator.stop()
            folder.close()

    stack = LocalStack(tmp_path / "state")
    stack.start()
    stack.stop()
    asyncio.run(record_usage())
    for _ in range(2):
        with stack:
            left = BalanceRepository(stack.client("dynamodb"), stack.outputs["AccountsTableName"], BOTO_ERRORS)
            assert left.balance_of("late") == -(record.charge.amount or 0)
            assert left.balance_of(stack.user_id) == 100
