"""Perplexity: `POST /search`, and `POST /v1/responses` for an answer (docs.perplexity.ai, perplexityai/perplexity-py).

Sonar's chat completions, which used to answer, ended on 2026-09-27; what took their place speaks the Responses format.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import chain
from typing import Any

from ownkey.domain.search import SearchAnswer, SearchRequest, SearchResult
from ownkey.search.engines import checks
from ownkey.search.engines.checks import WrongValueError
from ownkey.search.engines.engine import Engine, Fault, Option, RenderedSearch
from ownkey.search.engines.reading import amount, child, objects, page, rows, text_of

_PRICE = Decimal("0.005")
_PER_PAGE = 1024
_ANSWER_MODEL = "perplexity/sonar"
_INSTRUCTIONS = "Search the web, then answer from what you found."
_FILTERS = ("search_domain_filter", "search_after_date_filter", "search_before_date_filter")
_TEXT_LIMITS = ("max_tokens", "max_tokens_per_page")


def _american(day: str) -> str:
    year, month, day_of_month = day.split("-")
    return f"{month}/{day_of_month}/{year}"


def _domain_filter(value: Any) -> list[str]:
    """Take domain names to keep to, or, each after a hyphen, to leave out."""
    values = value if isinstance(value, list) else [value]
    excluded = [isinstance(name, str) and name.startswith("-") for name in values]
    bare = checks.hosts(20)([name[1:] if out else name for name, out in zip(values, excluded, strict=True)])
    if any(excluded) and not all(excluded):
        raise WrongValueError("domain names to keep to, or names to leave out (-example.org), not both")
    return [f"-{name}" for name in bare] if any(excluded) else bare


def _language(value: Any) -> str:
    code = value.strip().lower() if isinstance(value, str) else ""
    if len(code) == 2 and code.isascii() and code.isalpha():
        return code
    raise WrongValueError("a language by its two letters (ISO 639-1), such as en")


_OPTIONS = {
    "fromDate": Option("search_after_date_filter", checks.day, _american),
    "toDate": Option("search_before_date_filter", checks.day, _american),
    "includeDomains": Option("search_domain_filter", checks.hosts(20)),
    "excludeDomains": Option("search_domain_filter", checks.hosts(20), lambda names: [f"-{name}" for name in names]),
    "searchDomainFilter": Option("search_domain_filter", _domain_filter),
    "searchLanguageFilter": Option(
        "search_language_filter", checks.list_of(_language, "languages by their two letters, such as en", 10)
    ),
    "country": Option("country", checks.country_code),
    "userLocation": Option("country", checks.country_of_location()),
    "maxResults": Option("max_results", checks.whole(1, 20)),
    "maxTokens": Option("max_tokens", checks.whole(1, 1_000_000)),
    "maxTokensPerPage": Option("max_tokens_per_page", checks.whole(1, 1_000_000)),
    "includeImages": Option("", checks.never),
}


def _check(request: SearchRequest) -> Fault | None:
    if request.output == "sourcedAnswer" and "search_language_filter" in request.fields:
        return Fault("searchLanguageFilter", "perplexity takes no languages for an answer. Leave them out.")
    return None


def _render(request: SearchRequest) -> RenderedSearch:
    if request.output == "sourcedAnswer":
        return RenderedSearch(path="/v1/responses", body=_answering(request))
    return RenderedSearch(path="/search", body={"query": request.query, **_reading(request), **request.fields})


def _reading(request: SearchRequest) -> dict[str, Any]:
    """Return how much is read of each page. A context size goes out only without limits in tokens."""
    if any(name in request.fields for name in _TEXT_LIMITS):
        return {}
    return {"search_context_size": "high"} if request.depth == "deep" else {"max_tokens_per_page": _PER_PAGE}


def _answering(request: SearchRequest) -> dict[str, Any]:
    fields = request.fields
    tool: dict[str, Any] = {"type": "web_search", **_reading(request)}
    tool |= {name: fields[name] for name in _TEXT_LIMITS if name in fields}
    if filters := {name: fields[name] for name in _FILTERS if name in fields}:
        tool["filters"] = filters
    if "country" in fields:
        tool["user_location"] = {"country": fields["country"]}
    return {"model": _ANSWER_MODEL, "instructions": _INSTRUCTIONS, "input": request.query, "tools": [tool]}


def _parse(request: SearchRequest, payload: Mapping[str, Any]) -> SearchAnswer:
    if request.output != "sourcedAnswer":
        return SearchAnswer(results=_pages(rows(payload, "results")))
    output = list(rows(payload, "output"))
    found = chain.from_iterable(objects(item.get("results")) for item in output if item.get("type") == "search_results")
    pages: dict[str, SearchResult] = {}
    for result in _pages(found):
        pages.setdefault(result.url, result)
    said = [
        text_of(part.get("text"))
        for item in output
        if item.get("type") == "message"
        for part in objects(item.get("content"))
    ]
    price = amount(child(child(payload, "usage"), "cost").get("total_cost"))
    return SearchAnswer(
        results=tuple(pages.values())[: request.fields.get("max_results")],
        answer="\n\n".join(filter(None, said)) or None,
        price=price,
        price_reported=price is not None,
    )


def _pages(found: Iterator[Mapping[str, Any]]) -> tuple[SearchResult, ...]:
    return tuple(
        chain.from_iterable(
            page(
                url=row.get("url"),
                title=row.get("title"),
                content=row.get("snippet"),
                date=row.get("date") or row.get("last_updated"),
            )
            for row in found
        )
    )


def _list_price(_: SearchRequest, __: tuple[SearchResult, ...]) -> Decimal:
    return _PRICE


ENGINE = Engine(
    slug="perplexity",
    depths={"standard": "standard", "deep": "deep"},
    options=_OPTIONS,
    check=_check,
    render=_render,
    parse=_parse,
    list_price=_list_price,
    answers=True,
)
