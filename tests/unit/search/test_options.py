"""Every option of every engine reaches the engine under its own name, or is refused by name."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ownkey.domain.errors import InvalidParameterError, ProviderUnsupportedError, UnknownProviderError
from ownkey.domain.search import SEARCH_ENGINES, SearchWish
from ownkey.search.preparation import engine_named, prepared
from tests.support.search import body_of, prepare

PLACE = {"type": "approximate", "country": "de", "city": "Berlin", "region": "Berlin"}

REACHING: Mapping[str, list[tuple[str, Any, dict[str, Any]]]] = {
    "tavily": [
        ("fromDate", "2026-01-31", {"start_date": "2026-01-31"}),
        ("toDate", "2026-01-31", {"end_date": "2026-01-31"}),
        ("startDate", "2026-01-31", {"start_date": "2026-01-31"}),
        ("endDate", "2026-01-31", {"end_date": "2026-01-31"}),
        ("timeRange", "Week", {"time_range": "week"}),
        ("includeDomains", ["A.example"], {"include_domains": ["a.example"]}),
        ("excludeDomains", ["a.example"], {"exclude_domains": ["a.example"]}),
        ("country", "us", {"country": "united states"}),
        ("country", "Germany", {"country": "germany"}),
        ("userLocation", PLACE, {"country": "germany"}),
        ("maxResults", 0, {"max_results": 0}),
        ("topic", "news", {"topic": "news"}),
        ("includeAnswer", True, {"include_answer": True}),
        ("includeAnswer", "advanced", {"include_answer": "advanced"}),
        ("includeRawContent", "markdown", {"include_raw_content": "markdown"}),
        ("includeRawContent", False, {"include_raw_content": False}),
        ("includeImages", True, {"include_images": True}),
        ("includeImageDescriptions", True, {"include_image_descriptions": True}),
        ("includeFavicon", True, {"include_favicon": True}),
    ],
    "exa": [
        ("fromDate", "2026-01-31", {"startPublishedDate": "2026-01-31T00:00:00.000Z"}),
        ("toDate", "2026-01-31", {"endPublishedDate": "2026-01-31T23:59:59.999Z"}),
        ("startPublishedDate", "2026-01-31", {"startPublishedDate": "2026-01-31"}),
        ("endPublishedDate", "2026-01-31T10:20:30.123Z", {"endPublishedDate": "2026-01-31T10:20:30.123Z"}),
        ("startCrawlDate", "2026-01-31T10:20Z", {"startCrawlDate": "2026-01-31T10:20Z"}),
        ("endCrawlDate", "2026-01-31", {"endCrawlDate": "2026-01-31"}),
        ("includeDomains", ["a.example", "b.example"], {"includeDomains": ["a.example", "b.example"]}),
        ("excludeDomains", "a.example", {"excludeDomains": ["a.example"]}),
        ("country", "us", {"userLocation": "US"}),
        ("userLocation", "us", {"userLocation": "US"}),
        ("userLocation", PLACE, {"userLocation": "DE"}),
        ("maxResults", 3, {"numResults": 3}),
        ("numResults", 100, {"numResults": 100}),
        ("category", "research paper", {"category": "research paper"}),
        ("additionalQueries", ["more"], {"additionalQueries": ["more"]}),
        ("includeText", ["one two"], {"includeText": ["one two"]}),
        ("excludeText", ["one two"], {"excludeText": ["one two"]}),
        ("livecrawl", "always", {"contents": {"highlights": True, "livecrawl": "always"}}),
        ("livecrawlTimeout", 3000, {"contents": {"highlights": True, "livecrawlTimeout": 3000}}),
        ("subpages", 2, {"contents": {"highlights": True, "subpages": 2}}),
        ("subpageTarget", "docs", {"contents": {"highlights": True, "subpageTarget": "docs"}}),
        ("subpageTarget", ["docs"], {"contents": {"highlights": True, "subpageTarget": ["docs"]}}),
        ("contents", {"subpages": 2}, {"contents": {"highlights": True, "subpages": 2}}),
        ("contents", {"livecrawl": "never"}, {"contents": {"highlights": True, "livecrawl": "never"}}),
        ("contents", {"text": {"maxCharacters": 900}}, {"contents": {"text": {"maxCharacters": 900}}}),
        ("contents", {"text": True}, {"contents": {"text": True}}),
        ("contents", {"highlights": {"maxCharacters": 9}}, {"contents": {"highlights": {"maxCharacters": 9}}}),
        ("contents", {"livecrawlTimeout": 9}, {"contents": {"highlights": True, "livecrawlTimeout": 9}}),
        ("contents", {"subpageTarget": "docs"}, {"contents": {"highlights": True, "subpageTarget": "docs"}}),
        ("contents", {"summary": {"query": "x"}}, {"contents": {"summary": {"query": "x"}}}),
        ("contents", {"maxAgeHours": 24}, {"contents": {"highlights": True, "maxAgeHours": 24}}),
        ("contents", {"extras": {"links": 2}}, {"contents": {"highlights": True, "extras": {"links": 2}}}),
        ("includeImages", True, {"contents": {"highlights": True, "extras": {"imageLinks": 3}}}),
        ("includeImages", False, {"contents": {"highlights": True}}),
    ],
    "perplexity": [
        ("fromDate", "2026-01-31", {"search_after_date_filter": "01/31/2026"}),
        ("toDate", "2026-02-01", {"search_before_date_filter": "02/01/2026"}),
        ("includeDomains", ["a.example"], {"search_domain_filter": ["a.example"]}),
        ("excludeDomains", ["a.example"], {"search_domain_filter": ["-a.example"]}),
        ("searchDomainFilter", ["a.example"], {"search_domain_filter": ["a.example"]}),
        ("searchDomainFilter", ["-a.example", "-b.example"], {"search_domain_filter": ["-a.example", "-b.example"]}),
        ("searchLanguageFilter", ["EN", "de"], {"search_language_filter": ["en", "de"]}),
        ("country", "us", {"country": "US"}),
        ("userLocation", {"type": "approximate", "approximate": {"country": "us"}}, {"country": "US"}),
        ("maxResults", 20, {"max_results": 20}),
        ("maxTokens", 1_000_000, {"max_tokens": 1_000_000}),
        ("maxTokensPerPage", 2048, {"max_tokens_per_page": 2048}),
        ("includeImages", False, {}),
    ],
    "kagi": [
        ("kagiSource", "web", {"workflow": "search"}),
        ("kagiSource", "search", {"workflow": "search"}),
        ("kagiSource", "news", {"workflow": "news"}),
        ("fromDate", "2026-01-31", {"filters": {"after": "2026-01-31"}}),
        ("toDate", "2026-01-31", {"filters": {"before": "2026-01-31"}}),
        ("includeDomains", ["a.example"], {"lens": {"sites_included": ["a.example"]}}),
        ("excludeDomains", ["a.example"], {"lens": {"sites_excluded": ["a.example"]}}),
        ("country", "us", {"filters": {"region": "US"}}),
        ("userLocation", PLACE, {"filters": {"region": "DE"}}),
        ("maxResults", 3, {"limit": 3}),
        ("includeImages", True, {}),
    ],
    "valyu": [
        ("searchType", "web", {"search_type": "web"}),
        ("searchType", "all", {"search_type": "all"}),
        ("fromDate", "2026-01-31", {"start_date": "2026-01-31"}),
        ("toDate", "2026-01-31", {"end_date": "2026-01-31"}),
        ("includeDomains", ["a.example"], {"included_sources": ["a.example"]}),
        ("excludeDomains", ["a.example"], {"excluded_sources": ["a.example"]}),
        ("includedSources", ["valyu/valyu-arxiv"], {"included_sources": ["valyu/valyu-arxiv"]}),
        ("excludedSources", ["https://a.example/x"], {"excluded_sources": ["https://a.example/x"]}),
        ("country", "us", {"country_code": "US"}),
        ("countryCode", "us", {"country_code": "US"}),
        ("userLocation", PLACE, {"country_code": "DE"}),
        ("maxResults", 3, {"max_num_results": 3}),
        ("maxNumResults", 50, {"max_num_results": 50}),
        ("maxPrice", 2.5, {"max_price": 2.5}),
        ("relevanceThreshold", 0.5, {"relevance_threshold": 0.5}),
        ("responseLength", "max", {"response_length": "max"}),
        ("responseLength", 1000, {"response_length": 1000}),
        ("category", "finance", {"category": "finance"}),
        ("fastMode", True, {"fast_mode": True}),
        ("urlOnly", True, {"url_only": True}),
        ("includeImages", True, {}),
    ],
}  # fmt: skip
CASES = [(engine, *case) for engine, cases in REACHING.items() for case in cases]

PLAIN: Mapping[str, Mapping[str, Any]] = {
    "tavily": {"query": "what is new", "search_depth": "basic"},
    "exa": {"query": "what is new", "type": "auto", "contents": {"highlights": True}},
    "perplexity": {"query": "what is new", "max_tokens_per_page": 1024},
    "kagi": {"query": "what is new", "limit": 10, "workflow": "search"},
    "valyu": {"query": "what is new", "is_tool_call": True, "response_length": "short"},
}


def snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


@pytest.mark.parametrize("engine", SEARCH_ENGINES)
def test_a_search_without_options_asks_for_text(engine):
    assert body_of(engine) == PLAIN[engine]
    assert body_of(engine, "standard", fromDate=None, includeDomains=[]) == PLAIN[engine]


@pytest.mark.parametrize(("engine", "option", "value", "fields"), CASES)
def test_an_option_goes_out_under_the_engines_own_name(engine, option, value, fields):
    kept = {"max_tokens_per_page"} if engine == "perplexity" and option.startswith("maxTokens") else set()
    plain = {name: field for name, field in PLAIN[engine].items() if name not in kept}
    assert body_of(engine, **{option: value}) == {**plain, **fields}
    assert body_of(engine, **{snake(option): value}) == {**plain, **fields}


@pytest.mark.parametrize("engine", SEARCH_ENGINES)
def test_no_option_is_left_out_of_these_tests(engine):
    tested = {option for option, _, _ in REACHING[engine]} | {"chunksPerSource"}
    assert {name.partition(".")[0] for name in engine_named(engine).options} <= tested
    given = {f"contents.{name}" for option, value, _ in REACHING[engine] if option == "contents" for name in value}
    assert {name for name in engine_named(engine).options if "." in name} <= given


@pytest.mark.parametrize("engine", SEARCH_ENGINES)
def test_every_option_is_documented(engine):
    documentation = (Path(__file__).parents[3] / "docs" / "api.md").read_text()
    section = documentation.partition("### Engines and their options\n")[2].partition("\n## ")[0]
    common, _, own = section.partition("\nEach engine has options of its own")
    [row] = [line for line in own.splitlines() if line.startswith(f"| `{engine}` |")]
    names = {name.partition(".")[0] for name in engine_named(engine).options}
    assert {name for name in names if f"`{name}`" not in common and f"`{name}`" not in row} == set()


def test_options_go_together():
    options = {"fromDate": "2026-01-01", "toDate": "2026-01-31", "country": "US", "includeDomains": ["a.example"]}
    assert body_of("kagi", **options)["filters"] == {"after": "2026-01-01", "before": "2026-01-31", "region": "US"}
    assert body_of("tavily", "deep", chunksPerSource=3)["chunks_per_source"] == 3
    assert body_of("exa", includeImages=True, contents={"text": True, "extras": {"links": 1}})["contents"] == {
        "text": True,
        "extras": {"links": 1, "imageLinks": 3},
    }


@pytest.mark.parametrize(
    ("engine", "depth", "fields"),
    [
        ("tavily", "deep", {"search_depth": "advanced"}),
        ("exa", "standard", {"type": "auto"}),
        ("exa", "fast", {"type": "fast"}),
        ("exa", "auto", {"type": "auto"}),
        ("exa", "neural", {"type": "neural"}),
        ("exa", "deep", {"type": "deep"}),
        ("exa", "instant", {"type": "instant"}),
        ("exa", "Deep-Reasoning", {"type": "deep-reasoning"}),
        ("perplexity", "deep", {"search_context_size": "high"}),
        ("kagi", "deep", {"extract": {"count": 5}}),
        ("valyu", "deep", {"response_length": "medium", "max_num_results": 20}),
    ],
)
def test_a_depth(engine, depth, fields):
    body = body_of(engine, depth)
    assert {name: body[name] for name in fields} == fields


def test_limits_in_tokens_take_the_place_of_a_context_size():
    assert body_of("perplexity", "deep", maxTokens=5) == {"query": "what is new", "max_tokens": 5}


def test_an_answer_is_asked_for():
    assert body_of("tavily", output="sourcedAnswer")["include_answer"] == "basic"
    assert body_of("tavily", "deep", "sourcedAnswer")["include_answer"] == "advanced"
    assert body_of("tavily", output="sourcedAnswer", includeAnswer=False)["include_answer"] == "basic"
    assert body_of("tavily", output="sourcedAnswer", includeAnswer="advanced")["include_answer"] == "advanced"
    assert body_of("exa", output="sourcedAnswer")["outputSchema"]["type"] == "text"


def test_perplexity_answers_elsewhere():
    options = {"fromDate": "2026-01-31", "excludeDomains": ["a.example"], "country": "US", "maxTokensPerPage": 99}
    rendered = engine_named("perplexity").render(prepare("perplexity", None, "sourcedAnswer", **options))
    assert rendered.path == "/v1/responses"
    assert rendered.body["input"] == "what is new"
    assert rendered.body["model"] == "perplexity/sonar"
    assert rendered.body["tools"] == [
        {
            "type": "web_search",
            "max_tokens_per_page": 99,
            "filters": {"search_domain_filter": ["-a.example"], "search_after_date_filter": "01/31/2026"},
            "user_location": {"country": "US"},
        }
    ]


WRONG = [
    ("tavily", "maxResults", 21, "a whole number from 0 to 20"),
    ("tavily", "maxResults", True, "a whole number"),
    ("tavily", "maxResults", "5", "a whole number"),
    ("tavily", "topic", "sport", "one of general, news, finance"),
    ("tavily", "topic", 5, "one of general"),
    ("tavily", "includeAnswer", "long", "true or false, or one of basic, advanced"),
    ("tavily", "includeFavicon", "yes", "true or false"),
    ("tavily", "timeRange", "hour", "one of day, week, month, year"),
    ("tavily", "chunksPerSource", 4, "a whole number from 1 to 3"),
    ("tavily", "country", "Atlantis", "a country"),
    ("tavily", "country", "AQ", "a country that Tavily can favour"),
    ("tavily", "includeDomains", ["a.example"] * 301, "a list of 1 to 300"),
    ("tavily", "excludeDomains", ["a.example"] * 151, "a list of 1 to 150"),
    ("tavily", "includeDomains", ["https://a.example"], "domain names"),
    ("tavily", "includeDomains", ["a.example/path"], "domain names"),
    ("tavily", "includeDomains", [7], "domain names"),
    ("exa", "includeDomains", ["10.0.0.1"], "domain names"),
    ("exa", "includeDomains", ["localhost"], "domain names"),
    ("exa", "includeDomains", ["-a.example"], "domain names"),
    ("exa", "includeDomains", ["\u2100\u00ad..example"], "domain names"),
    ("exa", "fromDate", "2026-02-30", "a day that exists, as YYYY-MM-DD"),
    ("exa", "toDate", "20260131", "a day that exists"),
    ("exa", "toDate", 20260131, "a day that exists"),
    ("exa", "toDate", "2026-01-31T00:00:00Z", "a day that exists"),
    ("exa", "startPublishedDate", "2026-13-01", "ISO 8601"),
    ("exa", "startCrawlDate", "yesterday", "ISO 8601"),
    ("exa", "numResults", 101, "a whole number from 1 to 100"),
    ("exa", "category", "podcast", "one of company, research paper"),
    ("exa", "userLocation", "USA", "two letters"),
    ("exa", "userLocation", {"city": "Berlin"}, "a place whose country is"),
    ("exa", "includeText", ["one", "two"], "a list of 1 to 1"),
    ("exa", "excludeText", ["1 2 3 4 5 6"], "1 to 5 words"),
    ("exa", "livecrawl", "sometimes", "one of never, fallback, always, preferred"),
    ("exa", "subpages", 11, "a whole number from 0 to 10"),
    ("exa", "additionalQueries", ["", "x"], "a list of 1 to 10 texts"),
    ("perplexity", "maxResults", 0, "a whole number from 1 to 20"),
    ("perplexity", "maxTokens", 1_000_001, "a whole number from 1 to 1000000"),
    ("perplexity", "searchDomainFilter", ["a.example", "-b.example"], "not both"),
    ("perplexity", "searchDomainFilter", ["a.example"] * 21, "a list of 1 to 20"),
    ("perplexity", "searchLanguageFilter", ["english"], "two letters"),
    ("perplexity", "searchLanguageFilter", ["en"] * 11, "a list of 1 to 10"),
    ("perplexity", "country", "", "two letters"),
    ("perplexity", "includeImages", True, "false"),
    ("kagi", "kagiSource", "images", "one of web, news, search"),
    ("kagi", "maxResults", 101, "a whole number from 1 to 100"),
    ("valyu", "searchType", "news", "one of all, web"),
    ("valyu", "relevanceThreshold", 1.5, "a number from 0 to 1"),
    ("valyu", "relevanceThreshold", float("nan"), "a number from 0 to 1"),
    ("valyu", "responseLength", "tiny", "one of short, medium, large, max, or a whole number"),
    ("valyu", "maxNumResults", 51, "a whole number from 1 to 50"),
    ("valyu", "maxPrice", -1, "a number from 0"),
    ("valyu", "category", " ", "a text"),
]  # fmt: skip


@pytest.mark.parametrize(("engine", "option", "value", "says"), WRONG)
@pytest.mark.parametrize(("param", "path"), [("webSearch", "webSearch.{}"), ("", "{}")])
def test_a_wrong_value_is_refused_by_name(engine, option, value, says, param, path):
    with pytest.raises(InvalidParameterError) as refusal:
        prepare(engine, param=param, **{option: value})
    assert refusal.value.param == path.format(option)
    assert says in refusal.value.message
    assert refusal.value.message.startswith(path.format(option))


@pytest.mark.parametrize(
    ("value", "param", "says"),
    [
        ({"subpages": 99}, "webSearch.contents.subpages", "a whole number from 0 to 10"),
        ({"colour": 1}, "webSearch.contents.colour", "no option 'contents.colour'"),
        ({"text": {"maxCharacters": "all"}}, "webSearch.contents.text", "an object whose maxCharacters is"),
        ({"text": {"size": 1}}, "webSearch.contents.text", "an object with maxCharacters, includeHtmlTags"),
        ({"summary": {"schema": []}}, "webSearch.contents.summary", "an object whose schema is an object"),
        (True, "webSearch.contents", "no option 'contents'"),
    ],
)
def test_what_stands_in_an_object_is_refused_by_its_path(value, param, says):
    with pytest.raises(InvalidParameterError) as refusal:
        prepare("exa", contents=value)
    assert refusal.value.param == param
    assert says in refusal.value.message


@pytest.mark.parametrize("engine", SEARCH_ENGINES)
@pytest.mark.parametrize("option", ["colour", "query", "enabled", "x" * 300])
def test_an_option_of_nobody_is_refused_with_the_list(engine, option):
    with pytest.raises(InvalidParameterError) as refusal:
        prepare(engine, **{option: {}})
    assert refusal.value.param == f"webSearch.{option[:64]}"
    assert "It has " in refusal.value.message
    assert all(name in refusal.value.message for name in engine_named(engine).options)


@pytest.mark.parametrize(
    ("engine", "depth", "options", "param"),
    [
        ("tavily", None, {"fromDate": "2026-02-01", "toDate": "2026-01-01"}, "webSearch.fromDate"),
        ("tavily", None, {"startDate": "2026-02-01", "endDate": "2026-01-01"}, "webSearch.startDate"),
        ("tavily", None, {"timeRange": "day", "toDate": "2026-01-01"}, "webSearch.timeRange"),
        ("tavily", None, {"country": "US", "topic": "news"}, "webSearch.country"),
        ("tavily", None, {"chunksPerSource": 2}, "webSearch.chunksPerSource"),
        ("tavily", None, {"fromDate": "2026-02-01", "startDate": "2026-02-01"}, "webSearch.startDate"),
        ("exa", None, {"maxResults": 1, "max_results": 1}, "webSearch.max_results"),
        ("exa", None, {"maxResults": 1, "numResults": 2}, "webSearch.numResults"),
        ("exa", None, {"livecrawl": "never", "contents": {"livecrawl": "always"}}, "webSearch.contents.livecrawl"),
        (
            "perplexity",
            None,
            {"includeDomains": ["a.example"], "excludeDomains": ["b.example"]},
            "webSearch.excludeDomains",
        ),
        ("kagi", "deep", {"kagiSource": "news"}, "webSearch.depth"),
        ("kagi", "deep", {"kagi_source": "web"}, "webSearch.depth"),
    ],
)
def test_options_that_contradict_each_other(engine, depth, options, param):
    with pytest.raises(InvalidParameterError) as refusal:
        prepare(engine, depth, **options)
    assert refusal.value.param == param


def test_perplexity_answers_in_any_language():
    with pytest.raises(InvalidParameterError) as refusal:
        prepare("perplexity", output="sourcedAnswer", searchLanguageFilter=["en"])
    assert refusal.value.param == "webSearch.searchLanguageFilter"


@pytest.mark.parametrize("engine", SEARCH_ENGINES)
@pytest.mark.parametrize(("param", "path"), [("webSearch", "webSearch.depth"), ("", "depth")])
def test_a_depth_that_is_none_is_refused_with_the_list(engine, param, path):
    with pytest.raises(InvalidParameterError, match="Choose one of standard, ") as refusal:
        prepare(engine, "bottomless", param=param)
    assert refusal.value.param == path


@pytest.mark.parametrize("engine", ["kagi", "valyu"])
def test_an_engine_that_writes_no_answers(engine):
    with pytest.raises(ProviderUnsupportedError, match="writes no answers") as refusal:
        prepare(engine, output="sourcedAnswer", param="")
    assert refusal.value.param == "outputType"


@pytest.mark.parametrize("engine", ["linkup", "brave", "sofya", "firecrawl", "openai", "", "../tavily"])
def test_an_engine_that_is_none(engine):
    with pytest.raises(UnknownProviderError, match="tavily, exa, perplexity, kagi, valyu") as refusal:
        engine_named(engine, "webSearch")
    assert refusal.value.param == "webSearch.provider"


def test_a_domain_in_another_script_goes_out_as_dns_writes_it():
    assert body_of("exa", includeDomains=["Bücher.example"])["includeDomains"] == ["xn--bcher-kva.example"]


def queried(query, engine="tavily", param="webSearch"):
    return prepared(engine_named(engine), SearchWish(param=param), query=query, output="searchResults").query


def test_a_query_from_a_chat_is_cut_between_words():
    assert queried("word " * 100) == ("word " * 80).strip()
    assert queried("w" * 400 + " next") == "w" * 400
    assert queried("w" * 500) == "w" * 400
    assert queried("word " * 50, "exa") == ("word " * 50).strip()


def test_a_query_that_was_written_as_one_is_not_cut():
    with pytest.raises(InvalidParameterError, match="at most 400 characters") as refusal:
        queried("w" * 401, param="")
    assert refusal.value.param == "query"


@pytest.mark.parametrize("query", ["", " \n"])
def test_a_query_says_something(query):
    with pytest.raises(InvalidParameterError) as refusal:
        queried(query)
    assert refusal.value.param == "query"
