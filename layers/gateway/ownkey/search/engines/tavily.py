"""Tavily: `POST /search`, as docs.tavily.com describes it."""

from collections.abc import Mapping
from decimal import Decimal
from itertools import chain
from typing import Any

from ownkey.domain.search import SearchAnswer, SearchRequest, SearchResult
from ownkey.search.engines import checks
from ownkey.search.engines.engine import Engine, Option, RenderedSearch, merged
from ownkey.search.engines.reading import objects, page, picture, text_of

_SEARCH_DEPTHS = {"standard": "basic", "deep": "advanced"}
_PRICES = {"standard": Decimal("0.008"), "deep": Decimal("0.016")}

_OPTIONS = {
    "fromDate": Option("start_date", checks.day),
    "toDate": Option("end_date", checks.day),
    "startDate": Option("start_date", checks.day),
    "endDate": Option("end_date", checks.day),
    "includeDomains": Option("include_domains", checks.hosts(300)),
    "excludeDomains": Option("exclude_domains", checks.hosts(150)),
    "includeImages": Option("include_images", checks.flag),
    "maxResults": Option("max_results", checks.whole(0, 20)),
    "includeAnswer": Option("include_answer", checks.flag_or("basic", "advanced")),
    "includeRawContent": Option("include_raw_content", checks.flag_or("markdown", "text")),
    "includeImageDescriptions": Option("include_image_descriptions", checks.flag),
    "includeFavicon": Option("include_favicon", checks.flag),
    "topic": Option("topic", checks.one_of("general", "news", "finance")),
    "timeRange": Option("time_range", checks.one_of("day", "week", "month", "year")),
    "chunksPerSource": Option("chunks_per_source", checks.whole(1, 3)),
}


def _render(request: SearchRequest) -> RenderedSearch:
    answer = {"include_answer": "basic"} if request.output == "sourcedAnswer" else {}
    body = merged({"query": request.query, "search_depth": _SEARCH_DEPTHS[request.depth]}, answer, dict(request.fields))
    return RenderedSearch(path="/search", body=body)


def _parse(_: SearchRequest, payload: Mapping[str, Any]) -> SearchAnswer:
    pages = chain.from_iterable(
        page(
            url=row.get("url"),
            title=row.get("title"),
            content=row.get("raw_content") or row.get("content"),
            date=row.get("published_date"),
            score=row.get("score"),
        )
        for row in objects(payload.get("results"))
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
    render=_render,
    parse=_parse,
    list_price=_list_price,
    answers=True,
    query_limit=400,
)
