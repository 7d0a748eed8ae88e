"""Tavily: `POST /search`, as docs.tavily.com describes it."""

from collections.abc import Mapping
from decimal import Decimal
from itertools import chain
from typing import Any

from ownkey.domain.search import SearchAnswer, SearchRequest, SearchResult
from ownkey.search.engines import checks
from ownkey.search.engines.engine import Engine, Fault, Option, RenderedSearch
from ownkey.search.engines.reading import page, picture, rows, text_of
from ownkey.search.engines.tavily_countries import country_name

_SEARCH_DEPTHS = {"standard": "basic", "deep": "advanced"}
_PRICES = {"standard": Decimal("0.008"), "deep": Decimal("0.016")}

_OPTIONS = {
    "fromDate": Option("start_date", checks.day),
    "toDate": Option("end_date", checks.day),
    "startDate": Option("start_date", checks.day),
    "endDate": Option("end_date", checks.day),
    "timeRange": Option("time_range", checks.one_of("day", "week", "month", "year")),
    "includeDomains": Option("include_domains", checks.hosts(300)),
    "excludeDomains": Option("exclude_domains", checks.hosts(150)),
    "country": Option("country", country_name),
    "userLocation": Option("country", checks.country_of_location(country_name)),
    "maxResults": Option("max_results", checks.whole(0, 20)),
    "topic": Option("topic", checks.one_of("general", "news", "finance")),
    "chunksPerSource": Option("chunks_per_source", checks.whole(1, 3)),
    "includeAnswer": Option("include_answer", checks.either(checks.flag, checks.one_of("basic", "advanced"))),
    "includeRawContent": Option("include_raw_content", checks.either(checks.flag, checks.one_of("markdown", "text"))),
    "includeImages": Option("include_images", checks.flag),
    "includeImageDescriptions": Option("include_image_descriptions", checks.flag),
    "includeFavicon": Option("include_favicon", checks.flag),
}


def _check(request: SearchRequest) -> Fault | None:
    fields = request.fields
    if "time_range" in fields and ("start_date" in fields or "end_date" in fields):
        return Fault("timeRange", "tavily takes either timeRange or dates. Keep one of them.")
    if "country" in fields and fields.get("topic", "general") != "general":
        return Fault("country", "tavily takes a country only where the topic is general. Leave one of them out.")
    if "chunks_per_source" in fields and request.depth != "deep":
        return Fault("chunksPerSource", "tavily takes chunksPerSource only where the depth is deep.")
    return None


def _render(request: SearchRequest) -> RenderedSearch:
    depth = _SEARCH_DEPTHS[request.depth]
    body = {"query": request.query, "search_depth": depth, **request.fields}
    if request.output == "sourcedAnswer" and not body.get("include_answer"):
        body["include_answer"] = depth
    return RenderedSearch(path="/search", body=body)


def _parse(_: SearchRequest, payload: Mapping[str, Any]) -> SearchAnswer:
    pages = chain.from_iterable(
        page(
            url=row.get("url"),
            title=row.get("title"),
            content=text_of(row.get("raw_content")) or row.get("content"),
            date=row.get("published_date"),
            score=row.get("score"),
        )
        for row in rows(payload, "results")
    )
    images = payload.get("images")
    pictures = chain.from_iterable(
        picture(image=row.get("url"), title=row.get("description"), content=row.get("description"))
        if isinstance(row, dict)
        else picture(image=row)
        for row in (images if isinstance(images, list) else ())
    )
    return SearchAnswer(results=(*pages, *pictures), answer=text_of(payload.get("answer")) or None)


def _list_price(request: SearchRequest, _: tuple[SearchResult, ...]) -> Decimal:
    return _PRICES[request.depth]


ENGINE = Engine(
    slug="tavily",
    depths={"standard": "standard", "deep": "deep"},
    options=_OPTIONS,
    check=_check,
    render=_render,
    parse=_parse,
    list_price=_list_price,
    answers=True,
    query_limit=400,
)
