"""Exa: `POST /search`, as exa.ai/docs describes it.

An answer of its own comes from the same call, by an `outputSchema` of type text: `/answer` takes none of the filters.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import chain
from typing import Any

from ownkey.domain.search import SearchAnswer, SearchRequest, SearchResult
from ownkey.search.engines import checks
from ownkey.search.engines.engine import Engine, Option, RenderedSearch, merged
from ownkey.search.engines.reading import amount, child, page, picture, rows, text_of

_IMAGES_PER_PAGE = 3
_PER_CALL = Decimal("0.005")
_PER_PAGE = Decimal("0.001")
_EXCERPTS: Mapping[str, Any] = {"contents": {"highlights": True}}
"""What is read of each page unless the caller says: excerpts, sized by Exa to how well the page fits."""
_ANSWER: Mapping[str, Any] = {
    "outputSchema": {"type": "text", "description": "A direct answer to the query, resting on the pages found."}
}
_CATEGORIES = (
    "company",
    "research paper",
    "news",
    "pdf",
    "github",
    "tweet",
    "personal site",
    "people",
    "linkedin profile",
    "financial report",
)
_LIMIT = checks.whole(1, 100_000)

_CONTENTS = {
    "livecrawl": checks.one_of("never", "fallback", "always", "preferred"),
    "livecrawlTimeout": checks.whole(0, 20_000),
    "subpages": checks.whole(0, 10),
    "subpageTarget": checks.either(checks.text, checks.list_of(checks.text, "texts", 10)),
}
"""Options that the chat takes beside the others, and `/api/web` under `contents`."""

_OPTIONS = {
    "fromDate": Option("startPublishedDate", checks.day, lambda day: f"{day}T00:00:00.000Z"),
    "toDate": Option("endPublishedDate", checks.day, lambda day: f"{day}T23:59:59.999Z"),
    "startPublishedDate": Option("startPublishedDate", checks.moment),
    "endPublishedDate": Option("endPublishedDate", checks.moment),
    "startCrawlDate": Option("startCrawlDate", checks.moment),
    "endCrawlDate": Option("endCrawlDate", checks.moment),
    "includeDomains": Option("includeDomains", checks.hosts(1200)),
    "excludeDomains": Option("excludeDomains", checks.hosts(1200)),
    "country": Option("userLocation", checks.country_code),
    "userLocation": Option("userLocation", checks.country_of_location()),
    "maxResults": Option("numResults", checks.whole(1, 100)),
    "numResults": Option("numResults", checks.whole(1, 100)),
    "category": Option("category", checks.one_of(*_CATEGORIES)),
    "additionalQueries": Option("additionalQueries", checks.list_of(checks.text, "texts", 10)),
    "includeText": Option("includeText", checks.list_of(checks.few_words, "text of 1 to 5 words", 1)),
    "excludeText": Option("excludeText", checks.list_of(checks.few_words, "text of 1 to 5 words", 1)),
    "includeImages": Option(
        "contents.extras.imageLinks", checks.flag, lambda wanted: _IMAGES_PER_PAGE if wanted else None
    ),
    **{name: Option(f"contents.{name}", check) for name, check in _CONTENTS.items()},
    **{f"contents.{name}": Option(f"contents.{name}", check) for name, check in _CONTENTS.items()},
    "contents.text": Option(
        "contents.text",
        checks.either(checks.flag, checks.table({"maxCharacters": _LIMIT, "includeHtmlTags": checks.flag})),
    ),
    "contents.highlights": Option(
        "contents.highlights",
        checks.either(
            checks.flag,
            checks.table(
                {
                    "query": checks.text,
                    "maxCharacters": _LIMIT,
                    "numSentences": checks.whole(1, 100),
                    "highlightsPerUrl": checks.whole(1, 100),
                }
            ),
        ),
    ),
    "contents.summary": Option(
        "contents.summary",
        checks.either(checks.flag, checks.table({"query": checks.text, "schema": checks.anything})),
    ),
    "contents.maxAgeHours": Option("contents.maxAgeHours", checks.whole(-1, 87_600)),
    "contents.extras": Option(
        "contents.extras", checks.table({"links": checks.whole(0, 1000), "imageLinks": checks.whole(0, 1000)})
    ),
}


def _render(request: SearchRequest) -> RenderedSearch:
    reads = child(request.fields, "contents").keys() & {"text", "highlights", "summary"}
    answer = _ANSWER if request.output == "sourcedAnswer" else {}
    body = merged(
        {"query": request.query, "type": request.depth}, {} if reads else _EXCERPTS, answer, dict(request.fields)
    )
    return RenderedSearch(path="/search", body=body)


def _parse(_: SearchRequest, payload: Mapping[str, Any]) -> SearchAnswer:
    price = amount(child(payload, "costDollars").get("total"))
    return SearchAnswer(
        results=tuple(chain.from_iterable(_results(row) for row in rows(payload, "results"))),
        answer=text_of(child(payload, "output").get("content")) or None,
        price=price,
        price_reported=price is not None,
    )


def _results(row: Mapping[str, Any]) -> Iterator[SearchResult]:
    content = next((text for name in ("text", "highlights", "summary") if (text := text_of(row.get(name)))), "")
    yield from page(
        url=row.get("url"),
        title=row.get("title"),
        content=content,
        date=row.get("publishedDate"),
        score=row.get("score"),
        image=row.get("image"),
    )
    links = child(row, "extras").get("imageLinks")
    for link in links if isinstance(links, list) else ():
        yield from picture(image=link, url=row.get("url"), title=row.get("title"))


def _list_price(_: SearchRequest, results: tuple[SearchResult, ...]) -> Decimal:
    return _PER_CALL + _PER_PAGE * sum(result.kind == "text" for result in results)


ENGINE = Engine(
    slug="exa",
    depths={
        "standard": "auto",
        **{depth: depth for depth in ("fast", "auto", "neural", "deep", "instant", "deep-reasoning")},
    },
    options=_OPTIONS,
    render=_render,
    parse=_parse,
    list_price=_list_price,
    answers=True,
)
