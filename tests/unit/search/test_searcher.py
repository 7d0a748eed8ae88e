"""One search at one engine, whatever the engine does."""

from decimal import Decimal

import pytest

from ownkey.adapters.egress import EgressPolicy
from ownkey.adapters.registry import REGISTRY
from ownkey.adapters.transport import HttpTransport
from ownkey.domain.errors import (
    ProviderFailureError,
    ProviderKeyRejectedError,
    ProviderQuotaError,
    ProviderRateLimitedError,
    ProviderRequestError,
    ProviderTimeoutError,
    UpstreamError,
)
from ownkey.domain.search import SEARCH_ENGINES
from ownkey.domain.secrets import Secret
from ownkey.domain.upstream import UpstreamRequest
from ownkey.search.searcher import SEARCH_SECONDS, Searcher
from tests.support.adapter_transport import FakeResponse, FakeTransport, credential, json_response
from tests.support.egress import DeadlineIn
from tests.support.search import ANSWERED, FOUND, KEYS, LIST_PRICES, NOTHING, prepare, search
from tests.support.upstream import FakeUpstream, answer, redirect

ENGINES = pytest.mark.parametrize("engine", SEARCH_ENGINES)
ADDRESSES = {
    "tavily": "https://api.tavily.com/search",
    "exa": "https://api.exa.ai/search",
    "perplexity": "https://api.perplexity.ai/search",
    "kagi": "https://kagi.com/api/v1/search",
    "valyu": "https://api.valyu.ai/v1/deepsearch",
}
AUTHORIZATIONS = {
    "tavily": ("Authorization", "Bearer "),
    "exa": ("x-api-key", ""),
    "perplexity": ("Authorization", "Bearer "),
    "kagi": ("Authorization", "Bearer "),
    "valyu": ("x-api-key", ""),
}
REFUSED_KEY = {
    "tavily": {"detail": {"error": "Unauthorized: missing or invalid API key."}},
    "exa": {"requestId": "r", "error": "Invalid API key", "tag": "INVALID_API_KEY"},
    "perplexity": {"error": {"message": "Invalid API key", "type": "invalid_api_key", "code": 401}},
    "kagi": {"meta": {}, "data": [], "error": [{"code": "unauthorized", "message": "Bad token"}]},
    "valyu": {"success": False, "error": "Invalid API key"},
}
NO_MONEY = {
    "tavily": (432, {"detail": {"error": "This request exceeds your plan's set usage limit."}}),
    "exa": (402, {"requestId": "r", "error": "Out of credits", "tag": "NO_MORE_CREDITS"}),
    "perplexity": (401, {"error": {"message": "You exceeded your current quota", "type": "insufficient_quota"}}),
    "kagi": (429, {"meta": {}, "data": [], "error": [{"code": "x", "message": "API usage limit exhausted"}]}),
    "valyu": (402, {"success": False, "error": "Insufficient credits"}),
}


def shown_key(sent: UpstreamRequest, header: str) -> str:
    value = sent.headers[header]
    assert isinstance(value, Secret)
    return value.reveal()


@ENGINES
def test_a_search_is_one_call(engine):
    transport = FakeTransport(json_response(FOUND[engine]))
    found = search(engine, transport=transport)
    [result] = found.results
    assert (result.title, result.url, result.content, result.kind) == ("A", "https://a.example/1", "Text of A.", "text")
    [sent] = transport.requests
    assert (sent.provider, sent.method, sent.url) == (engine, "POST", ADDRESSES[engine])
    header, before = AUTHORIZATIONS[engine]
    assert shown_key(sent, header) == before + KEYS[engine]
    assert transport.body["query"] == "what is new"
    assert KEYS[engine] not in repr(sent)
    assert KEYS[engine] not in str(sent.body)


@ENGINES
def test_nothing_found_is_an_answer(engine):
    assert search(engine, json_response(NOTHING[engine])).results == ()


@ENGINES
def test_the_list_price_stands_in_for_one_that_is_not_told(engine):
    payload = {
        name: value for name, value in FOUND[engine].items() if name not in ("costDollars", "total_deduction_dollars")
    }
    found = search(engine, json_response(payload))
    assert (found.price, found.price_reported) == (LIST_PRICES[engine], False)


