"""One search at one engine, whatever the engine does."""

from decimal import Decimal

from ownkey.adapters.registry import REGISTRY
from ownkey.domain.search import SearchWish
from ownkey.search.searcher import Searcher
from tests.support.adapter_transport import KEY, FakeDeadline, FakeTransport, credential, json_response


def test_a_search_is_one_call():
    transport = FakeTransport(json_response({"results": [{"url": "https://a.example/", "title": "A", "content": "b"}]}))
    searcher = Searcher(REGISTRY, transport)
    request = searcher.prepare(SearchWish(), "tavily", query="what is new")
    answer = searcher.search(request, credential=credential("tavily"), deadline=FakeDeadline())
    assert [(found.url, found.title, found.content) for found in answer.results] == [("https://a.example/", "A", "b")]
    assert answer.price == Decimal("0.008")
    [sent] = transport.requests
    assert (sent.method, sent.url) == ("POST", "https://api.tavily.com/search")
    assert transport.body == {"query": "what is new", "search_depth": "basic"}
    assert KEY not in repr(sent)
