"""What becomes of a request is in the ledger of the deployed template, as its receipt says."""

import json
import urllib.error
import urllib.request
from decimal import Decimal
from typing import Any

import pytest

from tests.support.openai_bodies import usage
from tests.support.stack import eventually
from tests.support.upstream import answer, chat_chunks, chat_completion, openai_error, stream

pytestmark = pytest.mark.integration

COUNTED = usage(1000, 100, cached=600)
CHAT = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "Say hello."}]}


class Answered:
    """One request: its id, and what came of it so far."""

    def __init__(self, stack, slug, *, read=None, **fields):
        headers = {"Authorization": f"Bearer {stack.gateway_key}", "Content-Type": "application/json"}
        headers |= {"x-use-byok": "true", "x-byok-provider": slug}
        request = urllib.request.Request(
            f"{stack.base_url}/api/v1/chat/completions", json.dumps(CHAT | fields).encode(), headers
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                self.request_id, self.body = response.headers["x-request-id"], response.read(read)
        except urllib.error.HTTPError as error:
            with error:
                self.request_id, self.body = error.headers["x-request-id"], error.read()

    @property
    def receipt(self):
        """The receipt of a whole answer, or of a stream's last chunk."""
        text = self.body.decode()
        last = text if text.startswith("{") else text.split("\n\n")[-3].removeprefix("data: ")
        return json.loads(last)["x_ownkey_pricing"]


@pytest.fixture(scope="module")
def ledger(stack):
    for slug in ("openai", "openrouter"):
        stack.store_provider_key(slug, f"sk-{slug}-ledger-0123456789")

    def record(request_id):
        """Return the record of a request, once it is there."""
        found: list[dict[str, dict[str, Any]]] = []

        def look():
            pages = (
                stack.client("dynamodb")
                .get_paginator("scan")
                .paginate(
                    TableName=stack.outputs["UsageTableName"],
                    FilterExpression="request_id = :id AND begins_with(sk, :usage)",
                    ExpressionAttributeValues={":id": {"S": request_id}, ":usage": {"S": "usage#"}},
                )
            )
            found[:] = [item for page in pages for item in page["Items"]]
            return len(found)

        eventually(look, 1)
        return {name: next(iter(value.values())) for name, value in found[0].items()}

    return record


def amounts(record):
    return tuple(Decimal(record[name]) for name in ("amount_usd", "list_price_usd", "platform_fee_usd"))


def told(receipt):
    return tuple(Decimal(receipt[name]) for name in ("amount", "listPrice", "platformFee"))


@pytest.mark.parametrize("streamed", [False, True])
def test_a_receipt_is_the_record(streamed, stack, upstream, ledger):
    reply = stream(chat_chunks("Hello", usage=COUNTED)) if streamed else answer(chat_completion("Hello", usage=COUNTED))
    upstream.on("openai", reply)
    answered = Answered(stack, "openai", stream=streamed)
    record = ledger(answered.request_id)
    # 400 tokens at 2 dollars a million, 600 cached ones at 0.50, 100 at 8.
    assert amounts(record) == told(answered.receipt) == (Decimal("0.000095"), Decimal("0.0019"), Decimal("0.000095"))
    assert (record["outcome"], record["price_source"], record["estimated"]) == ("completed", "catalog", False)
    assert record["catalog_version"].startswith("20")


def test_what_openrouter_says_that_it_cost_is_the_price(stack, upstream, ledger):
    upstream.on(
        "openrouter", answer(chat_completion("Hello", usage={**COUNTED, "cost": 0.0076509169, "is_byok": False}))
    )
    answered = Answered(stack, "openrouter")
    record = ledger(answered.request_id)
    assert amounts(record) == told(answered.receipt)
    assert (record["price_source"], record["list_price_usd"]) == ("provider", "0.0076509169")
    assert record["amount_usd"] == "0.000382545845"


def test_a_stream_that_is_cut_is_recorded_with_what_came_of_it(stack, upstream, ledger):
    upstream.on("openai", stream(chat_chunks(*["Hello "] * 20, usage=COUNTED), cut_after=12))
    answered = Answered(stack, "openai", stream=True)
    record = ledger(answered.request_id)
    assert amounts(record) == told(answered.receipt)
    assert (record["outcome"], record["error_code"], record["estimated"]) == ("cut", "provider_error", True)
    assert int(record["output_tokens"]) > 10


def test_a_caller_who_hangs_up_is_recorded(stack, upstream, ledger):
    upstream.on("openai", stream(chat_chunks(*["word "] * 200, usage=COUNTED), delay_seconds=0.02))
    record = ledger(Answered(stack, "openai", stream=True, read=200).request_id)
    assert (record["outcome"], record["estimated"]) == ("client_gone", True)
    assert 0 < Decimal(record["amount_usd"]) < Decimal("0.001")


def test_a_request_that_fails_is_recorded_and_costs_nothing(stack, upstream, ledger):
    upstream.on("openai", openai_error("No.", 400))
    record = ledger(Answered(stack, "openai").request_id)
    assert (record["outcome"], record["error_code"], record["amount_usd"]) == ("failed", "provider_bad_request", "0")
    assert "price_source" not in record