@pytest.mark.parametrize(
    ("engine", "wish", "price"),
    [
        ("tavily", {"depth": "deep"}, "0.016"),
        ("kagi", {"kagiSource": "web"}, "0.002"),
        ("kagi", {"kagiSource": "news"}, "0.002"),
        ("kagi", {"depth": "deep"}, "0.025"),
        ("perplexity", {"depth": "deep"}, "0.005"),
    ],
)
def test_the_list_price_is_the_one_of_what_was_asked(engine, wish, price):
    assert search(engine, json_response(FOUND[engine]), **wish).price == Decimal(price)


@pytest.mark.parametrize(
    ("engine", "written"),
    [
        ("exa", '{"results":[],"costDollars":{"total":0.1000000000000000001}}'),
        ("valyu", '{"success":true,"results":[],"total_deduction_dollars":0.1000000000000000001}'),
    ],
)
def test_a_price_is_read_as_it_is_written(engine, written):
    found = search(engine, FakeResponse(200, written.encode()))
    assert (found.price, found.price_reported) == (Decimal("0.1000000000000000001"), True)


@pytest.mark.parametrize("said", ["NaN", "-1", "1e9", "1e-140", "1e-999999", '"0.1"', "true", "null", "[]"])
def test_a_price_that_is_none_is_not_believed(said):
    found = search("exa", FakeResponse(200, f'{{"results":[],"costDollars":{{"total":{said}}}}}'.encode()))
    assert (found.price, found.price_reported) == (Decimal("0.005"), False)


@pytest.mark.parametrize("engine", ["tavily", "exa", "perplexity"])
def test_an_engine_writes_an_answer(engine):
    found = search(engine, json_response(ANSWERED[engine]), output="sourcedAnswer")
    assert found.answer == "It is A."
    assert [result.url for result in found.results] == ["https://a.example/1"]


def test_what_an_answer_of_perplexity_costs_is_told():
    found = search("perplexity", json_response(ANSWERED["perplexity"]), output="sourcedAnswer")
    assert (found.price, found.price_reported) == (Decimal("0.0061"), True)


@ENGINES
def test_a_refused_key(engine):
    refusal = json_response(REFUSED_KEY[engine], 401)
    with pytest.raises(ProviderKeyRejectedError, match=REGISTRY[engine].name):
        search(engine, refusal, refusal)
    assert refusal.closed


@ENGINES
def test_an_account_without_money(engine):
    status, body = NO_MONEY[engine]
    with pytest.raises(ProviderQuotaError, match=f"{REGISTRY[engine].name} account has no credit"):
        search(engine, json_response(body, status), json_response(body, status))


def test_the_limit_for_what_is_paid_as_it_is_used():
    with pytest.raises(ProviderQuotaError):
        search("tavily", FakeResponse(433, b""))


@ENGINES
def test_too_many_searches(engine):
    with pytest.raises(ProviderRateLimitedError) as slow_down:
        search(engine, json_response({"error": "Rate limit exceeded"}, 429, **{"retry-after": "7"}))
    assert (slow_down.value.retry_after_seconds, slow_down.value.provider) == (7.0, engine)


@ENGINES
@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_failure(engine, status):
    with pytest.raises(ProviderFailureError, match=REGISTRY[engine].name):
        search(engine, json_response({"error": "Internal error"}, status))


@ENGINES
def test_a_search_that_was_turned_away_is_sent_once_more(engine):
    transport = FakeTransport(json_response({}, 503, **{"retry-after": "1"}), json_response(FOUND[engine]))
    assert search(engine, transport=transport).results
    assert len(transport.requests) == 2


@ENGINES
def test_a_bad_request(engine):
    with pytest.raises(ProviderRequestError) as refusal:
        search(engine, json_response({"error": "bad parameters"}, 400))
    assert refusal.value.upstream_status == 400


@pytest.mark.parametrize(
    ("engine", "body"),
    [
        ("kagi", {"meta": {}, "data": [], "error": [{"code": "forbidden", "message": "IP address not authorised"}]}),
        ("exa", {"error": "Not allowed", "tag": "PROHIBITED_CONTENT"}),
    ],
)
def test_a_403_that_is_not_about_the_key(engine, body):
    with pytest.raises(ProviderRequestError):
        search(engine, json_response(body, 403))


@ENGINES
def test_a_403_of_whoever_stands_before_the_engine_says_nothing_of_the_key(engine):
    page = b"<!DOCTYPE html><html><head><title>Attention Required! | Cloudflare</title></head></html>"
    with pytest.raises(ProviderFailureError, match="web page"):
        search(engine, FakeResponse(403, page, {"content-type": "text/html"}))


