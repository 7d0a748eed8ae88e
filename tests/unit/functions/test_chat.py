"""The chat function under both kinds of runtime: every sample event, on the light AWS client."""

import json
import sys
from dataclasses import replace
from decimal import Decimal
from itertools import count
from unittest.mock import patch

import pytest

from ownkey.api.deadline import METERING_SECONDS
from ownkey.api.proxy import json_response
from tests.support.functions import body_of, invocation, running_function
from tests.support.openai_bodies import chat_chunks, chat_completion
from tests.support.provider_keys import forget, load_function, sample_events
from tests.support.search_answers import EXA_ANSWER
from tests.support.upstream import answer, stream

EVENTS = sample_events("chat")
OUTCOMES = {
    "cheapest": (200, None),
    "contradicting_suffix": (400, "invalid_parameter_value"),
    "explained": (200, None),
    "foreign_team": (403, "team_forbidden"),
    "hello": (200, None),
    "hello_streamed": (200, None),
    "no_credential": (401, "missing_api_key"),
    "no_key_for_provider": (400, "byok_key_missing"),
    "not_json": (400, "invalid_json"),
    "pinned_with_fallbacks": (200, None),
    "online": (200, None),
    "online_streamed": (200, None),
    "online_unknown_engine": (400, "byok_unknown_provider"),
    "online_without_key": (400, "byok_key_missing"),
    "platform_key": (200, None),
    "provider_object": (200, None),
    "search_provider_pinned": (400, "byok_provider_unsupported"),
    "tools": (200, None),
    "unknown_gateway_key": (401, "invalid_api_key"),
    "unknown_model": (404, "model_not_found"),
    "unknown_provider": (400, "byok_unknown_provider"),
}
SLUGS = ("openai", "groq", "exa", "tavily")
KEYS = (("user#u-1", "openai"), ("user#u-1", "groq"), ("user#u-1", "exa"), ("platform", "openai"))


@pytest.fixture(scope="module")
def function():
    with running_function("chat", SLUGS, KEYS) as running:
        yield running


def test_every_sample_event_has_an_outcome():
    assert set(EVENTS) == set(OUTCOMES)


@pytest.mark.parametrize("streams", [False, True], ids=["stock runtime", "our runtime"])
@pytest.mark.parametrize("name", sorted(EVENTS))
def test_sample_events(name, streams, function):
    wants_stream = name.endswith("_streamed")
    function.upstream.on("exa", answer(EXA_ANSWER))
    for slug in ("openai", "groq"):
        function.upstream.on(
            slug, stream(chat_chunks("Hel", "lo")) if wants_stream else answer(chat_completion("Hello"))
        )
    response = function.handle(EVENTS[name], invocation(streams=streams))
    status, code = OUTCOMES[name]
    assert response["statusCode"] == status
    assert response["headers"]["x-request-id"] == "req_5e0c5b1a-2d7e-4b5e-9b7a-0d8f6c1e2a3b"
    text = body_of(response)
    if wants_stream:
        assert text.endswith("data: [DONE]\n\n")
        assert '"content":"Hel"' in text
        assert ("webSearch" in text) == name.startswith("online")
    elif name == "explained":
        [attempt] = json.loads(text)["attempts"]
        assert (attempt["provider"], attempt["credential"], attempt["key_suffix"]) == ("openai", "user", "6789")
    elif code is None:
        assert ("num_search_queries" in text) == name.startswith("online")
        assert json.loads(text)["choices"][0]["message"]["content"] == "Hello"
    else:
        assert json.loads(text)["error"]["code"] == code


@pytest.mark.parametrize("name", ["hello", "hello_streamed"])
def test_a_chat_that_does_not_search_loads_nothing_of_searching(name, function, monkeypatch):
    def loaded():
        return [module for module in sys.modules if module.startswith("ownkey.search")]

    for module in loaded():
        monkeypatch.delitem(sys.modules, module)
    function.upstream.on("exa", answer(EXA_ANSWER))
    for searches in (False, True):
        function.upstream.on(
            "openai", stream(chat_chunks("Hel", "lo")) if "streamed" in name else answer(chat_completion("Hello"))
        )
        body_of(
            function.handle(EVENTS[name.replace("hello", "online") if searches else name], invocation(streams=True))
        )
        assert bool(loaded()) is searches


