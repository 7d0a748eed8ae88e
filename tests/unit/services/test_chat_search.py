"""A chat with a web search before it: what is asked, what the model reads, what comes back, what it costs."""

import json
from dataclasses import replace
from decimal import Decimal
from io import StringIO

import pytest

from ownkey.billing.pricing import decimal_text
from ownkey.domain.errors import (
    InsufficientBalanceError,
    InternalError,
    InvalidParameterError,
    MisconfiguredError,
    ProviderFailureError,
    ProviderKeyMissingError,
    ProviderKeyRejectedError,
    ProviderKeyUnusableError,
    ProviderRateLimitedError,
    TeamKeyRequiredError,
    UnknownProviderError,
    UnsupportedParameterError,
)
from ownkey.domain.provider_keys import KeyStatus
from ownkey.domain.search import SearchWish
from ownkey.domain.teams import ByokMode
from tests.support.chat import CHUNKS, FOUND, USAGE, Chat, FakeStream, chunk, completion, stored_key
from tests.support.standings import TEAM_ID, standing

BOTH = (stored_key(), stored_key("exa"))
REJECTED = ProviderKeyRejectedError("Exa rejected your API key.", provider="exa", upstream_status=401)
SLOW_DOWN = ProviderRateLimitedError("Exa asks you to slow down.", provider="exa", retry_after_seconds=7)


def cited_completion():
    answer = completion()
    answer.body["choices"][0]["message"]["content"] = "It rains in Oslo [1]."
    return answer


def read(answer):
    """Return the JSON payloads of a stream, without `[DONE]`."""
    lines = b"".join(answer.frames).decode().split("\n\n")
    return [json.loads(line.removeprefix("data: ")) for line in lines if line not in {"", "data: [DONE]"}]


def test_a_whole_answer_has_citations_usage_headers_and_a_receipt_of_both():
    chat = Chat(cited_completion(), keys=BOTH)
    answer = chat.ask(model="gpt-4.1:online/exa")
    [(asked, key)] = chat.engines.asked
    assert (asked.engine, asked.query, key) == ("exa", "hi", "sk-exa-0123456789")
    [call] = chat.provider.calls
    assert call["upstream_model"] == "gpt-4.1"
    [citation] = answer.body["choices"][0]["message"]["annotations"]
    assert citation["url_citation"] == {
        "url": "https://weather.example/oslo",
        "title": "Weather",
        "start_index": 0,
        "end_index": 20,
    }
    assert answer.body["usage"]["num_search_queries"] == 1
    assert answer.headers["x-ownkey-search"] == "exa"
    assert answer.headers["x-ownkey-search-credential"] == "user"
    assert answer.body["x_ownkey_pricing"]["webSearch"] == {
        "provider": "exa",
        "credential": "user",
        "listPrice": "0.008",
        "amount": "0",
    }


def test_the_model_reads_the_sources_before_the_question():
    chat = Chat(cited_completion(), keys=BOTH)
    chat.ask(search=SearchWish(engine="exa"))
    [request] = chat.provider.requests
    system, user = request.body["messages"]
    assert system["role"] == "system"
    assert "[1] Weather" in system["content"]
    assert "It rains in Oslo." in system["content"]
    assert user == {"role": "user", "content": "hi"}


@pytest.mark.parametrize("include_usage", [False, True])
def test_a_stream_has_them_too(include_usage):
    chunks = (chunk({"role": "assistant", "content": "It rains "}), chunk({"content": "[1]"}), chunk({}, "stop"))
    chat = Chat(FakeStream(chunks), keys=BOTH)
    answer = chat.ask(stream=True, include_usage=include_usage, search=SearchWish())
    events = read(answer)
    [finish] = [each for each in events if each["choices"] and each["choices"][0]["finish_reason"]]
    assert finish["choices"][0]["delta"]["annotations"][0]["url_citation"]["end_index"] == len("It rains [1]")
    assert ("usage" in events[-1]) == include_usage
    if include_usage:
        assert events[-1]["usage"]["num_search_queries"] == 1
    assert events[-1]["x_ownkey_pricing"]["webSearch"]["provider"] == "exa"
    assert answer.headers["x-ownkey-search"] == "exa"


