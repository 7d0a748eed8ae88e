"""Web search through the deployed template: the official OpenAI client with `:online`, and `POST /api/web`."""

import json

import openai
import pytest

from tests.integration.test_chat import call
from tests.support.search_answers import EXA_ANSWER, TAVILY_ANSWER
from tests.support.upstream import answer, chat_chunks, chat_completion, openai_error, stream

pytestmark = pytest.mark.integration

QUESTION = [{"role": "user", "content": "What is Pydantic AI?"}]
CITING = "It is an agent framework [1]."
BYOK = {"x-use-byok": "true"}


@pytest.fixture(scope="module")
def client(stack, upstream):
    for slug in ("openai", "exa", "kagi"):
        stack.store_provider_key(slug, f"sk-{slug}-integration-0123456789")
    stack.store_provider_key("tavily", "tvly-platform-integration-0123456789", owner="platform")
    upstream.on("exa", answer(EXA_ANSWER))
    upstream.on("tavily", answer(TAVILY_ANSWER))
    return openai.OpenAI(
        base_url=f"{stack.base_url}/api/v1", api_key=stack.gateway_key, default_headers=BYOK, max_retries=0, timeout=30
    )


def test_the_suffix_searches_and_the_answer_cites(client, upstream):
    upstream.on("openai", answer(chat_completion(CITING)))
    raw = client.chat.completions.with_raw_response.create(model="gpt-4.1:online/exa", messages=QUESTION)
    completion = raw.parse()

    searched = upstream.exchanges_of("exa")[-1]
    assert searched.json["query"] == "What is Pydantic AI?"
    assert searched.headers["x-api-key"] == "sk-exa-integration-0123456789"
    asked = upstream.exchanges_of("openai")[-1]
    assert asked.json["model"] == "gpt-4.1"
    assert asked.headers["authorization"] == "Bearer sk-openai-integration-0123456789"
    sources, question = asked.json["messages"]
    assert "An agent framework." in sources["content"]
    assert question == QUESTION[0]

    [annotation] = completion.choices[0].message.annotations
    citation = annotation.url_citation
    assert (citation.url, citation.title) == ("https://docs.example/", "Pydantic AI")
    assert CITING[citation.start_index : citation.end_index] == "It is an agent framework [1]"
    assert completion.usage.num_search_queries == 1
    assert raw.headers["x-ownkey-search"] == "exa"
    assert completion.x_ownkey_pricing["webSearch"] == {
        "provider": "exa",
        "credential": "user",
        "listPrice": "0.007",
        "amount": "0",
    }


def test_a_stream_cites_in_its_last_delta(client, upstream):
    upstream.on("openai", stream(chat_chunks("It is an agent ", "framework [", "1].")))
    chunks = list(
        client.chat.completions.create(
            model="gpt-4.1",
            messages=QUESTION,
            stream=True,
            stream_options={"include_usage": True},
            extra_body={"webSearch": {"enabled": True, "provider": "exa", "numResults": 3}},
        )
    )
    assert upstream.exchanges_of("exa")[-1].json["numResults"] == 3
    [finish] = [each for each in chunks if each.choices and each.choices[0].finish_reason]
    assert finish.choices[0].delta.annotations[0]["url_citation"]["url"] == "https://docs.example/"
    assert chunks[-1].usage.num_search_queries == 1


def test_an_engine_that_fails_fails_the_chat_unless_it_is_optional(client, upstream):
    upstream.on("kagi", openai_error("Internal", 500))
    upstream.on("openai", answer(chat_completion("Hello")))
    before = len(upstream.exchanges_of("openai"))
    with pytest.raises(openai.InternalServerError) as caught:
        client.chat.completions.create(model="gpt-4.1:online/kagi", messages=QUESTION)
    assert "Kagi" in caught.value.message
    assert len(upstream.exchanges_of("openai")) == before
    raw = client.chat.completions.with_raw_response.create(
        model="gpt-4.1",
        messages=QUESTION,
        extra_body={"webSearch": {"enabled": True, "provider": "kagi", "optional": True}},
    )
    assert raw.headers["x-ownkey-search-skipped"] == "kagi; provider_error"
    assert raw.parse().choices[0].message.content == "Hello"


def test_a_direct_search_under_its_own_role(client, stack, upstream):
    body = {"query": "Pydantic AI", "provider": "exa", "fromDate": "2026-01-01", "includeDomains": ["docs.example"]}
    status, headers, answered = call(stack, "POST", "/api/web", body, BYOK)
    assert status == 200
    assert [each["url"] for each in answered["data"]] == ["https://docs.example/", "https://blog.example/"]
    assert answered["metadata"]["cost"] == "0"
    assert headers["x-ownkey-key-suffix"] == "6789"
    sent = upstream.exchanges_of("exa")[-1].json
    assert sent["startPublishedDate"].startswith("2026-01-01")
    assert sent["includeDomains"] == ["docs.example"]


def test_a_direct_search_on_the_operators_key_is_recorded_with_its_price(client, stack):
    status, _, answered = call(stack, "POST", "/api/web", {"query": "a", "outputType": "sourcedAnswer"})
    assert status == 200
    assert answered["data"]["answer"] == "It is an agent framework."
    assert (answered["metadata"]["provider"], answered["metadata"]["cost"]) == ("tavily", "0.008")
    pages = stack.client("dynamodb").get_paginator("scan").paginate(TableName=stack.outputs["UsageTableName"])
    items = [item for page in pages for item in page["Items"]]
    records = [item for item in items if item.get("provider") == {"S": "tavily"} and "request_id" in item]
    assert [record["amount_usd"]["N"] for record in records] == ["0.008"]


def test_what_is_refused(stack):
    for body, status, code in (
        ({"query": ""}, 400, "invalid_parameter_value"),
        ({"query": "a", "provider": "brave"}, 400, "byok_unknown_provider"),
        ({"query": "a", "provider": "valyu"}, 400, "byok_key_missing"),
        ({"query": "a", "operation": "research"}, 400, "unsupported_parameter"),
    ):
        answered = call(stack, "POST", "/api/web", body, BYOK)
        assert (answered[0], answered[2]["error"]["code"]) == (status, code), json.dumps(body)