def test_usage_is_in_the_table_after_the_answer(function):
    function.upstream.on("openai", answer(chat_completion("Hello")))
    body_of(function.handle(EVENTS["hello"], invocation(streams=True)))
    items = function.aws.items("Usage")
    assert {item["owner"]["S"] for item in items} <= {"user#u-1", "platform"}
    assert items


def outcomes(function):
    """Return the outcomes in the table, which is emptied."""
    found = [(item["outcome"]["S"], item["amount_usd"]["N"]) for item in function.aws.items("Usage")]
    for item in function.aws.items("Usage"):
        function.aws.dynamodb.delete_item(TableName="Usage", Key={"pk": item["pk"], "sk": item["sk"]})
    return found


def test_an_answer_that_cannot_be_sent_is_an_error_and_recorded_as_failed(function, monkeypatch):
    function.upstream.on("openai", answer(chat_completion("Hello")))
    outcomes(function)

    def broken_once(status, body, **others):
        if status == 200:
            raise TypeError("not JSON")
        return json_response(status, body, **others)

    monkeypatch.setitem(function.handle.__globals__, "json_response", broken_once)
    response = function.handle(EVENTS["hello"], invocation(streams=True))
    assert response["statusCode"] == 503
    assert outcomes(function) == [("failed", "0")]


def test_a_provider_that_fails_is_recorded_as_failed(function):
    function.upstream.on("openai", answer({"error": {"message": "no"}}, status=400))
    outcomes(function)
    assert function.handle(EVENTS["hello"], invocation(streams=True))["statusCode"] == 400
    assert outcomes(function) == [("failed", "0")]


def test_a_caller_who_hangs_up_is_recorded(function):
    function.upstream.on("openai", stream(chat_chunks("Hel", "lo")))
    outcomes(function)
    response = function.handle(EVENTS["hello_streamed"], invocation(streams=True))
    next(iter(response["body"]))
    response["body"].close()
    [(outcome, amount)] = outcomes(function)
    assert outcome == "client_gone"
    assert Decimal(amount) > 0


@pytest.mark.parametrize("stalls", [True, False], ids=["the provider falls silent", "the answer has no end"])
def test_a_stream_is_ended_before_lambda_ends_it(function, stalls):
    pieces = chat_chunks(*["Hello"] * (2 if stalls else 4000))
    function.upstream.on("openai", replace(stream(pieces), stall_after=3) if stalls else stream(pieces))
    outcomes(function)
    context, looks = invocation(streams=True), count()
    context.get_remaining_time_in_millis = lambda: 1000 * METERING_SECONDS + 60 - 5 * next(looks)
    response = function.handle(EVENTS["hello_streamed"], context)
    text = body_of(response)
    response["body"].close()
    *_, last, done = text.split("\n\n")[:-1]
    assert done == "data: [DONE]"
    told = json.loads(last.removeprefix("data: "))
    assert (told["choices"][0]["finish_reason"], told["error"]["code"]) == ("error", "provider_timeout")
    [(outcome, amount)] = outcomes(function)
    assert outcome == "cut"
    assert Decimal(amount) == Decimal(told["x_ownkey_pricing"]["amount"]) > 0


def test_a_store_that_is_down_is_503_and_not_401(function):
    with patch.dict("os.environ", {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "OWNKEY_UPSTREAMS": ""}):
        broken = load_function("chat")
    response = broken.lambda_handler(EVENTS["hello"], invocation(streams=True))
    assert response["statusCode"] == 503
    assert json.loads(body_of(response))["error"]["code"] == "service_unavailable"
    assert response["headers"]["Retry-After"]
    forget(broken)
