"""Valyu: `POST /deepsearch`, as docs.valyu.ai and valyuAI/valyu-py describe it."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import chain
from typing import Any

from ownkey.domain.search import SearchAnswer, SearchRequest, SearchResult
from ownkey.search.engines import checks
from ownkey.search.engines.engine import Engine, Option, RenderedSearch
from ownkey.search.engines.reading import amount, page, picture, rows

_PER_RESULT = Decimal("0.0015")
_DEPTHS: Mapping[str, Mapping[str, Any]] = {
    "standard": {"response_length": "short"},
    "deep": {"response_length": "medium", "max_num_results": 20},
}
"""How much comes back: a short text is up to 25,000 characters of a page, a medium one 50,000."""
_SOURCES = checks.list_of(checks.text, "domains, URLs or data sets", 100)

_OPTIONS = {
    "searchType": Option("search_type", checks.one_of("all", "web")),
    "fromDate": Option("start_date", checks.day),
    "toDate": Option("end_date", checks.day),
    "includeDomains": Option("included_sources", checks.hosts(100)),
    "excludeDomains": Option("excluded_sources", checks.hosts(100)),
    "includedSources": Option("included_sources", _SOURCES),
    "excludedSources": Option("excluded_sources", _SOURCES),
    "country": Option("country_code", checks.country_code),
    "userLocation": Option("country_code", checks.country_of_location()),
    "countryCode": Option("country_code", checks.country_code),
    "maxResults": Option("max_num_results", checks.whole(1, 50)),
    "maxNumResults": Option("max_num_results", checks.whole(1, 50)),
    "maxPrice": Option("max_price", checks.number(0, 1_000_000)),
    "relevanceThreshold": Option("relevance_threshold", checks.number(0, 1)),
    "responseLength": Option(
        "response_length",
        checks.either(checks.one_of("short", "medium", "large", "max"), checks.whole(1, 1_000_000)),
    ),
    "category": Option("category", checks.text),
    "fastMode": Option("fast_mode", checks.flag),
    "urlOnly": Option("url_only", checks.flag),
    "includeImages": Option("", checks.flag),
}


def _render(request: SearchRequest) -> RenderedSearch:
    body = {"query": request.query, "is_tool_call": True, **_DEPTHS[request.depth], **request.fields}
    return RenderedSearch(path="/deepsearch", body=body)


def _parse(_: SearchRequest, payload: Mapping[str, Any]) -> SearchAnswer:
    price = amount(payload.get("total_deduction_dollars"))
    return SearchAnswer(
        results=tuple(chain.from_iterable(_results(row) for row in rows(payload, "results"))),
        price=price,
        price_reported=price is not None,
    )


def _results(row: Mapping[str, Any]) -> Iterator[SearchResult]:
    images = row.get("image_url")
    links = list(images.values()) if isinstance(images, dict) else [images]
    yield from page(
        url=row.get("url"),
        title=row.get("title"),
        content=row.get("content") or row.get("description"),
        date=row.get("publication_date"),
        score=row.get("relevance_score"),
        image=links[0] if links else None,
    )
    for link in links:
        yield from picture(image=link, url=row.get("url"), title=row.get("title"))


def _list_price(_: SearchRequest, results: tuple[SearchResult, ...]) -> Decimal:
    return _PER_RESULT * sum(result.kind == "text" for result in results)


ENGINE = Engine(
    slug="valyu",
    depths={"standard": "standard", "deep": "deep"},
    options=_OPTIONS,
    render=_render,
    parse=_parse,
    list_price=_list_price,
)