def test_valyus_failure_with_a_good_status():
    with pytest.raises(ProviderFailureError, match="Something broke"):
        search("valyu", json_response({"success": False, "error": "Something broke", "results": []}))


@pytest.mark.parametrize(
    ("error", "kind"), [("Insufficient credits", ProviderQuotaError), ("Invalid API key", ProviderKeyRejectedError)]
)
def test_valyus_failure_with_a_good_status_is_told_apart(error, kind):
    with pytest.raises(kind):
        search("valyu", json_response({"success": False, "error": error}))


def test_valyus_remark_is_no_failure():
    assert search("valyu", json_response({**FOUND["valyu"], "error": "One source was slow."})).results


def test_kagis_errors_with_a_good_status():
    body = {"meta": {}, "data": [], "error": [{"code": "x", "message": "Search is unavailable"}]}
    with pytest.raises(ProviderFailureError, match="Search is unavailable"):
        search("kagi", json_response(body))


def test_an_answer_of_perplexity_that_failed():
    body = {"status": "failed", "output": [], "error": {"message": "The model is overloaded", "code": "server_error"}}
    with pytest.raises(ProviderFailureError, match="The model is overloaded"):
        search("perplexity", json_response(body), output="sourcedAnswer")


def test_kagis_keys_of_the_older_kind():
    transport = FakeTransport(json_response(REFUSED_KEY["kagi"], 401), json_response(FOUND["kagi"]))
    assert search("kagi", transport=transport).results
    assert [shown_key(sent, "Authorization") for sent in transport.requests] == [
        f"Bearer {KEYS['kagi']}",
        f"Bot {KEYS['kagi']}",
    ]


@pytest.mark.parametrize("engine", ["tavily", "perplexity"])
def test_other_keys_are_shown_once(engine):
    transport = FakeTransport(json_response(REFUSED_KEY[engine], 401))
    with pytest.raises(ProviderKeyRejectedError):
        search(engine, transport=transport)
    assert len(transport.requests) == 1


@ENGINES
@pytest.mark.parametrize("status", [200, 400, 401, 402, 403, 429, 500])
def test_no_error_holds_a_key(engine, status):
    quoted = {"success": False, "error": f"The key {KEYS[engine]} is bad", "detail": {"error": KEYS[engine]}}
    with pytest.raises(UpstreamError) as failure:
        search(engine, json_response(quoted, status), json_response(quoted, status))
    assert failure.value.provider == engine
    assert KEYS[engine] not in f"{failure.value!r} {failure.value.message}"
    assert KEYS[engine][6:16] not in failure.value.message


@ENGINES
def test_an_engine_that_does_not_answer_in_time(engine):
    with FakeUpstream() as upstream:
        overrides = upstream.base_urls(engine)
        upstream.on(engine, answer(FOUND[engine], headers_after_seconds=5))
        transport = HttpTransport(EgressPolicy(REGISTRY, overrides))
        searcher = Searcher(REGISTRY, transport, overrides)
        with pytest.raises(ProviderTimeoutError, match=REGISTRY[engine].name):
            searcher.search(prepare(engine), credential=credential(engine, KEYS[engine]), deadline=DeadlineIn(0.1))
        transport.close()


@ENGINES
def test_a_search_over_the_wire(engine):
    with FakeUpstream() as upstream:
        overrides = upstream.base_urls(engine)
        upstream.on(engine, answer(FOUND[engine]), redirect("https://elsewhere.example/"))
        transport = HttpTransport(EgressPolicy(REGISTRY, overrides))
        searcher = Searcher(REGISTRY, transport, overrides)
        keys = credential(engine, KEYS[engine])
        assert searcher.search(prepare(engine), credential=keys, deadline=DeadlineIn(10)).results
        with pytest.raises(ProviderFailureError):
            searcher.search(prepare(engine), credential=keys, deadline=DeadlineIn(10))
        transport.close()
        assert {exchange.json["query"] for exchange in upstream.exchanges} == {"what is new"}


def test_a_search_takes_twenty_seconds_at_most():
    seconds = []

    class Transport(FakeTransport):
        def send(self, request, deadline):
            seconds.append(deadline.remaining_seconds())
            return super().send(request, deadline)

    search("exa", transport=Transport(json_response(FOUND["exa"])))
    assert SEARCH_SECONDS - 1 < seconds[0] <= SEARCH_SECONDS