def test_chat_and_search_have_a_record_each_and_the_amounts_add_up():
    keys = (stored_key(), stored_key("tavily", owner="platform"))
    chat = Chat(cited_completion(), keys=keys)
    answer = chat.ask(search=SearchWish())
    assert chat.usage.records == []
    answer.settle()
    of_chat, of_search = chat.usage.records
    assert of_search.request_id == f"{of_chat.request_id}.search"
    assert (of_search.provider, of_search.model, of_search.searches) == ("tavily", "web-search", 1)
    assert (of_search.credential, of_search.byok, of_search.outcome) == ("platform", False, "completed")
    assert of_search.charge.amount == Decimal("0.008")
    assert of_chat.searches == 0
    # The price of the chat is not known here, so neither is the sum; what is known counts towards limits.
    assert answer.body["x_ownkey_pricing"]["amount"] is None
    assert chat.spending.added[0][0] == Decimal("0.008")


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("chat_owner", "engine_owner", "of_chat", "of_search", "of_both"),
    [
        ("user#u1", "user#u1", "0.00006", "0", "0.00006"),
        ("user#u1", "platform", "0.00006", "0.008", "0.00806"),
        ("platform", "platform", "0.0012", "0.008", "0.0092"),
    ],
)
def test_the_receipt_says_what_the_records_say(stream, chat_owner, engine_owner, of_chat, of_search, of_both):
    used = replace(USAGE, reported_cost=Decimal("0.0012"))
    answered = FakeStream(usage=used) if stream else completion(used)
    chat = Chat(answered, keys=(stored_key("openai", chat_owner), stored_key("exa", engine_owner)))
    answer = chat.ask(stream=stream, byok="user#u1" in (chat_owner, engine_owner), search=SearchWish())
    receipt = (read(answer)[-1] if stream else answer.body)["x_ownkey_pricing"]
    answer.settle()
    told, sought = chat.usage.records
    assert [told.charge.amount, sought.charge.amount] == [Decimal(of_chat), Decimal(of_search)]
    assert (receipt["listPrice"], receipt["platformFee"]) == tuple(
        decimal_text(part) for part in (told.charge.list_price, told.charge.platform_fee)
    )
    assert receipt["webSearch"] == {
        "provider": sought.provider,
        "credential": sought.credential,
        "listPrice": decimal_text(sought.charge.list_price),
        "amount": of_search,
    }
    assert receipt["amount"] == of_both == decimal_text(told.charge.amount + sought.charge.amount)
    assert chat.spending.added == [(Decimal(of_both), None, None)]


@pytest.mark.parametrize(("engine_owner", "needs_funds"), [("user#u1", False), ("platform", True)])
def test_a_search_on_the_operators_key_needs_a_balance(engine_owner, needs_funds):
    chat = Chat(completion(), keys=(stored_key(), stored_key("exa", engine_owner)), balance=Decimal(0))
    if needs_funds:
        with pytest.raises(InsufficientBalanceError):
            chat.ask(search=SearchWish())
        assert chat.engines.asked == []
    else:
        chat.ask(search=SearchWish())


def test_a_search_on_ones_own_key_is_free_here():
    chat = Chat(cited_completion(), keys=BOTH)
    chat.ask(search=SearchWish()).settle()
    assert chat.usage.records[1].charge.amount == 0
    assert chat.usage.records[1].charge.list_price == Decimal("0.008")


@pytest.mark.parametrize("error", [ProviderFailureError("down", provider="openai"), RuntimeError("bug")])
def test_a_search_whose_chat_failed_is_recorded_and_costs_nothing(error):
    chat = Chat(error, keys=(stored_key(), stored_key("tavily", owner="platform")))
    with pytest.raises(type(error)):
        chat.ask(search=SearchWish())
    [record] = [record for record in chat.usage.records if record.searches]
    assert (record.outcome, record.charge.amount) == ("failed", 0)


