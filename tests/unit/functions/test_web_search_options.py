"""Every option that is documented of the engines, from the body of `POST /api/web` to the body that an engine gets."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.support.functions import invocation, running_function
from tests.support.provider_keys import sample_events
from tests.support.search import ANSWERED, FOUND
from tests.support.upstream import answer

EVENT = sample_events("web_search")["results"]
DAYS = {"fromDate": "2026-01-31", "toDate": "2026-02-28"}
WITHOUT_IMAGES = {"includeImages": False}

SENT: Mapping[str, list[tuple[dict[str, Any], str, dict[str, Any]]]] = {
    "tavily": [
        ({}, "/search", {"search_depth": "basic"}),
        (
            {"depth": "deep", "maxResults": 20, "includeAnswer": "advanced", "includeRawContent": "markdown"}
            | {"includeImages": True, "includeImageDescriptions": True, "includeFavicon": True, "topic": "general"}
            | {"startDate": "2026-01-31", "endDate": "2026-02-28", "chunksPerSource": 3, "country": "Germany"}
            | {"includeDomains": ["a.example"], "excludeDomains": ["b.example"]},
            "/search",
            {"search_depth": "advanced", "max_results": 20, "include_answer": "advanced"}
            | {"include_raw_content": "markdown", "include_images": True, "include_image_descriptions": True}
            | {"include_favicon": True, "topic": "general", "start_date": "2026-01-31", "end_date": "2026-02-28"}
            | {"chunks_per_source": 3, "country": "germany"}
            | {"include_domains": ["a.example"], "exclude_domains": ["b.example"]},
        ),
        (
            {"topic": "news", "timeRange": "week", "includeAnswer": True, "includeRawContent": "text"},
            "/search",
            {"search_depth": "basic", "topic": "news", "time_range": "week"}
            | {"include_answer": True, "include_raw_content": "text"},
        ),
        (
            {"max_results": 0, "include_answer": "basic", "include_raw_content": True, "topic": "finance", **DAYS},
            "/search",
            {"search_depth": "basic", "max_results": 0, "include_answer": "basic", "include_raw_content": True}
            | {"topic": "finance", "start_date": "2026-01-31", "end_date": "2026-02-28"},
        ),
        ({"outputType": "sourcedAnswer"}, "/search", {"search_depth": "basic", "include_answer": "basic"}),
    ],
    "exa": [
        ({"depth": "standard"}, "/search", {"type": "auto", "contents": {"highlights": True}}),
        *(
            ({"depth": depth}, "/search", {"type": depth, "contents": {"highlights": True}})
            for depth in ("fast", "auto", "neural", "deep", "instant", "deep-reasoning")
        ),
        (
            {"numResults": 100, "category": "news", "userLocation": "us", "additionalQueries": ["b", "c"]}
            | {"startCrawlDate": "2026-01-01", "endCrawlDate": "2026-01-02", "startPublishedDate": "2026-01-03"}
            | {"endPublishedDate": "2026-01-04T05:06:07Z", "includeText": ["one two"], "excludeText": ["three"]}
            | {"includeDomains": ["a.example"], "excludeDomains": ["b.example"], "includeImages": True}
            | {"contents": {"livecrawl": "fallback", "livecrawlTimeout": 900, "subpages": 2, "subpageTarget": ["d"]}},
            "/search",
            {"type": "auto", "numResults": 100, "category": "news", "userLocation": "US"}
            | {"additionalQueries": ["b", "c"], "startCrawlDate": "2026-01-01", "endCrawlDate": "2026-01-02"}
            | {"startPublishedDate": "2026-01-03", "endPublishedDate": "2026-01-04T05:06:07Z"}
            | {"includeText": ["one two"], "excludeText": ["three"]}
            | {"includeDomains": ["a.example"], "excludeDomains": ["b.example"]}
            | {
                "contents": {"highlights": True, "livecrawl": "fallback", "livecrawlTimeout": 900, "subpages": 2}
                | {"subpageTarget": ["d"], "extras": {"imageLinks": 3}}
            },
        ),
        (
            {"livecrawl": "preferred", "livecrawlTimeout": 900, "subpages": 1, "subpageTarget": "docs", **DAYS},
            "/search",
            {"type": "auto", "startPublishedDate": "2026-01-31T00:00:00.000Z"}
            | {"endPublishedDate": "2026-02-28T23:59:59.999Z"}
            | {
                "contents": {"highlights": True, "livecrawl": "preferred", "livecrawlTimeout": 900, "subpages": 1}
                | {"subpageTarget": "docs"}
            },
        ),
        (
            {"outputType": "sourcedAnswer", **WITHOUT_IMAGES},
            "/search",
            {"type": "auto", "contents": {"highlights": True}}
            | {
                "outputSchema": {
                    "type": "text",
                    "description": "A direct answer to the query, resting on the pages found.",
                }
            },
        ),
    ],
    "perplexity": [
        ({}, "/search", {"max_tokens_per_page": 1024}),
        ({"depth": "deep"}, "/search", {"search_context_size": "high"}),
        (
            {"maxResults": 20, "maxTokens": 1_000_000, "maxTokensPerPage": 2048, "country": "de", **DAYS}
            | {"searchDomainFilter": ["-a.example"], "searchLanguageFilter": ["de", "nb"], **WITHOUT_IMAGES},
            "/search",
            {"max_results": 20, "max_tokens": 1_000_000, "max_tokens_per_page": 2048, "country": "DE"}
            | {"search_domain_filter": ["-a.example"], "search_language_filter": ["de", "nb"]}
            | {"search_after_date_filter": "01/31/2026", "search_before_date_filter": "02/28/2026"},
        ),
        (
            {"includeDomains": ["a.example"]},
            "/search",
            {"max_tokens_per_page": 1024, "search_domain_filter": ["a.example"]},
        ),
        (
            {"excludeDomains": ["a.example"]},
            "/search",
            {"max_tokens_per_page": 1024, "search_domain_filter": ["-a.example"]},
        ),
    ],
    "kagi": [
        ({}, "/search", {"limit": 10, "workflow": "search"}),
        ({"depth": "deep"}, "/search", {"limit": 10, "workflow": "search", "extract": {"count": 5}}),
        ({"kagiSource": "web"}, "/search", {"limit": 10, "workflow": "search"}),
        (
            {"kagi_source": "news", "maxResults": 3, "country": "de", **DAYS, "includeImages": True}
            | {"includeDomains": ["a.example"], "excludeDomains": ["b.example"]},
            "/search",
            {"limit": 3, "workflow": "news"}
            | {"filters": {"after": "2026-01-31", "before": "2026-02-28", "region": "DE"}}
            | {"lens": {"sites_included": ["a.example"], "sites_excluded": ["b.example"]}},
        ),
        (
            {"kagiSource": "search", "depth": "deep"},
            "/search",
            {"limit": 10, "workflow": "search", "extract": {"count": 5}},
        ),
    ],
    "valyu": [
        ({}, "/deepsearch", {"is_tool_call": True, "response_length": "short"}),
        (
            {"depth": "deep"},
            "/deepsearch",
            {"is_tool_call": True, "response_length": "medium", "max_num_results": 20},
        ),
        (
            {"searchType": "web", "fastMode": True, "maxNumResults": 50, "maxPrice": 2.5, "relevanceThreshold": 0.5}
            | {"responseLength": "max", "countryCode": "de", "includedSources": ["valyu/valyu-arxiv"]}
            | {"excludedSources": ["b.example"], "urlOnly": True, "category": "finance", "includeImages": True, **DAYS},
            "/deepsearch",
            {"is_tool_call": True, "search_type": "web", "fast_mode": True, "max_num_results": 50, "max_price": 2.5}
            | {"relevance_threshold": 0.5, "response_length": "max", "country_code": "DE"}
            | {"included_sources": ["valyu/valyu-arxiv"], "excluded_sources": ["b.example"], "url_only": True}
            | {"category": "finance", "start_date": "2026-01-31", "end_date": "2026-02-28"},
        ),
        (
            {"searchType": "all", "responseLength": 1000}
            | {"includeDomains": ["a.example"], "excludeDomains": ["b.example"]},
            "/deepsearch",
            {"is_tool_call": True, "search_type": "all", "response_length": 1000}
            | {"included_sources": ["a.example"], "excluded_sources": ["b.example"]},
        ),
    ],
}
CASES = [(engine, *case) for engine, cases in SENT.items() for case in cases]

COMMON = {"fromDate", "toDate", "includeDomains", "excludeDomains", "includeImages"}
DOCUMENTED: Mapping[str, set[str]] = {
    "tavily": {"maxResults", "includeAnswer", "includeRawContent", "includeImageDescriptions", "includeFavicon"}
    | {"topic", "timeRange", "startDate", "endDate", "chunksPerSource", "country"},
    "exa": {"numResults", "category", "userLocation", "additionalQueries", "startCrawlDate", "endCrawlDate"}
    | {"startPublishedDate", "endPublishedDate", "includeText", "excludeText"}
    | {"livecrawl", "livecrawlTimeout", "subpages", "subpageTarget", "contents"},
    "perplexity": {"maxResults", "maxTokensPerPage", "maxTokens", "country"}
    | {"searchDomainFilter", "searchLanguageFilter"},
    "kagi": {"kagiSource", "kagi_source"},
    "valyu": {"searchType", "fastMode", "maxNumResults", "maxPrice", "relevanceThreshold", "responseLength"}
    | {"countryCode", "includedSources", "excludedSources", "urlOnly", "category"},
}
"""What the service that callers come from documents of each engine, and of all of them."""


@pytest.fixture(scope="module")
def function():
    with running_function("web_search", tuple(SENT), [("user#u-1", engine) for engine in SENT]) as running:
        yield running


@pytest.mark.parametrize(("engine", "asked", "path", "sent"), CASES)
def test_what_is_asked_is_what_the_engine_gets(function, engine, asked, path, sent):
    answered = ANSWERED if asked.get("outputType") else FOUND
    function.upstream.on(engine, answer(answered[engine]))
    event = {**EVENT, "body": json.dumps({"query": "what is new", "provider": engine, **asked})}
    response = function.handle(event, invocation(streams=False))
    assert response["statusCode"] == 200, response["body"]
    [*_, exchange] = function.upstream.exchanges_of(engine)
    assert exchange.path.endswith(path)
    assert exchange.json == {"query": "what is new", **sent}


@pytest.mark.parametrize("engine", SENT)
def test_no_documented_option_is_left_out_of_these_tests(engine):
    asked = {option for options, _, _ in SENT[engine] for option in options}
    assert not (DOCUMENTED[engine] | COMMON) - asked
