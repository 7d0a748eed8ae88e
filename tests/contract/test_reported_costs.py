"""What aggregators really say of costs: read to the last digit, and forwarded as it came."""

import json
import re
from decimal import Decimal
from typing import Any

import pytest

from ownkey.adapters.adapter import ChatAdapter
from ownkey.adapters.registry import REGISTRY
from tests.support.adapter_recordings import is_streamed, recordings
from tests.support.adapter_transport import FakeDeadline, FakeResponse, FakeTransport, chat_request, credential

COST = re.compile(r'"usage":\s*\{[^{]*?"cost":\s*([0-9.eE+-]+)')


def with_costs() -> list[Any]:
    return [
        pytest.param(each, id=each["id"])
        for each in recordings(status=200)
        if each["provider"] in ("openrouter", "vercel") and COST.search(each["response"]["body"])
    ]


def answered(recording: dict[str, Any]) -> tuple[Decimal | None, list[dict[str, Any]]]:
    response = recording["response"]
    transport = FakeTransport(FakeResponse(200, response["body"].encode(), response["headers"]))
    adapter = ChatAdapter({recording["provider"]: REGISTRY[recording["provider"]]}, transport)
    call: dict[str, Any] = {
        "provider": recording["provider"],
        "upstream_model": "m",
        "credential": credential(recording["provider"]),
        "deadline": FakeDeadline(),
    }
    if is_streamed(recording):
        stream = adapter.stream(chat_request(stream=True), **call)
        chunks = list(stream)
        assert stream.usage is not None
        return stream.usage.reported_cost, chunks
    completion = adapter.complete(chat_request(), **call)
    assert completion.usage is not None
    return completion.usage.reported_cost, [completion.body]


@pytest.mark.parametrize("recording", with_costs())
def test_a_recorded_cost_is_read_exactly(recording: dict[str, Any]) -> None:
    cost, answer = answered(recording)

    assert cost == Decimal(COST.findall(recording["response"]["body"])[-1])
    json.dumps(answer)
