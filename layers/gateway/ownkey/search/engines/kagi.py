"""Kagi: `POST /search` of its API v1, as kagi.redocly.app describes it.

The sources are workflows of that one call: `web` and `search` are pages, `news` is news. A deep search has Kagi read
the first pages, not only quote them.
"""

import html
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import chain
from typing import Any

from ownkey.domain.search import SearchAnswer, SearchRequest, SearchResult
from ownkey.search.engines import checks
from ownkey.search.engines.engine import Engine, Fault, Option, RenderedSearch, merged
from ownkey.search.engines.reading import NoAnswerError, child, objects, page, picture, text_of

_PAGES_READ = 5
_PRICES = {"search": Decimal("0.025"), "web": Decimal("0.002"), "news": Decimal("0.002")}
_LISTS = {"search": ("search", "interesting_finds"), "web": ("search", "interesting_finds")}
_NEWS_LISTS = ("news", "interesting_news")
_READ = ("markdown", "extract", "content", "text")
"""Where the text of a page that was read may stand; the reference does not say."""

_OPTIONS = {
    "kagiSource": Option("workflow", checks.one_of("web", "news", "search")),
    "fromDate": Option("filters.after", checks.day),
    "toDate": Option("filters.before", checks.day),
    "includeDomains": Option("lens.sites_included", checks.hosts(100)),
    "excludeDomains": Option("lens.sites_excluded", checks.hosts(100)),
    "country": Option("filters.region", checks.country_code),
    "userLocation": Option("filters.region", checks.country_of_location()),
    "maxResults": Option("limit", checks.whole(1, 100)),
    "includeImages": Option("", checks.flag),
}


def _source(request: SearchRequest) -> str:
    return str(request.fields.get("workflow", "search"))


def _check(request: SearchRequest) -> Fault | None:
    if request.depth == "deep" and _source(request) != "search":
        return Fault("depth", "kagi searches deeply only where kagiSource is search. Leave one of them out.")
    return None


def _render(request: SearchRequest) -> RenderedSearch:
    read = {"extract": {"count": _PAGES_READ}} if request.depth == "deep" else {}
    workflow = "news" if _source(request) == "news" else "search"
    body = merged({"query": request.query, "limit": 10}, read, dict(request.fields), {"workflow": workflow})
    return RenderedSearch(path="/search", body=body)


def _parse(request: SearchRequest, payload: Mapping[str, Any]) -> SearchAnswer:
    if not isinstance(payload.get("data"), dict | list):
        raise NoAnswerError
    data = child(payload, "data")  # a list, which is empty, where there is nothing
    names = _LISTS.get(_source(request), _NEWS_LISTS)
    pages = chain.from_iterable(_page(row) for name in names for row in objects(data.get(name)))
    pictures = chain.from_iterable(_picture(row) for row in objects(data.get("image")))
    return SearchAnswer(results=(*pages, *pictures))


def _page(row: Mapping[str, Any]) -> Iterator[SearchResult]:
    read = (text_of(holder.get(name)) for holder in (row, child(row, "props")) for name in _READ)
    return page(
        url=row.get("url"),
        title=_plain(row.get("title")),
        content=next(filter(None, read), _plain(row.get("snippet"))),
        date=row.get("time"),
        image=child(row, "image").get("url"),
    )


def _picture(row: Mapping[str, Any]) -> Iterator[SearchResult]:
    return picture(
        image=child(row, "image").get("url"),
        url=row.get("url"),
        title=_plain(row.get("title")),
        content=_plain(row.get("snippet")),
    )


def _plain(value: Any) -> str:
    """Return text without the marks that show where the query was found."""
    return html.unescape(re.sub(r"</?(?:b|em|strong)>", "", text_of(value)))


def _list_price(request: SearchRequest, _: tuple[SearchResult, ...]) -> Decimal:
    return _PRICES[_source(request)]


ENGINE = Engine(
    slug="kagi",
    depths={"standard": "standard", "deep": "deep"},
    options=_OPTIONS,
    check=_check,
    render=_render,
    parse=_parse,
    list_price=_list_price,
)
