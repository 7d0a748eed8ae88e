"""From a chat to a settled balance, in the deployed template with IAM enforced."""

import random
import uuid
from decimal import Decimal
from typing import Any

import openai
import pytest

from ownkey.admin.money import settle_usage
from ownkey.admin.stack import stack_outputs
from ownkey.domain.dates import utc_now
from ownkey.domain.money import total
from ownkey.storage.balances import BalanceRepository
from ownkey.storage.rollups import RollupReader
from ownkey.storage.usage import UsageRepository
from tests.support.stack import STACK, eventually
from tests.support.tables import BOTO_ERRORS
from tests.support.upstream import answer, chat_completion
from tests.support.usage_records import Killed, Mortal, images_of, metering, random_batches, usage_record

pytestmark = pytest.mark.integration

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