@pytest.mark.parametrize("stream", [False, True])
def test_a_search_that_fails_is_the_answer_and_nobody_else_is_called(stream):
    chat = Chat(keys=BOTH)
    chat.engines.answer = SLOW_DOWN
    with pytest.raises(ProviderRateLimitedError) as caught:
        chat.ask(stream=stream, search=SearchWish())
    assert caught.value.provider == "exa"
    assert chat.provider.calls == []
    [record] = chat.usage.records
    assert (record.request_id, record.model, record.searches) == ("req_1.search", "web-search", 1)
    assert (record.outcome, record.error_code) == ("failed", "provider_rate_limited")
    assert (record.charge.amount, record.charge.list_price, record.duration_ms > 0) == (0, None, True)


@pytest.mark.parametrize("stream", [False, True])
def test_what_the_provider_cannot_do_is_refused_before_the_search_is_paid_for(stream):
    chat = Chat(keys=BOTH)
    chat.provider.refusal = UnsupportedParameterError("Anthropic writes one answer at a time.", param="n")
    with pytest.raises(UnsupportedParameterError):
        chat.ask(stream=stream, search=SearchWish())
    assert chat.engines.asked == chat.usage.records == []


def test_a_search_that_may_fail_is_left_out_and_a_header_says_so():
    chat = Chat(completion(), keys=BOTH)
    chat.engines.answer = SLOW_DOWN
    answer = chat.ask(search=SearchWish(optional=True))
    assert answer.headers["x-ownkey-search-skipped"] == "exa; provider_rate_limited"
    assert "x-ownkey-search" not in answer.headers
    assert "num_search_queries" not in answer.body["usage"]
    assert "webSearch" not in answer.body["x_ownkey_pricing"]
    assert chat.provider.requests[0].body["messages"] == [{"role": "user", "content": "hi"}]
    answer.settle()
    assert [(record.searches, record.outcome) for record in chat.usage.records] == [(1, "failed"), (0, "completed")]


@pytest.mark.parametrize(
    ("stored", "error", "code"),
    [
        ((), ProviderKeyMissingError, "byok_key_missing"),
        ((stored_key("exa", status=KeyStatus.INVALID),), ProviderKeyUnusableError, "byok_key_unusable"),
    ],
)
def test_without_a_usable_key_it_fails_unless_it_is_optional(stored, error, code):
    chat = Chat(completion(), keys=(stored_key(), *stored))
    with pytest.raises(error):
        chat.ask(search=SearchWish(engine="exa"))
    answer = chat.ask(search=SearchWish(engine="exa", optional=True))
    assert answer.headers["x-ownkey-search-skipped"] == f"exa; {code}"
    assert chat.engines.asked == []


def test_a_wrong_engine_is_wrong_even_where_the_search_is_optional():
    with pytest.raises(UnknownProviderError):
        Chat(keys=BOTH).ask(search=SearchWish(engine="linkup", optional=True))


def test_there_must_be_something_to_search_for():
    with pytest.raises(InvalidParameterError) as caught:
        Chat(keys=BOTH).ask(body={"messages": [{"role": "system", "content": "x"}]}, search=SearchWish())
    assert caught.value.param == "messages"


def test_a_rejected_search_key_is_marked_and_the_operators_own_is_our_fault():
    log = StringIO()
    chat = Chat(keys=BOTH, log=log)
    chat.engines.answer = REJECTED
    with pytest.raises(ProviderKeyRejectedError):
        chat.ask(search=SearchWish())
    assert [(provider, status) for provider, status, _ in chat.keys.marks] == [("exa", KeyStatus.INVALID)]
    assert "the attempt failed" in log.getvalue()
    chat = Chat(keys=(stored_key(), stored_key("exa", owner="platform")))
    chat.engines.answer = REJECTED
    with pytest.raises(MisconfiguredError):
        chat.ask(search=SearchWish())
    assert chat.keys.marks == []


def test_an_optional_search_does_without_the_operators_rejected_key():
    chat = Chat(completion(), keys=(stored_key(), stored_key("exa", owner="platform")))
    chat.engines.answer = REJECTED
    answer = chat.ask(search=SearchWish(optional=True))
    assert answer.headers["x-ownkey-search-skipped"] == "exa; service_unavailable"


def test_a_key_that_does_not_open_is_our_fault_even_where_the_search_is_optional():
    chat = Chat(keys=BOTH)
    chat.opener.failure = InternalError("KMS is down")
    with pytest.raises(InternalError):
        chat.ask(search=SearchWish(optional=True))


