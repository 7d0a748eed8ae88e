"""The web search function: every sample event, on the light AWS client."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

from tests.support.functions import invocation, running_function
from tests.support.provider_keys import sample_events
from tests.support.search_answers import EXA_ANSWER, TAVILY_ANSWER
from tests.support.upstream import answer

EVENTS = sample_events("web_search")
OUTCOMES = {
    "dates_the_wrong_way_round": (400, "invalid_parameter_value"),
    "foreign_team": (403, "team_forbidden"),
    "no_credential": (401, "missing_api_key"),
    "no_key_for_engine": (400, "byok_key_missing"),
    "not_json": (400, "invalid_json"),
    "platform_key": (200, None),
    "results": (200, None),
    "results_of_the_first_engine": (200, None),
    "sourced_answer": (200, None),
    "sourced_answer_of_an_engine_without": (400, "byok_provider_unsupported"),
    "unknown_engine": (400, "byok_unknown_provider"),
    "unknown_option": (400, "invalid_parameter_value"),
    "without_query": (400, "invalid_parameter_value"),
}
ENGINES = ("exa", "tavily", "kagi")
KEYS = (("user#u-1", "exa"), ("user#u-1", "kagi"), ("platform", "tavily"))


@pytest.fixture(scope="module")
def function():
    with running_function("web_search", ENGINES, KEYS) as running:
        running.upstream.on("exa", answer(EXA_ANSWER))
        running.upstream.on("tavily", answer(TAVILY_ANSWER))
        yield running


@pytest.fixture
def ask(function):
    def run(name):
        response = function.handle(EVENTS[name], invocation(streams=False))
        return response, json.loads(response["body"])

    return run


def test_every_sample_event_has_an_outcome():
    assert set(EVENTS) == set(OUTCOMES)


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_sample_events(name, ask):
    response, body = ask(name)
    status, code = OUTCOMES[name]
    assert response["statusCode"] == status
    assert response["headers"]["x-request-id"] == "req_5e0c5b1a-2d7e-4b5e-9b7a-0d8f6c1e2a3b"
    assert response["headers"]["Cache-Control"] == "no-store"
    if code:
        assert body["error"]["code"] == code


def test_results_and_what_they_cost(ask, function):
    response, body = ask("results")
    assert body["data"][0] == {
        "type": "text",
        "title": "Pydantic AI",
        "url": "https://docs.example/",
        "content": "An agent framework.",
        "published_at": "2026-01-02T00:00:00.000Z",
        "score": 0.9,
    }
    told = body["metadata"]
    assert (told["query"], told["provider"], told["operation"], told["outputType"]) == (
        "Pydantic AI",
        "exa",
        "search",
        "searchResults",
    )
    assert (told["cost"], told["listPrice"], told["byok"], told["credential"]) == ("0", "0.007", True, "user")
    headers = response["headers"]
    assert (headers["x-ownkey-provider"], headers["x-ownkey-credential"]) == ("exa", "user")
    assert headers["x-ownkey-key-suffix"] == "6789"
    [*_, sent] = function.upstream.exchanges_of("exa")
    assert (sent.json["query"], sent.json["numResults"]) == ("Pydantic AI", 2)
    assert sent.headers["x-api-key"] == "sk-exa-0123456789"


def test_ones_own_engine_comes_before_the_operators(ask):
    assert ask("results_of_the_first_engine")[1]["metadata"]["provider"] == "exa"


def test_the_operators_key_costs_the_list_price_and_is_not_shown(ask, function):
    response, body = ask("platform_key")
    assert (body["metadata"]["cost"], body["metadata"]["credential"]) == ("0.016", "platform")
    assert "x-ownkey-key-suffix" not in response["headers"]
    records = [item for item in function.aws.items("Usage") if item["sk"]["S"].startswith("usage#")]
    [record] = [item for item in records if item["credential"]["S"] == "platform"][:1]
    assert record["amount_usd"]["N"] == "0.016"
    assert record["model"]["S"] == "web-search"
    assert record["searches"]["N"] == "1"
    assert record["provider"]["S"] == "tavily"


def test_an_answer_with_its_sources(ask):
    _, body = ask("sourced_answer")
    assert body["data"] == {
        "answer": "It is an agent framework.",
        "sources": [{"name": "Pydantic AI", "url": "https://docs.example/", "snippet": "An agent framework."}],
    }


def test_an_engine_that_fails_is_named(ask, function):
    function.upstream.on("kagi", answer({"error": [{"code": 1, "message": "Slow down"}]}, 429, {"Retry-After": "9"}))
    event = {**EVENTS["results"], "body": json.dumps({"query": "a", "provider": "kagi"})}
    response = function.handle(event, invocation(streams=False))
    assert response["statusCode"] == 429
    assert response["headers"]["Retry-After"] == "9"
    error = json.loads(response["body"])["error"]
    assert error["code"] == "provider_rate_limited"
    assert "Kagi" in error["message"]


def test_an_engine_that_is_too_slow_is_a_504_in_time_and_recorded(function):
    function.upstream.on("kagi", replace(answer({}), stall_after=0))
    event = {**EVENTS["results"], "body": json.dumps({"query": "a", "provider": "kagi"})}
    # What is kept back to tell the caller, and a tenth of a second.
    response = function.handle(event, SimpleNamespace(get_remaining_time_in_millis=lambda: 3_100))
    assert response["statusCode"] == 504
    error = json.loads(response["body"])["error"]
    assert (error["code"], "Kagi" in error["message"]) == ("provider_timeout", True)
    told = [item for item in function.aws.items("Usage") if item.get("error_code", {}).get("S") == "provider_timeout"]
    [(outcome, provider, amount)] = [
        (row["outcome"]["S"], row["provider"]["S"], row["amount_usd"]["N"]) for row in told
    ]
    assert (outcome, provider, amount) == ("failed", "kagi", "0")
