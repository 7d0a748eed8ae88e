"""What the search engines answer, and one search at one of them."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ownkey.adapters.registry import REGISTRY
from ownkey.domain.search import SearchAnswer, SearchRequest, SearchWish
from ownkey.search.preparation import engine_named, prepared
from ownkey.search.searcher import Searcher
from tests.support.adapter_transport import FakeDeadline, FakeResponse, FakeTransport, credential

KEYS = {
    "tavily": "tvly-made-up-0123456789",
    "exa": "0a1b2c3d-1111-2222-3333-444455556666",
    "perplexity": "pplx-madeup0123456789abcdefghij",
    "kagi": "made.up-kagi_0123456789abcdef",
    "valyu": "made-up-valyu-0123456789abcdef",
}

FOUND: Mapping[str, Any] = {
    "tavily": {
        "query": "q",
        "results": [{"title": "A", "url": "https://a.example/1", "content": "Text of A.", "score": 0.9}],
    },
    "exa": {
        "requestId": "r",
        "results": [
            {"id": "1", "title": "A", "url": "https://a.example/1", "highlights": ["Text of A."], "score": 0.9}
        ],
        "costDollars": {"total": 0.007},
    },
    "perplexity": {"id": "i", "results": [{"title": "A", "url": "https://a.example/1", "snippet": "Text of A."}]},
    "kagi": {
        "meta": {"trace": "t"},
        "data": {"search": [{"title": "A", "url": "https://a.example/1", "snippet": "Text of A."}]},
    },
    "valyu": {
        "success": True,
        "error": "",
        "results": [
            {"title": "A", "url": "https://a.example/1", "content": "Text of A.", "relevance_score": 0.9},
        ],
        "total_deduction_dollars": 0.0015,
    },
}
"""A good answer of each with one page."""

NOTHING: Mapping[str, Any] = {
    "tavily": {"query": "q", "results": [], "images": [], "answer": None},
    "exa": {"requestId": "r", "results": [], "costDollars": {"total": 0.007}},
    "perplexity": {"id": "i", "results": []},
    "kagi": {"meta": {}, "data": {}},
    "valyu": {"success": True, "error": "No results matched.", "results": [], "total_deduction_dollars": 0.0},
}
"""A good answer of each with nothing in it."""

ANSWERED: Mapping[str, Any] = {
    "tavily": {**FOUND["tavily"], "answer": "It is A."},
    "exa": {**FOUND["exa"], "output": {"content": "It is A.", "grounding": []}},
    "perplexity": {
        "id": "i",
        "status": "completed",
        "output": [
            {
                "type": "search_results",
                "results": [{"title": "A", "url": "https://a.example/1", "snippet": "Text of A."}],
            },
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "It is A."}]},
        ],
        "usage": {"cost": {"currency": "USD", "total_cost": 0.0061}},
    },
}
"""An answer that the engine wrote, with the page it rests on."""


def prepare(
    engine: str,
    depth: Any = None,
    output: Any = "searchResults",
    param: Any = "webSearch",
    **options: Any,
) -> SearchRequest:
    """Return the request for a query with these options."""
    wish = SearchWish(engine=engine, depth=depth, options=options, param=param)
    return prepared(engine_named(engine), wish, query="what is new", output=output)


def body_of(engine: str, depth: Any = None, output: Any = "searchResults", **options: Any) -> Any:
    """Return the body that goes out for a query with these options."""
    return engine_named(engine).render(prepare(engine, depth, output, **options)).body


def search(
    engine: str, *answers: FakeResponse | Exception, transport: FakeTransport | None = None, **wish: Any
) -> SearchAnswer:
    """Run one search against these answers."""
    searcher = Searcher(REGISTRY, transport or FakeTransport(*answers), sleep=lambda _: None)
    request = prepare(engine, **wish)
    return searcher.search(request, credential=credential(engine, KEYS[engine]), deadline=FakeDeadline())


LIST_PRICES = {
    "tavily": Decimal("0.008"),
    "exa": Decimal("0.006"),
    "perplexity": Decimal("0.005"),
    "kagi": Decimal("0.025"),
    "valyu": Decimal("0.0015"),
}
"""What the search of `FOUND` costs where the engine does not say."""