def test_a_search_costs_no_read_of_its_own_where_ones_own_key_is_there():
    chat = Chat(completion(), completion(), keys=BOTH)
    chat.ask(search=SearchWish())
    assert chat.keys.reads == [("user#u1", "*")]
    chat = Chat(completion(), keys=(stored_key(), stored_key("exa", owner="platform")))
    assert chat.ask(search=SearchWish()).headers["x-ownkey-search-credential"] == "platform"
    assert chat.keys.reads == [("user#u1", "*"), ("platform", "*")]


@pytest.mark.parametrize(
    ("mode", "stored", "payer"),
    [
        (ByokMode.PREFER_TEAM, ("team", "user", "platform"), "team"),
        (ByokMode.PREFER_TEAM, ("user", "platform"), "user"),
        (ByokMode.REQUIRE_TEAM, ("team",), "team"),
        (ByokMode.DISABLED, ("team", "platform"), "platform"),
    ],
)
def test_team_rules_hold_for_the_search(mode, stored, payer):
    owners = {"team": f"team#{TEAM_ID}", "user": "user#u1", "platform": "platform"}
    keys = [stored_key("openai", owner) for owner in owners.values()]
    keys += [stored_key("exa", owners[whose]) for whose in stored]
    chat = Chat(completion(), keys=keys, standing=standing(mode=mode))
    answer = chat.ask(search=SearchWish(), team_id=TEAM_ID)
    assert answer.headers["x-ownkey-search-credential"] == payer
    answer.settle()
    assert {record.team_id for record in chat.usage.records} == {TEAM_ID}
    assert {record.payer_id for record in chat.usage.records} == {"olga"}


def test_a_team_that_requires_its_own_keys_searches_on_no_other():
    keys = [stored_key("openai", f"team#{TEAM_ID}"), stored_key("exa"), stored_key("exa", "platform")]
    chat = Chat(completion(), keys=keys, standing=standing(mode=ByokMode.REQUIRE_TEAM))
    with pytest.raises(TeamKeyRequiredError):
        chat.ask(search=SearchWish(), team_id=TEAM_ID)
    answer = chat.ask(search=SearchWish(optional=True), team_id=TEAM_ID)
    assert answer.headers["x-ownkey-search-skipped"] == "team_key_required"
    assert chat.engines.asked == []


def test_the_search_comes_once_however_many_providers_are_tried():
    chat = Chat(ProviderFailureError("down", provider="openai"), completion(), keys=(*BOTH, stored_key("openrouter")))
    answer = chat.ask(fallbacks=True, search=SearchWish())
    assert answer.headers["x-ownkey-attempts"] == "2"
    assert len(chat.engines.asked) == 1
    assert "[1] Weather" in chat.provider.requests[1].body["messages"][0]["content"]


def test_options_and_context_size_are_passed_on():
    chat = Chat(completion(), keys=BOTH)
    chat.engines.answer = replace(FOUND, results=(replace(FOUND.results[0], content="x" * 50_000),))
    chat.ask(search=SearchWish(depth="deep", options={"numResults": 2}, context_size="low"))
    [(asked, _)] = chat.engines.asked
    assert (asked.depth, asked.fields) == ("deep", {"numResults": 2})
    assert len(chat.provider.requests[0].body["messages"][0]["content"]) < 9_500


def test_a_stream_that_nobody_reads_to_its_end_is_settled_with_its_search():
    chat = Chat(FakeStream(CHUNKS), keys=BOTH)
    answer = chat.ask(stream=True, search=SearchWish())
    next(answer.frames)
    answer.settle()
    assert [record.searches for record in chat.usage.records] == [0, 1]


@pytest.mark.parametrize(
    ("wish", "explained"),
    [
        (None, None),
        (
            SearchWish(),
            {
                "provider": "exa",
                "reason": "the first engine with a key",
                "credential": "user",
                "key_suffix": "6789",
                "key_status": "active",
            },
        ),
        (SearchWish(engine="kagi", optional=True), {"provider": None}),
    ],
)
def test_an_explanation_says_how_the_web_is_searched(wish, explained):
    chat = Chat(keys=BOTH)
    told = chat.explain(search=wish)["web_search"]
    assert told == explained if explained is None else {**told, **explained} == told
    assert chat.engines.asked == []
